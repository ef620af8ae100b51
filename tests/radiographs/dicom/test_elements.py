"""A walk over untrusted bytes ends soon, whatever they say."""

import struct
import time
import zlib

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.dicoms import BIG_ENDIAN, EXPLICIT, IMPLICIT, draw_values, encode_film

from osteon.errors import FilmFault, TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import decode_dicom, is_dicom
from osteon.radiographs.dicom.elements import parse_header
from osteon.radiographs.dicom.walk import MAX_ELEMENTS

PREFIX = b"\0" * 128 + b"DICM"


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def syntax(uid: bytes) -> bytes:
    return PREFIX + element(0x00020010, b"UI", uid + b"\0" * (len(uid) % 2))


def nest(depth: int) -> bytes:
    start = struct.pack("<HH2sHL", 0x0009, 0x1001, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    ends = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return (start + item) * depth + ends * depth


def test_sixteen_kib_that_inflate_to_millions_of_elements_end_at_once():
    """A million empty elements in 16 KiB would keep a trusting parser busy for long."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = body.compress(b"\x09\x00\x10\x00\0\0\0\0" * 1_300_000) + body.flush()
    assert len(packed) < 20_000
    started = time.process_time()
    with pytest.raises(UnsupportedRadiograph, match="times its size"):
        parse_header(syntax(b"1.2.840.10008.1.2.1.99") + packed, source="film")
    assert time.process_time() - started < 1.0


def test_more_elements_than_any_film_has_are_refused():
    """Counted wherever they stand, in sequences too."""
    many = b"\x09\x00\x10\x00UI\0\0" * (MAX_ELEMENTS + 1)
    with pytest.raises(UnsupportedRadiograph, match="20,000 DICOM elements"):
        parse_header(syntax(b"1.2.840.10008.1.2.1") + many, source="film")


def test_sequences_that_nest_too_deep_are_refused():
    """Sixteen deep is read over, a thousand is not."""
    header = syntax(b"1.2.840.10008.1.2.1")
    assert parse_header(header + nest(16), source="film").elements
    with pytest.raises(UnsupportedRadiograph, match="at most 16 deep"):
        parse_header(header + nest(1000), source="film")


def test_a_deflated_film_that_was_cut_is_truncated():
    """Not one byte is made up."""
    data = encode_film(draw_values(), "1.2.840.10008.1.2.1.99")
    with pytest.raises(TruncatedFilm):
        decode_dicom(data[:-40], source="film")


def test_what_does_not_inflate_is_unreadable():
    """A transfer syntax that lies is a damaged file."""
    with pytest.raises(UnreadableFilm, match="deflated"):
        parse_header(syntax(b"1.2.840.10008.1.2.1.99") + b"\xff" * 64, source="film")


@pytest.mark.parametrize("coding", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_a_film_without_preamble_and_meta_header_is_read(coding: str):
    """Its first element says how it is written."""
    data = encode_film(draw_values(), coding)
    meta_length = struct.unpack("<L", data[140:144])[0]
    bare = data[144 + meta_length :]
    assert is_dicom(bare)
    np.testing.assert_array_equal(
        decode_dicom(bare, source="film").radiograph.pixels,
        decode_dicom(data, source="film").radiograph.pixels,
    )


@pytest.mark.parametrize(("real", "said"), [(IMPLICIT, EXPLICIT), (EXPLICIT, IMPLICIT)])
def test_a_transfer_syntax_that_lies_about_vrs_is_found_out(real: str, said: str):
    """Implicit where the header says explicit, or the other way round, as some writers do."""
    data = encode_film(draw_values(), real)
    true, false = (
        element(0x00020010, b"UI", uid.encode() + b"\0" * (len(uid) % 2)) for uid in (real, said)
    )
    assert true in data
    np.testing.assert_array_equal(
        decode_dicom(data.replace(true, false, 1), source="film").radiograph.pixels,
        decode_dicom(data, source="film").radiograph.pixels,
    )


def test_private_sequences_are_stepped_over():
    """Of undefined length, with items of either kind, before the pixels."""
    data = encode_film(draw_values())
    at = data.index(b"\x28\x00\x02\x00US")
    with_private = data[:at] + nest(3) + data[at:]
    assert decode_dicom(with_private, source="film").radiograph.rows == 40


@pytest.mark.parametrize("seed", range(4))
def test_no_damage_makes_it_raise_anything_but_a_fault_of_the_film(seed: int):
    """Bytes flipped, cut and doubled at random, in every coding."""
    rng = np.random.default_rng(seed)
    codings = (EXPLICIT, IMPLICIT, BIG_ENDIAN, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5")
    data = np.frombuffer(encode_film(draw_values(), codings[seed % 5]), np.uint8)
    for _ in range(300):
        spoilt = data.copy()
        at = rng.integers(128, len(data), rng.integers(1, 6))
        spoilt[at] = rng.integers(0, 256, at.size)
        end = rng.integers(100, len(data)) if rng.random() < 0.3 else len(data)
        try:
            pixels = decode_dicom(spoilt[:end].tobytes(), source="film").radiograph.pixels
        except FilmFault:
            continue
        assert 0.0 <= pixels.min() <= pixels.max() <= 1.0


def sequence(length: int, items: bytes) -> bytes:
    return struct.pack("<HH2sHL", 0x0008, 0x2218, b"SQ", 0, length) + items


def item(length: int) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, length)


INSIDE = element(0x00080100, b"SH", b"T-1 ") + element(0x00080104, b"LO", b"limb")
OPEN = 0xFFFFFFFF
WHOLE = item(len(INSIDE)) + INSIDE
BOTH_OPEN = item(OPEN) + INSIDE
ITEM_END = struct.pack("<HHL", 0xFFFE, 0xE00D, 0)
SEQUENCE_END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
# What stands before the pixels, and whether its lengths are remarked on.
ODD_SEQUENCES = {
    "as it should be": (sequence(len(WHOLE), WHOLE), False),
    "too short": (sequence(len(WHOLE) - 4, WHOLE), True),
    "too long": (sequence(len(WHOLE) + 6, WHOLE), True),
    "longer than the file": (sequence(10**8, WHOLE), True),
    "over the next element": (sequence(len(WHOLE) + 26, WHOLE), True),
    "its item too long": (sequence(len(WHOLE), item(len(INSIDE) + 30) + INSIDE), False),
    "its item too short": (sequence(len(WHOLE), item(4) + INSIDE), False),
    "its item closed by its end": (sequence(OPEN, BOTH_OPEN + SEQUENCE_END), False),
    "without its end": (sequence(OPEN, BOTH_OPEN + ITEM_END), True),
    "without its end, its item closed": (sequence(OPEN, WHOLE), True),
    "with an end too many": (sequence(len(WHOLE), WHOLE) + SEQUENCE_END, False),
    "with an item's end too many": (sequence(len(WHOLE), WHOLE) + ITEM_END, False),
    "in a sequence, both items closed by its end": (
        sequence(OPEN, item(OPEN) + sequence(OPEN, BOTH_OPEN + SEQUENCE_END) + SEQUENCE_END),
        False,
    ),
    "of a length, its item without an end": (
        sequence(len(BOTH_OPEN) + 8, BOTH_OPEN + SEQUENCE_END),
        False,
    ),
}


@pytest.mark.parametrize("name", ODD_SEQUENCES)
def test_a_sequence_ends_where_its_items_do(name: str):
    """PS3.5 7.5: whatever its length or its delimiters say, and no element behind it is lost."""
    odd, is_noted = ODD_SEQUENCES[name]
    data = encode_film(draw_values())
    at = data.index(b"\x10\x00\x10\x00PN")
    film = decode_dicom(data[:at] + odd + data[at:], source="film")
    assert film.instance == decode_dicom(data, source="film").instance
    np.testing.assert_array_equal(
        film.radiograph.pixels, decode_dicom(data, source="film").radiograph.pixels
    )
    noted = [note.code for note in film.radiograph.notes]
    assert noted == (["sequence-length"] if is_noted else [])


def test_a_sequence_that_ends_nowhere_is_unreadable():
    """Neither its items nor its length lead to an element."""
    data = encode_film(draw_values())
    at = data.index(b"\x10\x00\x10\x00PN")
    lost = sequence(len(WHOLE) + 7, WHOLE + b"\1\2\3")
    with pytest.raises(UnreadableFilm) as fault:
        decode_dicom(data[:at] + lost + data[at:], source="film")
    assert fault.value.code == "sequence-length"


def test_a_table_behind_a_sequence_that_is_too_long_is_not_lost():
    """Swallowed whole, a VOI LUT would be missing without a word."""
    lut = Dataset()
    lut.add_new(0x00283002, "US", [4096, 0, 12])
    lut.add_new(0x00283006, "OW", np.arange(4096, dtype="<u2")[::-1].tobytes())
    said = {"WindowCenter": None, "WindowWidth": None, "VOILUTSequence": [lut]}
    data = encode_film(draw_values(), **said)
    at = data.index(b"\x28\x00\x10\x30SQ")
    (length,) = struct.unpack("<L", data[at + 8 : at + 12])
    before = struct.pack("<HH2sHL", 0x0028, 0x3000 - 1, b"SQ", 0, len(WHOLE) + 12 + length)
    film = decode_dicom(data[:at] + before + WHOLE + data[at:], source="film").radiograph
    np.testing.assert_array_equal(film.pixels, decode_dicom(data, source="").radiograph.pixels)
    assert [note.code for note in film.notes] == ["sequence-length"]
