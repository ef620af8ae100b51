"""Connected pieces of a map, found without walking it cell by cell.

A row's cells at or above a level make runs; runs of neighbouring rows that touch are joined, all
at once and again until nothing moves. An ordinary map has some hundred runs, whatever its size.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteon.terms import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pieces:
    """The connected pieces of a map at one level; cells that touch at a corner are connected.

    Attributes:
        boxes: (x0, y0, x1, y1) of each in cells, the ends left out, shape `(pieces, 4)`.
        peaks: The highest value in each, shape `(pieces,)`.
        starts: Where each run starts, counted through the map with one empty cell after each row.
        ends: Where each run ends, itself left out.
        piece_of_run: Shape `(runs,)`.
    """

    boxes: Ints
    peaks: Floats
    starts: Ints
    ends: Ints
    piece_of_run: Ints

    def find(self, cells: Ints) -> Ints:
        """Return the piece that each cell is part of, -1 for none.

        Args:
            cells: Counted as `starts` is: `row * (columns + 1) + column`.
        """
        if not self.starts.size:
            return np.full(cells.shape, -1)
        runs = np.searchsorted(self.starts, cells, side="right") - 1
        return np.where((runs >= 0) & (cells < self.ends[runs]), self.piece_of_run[runs], -1)


def find_pieces(values: Floats, level: float) -> Pieces:
    """Return the connected pieces of a map.

    Args:
        values: Shape `(rows, columns)`.
        level: Cells at or above it are part of a piece.
    """
    rows, columns = values.shape
    width = columns + 1  # an empty cell after each row: no run goes over its end
    laid = np.full((rows, width), -np.inf, np.float32)
    laid[:, :columns] = values
    flat = laid.ravel()
    marked = np.zeros(flat.size + 1, np.int8)
    marked[1:] = flat >= np.float32(level)
    ends = np.flatnonzero(np.diff(marked))
    starts, ends = ends[::2], ends[1::2]
    if not starts.size:
        return Pieces(
            boxes=np.zeros((0, 4), np.int64),
            peaks=np.zeros(0, np.float32),
            starts=starts,
            ends=ends,
            piece_of_run=starts,
        )
    _, piece_of_run = np.unique(_join(starts, ends, width), return_inverse=True)
    peaks_of_runs = np.maximum.reduceat(flat, np.column_stack([starts, ends]).ravel())[::2]
    sides = (starts % width, starts // width, ends - starts // width * width, starts // width + 1)
    boxes = np.empty((int(piece_of_run.max()) + 1, 4), np.int64)
    boxes[:, :2], boxes[:, 2:] = flat.size, 0
    peaks = np.full(len(boxes), -np.inf, np.float32)
    np.maximum.at(peaks, piece_of_run, peaks_of_runs)
    for side, of_run in enumerate(sides):
        spread = np.minimum if side < 2 else np.maximum
        spread.at(boxes[:, side], piece_of_run, of_run)
    return Pieces(boxes=boxes, peaks=peaks, starts=starts, ends=ends, piece_of_run=piece_of_run)


def _join(starts: Ints, ends: Ints, width: int) -> Ints:
    """Return one number for all runs of a piece, shape `(runs,)`.

    Each run points at a run of its piece with a lower number, or at itself. Where two that touch
    point at different ones, the higher of these is made to point at the lower.
    """
    first = np.searchsorted(ends, starts + width, side="left")
    n_below = np.searchsorted(starts, ends + width, side="right") - first
    above = np.repeat(np.arange(starts.size), n_below)
    below = np.arange(above.size) + np.repeat(first - (np.cumsum(n_below) - n_below), n_below)
    pointed = np.arange(starts.size)
    while above.size:
        ones, others = pointed[above], pointed[below]
        lower = np.minimum(ones, others)
        np.minimum.at(pointed, ones, lower)
        np.minimum.at(pointed, others, lower)
        while not np.array_equal(shorter := pointed[pointed], pointed):
            pointed = shorter
        apart = pointed[above] != pointed[below]
        above, below = above[apart], below[apart]
    return pointed
