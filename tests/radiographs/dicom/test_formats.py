"""What shape a pixel has: as the header says, where it says one thing, and that can be."""

from typing import Any

import numpy as np
import pytest
from tests.dicom_limbs import DEEP, refusal
from tests.dicoms import EXPLICIT, IMPLICIT, encode_film

from osteon.radiographs.dicom import decode_dicom
from osteon.terms import Radiograph


def film(syntax: str = EXPLICIT, **said: Any) -> Radiograph:
    return decode_dicom(encode_film(DEEP, syntax, **said), source="film").radiograph


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize(
    ("said", "aspect"),
    [
        ({}, 1.0),
        ({"PixelAspectRatio": ["155", "100"]}, 1.55),
        ({"PixelAspectRatio": ["100 ", " 155"]}, 100 / 155),
        ({"PixelSpacing": ["0.31", "0.2"]}, 1.55),
        ({"ImagerPixelSpacing": ["0.31", "0.2"]}, 1.55),
        ({"NominalScannedPixelSpacing": ["0.1", "0.2"]}, 0.5),
        ({"PixelSpacing": ["0.31", "0.2"], "ImagerPixelSpacing": ["0.62", "0.4"]}, 1.55),
        ({"PixelSpacing": ["0.143", "0.144"]}, 1.0),
        ({"PixelSpacing": ["0", "0"]}, 1.0),
        ({"PixelSpacing": ["0", "0"], "PixelAspectRatio": ["3", "2"]}, 1.5),
        ({"PixelSpacing": ["0.15", "0.15"], "PixelAspectRatio": ["1", "1"]}, 1.0),
    ],
    ids=str,
)
def test_a_pixels_height_over_its_width(syntax: str, said: dict[str, Any], aspect: float):
    """PS3.3 10.7.1.3 and C.7.6.3.1.7: what runs down comes first. Its grey values stay."""
    shown = film(syntax, **said)
    assert shown.pixel_aspect == pytest.approx(aspect, rel=1e-12)
    assert shown.notes == ()
    np.testing.assert_array_equal(shown.pixels, film().pixels)


@pytest.mark.parametrize(
    ("said", "aspect"),
    [
        ({"PixelAspectRatio": ["0", "0"]}, 1.0),
        ({"PixelAspectRatio": ["3", "0"]}, 1.0),
        ({"PixelAspectRatio": ["3"]}, 1.0),
        ({"PixelSpacing": ["0.31", "0.2"], "PixelAspectRatio": ["1", "1"]}, 1.55),
        ({"ImagerPixelSpacing": ["1", "1"], "PixelAspectRatio": ["2", "1"]}, 2.0),
        ({"PixelSpacing": ["0.14", "0.14"], "ImagerPixelSpacing": ["0.15", "0.16"]}, 1.0),
    ],
    ids=str,
)
def test_a_shape_that_is_nothing_or_nearly_the_same_is_noted(said: dict[str, Any], aspect: float):
    """One to one, and one millimetre, are what programs write that know nothing."""
    shown = film(**said)
    assert shown.pixel_aspect == pytest.approx(aspect)
    assert [note.code for note in shown.notes] == ["pixel-aspect"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (
            {"PixelSpacing": ["0.2", "0.2"], "ImagerPixelSpacing": ["0.31", "0.2"]},
            "PixelSpacing 1, ImagerPixelSpacing 1.55",
        ),
        (
            {"PixelSpacing": ["0.2", "0.2"], "PixelAspectRatio": ["155", "100"]},
            "PixelSpacing 1, PixelAspectRatio 1.55",
        ),
        ({"PixelAspectRatio": ["1000", "1"]}, "PixelAspectRatio 1000"),
    ],
    ids=str,
)
def test_two_shapes_or_one_that_cannot_be_are_the_reason(said: dict[str, Any], found: str):
    """Nothing in the picture tells which of them is right."""
    fault = refusal(encode_film(DEEP, **said))
    assert (fault.code, fault.found) == ("pixel-aspect", found)
