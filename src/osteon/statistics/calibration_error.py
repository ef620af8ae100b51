"""Whether probabilities keep their word: of films given 0.3, do three of ten have a fracture?"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from osteon.errors import MeasurementFault
from osteon.statistics.films import Groups, References, check_answers, number_groups
from osteon.statistics.intervals import (
    Interval,
    Proportion,
    percentile_interval,
    wilson_interval,
)
from osteon.statistics.proportions import GROUP_WILSON
from osteon.statistics.resampling import METHOD, RESAMPLES, draw_weights
from osteon.statistics.weights import Statistic, Values, Weights

N_BINS: Final = 15

_NEARNESS: Final = (1.0, 2 / 3, 1 / 3)
"""What a bin, the next one and the one after it say about the side on which the bin errs."""

Floats64 = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """The films whose probabilities lie in one range.

    Attributes:
        low: Lower end of the range, included.
        high: Upper end, left out but for 1.
        fractured: Films with a fracture, of all films here.
        mean_probability: Of the films here; None where there are none.
        interval: Of the share of fractured films, each group counted as one film where any holds
            several; None where there are none.
    """

    low: float
    high: float
    fractured: Proportion
    mean_probability: float | None
    interval: Interval | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A number and its interval.

    Attributes:
        value: None where there are no films.
        interval: None where resampling the groups cannot move the number.
    """

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliability:
    """How far probabilities are from what came true.

    Attributes:
        bins: Equally wide, from 0 to 1, those without films among them.
        brier: Mean squared error; 0 is perfect.
        brier_of_prevalence: The same, had every film been given the prevalence: what is to be
            beaten. None where there are no films.
        ece: Expected calibration error: mean distance of a bin's share of fractured films from its
            mean probability, weighted by films. Chance lifts it, and more so the fewer films there
            are; its interval says how it scatters, not where the truth lies.
        ece_corrected: The same, bias-corrected: with that lift taken off. It is about zero for
            perfect probabilities and otherwise rather too small; where chance alone would make a
            larger error it would fall below zero, and is zero. Its interval is one of the truth and
            holds it: the upper end is that of the plain error, which is rather too large.
        mean_probability: Over all films, to be compared with the prevalence.
        prevalence: Share of films with a fracture.
        n_groups: On which the intervals rest.
    """

    bins: tuple[Bin, ...]
    brier: Measured
    brier_of_prevalence: float | None
    ece: Measured
    ece_corrected: Measured
    mean_probability: float | None
    prevalence: Proportion
    n_groups: int


