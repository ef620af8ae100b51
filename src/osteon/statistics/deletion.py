"""Whether a network's answer rests on what an explanation points at: places are covered, in order.

A film's cells are covered from the most to the least evident. The sooner the probability falls, the
better the explanation knew what the network looks at (deletion); likewise for a covered film that
is laid open (insertion). Cells covered in random order give the floor: an explanation that is no
better than chance has the same area.

Reference:
    Petsiuk, Das & Saenko, RISE, BMVC 2018.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.errors import MeasurementFault
from osteon.statistics.calibration_error import Measured
from osteon.statistics.films import Groups, number_groups
from osteon.statistics.intervals import percentile_interval
from osteon.statistics.resampling import METHOD, RESAMPLES, draw_weights

CELLS: Final = 16
"""Cells along each side of a film."""

STEPS: Final = 16
"""Steps in which all of a film is covered; each covers as many cells."""

COHERENCE: Final = 2.0
"""Width, in cells, to which the noise of a random order is smoothed: blobs of a quarter side."""

FEWEST_GROUPS: Final = 10
"""Groups below which resampling says nothing: of two films it draws three different samples."""

Curves = npt.NDArray[np.floating[Any]]
"""Probabilities, shape `(films, STEPS + 1)`: of the film as it is, then of each step."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DeletionCurves:
    """What became of films' probabilities.

    Attributes:
        deletion: From the whole film to the covered one, the most evident cells first.
        insertion: From the covered film to the whole one, the most evident cells first.
        random: From the whole film to the covered one, in random order. Read backwards it is an
            insertion in random order, with the same area.
    """

    deletion: Curves
    insertion: Curves
    random: Curves


@dataclass(frozen=True, kw_only=True, slots=True)
class DeletionTest:
    """What an explanation is worth to the network that it explains, as means over films.

    Attributes:
        deletion: Area under the curve; low is good.
        insertion: Area under the curve; high is good.
        random: Area of a random order: the floor of both.
        deletion_gain: Random less deletion, film by film: how much lower it is; above 0 is better
            than chance.
        insertion_gain: Insertion less random, film by film.
        whole: Probability of the films as they are.
        covered: Probability once all is covered; where it is high, the test says little.
        n_films: Films.
        n_groups: On which the intervals rest.
    """

    deletion: Measured
    insertion: Measured
    random: Measured
    deletion_gain: Measured
    insertion_gain: Measured
    whole: Measured
    covered: Measured
    n_films: int
    n_groups: int


def rank_cells(evidence: npt.NDArray[np.floating[Any]], *, seed: int) -> npt.NDArray[np.int64]:
    """Return each cell's place in the order of evidence; 0 is the most evident.

    Cells of equal evidence, as where a map is zero, come in random order: the order of rows would
    be an explanation of its own.

    Args:
        evidence: Of each cell, shape `(CELLS, CELLS)`.
        seed: Of the order of equals.

    Returns:
        Shape `(CELLS, CELLS)`, each of 0 to `CELLS**2 - 1` once.
    """
    chance = np.random.default_rng(seed).permutation(evidence.size)
    order = np.lexsort((chance, -evidence.astype(np.float64).ravel()))
    ranks = np.empty(evidence.size, dtype=np.int64)
    ranks[order] = np.arange(evidence.size)
    return ranks.reshape(evidence.shape)


def draw_ranks(*, seed: int) -> npt.NDArray[np.int64]:
    """Return a random order of cells that lie together, as those of an explanation do.

    Cells strewn one by one leave a chessboard of seams, which a network may take for fractures:
    a floor of such an order would be beaten by any map at all that is of one piece. So cells are
    ranked by noise that was smoothed.

    Args:
        seed: Equal seeds give equal orders.

    Returns:
        Shape `(CELLS, CELLS)`, as of `rank_cells`.
    """
    noise = np.random.default_rng(seed).normal(size=(CELLS, CELLS))
    apart = np.arange(CELLS)[:, None] - np.arange(CELLS)
    spread = np.exp(-(apart**2) / (2 * COHERENCE**2))
    spread /= np.sqrt((spread**2).sum(axis=1, keepdims=True))  # cells at the edge vary as much
    return rank_cells(spread @ noise @ spread.T, seed=seed)


