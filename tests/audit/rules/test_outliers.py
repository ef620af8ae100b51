"""Pictures that are no plain bone radiograph are named; plain ones are left alone."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from osteon.audit.rules.outliers import Oddity, find_outliers, measure_oddity
from osteon.collection.manifest import Manifest
from osteon.phantoms.phantom import draw_phantom
from osteon.terms import Flaw, ManifestRow, Pixels8


def draw_film(seed: int = 0, *, rows: int = 454, columns: int = 373) -> Pixels8:
    phantom = draw_phantom(seed, has_fracture=False, rows=rows, columns=columns)
    return np.rint(phantom.radiograph.pixels * 255).astype(np.uint8)


def encode(picture: Image.Image, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def measure(picture: Image.Image, kind: str = "JPEG") -> Oddity:
    data = encode(picture, kind)
    with Image.open(io.BytesIO(data)) as stored:
        return measure_oddity(data, np.asarray(stored.convert("L")))


def find(oddity: Oddity, *paths: str) -> list[Flaw]:
    sha256 = hashlib.sha256(b"film").hexdigest()
    rows = [
        ManifestRow(
            path=path,
            film_id=sha256[:16],
            sha256=sha256,
            rows=454,
            columns=373,
            has_fracture=False,
        )
        for path in paths or ("a.jpg",)
    ]
    manifest = Manifest(rows=tuple(rows), root=Path("films"))
    return list(find_outliers(manifest, {sha256: oddity}))


def kind_of(picture: Image.Image, kind: str = "JPEG") -> str | None:
    flaws = find(measure(picture, kind))
    return flaws[0].evidence["kind"] if flaws else None


def coloured_film(seed: int = 0) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.fromarray(draw_film(seed)).convert("RGB")
    return picture, ImageDraw.Draw(picture)


def photograph() -> Image.Image:
    """Draw what a camera sees: soft patches of every colour."""
    patches = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(patches).resize((400, 300), Image.Resampling.BICUBIC)


def diagram() -> Image.Image:
    """Draw black lines and boxes on white paper."""
    picture = Image.new("L", (400, 300), 255)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 60, 160, 240), outline=0, width=2)
    draw.rectangle((220, 80, 340, 200), outline=0, width=2)
    draw.line((160, 150, 220, 140), fill=0, width=2)
    return picture


def slice_of_mri() -> Image.Image:
    """Draw structures a few pixels wide all over the picture, as in a slice."""
    fine = np.random.default_rng(0).integers(0, 256, (86, 86)).astype(np.uint8)
    return Image.fromarray(fine).resize((256, 256), Image.Resampling.BICUBIC)


def side_by_side(*, n: int, bar: int, grey: int) -> Image.Image:
    """Put cut-outs of films beside one another, with upright bars between them."""
    cuts = [draw_film(seed)[120:340, 100:280] for seed in range(n)]
    white = np.full((220, bar), grey, dtype=np.uint8)
    parts = [part for cut in cuts for part in (white, cut)][1:]
    return Image.fromarray(np.hstack(parts))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_drawn_films_are_no_outliers(kind):
    """A film of a limb is no outlier, with or without colour channels in its file."""
    for seed in range(12):
        grey = Image.fromarray(draw_film(seed))
        assert kind_of(grey, kind) is None
        assert kind_of(grey.convert("RGB"), kind) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_photograph_is_named(kind):
    """A picture in many colours is a colour picture."""
    assert kind_of(photograph(), kind) == "colour picture"


def test_a_photograph_stored_with_a_palette_is_named():
    """Colours are seen in a palette as well."""
    assert kind_of(photograph().convert("P"), "PNG") == "colour picture"


def test_a_coloured_arrow_on_a_film_is_named():
    """A film on which somebody drew an arrow is named, with the share that is coloured."""
    picture, draw = coloured_film()
    draw.line((40, 200, 150, 210), fill=(230, 20, 20), width=6)
    draw.polygon([(150, 195), (180, 212), (150, 228)], fill=(230, 20, 20))
    (flaw,) = find(measure(picture))
    assert flaw.evidence["kind"] == "colour picture"
    assert 0.002 < flaw.evidence["measures"]["coloured"] < 0.02
    assert "drew" in flaw.evidence["why"]


def test_a_tiny_coloured_side_marker_makes_no_photograph():
    """One small coloured letter on a grey film is no reason to call it a colour picture."""
    picture, draw = coloured_film()
    draw.line([(20, 20), (20, 36), (30, 36)], fill=(40, 90, 240), width=3)
    assert measure(picture, "PNG").coloured > 0
    assert kind_of(picture, "PNG") is None
    assert kind_of(picture) is None


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_picture_is_named(grey):
    """A picture of one grey, noise or no noise, is blank."""
    noise = np.random.default_rng(0).normal(grey, 1.0, (300, 200)).clip(0, 255).astype(np.uint8)
    assert kind_of(Image.fromarray(noise)) == "blank"
    assert kind_of(Image.new("L", (300, 200), grey)) == "blank"


def test_a_diagram_is_named():
    """Lines on white paper are a drawing."""
    assert kind_of(diagram(), "PNG") == "drawing"
    assert kind_of(diagram()) == "drawing"


@pytest.mark.parametrize("n", [2, 3])
def test_films_beside_one_another_are_a_collage(n):
    """Films with white bars between them are a collage of that many."""
    (flaw,) = find(measure(side_by_side(n=n, bar=8, grey=255)))
    assert flaw.evidence["kind"] == "collage"
    assert flaw.evidence["measures"]["n_panels"] == n
    assert str(n) in flaw.evidence["why"]


def test_films_above_one_another_are_a_collage():
    """Bars that lie flat part a picture as well as upright ones."""
    flat = side_by_side(n=2, bar=8, grey=255).transpose(Image.Transpose.ROTATE_90)
    assert kind_of(flat) == "collage"


def test_two_exposures_with_a_leaning_divider_are_no_collage():
    """The lead rubber between two exposures on one cassette leans, and makes no collage."""
    film = Image.fromarray(np.hstack([draw_film(3), draw_film(4)]))
    ImageDraw.Draw(film).polygon([(355, 0), (367, 0), (390, 454), (386, 454)], fill=250)
    assert kind_of(film) is None


def test_a_slice_is_named():
    """A picture that is fine-grained all over is taken for a slice of a tomogram."""
    assert kind_of(slice_of_mri()) == "tomogram or scan slice"


def test_a_fixator_makes_no_slice():
    """Sharp rods over one half of a film are no tomogram: the rest of it is smooth."""
    film = Image.fromarray(draw_film(3))
    draw = ImageDraw.Draw(film)
    for row in range(100, 360, 26):
        draw.line((190, row, 373, row + 6), fill=255, width=5)
    for column in (250, 300):
        draw.line((column, 60, column, 400), fill=255, width=8)
    assert kind_of(film) is None


@pytest.mark.parametrize("shape", [(16, 16), (16, 4000), (6000, 5000)])
def test_films_of_any_size_are_measured(shape):
    """The smallest film, a strip and a very large film are measured, and are blank if they are."""
    assert kind_of(Image.fromarray(np.full(shape, 90, dtype=np.uint8)), "JPEG") == "blank"


def test_a_tiny_film_with_something_in_it_is_no_outlier():
    """A film of 16 by 16 pixels that shows something is left alone."""
    steps = np.linspace(0, 255, 256).astype(np.uint8).reshape(16, 16)
    assert kind_of(Image.fromarray(steps), "PNG") is None


def test_identical_files_are_one_flaw():
    """Three identical blanks are one flaw that lists all three; unmeasured films are none."""
    blank = measure(Image.new("L", (100, 100)))
    (flaw,) = find(blank, "c.png", "a.png", "b.png")
    assert flaw.rule == "outlier"
    assert flaw.films == ("a.png", "b.png", "c.png")
    assert flaw.advice


@pytest.mark.shared
def test_real_films_are_seldom_outliers(shared):
    """Of a hundred grey FracAtlas films, at most one is taken for something else."""
    paths = sorted((shared / "fracatlas").rglob("*.jpg"))[::36][:100]
    pictures = [path.read_bytes() for path in paths]
    n_found = 0
    for data in pictures:
        try:
            with Image.open(io.BytesIO(data)) as film:
                grey = np.asarray(film.convert("L"))
        except OSError:  # the collection holds truncated films
            continue
        n_found += bool(find(measure_oddity(data, grey)))
    assert n_found <= 1
