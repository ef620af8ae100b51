import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import OneClassOnly
from osteon.evaluation.operating_point import choose_threshold
from osteon.statistics.intervals import Proportion
from osteon.statistics.metrics import count_confusion

films = st.lists(
    st.tuples(st.floats(-20, 20, width=32), st.booleans()), min_size=2, max_size=40
).filter(lambda rows: 0 < sum(yes for _, yes in rows) < len(rows))


def measure_youden(logits, truths, threshold):
    counted = count_confusion(logits, truths, threshold)
    return counted.true_positives / truths.sum() + counted.true_negatives / (~truths).sum() - 1


def test_youden_by_hand():
    """Others at 0, 1, 4 and fractures at 3, 5, 6: best between 1 and 3, so at 2."""
    point = choose_threshold(
        np.array([0.0, 1.0, 4.0, 3.0, 5.0, 6.0]), np.array([False] * 3 + [True] * 3)
    )
    assert point.threshold == 2
    assert (point.sensitivity, point.specificity) == (
        Proportion(hits=3, n=3),
        Proportion(hits=2, n=3),
    )
    assert (point.rule, point.chosen_on, point.n_films, point.n_fractured) == (
        "youden",
        "tune",
        6,
        3,
    )


def test_of_equally_good_gaps_the_widest_is_taken():
    """Two gaps do equally well; the wider one leaves more room on either side."""
    point = choose_threshold(np.array([0.0, 1.0, 1.5, 9.0]), np.array([False, True, False, True]))
    assert point.threshold == pytest.approx(5.25)


@given(films)
def test_no_threshold_does_better(rows):
    """No threshold whatever has a larger sensitivity + specificity - 1 on the films."""
    logits = np.array([x for x, _ in rows])
    truths = np.array([yes for _, yes in rows])
    chosen = measure_youden(logits, truths, choose_threshold(logits, truths).threshold)
    best = max(measure_youden(logits, truths, level) for level in [*logits, np.inf])
    assert chosen == pytest.approx(best)


def test_equal_error_by_hand():
    """Others at 0, 1, 4, 7 and fractures at 3, 5, 6, 8: one of four is wrong on both sides at 4.5.

    Youden's best is as good from 1 to 3, where all fractures are found and two of four called.
    """
    logits = np.array([0.0, 1.0, 4.0, 7.0, 3.0, 5.0, 6.0, 8.0])
    point = choose_threshold(logits, np.array([False] * 4 + [True] * 4), rule="equal-error")
    assert (point.threshold, point.rule) == (4.5, "equal-error")
    assert point.sensitivity == point.specificity == Proportion(hits=3, n=4)
    assert choose_threshold(logits, np.array([False] * 4 + [True] * 4)).threshold == 2


@given(films)
def test_no_threshold_brings_sensitivity_and_specificity_nearer(rows):
    """No threshold has shares nearer each other, unless none is better than calling every film."""
    logits = np.array([x for x, _ in rows])
    truths = np.array([yes for _, yes in rows])
    levels = np.unique(logits)

    def apart(threshold):
        counted = count_confusion(logits, truths, threshold)
        misses, alarms = counted.false_negatives, counted.false_positives
        return abs(misses / truths.sum() - alarms / (~truths).sum())

    chosen = choose_threshold(logits, truths, rule="equal-error").threshold
    if levels.size == 1 or max(measure_youden(logits, truths, x) for x in levels[1:]) < -1e-9:
        assert chosen == levels[0]
    else:
        assert apart(chosen) == pytest.approx(min(apart(level) for level in levels[1:]))


def test_neighbouring_numbers_still_have_a_threshold_between_them():
    """Two logits with no number between them are told apart all the same."""
    low = 1.0
    point = choose_threshold(np.array([low, np.nextafter(low, 2)]), np.array([False, True]))
    assert point.specificity.value == point.sensitivity.value == 1


def test_a_model_worse_than_chance_misses_nothing():
    """Where no threshold beats calling every film, every film is called."""
    point = choose_threshold(np.array([0.0, 1.0]), np.array([True, False]))
    assert (point.sensitivity.value, point.specificity.value) == (1, 0)


def test_half_is_logit_zero_whatever_the_films():
    """The seeds' rule looks at no film, and so serves films that are all alike too."""
    point = choose_threshold(
        np.array([0.0, 1.0, -1.0]), np.array([True] * 3), rule="half", chosen_on="train"
    )
    assert (point.threshold, point.chosen_on) == (0, "train")
    assert point.sensitivity == Proportion(hits=2, n=3)
    assert point.specificity.value is None


@pytest.mark.parametrize("rule", ["youden", "equal-error"])
def test_a_rule_that_looks_at_films_refuses_those_that_are_all_alike(rule):
    """One class has no best threshold, and the refusal offers another rule."""
    with pytest.raises(OneClassOnly, match='rule "half"'):
        choose_threshold(np.array([0.0, 1.0]), np.array([False, False]), rule=rule)
