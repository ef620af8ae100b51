"""How one film lies on another, as their keypoints say."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.audit.duplicates.descriptors import STEPS_PER_UNIT, VARIANTS, Fingerprint
from osteon.terms import Floats

Matrix = npt.NDArray[np.float64]
"""Shape `(2, 3)`: takes a pixel centre (x, y, 1) of film a to film b."""

MIN_KEYPOINTS: Final = 5
"""Keypoints that must agree before pixels are compared."""

MIN_SUPPORT: Final = 1.0
"""Their summed likeness above `_MIN_LIKENESS`; a copy seldom has less than 2."""

MAX_STRETCH: Final = 1.7
"""How much longer one side may have become than the other: `squeezed` pictures, with some play."""

SCALES: Final = (0.25, 4.0)
"""Changes of scale that are believed."""

_MIN_LIKENESS: Final = 0.70
_NEAR_PX: Final = 6.0
_TURN_DEG: Final = 35.0
_OCTAVES: Final = 0.8
_TRIES: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pose:
    """How film b lies on film a.

    Attributes:
        matrix: From pixels of a's picture to those of b's.
        is_mirrored: Whether b is a mirror of a.
        is_inverted: Whether b is a negative of a.
        n_keypoints: How many keypoints agree about it.
    """

    matrix: Matrix
    is_mirrored: bool
    is_inverted: bool
    n_keypoints: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Matches:
    """Keypoints of a and b that look alike, each row one match, which implies a whole pose."""

    ours: npt.NDArray[np.int64]
    theirs: npt.NDArray[np.int64]
    variant: npt.NDArray[np.int64]
    weights: Floats
    source: Matrix  # (matches, 2)
    target: Matrix
    linear: npt.NDArray[np.float64]  # (matches, 2, 2)
    octaves: npt.NDArray[np.float64]
    turn_deg: npt.NDArray[np.float64]


def find_pose(a: Fingerprint, b: Fingerprint) -> Pose | None:
    """Find the pose on which the most keypoints agree.

    Every match implies a pose by itself, since a keypoint has a place, a size and an angle; so
    each is tried against all others, and nothing is left to chance. The best are fitted to all
    matches that agree with them.

    Args:
        a: One film.
        b: Another.

    Returns:
        The pose, or None where too few keypoints agree on any.
    """
    matches = _match(a, b)
    if matches is None:
        return None
    kindred = _same_kind(matches)
    agrees = kindred & _agreement(matches)
    support = agrees @ matches.weights
    best: tuple[float, Pose] | None = None
    for hypothesis in np.argsort(-support, kind="stable")[:_TRIES]:
        fitted = _fit_pose(matches, int(hypothesis), agrees[hypothesis], may=kindred[hypothesis])
        if fitted is not None and (best is None or fitted[0] > best[0]):
            best = fitted
    if best is None or best[0] < MIN_SUPPORT or best[1].n_keypoints < MIN_KEYPOINTS:
        return None
    return best[1]


def is_believable(matrix: Matrix) -> bool:
    """Say whether a film may have been scaled and squeezed so."""
    sides = np.linalg.svd(matrix[:, :2], compute_uv=False)
    scale = float(np.sqrt(sides[0] * sides[1]))
    return SCALES[0] < scale < SCALES[1] and bool(sides[0] < MAX_STRETCH * sides[1])


def _match(a: Fingerprint, b: Fingerprint) -> _Matches | None:
    """Return each keypoint's best match in the other film, in both directions."""
    n_a, n_b = len(a.components), len(b.components)
    if min(n_a, n_b) < MIN_KEYPOINTS:
        return None
    ours, theirs = a.components.astype(np.float32), b.components.astype(np.float32)
    by_variant = ((VARIANTS[:, None] * ours).reshape(4 * n_a, 128) @ theirs.T).reshape(4, n_a, n_b)
    likeness = by_variant.max(axis=0) / np.float32(STEPS_PER_UNIT**2)
    both = [np.arange(n_a) * n_b + likeness.argmax(axis=1)]
    both.append(likeness.argmax(axis=0) * n_b + np.arange(n_b))
    i, j = np.divmod(np.unique(np.concatenate(both)), n_b)
    close = likeness[i, j] > _MIN_LIKENESS + 0.03
    i, j = i[close], j[close]
    if len(i) < MIN_KEYPOINTS:
        return None
    variant = by_variant[:, i, j].argmax(axis=0)
    from_a, to_b = a.keypoints[i].astype(np.float64), b.keypoints[j].astype(np.float64)
    angle = np.where(variant & 1, 180.0 - from_a[:, 3], from_a[:, 3])
    angle += np.where(variant & 2, 180.0, 0.0)
    scale = to_b[:, 2] / from_a[:, 2]
    turn = np.deg2rad(to_b[:, 3] - angle)
    cos, sin, mirror = np.cos(turn) * scale, np.sin(turn) * scale, np.where(variant & 1, -1.0, 1.0)
    linear = np.stack([cos * mirror, -sin, sin * mirror, cos], axis=1).reshape(-1, 2, 2)
    return _Matches(
        ours=i,
        theirs=j,
        variant=variant,
        weights=likeness[i, j] - np.float32(_MIN_LIKENESS),
        source=from_a[:, :2],
        target=to_b[:, :2],
        linear=linear,
        octaves=np.log2(scale),
        turn_deg=np.rad2deg(turn),
    )


