"""Torn films: the file is whole to its end marker, and a part of the picture is not.

A transfer that broke off leaves a decoder without data, and the program that saved the film again
kept what the decoder had put there. Such a film shows, from one line to an edge,

| what | how it is told |
|---|---|
| one 8 x 8 block again and again | each line repeats itself every 8 pixels, and is not flat |
| the same, turned, mirrored, resized | its spectrum stands on a comb, along the edge and inwards |
| one line again and again | each line equals the one before it, and is not flat |
| middle grey | lines of 128, which libjpeg puts where a block is missing |

What films may end in is none of these: black or white borders, collimated edges, frames of one
grey, bars of one grey at two edges, rulers, and letters. The rest of the film must look otherwise,
or it is a drawing and not torn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.errors import TornFilm
from osteon.geometry import Box
from osteon.radiographs.lattices import measure_lattice
from osteon.terms import Floats

BLOCK: Final = 8
"""Side of a JPEG block (ITU-T T.81, A.3.1)."""

MIN_LINES: Final = 16
"""Lines that must repeat: two rows of blocks."""

MIN_BLOCK_ROWS: Final = 1.1
"""Rows of blocks that must repeat: the last one whole, and the end of the one above it."""

MAX_SHARE: Final = 0.95
"""Of a film; what repeats over more than this was drawn so."""

_STRUCTURE: Final = 1.0
"""Of 255: mean step from pixel to pixel along a line that is not flat."""

_NOISY: Final = 0.3
"""Share of a line's pixels that differ from the next, at least."""

_LEFT: Final = 0.1
"""Mean change over a block's width, over the mean change from pixel to pixel: at most this."""

_MIDDLE: Final = 128.0

_MIN_REPEATS_INWARDS: Final = 2.5
"""A slanting edge repeats its steps along a line, and is left behind two of them inwards."""

