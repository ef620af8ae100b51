"""A finding's probability is learnt from places that a reader has judged, or not at all."""

import numpy as np
import pytest

from osteon.evaluation.finding_calibration import FEWEST, RatedMark, fit_findings, fit_share


def draw_films(n, *, of_peak=2.0, seed=0):
    """Films with a fracture, two places each, right by a logistic function of the peak."""
    chance = np.random.default_rng(seed)
    peak = chance.uniform(0.1, 0.95, (n, 2))
    log_odds = of_peak * np.log(peak / (1 - peak)) + 0.5
    right = chance.random((n, 2)) < 1 / (1 + np.exp(-log_odds))
    return [
        [RatedMark(peak=float(p), is_right=bool(r)) for p, r in zip(peaks, rights, strict=True)]
        for peaks, rights in zip(peak, right, strict=True)
    ]


def test_the_weights_behind_the_places_are_found_again():
    """On many places the fitted model gives the probability that drew them."""
    fitted = fit_findings(draw_films(20_000), fitted_on="tune")
    assert fitted.of_peak == pytest.approx(2.0, abs=0.1)
    assert fitted.intercept == pytest.approx(0.5, abs=0.1)
    assert fitted.rate(0.6, 0.5) == pytest.approx(0.6 / (1 + np.exp(-0.5)), abs=0.02)
    assert (fitted.n_films, fitted.n_findings, fitted.fitted_on) == (20_000, 40_000, "tune")


def test_where_strong_places_were_less_often_right_all_have_one_share():
    """A map that tells nothing does not turn the order of places round."""
    films = draw_films(500, of_peak=-1.0)
    fitted = fit_findings(films)
    share = np.mean([place.is_right for film in films for place in film])
    assert fitted.of_peak == 0
    assert fitted.rate(0.5, 0.2) == fitted.rate(0.5, 0.9) == pytest.approx(0.5 * share, abs=1e-3)


def test_where_nearly_all_places_were_right_they_have_one_share():
    """Of thirty places two were wrong: too few to tell which, and not none."""
    right, wrong = RatedMark(peak=0.9, is_right=True), RatedMark(peak=0.4, is_right=False)
    films = [[right]] * 28 + [[wrong]] * 2
    assert fit_findings(films) is None
    fitted = fit_share(films)
    assert fitted.rate(0.5, 0.2) == fitted.rate(0.5, 0.9) == pytest.approx(0.5 * 29 / 32)
    assert fit_share(films[: FEWEST - 1]) is None


def test_too_few_places_are_not_learnt_from():
    """With fewer than the fewest right places, or wrong ones, nothing is fitted."""
    places = [place for film in draw_films(1_000) for place in film]
    right = [place for place in places if place.is_right]
    wrong = [place for place in places if not place.is_right]
    assert fit_findings([[*right[: FEWEST - 1], *wrong]]) is None
    assert fit_findings([[*right, *wrong[: FEWEST - 1]]]) is None
    assert fit_findings([[*right[:FEWEST], *wrong]]) is not None
