import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from osteon.statistics.auroc import (
    BOUND_METHOD,
    bound_auroc,
    count_disjoint_pairs,
    delong_interval,
    measure_auroc,
)

# Few distinct logits, so that ties are common.
films = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: 2 <= sum(yes for _, yes in rows) <= len(rows) - 2
)


def split_films(rows):
    return np.array([x for x, _ in rows], float), np.array([yes for _, yes in rows])


def test_auroc_and_its_variance_by_hand():
    """Two fractures at 3 and 1, three others at 0, 1, 2: 4.5 of 6 pairs right, worked by hand.

    Per fracture 3/3 and 1.5/3, variance 1/8 of two; per other 1, 3/4, 1/2, variance 1/16 of three.
    """
    area = measure_auroc(
        np.array([3.0, 1.0, 0.0, 1.0, 2.0]), np.array([True, True, False, False, False])
    )
    assert area is not None
    assert (area.n_right, area.n_pairs, area.value) == (4.5, 6, 0.75)
    assert area.variance == pytest.approx(1 / 8 / 2 + 1 / 16 / 3)


@given(films)
def test_auroc_agrees_with_scikit_learn(rows):
    """The area is the one that scikit-learn gives, with ties too."""
    logits, truths = split_films(rows)
    area = measure_auroc(logits, truths)
    assert area is not None
    assert area.value == pytest.approx(roc_auc_score(truths, logits))


@given(films)
def test_variance_agrees_with_delongs_own_sums(rows):
    """The variance by mid-ranks is the one that DeLong writes as sums over all pairs."""
    logits, truths = split_films(rows)
    yes, no = logits[truths], logits[~truths]
    pairs = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    by_pairs = pairs.mean(1).var(ddof=1) / yes.size + pairs.mean(0).var(ddof=1) / no.size
    area = measure_auroc(logits, truths)
    assert area is not None
    assert area.variance == pytest.approx(by_pairs, abs=1e-12)


@given(films)
def test_interval_holds_the_area_inside_zero_and_one(rows):
    """Whatever the answers, the interval holds the area, stays in [0, 1] and keeps a width."""
    logits, truths = split_films(rows)
    area = measure_auroc(logits, truths)
    assert area is not None
    interval = delong_interval(area, n_fractured=int(truths.sum()), n_films=truths.size)
    assert 0 <= interval.low <= area.value + 1e-12
    assert area.value - 1e-12 <= interval.high <= 1
    assert interval.low < interval.high


def test_one_class_has_no_area():
    """Where every film has the same reference nothing can be ranked."""
    assert measure_auroc(np.array([1.0, 2.0]), np.array([True, True])) is None


def test_perfect_separation_keeps_its_doubt():
    """Ten fractures wholly above fifty others are no certainty: 10 of 10 disjoint pairs."""
    truths = np.arange(60) < 10
    area = measure_auroc(np.where(truths, 5.0, -5.0) + np.arange(60) / 100, truths)
    assert area is not None
    interval = delong_interval(area, n_fractured=10, n_films=60)
    assert (area.value, interval.high) == (1.0, 1.0)
    assert interval.low == pytest.approx(10 / (10 + 1.959964**2), abs=1e-6)
    assert interval.method == BOUND_METHOD


@given(films)
def test_the_bound_is_never_narrower_than_the_variance_allows(rows):
    """The fallback's trials vary at least as much as van Dantzig's bound says AUROC can."""
    logits, truths = split_films(rows)
    area = measure_auroc(logits, truths)
    n_disjoint = min(int(truths.sum()), int((~truths).sum()))
    assert area is not None
    # DeLong's estimate divides by n - 1; the bound holds for the plain one.
    plain = area.variance * (n_disjoint - 1) / n_disjoint
    assert plain <= area.value * (1 - area.value) / n_disjoint + 1e-12
    assert bound_auroc(area.value, n_disjoint=n_disjoint).low <= area.value


def test_delong_covers_the_truth():
    """Of 400 simulated studies about 95 % of the intervals hold the true area of 0.760."""
    rng = np.random.default_rng(3)
    truths = np.arange(120) < 40
    held = 0
    for _ in range(400):
        area = measure_auroc(rng.normal(size=120) + truths, truths)
        assert area is not None
        interval = delong_interval(area, n_fractured=40, n_films=120)
        held += interval.low < 0.76025 < interval.high
    assert 0.92 <= held / 400 <= 0.98


def test_pairs_that_share_no_group_are_counted_by_groups():
    """Ninety copies of three fractures are three independent fractures."""
    truths = np.arange(120) < 90
    groups = np.append(np.arange(90) % 3, np.arange(100, 130))
    assert count_disjoint_pairs(truths, groups) == 3
