import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.special import logit as to_logit
from sklearn.metrics import brier_score_loss

from osteon.errors import MeasurementFault
from osteon.statistics.calibration_error import N_BINS, _add_up, _find_bins, measure_calibration
from osteon.statistics.films import number_groups
from osteon.statistics.intervals import Proportion, wilson_interval


def look(probabilities, truths, groups=None, **asked):
    probabilities = np.asarray(probabilities, dtype=float)
    groups = groups or [None] * probabilities.size
    return measure_calibration(probabilities, np.asarray(truths, bool), groups, **asked)


def correct(probabilities, truths, groups=None):
    """Return the corrected error before it is held at zero: the number that is right on average."""
    probabilities = np.asarray(probabilities, dtype=float)
    numbers = number_groups(groups or [None] * probabilities.size)
    sums = _add_up(
        np.asarray(truths, float) - probabilities,
        places=_find_bins(probabilities, N_BINS),
        numbers=numbers,
    )
    return float(sums.weigh(np.ones((1, int(numbers.max()) + 1)))[2][0])


def draw_confident(rng, n):
    """Films of a network that is sure of most: the world in which 400 films show 0.027."""
    return expit(rng.normal(-5, 5, n))


def test_errors_by_hand():
    """Four films in two bins: gaps of 0.3 and 0.2 weigh alike, and squares are averaged."""
    held = look([0.1, 0.3, 0.9, 0.7], [1, 0, 1, 0], n_bins=2)
    assert held.ece.value == pytest.approx((abs(1 - 0.4) + abs(1 - 1.6)) / 4)
    assert held.brier.value == pytest.approx((0.81 + 0.09 + 0.01 + 0.49) / 4)
    assert held.brier_of_prevalence == 0.25
    assert held.mean_probability == pytest.approx(0.5)
    assert held.prevalence == Proportion(hits=2, n=4)


def test_a_bin_keeps_its_films_and_its_interval():
    """A bin holds its lower end, the last also its upper, and the share has Wilson's interval."""
    held = look([0.0, 0.25, 0.5, 0.99, 1.0], [0, 1, 0, 1, 1], n_bins=4)
    assert [(part.low, part.high) for part in held.bins] == [
        (0, 0.25),
        (0.25, 0.5),
        (0.5, 0.75),
        (0.75, 1),
    ]
    assert [part.fractured for part in held.bins] == [
        Proportion(hits=hits, n=n) for hits, n in ((0, 1), (1, 1), (0, 1), (2, 2))
    ]
    assert held.bins[3].mean_probability == pytest.approx(0.995)
    assert held.bins[3].interval == wilson_interval(1, n=2)


def test_an_empty_bin_has_no_share():
    """No number is invented where no film lies."""
    empty = look([0.1], [0], n_bins=2).bins[1]
    assert (empty.fractured.n, empty.mean_probability, empty.interval) == (0, None, None)


def test_copies_do_not_narrow_a_bin():
    """Where groups hold several films, a bin's interval counts groups."""
    held = look([0.4] * 20, [1] * 10 + [0] * 10, ["a"] * 10 + ["b"] * 10, n_bins=1)
    assert held.bins[0].interval == wilson_interval(0.5, n=2, method="Wilson on groups")
    assert held.n_groups == 2


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_the_brier_score_is_scikit_learns(rows):
    """Mean squared error, as everyone counts it."""
    answers, truths = np.array([x for x, _ in rows]), np.array([yes for _, yes in rows])
    expected = brier_score_loss(truths, answers, labels=[False, True], pos_label=True)
    assert look(answers, truths).brier.value == pytest.approx(expected)


def test_a_perfect_model_shows_an_error_that_the_correction_takes_off():
    """On 400 films perfect probabilities show 0.027 in 15 bins, and zero once corrected."""
    rng = np.random.default_rng(1)
    plain, corrected = [], []
    for _ in range(300):
        answers = draw_confident(rng, 400)
        truths = rng.random(400) < answers
        held = look(answers, truths, resamples=1)
        plain.append(held.ece.value)
        corrected.append(correct(answers, truths))
        assert held.ece_corrected.value == pytest.approx(max(corrected[-1], 0.0))
    assert np.mean(plain) == pytest.approx(0.03, abs=0.005)
    assert abs(np.mean(corrected)) < 0.003  # five standard errors of this mean


