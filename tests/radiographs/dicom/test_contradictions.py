"""Where a header contradicts its pixels, they are measured and the film says so, or is not read.

`docs/dicom.md` has the table of these decisions; each of its lines is a test here or beside it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import openjpeg
import pytest
from tests.dicom_limbs import DEEP, NO_WINDOW, RIGHT, SIGNED, read, refusal
from tests.dicoms import (
    BIG_ENDIAN,
    EXPLICIT,
    JPEG_2000,
    JPEG_2000_LOSSY,
    JPEG_BASELINE,
    JPEG_LS,
    RLE,
    WINDOW,
    build_dataset,
    compress,
    encode_dataset,
    encode_film,
)

from osteon.radiographs.dicom import decode_dicom


def encode_j2k(values: np.ndarray, *, precision: int, ratio: float | None = None) -> bytes:
    ratios = {} if ratio is None else {"compression_ratios": [ratio]}
    return bytes(openjpeg.utils.encode_array(values, bits_stored=precision, **ratios))


def test_a_lossy_frame_deeper_than_bits_stored_is_clipped():
    """White that overshoots stays white: a mask belongs to native and RLE pixels, PS3.5 8.1.1."""
    bright = np.clip(DEEP.astype(np.int64) * 2, 0, 4095).astype(np.uint16)
    frame = encode_j2k(bright, precision=16, ratio=12)
    assert int(openjpeg.decode(frame).max()) > 4095
    pixels, noted = read(encode_dataset(build_dataset(bright, **WINDOW), JPEG_2000_LOSSY, frame))
    assert np.abs(pixels - bright / 4095).max() < 0.3
    assert np.abs(pixels - bright / 4095).mean() < 0.02
    assert noted == ["frame-depth"]


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN, RLE, JPEG_LS, JPEG_2000])
@pytest.mark.parametrize("stored", [8, 10])
def test_bits_stored_that_the_values_exceed_are_the_reason(syntax: str, stored: int):
    """A mask would fold the bright half of the film into the dark one."""
    frame = None if syntax in {EXPLICIT, BIG_ENDIAN} else compress(DEEP, syntax, bits=12)
    fault = refusal(encode_dataset(build_dataset(DEEP, bits=stored, **WINDOW), syntax, frame))
    assert fault.code == "bits-stored"
    assert fault.found == f"BitsStored {stored}, and values of 12 bits"


@pytest.mark.parametrize("bit", [12, 15])
def test_an_overlay_in_the_bits_above_is_cut_off(bit: int):
    """PS3.3 C.9.2 (retired): where it is declared, and nowhere else."""
    marked = DEEP | np.uint16(1 << bit)
    ds = build_dataset(marked, **WINDOW)
    assert refusal(encode_dataset(ds)).code == "bits-stored"
    ds.add_new(0x60020102, "US", bit)
    pixels, noted = read(encode_dataset(ds))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == []


def test_bits_beside_a_declared_overlay_are_still_the_reason():
    """An overlay accounts for its own bit."""
    ds = build_dataset(DEEP | np.uint16(3 << 12), **WINDOW)
    ds.add_new(0x60000102, "US", 12)
    assert refusal(encode_dataset(ds)).code == "bits-stored"


def test_a_sign_may_go_on_above_the_value():
    """Or not: PS3.5 8.1.1 says nothing of the bits above."""
    for cells in (SIGNED, (SIGNED & 4095).astype(np.int16)):
        pixels, noted = read(encode_film(cells, WindowCenter="0"))
        np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
        assert noted == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (DEEP.view(np.int16), {"PixelRepresentation": 1}),
        ((SIGNED & 4095).astype(np.uint16), {"WindowCenter": "0"}),
        (SIGNED.view(np.uint16), {"WindowCenter": "0"}),
        (SIGNED.view(np.uint16), {"bits": 16, "WindowCenter": "0"}),
    ],
    ids=["not signed", "signed", "signed, and the bits above", "signed in 16 bits"],
)
def test_a_pixel_representation_under_which_the_greys_leap_is_the_reason(
    values: np.ndarray, said: dict[str, Any]
):
    """Neighbours that are next to each other under one sign are worlds apart under the other."""
    assert refusal(encode_film(values, **said)).code == "pixel-representation"


def test_a_stream_that_is_signed_goes_before_a_header_that_is_not():
    """Where the picture bears the stream out."""
    frame = encode_j2k(SIGNED, precision=12)
    ds = build_dataset(SIGNED, PixelRepresentation=0, WindowCenter="0", WindowWidth="4096")
    pixels, noted = read(encode_dataset(ds, JPEG_2000, frame))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["pixel-representation"]


def test_a_stream_that_is_not_signed_holds_the_bits_of_a_header_that_is():
    """As most writers have it: two's complement in an unsigned stream."""
    frame = encode_j2k((SIGNED & 4095).astype(np.uint16), precision=12)
    ds = build_dataset(SIGNED, WindowCenter="0", WindowWidth="4096")
    pixels, noted = read(encode_dataset(ds, JPEG_2000, frame))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == []


