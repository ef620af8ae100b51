"""A picture file whose pixels are not square is looked at as its film was."""

import io

import numpy as np
import pytest
from PIL import Image

from osteon.geometry import Box
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import decode_film
from osteon.radiographs.preparation import fit_pixels, square_box, unsquare_box
from osteon.release import Preparation

HOW = Preparation(rows=160, columns=160)
WAYS = {
    "TIFF": {"dpi": (300, 150)},
    "PNG": {"dpi": (300, 150)},
    "JPEG": {"dpi": (300, 150), "quality": 97},
    "BMP": {"dpi": (300, 150)},
}


def draw_halves():
    """Return a film, and the same with every two rows in one."""
    grey = np.rint(draw_phantom(9, has_fracture=True).radiograph.pixels * 255).astype(np.uint8)
    flat = Image.fromarray(grey).resize((grey.shape[1], grey.shape[0] // 2), Image.Resampling.BOX)
    return Image.fromarray(grey), flat


def decode(image, kind, **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return decode_film(file.getvalue(), source="a")


@pytest.mark.parametrize("kind", WAYS)
def test_two_densities_make_pixels_that_are_not_square(kind):
    """The prepared film is that of the square one within 4 of 255 at nearly all pixels."""
    film, flat = draw_halves()
    whole = decode(film, "PNG")
    half = decode(flat, kind, **WAYS[kind])
    assert half.pixel_aspect == pytest.approx(2.0, rel=0.01)
    assert [note.code for note in half.notes] == ["pixel-aspect"]
    apart = np.abs(fit_pixels(whole, HOW).astype(int) - fit_pixels(half, HOW).astype(int))
    assert np.mean(apart <= 4) > 0.99


def test_a_ratio_without_a_unit_counts_too():
    """JFIF and PNG may give the densities as a ratio alone."""
    _, flat = draw_halves()
    file = io.BytesIO()
    flat.save(file, "JPEG")
    data = bytearray(file.getvalue())
    assert data[6:11] == b"JFIF\0"
    data[13:18] = bytes([0, 0, 2, 0, 1])
    assert decode_film(bytes(data), source="a").pixel_aspect == 2.0


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_film_on_its_side_has_its_pixels_on_their_side(kind, orientation):
    """The upright film's pixels are low where those of the stored one are narrow."""
    _, flat = draw_halves()
    exif = Image.Exif()
    exif[274] = orientation
    how = {"tiffinfo": {274: orientation}} if kind == "TIFF" else {"exif": exif}
    aspect = decode(flat, kind, **WAYS[kind], **how).pixel_aspect
    assert aspect == pytest.approx(2.0 if orientation in {1, 3} else 0.5, rel=0.01)


@pytest.mark.parametrize("dpi", [(300, 300), (300, 301), (72, 72)])
def test_equal_densities_say_nothing(dpi):
    """Neither do those that differ by rounding."""
    film, _ = draw_halves()
    found = decode(film, "PNG", dpi=dpi)
    assert (found.pixel_aspect, found.notes) == (1.0, ())


def test_what_no_film_can_have_is_noted_and_not_followed():
    """A ratio of nine is no pixel's."""
    film, _ = draw_halves()
    found = decode(film, "PNG", dpi=(900, 100))
    assert found.pixel_aspect == 1.0
    assert [note.code for note in found.notes] == ["pixel-aspect"]


@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.55])
def test_a_box_goes_to_square_pixels_and_back(aspect):
    """Only the coarser axis is stretched."""
    box = Box(3.0, 4.0, 50.0, 60.0)
    assert unsquare_box(square_box(box, aspect), aspect) == pytest.approx(box)
    assert square_box(box, 2.0) == (3.0, 8.0, 50.0, 120.0)
    assert square_box(box, 0.5) == (6.0, 4.0, 100.0, 60.0)
