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

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from osteon.audit.duplicates.blocks import Blocks, Grid, fit_blocks, flatten, move_blocks
from osteon.audit.duplicates.confirmation import Confirmation, measure_confirmed
from osteon.audit.duplicates.descriptors import Fingerprint, stretch_greys
from osteon.audit.duplicates.pose import Matrix, Pose, find_pose, is_believable
from osteon.audit.sizes import fit_long_side
from osteon.terms import Floats, Pixels8

FINE_SIDE: Final = 480
"""Long side, in pixels, at which films that agree are looked at once more, where they have it."""

LIMIT: Final = 3.0
"""Score above which two pictures are one; see `Fit.score`."""

FINE_LIMIT: Final = 3.2
"""The same for the second look, at `FINE_SIDE`."""

DOUBT: Final = 0.5
"""Score above which a second look is worth while."""

SPARED: Final = 0.2
"""Share of the blocks, by what is in them, that may disagree: a marker, a corner, a cut end."""

MIN_OVERLAP: Final = 0.2
"""Share of the smaller film that both must show: less is too little to tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How well one picture lies on another.

    Attributes:
        agreement: Mean correlation of the blocks in their places, weighted by what is in them.
        slack: Mean distance that blocks want to move, in units of their own certainty. Both leave
            out the `SPARED` blocks that want to move most.
        overlap: Share of the smaller film that both show.
        confirmed: Whether either film has what the other shows of bone; None where the fit alone
            says that they are two pictures.
    """

    agreement: float
    slack: float
    overlap: float
    confirmed: Confirmation | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether enough of either film is in both, where that was asked."""
        return self.confirmed is None or self.confirmed.is_enough

    @property
    def score(self) -> float:
        """Return one number, larger for likelier copies; `docs/decisions/0019` has its making."""
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
        return _find_frame(a.picture, b.picture, pose)
    return _settle(a.picture, b.picture, _scaled(half.pose, 2.0), _MIDDLE)


def _find_frame(a: Pixels8, b: Pixels8, pose: Pose) -> Alignment | None:
    """Return how two pictures lie on one another by a frame that both have; None without one.

    The fit itself is that of two pictures: what is in the frame is for others to compare.
    """
    if a.shape != b.shape or np.abs(pose.matrix - np.eye(2, 3)).max() > _FRAME_SHIFT_PX:
        return None  # a frame has one place on the screen
    ours, theirs = _prepare(a, b, pose)
    films = np.ones(a.shape, np.uint8), np.ones(b.shape, np.uint8)
    moved, shown = _lay(theirs, pose.matrix, films)
    flattened = _flatten_both(ours, moved, _MIDDLE)
    seen = _lay_greys(b, pose.matrix, a.shape)
    confirmed = measure_confirmed((a, seen), flattened, shown, _MIDDLE.judged_by)
    if not confirmed.is_frame:
        return None
    fit = Fit(agreement=0.0, slack=1.0, overlap=1.0, confirmed=confirmed)
    return Alignment(pose=pose, shape=(a.shape, b.shape), fit=fit)


def _flatten_both(ours: Floats, moved: Floats, look: "_Look") -> tuple[Floats, Floats]:
    ground = look.judged_by.ground
    return flatten(ours, ground), flatten(moved, ground)


def align_finely(a: Pixels8, b: Pixels8, coarse: Alignment) -> Alignment | None:
    """Lay film b on film a once more, at the size that the films themselves allow.

    Args:
        a: The film, shape `(rows, columns)`.
        b: The other film.
        coarse: What the fingerprints gave.

    Returns:
        The finer alignment, or None where it falls apart.
    """
    fine_a, fine_b = (stretch_greys(fit_long_side(film, FINE_SIDE)) for film in (a, b))
    matrix = _between(coarse.pose.matrix, coarse.shape, (fine_a.shape, fine_b.shape))
    return _settle(fine_a, fine_b, replace(coarse.pose, matrix=matrix), _FINE)


def align_pair(films: tuple[Fingerprint, Fingerprint]) -> Alignment | None:
    """Lay one film on another by their fingerprints: what a child process is asked to do.

    Args:
        films: The one, and the other.
    """
    return align_films(*films)


def align_pair_closer(films: tuple[Pixels8, Pixels8, Alignment]) -> Alignment | None:
    """Lay one film on another once more: what a child process is asked to do.

    Args:
        films: The one, the other, and what their fingerprints gave.
    """
    return align_finely(*films)


def has_more_to_show(a: Fingerprint, b: Fingerprint) -> bool:
    """Say whether both films are so much larger than their pictures that a second look can tell."""
    return all(
        not film.is_squared and max(film.rows, film.columns) >= 1.25 * max(film.picture.shape)
        for film in (a, b)
    )


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
    """How closely to look.

    Attributes:
        reaches: Of each round of aligning, in pixels.
        aligned_by: Blocks that the films are aligned by.
        judged_by: Blocks that they are judged by.
        at_least: Score below which no closer look is worth while.
        limit: Score from which it is asked whether what they show of bone agrees.
    """

    reaches: tuple[int, ...]
    aligned_by: Grid
    judged_by: Grid
    at_least: float = -np.inf
    limit: float = np.inf


_COARSE: Final = _Look(
    reaches=(5,),
    aligned_by=Grid(block=22, stride=16, ground=4.0),
    judged_by=Grid(block=22, stride=16, ground=4.0),
    at_least=0.5,
)
_MIDDLE: Final = _Look(
    reaches=(5, 3),
    aligned_by=Grid(block=40, stride=28, ground=6.0),
    judged_by=Grid(block=28, stride=20, ground=6.0),
    limit=DOUBT,
)
_FINE: Final = _Look(
    reaches=(5, 4),
    aligned_by=Grid(block=40, stride=32, ground=8.0),
    judged_by=Grid(block=28, stride=24, ground=6.0),
    limit=DOUBT,
)
_JUDGED_REACH: Final = 4
_FRAME_SHIFT_PX: Final = 2.0
_BLUR: Final = 1.2
_WHITE: Final = 250
_GROUND: Final = 0.02
_MIN_BLOCKS: Final = 4


def _settle(a: Pixels8, b: Pixels8, pose: Pose, look: _Look) -> Alignment | None:
    """Align two pictures from a first guess, and measure how well they fit.

    A fit above the look's limit is also asked how much of either film is in both.
    """
    matrix = pose.matrix
    if not is_believable(matrix):
        return None
    ours, theirs = _prepare(a, b, pose)
    films = _find_film(a), _find_film(255 - b if pose.is_inverted else b)
    ground = look.aligned_by.ground
    flat = flatten(ours, ground)
    for reach in look.reaches:
        moved, shown = _lay(theirs, matrix, films)
        blocks = move_blocks(flat, flatten(moved, ground), shown, look.aligned_by, reach=reach)
        if len(blocks.centres) < _MIN_BLOCKS:
            return None
        step = np.vstack([np.eye(3)[:2] + fit_blocks(blocks), [0.0, 0.0, 1.0]])
        matrix = (np.vstack([matrix, [0.0, 0.0, 1.0]]) @ step)[:2]
        if not is_believable(matrix):
            return None
    settled = replace(pose, matrix=matrix)
    moved, shown = _lay(theirs, matrix, films)
    flattened = _flatten_both(ours, moved, look)
    blocks = move_blocks(*flattened, shown, look.judged_by, reach=_JUDGED_REACH)
    area = abs(float(np.linalg.det(matrix[:, :2])))
    smaller = min(float(films[0].sum()), float(films[1].sum()) / area)
    fit = _judge(blocks, overlap=float(np.count_nonzero(shown) / max(smaller, 1.0)))
    if fit is None or fit.overlap < MIN_OVERLAP:
        return None
    if fit.score >= look.limit:
        seen = _lay_greys(b, matrix, a.shape)
        confirmed = measure_confirmed((a, seen), flattened, shown, look.judged_by)
        fit = replace(fit, confirmed=confirmed)
    return Alignment(pose=settled, shape=(a.shape, b.shape), fit=fit)


def _judge(blocks: Blocks, *, overlap: float) -> Fit | None:
    weights = np.minimum(blocks.spread, 15.0)
    if len(weights) < _MIN_BLOCKS or not weights.any():
        return None
    slack = blocks.measure_slack()
    restless = np.argsort(-slack, kind="stable")
    spared = np.cumsum(weights[restless]) <= SPARED * weights.sum()
    weights[restless[spared]] = 0.0
    return Fit(
        agreement=float(np.average(blocks.in_place, weights=weights)),
        slack=float(np.average(slack, weights=weights)),
        overlap=overlap,
    )


def _find_film(picture: Pixels8) -> npt.NDArray[np.uint8]:
    """Return 1 where a picture shows its film, and 0 on white ground that comes in from its rim.

    What a turn uncovered, or the edge of a cassette, has the same sharp outline on films that have
    nothing else in common.
    """
    film = np.ones(picture.shape, np.uint8)
    white = np.asarray(picture >= _WHITE, np.uint8)
    if np.count_nonzero(white) < _GROUND * white.size:
        return film
    _, labels, stats, _ = cv2.connectedComponentsWithStats(white, connectivity=4)
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    for label in rim.tolist():
        if label and stats[label, cv2.CC_STAT_AREA] >= _GROUND * white.size:
            film[labels == label] = 0
    return np.asarray(cv2.erode(film, np.ones((5, 5), np.uint8)), np.uint8)


def _prepare(a: Pixels8, b: Pixels8, pose: Pose) -> tuple[Floats, Floats]:
    """Blur both to the coarser one's pixels, and turn a negative round."""
    scale = float(np.sqrt(abs(np.linalg.det(pose.matrix[:, :2]))))
    ours = cv2.GaussianBlur(a.astype(np.float32), (0, 0), _BLUR * max(1.0, 1.0 / scale))
    seen = (255 - b if pose.is_inverted else b).astype(np.float32)
    theirs = cv2.GaussianBlur(seen, (0, 0), _BLUR * max(1.0, scale))
    return np.asarray(ours, np.float32), np.asarray(theirs, np.float32)


def _lay(
    theirs: Floats, matrix: Matrix, films: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
) -> tuple[Floats, npt.NDArray[np.uint8]]:
    """Return b's picture in a's frame, and where both show their films."""
    size = (films[0].shape[1], films[0].shape[0])
    inverse = cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(
        theirs, matrix, size, flags=cv2.INTER_LINEAR | inverse, borderMode=cv2.BORDER_REPLICATE
    )
    shown = cv2.warpAffine(films[1], matrix, size, flags=cv2.INTER_NEAREST | inverse)
    return np.asarray(moved, np.float32), np.asarray(shown * films[0], np.uint8)


def _lay_greys(b: Pixels8, matrix: Matrix, shape: tuple[int, ...]) -> Pixels8:
    """Return b's picture in a's frame, greys as they are."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    laid = cv2.warpAffine(b, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def _scaled(pose: Pose, by: float) -> Pose:
    """Return the pose for pictures of another size; pixel centres lie at whole numbers."""
    matrix = pose.matrix.copy()
    half = np.full(2, (by - 1.0) / 2.0)
    matrix[:, 2] = by * matrix[:, 2] + half - matrix[:, :2] @ half
    return replace(pose, matrix=matrix)


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
