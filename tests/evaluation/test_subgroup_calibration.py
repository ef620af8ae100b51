"""Calibration is told for each kind of film of which there are enough."""

import numpy as np
import pytest

from osteon.evaluation.subgroup_calibration import measure_subgroup_calibration
from osteon.statistics.calibration_error import measure_calibration, weigh_calibration
from osteon.statistics.weights import measure_difference


def draw(n=1200):
    """Return probabilities that are right on hands and far too high on hips."""
    chance = np.random.default_rng(0)
    probabilities = chance.uniform(0.05, 0.95, n)
    is_hip = chance.random(n) < 0.3
    truths = chance.random(n) < np.where(is_hip, probabilities / 2, probabilities)
    values = [("hip",) if one else ("hand",) for one in is_hip]
    values[:5] = [("foot",)] * 5
    values[5] = ("hand", "hip")
    values[6:40] = [()] * 34
    return probabilities, truths, values


def test_each_region_is_measured_on_its_own_films():
    """A fault on hips shows on hips, and not on hands; a few feet are left out."""
    probabilities, truths, values = draw()
    groups = [str(place // 2) for place in range(truths.size)]
    found = measure_subgroup_calibration(probabilities, truths, groups, values=values)
    assert [one.value for one in found] == ["hand", "hip", "not stated"]
    hand, hip, _ = found
    assert hand.n_films == sum("hand" in of_film for of_film in values)
    assert hip.n_fractured == sum(
        truth for truth, of_film in zip(truths, values, strict=True) if "hip" in of_film
    )
    assert hip.reliability.ece_corrected.value > 0.15
    assert abs(hand.reliability.ece_corrected.value) < 0.04


@pytest.mark.parametrize("kind", ["brier", "ece", "ece_corrected"])
def test_a_weighed_error_is_the_measured_one(kind):
    """What is weighed for paired differences is what is measured."""
    probabilities, truths, _ = draw()
    groups = [str(place // 2) for place in range(truths.size)]
    whole = measure_calibration(probabilities, truths, groups, resamples=1)
    weighed = weigh_calibration(probabilities, truths, groups, kind=kind)
    assert weighed.value == pytest.approx(getattr(whole, kind).value)
    worse = weigh_calibration(probabilities**2, truths, groups, kind=kind)
    found = measure_difference(worse, weighed, resamples=300)
    assert found.value == pytest.approx(worse.value - weighed.value)
    assert found.interval.low < found.value < found.interval.high
