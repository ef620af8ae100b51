"""Lay one film on another and see whether anything moves: this decides what is a copy.

A copy is its film under one affine map and a change of greys. Two exposures of one bone are not:
wherever the patient or the tube moved, some edge lies beside its place under every affine map. So
the films are aligned as well as they can be, and then cut into blocks, each of which is moved about
its place to see where it fits best. On a copy no block wants to move; on another exposure many do.

How far a block wants to move is measured in units of its own certainty: the distance under the
curvature of its correlation around the peak, so that a blurred block, which fits anywhere nearly
as well, does not accuse, and a sharp one does. Correlation within a block forgives any change of
contrast or brightness, and blocks with little in them weigh little.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from osteon.collection.fingerprint import Fingerprint, stretch_greys
from osteon.collection.pose import Matrix, Pose, find_pose, is_believable
from osteon.terms import Floats, Pixels8

FINE_SIDE: Final = 480
"""Long side, in pixels, at which films that agree are looked at once more, where they have it."""

LIMIT: Final = 1.0
"""Score above which two pictures are one; see `Fit.score`."""

FINE_LIMIT: Final = 0.7
"""The same for the second look, at `FINE_SIDE`."""

DOUBT: Final = -1.0
"""Score above which a second look is worth while."""

MIN_OVERLAP: Final = 0.2
"""Share of the smaller film that both must show: less is too little to tell."""

_MIN_SPREAD: Final = 1.5
"""Greys that a block must differ by, or nothing is in it."""

_Doubles = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Blocks:
    """Where the blocks of b fit best on a; each array has one entry, or row, per block."""

    centres: _Doubles  # x and y
    moves: _Doubles  # best move, x and y
    curvatures: _Doubles  # of the correlation there, (blocks, 2, 2)
    in_place: _Doubles  # correlation
    at_best: _Doubles
    is_rim: npt.NDArray[np.bool_]  # the best move is as far as was looked
    spread: Floats  # of the greys, the smaller of both


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How well one picture lies on another.

    Attributes:
        agreement: Mean correlation of the blocks in their places, weighted by what is in them.
        slack: Mean distance that blocks want to move, in units of their own certainty.
        overlap: Share of the smaller film that both show.
    """

    agreement: float
    slack: float
    overlap: float

    @property
    def score(self) -> float:
        """Return the log odds that this is one picture, on the pairs of docs/results/audit.md."""
        return 8.77 * self.agreement - 27.95 * self.slack - 2.09


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Alignment:
    """Two films that show one picture.

    Attributes:
        pose: Where the one lies on the other, in pixels of the pictures that were compared.
        shape: `(rows, columns)` of a's picture, then of b's.
        fit: How well.
    """

    pose: Pose
    shape: tuple[tuple[int, int], tuple[int, int]]
    fit: Fit


def align_films(a: Fingerprint, b: Fingerprint) -> Alignment | None:
    """Lay film b on film a by their fingerprints alone.

    Args:
        a: One film.
        b: Another.

    Returns:
        The alignment, whatever its fit; None where there is none worth looking at.
    """
    pose = find_pose(a, b)
    if pose is None:
        return None
    half = _settle(_halve(a.picture), _halve(b.picture), _scaled(pose, 0.5), _COARSE)
    if half is None or half.fit.score < _COARSE.at_least:
        return None
    return _settle(a.picture, b.picture, _scaled(half.pose, 2.0), _MIDDLE)


def align_finely(a: Pixels8, b: Pixels8, coarse: Alignment) -> Alignment | None:
    """Lay film b on film a once more, at the size that the films themselves allow.

    Args:
        a: The film, shape `(rows, columns)`.
        b: The other film.
        coarse: What the fingerprints gave.

    Returns:
        The finer alignment, or None where it falls apart.
    """
    fine_a, fine_b = _fit_side(a), _fit_side(b)
    matrix = _between(coarse.pose.matrix, coarse.shape, (fine_a.shape, fine_b.shape))
    return _settle(fine_a, fine_b, _with(coarse.pose, matrix), _FINE)


def has_more_to_show(a: Fingerprint, b: Fingerprint) -> bool:
    """Say whether both films are so much larger than their pictures that a second look can tell."""
    return all(max(film.rows, film.columns) >= 1.25 * max(film.picture.shape) for film in (a, b))


