"""How likely a marked place is a fracture: fitted on films whose fractures a reader has boxed."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from osteon.release.card import FindingCalibrator

FEWEST: Final = 20
"""Right and wrong places, each, below which nothing is fitted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RatedPlace:
    """One place that stood out.

    Attributes:
        film: Calibrated probability of its film, in (0, 1).
        peak: Its highest evidence, in (0, 1].
        is_right: Whether it meets a fracture.
    """

    film: float
    peak: float
    is_right: bool


def fit_findings(places: list[RatedPlace], *, fitted_on: str = "tune") -> FindingCalibrator | None:
    """Fit a logistic model of the film's log-odds and the logarithm of the place's peak.

    Args:
        places: Of all films that were boxed, those without a fracture among them.
        fitted_on: The films' name, such as "tune".

    Returns:
        The model; None where there are too few places to tell.

    Reference:
        A ridge of one film on each weight, for the intercept none (scikit-learn's default).
    """
    right = np.array([place.is_right for place in places], dtype=bool)
    if min(int(right.sum()), int((~right).sum())) < FEWEST:
        return None
    film = np.array([place.film for place in places])
    peak = np.array([place.peak for place in places])
    columns = np.column_stack([np.log(film / (1 - film)), np.log(peak)])
    fitted = LogisticRegression(C=1.0).fit(columns, right)
    of_film, of_peak = (float(weight) for weight in fitted.coef_[0])
    return FindingCalibrator(
        of_film=of_film,
        of_peak=of_peak,
        intercept=float(fitted.intercept_[0]),
        fitted_on=fitted_on,
        n_findings=len(places),
        n_right=int(right.sum()),
    )
