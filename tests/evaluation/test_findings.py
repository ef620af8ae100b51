"""A finding's probability is learnt from places that a reader has judged, or not at all."""

import numpy as np
import pytest

from osteon.evaluation.findings import FEWEST, RatedPlace, fit_findings


def draw_places(n, *, seed=0):
    """Places whose chance of being right is a logistic function of film and peak."""
    chance = np.random.default_rng(seed)
    film, peak = chance.uniform(0.05, 0.95, n), chance.uniform(0.1, 1.0, n)
    log_odds = 1.5 * np.log(film / (1 - film)) + 2.0 * np.log(peak) + 1.0
    right = chance.random(n) < 1 / (1 + np.exp(-log_odds))
    return [
        RatedPlace(film=float(f), peak=float(p), is_right=bool(r))
        for f, p, r in zip(film, peak, right, strict=True)
    ]


def test_the_weights_behind_the_places_are_found_again():
    """On many places the fitted model gives the probability that drew them."""
    fitted = fit_findings(draw_places(20_000))
    assert fitted.of_film == pytest.approx(1.5, abs=0.1)
    assert fitted.of_peak == pytest.approx(2.0, abs=0.2)
    assert fitted.intercept == pytest.approx(1.0, abs=0.15)
    assert fitted.rate(0.5, 1.0) == pytest.approx(1 / (1 + np.exp(-1.0)), abs=0.03)


def test_a_probability_lies_between_none_and_all_whatever_the_place():
    """Films that are nearly sure, with places that are nearly dark, still have a probability."""
    fitted = fit_findings(draw_places(500))
    for film in (1e-13, 0.5, 1 - 1e-13):
        for peak in (1e-9, 1.0):
            assert 0 < fitted.rate(film, peak) < 1


def test_too_few_places_are_not_learnt_from():
    """With fewer than the fewest right places, or wrong ones, nothing is fitted."""
    places = draw_places(2_000)
    right = [place for place in places if place.is_right]
    wrong = [place for place in places if not place.is_right]
    assert fit_findings([*right[: FEWEST - 1], *wrong]) is None
    assert fit_findings([*right, *wrong[: FEWEST - 1]]) is None
    assert fit_findings([*right[:FEWEST], *wrong]) is not None