def test_white_letters_are_no_wrong_sign():
    """Greys leap there, too, but to one white."""
    dark = (DEEP // 3).astype(np.uint16)
    dark[::7, ::5] = 4095
    film = decode_dicom(encode_film(dark, **NO_WINDOW), source="film").radiograph
    assert film.notes == ()


HIGH_BITS: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "shifted up, as it says": (lambda: encode_film(DEEP << np.uint16(4), HighBit=15), []),
    "low, though it says high": (lambda: encode_film(DEEP, HighBit=15), ["high-bit"]),
    "low and signed": (
        lambda: encode_film(SIGNED, HighBit=15, WindowCenter="0"),
        ["high-bit"],
    ),
    "below the value": (lambda: encode_film(DEEP, HighBit=7), ["high-bit"]),
    "beyond the cell": (lambda: encode_film(DEEP, HighBit=16), ["high-bit"]),
}


@pytest.mark.parametrize("name", HIGH_BITS)
def test_a_high_bit_that_cannot_be_is_not_believed(name: str):
    """PS3.3 C.7.6.3: the values say where in their cells they lie."""
    write, codes = HIGH_BITS[name]
    pixels, noted = read(write())
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == codes


def test_a_jpeg_of_eight_bits_under_a_header_of_twelve_keeps_its_own_depth():
    """The header's window would show it black."""
    frame = compress((DEEP >> 4).astype(np.uint8), JPEG_BASELINE, bits=8)
    film = decode_dicom(
        encode_dataset(build_dataset(DEEP, **WINDOW), JPEG_BASELINE, frame), source="film"
    ).radiograph
    assert [note.code for note in film.notes] == ["frame-depth", "voi"]
    own_range = read(encode_film(DEEP, **NO_WINDOW))[0]
    assert np.abs(film.pixels - own_range).mean() < 0.02


