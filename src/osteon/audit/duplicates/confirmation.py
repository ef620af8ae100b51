"""How much of what two films show of bone they show in common, frames and letters left out.

A viewer's frame, a ruler, a hospital's logo and its border are the same on films that have nothing
else in common. They are drawn: most of a block of them has one grey, beside hard edges. A
radiograph has no two neighbouring greys for certain, except where it shows nothing. So blocks in
which one grey prevails say little about whether two films are one picture, and what the others
hold must be confirmed: a structure of either film that the other does not have in its place is a
witness against, also where the other is empty.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from osteon.audit.duplicates.blocks import Grid
from osteon.terms import Floats, Pixels8

MIN_CONFIRMED: Final = 0.45
"""Share of the structure in either film that the other must confirm, where that is bone."""

MIN_CONFIRMED_DRAWN: Final = 0.8
"""The same where nearly all on which they agree is drawn: a frame is no evidence, and letters over
a film may pass for bone. docs/decisions/0036 has the numbers behind both."""

MOSTLY_DRAWN: Final = 0.75
"""Share of the structure on which two films agree from which it is nearly all drawn."""

_DRAWN: Final = (0.2, 0.3)
"""Share of a block that is of one grey: up to the first it is a radiograph's, from the second on
it is drawn, or shows nothing."""

_MIN_SPREAD: Final = 1.5
_FULL_SPREAD: Final = 5.0
"""Greys from which a block weighs no more, or letters would outweigh bone."""
_AGREES: Final = 0.5
_STEP: Final = 2  # every other pixel of a block is counted
_GREYS_PER_BIN: Final = 5
_LEAST: Final = 0.01
"""Share of the structure below which a radiograph's is too little to judge by."""

_FRAME: Final = 0.3
"""Share of all structure that a frame has at least."""

_STRAY: Final = 3.0
"""Percent of the blocks at either end that do not stretch the window around the others."""

