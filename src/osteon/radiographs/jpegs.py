"""Whether a JPEG's picture is whole, where the decoder would not say.

A JPEG that was cut and then closed with an end marker (programs that "repair" do so) decodes
without complaint: the decoder makes up what is missing. Only its warnings tell, and they are not
passed on. Three things are looked at here instead.

- The headers of a progressive film's scans: where one never came, the film is a blurred one.
- Restart markers, where the film has them: all of them, one after the other.
- Noise put between the last scan and its end marker: a whole scan never reads it, a short one takes
  it for the picture.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_MARKER_IN_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # ITU-T T.81, B.1.1.5
_RESTART: Final = re.compile(rb"\xff[\xd0-\xd7]")
_NOISE: Final = bytes(1 + 89 * i % 250 for i in range(512))
_SCAN, _END, _PROGRESSIVE, _RESTARTS = 0xDA, 0xD9, 0xC2, 0xDD
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_HIGHEST: Final = 63  # the last coefficient of a block


class _Segment(NamedTuple):
    marker: int
    start: int
    stop: int


def find_missing_scan(data: bytes) -> str | None:
    """Return which scan of a progressive JPEG is missing, in words; None where none is.

    Args:
        data: The whole file or code stream.
    """
    components: bytes | None = None
    left: dict[tuple[int, int], int] = {}
    for segment in _walk(data):
        body = data[segment.start : segment.stop]
        if segment.marker in _FRAMES:
            if segment.marker != _PROGRESSIVE or len(body) < 6:
                return None
            components = body[6 : 6 + 3 * body[5] : 3]
        elif segment.marker == _SCAN and components is not None and body:
            n = body[0]
            if len(body) < 4 + 2 * n:
                continue
            first, last, low = body[1 + 2 * n], body[2 + 2 * n], body[3 + 2 * n] & 15
            for component in body[1 : 1 + 2 * n : 2]:
                for coefficient in range(first, min(last, _HIGHEST) + 1):
                    left[component, coefficient] = low
    for component in components or b"":
        missing = [k for k in range(_HIGHEST + 1) if left.get((component, k), 1) > 0]
        if missing:
            return f"the scan of coefficient {missing[0]} of 63 never came"
    return None


def find_missing_interval(data: bytes) -> str | None:
    """Return whether restart intervals are missing from a JPEG, in words; None where none is.

    A decoder that meets the wrong restart marker fills in what it cannot place, or moves it.

    Args:
        data: The whole file or code stream.
    """
    interval, sizes, frame = 0, {}, b""
    for segment in _walk(data):
        body = data[segment.start : segment.stop]
        if segment.marker == _RESTARTS and len(body) >= 2:
            interval = int.from_bytes(body[:2], "big")
        elif segment.marker in _FRAMES and len(body) >= 6 + 3 * body[5]:
            frame = body
            sizes = {
                body[at]: (body[at + 1] >> 4, body[at + 1] & 15)
                for at in range(6, 6 + 3 * body[5], 3)
            }
        elif segment.marker == _SCAN and interval and body:
            scan = data[segment.stop : _find_end_of_scan(data, segment.stop)]
            marks = [mark.group()[1] & 7 for mark in _RESTART.finditer(scan)]
            n_needed = -(-_count_units(frame, sizes, body) // interval) - 1
            if marks != [place % 8 for place in range(len(marks))] or len(marks) < n_needed:
                return f"{len(marks)} of {n_needed} restart markers, or out of order"
    return None


def _count_units(frame: bytes, sizes: dict[int, tuple[int, int]], scan: bytes) -> int:
    """Return how many units a scan codes (ITU-T T.81, A.2): blocks of one component, or of all."""
    rows, columns = (int.from_bytes(frame[at : at + 2], "big") for at in (1, 3))
    widest = max((size[0] for size in sizes.values()), default=1)
    highest = max((size[1] for size in sizes.values()), default=1)
    if scan[0] > 1:
        return -(-columns // (8 * widest)) * -(-rows // (8 * highest))
    across, down = sizes.get(scan[1], (1, 1))
    columns, rows = -(-columns * across // widest), -(-rows * down // highest)
    return -(-columns // 8) * -(-rows // 8)


def put_noise_after_scan(data: bytes) -> bytes:
    """Return the JPEG with noise between its last scan and the marker that ends it.

    Args:
        data: The whole file or code stream.

    Returns:
        What decodes to the same picture, unless the decoder had to make up a part of it.
    """
    stop = len(data)
    for segment in _walk(data):
        if segment.marker == _SCAN:
            stop = _find_end_of_scan(data, segment.stop)
    kept = data[:stop]
    while kept.endswith(b"\xff"):  # fill bytes: the noise must not become a marker
        kept = kept[:-1]
    return kept + _NOISE + data[stop:]


def _find_end_of_scan(data: bytes, start: int) -> int:
    end = _MARKER_IN_SCAN.search(data, start)
    return end.start() if end else len(data)


def _walk(data: bytes) -> Iterator[_Segment]:
    """Yield the segments up to the end marker; like the decoder, pass over what is none.

    The bodies, without their lengths: ITU-T T.81, B.1.1.4.
    """
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker in {0x00, 0xFF}:
            at += 1
        elif marker == _END:
            return
        elif marker in _ALONE:
            at += 2
        else:
            stop = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            yield _Segment(marker, at + 4, min(stop, len(data)))
            at = _find_end_of_scan(data, stop) if marker == _SCAN else max(stop, at + 4)