@pytest.mark.parametrize("vr", ["US", "SS"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(("bits", "value"), [(16, -2100), (12, -2047)])
def test_padding_is_as_signed_as_the_pixels(vr: str, photometric: str, bits: int, value: int):
    """PS3.3 C.7.5.1.1.2: whatever VR the file writes."""
    padded = np.pad(np.maximum(SIGNED, -2046), 9, constant_values=value)
    ds = build_dataset(padded, bits=bits, PhotometricInterpretation=photometric, **WINDOW)
    ds.WindowCenter = "0"
    ds.add_new(0x00280120, vr, value % 65536 if vr == "US" else value)
    pixels, noted = read(encode_dataset(ds))
    assert not pixels[:9].any()
    assert not pixels[:, -9:].any()
    right = RIGHT if photometric == "MONOCHROME2" else 1 - RIGHT
    np.testing.assert_allclose(pixels[9:-9, 9:-9], right, atol=1e-3)
    assert noted == (["padding-value"] if vr == "US" else [])


def test_padding_of_an_unsigned_film_written_as_signed():
    """The same, the other way round; and of a value that BitsStored could not hold."""
    padded = np.pad(DEEP, 9, constant_values=63000)
    for bits in (16, 12):
        ds = build_dataset(padded, bits=bits, PhotometricInterpretation="MONOCHROME1", **WINDOW)
        ds.add_new(0x00280120, "SS", 63000 - 65536)
        pixels, noted = read(encode_dataset(ds))
        assert not pixels[:9].any()
        np.testing.assert_allclose(pixels[9:-9, 9:-9], 1 - RIGHT, atol=1e-3)
        assert noted == ["padding-value"]


def test_padding_that_leaves_nothing_of_the_picture_is_none():
    """A range over all values is none; nor is a single value of which all the film is."""
    ds = build_dataset(DEEP, PixelPaddingValue=0, PixelPaddingRangeLimit=5000, **WINDOW)
    pixels, noted = read(encode_dataset(ds))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["padding-value"]
    one_grey = encode_film(np.full_like(DEEP, 700), PixelPaddingValue=700)
    pixels, noted = read(one_grey)
    assert pixels.min() == pixels.max() == pytest.approx(700 / 4095, abs=1e-3)
    assert noted == ["padding-value"]


@pytest.mark.parametrize("number", ["0", "-1"])
def test_a_number_of_frames_below_one_is_one(number: str):
    """PS3.3 C.7.6.6.1.1: the pixels of one picture can be nothing else."""
    pixels, noted = read(encode_film(DEEP, NumberOfFrames=number))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["frames"]


def with_more(extra: bytes) -> bytes:
    ds = build_dataset(DEEP, **WINDOW)
    ds.PixelData += extra
    return encode_dataset(ds)


@pytest.mark.parametrize(
    ("extra", "outcome"),
    [
        (b"\0" * 3000, "noted"),
        (b"\7" * 100, "noted"),
        (b"\7" * 4000, "refused"),
        (DEEP.tobytes(), "refused"),
    ],
    ids=["zeros", "less than a row", "rows", "another frame"],
)
def test_native_pixels_that_are_longer_than_the_header_says(extra: bytes, outcome: str):
    """Padding is left out and named; what may be of another picture is the reason."""
    if outcome == "refused":
        assert refusal(with_more(extra)).code == "pixel-data-length"
        return
    pixels, noted = read(with_more(extra))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["pixel-data-length"]


@pytest.mark.parametrize(("n_more", "code"), [(2, ""), (-2, "truncated"), (4000, "truncated")])
def test_native_pixels_that_are_said_to_go_on_behind_the_file(n_more: int, code: str):
    """They are read if all of the picture is there, and what is lacking is less than a row."""
    data = bytearray(encode_dataset(build_dataset(DEEP, **WINDOW)))
    at = data.rindex(b"\xe0\x7f\x10\x00OW") + 8
    data[at : at + 4] = (DEEP.nbytes + n_more).to_bytes(4, "little")
    if code:
        assert refusal(bytes(data)).code == code
        return
    pixels, noted = read(bytes(data))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["pixel-data-length"]


def test_sixteen_bits_under_a_header_of_eight_are_the_reason():
    """Half of the pixels would be shown, and every second one would be the high byte."""
    ds = build_dataset((DEEP >> 4).astype(np.uint8), bits=8)
    ds.PixelData = DEEP.tobytes()
    assert refusal(encode_dataset(ds)).code == "pixel-data-length"


@pytest.mark.parametrize("syntax", [EXPLICIT, RLE])
def test_rows_and_columns_that_are_exchanged_are_the_reason(syntax: str):
    """The rows of the picture do not follow one another."""
    rows, columns = DEEP.shape
    ds = build_dataset(DEEP, **WINDOW)
    ds.Rows, ds.Columns = columns, rows
    frame = None if syntax == EXPLICIT else compress(DEEP, syntax, bits=12)
    assert refusal(encode_dataset(ds, syntax, frame)).code == "frame-size"


def test_identity_beside_monochrome1_is_noted():
    """PS3.3 C.8.11.3.1.2 has INVERSE there."""
    said = {"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "IDENTITY"}
    pixels, noted = read(encode_film(4095 - DEEP, **said))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["polarity"]


@pytest.mark.parametrize(
    ("said", "code", "found"),
    [
        ({"SamplesPerPixel": 3}, "colour", "MONOCHROME2, 3 samples per pixel"),
        ({"PhotometricInterpretation": "YBR_FULL"}, "colour", "YBR_FULL"),
        ({"NumberOfFrames": "2"}, "frames", "2 frames"),
        ({"PresentationLUTShape": "INVERSE"}, "polarity", None),
        ({"RescaleSlope": "0", "RescaleIntercept": "0"}, "rescale", None),
    ],
    ids=str,
)
def test_what_cannot_be_settled_is_refused_with_its_code(
    said: dict[str, Any], code: str, found: str | None
):
    """A program finds the code, a person the words."""
    fault = refusal(encode_film(DEEP, **said))
    assert fault.code == code
    assert found is None or fault.found == found
