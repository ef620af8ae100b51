"""One radiograph reads alike however it was stored; what is no radiograph is refused by name."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.dicoms import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    EXTENDED_FRAME,
    HTJ2K,
    HTJ2K_FRAME,
    IMPLICIT,
    JPEG_2000,
    JPEG_2000_LOSSY,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    JPEG_LS,
    JPEG_LS_NEAR,
    RLE,
    WINDOW,
    build_dataset,
    compress,
    draw_values,
    encode_dataset,
    encode_film,
    encode_jpeg_lossless,
)

from osteon.errors import FilmFault, TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import (
    decode_dicom,
    is_dicom,
    pseudonym_of_patient,
    size_of_dicom,
)
from osteon.radiographs.preparation import fit_pixels
from osteon.release import Preparation

HOW = Preparation(rows=32, columns=32)
VALUES = draw_values()
WHITE = np.float32(4095)


def prepare_film(data: bytes) -> np.ndarray:
    return fit_pixels(decode_dicom(data, source="film").radiograph, HOW)


def expected() -> np.ndarray:
    return prepare_film(encode_film(VALUES))


def as_monochrome1() -> bytes:
    return encode_film(4095 - VALUES, PhotometricInterpretation="MONOCHROME1")


def as_signed_with_rescale() -> bytes:
    signed = (VALUES.astype(np.int32) - 2048).astype(np.int16)
    return encode_film(signed, RescaleSlope="1", RescaleIntercept="2048")


def as_voi_table() -> bytes:
    item = Dataset()
    item.add_new(0x00283002, "US", [4096, 0, 12])
    item.add_new(0x00283006, "OW", np.arange(4096, dtype="<u2").tobytes())
    return encode_film(VALUES, WindowCenter=None, WindowWidth=None, VOILUTSequence=[item])


def as_shifted_cell() -> bytes:
    overlay = np.uint16(0b1010)  # old files keep overlays in the bits that the value leaves free
    return encode_film((VALUES << np.uint16(4)) | overlay, HighBit=15)


def as_bytes_in_big_endian_words() -> bytes:
    ds = build_dataset((VALUES >> 4).astype(np.uint8), **EIGHT)
    ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds["PixelData"].VR = "OW"
    return encode_dataset(ds, BIG_ENDIAN)


def as_htj2k() -> bytes:
    return encode_dataset(build_dataset(VALUES, **WINDOW), HTJ2K, HTJ2K_FRAME)


LOSSLESS: dict[str, Callable[[], bytes]] = {
    "implicit little endian": lambda: encode_film(VALUES, IMPLICIT),
    "big endian": lambda: encode_film(VALUES, BIG_ENDIAN),
    "deflated": lambda: encode_film(VALUES, DEFLATED),
    "RLE": lambda: encode_film(VALUES, RLE),
    "JPEG-LS": lambda: encode_film(VALUES, JPEG_LS),
    "JPEG 2000": lambda: encode_film(VALUES, JPEG_2000),
    "HTJ2K": as_htj2k,
    "MONOCHROME1": as_monochrome1,
    "signed, rescaled": as_signed_with_rescale,
    "VOI LUT": as_voi_table,
    "value in the high bits": as_shifted_cell,
}

LOSSY: dict[str, Callable[[], bytes]] = {
    "8 bits": lambda: encode_film((VALUES >> 4).astype(np.uint8), **EIGHT),
    "8 bits, big endian, in words": as_bytes_in_big_endian_words,
    "JPEG baseline": lambda: encode_film((VALUES >> 4).astype(np.uint8), JPEG_BASELINE, **EIGHT),
    "JPEG extended": lambda: encode_dataset(
        build_dataset(VALUES, **WINDOW), JPEG_EXTENDED, EXTENDED_FRAME
    ),
    "near-lossless JPEG-LS": lambda: encode_film(VALUES, JPEG_LS_NEAR),
    "lossy JPEG 2000": lambda: encode_film(VALUES, JPEG_2000_LOSSY),
}
EIGHT = {"bits": 8, "WindowCenter": "128", "WindowWidth": "256"}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_encodings_of_one_film_are_equal(name: str):
    """Bit for bit, after the one preparation."""
    np.testing.assert_array_equal(prepare_film(LOSSLESS[name]()), expected())


def test_lossless_jpeg_is_equal_too(tmp_path: Path):
    """GDCM writes it from file to file."""
    data = encode_jpeg_lossless(build_dataset(VALUES, **WINDOW), tmp_path)
    assert JPEG_LOSSLESS.encode() in data
    np.testing.assert_array_equal(prepare_film(data), expected())


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_encodings_differ_by_little(name: str):
    """By no more than 2 of 255 greys."""
    other = prepare_film(LOSSY[name]())
    assert np.abs(other.astype(int) - expected()).max() <= 2


def test_a_film_keeps_its_full_depth():
    """Twelve bits are twelve bits: values arrive as they are, over the window."""
    pixels = decode_dicom(encode_film(VALUES), source="film").radiograph.pixels
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(np.rint(pixels * WHITE), VALUES)


REFUSED = {
    "a CT slice": {"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"},
    "an MR slice": {"Modality": "MR"},
    "a structured report": {"Modality": "SR", "PixelData": None},
    "modality XYZ": {"Modality": "XYZ"},
    "SOP class 1.2.840.10008.5.1.4.1.1.12.1.1": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.12.1.1"},
    "FOR PROCESSING": {"PresentationIntentType": "FOR PROCESSING"},
    "20 frames": {"NumberOfFrames": "20"},
    "RGB": {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3},
    "PALETTE COLOR": {"PhotometricInterpretation": "PALETTE COLOR"},
    "no PhotometricInterpretation": {"PhotometricInterpretation": None},
    "none": {"PixelData": None},
}


@pytest.mark.parametrize("found", REFUSED)
def test_other_objects_are_refused_by_name(found: str):
    """A person sees what it is, not only that it will not do."""
    ds = build_dataset(VALUES, **REFUSED[found])
    with pytest.raises(UnsupportedRadiograph) as refusal:
        decode_dicom(encode_dataset(ds), source="film")
    assert refusal.value.found == found


@pytest.mark.parametrize("sop_class", ["1", "1.1", "12.1", "12.2", "7", "7.3"])
def test_every_kind_of_radiograph_is_read(sop_class: str):
    """CR, DX, XA, RF and secondary capture."""
    ds = build_dataset(VALUES, SOPClassUID=f"1.2.840.10008.5.1.4.1.1.{sop_class}", Modality="OT")
    ds.NumberOfFrames, ds.WindowCenter, ds.WindowWidth = "1", "2048", "4096"
    np.testing.assert_array_equal(prepare_film(encode_dataset(ds)), expected())


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, DEFLATED, RLE, JPEG_LS, JPEG_2000])
@pytest.mark.parametrize("kept", [0.97, 0.6, 0.2])
def test_a_cut_film_is_never_padded(syntax: str, kept: float):
    """Wherever the file ends, the film is truncated or unreadable, and no pixel is made up."""
    values = draw_values(120, 100)
    data = encode_film(values, syntax)
    with pytest.raises((TruncatedFilm, UnreadableFilm)):
        decode_dicom(data[: int(len(data) * kept)], source="film")


@pytest.mark.parametrize("syntax", [RLE, JPEG_LS, JPEG_2000, JPEG_BASELINE])
def test_a_cut_frame_in_a_whole_file_is_never_padded(syntax: str):
    """Also where somebody closed the cut frame with an end marker and wrapped it anew."""
    values = (draw_values(120, 100) >> 4).astype(np.uint8)
    values[-1] = 77
    whole = encode_film(values, syntax, bits=8)
    assert decode_dicom(whole, source="film").radiograph.rows == 120
    frame = compress(values, syntax, bits=8)
    for kept in (0.3, 0.6, 0.9):
        cut = frame[: int(len(frame) * kept)]
        for end in (b"", b"\xff\xd9"):
            data = encode_dataset(build_dataset(values, bits=8), syntax, cut + end)
            with pytest.raises((TruncatedFilm, UnreadableFilm)):
                decode_dicom(data, source="film")


@pytest.mark.parametrize("kept", [0.5, 0.8])
def test_a_cut_jpeg_of_twelve_bits_is_never_padded(kept: float):
    """Its decoder, that of lossless JPEG too, fills in the middle grey and says nothing."""
    for end in (b"", b"\xff\xd9"):
        frame = EXTENDED_FRAME[: int(len(EXTENDED_FRAME) * kept)] + end
        data = encode_dataset(build_dataset(VALUES, **WINDOW), JPEG_EXTENDED, frame)
        with pytest.raises(TruncatedFilm):
            decode_dicom(data, source="film")


def test_a_frame_of_another_size_than_the_header_says_is_not_decoded():
    """The memory that a decoder asks for is known before it asks."""
    ds = build_dataset(VALUES, **WINDOW)
    ds.Rows, ds.Columns = 20, 64
    with pytest.raises(UnreadableFilm) as refusal:
        decode_dicom(encode_dataset(ds, HTJ2K, HTJ2K_FRAME), source="film")
    assert refusal.value.found == "a frame of 32 x 40"


def test_a_film_beyond_the_pixel_limit_is_refused_from_its_header():
    """No pixel is touched: the pixel data are not even there."""
    ds = build_dataset(VALUES, Rows=60000, Columns=60000)
    with pytest.raises(UnsupportedRadiograph, match="64,000,000 pixels"):
        decode_dicom(encode_dataset(ds), source="film")


def test_nothing_of_the_patient_is_said_in_a_refusal():
    """Neither name nor Patient ID nor date, whatever goes wrong."""
    secrets = ("Roentgen", "Anna", "4711", "18390122", "1839")
    data = encode_film(VALUES)
    spoilt = [data[:n] for n in range(0, len(data), 97)]
    spoilt += [encode_dataset(build_dataset(VALUES, **REFUSED[found])) for found in REFUSED]
    for film in spoilt:
        with pytest.raises(FilmFault) as refusal:
            decode_dicom(film, source="film")
        assert not any(secret in str(refusal.value) for secret in secrets)
    assert not any(secret in repr(decode_dicom(data, source="film")) for secret in secrets)


def test_a_patient_becomes_a_pseudonym():
    """Equal under one salt, different under another, and never the Patient ID."""
    data = encode_film(VALUES)
    again = encode_film(VALUES, IMPLICIT, StudyInstanceUID="1.2.9")
    assert pseudonym_of_patient(data, "salt") == pseudonym_of_patient(again, "salt")
    assert pseudonym_of_patient(data, "salt") != pseudonym_of_patient(data, "pepper")
    assert "4711" not in str(pseudonym_of_patient(data, "salt"))
    nobody = encode_film(VALUES, PatientID="ANONYMOUS")
    assert pseudonym_of_patient(nobody, "salt") is None


def test_reading_says_nothing_and_leaves_the_warnings_alone(capfd: pytest.CaptureFixture[str]):
    """Odd values in a header are no reason to talk."""
    filters = list(warnings.filters)
    data = encode_film(VALUES).replace(b"1.2.3.2\0", b"1.2.x.2\0")
    film = decode_dicom(data, source="film")
    assert film.instance.study_instance_uid is None
    assert warnings.filters == filters
    assert capfd.readouterr() == ("", "")


def test_size_is_read_without_decoding():
    """Of a film that was cut, the header still says how large it was."""
    assert size_of_dicom(encode_film(VALUES)[:-600]) == (40, 32)


@pytest.mark.parametrize(
    "start", [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"II*\0", b"a,b"]
)
def test_other_files_are_no_dicom(start: bytes):
    """And are refused as such when they are handed over all the same."""
    data = start + b"\0" * 200 if start else start
    assert not is_dicom(data)
    with pytest.raises(UnreadableFilm, match="must be a DICOM file"):
        decode_dicom(data, source="film")


RG3_LOSSLESS = ("UNC", "RLE", "JPLL", "JLSL", "J2KR")


@pytest.mark.shared
def test_a_real_ankle_in_six_transfer_syntaxes(shared: Path):
    """Five lossless ones are equal bit for bit, the lossy one within 2 of 255 greys."""
    how = Preparation(rows=224, columns=224)
    films = {
        name: decode_dicom((shared / f"dicom/RG3_{name}.dcm").read_bytes(), source=name)
        for name in (*RG3_LOSSLESS, "J2KI")
    }
    first = films["UNC"].radiograph.pixels
    for name in RG3_LOSSLESS:
        np.testing.assert_array_equal(films[name].radiograph.pixels, first)
    lossy = fit_pixels(films["J2KI"].radiograph, how).astype(int)
    assert np.abs(lossy - fit_pixels(films["UNC"].radiograph, how)).max() <= 2
    assert films["UNC"].instance.body_part_examined == "EXTREMITY"
    assert films["UNC"].instance.image_laterality == "R"
    # Bone is bright and the soft tissue beside it is not: MONOCHROME1 was turned round.
    assert first[600, 860] > first[600, 760] > first[600, 520]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("CHEST_dx_mono1_small", None),
        ("CR_mono1_modalityLUT", None),
        ("image_dfl_deflated", None),
        ("CT_small", "a CT slice"),
        ("MR_small", "an MR slice"),
        ("MR_truncated", "an MR slice"),
        ("reportsi_SR", "a structured report"),
        ("examples_palette", "an ultrasound picture"),
        ("SC_rgb_small_odd", "RGB"),
        ("no_meta", "something else"),
    ],
)
def test_real_files_are_read_or_refused_by_name(shared: Path, name: str, outcome: str | None):
    """Each as it should be."""
    data = (shared / f"dicom/{name}.dcm").read_bytes()
    if outcome is None:
        pixels = decode_dicom(data, source=name).radiograph.pixels
        assert 0.0 <= pixels.min() < pixels.max() <= 1.0
    else:
        with pytest.raises(FilmFault) as refusal:
            decode_dicom(data, source=name)
        assert refusal.value.found == outcome