def measure_calibration(  # noqa: PLR0913 — films are three lists, and there are four ways to look
    probabilities: npt.ArrayLike,
    references: npt.ArrayLike,
    groups: Groups,
    *,
    n_bins: int = N_BINS,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Reliability:
    """Measure how far probabilities are from what came true, with intervals by groups.

    Args:
        probabilities: Shape `(films,)`, in [0, 1].
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`.
        n_bins: Equally wide ranges of probability.
        confidence: For example 0.95.
        seed: Of the resampling.
        resamples: How many, at least 1.

    Raises:
        MeasurementFault: If a probability is outside [0, 1], or there is no bin.
    """
    answers, truths = check_answers(probabilities, references)
    places = _find_bins(answers, n_bins)
    numbers = number_groups(groups)
    bins = tuple(
        _measure_bin(
            (place / n_bins, (place + 1) / n_bins), answers, truths,
            numbers=numbers, held=places == place, confidence=confidence,
        )
        for place in range(n_bins)
    )  # fmt: skip
    prevalence = Proportion(hits=int(truths.sum()), n=truths.size)
    share = prevalence.value
    if share is None:
        nothing = Measured(value=None, interval=None)
        brier = plain = corrected = nothing
    else:
        sums = _add_up(truths - answers, places=places, numbers=numbers)
        brier, plain, corrected = _measure_errors(
            sums, confidence=confidence, seed=seed, resamples=resamples
        )
    return Reliability(
        bins=bins,
        brier=brier,
        brier_of_prevalence=None if share is None else share * (1 - share),
        ece=plain,
        ece_corrected=corrected,
        mean_probability=float(answers.mean()) if answers.size else None,
        prevalence=prevalence,
        n_groups=int(numbers.max(initial=-1)) + 1,
    )


def weigh_calibration(
    probabilities: npt.ArrayLike,
    references: npt.ArrayLike,
    groups: Groups,
    *,
    kind: Literal["brier", "ece", "ece_corrected"] = "ece_corrected",
    n_bins: int = N_BINS,
) -> Statistic:
    """Return an error of probabilities as a number that can be weighed, for paired differences.

    Resampling lifts an expected calibration error, of two models about alike: their difference is
    hardly moved.

    Args:
        probabilities: Shape `(films,)`, in [0, 1].
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`.
        kind: Which error.
        n_bins: Equally wide ranges of probability.

    Raises:
        MeasurementFault: If a probability is outside [0, 1], or there is no bin.
    """
    answers, truths = check_answers(probabilities, references)
    numbers = number_groups(groups)
    sums = _add_up(truths - answers, places=_find_bins(answers, n_bins), numbers=numbers)
    place = ("brier", "ece", "ece_corrected").index(kind)

    def weigh(weights: Weights) -> Values:
        return np.maximum(sums.weigh(weights)[place].astype(np.float64), 0.0)

    return Statistic(weigh=weigh, groups=numbers)


def correct_gaps(
    gaps: Floats64, *, directions: Floats64, spreads: Floats64, shared: Floats64
) -> Floats64:
    """Return how far bins lie from their probabilities, without what chance adds to that.

    Were the groups parted into halves at random, one half could say on which side a bin errs and
    the other by how much. The two know nothing of each other's chance, so their product is zero on
    average where nothing is wrong, while a clear error comes out whole; in between it is rather
    too small. The side is asked of the bin and its neighbours, since a network that is too sure at
    0.7 is too sure at 0.75. This is that product averaged over all halvings, the sums taken as
    normal: with z = direction / spread, gap (2Φ(z) - 1) - 2 shared φ(z) / spread.

    Args:
        gaps: Sum over a bin's films of reference - probability, shape `(..., bins)`.
        directions: The same, neighbours included by `_NEARNESS`.
        spreads: Standard deviation of the directions by chance.
        shared: Covariance of gaps and directions by chance.

    Returns:
        Corrected sizes, the same shape; below zero where chance makes larger ones.
    """
    seen = spreads > 0
    z = np.divide(directions, spreads, out=np.zeros_like(directions), where=seen)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    lift = np.divide(2 * shared * density, spreads, out=np.zeros_like(shared), where=seen)
    return np.asarray(gaps * (2 * ndtr(z) - 1) - lift)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sums:
    """What each group adds to the numbers.

    Attributes:
        gaps: Sum of reference - probability, shape `(groups, bins)`.
        near: The same, neighbouring bins included.
        squares: Sum of squared errors, shape `(groups,)`.
        films: Shape `(groups,)`.
    """

    gaps: Floats64
    near: Floats64
    squares: Floats64
    films: Floats64

    def weigh(self, weights: Floats64) -> tuple[Floats64, Floats64, Floats64]:
        """Return Brier, ECE and corrected ECE per resample, each of shape `(resamples,)`."""
        n_films = _total(weights, self.films[:, None])[:, 0]
        gaps = _total(weights, self.gaps)
        twice = weights * weights  # films of a group drawn twice still stand or fall together
        sizes = correct_gaps(
            gaps,
            directions=_total(weights, self.near),
            spreads=np.sqrt(_total(twice, self.near * self.near)),
            shared=_total(twice, self.gaps * self.near),
        )
        return (
            _total(weights, self.squares[:, None])[:, 0] / n_films,
            np.abs(gaps).sum(axis=1) / n_films,
            sizes.sum(axis=1) / n_films,
        )


def _find_bins(answers: Floats64, n_bins: int) -> npt.NDArray[np.int64]:
    """Return the bin of each probability, from 0.

    Raises:
        MeasurementFault: If a probability is outside [0, 1], or there is no bin.
    """
    if n_bins < 1 or ((answers < 0) | (answers > 1)).any():
        raise MeasurementFault("probabilities", "must be in [0, 1], and fall into at least one bin")
    return np.minimum((answers * n_bins).astype(np.int64), n_bins - 1)


def _total(weights: Floats64, of_group: Floats64) -> Floats64:
    """Return weighted sums over groups, added in one order whatever the number of threads."""
    return np.asarray(np.einsum("rg,gb->rb", weights, of_group, optimize=False))


def _add_up(
    errors: Floats64, *, places: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]
) -> _Sums:
    n_bins = int(places.max()) + 1
    gaps = np.zeros((int(numbers.max()) + 1, n_bins))
    np.add.at(gaps, (numbers, places), errors)
    apart = np.abs(np.arange(n_bins)[:, None] - np.arange(n_bins))
    nearness = np.array([*_NEARNESS, 0.0])[np.minimum(apart, len(_NEARNESS))]
    return _Sums(
        gaps=gaps,
        near=_total(gaps, nearness),
        squares=np.bincount(numbers, weights=errors * errors).astype(np.float64),
        films=np.bincount(numbers).astype(np.float64),
    )


def _measure_errors(
    sums: _Sums, *, confidence: float, seed: int, resamples: int
) -> tuple[Measured, Measured, Measured]:
    n_groups = sums.films.size
    brier, plain, corrected = (float(values[0]) for values in sums.weigh(np.ones((1, n_groups))))
    chunks = [
        sums.weigh(weights) for weights in draw_weights(n_groups, seed=seed, resamples=resamples)
    ]
    drawn = [np.concatenate(parts) for parts in zip(*chunks, strict=True)]
    stated = max(corrected, 0.0)  # no error is below zero
    # Resampling adds chance to chance, which lifts the plain error once more: of both errors only
    # the scatter around their own mean is used.
    above, below = (
        percentile_interval(
            np.maximum(values - values.mean() + measured, 0.0),
            confidence=confidence,
            method=f"{METHOD}, recentred",
        )
        for values, measured in ((drawn[1], plain), (drawn[2], corrected))
    )
    truth = None
    if above is not None and below is not None:
        truth = Interval(
            low=min(below.low, stated),
            high=max(above.high, below.high, stated),
            confidence=confidence,
            method=f"{METHOD}: from the corrected error to the plain one",
        )
    squared = percentile_interval(drawn[0], confidence=confidence, method=METHOD)
    return (
        Measured(value=brier, interval=squared),
        Measured(value=plain, interval=above),
        Measured(value=stated, interval=truth),
    )


def _measure_bin(
    ends: tuple[float, float],
    answers: Floats64,
    truths: References,
    *,
    numbers: npt.NDArray[np.int64],
    held: References,
    confidence: float,
) -> Bin:
    fractured = Proportion(hits=int(truths[held].sum()), n=int(held.sum()))
    interval = None
    if fractured.value is not None:
        stand_alone = np.unique(numbers).size == numbers.size
        interval = wilson_interval(
            fractured.value,
            n=np.unique(numbers[held]).size,
            confidence=confidence,
            method="Wilson" if stand_alone else GROUP_WILSON,
        )
    return Bin(
        low=ends[0],
        high=ends[1],
        fractured=fractured,
        mean_probability=float(answers[held].mean()) if fractured.n else None,
        interval=interval,
    )