def map_films(
    alignment: Alignment, a: tuple[int, int], b: tuple[int, int]
) -> tuple[Matrix, float, float]:
    """Return an alignment in the films' own pixels.

    Args:
        alignment: In the pixels of the pictures that were compared.
        a: `(rows, columns)` of film a.
        b: The same of film b.

    Returns:
        The matrix from a's pixel centres to b's; the angle in degrees, counter-clockwise as one
        sees it, in (-180, 180], by which b is turned against a (after its mirror, where it has
        one); and its scale.
    """
    matrix = _between(alignment.pose.matrix, alignment.shape, (a, b))
    linear = matrix[:, :2] @ np.diag([-1.0, 1.0]) if alignment.pose.is_mirrored else matrix[:, :2]
    angle = -float(np.degrees(np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])))
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    return matrix, 180.0 if angle <= -180.0 else angle, scale


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    """How closely to look: sizes in pixels of the picture."""

    reaches: tuple[int, ...]  # of each round of aligning
    block: int
    stride: int
    ground: float  # what is smoother than this is no structure, but exposure
    judged_block: int
    judged_stride: int
    at_least: float = -np.inf


_COARSE: Final = _Look(
    reaches=(5,), block=22, stride=16, ground=4, judged_block=22, judged_stride=16, at_least=-3.0
)
_MIDDLE: Final = _Look(
    reaches=(5, 3), block=40, stride=28, ground=6, judged_block=28, judged_stride=20
)
_FINE: Final = _Look(
    reaches=(5, 4), block=40, stride=32, ground=8, judged_block=28, judged_stride=24
)
_JUDGED_REACH: Final = 4
_JUDGED_GROUND: Final = 6.0
_BLUR: Final = 1.2
_MIN_BLOCKS: Final = 4


def _settle(a: Pixels8, b: Pixels8, pose: Pose, look: _Look) -> Alignment | None:
    """Align two pictures from a first guess, and measure how well they fit."""
    matrix = pose.matrix
    if not is_believable(matrix):
        return None
    ours, theirs = _prepare(a, b, pose)
    ground = _flatten(ours, look.ground)
    for reach in look.reaches:
        moved, shown = _lay(theirs, matrix, ours.shape)
        blocks = _move_blocks(ground, _flatten(moved, look.ground), shown, look, reach=reach)
        if len(blocks.centres) < _MIN_BLOCKS:
            return None
        step = np.vstack([np.eye(3)[:2] + _fit_blocks(blocks), [0.0, 0.0, 1.0]])
        matrix = (np.vstack([matrix, [0.0, 0.0, 1.0]]) @ step)[:2]
        if not is_believable(matrix):
            return None
    settled = _with(pose, matrix)
    fit = _judge(ours, theirs, settled, look)
    if fit is None or fit.overlap < MIN_OVERLAP:
        return None
    return Alignment(pose=settled, shape=(a.shape, b.shape), fit=fit)


def _judge(ours: Floats, theirs: Floats, pose: Pose, look: _Look) -> Fit | None:
    moved, shown = _lay(theirs, pose.matrix, ours.shape)
    judged = _Look(
        reaches=(),
        block=look.judged_block,
        stride=look.judged_stride,
        ground=min(look.ground, _JUDGED_GROUND),
        judged_block=look.judged_block,
        judged_stride=look.judged_stride,
    )
    blocks = _move_blocks(
        _flatten(ours, judged.ground),
        _flatten(moved, judged.ground),
        shown,
        judged,
        reach=_JUDGED_REACH,
    )
    if len(blocks.centres) < _MIN_BLOCKS:
        return None
    weights = np.minimum(blocks.spread, 15.0)
    if not weights.any():
        return None
    slack = np.sqrt(
        np.einsum("nk,nkl,nl->n", blocks.moves, blocks.curvatures, blocks.moves).clip(0.0)
    )
    area = abs(float(np.linalg.det(pose.matrix[:, :2])))
    return Fit(
        agreement=float(np.average(blocks.in_place, weights=weights)),
        slack=float(np.average(slack, weights=weights)),
        overlap=float(np.count_nonzero(shown) / min(ours.size, theirs.size / area)),
    )


def _prepare(a: Pixels8, b: Pixels8, pose: Pose) -> tuple[Floats, Floats]:
    """Blur both to the coarser one's pixels, and turn a negative round."""
    scale = float(np.sqrt(abs(np.linalg.det(pose.matrix[:, :2]))))
    ours = cv2.GaussianBlur(a.astype(np.float32), (0, 0), _BLUR * max(1.0, 1.0 / scale))
    seen = (255 - b if pose.is_inverted else b).astype(np.float32)
    theirs = cv2.GaussianBlur(seen, (0, 0), _BLUR * max(1.0, scale))
    return np.asarray(ours, np.float32), np.asarray(theirs, np.float32)


