"""What is known of a film without looking at bones."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image, ImageFilter

from osteon.audit.file_features import FilmFacts, measure_facts
from osteon.errors import UnreadableFilm
from osteon.phantoms.phantom import draw_phantom


def save(grey: np.ndarray, container: str = "PNG", *, mode: str = "L", **how: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(grey).convert(mode).save(stream, container, **how)
    return stream.getvalue()


def measure(grey: np.ndarray, container: str = "PNG", **how: object) -> FilmFacts:
    return measure_facts(save(grey, container, **how), grey)


def draw(rows: int = 96, columns: int = 80) -> np.ndarray:
    film = draw_phantom(3, has_fracture=True, rows=rows, columns=columns).radiograph
    return np.rint(film.pixels * 255).astype(np.uint8)


FILM = draw()


def test_a_file_is_what_it_holds():
    """Size, format and mode are those of the file; rows and columns those of the film."""
    data = save(FILM, "JPEG", mode="RGB")
    facts = measure_facts(data, FILM)
    assert (facts.n_bytes, facts.container, facts.mode) == (len(data), "JPEG", "RGB")
    assert (facts.rows, facts.columns, facts.aspect) == (96, 80, 80 / 96)
    assert facts.bits_per_pixel == pytest.approx(8 * len(data) / (96 * 80))


def test_a_film_that_lies_on_its_side_is_measured_upright():
    """What counts are the rows and columns that a reader sees, not those that are stored."""
    facts = measure_facts(save(np.rot90(FILM)), FILM)
    assert (facts.rows, facts.columns) == FILM.shape


@pytest.mark.parametrize("quality", [5, 30, 50, 75, 90, 95, 100])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality):
    """The quality that a film was saved with is found again, to the digit."""
    facts = measure(FILM, "JPEG", quality=quality)
    assert (facts.jpeg_quality, facts.jpeg_tables) == (quality, "libjpeg")


def test_tables_of_another_program_are_told_apart():
    """A table that libjpeg does not make gets the nearest quality, and is named as another's."""
    table = [20] * 64
    facts = measure(FILM, "JPEG", qtables=[table])
    assert facts.jpeg_tables == "other"
    assert 50 < facts.jpeg_quality < 95


def test_what_only_a_jpeg_has_is_not_known_of_others():
    """A PNG has no quality, no subsampling and no scans; nothing stands in for them."""
    facts = measure(FILM, "PNG")
    found = (facts.jpeg_quality, facts.jpeg_tables, facts.jpeg_chroma, facts.is_progressive)
    assert found == (None, None, None, None)


@pytest.mark.parametrize(("number", "word"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_the_subsampling_of_a_jpeg_is_named(number, word):
    """Subsampling has its usual names; a grey JPEG has none to name."""
    facts = measure(FILM, "JPEG", mode="RGB", subsampling=number)
    assert facts.jpeg_chroma == word
    assert measure(FILM, "JPEG").jpeg_chroma == "grey"


def test_what_stands_beside_the_picture_is_seen():
    """EXIF, a claimed density and progressive scans tell which program wrote the film."""
    exif = Image.Exif()
    exif[0x0131] = "a program"
    facts = measure(FILM, "JPEG", exif=exif, dpi=(72, 72), progressive=True)
    assert facts.metadata == "JFIF, Exif"
    assert facts.density == "72x72 per inch"
    assert facts.is_progressive
    bare = measure(FILM, "PNG")
    assert (bare.metadata, bare.density) == ("", None)


def test_greys_by_hand():
    """Half black and half white: mean and spread are 127.5, and two greys occur."""
    grey = np.zeros((20, 20), dtype=np.uint8)
    grey[:, 10:] = 255
    facts = measure(grey)
    assert (facts.mean_grey, facts.spread_grey, facts.n_greys) == (127.5, 127.5, 2)
    assert (facts.black_share, facts.white_share) == (0.5, 0.5)


def test_a_frame_is_measured():
    """Bands of one grey are given as shares of the film, with the grey of its outermost pixels."""
    film = FILM.copy()
    film[:12] = film[-12:] = 200
    film[:, :8] = 200
    film[12:-12, 8] = np.arange(72)
    facts = measure(film)
    assert (facts.border_above_below, facts.border_left_right) == (24 / 96, 8 / 80)
    assert facts.border_grey == 200


def test_a_frame_survives_compression():
    """The noise of a poor JPEG does not end a band."""
    film = FILM.copy()
    film[:16] = 255
    film[20] = np.arange(80)
    decoded = np.asarray(Image.open(io.BytesIO(save(film, "JPEG", quality=40))))
    assert measure(decoded).border_above_below >= 15 / 96


def test_a_blank_film_is_all_border_and_has_no_sharpness():
    """One grey has no edges to be sharp or dull, and no number is made up."""
    facts = measure(np.full((30, 40), 128, dtype=np.uint8))
    assert (facts.border_above_below, facts.border_left_right) == (1.0, 1.0)
    assert facts.sharpness is None


def test_sharpness_falls_with_blur_and_not_with_contrast():
    """A blurred film is less sharp; a paler one is as sharp as before."""
    blurred = np.asarray(Image.fromarray(FILM).filter(ImageFilter.GaussianBlur(2)))
    paler = (FILM // 2 + 60).astype(np.uint8)
    assert measure(blurred).sharpness < 0.3 * measure(FILM).sharpness
    assert measure(paler).sharpness == pytest.approx(measure(FILM).sharpness, rel=0.1)


def test_a_very_large_film_is_measured_like_a_small_one():
    """Reducing a film before measuring changes its frame and its greys by next to nothing."""
    small = np.pad(FILM, ((0, 0), (20, 20)))
    large = np.asarray(Image.fromarray(small).resize((3000, 2400), Image.Resampling.BILINEAR))
    data = save(small)
    few, many = measure_facts(data, small), measure_facts(data, large)
    assert (many.rows, many.columns) == (2400, 3000)
    assert many.mean_grey == pytest.approx(few.mean_grey, rel=0.02)
    assert many.border_left_right == pytest.approx(few.border_left_right, abs=0.02)
    assert many.sharpness < few.sharpness / 10


def test_a_film_of_one_pixel_is_measured():
    """The smallest film there can be has facts too."""
    facts = measure(np.array([[7]], dtype=np.uint8))
    assert (facts.rows, facts.border_grey, facts.spread_grey) == (1, 7, 0.0)


def test_facts_are_plain_values_and_the_same_in_every_thread():
    """Facts go through JSON unchanged, and several threads measure what one does."""
    data = save(FILM, "JPEG")
    facts = measure_facts(data, FILM)
    assert FilmFacts(**json.loads(json.dumps(asdict(facts), allow_nan=False))) == facts
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: measure_facts(data, FILM), range(16))) == {facts}


def test_what_is_no_picture_has_no_facts():
    """Bytes that are no picture are refused as everywhere else."""
    with pytest.raises(UnreadableFilm):
        measure_facts(b"no picture", FILM)
