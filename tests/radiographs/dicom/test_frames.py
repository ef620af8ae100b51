"""A frame that is whole is read, however it is wrapped; one that is not is never padded."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.dicom_limbs import DEEP, RIGHT, read, refusal
from tests.dicoms import (
    EXPLICIT,
    EXTENDED_FRAME,
    JPEG_2000,
    JPEG_2000_LOSSY,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    JPEG_LS,
    RLE,
    WINDOW,
    build_dataset,
    compress,
    draw_values,
    encode_dataset,
    encode_jpeg_lossless,
)

from osteon.errors import TruncatedFilm, UnreadableFilm
from osteon.radiographs.dicom.codestreams import drop_exif

EIGHT = (DEEP >> 4).astype(np.uint8)
END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
PIXEL_DATA = b"\xe0\x7f\x10\x00OB\x00\x00"
SYNTAXES = [JPEG_BASELINE, JPEG_LOSSLESS, JPEG_LS, JPEG_2000, RLE]


def item(value: bytes, *, length: int | None = None) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(value) if length is None else length) + value


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The drawn limb's frame in each transfer syntax, of an even length."""
    made = {syntax: compress(DEEP, syntax, bits=12) for syntax in (RLE, JPEG_LS, JPEG_2000)}
    made[JPEG_BASELINE] = compress(EIGHT, JPEG_BASELINE, bits=8)
    made[JPEG_LOSSLESS] = lossless_frame(tmp_path_factory.mktemp("gdcm"))
    return {syntax: frame + b"\0" * (len(frame) % 2) for syntax, frame in made.items()}


def lossless_frame(folder: Path) -> bytes:
    data = encode_jpeg_lossless(build_dataset(DEEP, **WINDOW), folder)
    at = data.index(b"\xfe\xff\x00\xe0", data.index(PIXEL_DATA)) + 8
    at = data.index(b"\xff\xd8\xff", at)
    return data[at : data.rindex(b"\xff\xd9") + 2]


def write(syntax: str, wrapped: bytes, **said: object) -> bytes:
    """Write the limb's header, and these bytes as its pixel data."""
    if syntax == JPEG_BASELINE:
        said = {"WindowCenter": "128", "WindowWidth": "256"} | said
        ds = build_dataset(EIGHT, bits=8, **said)
    else:
        ds = build_dataset(DEEP, **(WINDOW | said))
    data = encode_dataset(ds, syntax, b"\xff\xd8\xff\xd9")
    return data[: data.index(PIXEL_DATA) + 12] + wrapped


