"""How evidence is shown and rated: old rules are read as they were, and none exceeds its film."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from osteon.release import (
    FindingCalibrator,
    FindingRule,
    LocalisationSettings,
    Measure,
    PictureScale,
)

PLAIN = {"method": "learnt map", "scale": 1.0, "threshold": 0.5}
COUNTS = {"fitted_on": "tune", "n_findings": 90, "n_right": 60}

finite = st.floats(-100, 100)


def test_a_places_probability_by_hand():
    """Film 0.8, peak 0.75: log-odds ln 3, twice and less 1 gives 0.768, and the product 0.614."""
    rule = FindingRule(of_peak=2.0, intercept=-1.0, n_films=97, **COUNTS)
    given_a_fracture = 1 / (1 + math.exp(-(2 * math.log(3) - 1)))
    assert rule.rate(0.8, 0.75) == pytest.approx(0.8 * given_a_fracture)
    assert rule.rate(0.8, 0.75) == pytest.approx(0.61442, abs=1e-5)


@given(
    film=st.floats(1e-13, 1 - 1e-13),
    peak=st.floats(1e-9, 1.0),
    of_film=finite,
    of_peak=finite,
    intercept=finite,
)
def test_whatever_the_rule_a_place_is_not_surer_than_its_film(
    film, peak, of_film, of_peak, intercept
):
    """Old rules, new ones and none at all: the probability lies in (0, film]."""
    rules = (
        FindingCalibrator(of_film=of_film, of_peak=of_peak, intercept=intercept, **COUNTS),
        FindingRule(of_peak=abs(of_peak), intercept=intercept, n_films=97, **COUNTS),
        None,
    )
    for rule in rules:
        assert 0 < LocalisationSettings(finding=rule, **PLAIN).rate(film, peak) <= film


def test_an_old_rule_below_its_film_is_as_it_was():
    """Only what cannot be is changed."""
    old = FindingCalibrator(of_film=0.1, of_peak=1.7, intercept=0.9, **COUNTS)
    settings = LocalisationSettings(finding=old, **PLAIN)
    assert settings.rate(0.9, 0.5) == old.rate(0.9, 0.5) < 0.9
    assert old.rate(0.1, 0.9) > 0.1
    assert settings.rate(0.1, 0.9) == 0.1


@given(film=st.floats(0.001, 0.999), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_stronger_place_is_never_less_likely(film, low, high):
    """The rule rises with the peak."""
    rule = FindingRule(of_peak=1.9, intercept=-0.1, n_films=97, **COUNTS)
    low, high = sorted((low, high))
    assert rule.rate(film, low) <= rule.rate(film, high)
    with pytest.raises(ValidationError):
        FindingRule(of_peak=-0.1, intercept=0.0, n_films=97, **COUNTS)


@pytest.mark.parametrize(
    "rule",
    [
        FindingRule(of_peak=1.9, intercept=-0.1, n_films=97, **COUNTS),
        FindingCalibrator(of_film=0.1, of_peak=1.7, intercept=0.9, **COUNTS),
    ],
)
def test_both_kinds_of_rule_survive_being_written(rule):
    """A card of either kind is read as that kind."""
    settings = LocalisationSettings(finding=rule, **PLAIN)
    read = LocalisationSettings.model_validate_json(settings.model_dump_json())
    assert read == settings
    assert type(read.finding) is type(rule)


def test_a_release_without_a_scale_of_colours_has_a_usual_one():
    """Its map contradicts "no fracture" where a finding would begin."""
    shown = LocalisationSettings(**PLAIN).shown
    assert (shown.low, shown.full, shown.contradiction) == (0.2, 0.9, 0.5)
    assert not shown.fitted_on
    fitted = PictureScale(low=0.3, full=0.8, contradiction=0.35, fitted_on="tune")
    assert LocalisationSettings(picture=fitted, **PLAIN).shown == fitted


def test_colours_must_span_something():
    """They end above where they begin."""
    with pytest.raises(ValidationError, match="low must lie below full"):
        PictureScale(low=0.5, full=0.5, contradiction=0.5)


def test_an_older_cards_corrected_error_is_named_and_held_as_todays():
    """What was called "chance taken off" and lay outside its interval is neither any more."""
    old = {"name": "ece, chance taken off", "value": -0.004, "low": 0.0, "high": 0.035, "n": 82}
    read = Measure.model_validate(old)
    assert (read.name, read.value, read.low, read.high) == ("ece, bias-corrected", 0.0, 0.0, 0.035)
    gain = Measure(name="deletion, better than chance by", value=-0.004, low=-0.01, high=0.0, n=8)
    assert gain.value == -0.004
