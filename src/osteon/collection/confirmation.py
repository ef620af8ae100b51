"""How much of what two films show of bone they show in common, frames and letters left out.

A viewer's frame, a ruler, a hospital's logo and its border are the same on films that have nothing
else in common. They are drawn: most of a block of them has one grey, beside hard edges. A
radiograph has no two neighbouring greys for certain, except where it shows nothing. So blocks in
which one grey prevails say little about whether two films are one picture, and what the others
hold must be confirmed: a structure of either film that the other does not have in its place is a
witness against, also where the other is empty.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from osteon.collection.blocks import Grid
from osteon.terms import Floats, Pixels8

CONFIRMED: Final = 0.6
"""Share of the structure in either film that the other must confirm (docs/decisions/0033): of 181
pairs of different films in one frame that passed the limits of `alignment`, all but one had less;
of copies, three in a thousand of films beside their own screenshot, and no other."""

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

_Corners = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Rows and columns at which blocks begin."""


def measure_confirmed(
    pictures: tuple[Pixels8, Pixels8],
    flattened: tuple[Floats, Floats],
    shown: npt.NDArray[np.uint8],
    grid: Grid,
) -> float:
    """Measure how much of what is in either film is in both.

    Args:
        pictures: The films on one another, greys as they are; a negative need not be turned round.
        flattened: The same without their ground, a negative turned round.
        shown: 1 where both show their films.
        grid: How they are cut; blocks lie twice as dense as it says.

    Returns:
        The share, in [0, 1]. Where there is next to nothing that may be a radiograph, all
        structure counts. Where nearly all structure agrees, what is drawn need not be left out to
        know that more than `CONFIRMED` does: the share is then that of all structure.
    """
    size = grid.block
    tops, lefts = (np.arange(0, side - size + 1, grid.stride // 2) for side in shown.shape)
    if not tops.size or not lefts.size:
        return 1.0
    weights, agrees = _compare_blocks(flattened, shown, (tops, lefts), size)
    total = float(weights.sum())
    against = float(weights[~agrees].sum())
    if against <= (1.0 - CONFIRMED) * _LEAST * total:
        return 1.0 - against / total if total else 1.0
    flat = np.minimum(*(_measure_flatness(own, (tops, lefts), size) for own in pictures))
    radiograph = weights * np.clip((_DRAWN[1] - flat) / (_DRAWN[1] - _DRAWN[0]), 0.0, 1.0)
    if radiograph.sum() < _LEAST * total:
        radiograph = weights
    return float(radiograph[agrees].sum()) / float(radiograph.sum())


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