_Corners = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Rows and columns at which blocks begin."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """What two films that lie on one another say of each other.

    Attributes:
        share: Of the structure in either film that may be bone, how much is in both; in [0, 1].
        drawn: Of all structure that is in both, how much is drawn; in [0, 1].
        common: Of all structure, how much is in both; in [0, 1].
        window: Left, top, right and bottom of the part of a's picture in which they differ; None
            where they differ nowhere.
    """

    share: float
    drawn: float
    common: float
    window: tuple[int, int, int, int] | None = None

    @property
    def is_enough(self) -> bool:
        """Whether the two may be one picture."""
        least = MIN_CONFIRMED_DRAWN if self.drawn > MOSTLY_DRAWN else MIN_CONFIRMED
        return self.share >= least

    @property
    def is_frame(self) -> bool:
        """Whether it is a frame that the two have in common, whatever it holds."""
        return self.drawn > MOSTLY_DRAWN and self.common > _FRAME and not self.is_enough


def measure_confirmed(
    pictures: tuple[Pixels8, Pixels8],
    flattened: tuple[Floats, Floats],
    shown: npt.NDArray[np.uint8],
    grid: Grid,
) -> Confirmation:
    """Measure how much of what is in either film is in both.

    Args:
        pictures: The films on one another, greys as they are; a negative need not be turned round.
        flattened: The same without their ground, a negative turned round.
        shown: 1 where both show their films.
        grid: How they are cut; blocks lie twice as dense as it says.

    Returns:
        What they confirm, and where they differ. Where there is next to nothing that may be a
        radiograph, all structure counts. Where nearly all structure agrees, nothing need be left
        out to know that enough of the rest does: the share is then that of all structure.
    """
    size = grid.block
    tops, lefts = (np.arange(0, side - size + 1, grid.stride // 2) for side in shown.shape)
    if not tops.size or not lefts.size:
        return Confirmation(share=1.0, drawn=0.0, common=1.0)
    weights, agrees = _compare_blocks(flattened, shown, (tops, lefts), size)
    total = float(weights.sum())
    against = float(weights[~agrees].sum())
    if against <= (1.0 - MIN_CONFIRMED_DRAWN) * _LEAST * total:
        common = 1.0 - against / total if total else 1.0
        return Confirmation(share=common, drawn=0.0, common=common)
    flat = np.minimum(*(_measure_flatness(own, (tops, lefts), size) for own in pictures))
    radiograph = weights * np.clip((_DRAWN[1] - flat) / (_DRAWN[1] - _DRAWN[0]), 0.0, 1.0)
    if radiograph.sum() < _LEAST * total:
        radiograph = weights
    kept = float(radiograph[agrees].sum())
    rows, columns = np.nonzero((radiograph > 0) & ~agrees)
    return Confirmation(
        share=min(kept / float(radiograph.sum()), 1.0),
        drawn=1.0 - kept / max(total - against, 1e-9),
        common=1.0 - against / total,
        window=_surround(tops[rows], lefts[columns], size),
    )


def _surround(
    tops: npt.NDArray[np.int64], lefts: npt.NDArray[np.int64], size: int
) -> tuple[int, int, int, int] | None:
    """Return the window around blocks, a few strays left out."""
    if not tops.size:
        return None
    ends = (_STRAY, 100.0 - _STRAY)
    (top, bottom), (left, right) = (np.percentile(own, ends) for own in (tops, lefts))
    return int(left), int(top), int(right) + size, int(bottom) + size


def _compare_blocks(
    flattened: tuple[Floats, Floats], shown: npt.NDArray[np.uint8], corners: _Corners, size: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return what is in each block, the fuller film's, and whether both have the same in it."""
    middle = np.ix_(*(corner + size // 2 for corner in corners))
    box = (size, size)
    whole = cv2.boxFilter(shown, cv2.CV_32F, box, borderType=cv2.BORDER_CONSTANT)[middle] > 0.999
    means = [cv2.boxFilter(own, cv2.CV_32F, box) for own in flattened]
    squares = [cv2.sqrBoxFilter(own, cv2.CV_32F, box) for own in flattened]
    product = cv2.boxFilter(flattened[0] * flattened[1], cv2.CV_32F, box)
    spread_a, spread_b = (
        np.sqrt(np.maximum(square[middle] - mean[middle] ** 2, 0.0))
        for square, mean in zip(squares, means, strict=True)
    )
    common = product[middle] - means[0][middle] * means[1][middle]
    spread = np.maximum(spread_a, spread_b)
    weights = np.where(whole & (spread > _MIN_SPREAD), np.minimum(spread, _FULL_SPREAD), 0.0)
    return weights, common > _AGREES * np.maximum(spread_a * spread_b, 1e-3)


def _measure_flatness(picture: Pixels8, corners: _Corners, size: int) -> Floats:
    """Return the share of each block that has its commonest grey, or one close to it."""
    tops, lefts = (corner // _STEP for corner in corners)
    small = np.ascontiguousarray(picture[::_STEP, ::_STEP])
    windows = np.lib.stride_tricks.sliding_window_view(small, (size // _STEP, size // _STEP))
    shape = (tops.size, lefts.size)
    blocks = windows[np.ix_(tops, lefts)].reshape(tops.size * lefts.size, -1).astype(np.int32)
    n_bins = 256 // _GREYS_PER_BIN + 2
    rows = np.arange(len(blocks), dtype=np.int32)[:, None] * n_bins
    most = np.zeros(len(blocks), np.int64)
    for shift in (0, _GREYS_PER_BIN // 2):
        bins = rows + (blocks + shift) // _GREYS_PER_BIN
        counts = np.bincount(bins.ravel(), minlength=len(blocks) * n_bins)
        most = np.maximum(most, counts.reshape(len(blocks), n_bins).max(axis=1))
    return np.asarray(most / blocks.shape[1], np.float32).reshape(shape)