def check_read(data: bytes, codes: list[str]) -> None:
    pixels, noted = read(data)
    assert np.abs(pixels - RIGHT).max() < (0.1 if JPEG_BASELINE.encode() in data else 2 / 255)
    assert np.abs(pixels - RIGHT).mean() < 0.01
    assert noted == codes


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_missing_delimiter_behind_a_whole_frame_is_noted(frames: dict[str, bytes], syntax: str):
    """PS3.5 A.4 wants one; the frame has an end of its own."""
    check_read(write(syntax, item(b"") + item(frames[syntax])), ["sequence-delimiter"])
    check_read(write(syntax, item(b"") + item(frames[syntax]) + b"abc"), ["sequence-delimiter"])


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_frame_that_ends_with_the_file_and_is_not_whole_is_truncated(
    frames: dict[str, bytes], syntax: str
):
    """Whether its item knows of it or not."""
    frame = frames[syntax]
    for kept in (0.4, 0.9, 0.99, 1 - 4 / len(frame)):
        cut = frame[: int(len(frame) * kept) // 2 * 2]
        for wrapped in (item(b"") + item(cut), item(b"") + item(cut, length=len(frame))):
            assert refusal(write(syntax, wrapped)).code == "truncated"


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("table", [struct.pack("<L", 77777), struct.pack("<LL", 0, 4)])
def test_an_offset_table_that_is_wrong_misleads_nobody(
    frames: dict[str, bytes], syntax: str, table: bytes
):
    """It is not used."""
    check_read(write(syntax, item(table) + item(frames[syntax]) + END), [])


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_missing_offset_table_is_noted(frames: dict[str, bytes], syntax: str):
    """The first item is the frame then."""
    check_read(write(syntax, item(frames[syntax]) + END), ["offset-table"])


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_frame_may_have_many_fragments(frames: dict[str, bytes], syntax: str):
    """With nothing between them; and one without its middle is no frame."""
    frame = frames[syntax]
    parts = [frame[:1000], frame[1000:3000], frame[3000:]]
    check_read(write(syntax, item(b"") + b"".join(map(item, parts)) + END), [])
    gap = write(syntax, item(b"") + item(parts[0]) + item(parts[2]) + END)
    assert refusal(gap).code in {"truncated", "unreadable"}


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_two_frames_are_not_one_picture(frames: dict[str, bytes], syntax: str):
    """Whatever NumberOfFrames says."""
    wrapped = item(b"") + 2 * item(frames[syntax]) + END
    assert refusal(write(syntax, wrapped)).code == "frames"
    assert refusal(write(syntax, wrapped, NumberOfFrames="1")).code == "frames"


@pytest.mark.parametrize("syntax", [syntax for syntax in SYNTAXES if syntax != RLE])
def test_what_stands_behind_the_end_of_a_frame_is_left_out(frames: dict[str, bytes], syntax: str):
    """In its own fragment, or in that of the frame."""
    frame = frames[syntax]
    check_read(
        write(syntax, item(b"") + item(frame) + item(b"junk" * 9) + END), ["extra-fragments"]
    )
    check_read(write(syntax, item(b"") + item(frame + b"junk" * 9) + END), ["extra-fragments"])
    check_read(write(syntax, item(b"") + item(frame) + item(b"") + item(bytes(8)) + END), [])


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_fragment_of_an_odd_length_is_read(frames: dict[str, bytes], syntax: str):
    """With a byte of padding that it did not count, or without one."""
    frame = frames[syntax]
    odd = frame[:-1] if frame.endswith(b"\0") else frame + b"\0"
    for padding in (b"", b"\0"):
        check_read(write(syntax, item(b"") + item(odd) + padding + END), [])


def test_a_jpeg_in_dicom_is_not_turned_by_its_exif():
    """Its data set says how a film lies, PS3.3 C.7.6.1.1.1."""
    upright = io.BytesIO()
    Image.fromarray(EIGHT).save(upright, "JPEG", quality=95)
    for orientation in (3, 6):
        exif = Image.Exif()
        exif[274] = orientation
        turned = io.BytesIO()
        Image.fromarray(EIGHT).save(turned, "JPEG", quality=95, exif=exif)
        frame = turned.getvalue() + b"\0" * (len(turned.getvalue()) % 2)
        check_read(write(JPEG_BASELINE, item(b"") + item(frame) + END), [])
        assert drop_exif(turned.getvalue()) == drop_exif(upright.getvalue())


def test_an_rle_frame_without_a_piece_of_its_middle_is_truncated(frames: dict[str, bytes]):
    """What follows is taken for other runs, and makes more pixels than there are, or fewer.

    Nothing else tells, so that one gap in many may pass by chance.
    """
    frame, rng = frames[RLE], np.random.default_rng(0)
    n_read = 0
    for _ in range(200):
        start = int(rng.uniform(0.02, 0.9) * len(frame))
        stop = start + 2 * int(rng.integers(20, 400))
        gap = frame[:start] + frame[min(len(frame) - 4, stop) :]
        try:
            read(write(RLE, item(b"") + item(gap) + END))
        except (TruncatedFilm, UnreadableFilm):
            continue
        n_read += 1
    assert n_read <= 1, "without looking for the surplus they are 20"


def test_a_lossy_j2k_frame_without_a_piece_of_its_middle_is_truncated():
    """Its decoder would paint something."""
    frame = compress(DEEP, JPEG_2000_LOSSY, bits=12)
    gap = frame[: len(frame) // 2] + frame[len(frame) // 2 + 200 :]
    assert refusal(write(JPEG_2000_LOSSY, item(b"") + item(gap) + END)).code == "truncated"


def test_a_jpeg_of_twelve_bits_without_a_piece_of_its_middle_is_truncated():
    """Its scan ends before its picture, or after it.

    Where as many blocks come out as went in, nothing tells; in so small a frame that is not rare.
    """
    frame, rng = EXTENDED_FRAME, np.random.default_rng(0)
    start_of_scan = frame.index(b"\xff\xda") + 10
    ds, n_read = build_dataset(draw_values(), **WINDOW), 0
    for _ in range(100):
        start = int(rng.uniform(start_of_scan, len(frame) - 10))
        stop = min(len(frame) - 2, start + int(rng.integers(1, 150)))
        try:
            read(encode_dataset(ds, JPEG_EXTENDED, frame[:start] + frame[stop:]))
        except (TruncatedFilm, UnreadableFilm):
            continue
        n_read += 1
    assert n_read <= 4, "without a row more they are 7, without noise 12, without both 16"


@pytest.mark.parametrize("syntax", [EXPLICIT, RLE, JPEG_2000])
def test_a_film_that_was_torn_before_it_came_into_dicom_is_not_read(syntax: str):
    """Its file is whole, and its last rows are one block again and again."""
    torn = DEEP.copy()
    torn[80:] = np.tile(DEEP[40:48, 40:48], (5, DEEP.shape[1] // 8))
    frame = None if syntax == EXPLICIT else compress(torn, syntax, bits=12)
    assert refusal(encode_dataset(build_dataset(torn, **WINDOW), syntax, frame)).code == "torn"
