"""What a compressed frame says about itself, read before a native decoder sees it.

A data set of 100 × 100 pixels may hold a code stream of 60,000 × 60,000: its decoder would ask for
the memory of the second.
"""

from dataclasses import dataclass
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
    """

    family: Family
    data: bytes
    rows: int
    columns: int
    precision: int
    n_components: int
    is_signed: bool = False

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
    )