def cover_cells(
    film: npt.NDArray[Any], cover: npt.NDArray[Any], ranks: npt.NDArray[np.int64]
) -> npt.NDArray[Any]:
    """Return a film at every step of its covering.

    Args:
        film: Grey values, shape `(rows, columns)`.
        cover: What lies on covered cells, of the same shape.
        ranks: Which cells come first, from `rank_cells`.

    Returns:
        Shape `(STEPS + 1, rows, columns)`: the film, then with one step more covered each.
    """
    rows, columns = film.shape
    down = np.arange(rows) * CELLS // rows
    across = np.arange(columns) * CELLS // columns
    steps = np.arange(STEPS + 1) * CELLS**2 // STEPS
    is_covered = ranks[down][:, across] < steps[:, None, None]
    return np.where(is_covered, cover, film)


def measure_deletion(
    curves: DeletionCurves,
    groups: Groups,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> DeletionTest:
    """Return mean areas, with intervals by groups where there are `FEWEST_GROUPS` of them.

    Args:
        curves: Of films, most sensibly of those with a fracture: where the probability is low from
            the start, nothing can be taken from it.
        groups: Films that belong together share one, shape `(films,)`.
        confidence: For example 0.95.
        seed: Of the resampling; all numbers are resampled alike.
        resamples: How many, at least 1.

    Raises:
        MeasurementFault: If there are no films, or the curves are not of the same ones.
    """
    shape = (len(groups), STEPS + 1)
    found = [curve.shape for curve in (curves.deletion, curves.insertion, curves.random)]
    if not groups or found != [shape] * 3:
        raise MeasurementFault(
            "curves", "must be of the same films, one at least", found=(len(groups), *found)
        )
    deletion, insertion, random = (
        measure_areas(curve) for curve in (curves.deletion, curves.insertion, curves.random)
    )
    columns = (
        deletion, insertion, random, random - deletion, insertion - random,
        curves.deletion[:, 0], curves.deletion[:, -1],
    )  # fmt: skip
    numbers = number_groups(groups)
    n_groups = int(numbers.max()) + 1
    values = np.column_stack(columns).astype(np.float64)
    drawn = _resample_means(values, numbers, seed=seed, resamples=resamples)
    measured = [
        Measured(
            value=float(values[:, place].mean()),
            interval=None
            if n_groups < FEWEST_GROUPS
            else percentile_interval(drawn[:, place], confidence=confidence, method=METHOD),
        )
        for place in range(len(columns))
    ]
    return DeletionTest(
        deletion=measured[0],
        insertion=measured[1],
        random=measured[2],
        deletion_gain=measured[3],
        insertion_gain=measured[4],
        whole=measured[5],
        covered=measured[6],
        n_films=len(groups),
        n_groups=n_groups,
    )


def measure_areas(curves: Curves) -> npt.NDArray[np.float64]:
    """Return the area under each curve, over shares of the film from 0 to 1.

    Args:
        curves: Shape `(films, STEPS + 1)`.

    Returns:
        By trapezoids, in [0, 1], shape `(films,)`.

    Example:
        >>> float(measure_areas(np.linspace(1, 0, STEPS + 1)[np.newaxis])[0])
        0.5
    """
    exact = curves.astype(np.float64)
    areas: npt.NDArray[np.float64] = (exact[:, 1:] + exact[:, :-1]).mean(axis=1) / 2
    return areas


def _resample_means(
    values: npt.NDArray[np.float64],
    numbers: npt.NDArray[np.int64],
    *,
    seed: int,
    resamples: int,
) -> npt.NDArray[np.float64]:
    """Return the means of resampled groups, shape `(resamples, columns)`."""
    n_groups = int(numbers.max()) + 1
    sums = np.zeros((n_groups, values.shape[1]))
    np.add.at(sums, numbers, values)
    sizes = np.bincount(numbers, minlength=n_groups).astype(np.float64)
    return np.concatenate(
        [
            (weights @ sums) / (weights @ sizes)[:, None]
            for weights in draw_weights(n_groups, seed=seed, resamples=resamples)
        ]
    )
