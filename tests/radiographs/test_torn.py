"""A torn film is told from a whole one by what it shows up to an edge."""

import io

import numpy as np
import pytest
from PIL import Image

from osteon.errors import TornFilm
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.arrays import build_radiograph
from osteon.radiographs.films import decode_film
from osteon.radiographs.raster import decode_raster
from osteon.radiographs.torn import find_tear, refuse_torn

MIDDLE = np.float32(128 / 255)
WAYS = [None, *Image.Transpose]


def draw_film():
    return draw_phantom(5, has_fracture=True).radiograph.pixels.copy()


def tear(film, n_lines, *, drift=0.0):
    """Repeat one block from the middle of a row of blocks to the last line."""
    rows, columns = film.shape
    block = np.random.default_rng(7).uniform(0.1, 0.5, (8, 8)).astype(np.float32)
    start = (rows - n_lines) // 8 * 8
    down, across = -(-(rows - start) // 8), -(-columns // 8)
    tiles = np.tile(block, (down, across))[: rows - start, :columns]
    tiles = tiles + np.linspace(0, drift, columns, dtype=np.float32)
    film[start + 8 :] = tiles[8:]
    film[start : start + 8, columns // 2 :] = tiles[:8, columns // 2 :]
    return film


def change(film, *, way=None, scale=1.0, kind="PNG"):
    """Turn or mirror a film, resize it, and save it again."""
    image = Image.fromarray(np.rint(film * 255).astype(np.uint8))
    image = image if way is None else image.transpose(way)
    size = (round(image.width * scale), round(image.height * scale))
    image = image if scale == 1.0 else image.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 92} if kind == "JPEG" else {}))
    return decode_film(file.getvalue(), source="a", allow_torn=True).pixels


@pytest.mark.parametrize("n_lines", [16, 40, 110])
@pytest.mark.parametrize("drift", [0.0, 0.05])
def test_a_block_repeated_to_the_edge_is_a_tear(n_lines, drift):
    """A film that ends in one block over and over is torn, however late and however it drifts."""
    film = tear(draw_film(), n_lines, drift=drift)
    found = find_tear(film)
    assert "8 x 8" in found.what
    rows, columns = film.shape
    assert found.box == (0, (rows - n_lines) // 8 * 8, columns, rows)


def test_a_repeated_line_and_middle_grey_are_tears():
    """What other decoders put where data is missing is told too."""
    film = draw_film()
    film[-60:] = film[-60]
    assert "line" in find_tear(film).what
    film = draw_film()
    start = (len(film) - 60) // 8 * 8
    film[start + 8 :] = film[start : start + 8, 160:] = MIDDLE
    assert "middle grey" in find_tear(film).what


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("scale", [1.0, 0.5, 1.37])
def test_a_tear_is_found_after_the_film_was_turned_and_resized(way, kind, scale):
    """A block, and middle grey from a line or from the middle of a row, at any of the edges."""
    grey = draw_film()
    start = (len(grey) - 90) // 8 * 8
    grey[start + 8 :] = grey[start : start + 8, 160:] = MIDDLE
    from_line = draw_film()
    from_line[start:] = MIDDLE
    for film in (tear(draw_film(), 110), grey, from_line):
        assert find_tear(change(film, way=way, scale=scale, kind=kind)) is not None


@pytest.mark.parametrize(
    ("way", "edge"),
    [
        (None, "lower"),
        (Image.Transpose.ROTATE_180, "upper"),
        (Image.Transpose.ROTATE_90, "right"),
        (Image.Transpose.ROTATE_270, "left"),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 0.63])
def test_the_tears_place_is_told(way, edge, scale):
    """The box holds the part that is made up, within two blocks, at the edge that is named."""
    whole = draw_film()
    film = change(tear(whole.copy(), 110), way=way, scale=scale)
    found = find_tear(film)
    assert edge in found.what
    is_made_up = np.zeros(film.shape, dtype=bool)
    left, top, right, bottom = (round(side) for side in found.box)
    is_made_up[top:bottom, left:right] = True
    share = 110 / len(whole)
    assert is_made_up.mean() == pytest.approx(share, abs=20 / len(whole))


@pytest.mark.parametrize("grey", [0.0, 0.1, 0.9, 1.0])
def test_a_border_of_one_grey_is_no_tear(grey):
    """Collimated edges and frames belong to the film."""
    film = draw_film()
    film[-60:] = grey
    assert find_tear(film) is None


def test_a_film_on_middle_grey_is_no_tear():
    """Neither bars of it at two edges, nor a cut-out on it, nor a film that is grey all over."""
    film = draw_film()
    film[-60:] = film[:60] = MIDDLE
    assert find_tear(film) is None
    cut_out = np.full((300, 200), MIDDLE)
    cut_out[120:, 60:140] = draw_film()[120:300, 60:140]
    assert find_tear(cut_out) is None
    assert find_tear(np.full((300, 200), MIDDLE)) is None


def test_a_ruler_or_a_grid_is_no_tear():
    """Ticks along an edge repeat themselves, but are all alike inwards; a grid is in all of it."""
    film = draw_film()
    film[-20:, ::6] = film[-20:, 1::6] = 1.0
    assert find_tear(film) is None
    for length, every in ((8, 5), (14, 25), (20, 50)):
        film = draw_film()
        film[-8:, ::5] = film[-length:, ::every] = 1.0
        assert find_tear(film) is None
    film = draw_film()
    film += 0.1 * np.sin(np.arange(film.shape[1], dtype=np.float32) * 1.7)
    assert find_tear(film.clip(0, 1)) is None


def test_whole_films_are_whole():
    """No drawn film is taken for torn, and neither is one that repeats itself throughout."""
    for seed in range(12):
        film = draw_phantom(seed, has_fracture=seed % 2 == 0).radiograph.pixels
        assert find_tear(film) is None
        assert find_tear(film[::-1]) is None
        for scale in (0.4, 0.8, 1.6):
            assert find_tear(change(film, scale=scale, kind="JPEG")) is None
    stripes = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (100, 16))
    assert find_tear(stripes) is None
    noise = np.random.default_rng(1).uniform(0, 1, (300, 200)).astype(np.float32)
    assert find_tear(noise) is None


def test_a_torn_film_is_refused_by_name():
    """The refusal has a code for programs and says what was seen."""
    with pytest.raises(TornFilm, match="torn") as fault:
        refuse_torn(tear(draw_film(), 50), source="a.jpg")
    assert fault.value.code == "torn"


def test_a_torn_film_is_refused_however_it_comes():
    """As a file and as an array; asked for as it is, it is handed out."""
    torn = tear(draw_film(), 50)
    picture = io.BytesIO()
    Image.fromarray(np.rint(torn * 255).astype(np.uint8)).save(picture, "PNG")
    with pytest.raises(TornFilm):
        decode_raster(picture.getvalue(), source="a.png")
    with pytest.raises(TornFilm):
        build_radiograph(torn, source="array")
    shown = decode_raster(picture.getvalue(), source="a.png", allow_torn=True)
    assert np.abs(shown.pixels - torn).max() < 0.003
