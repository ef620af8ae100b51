"""Torn films: the file is whole to its end marker, and a part of the picture is not.

A transfer that broke off leaves a decoder without data, and the program that saved the film again
kept what the decoder had put there. Such a film ends, from one line to its edge, in

| what | how it is told |
|---|---|
| one 8 x 8 block again and again | each line repeats itself every 8 pixels, and is not flat |
| one line again and again | each line equals the one before it, and is not flat |
| middle grey | blocks of 128, which libjpeg puts where one is missing, from the middle of a row |

What films may end in is none of these: black or white borders, collimated edges, frames of one
grey, and letters. The rest of the film must look otherwise, or it is a drawing and not torn.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.errors import TruncatedFilm
from osteon.terms import Floats

BLOCK: Final = 8
"""Side of a JPEG block (ITU-T T.81, A.3.1)."""

MIN_LINES: Final = 16
"""Lines that must repeat: two rows of blocks."""

MIN_BLOCK_ROWS: Final = 1.1
"""Rows of blocks that must repeat: the last one whole, and the end of the one above it."""

MAX_SHARE: Final = 0.75
"""Of a film; what repeats over more than this was drawn so."""

_STRUCTURE: Final = 1.0
"""Of 255: mean step from pixel to pixel along a line that is not flat."""

_NOISY: Final = 0.3
"""Share of a line's pixels that differ from the next, at least."""

_LEFT: Final = 0.1
"""Mean change over a block's width, over the mean change from pixel to pixel: at most this."""

_MIDDLE: Final = 128.0


def refuse_torn(pixels: Floats, *, source: str) -> None:
    """Refuse a film that is torn.

    Args:
        pixels: Decoded greys in [0, 1], shape `(rows, columns)`, as they are stored.
        source: Where the film came from; starts the refusal.

    Raises:
        TruncatedFilm: If a part of the picture is a repeated block or line, or middle grey.
    """
    found = find_tear(pixels)
    if found:
        raise TruncatedFilm(
            source,
            "must hold the whole picture",
            found=found,
            advice="The film is torn: fetch it again, or leave it out; Osteon never fills in a "
            "missing part.",
            code="torn",
        )


def find_tear(pixels: Floats) -> str:
    """Return what stands where a part of a film is missing; empty where it is whole.

    Args:
        pixels: Decoded greys in [0, 1], shape `(rows, columns)`, as they are stored.
    """
    rows, columns = pixels.shape
    if rows < 2 * MIN_LINES or columns < 4 * BLOCK or not _may_be_torn(pixels):
        return ""
    grey = np.asarray(pixels * np.float32(255))
    n_blocks, n_across = _count_last(_find_blocks(grey)), columns // BLOCK - 1
    n_lines = n_blocks // n_across * BLOCK
    if n_blocks >= MIN_BLOCK_ROWS * n_across and n_lines <= MAX_SHARE * rows:
        return f"one block of 8 x 8 pixels, repeated {n_blocks:,} times up to the last line"
    n_grey, n_wide = _count_last(_find_grey(grey)), -(-columns // BLOCK)
    # A part of the film that is grey begins with a line; what was filled in begins with a block.
    if n_grey >= 2 * n_wide and n_grey % n_wide and n_grey // n_wide * BLOCK <= MAX_SHARE * rows:
        return f"middle grey in the last {n_grey:,} blocks"
    n_lines = _count_last(_find_lines(grey))
    if MIN_LINES <= n_lines <= MAX_SHARE * rows:
        return f"one line, repeated {n_lines} times up to the last"
    return ""


def _find_grey(grey: Floats) -> npt.NDArray[np.bool_]:
    """Return which blocks are middle grey all over, in the order of a scan."""
    off = np.abs(grey - _MIDDLE)
    by_line = np.maximum.reduceat(off, np.arange(0, off.shape[1], BLOCK), axis=1)
    by_block = np.maximum.reduceat(by_line, np.arange(0, len(off), BLOCK), axis=0)
    return np.asarray(by_block <= 1.0).ravel()


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


def _may_be_torn(pixels: Floats) -> bool:
    """Return whether the last lines could be such: a look at few pixels, for speed."""
    last = np.asarray(pixels[-MIN_LINES:] * np.float32(255))
    is_middle = np.abs(last - _MIDDLE).max() <= 1.0
    # One line stands for a row of blocks, and so counts for as many as that has.
    last_row = _find_blocks(pixels[-1:] * np.float32(255 * BLOCK))
    return bool(is_middle or last_row.all() or _find_lines(last)[1:].all())
