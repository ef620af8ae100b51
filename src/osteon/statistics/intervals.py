"""How sure a number is: a share that keeps its denominator, and the interval around it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from osteon.errors import MeasurementFault


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Where the true number lies, with a stated confidence.

    Attributes:
        low: Lower end.
        high: Upper end.
        confidence: For example 0.95.
        method: How it was made, as a person would cite it.
    """

    low: float
    high: float
    confidence: float
    method: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Proportion:
    """A share that keeps its denominator: 1 of 1 is not 500 of 500, and 0 of 0 is no number.

    Attributes:
        hits: Films that count.
        n: Films that could have counted.
    """

    hits: int
    n: int

    def __post_init__(self) -> None:
        """Refuse counts that are no share.

        Raises:
            MeasurementFault: If not 0 <= hits <= n.
        """
        if not 0 <= self.hits <= self.n:
            raise MeasurementFault("share", "must have 0 <= hits <= n", found=(self.hits, self.n))

    @property
    def value(self) -> float | None:
        """The share in [0, 1]; None where there is nothing to divide by.

        Example:
            >>> Proportion(hits=3, n=4).value, Proportion(hits=0, n=0).value
            (0.75, None)
        """
        return self.hits / self.n if self.n else None

    def interval(self, confidence: float = 0.95) -> Interval | None:
        """Return Wilson's interval, or None where there is nothing to divide by.

        Args:
            confidence: For example 0.95.
        """
        if self.value is None:
            return None
        return wilson_interval(self.value, n=self.n, confidence=confidence)


def wilson_interval(
    share: float, *, n: float, confidence: float = 0.95, method: str = "Wilson"
) -> Interval:
    """Return Wilson's score interval of a share of independent trials.

    It stays inside [0, 1] and keeps its width at shares of 0 and 1, where others collapse.

    Args:
        share: Observed share, in [0, 1].
        n: Independent trials, above 0.
        confidence: For example 0.95.
        method: How the interval is to be named.

    Returns:
        The interval; its ends are exactly 0 or 1 where the share is.

    Raises:
        MeasurementFault: If the share, `n` or the confidence is out of its range.

    Reference:
        Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if not 0 <= share <= 1 or not n > 0:
        raise MeasurementFault("share", "must be in [0, 1], of some trials", found=(share, n))
    z = quantile_of_normal(confidence)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2))
    return Interval(
        low=0.0 if share == 0 else max(0.0, centre - half),
        high=1.0 if share == 1 else min(1.0, centre + half),
        confidence=confidence,
        method=method,
    )


def percentile_interval(
    values: npt.NDArray[np.float64], *, confidence: float, method: str
) -> Interval | None:
    """Return the interval that holds the middle of resampled values.

    Args:
        values: One per resample, shape `(resamples,)`; NaN where the resample leaves the number
            undefined. Such resamples are left out.
        confidence: For example 0.95.
        method: How the interval is to be named.

    Returns:
        The interval; None where the resamples say nothing: under half are defined, or all agree.

    Reference:
        Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    defined = values[~np.isnan(values)]
    if 2 * defined.size < values.size or defined.size == 0 or np.ptp(defined) == 0:
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), confidence=confidence, method=method)


def quantile_of_normal(confidence: float) -> float:
    """Return how many standard deviations hold this share of a normal distribution, both sides.

    Args:
        confidence: In (0, 1).

    Raises:
        MeasurementFault: If the confidence is not in (0, 1).

    Example:
        >>> round(quantile_of_normal(0.95), 3)
        1.96
    """
    if not 0 < confidence < 1:
        raise MeasurementFault("confidence", "must be between 0 and 1", found=confidence)
    return float(ndtri((1 + confidence) / 2))
