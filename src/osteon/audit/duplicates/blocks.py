"""Cut one picture into blocks, and see where each fits best on another.

Correlation within a block forgives any change of contrast or brightness. The curvature of its peak
says how sure a block is of its place, in each direction: a straight edge is sure across and not
along, and what is blurred is not sure at all.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from osteon.terms import Floats

_MIN_SPREAD: Final = 1.5
"""Greys that a block must differ by, or nothing is in it."""

_Doubles = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """How a picture is cut, in pixels.

    Attributes:
        block: Side of a block.
        stride: From one block to the next.
        ground: What is smoother than this (a Gaussian's sigma) is exposure, no structure.
    """

    block: int
    stride: int
    ground: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Blocks:
    """Where blocks fit best; each array has one entry, or row, per block.

    Attributes:
        centres: x and y, in pixels.
        moves: Best move, x and y, in pixels.
        curvatures: Of the correlation there, shape `(blocks, 2, 2)`, never negative.
        in_place: Correlation without any move.
        at_best: Correlation at the best move.
        is_rim: Whether the best move is as far as was looked.
        spread: Standard deviation of the greys, the smaller of both pictures'.
    """

    centres: _Doubles
    moves: _Doubles
    curvatures: _Doubles
    in_place: _Doubles
    at_best: _Doubles
    is_rim: npt.NDArray[np.bool_]
    spread: Floats

    def measure_slack(self) -> _Doubles:
        """Return how far each block wants to move, in units of its own certainty."""
        squares = np.einsum("nk,nkl,nl->n", self.moves, self.curvatures, self.moves)
        return np.asarray(np.sqrt(squares.clip(0.0)))


def move_blocks(
    ours: Floats, moved: Floats, shown: npt.NDArray[np.uint8], grid: Grid, *, reach: int
) -> Blocks:
    """Move each block of b about its place on a, and see where it fits best.

    Args:
        ours: Picture a, without its ground.
        moved: Picture b, laid on a, without its own.
        shown: 1 where b shows anything, 0 elsewhere.
        grid: How to cut them; blocks that b does not show whole, with their reach, or that hold
            nothing, are left out.
        reach: Moves, in pixels, to either side.
    """
    size = grid.block
    across, down, spread_a, spread_b = _choose_blocks(ours, moved, shown, grid, reach=reach)
    fits = np.empty((len(across), 2 * reach + 1, 2 * reach + 1), np.float32)
    for n, (left, top) in enumerate(zip(across.tolist(), down.tolist(), strict=True)):
        block = ours[top : top + size, left : left + size]
        around = moved[top - reach : top + size + reach, left - reach : left + size + reach]
        fits[n] = cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED)
    centres = np.stack([across, down], axis=1).astype(np.float64) + (size / 2 - 0.5)
    return Blocks(
        centres=centres, **_find_peaks(fits, reach), spread=np.minimum(spread_a, spread_b)
    )


def flatten(picture: Floats, ground: float) -> Floats:
    """Take away what is smoother than structure: exposure, and soft tissue far from bone.

    Args:
        picture: Greys.
        ground: Sigma of the Gaussian that is taken away, in pixels.
    """
    smooth = cv2.GaussianBlur(picture, (0, 0), ground)
    return np.asarray(picture - smooth, np.float32)


def _choose_blocks(
    ours: Floats, moved: Floats, shown: npt.NDArray[np.uint8], grid: Grid, *, reach: int
) -> tuple[_Ints, _Ints, Floats, Floats]:
    """Return left and top of the blocks that b shows whole, and how much is in both films."""
    size = grid.block
    height, width = ours.shape
    tops = np.arange(reach, height - size - reach + 1, grid.stride)
    lefts = np.arange(reach, width - size - reach + 1, grid.stride)
    across, down = (grid.ravel() for grid in np.meshgrid(lefts, tops))
    middle = (down + size // 2, across + size // 2)
    whole = cv2.boxFilter(
        shown, cv2.CV_32F, (2 * reach + size, 2 * reach + size), borderType=cv2.BORDER_CONSTANT
    )[middle]
    spread_a, spread_b = (_measure_spread(picture, size)[middle] for picture in (ours, moved))
    kept = (whole > 0.999) & (spread_a > _MIN_SPREAD)
    return across[kept], down[kept], spread_a[kept], spread_b[kept]


def _measure_spread(picture: Floats, size: int) -> Floats:
    """Return the standard deviation of the greys in the block around each pixel."""
    mean = cv2.boxFilter(picture, cv2.CV_32F, (size, size))
    square = cv2.sqrBoxFilter(picture, cv2.CV_32F, (size, size))
    return np.sqrt(np.maximum(square - mean * mean, 0.0))


def _find_peaks(fits: Floats, reach: int) -> dict[str, Any]:
    """Return best moves, curvatures there, correlations in place and at best, and the rim.

    Args:
        fits: Correlation of each block at each move, shape `(blocks, moves down, moves across)`.
        reach: Moves, in pixels, to either side.
    """
    n, side = len(fits), 2 * reach + 1
    flat = fits.reshape(n, side * side).astype(np.float64)
    top, left = np.divmod(flat.argmax(axis=1) if n else np.zeros(0, np.int64), side)
    row, column = np.clip(top, 1, side - 2), np.clip(left, 1, side - 2)
    each = np.arange(n)
    near = {
        (dy, dx): flat[each, (row + dy) * side + column + dx]
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    xx = 2 * near[0, 0] - near[0, 1] - near[0, -1]
    yy = 2 * near[0, 0] - near[1, 0] - near[-1, 0]
    xy = (near[-1, 1] + near[1, -1] - near[1, 1] - near[-1, -1]) / 4
    # The nearest curvature that is a peak's: no valley, no saddle.
    mean, half = (xx + yy) / 2, np.maximum(np.hypot((xx - yy) / 2, xy), 1e-12)
    low, high = np.maximum(mean - half, 1e-4), np.maximum(mean + half, 1e-4)
    ratio, middle = (high - low) / (2 * half), (high + low) / 2
    xx, yy, xy = middle + ratio * (xx - yy) / 2, middle - ratio * (xx - yy) / 2, xy * ratio
    curvatures = np.stack([xx, xy, xy, yy], axis=1).reshape(n, 2, 2)
    slopes = np.stack([near[0, 1] - near[0, -1], near[1, 0] - near[-1, 0]], axis=1) / 2
    step = np.clip(np.linalg.solve(curvatures, slopes[:, :, None])[:, :, 0], -1.0, 1.0)
    return {
        "moves": np.stack([column, row], axis=1) - reach + step,
        "curvatures": curvatures,
        "in_place": flat[:, reach * side + reach],
        "at_best": flat.max(axis=1, initial=-1.0),
        "is_rim": (np.minimum(top, left) == 0) | (np.maximum(top, left) == side - 1),
    }


def fit_blocks(blocks: Blocks) -> _Doubles:
    """Fit the small affine move on which the blocks agree, each as sure as its peak is sharp.

    Returns:
        Shape `(2, 3)`: what to add to a pixel's place.
    """
    n = len(blocks.centres)
    centre = blocks.centres.mean(axis=0)
    place = (blocks.centres - centre) / 80.0  # so that all six numbers are of one size
    design = np.zeros((n, 2, 6))
    design[:, 0, :2] = design[:, 1, 3:5] = place
    design[:, 0, 2] = design[:, 1, 5] = 1.0
    trust = np.clip(blocks.at_best, 0.0, 1.0) ** 4 * np.where(blocks.is_rim, 0.2, 1.0)
    hold = np.diag([1.0, 1.0, 0.1, 1.0, 1.0, 0.1]) * 1e-3 * n  # few blocks must not run away
    weights, solved = trust, np.zeros(6)
    weighed = np.einsum("nki,nkl->nil", design, blocks.curvatures)
    normals = np.einsum("nil,nlj->nij", weighed, design).reshape(n, 36)
    pulls = np.einsum("nil,nl->ni", weighed, blocks.moves)
    for _ in range(4):
        solved = np.linalg.solve((weights @ normals).reshape(6, 6) + hold, weights @ pulls)
        left = blocks.moves - design @ solved
        away = np.sqrt(np.einsum("nk,nkl,nl->n", left, blocks.curvatures, left).clip(0.0))
        limit = max(1.5 * float(np.median(away)), 0.05)
        weights = trust / (1.0 + (away / limit) ** 2)  # Cauchy's: blocks with a marker drop out
    move = solved.reshape(2, 3).copy()
    move[:, :2] /= 80.0
    move[:, 2] -= move[:, :2] @ centre
    return move