_STEP: Final = 24
"""A row of blocks enlarged by three: where a fill begins, it may begin in the middle of a row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tear:
    """The part of a film that is made up.

    Attributes:
        what: What it shows.
        box: The rectangle that holds it, in pixels.
    """

    what: str
    box: Box


@dataclass(frozen=True, kw_only=True, slots=True)
class _Repeat:
    """What repeats itself up to an edge.

    Attributes:
        what: What it is.
        n_lines: How far it reaches inwards.
    """

    what: str
    n_lines: int


def refuse_torn(pixels: Floats, *, source: str) -> None:
    """Refuse a film that is torn.

    Args:
        pixels: Decoded greys in [0, 1], shape `(rows, columns)`.
        source: Where the film came from; starts the refusal.

    Raises:
        TornFilm: If a part of the picture is a repeated block or line, or middle grey.
    """
    tear = find_tear(pixels)
    if tear is not None:
        raise TornFilm(
            source,
            "must hold the whole picture",
            found=tear.what,
            advice="The film is torn: fetch it again, or leave it out; Osteon never fills in a "
            "missing part.",
        )


def find_tear(pixels: Floats) -> Tear | None:
    """Return which part of a film is made up; None where it is whole.

    Args:
        pixels: Decoded greys in [0, 1], shape `(rows, columns)`.
    """
    rows, columns = pixels.shape
    if min(rows, columns) < 4 * BLOCK:
        return None
    for edge, view in _turn_each_edge_down(pixels):
        found = _find_at_last_line(view)
        if found is not None:
            n = float(found.n_lines)
            boxes: dict[str, Box] = {
                "lower": Box(0.0, rows - n, float(columns), float(rows)),
                "upper": Box(0.0, 0.0, float(columns), n),
                "right": Box(columns - n, 0.0, float(columns), float(rows)),
                "left": Box(0.0, 0.0, n, float(rows)),
            }
            return Tear(what=f"{found.what} up to the {edge} edge", box=boxes[edge])
    return None


def _turn_each_edge_down(pixels: Floats) -> Iterator[tuple[str, Floats]]:
    """Yield the film four times, each edge once as the last line; no pixel is copied."""
    yield "lower", pixels
    yield "upper", pixels[::-1]
    yield "right", pixels.T
    yield "left", pixels.T[::-1]


def _find_at_last_line(view: Floats) -> _Repeat | None:
    """Return what repeats itself up to the last line; looks at few pixels unless it must."""
    last = np.asarray(view[-MIN_LINES:] * np.float32(255), order="C")
    if np.abs(last[-BLOCK:] - _MIDDLE).max() <= 1.0:
        return _find_grey(view)
    if np.ptp(last[-1]) <= 1.0:
        return None
    # One line stands for a row of blocks, and so counts for as many as that has.
    is_blocks = _find_blocks(last[-1:] * np.float32(BLOCK)).all()
    # A tear of one row of blocks fills it to its end, which is on the left of a mirrored film.
    found = _find_repeated_block(view) or _find_repeated_block(view[:, ::-1]) if is_blocks else None
    if found is None and _find_lines(last)[1:].all():
        found = _find_repeated_line(view)
    return found or _find_lattice(view, last)


def _find_repeated_block(view: Floats) -> _Repeat | None:
    rows, columns = view.shape
    n_blocks = _count_last(_find_blocks(view * np.float32(255)))
    n_across = columns // BLOCK - 1
    n_lines = min(rows, rows - (-(-rows // BLOCK) - -(-n_blocks // n_across)) * BLOCK)
    if n_blocks < MIN_BLOCK_ROWS * n_across or n_lines > MAX_SHARE * rows:
        return None
    what = f"one block of 8 x 8 pixels, repeated {n_blocks:,} times"
    return _Repeat(what=what, n_lines=n_lines)


def _find_repeated_line(view: Floats) -> _Repeat | None:
    n_lines = _count_last(_find_lines(view * np.float32(255)))
    if not MIN_LINES <= n_lines <= MAX_SHARE * len(view):
        return None
    return _Repeat(what=f"one line, repeated {n_lines} times", n_lines=n_lines)


def _find_lattice(view: Floats, last: Floats) -> _Repeat | None:
    """Return a block that was turned or resized after it was repeated."""
    lattice = measure_lattice(last[-BLOCK:])
    if lattice is None:
        return None
    n_lines = BLOCK
    while n_lines + BLOCK <= len(view) and lattice.is_in(_cut_lines(view, n_lines)):
        n_lines += BLOCK
    enough = max(MIN_LINES, _MIN_REPEATS_INWARDS * lattice.period)
    if not enough <= n_lines <= MAX_SHARE * len(view):
        return None
    if not lattice.is_two_dimensional(view[-n_lines:] * np.float32(255)):
        return None
    what = f"one block of {lattice.period:.1f} pixels, repeated over {n_lines} lines"
    return _Repeat(what=what, n_lines=n_lines)


def _cut_lines(view: Floats, n_after: int) -> Floats:
    """Return the lines above the last `n_after`, as many as a block has."""
    return view[-n_after - BLOCK : len(view) - n_after] * np.float32(255)


def _find_grey(view: Floats) -> _Repeat | None:
    """Return a fill with middle grey; not a bar at two edges, nor the ground that a cut-out has."""
    is_grey = np.abs(view * np.float32(255) - _MIDDLE) <= 1.0
    is_full = is_grey.all(axis=1)
    n_lines = _count_last(is_full)
    beyond = len(view) - n_lines - _STEP
    if is_full[: BLOCK // 2].all() or n_lines > MAX_SHARE * len(view):
        return None
    if is_grey[max(beyond, 0)].mean() > 0.5:
        return None
    return _Repeat(what=f"middle grey over {n_lines} lines", n_lines=n_lines)


def _count_last(is_so: npt.NDArray[np.bool_]) -> int:
    """Return how many are so at the end, without a gap."""
    return len(is_so) if is_so.all() else int(np.argmin(is_so[::-1]))


def _find_blocks(grey: Floats) -> npt.NDArray[np.bool_]:
    """Return which blocks equal the next in their row and are not flat, in the order of a scan."""
    width = grey.shape[1] // BLOCK * BLOCK
    inside = grey[:, :width]
    apart = np.abs(inside[:, BLOCK:] - inside[:, :-BLOCK])
    steps = np.abs(np.diff(inside, axis=1, append=inside[:, -1:]))[:, BLOCK:]
    apart, steps = (_sum_blocks(values) for values in (apart, steps))
    n_pixels = BLOCK * BLOCK
    return np.asarray((steps > n_pixels * _STRUCTURE) & (apart < _LEFT * steps)).ravel()


def _sum_blocks(values: Floats) -> Floats:
    """Return sums over blocks; the last row of blocks may be lower than the others."""
    by_line = values.reshape(len(values), -1, BLOCK).sum(axis=2)
    summed: Floats = np.add.reduceat(by_line, np.arange(0, len(values), BLOCK), axis=0)
    return summed


def _find_lines(grey: Floats) -> npt.NDArray[np.bool_]:
    """Return which lines equal the one before them, and are not flat."""
    is_equal = np.abs(np.diff(grey, axis=0)).max(axis=1) == 0.0
    steps = np.abs(np.diff(grey, axis=1))
    # A film's line has noise in it; an edge or a column of a drawing is the same all the way down.
    is_structured = (steps.mean(axis=1) > _STRUCTURE) & ((steps > 0).mean(axis=1) > _NOISY)
    return np.asarray(np.concatenate([[False], is_equal]) & is_structured)
