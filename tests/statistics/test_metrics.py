import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from osteon.statistics.auroc import BOUND_METHOD
from osteon.statistics.intervals import Proportion
from osteon.statistics.metrics import Confusion, count_confusion, measure
from osteon.statistics.proportions import GROUP_WILSON

LOGITS = np.array([2.0, 1.0, -1.0, 0.5, -0.5, -2.0, -3.0, -1.5, 0.0, -0.1])
TRUTHS = np.array([True, True, True, False, False, False, False, False, False, False])
ALONE = [None] * 10

films = st.lists(
    st.tuples(st.integers(-5, 5), st.booleans(), st.integers(0, 8)), min_size=1, max_size=40
)


def test_counts_by_hand():
    """At logit 0: two of three fractures found, five of seven others cleared, a tie is a call."""
    assert count_confusion(LOGITS, TRUTHS, 0.0) == Confusion(
        true_positives=2, false_negatives=1, true_negatives=5, false_positives=2
    )


def test_metrics_by_hand():
    """Every metric of the ten films, with its numerator and denominator, worked by hand."""
    measured = measure(LOGITS, TRUTHS, ALONE, threshold=0)
    assert {metric.name: (metric.numerator, metric.denominator) for metric in measured.listed} == {
        "accuracy": (7, 10),
        "sensitivity": (2, 3),
        "specificity": (5, 7),
        "ppv": (2, 4),
        "npv": (5, 6),
        "f1": (4, 7),
        "auroc": (17, 21),
    }
    assert measured.prevalence == Proportion(hits=3, n=10)
    assert (measured.n_films, measured.n_groups, measured.n_fractured) == (10, 10, 3)


def test_a_predictive_value_carries_its_prevalence():
    """Ppv and npv, and only they, carry the prevalence without which they mean nothing."""
    carried = {
        metric.name: metric.prevalence
        for metric in measure(LOGITS, TRUTHS, ALONE, threshold=0).listed
        if metric.prevalence
    }
    assert carried == {"ppv": Proportion(hits=3, n=10), "npv": Proportion(hits=3, n=10)}


def test_films_that_stand_alone_have_wilson_and_delong():
    """Where no two films share a group, formulas serve, and F1 is resampled."""
    measured = measure(LOGITS, TRUTHS, ALONE, threshold=0)
    methods = {metric.name: metric.interval.method for metric in measured.listed}
    assert methods.pop("f1") == "group bootstrap"
    assert methods.pop("auroc") == "DeLong (logit)"
    assert set(methods.values()) == {"Wilson"}


def test_one_shared_group_is_enough_to_resample():
    """A single pair of films of one patient makes every interval resample groups."""
    groups = ["p1", *[f"film {place}" for place in range(8)], "p1"]
    measured = measure(LOGITS, TRUTHS, groups, threshold=0)
    assert {metric.interval.method for metric in measured.listed} == {"group bootstrap"}
    assert "groups" in measured.interval_method


def test_copies_add_no_certainty():
    """Thirty copies of every film leave the intervals as wide as one copy does, or nearly."""
    rng = np.random.default_rng(2)
    truths = rng.random(80) < 0.5
    logits = rng.normal(size=80) + 1.5 * truths
    once = measure(logits, truths, [None] * 80, threshold=0.7)
    copied = measure(
        np.repeat(logits, 30),
        np.repeat(truths, 30),
        [str(place // 30) for place in range(2400)],
        threshold=0.7,
    )
    for single, many in zip(once.listed, copied.listed, strict=True):
        assert many.value == pytest.approx(single.value)
        width = single.interval.high - single.interval.low
        assert many.interval.high - many.interval.low == pytest.approx(width, rel=0.2)


def test_a_perfect_share_of_few_groups_stays_in_doubt():
    """Forty copies from four patients, all found, prove as much as four patients do."""
    truths = np.arange(80) < 40
    groups = [str(place // 10) for place in range(80)]
    measured = measure(np.where(truths, 1.0, -1.0), truths, groups, threshold=0)
    four_of_four = Proportion(hits=4, n=4).interval()
    assert measured.sensitivity.interval.low == pytest.approx(four_of_four.low)
    assert measured.sensitivity.interval.method == GROUP_WILSON
    assert measured.auroc.interval.low == pytest.approx(four_of_four.low)
    assert measured.auroc.interval.method == BOUND_METHOD
    jaccard = four_of_four.low
    assert measured.f1.interval.low == pytest.approx(2 * jaccard / (1 + jaccard))


def test_a_single_patient_proves_next_to_nothing():
    """All films of one patient give intervals as wide as one film would."""
    measured = measure(LOGITS, TRUTHS, ["p1"] * 10, threshold=0)
    for metric in measured.listed:
        assert metric.interval.high - metric.interval.low > 0.6


@pytest.mark.parametrize(
    ("has_fracture", "undefined"),
    [(True, "specificity"), (False, "sensitivity")],
)
def test_one_class_leaves_metrics_undefined_and_says_why(has_fracture, undefined):
    """Films that are all alike leave some metrics without a value, with a reason, never a guess."""
    measured = measure(LOGITS, np.full(10, has_fracture), ALONE, threshold=0)
    lacking = {metric.name: metric for metric in measured.listed if metric.value is None}
    assert set(lacking) == {undefined, "ppv", "npv", "f1", "auroc"}
    assert all(metric.reason and metric.interval is None for metric in lacking.values())
    assert all(not metric.reason for metric in measured.listed if metric.value is not None)


def test_nothing_called_leaves_ppv_undefined():
    """A model that calls nothing has no ppv, where others would say zero."""
    measured = measure(LOGITS, TRUTHS, ALONE, threshold=99)
    assert (measured.ppv.value, measured.ppv.reason) == (None, "no film was called fractured")
    assert measured.sensitivity.value == 0


def test_no_films_have_no_numbers():
    """Without films nothing is measured, and every metric says why."""
    measured = measure(np.array([]), np.array([], dtype=bool), [], threshold=0)
    assert all(metric.value is None and metric.reason for metric in measured.listed)


@given(films, st.integers(-5, 5))
def test_metrics_agree_with_scikit_learn(rows, threshold):
    """Wherever a metric has a value it is scikit-learn's, and its interval lies in [0, 1]."""
    logits = np.array([x for x, _, _ in rows], float)
    truths = np.array([yes for _, yes, _ in rows])
    called = logits >= threshold
    measured = measure(logits, truths, [str(g) for _, _, g in rows], threshold=threshold)
    yardsticks = (
        (measured.accuracy, accuracy_score(truths, called)),
        (measured.sensitivity, recall_score(truths, called, zero_division=np.nan)),
        (measured.ppv, precision_score(truths, called, zero_division=np.nan)),
        (measured.f1, f1_score(truths, called, zero_division=np.nan)),
    )
    for metric, yardstick in yardsticks:
        if metric.value is not None:
            assert metric.value == pytest.approx(yardstick)
    for metric in measured.listed:
        assert (metric.value is None) == (metric.interval is None) == bool(metric.reason)
        if metric.interval is not None:
            assert 0 <= metric.interval.low < metric.interval.high <= 1
