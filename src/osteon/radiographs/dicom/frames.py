"""The fragments of encapsulated pixel data become the code stream of one frame, PS3.5 A.4.

What wraps a frame is often wrong where the frame is whole: no delimiter at the end, no offset table
at the start, a length that is odd or too long, bytes behind the end. The frame counts: a JPEG,
JPEG-LS or JPEG 2000 stream has an end of its own, and an RLE frame can only end with its pixels.
The offset table is not used, so what it says cannot mislead.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from osteon.errors import TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.walk import REFETCH, UNDEFINED, Element
from osteon.terms import Reason

_STREAM_STARTS: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")
_STREAM_END: Final = b"\xff\xd9"  # ITU-T T.81 EOI, T.87 EOI, T.800 EOC
_RLE_HEADER: Final = 64  # PS3.5 G.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        data: Its code stream.
        notes: What was wrong with its wrapping.
    """

    data: bytes
    notes: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fragments:
    """The items of pixel data, the offset table among them."""

    items: tuple[bytes, ...]
    is_closed: bool
    is_cut: bool


def join_fragments(pixel_data: Element, *, source: str) -> Frame:
    """Join the fragments of pixel data that hold one frame.

    Args:
        pixel_data: Of undefined length.
        source: Where it came from.

    Returns:
        The frame.

    Raises:
        TruncatedFilm: If a fragment is cut, or is missing.
        UnreadableFilm: If something else than fragments is there.
        UnsupportedRadiograph: If there are several frames.
    """
    found = _read_items(pixel_data, source)
    notes = []
    items = found.items
    # PS3.5 A.4: the first item is the offset table, empty or not; some writers leave it out.
    if items and _begins_frame(items[0]):
        notes.append(_NO_TABLE)
    else:
        items = items[1:]
    items = tuple(item for item in items if item.strip(b"\0"))
    items, has_more = _cut_behind_end(items)
    n_frames = sum(map(_begins_frame, items + has_more))
    if n_frames > 1:
        raise UnsupportedRadiograph(
            source,
            "must hold one picture",
            found=f"{n_frames} frames of pixel data",
            advice="Save the frame that is the radiograph as an instance of its own.",
            code="frames",
        )
    data, tail = _cut_at_end(b"".join(items))
    if has_more or tail.strip(b"\0\xff"):
        notes.append(_EXTRA)
    if found.is_cut or not found.is_closed or not data:
        _refuse_cut(data, found, source)
        notes.append(_NOT_CLOSED)
    return Frame(data=data, notes=tuple(notes))


_NO_TABLE: Final = Reason(
    code="offset-table",
    text="The pixel data begin without an offset table; their first item is the picture.",
)
_EXTRA: Final = Reason(
    code="extra-fragments",
    text="The pixel data go on behind the end of the picture; what follows was left out.",
)
_NOT_CLOSED: Final = Reason(
    code="sequence-delimiter",
    text="The file ends without closing its pixel data; the picture in them has its own end.",
)


def _read_items(pixel_data: Element, source: str) -> _Fragments:
    """Return the items up to the delimiter, or as far as there are any.

    Raises:
        UnreadableFilm: If there is none.
    """
    data, order = pixel_data.value, "<" if pixel_data.coding.is_little else ">"
    items: list[bytes] = []
    at, is_closed, is_cut = 0, False, False
    while len(data) - at >= 8:
        group, number, length = struct.unpack_from(f"{order}HHL", data, at)
        tag = group << 16 | number
        if tag == tags.SEQUENCE_END:
            is_closed = True
            break
        if tag != tags.ITEM or length == UNDEFINED:
            if items and len(items[-1]) % 2 and data[at] == 0:
                at += 1  # PS3.5 A.4: a fragment is even; this one's padding was not counted
                continue
            break
        at += 8
        items.append(bytes(data[at : at + length]))
        is_cut = len(items[-1]) < length
        at += length
    if not items and not is_closed:
        raise UnreadableFilm(
            source,
            "must hold items in its DICOM sequences",
            found="something else",
            advice="The file is damaged: fetch it again, or leave it out.",
        )
    return _Fragments(items=tuple(items), is_closed=is_closed, is_cut=is_cut)


def _begins_frame(item: bytes) -> bool:
    if item.startswith(_STREAM_STARTS):
        return True
    if len(item) < _RLE_HEADER:
        return False
    n_segments, *starts = struct.unpack_from("<16L", item)  # PS3.5 G.5
    return 1 <= n_segments <= 15 and starts[0] == _RLE_HEADER and not any(starts[n_segments:])


def _cut_behind_end(items: Sequence[bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the items up to the end of the first stream, and those behind it."""
    if items and items[0].startswith(_STREAM_STARTS):
        for number, item in enumerate(items, start=1):
            if item.rstrip(b"\0").endswith(_STREAM_END):
                return tuple(items[:number]), tuple(items[number:])
    elif items and _begins_frame(items[0]):  # RLE: a fragment is a frame, PS3.5 A.4.2
        number = next((n for n, item in enumerate(items) if n and _begins_frame(item)), len(items))
        return tuple(items[:number]), tuple(items[number:])
    return tuple(items), ()


def _cut_at_end(data: bytes) -> tuple[bytes, bytes]:
    """Return a stream up to its end, and what stands behind that."""
    # No code stream has these two bytes within its data, ITU-T T.81 B.1.1.2, T.87 A.1, T.800 A.1.
    at = data.rfind(_STREAM_END) if data.startswith(_STREAM_STARTS) else -1
    return (data, b"") if at < 0 else (data[: at + 2], data[at + 2 :])


def _refuse_cut(data: bytes, found: _Fragments, source: str) -> None:
    """Refuse a frame that has no end where its wrapping has none.

    Raises:
        TruncatedFilm: If it has none.
    """
    is_stream = data.startswith(_STREAM_STARTS)
    has_end = data.endswith(_STREAM_END) if is_stream else not found.is_cut
    if not data or not has_end:
        raise TruncatedFilm(
            source,
            "must hold every fragment of its picture whole",
            found="a file that was cut short, or one whose lengths are wrong",
            advice=REFETCH,
        )
