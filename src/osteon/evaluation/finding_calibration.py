"""How likely a marked place is a fracture: fitted on films whose fractures a reader has boxed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from osteon.release.evidence import FindingRule, log_odds_of_peak

FEWEST: Final = 20
"""Right and wrong places, each, below which strong places are not told from faint ones; and places
in all, below which not even one share is fitted for all of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RatedMark:
    """One place that stood out.

    Attributes:
        peak: Its highest evidence, in (0, 1].
        is_right: Whether it meets a fracture.
    """

    peak: float
    is_right: bool


def fit_findings(
    films: Sequence[Sequence[RatedMark]], *, fitted_on: str = "tune"
) -> FindingRule | None:
    """Fit how likely a fracture is in a place of a film that has one.

    Args:
        films: The places of each film with a boxed fracture, and of no other.
        fitted_on: The films' name, such as "tune".

    Returns:
        A logistic model of the log-odds of the place's peak; None where there are too few right
        places, or wrong ones, to tell. Where stronger places were less often right, the share of
        right ones for all: such a thing is chance, or a map that tells nothing.

    Reference:
        A ridge of one film on the weight, for the intercept none (scikit-learn's default).
    """
    places = [place for film in films for place in film]
    right = np.array([place.is_right for place in places], dtype=bool)
    n_right = int(right.sum())
    if min(n_right, len(places) - n_right) < FEWEST:
        return None
    columns = np.array([[log_odds_of_peak(place.peak)] for place in places])
    fitted = LogisticRegression(C=1.0).fit(columns, right)
    of_peak, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if of_peak < 0:
        return fit_share(films, fitted_on=fitted_on)
    return FindingRule(
        of_peak=of_peak,
        intercept=intercept,
        fitted_on=fitted_on,
        n_films=len(films),
        n_findings=len(places),
        n_right=n_right,
    )


def fit_share(
    films: Sequence[Sequence[RatedMark]], *, fitted_on: str = "tune"
) -> FindingRule | None:
    """Fit one share of right places for strong and faint ones alike.

    Args:
        films: As for `fit_findings`.
        fitted_on: The films' name, such as "tune".

    Returns:
        The share, with one right place and one wrong one imagined, so that it is neither 0 nor 1;
        None where there are fewer than `FEWEST` places.
    """
    places = [place for film in films for place in film]
    n_right = sum(place.is_right for place in places)
    if len(places) < FEWEST:
        return None
    return FindingRule(
        of_peak=0.0,
        intercept=math.log((n_right + 1) / (len(places) - n_right + 1)),
        fitted_on=fitted_on,
        n_films=len(films),
        n_findings=len(places),
        n_right=n_right,
    )