@pytest.mark.parametrize("size", [1, 5])
def test_a_clear_error_is_not_corrected_away(size):
    """Probabilities that are off by 0.16 are found so, whether films stand alone or in groups."""
    rng = np.random.default_rng(2)
    corrected, plain = [], []
    for _ in range(25):
        true = rng.random(400)
        truths = rng.random(400) < true
        answers = np.repeat(expit(to_logit(true) + 1), size)
        groups = [str(place // size) for place in range(400 * size)]
        held = look(answers, np.repeat(truths, size), groups, resamples=1)
        corrected.append(held.ece_corrected.value)
        plain.append(held.ece.value)
    assert np.mean(plain) == pytest.approx(0.164, abs=0.008)
    assert np.mean(corrected) == pytest.approx(0.161, abs=0.01)


def test_copies_do_not_hide_the_bias():
    """Eighty perfect pictures in five copies each show a large error; corrected it is near zero."""
    rng = np.random.default_rng(3)
    groups = [str(place // 5) for place in range(400)]
    grouped, alone = [], []
    for _ in range(200):
        answers = rng.random(80)
        truths = np.repeat(rng.random(80) < answers, 5)
        answers = np.repeat(answers, 5)
        grouped.append(correct(answers, truths, groups))
        alone.append(correct(answers, truths))
    assert abs(np.mean(grouped)) < 0.01  # four standard errors
    assert np.mean(alone) > 0.05


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_the_interval_holds_the_true_error(shift):
    """Where the calibration error is known, few intervals leave it out: 3 of 100 at most here."""
    rng = np.random.default_rng(4)
    true = rng.random(200_000)
    given_as = expit(to_logit(true) + shift)
    place = (given_as * 15).astype(int)
    truth = np.abs(np.bincount(place, weights=true - given_as)).sum() / true.size
    n_held = 0
    for _ in range(40):
        sample = rng.random(300)
        held = look(expit(to_logit(sample) + shift), rng.random(300) < sample, resamples=300)
        interval = held.ece_corrected.interval
        n_held += interval.low <= truth + 1e-12 and truth <= interval.high
    assert n_held >= 36


def test_every_number_lies_in_its_own_interval_or_at_its_end():
    """Brier and both errors carry intervals that name how they were made."""
    rng = np.random.default_rng(5)
    answers = rng.random(200)
    held = look(answers, rng.random(200) < answers)
    for measured in (held.brier, held.ece, held.ece_corrected):
        assert measured.interval.low <= measured.value <= measured.interval.high
        assert "group bootstrap" in measured.interval.method


@pytest.mark.parametrize("size", [12, 40, 200])
def test_a_corrected_error_is_never_below_zero_and_lies_in_its_interval(size):
    """What chance alone exceeds is printed as zero, together with the interval's lower end."""
    rng = np.random.default_rng(size)
    clipped = 0
    for _ in range(25):
        answers = rng.random(size)
        truths = rng.random(size) < answers
        held = look(answers, truths, resamples=100).ece_corrected
        clipped += correct(answers, truths) < 0
        assert 0 <= held.interval.low <= held.value <= held.interval.high
    assert clipped > 3


def test_equal_seeds_give_equal_intervals():
    """Resampling is drawn from the seed alone."""
    rng = np.random.default_rng(6)
    answers = rng.random(100)
    truths = rng.random(100) < answers
    assert look(answers, truths) == look(answers, truths)
    assert look(answers, truths).brier != look(answers, truths, seed=1).brier


def test_no_films_have_no_error():
    """Nothing is measured on nothing."""
    held = look([], [])
    assert (held.brier.value, held.ece.value, held.ece_corrected.value) == (None, None, None)
    assert (held.mean_probability, held.prevalence.value, held.n_groups) == (None, None, 0)


def test_one_film_has_no_interval():
    """Resampling one group cannot say how sure a number is."""
    held = look([0.4], [1])
    assert held.brier.value == pytest.approx(0.36)
    assert (held.brier.interval, held.ece_corrected.interval) == (None, None)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.nan])
def test_what_is_no_probability_is_refused(wrong):
    """A logit does not pass for a probability."""
    with pytest.raises(MeasurementFault):
        look([0.5, wrong], [0, 1])
