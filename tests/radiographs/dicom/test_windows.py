"""A window in which the film cannot be seen is named and not applied."""

from typing import Any

import numpy as np
import pytest
from tests.dicom_limbs import DEEP, IDENTITY, NO_WINDOW, RIGHT, read, table
from tests.dicoms import encode_film

from osteon.radiographs.dicom import decode_dicom

HIDING = {
    "16 bits on 12": ("32768", "65536", "nearly one grey"),
    "14 bits on 12": ("8192", "16384", "nearly one grey"),
    "13 bits on 12": ("4096", "8192", "nearly one grey"),
    "10 bits on 12": ("512", "1024", "all that is bright"),
    "8 bits on 12": ("128", "256", "all that is bright"),
    "beside the values": ("100000", "100", "nearly one grey"),
    "below the values": ("-9000", "400", "nearly one grey"),
    "a threshold": ("2048", "1", "between black and white"),
    "width 0": ("2048", "0", "is none"),
    "a negative width": ("2048", "-4096", "is none"),
}


@pytest.mark.parametrize("name", HIDING)
@pytest.mark.parametrize("is_inverse", [False, True])
def test_a_window_in_which_the_film_cannot_be_seen_is_named_and_not_applied(
    name: str, *, is_inverse: bool
):
    """The film's own range is shown instead, as if it had no window."""
    center, width, why = HIDING[name]
    said: dict[str, Any] = {}
    values = DEEP
    if is_inverse:
        values, said = 4095 - DEEP, {"PhotometricInterpretation": "MONOCHROME1"}
        center = str(4095 - float(center))
    film = decode_dicom(
        encode_film(values, WindowCenter=center, WindowWidth=width, **said), source="film"
    ).radiograph
    (note,) = film.notes
    assert note.code == "voi"
    assert why in note.text
    assert f"width {float(width):g}" in note.text
    np.testing.assert_array_equal(film.pixels, read(encode_film(values, **NO_WINDOW, **said))[0])


@pytest.mark.parametrize(
    ("center", "width"), [("2048", "4096"), ("1600", "3000"), ("2300", "3400")]
)
def test_a_window_in_which_the_film_can_be_seen_is_applied(center: str, width: str):
    """Also where it cuts a little off at either end."""
    pixels, noted = read(encode_film(DEEP, WindowCenter=center, WindowWidth=width))
    low = float(center) - 0.5 - (float(width) - 1) / 2
    expected = np.clip((DEEP - low) / (float(width) - 1), 0, 1)
    np.testing.assert_allclose(pixels, expected, atol=1e-5)
    assert noted == []


@pytest.mark.parametrize(("center", "width"), [("3300", "3400"), ("900", "3000"), ("2000", "1600")])
@pytest.mark.parametrize("is_inverse", [False, True])
def test_a_window_that_cuts_off_much_is_applied_and_says_so(
    center: str, width: str, *, is_inverse: bool
):
    """The reading's reason says how much became black and white."""
    values, said = DEEP, {}
    if is_inverse:
        values, said = 4095 - DEEP, {"PhotometricInterpretation": "MONOCHROME1"}
        center = str(4095 - float(center))
    data = encode_film(values, WindowCenter=center, WindowWidth=width, **said)
    film = decode_dicom(data, source="film").radiograph
    (note,) = film.notes
    assert note.code == "voi"
    dark, bright = (100 * np.mean(film.pixels == end) for end in (0, 1))
    assert f"makes {dark:.0f} % of the film black and {bright:.0f} % white" in note.text
    assert "it was followed" in note.text


@pytest.mark.parametrize("first", [("32768", "65536"), ("0", "0")])
def test_the_next_window_is_taken_where_the_first_shows_nothing(first: tuple[str, str]):
    """PS3.3 C.11.2: several are alternatives."""
    said = {"WindowCenter": [first[0], "2048"], "WindowWidth": [first[1], "4096"]}
    pixels, noted = read(encode_film(DEEP, **said))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["voi"]


def test_a_window_is_taken_where_the_table_shows_nothing():
    """A table of one value, and a window beside it."""
    item = table(4096, 0, 12, IDENTITY * 0 + 4095)
    pixels, noted = read(encode_film(DEEP, VOILUTSequence=[item]))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["voi"]


def test_a_window_that_is_no_number_is_none():
    """And is not left out in silence."""
    data = encode_film(DEEP).replace(b"DS\x04\x004096", b"DS\x04\x00wide")
    pixels, noted = read(data)
    np.testing.assert_array_equal(pixels, read(encode_film(DEEP, **NO_WINDOW))[0])
    assert noted == ["voi"]


def test_a_function_that_nobody_defined_is_linear():
    """PS3.3 C.11.2.1.3: the default."""
    pixels, noted = read(encode_film(DEEP, VOILUTFunction="GAMMA"))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["voi-lut-function"]
