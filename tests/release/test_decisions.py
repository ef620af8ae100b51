import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import betaincinv
from scipy.stats import binom

from osteon.errors import MeasurementFault
from osteon.release.decisions import CertifiedThreshold, OperatingPoints, chance_of_so_few


def make_point(promise, threshold, /, **changed):
    """A point that 100 films without a miss prove, or that 10 films do not."""
    stands = threshold is not None
    facts = {
        "promise": promise,
        "at_least": 0.9,
        "threshold": threshold,
        "n_films": 100 if stands else 10,
        "n_kept": 100 if stands else 10,
        "lower_bound": 0.05 ** (1 / 100) if stands else None,
        "n_more": 0 if stands else 19,
        "certified_on": "test",
    }
    return CertifiedThreshold.model_validate(facts | changed)


def make_points(low, high):
    return OperatingPoints(
        high_sensitivity=make_point("sensitivity", low),
        high_specificity=make_point("specificity", high),
    )


@pytest.mark.parametrize(
    ("probability", "called"),
    [
        (0.0, "no fracture"),
        (0.1999, "no fracture"),
        (0.2, "doubt"),
        (0.6999, "doubt"),
        (0.7, "fracture"),
        (1.0, "fracture"),
    ],
)
def test_between_the_two_points_lies_doubt(probability, called):
    """Below the first no fracture is called, from the second on a fracture, doubt in between."""
    assert make_points(0.2, 0.7).decide(probability) == called


def test_a_point_that_is_not_certified_is_never_used():
    """Without a proven sensitivity no film is cleared; without a specificity none is called."""
    assert [make_points(None, 0.7).decide(p) for p in (0.0, 0.7)] == ["doubt", "fracture"]
    assert [make_points(0.2, None).decide(p) for p in (0.1, 1.0)] == ["no fracture", "doubt"]
    assert make_points(None, None).decide(0.999) == "doubt"


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 1))
def test_decisions_keep_both_promises_whether_thresholds_cross_or_not(low, high, probability):
    """No film above the first threshold is cleared and none below the second is called."""
    called = make_points(low, high).decide(probability)
    assert called != "no fracture" or probability < low
    assert called != "fracture" or probability >= high
    assert called != "doubt" or low <= probability < high


def test_where_thresholds_cross_no_doubt_remains():
    """One cut in the middle keeps both promises, and every film is called one or the other."""
    points = make_points(0.7, 0.5)
    assert points.cuts == pytest.approx((0.6, 0.6))
    assert points.decide(0.59) == "no fracture"
    assert points.decide(0.61) == "fracture"


@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1, math.inf])
def test_what_is_no_probability_is_not_decided(wrong):
    """A number outside [0, 1] is refused rather than called doubt."""
    with pytest.raises(MeasurementFault, match="probability"):
        make_points(0.2, 0.7).decide(wrong)


@given(st.integers(1, 2_000), st.data(), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999]))
def test_the_exact_test_is_the_binomial_one(n_films, data, at_least):
    """The chance of so few misses agrees with scipy's distribution, in both tails."""
    n_missed = data.draw(st.integers(0, n_films))
    chance = chance_of_so_few(n_missed, n_films, at_least)
    assert chance == pytest.approx(binom.cdf(n_missed, n_films, 1 - at_least), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize(
    "forged",
    [
        {"n_kept": 95},  # 5 misses of 100 do not prove 0.90; of 103 they would
        {"n_kept": 101},
        {"n_films": 28, "n_kept": 28},
        {"n_films": 0, "n_kept": 0},
        {"at_least": 0.99},
        {"confidence": 0.99999},
        {"threshold": math.nan},
        {"threshold": None},
        {"lower_bound": None},
        {"lower_bound": 0.98},  # 100 of 100 give 0.9705
        {"lower_bound": 1.0},
        {"n_more": 3},
        {"n_films": 10**12, "n_kept": 10**12 - 10**11},
        {"promise": "accuracy"},
    ],
)
def test_a_promise_that_its_counts_do_not_prove_is_refused(forged):
    """A file may claim a threshold only with the counts that certify it."""
    with pytest.raises(ValidationError):
        make_point("sensitivity", 0.2, **forged)


def test_a_forged_file_does_not_keep_the_loader_busy():
    """The largest counts that a file may claim are checked at once."""
    start = time.perf_counter()
    with pytest.raises(ValidationError):
        make_point("sensitivity", 0.2, n_films=1_000_000, n_kept=500_000)
    bound = betaincinv(901_000, 99_001, 0.05)
    make_point("sensitivity", 0.2, n_films=1_000_000, n_kept=901_000, lower_bound=bound)
    assert time.perf_counter() - start < 1


def test_points_do_not_change_places():
    """A promise of specificity cannot clear films."""
    with pytest.raises(ValidationError, match="must promise sensitivity"):
        OperatingPoints(
            high_sensitivity=make_point("specificity", 0.2),
            high_specificity=make_point("specificity", 0.7),
        )
    with pytest.raises(ValidationError, match="must promise specificity"):
        OperatingPoints(
            high_sensitivity=make_point("sensitivity", 0.2),
            high_specificity=make_point("sensitivity", 0.7),
        )


def test_points_survive_their_file():
    """Written as JSON and read back, thresholds are the same to the last bit."""
    points = make_points(0.1 + 0.2, None)
    assert OperatingPoints.model_validate_json(points.model_dump_json()) == points
