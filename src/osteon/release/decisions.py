"""How a probability becomes a decision, and the promises that stand behind it.

A promise is carried with the counts that prove it, and is checked against them when it is loaded:
a threshold that its own films cannot prove is refused.
"""

import math
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from osteon.errors import MeasurementFault

Called = Literal["fracture", "doubt", "no fracture"]
Promise = Literal["sensitivity", "specificity"]

CLASS_OF: Final = {"sensitivity": "fractured", "specificity": "normal"}
"""The films that a promise is about."""

MAX_FILMS: Final = 1_000_000
"""More films than any promise needs; a file that claims more would only keep the loader busy."""

_NEGLIGIBLE: Final = 1e-18
_ROUNDING: Final = 1e-7  # relative: what a chance in floats may be off by, far below what it means


def chance_of_so_few(n_missed: int, n_films: int, at_least: float) -> float:
    """Return how likely so few misses would be, were a promise only just kept.

    This is the exact binomial test: the promise is proven where the chance is at most
    1 - confidence, which is where the one-sided Clopper-Pearson bound reaches the promise.

    Args:
        n_missed: Films of the class that the promise is broken on.
        n_films: Films of the class, one per group.
        at_least: The share that is promised, in (0, 1).

    Reference:
        Clopper & Pearson, Biometrika 26 (1934) 404.

    Example:
        >>> [round(chance_of_so_few(0, n, 0.95), 4) for n in (58, 59)]
        [0.051, 0.0485]
        >>> [round(chance_of_so_few(5, n, 0.90), 4) for n in (102, 103)]
        [0.051, 0.0479]
    """
    if n_missed >= n_films:
        return 1.0
    if n_missed > n_films * (1 - at_least):  # beyond the middle, the other tail is the short one
        return 1.0 - chance_of_so_few(n_films - n_missed - 1, n_films, 1 - at_least)
    odds = at_least / (1 - at_least)
    term = math.exp(
        math.lgamma(n_films + 1)
        - math.lgamma(n_missed + 1)
        - math.lgamma(n_films - n_missed + 1)
        + n_missed * math.log1p(-at_least)
        + (n_films - n_missed) * math.log(at_least)
    )
    terms = [term]
    for n in range(n_missed, 0, -1):  # from n misses to one fewer
        ratio = n * odds / (n_films - n + 1)
        term *= ratio
        terms.append(term)
        if ratio < 1 and term < terms[0] * _NEGLIGIBLE:
            break
    return math.fsum(terms)


def is_proven(n_missed: int, n_films: int, at_least: float, *, confidence: float) -> bool:
    """Return whether the counts prove a promise.

    Args:
        n_missed: Films of the class that the promise is broken on.
        n_films: Films of the class, one per group.
        at_least: The share that is promised, in (0, 1).
        confidence: At which it must be proven.
    """
    chance = chance_of_so_few(n_missed, n_films, at_least)
    return n_films > 0 and chance <= (1 - confidence) * (1 + _ROUNDING)


class CertifiedThreshold(BaseModel):
    """One promise, with the counts that prove it; or what it would take to prove it.

    Attributes:
        promise: "sensitivity": of fractured films, at least so many are not called "no fracture".
            "specificity": of the others, at least so many are not called "fracture".
        at_least: The share that is promised, in (0, 1).
        confidence: At which it is proven, such as 0.95; of this promise alone.
        threshold: A probability; None where the films cannot prove the promise at any.
        n_films: Films of the class that the promise is about, one per group.
        n_kept: Those on which it is kept at the threshold; all of them where there is none.
        lower_bound: Exact one-sided Clopper-Pearson bound of the share kept; None where there is
            no threshold.
        n_more: Where there is no threshold: how many more films of the class, one per group, it
            takes. So many always suffice, whatever is answered on them, because the safest
            threshold misses none of them. 0 where there is a threshold.
        certified_on: The films' name, such as "test".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    promise: Promise
    at_least: float = Field(gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0, lt=1)
    threshold: float | None = Field(ge=0, le=1)
    n_films: int = Field(ge=0, le=MAX_FILMS)
    n_kept: int = Field(ge=0)
    lower_bound: float | None = Field(gt=0, lt=1)
    n_more: int = Field(ge=0)
    certified_on: str

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.n_kept > self.n_films:
            raise ValueError("n_kept must not exceed n_films")
        if self.threshold is None or self.lower_bound is None:
            if self.threshold is not None or self.lower_bound is not None or not self.n_more:
                raise ValueError("a promise without a threshold has no bound, and needs more films")
            return self
        n_missed = self.n_films - self.n_kept
        if self.n_more or not is_proven(
            n_missed, self.n_films, self.at_least, confidence=self.confidence
        ):
            raise ValueError("the counts must prove what is promised, and need no more films")
        chance = chance_of_so_few(n_missed, self.n_films, self.lower_bound)
        if not math.isclose(chance, 1 - self.confidence, rel_tol=1e-4):
            raise ValueError("lower_bound must be the one that the counts give")
        return self


class OperatingPoints(BaseModel):
    """The two promises of a release, and the decision they allow.

    Attributes:
        high_sensitivity: Below its threshold a film is called "no fracture".
        high_specificity: From its threshold on a film is called "fracture".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    high_sensitivity: CertifiedThreshold
    high_specificity: CertifiedThreshold

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.high_sensitivity.promise != "sensitivity":
            raise ValueError("high_sensitivity must promise sensitivity")
        if self.high_specificity.promise != "specificity":
            raise ValueError("high_specificity must promise specificity")
        return self

    @property
    def cuts(self) -> tuple[float | None, float | None]:
        """The probabilities at which doubt begins and ends.

        The first is None where no film may be called "no fracture", the second where none may be
        called "fracture". Where the thresholds cross, both cuts are their middle and no doubt
        remains. Both promises still hold: a lower first cut calls fewer films "no fracture" and a
        higher second cut calls fewer "fracture", so any one cut between the two breaks neither.
        """
        low, high = self.high_sensitivity.threshold, self.high_specificity.threshold
        if low is not None and high is not None and low > high:
            return ((low + high) / 2,) * 2
        return low, high

    def decide(self, probability: float) -> Called:
        """Return what the film is called.

        Args:
            probability: Calibrated, in [0, 1].

        Raises:
            MeasurementFault: If it is no probability.
        """
        if not 0 <= probability <= 1:
            raise MeasurementFault("probability", "must be in [0, 1]", found=probability)
        low, high = self.cuts
        if low is not None and probability < low:
            return "no fracture"
        if high is not None and probability >= high:
            return "fracture"
        return "doubt"
