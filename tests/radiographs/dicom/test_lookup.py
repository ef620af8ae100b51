"""Grey is what the standard makes of a stored value: modality, window or table, polarity."""

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.dicoms import build_dataset, draw_values, encode_dataset, encode_film

from osteon.errors import UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import decode_dicom
from osteon.radiographs.dicom.windows import Window

RAMP = np.arange(256, dtype=np.uint16).reshape(16, 16)


def greys(**attributes: Any) -> np.ndarray:
    """Return the greys of the values 0 to 255."""
    data = encode_dataset(build_dataset(RAMP, **attributes))
    return decode_dicom(data, source="film").radiograph.pixels.reshape(-1)


def table(n: int, first: int, bits: int, entries: np.ndarray) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [n, first, bits])
    item.add_new(0x00283006, "OW", entries.tobytes())
    return item


def window(center: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """Return the greys that a window gives to the values 0 to 255."""
    return Window(center=center, width=width, function=function).apply(np.arange(256.0))


def test_a_linear_window_as_the_standard_writes_it():
    """PS3.3 C.11.2.1.2.1, by hand: center 100, width 11, so 94.5 is black and 104.5 is white."""
    shown = window(100, 11)
    assert shown[94] == 0.0
    assert shown[95] == pytest.approx((95 - 99.5) / 10 + 0.5)
    assert shown[105] == 1.0


def test_a_window_of_width_one_is_a_threshold():
    """The formula would divide by zero."""
    assert list(window(100, 1)[[98, 99, 100, 101]]) == [0.0, 0.0, 1.0, 1.0]


def test_an_exact_window():
    """PS3.3 C.11.2.1.3.2: center 100, width 10, so 95 is black and 105 is white."""
    shown = window(100, 10, "LINEAR_EXACT")
    assert list(shown[[95, 100, 105]]) == pytest.approx([0.0, 0.5, 1.0])
    assert shown[97] == pytest.approx(0.2)


def test_a_sigmoid_window():
    """PS3.3 C.11.2.1.3.1: half at the center, 1 / (1 + e^-2) half a width above it."""
    shown = window(100, 20, "SIGMOID")
    assert shown[100] == pytest.approx(0.5)
    assert shown[110] == pytest.approx(1 / (1 + np.exp(-2)))
    assert np.isfinite(shown).all()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_a_films_window_is_the_formula(function: str):
    """Center and width go from the header into the formula that the header names."""
    shown = greys(WindowCenter="100", WindowWidth="150.5", VOILUTFunction=function)
    np.testing.assert_allclose(shown, window(100, 150.5, function), atol=1e-6)


def test_the_first_of_several_windows_counts():
    """The others are for other eyes."""
    several = greys(WindowCenter=["100", "30"], WindowWidth=["160", "250"])
    np.testing.assert_array_equal(several, greys(WindowCenter="100", WindowWidth="160"))


def test_a_table_goes_before_a_window_and_holds_its_ends():
    """PS3.3 C.11.1.1.1: values outside the table have the grey of its nearest end."""
    item = table(150, 50, 8, np.linspace(10, 255, 150).astype("<u2"))
    pixels = greys(VOILUTSequence=[item], WindowCenter="5", WindowWidth="2")
    np.testing.assert_allclose(
        pixels[[0, 50, 51, 199, 255]], np.array([10, 10, 11, 255, 255]) / 255, rtol=1e-6
    )


def test_a_table_of_bytes_is_read_as_bytes():
    """Entries of 8 bits may be packed two in a word."""
    item = table(256, 0, 8, np.arange(256, dtype=np.uint8)[::-1])
    np.testing.assert_allclose(greys(VOILUTSequence=[item]), 1 - np.arange(256) / 255, atol=1e-6)


def test_a_table_of_65536_entries_says_zero():
    """Sixteen bits cannot hold the number."""
    item = table(0, 0, 16, np.arange(65536, dtype="<u2") * np.uint16(257))
    np.testing.assert_allclose(greys(VOILUTSequence=[item]), np.arange(256) / 255, atol=1e-7)


def test_a_cut_table_is_unreadable():
    """A table without its end is no table."""
    item = table(256, 0, 16, np.arange(200, dtype="<u2"))
    with pytest.raises(UnreadableFilm, match="look-up tables whole"):
        greys(VOILUTSequence=[item])


def test_a_modality_table_comes_before_the_window():
    """The window counts in what the table puts out."""
    item = table(256, 0, 16, (np.arange(256) * 2).astype("<u2"))
    said = {"WindowCenter": "200", "WindowWidth": "301"}
    twice = greys(ModalityLUTSequence=[item], **said)
    np.testing.assert_allclose(twice, greys(RescaleSlope="2", RescaleIntercept="0", **said))
    assert twice[24] == 0.0
    assert twice[175] == 1.0


def test_the_modality_table_of_an_angiogram_is_not_for_looking():
    """PS3.3 C.8.7.1.1.2: where intensity is logarithmic, it leads back to the beam."""
    window = {"WindowCenter": "100", "WindowWidth": "160"}
    xa = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.12.1", "PixelIntensityRelationship": "LOG"}
    rescaled = greys(RescaleSlope="9", RescaleIntercept="5", **window, **xa)
    np.testing.assert_array_equal(rescaled, greys(**window))


@pytest.mark.parametrize("slope", ["0", "x"])
def test_a_rescale_that_means_nothing_is_unreadable(slope: str):
    """A guess would change every grey."""
    data = encode_film(draw_values(), RescaleSlope="7", RescaleIntercept="0")
    with pytest.raises(UnreadableFilm, match="RescaleSlope"):
        decode_dicom(
            data.replace(b"DS\x02\x007 ", b"DS\x02\x00" + slope.encode() + b" "), source=""
        )


@pytest.mark.parametrize("width", ["0", "-5"])
def test_a_window_that_shows_nothing_is_none(width: str):
    """Some writers leave 0 there."""
    np.testing.assert_array_equal(greys(WindowCenter="9", WindowWidth=width), greys())


def test_without_a_window_the_robust_range_is_shown():
    """A lead letter, brighter than all else, takes no range from the bone."""
    values = draw_values(100, 100)
    values[0, :40] = 4095
    pixels = decode_dicom(encode_dataset(build_dataset(values)), source="film").radiograph.pixels
    bone = np.sort(values[1:].reshape(-1))
    low, high = bone[int(0.005 * bone.size)], bone[-1]
    assert pixels[0, 0] == 1.0
    expected = np.clip((values[50].astype(float) - low) / (high - low), 0, 1)
    np.testing.assert_allclose(pixels[50], expected, atol=0.01)


def test_padding_is_black_and_takes_no_part():
    """PS3.3 C.7.5.1.1.2, with a range: as on MONOCHROME2, so on MONOCHROME1."""
    values = draw_values(64, 64)
    values[:, :20] = 4000
    values[:, 20:24] = 4005
    padding = {"PixelPaddingValue": 4000, "PixelPaddingRangeLimit": 4010}
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        ds = build_dataset(values, PhotometricInterpretation=photometric, **padding)
        pixels = decode_dicom(encode_dataset(ds), source="film").radiograph.pixels
        assert (pixels[:, :24] == 0.0).all()
        assert pixels[:, 24:].max() == 1.0


@pytest.mark.parametrize("shape", ["INVERSE", "IDENTITY", None])
def test_monochrome1_is_turned_round_once(shape: str | None):
    """PS3.3 C.8.11.3.1.2: INVERSE says again what MONOCHROME1 says."""
    said = {"PresentationLUTShape": shape} if shape else {}
    window = {"WindowCenter": "100", "WindowWidth": "160"}
    inverse = greys(PhotometricInterpretation="MONOCHROME1", **window, **said)
    np.testing.assert_allclose(inverse, 1 - greys(**window), atol=1e-6)


@pytest.mark.parametrize("shape", ["INVERSE", "LIN OD"])
def test_a_header_that_contradicts_itself_about_polarity_is_refused(shape: str):
    """A guess would show bone as air."""
    with pytest.raises(UnsupportedRadiograph, match="which grey is bone"):
        greys(PresentationLUTShape=shape)


def test_a_film_of_one_grey_is_refused():
    """Where no window says what it would mean."""
    blank = build_dataset(np.full((20, 20), 7, dtype=np.uint16))
    with pytest.raises(UnsupportedRadiograph, match="more than one grey"):
        decode_dicom(encode_dataset(blank), source="film")