def _lay(
    theirs: Floats, matrix: Matrix, shape: tuple[int, ...]
) -> tuple[Floats, npt.NDArray[np.uint8]]:
    """Return b's picture in a's frame, and where it shows anything."""
    size = (shape[1], shape[0])
    inverse = cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        theirs, matrix, size, flags=cv2.INTER_LINEAR | inverse, borderMode=cv2.BORDER_REPLICATE
    )
    full = np.ones(theirs.shape, np.uint8)
    shown = cv2.warpAffine(full, matrix, size, flags=cv2.INTER_NEAREST | inverse)
    return np.asarray(moved, np.float32), np.asarray(shown, np.uint8)


def _flatten(picture: Floats, ground: float) -> Floats:
    smooth = cv2.GaussianBlur(picture, (0, 0), ground)
    return np.asarray(picture - smooth, np.float32)


def _move_blocks(
    ours: Floats, moved: Floats, shown: npt.NDArray[np.uint8], look: _Look, *, reach: int
) -> _Blocks:
    """Move each block of b about its place on a, and see where it fits best."""
    size = look.block
    across, down, spread_a, spread_b = _choose_blocks(ours, moved, shown, look, reach=reach)
    fits = np.empty((len(across), 2 * reach + 1, 2 * reach + 1), np.float32)
    for n, (left, top) in enumerate(zip(across.tolist(), down.tolist(), strict=True)):
        block = ours[top : top + size, left : left + size]
        around = moved[top - reach : top + size + reach, left - reach : left + size + reach]
        fits[n] = cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED)
    centres = np.stack([across, down], axis=1).astype(np.float64) + (size / 2 - 0.5)
    return _Blocks(
        centres=centres, **_find_peaks(fits, reach), spread=np.minimum(spread_a, spread_b)
    )


def _choose_blocks(
    ours: Floats, moved: Floats, shown: npt.NDArray[np.uint8], look: _Look, *, reach: int
) -> tuple[_Ints, _Ints, Floats, Floats]:
    """Return left and top of the blocks that b shows whole, and how much is in both films."""
    size = look.block
    height, width = ours.shape
    tops = np.arange(reach, height - size - reach + 1, look.stride)
    lefts = np.arange(reach, width - size - reach + 1, look.stride)
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


def _fit_blocks(blocks: _Blocks) -> Matrix:
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


def _with(pose: Pose, matrix: Matrix) -> Pose:
    return Pose(
        matrix=matrix,
        is_mirrored=pose.is_mirrored,
        is_inverted=pose.is_inverted,
        n_keypoints=pose.n_keypoints,
    )


def _scaled(pose: Pose, by: float) -> Pose:
    """Return the pose for pictures of another size; pixel centres lie at whole numbers."""
    matrix = pose.matrix.copy()
    half = np.full(2, (by - 1.0) / 2.0)
    matrix[:, 2] = by * matrix[:, 2] + half - matrix[:, :2] @ half
    return _with(pose, matrix)


def _between(
    matrix: Matrix,
    shape: tuple[tuple[int, ...], tuple[int, ...]],
    wanted: tuple[tuple[int, ...], tuple[int, ...]],
) -> Matrix:
    """Return a matrix between pictures of one pair of shapes for those of another."""
    from_a, to_b = (_resizing(was, now) for was, now in zip(shape, wanted, strict=True))
    whole = to_b @ np.vstack([matrix, [0.0, 0.0, 1.0]]) @ np.linalg.inv(from_a)
    return np.asarray(whole[:2])


def _resizing(was: tuple[int, ...], now: tuple[int, ...]) -> Matrix:
    across, down = now[1] / was[1], now[0] / was[0]
    return np.array([[across, 0.0, (across - 1) / 2], [0.0, down, (down - 1) / 2], [0.0, 0.0, 1.0]])


def _halve(picture: Pixels8) -> Pixels8:
    rows, columns = picture.shape
    size = (max(columns // 2, 1), max(rows // 2, 1))
    return np.asarray(
        cv2.resize(picture[: 2 * size[1], : 2 * size[0]], size, interpolation=cv2.INTER_AREA)
    )


def _fit_side(film: Pixels8) -> Pixels8:
    rows, columns = film.shape
    by = min(1.0, FINE_SIDE / max(rows, columns))
    size = (max(round(columns * by), 1), max(round(rows * by), 1))
    return stretch_greys(np.asarray(cv2.resize(film, size, interpolation=cv2.INTER_AREA), np.uint8))
