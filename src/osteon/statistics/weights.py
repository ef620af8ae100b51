"""Numbers that are measured anew as groups of films are weighed: intervals, paired differences.

Resampling groups is weighing them: a group drawn twice counts twice. A number that knows how to be
weighed therefore has an interval; and two numbers of the same films, weighed alike in every
resample, have an interval of their difference, which is far narrower than theirs apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from osteon.errors import MeasurementFault
from osteon.statistics.films import Groups, number_groups
from osteon.statistics.intervals import Interval, percentile_interval
from osteon.statistics.resampling import METHOD, RESAMPLES, draw_weights

Weights = npt.NDArray[np.float64]
"""How often each group is drawn, shape `(resamples, groups)`."""

Values = npt.NDArray[np.float64]
"""The number in each resample, shape `(resamples,)`; NaN where the resample leaves it undefined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistic:
    """A number of films that can be measured anew with other weights of their groups.

    Attributes:
        weigh: From weights to values.
        groups: Number of each film's group, from `number_groups`, shape `(films,)`.
    """

    weigh: Callable[[Weights], Values]
    groups: npt.NDArray[np.int64]

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return int(self.groups.max(initial=-1)) + 1

    @property
    def value(self) -> float | None:
        """The number of the films as they are; None where it is not defined."""
        if not self.n_groups:
            return None
        value = float(self.weigh(np.ones((1, self.n_groups)))[0])
        return None if np.isnan(value) else value


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How much larger one model's number is than another's on the same films.

    Attributes:
        value: The one's less the other's; None where either is not defined.
        interval: None where resampling cannot move the difference, as of a model with itself.
        p_value: Of a test against no difference, two-sided; None where none was made.
    """

    value: float | None
    interval: Interval | None
    p_value: float | None = None


def measure_interval(
    number: Statistic, *, confidence: float = 0.95, seed: int = 0, resamples: int = RESAMPLES
) -> Interval | None:
    """Return the interval of a number, by resampling groups.

    Args:
        number: What is measured.
        confidence: For example 0.95.
        seed: Of the resampling.
        resamples: How many.

    Returns:
        None where there are no films, or where resampling cannot move the number.
    """
    if not number.n_groups:
        return None
    drawn = [
        number.weigh(weights)
        for weights in draw_weights(number.n_groups, seed=seed, resamples=resamples)
    ]
    return percentile_interval(np.concatenate(drawn), confidence=confidence, method=METHOD)


def measure_difference(
    one: Statistic,
    other: Statistic,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """Return how much larger one number is than another, both weighed alike in every resample.

    Args:
        one: A number of one model.
        other: The same number of another model, on the same films in the same order.
        confidence: For example 0.95.
        seed: Of the resampling.
        resamples: How many.

    Raises:
        MeasurementFault: If the two were not measured on films of the same groups.
    """
    if not np.array_equal(one.groups, other.groups):
        raise MeasurementFault(
            "paired difference",
            "both models must have read the same films, in the same order",
            found=(one.groups.size, other.groups.size),
        )
    values = one.value, other.value
    if values[0] is None or values[1] is None:
        return Difference(value=None, interval=None)
    drawn = [
        one.weigh(weights) - other.weigh(weights)
        for weights in draw_weights(one.n_groups, seed=seed, resamples=resamples)
    ]
    interval = percentile_interval(
        np.concatenate(drawn), confidence=confidence, method=f"paired {METHOD}"
    )
    return Difference(value=values[0] - values[1], interval=interval)


def share_statistic(hits: Sequence[bool], counted: Sequence[bool], groups: Groups) -> Statistic:
    """Return a share of films, such as a sensitivity, that can be weighed.

    Args:
        hits: Films that count, shape `(films,)`; heeded where `counted` is true.
        counted: Films that could have counted, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`.
    """
    could = np.asarray(counted, dtype=np.float64)
    return ratio_statistic(np.asarray(hits, dtype=np.float64) * could, could, groups)


def ratio_statistic(tops: npt.ArrayLike, bottoms: npt.ArrayLike, groups: Groups) -> Statistic:
    """Return a ratio of sums over films, such as a mean over all their readings, to be weighed.

    Args:
        tops: What each film adds above, shape `(films,)`.
        bottoms: What each film adds below, shape `(films,)`, not negative.
        groups: Films that belong together share one, shape `(films,)`.
    """
    numbers = number_groups(groups)
    n_groups = int(numbers.max(initial=-1)) + 1
    top, bottom = (
        np.bincount(numbers, weights=np.asarray(of_film, np.float64), minlength=n_groups)
        for of_film in (tops, bottoms)
    )

    def weigh(weights: Weights) -> Values:
        return divide(total_of(weights, top), total_of(weights, bottom))

    return Statistic(weigh=weigh, groups=numbers)


def total_of(weights: Weights, of_group: npt.NDArray[Any]) -> Values:
    """Return weighted sums over groups, added in one order whatever the number of threads.

    Args:
        weights: Shape `(resamples, groups)`.
        of_group: Shape `(groups,)`.
    """
    return np.asarray(np.einsum("rg,g->r", weights, of_group, optimize=False))


def divide(top: Values, bottom: Values) -> Values:
    """Return shares, NaN where there is nothing to divide by.

    Args:
        top: Numerators.
        bottom: Denominators, the same shape.
    """
    return np.asarray(np.divide(top, bottom, out=np.full(bottom.shape, np.nan), where=bottom > 0))
