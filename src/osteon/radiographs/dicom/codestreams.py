"""What a compressed frame says about itself, read before a native decoder sees it.

A data set of 100 × 100 pixels may hold a code stream of 60,000 × 60,000: its decoder would ask for
the memory of the second.
"""

import struct
from dataclasses import dataclass, replace
from typing import Final, Literal

from osteon.errors import UnreadableFilm

Family = Literal["jpeg", "jpeg-lossless", "jpeg-ls", "jpeg-2000"]

_J2K_START: Final = b"\xff\x4f\xff\x51"  # ISO/IEC 15444-1 A.4.1: SOC, then SIZ
_JP2_START: Final = b"\x00\x00\x00\x0cjP  "
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # ITU-T T.81, table B.1: no length follows
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # Huffman: baseline, extended, progressive


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeStream:
    """A frame's code stream, and its own account of what it holds.

    Attributes:
        family: Which decoder it is for.
        data: From the start of image on.
        rows: Height in pixels.
        columns: Width in pixels.
        precision: Bits per sample.
        n_components: Samples per pixel.
        is_signed: Whether samples are signed; only JPEG 2000 says so.
        frame_at: Where the frame header begins; in JPEG and JPEG-LS.
    """

    family: Family
    data: bytes
    rows: int
    columns: int
    precision: int
    n_components: int
    is_signed: bool = False
    frame_at: int = 0

    @property
    def has_end(self) -> bool:
        """Whether the end marker is there; bytes of padding may follow it."""
        return self.data.rstrip(b"\0\xff").endswith(b"\xff\xd9")


def parse_codestream(data: bytes, *, source: str) -> CodeStream:
    """Read a code stream's own header.

    Args:
        data: One frame.
        source: Where it came from.

    Returns:
        What it says.

    Raises:
        UnreadableFilm: If it is no code stream that is read here.
    """
    try:
        stream = _parse_j2k(data) if _is_j2k(data) else _parse_jpeg(data)
    except IndexError:
        stream = None
    if stream is None:
        raise UnreadableFilm(
            source,
            "must hold a JPEG, JPEG-LS or JPEG 2000 code stream, as its transfer syntax says",
            advice="The file is damaged: fetch it again, or leave it out.",
        )
    return stream


def _is_j2k(data: bytes) -> bool:
    return data.startswith((_J2K_START, _JP2_START))


def _parse_j2k(data: bytes) -> CodeStream | None:
    # Some writers keep the boxes of a JP2 file, which PS3.5 A.4.4 forbids.
    at = data.find(_J2K_START, 0, 4096)
    if at < 0:
        return None
    stream = data[at:]
    sides = [int.from_bytes(stream[i : i + 4], "big") for i in range(8, 24, 4)]  # A.5.1
    width, height, left, top = sides
    depth, step_x, step_y = stream[42], stream[43], stream[44]
    if (step_x, step_y) != (1, 1):
        return None
    return CodeStream(
        family="jpeg-2000",
        data=stream,
        rows=height - top,
        columns=width - left,
        precision=(depth & 0x7F) + 1,
        n_components=int.from_bytes(stream[40:42], "big"),
        is_signed=bool(depth & 0x80),
    )


def _parse_jpeg(data: bytes) -> CodeStream | None:
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at < len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker == 0xD9:
            return None
        if marker == 0xFF:  # fill
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES | {0xC3, 0xF7}:
            return _parse_frame(data, at, marker)
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _parse_frame(data: bytes, at: int, marker: int) -> CodeStream:
    families: dict[int, Family] = {0xC3: "jpeg-lossless", 0xF7: "jpeg-ls"}
    return CodeStream(
        family=families.get(marker, "jpeg"),
        data=data,
        precision=data[at + 4],
        rows=int.from_bytes(data[at + 5 : at + 7], "big"),
        columns=int.from_bytes(data[at + 7 : at + 9], "big"),
        n_components=data[at + 9],
        frame_at=at,
    )


def add_rows(stream: CodeStream, n_rows: int) -> CodeStream:
    """Return a JPEG whose header says that it has some rows more.

    Args:
        stream: The JPEG.
        n_rows: How many.
    """
    rows, at = stream.rows + n_rows, stream.frame_at + 5  # ITU-T T.81, B.2.2: Y
    data = stream.data[:at] + rows.to_bytes(2, "big") + stream.data[at + 2 :]
    return replace(stream, data=data, rows=rows)


def drop_exif(data: bytes) -> bytes:
    """Return a JPEG without its EXIF segments, whose orientation is no matter of DICOM's.

    Args:
        data: The code stream. How a film lies, its data set says: PS3.3 C.7.6.1.1.1.
    """
    at, kept = 2, [data[:2]]
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        is_bare = data[at + 1] in _BARE
        after = at + 2 if is_bare else at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xFF:  # fill
            after = at + 1
        if not (data[at + 1] == 0xE1 and data[at + 4 : at + 8] == b"Exif"):
            kept.append(data[at:after])
        at = after
    return b"".join((*kept, data[at:]))


def is_gapless_j2k(data: bytes) -> bool:
    """Return whether each tile-part of a JPEG 2000 stream ends where the next one begins.

    A piece that is missing from the middle leaves a stream that ends as it should; its decoder
    takes what is there and paints something.

    Args:
        data: The code stream, from SOC on.
    """
    at = 2
    while at + 12 <= len(data):
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == 0xFFD9:  # EOC
            return True
        if marker != 0xFF90:  # ISO/IEC 15444-1 A.4.2: SOT; before the first, the main header
            at += 2 + length
            continue
        (tile_part,) = struct.unpack_from(">L", data, at + 6)
        if not tile_part:  # the last one: up to EOC
            return True
        at += tile_part
        if data[at : at + 2] not in {b"\xff\x90", b"\xff\xd9"}:
            return False
    return data[at : at + 2] == b"\xff\xd9"