def _same_kind(matches: _Matches) -> npt.NDArray[np.bool_]:
    """Say which matches (columns) are mirrored, turned and scaled about as each match (row) is."""
    turn = (matches.turn_deg[None] - matches.turn_deg[:, None] + 180.0) % 360.0 - 180.0
    return np.asarray(
        (matches.variant[None] == matches.variant[:, None])
        & (np.abs(matches.octaves[None] - matches.octaves[:, None]) < _OCTAVES)
        & (np.abs(turn) < _TURN_DEG)
    )


def _agreement(matches: _Matches) -> npt.NDArray[np.bool_]:
    """Say which matches (columns) lie where the pose that each match (row) implies takes them."""
    shift = matches.target - np.einsum("hij,hj->hi", matches.linear, matches.source)
    across = matches.linear[:, 0] @ matches.source.T + shift[:, :1] - matches.target[:, 0]
    down = matches.linear[:, 1] @ matches.source.T + shift[:, 1:] - matches.target[:, 1]
    near = np.clip(1.5 * _NEAR_PX * np.exp2(matches.octaves), _NEAR_PX, 3 * _NEAR_PX)[:, None]
    return np.asarray(across * across + down * down < near * near)


def _fit_pose(
    matches: _Matches,
    hypothesis: int,
    agrees: npt.NDArray[np.bool_],
    *,
    may: npt.NDArray[np.bool_],
) -> tuple[float, Pose] | None:
    """Fit the pose to the matches that agree, then ask again which agree, until it settles."""
    is_mirrored = bool(matches.variant[hypothesis] & 1)
    matrix: Matrix | None = None
    for _ in range(4):
        if np.count_nonzero(agrees) < MIN_KEYPOINTS:
            return None
        weights = matches.weights[agrees].astype(np.float64)
        source, target = matches.source[agrees], matches.target[agrees]
        n_distinct = min(
            len(np.unique(matches.ours[agrees])), len(np.unique(matches.theirs[agrees]))
        )
        fitted = _fit_affine(source, target, weights) if n_distinct > MIN_KEYPOINTS else None
        if fitted is None or not is_believable(fitted):
            fitted = _fit_similarity(source, target, weights, is_mirrored=is_mirrored)
        if not is_believable(fitted):
            return None
        matrix = fitted
        away = matches.source @ matrix[:, :2].T + matrix[:, 2] - matches.target
        near = max(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))) * 0.8 * _NEAR_PX
        now = may & ((away * away).sum(axis=1) < near * near)
        if np.array_equal(now, agrees):
            break
        agrees = now
    if matrix is None or not agrees.any():
        return None
    pose = Pose(
        matrix=matrix,
        is_mirrored=is_mirrored,
        is_inverted=bool(matches.variant[hypothesis] & 2),
        n_keypoints=min(
            len(np.unique(matches.ours[agrees])), len(np.unique(matches.theirs[agrees]))
        ),
    )
    return float(matches.weights[agrees].sum()), pose


def _fit_affine(source: Matrix, target: Matrix, weights: npt.NDArray[np.float64]) -> Matrix | None:
    design = np.column_stack([source, np.ones(len(source))])
    root = np.sqrt(weights)[:, None]
    solved, _, rank, _ = np.linalg.lstsq(design * root, target * root, rcond=None)
    return np.ascontiguousarray(solved.T) if rank == 3 else None


def _fit_similarity(
    source: Matrix, target: Matrix, weights: npt.NDArray[np.float64], *, is_mirrored: bool
) -> Matrix:
    """Fit turn, scale and shift (Umeyama, IEEE PAMI 13 (1991) 376, in the plane)."""
    share = weights / weights.sum()
    from_mean, to_mean = share @ source, share @ target
    a, b = source - from_mean, target - to_mean
    if is_mirrored:
        a = a * np.array([-1.0, 1.0])
    size = max(float(share @ (a * a).sum(axis=1)), 1e-9)
    real = float(share @ (a * b).sum(axis=1)) / size
    imaginary = float(share @ (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])) / size
    linear = np.array([[real, -imaginary], [imaginary, real]])
    if is_mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    return np.column_stack([linear, to_mean - linear @ from_mean])
