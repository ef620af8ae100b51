import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from osteon.statistics.metrics import measure
from osteon.statistics.resampling import (
    draw_weights,
    resample_auroc,
    resample_counts,
    sum_by_group,
)


def test_films_are_counted_per_group():
    """Films of one group are added up, kind by kind."""
    cells = np.array([[1, 0], [0, 1], [1, 0]])
    assert sum_by_group(cells, np.array([0, 1, 0])).tolist() == [[2, 0], [0, 1]]


@given(st.integers(1, 30), st.integers(0, 5))
def test_every_resample_draws_as_many_groups_as_there_are(n_groups, seed):
    """A resample has as many groups as the collection, whichever way it is drawn."""
    weights = np.concatenate(list(draw_weights(n_groups, seed=seed, resamples=130)))
    assert weights.shape == (130, n_groups)
    assert (weights.sum(axis=1) == n_groups).all()
    drawn = resample_counts(np.ones((n_groups, 1), dtype=np.int64), seed=seed, resamples=130)
    assert (drawn == n_groups).all()


def test_resampled_counts_spread_as_the_formula_says():
    """The resampled sum of groups spreads by the square root of the squared deviations' sum."""
    counts = np.arange(40, dtype=np.int64)[:, None] % 7
    drawn = resample_counts(counts, seed=1, resamples=20_000)
    assert drawn.mean() == pytest.approx(counts.sum(), rel=0.01)
    assert drawn.std() == pytest.approx(np.sqrt(40 * counts.var()), rel=0.03)


def test_no_groups_resample_to_nothing():
    """Without films every resample counts nothing."""
    assert not resample_counts(np.zeros((0, 4), dtype=np.int64), seed=0, resamples=3).any()


def test_weighted_auroc_is_the_area_of_repeated_films():
    """Weighing the sorted films gives what scikit-learn gives with those weights, ties included."""
    rng = np.random.default_rng(5)
    logits, truths = rng.integers(-3, 4, 50).astype(float), rng.random(50) < 0.4
    groups = rng.integers(0, 20, 50)
    groups[:20] = np.arange(20)
    areas = resample_auroc(logits, truths, groups, seed=9, resamples=110)
    weights = np.concatenate(list(draw_weights(20, seed=9, resamples=110)))[:, groups]
    for area, weight in zip(areas, weights, strict=True):
        assert area == pytest.approx(roc_auc_score(truths, logits, sample_weight=weight))


def test_a_resample_without_a_class_has_no_area():
    """Where no fracture was drawn the area is not a number, rather than an invented one."""
    areas = resample_auroc(
        np.array([1.0, 0.0]), np.array([True, False]), np.array([0, 1]), seed=0, resamples=40
    )
    assert np.isnan(areas).any()
    assert (areas[~np.isnan(areas)] == 1).all()


def test_equal_seeds_give_equal_intervals():
    """The same films and seed give the same intervals; another seed gives others."""
    rng = np.random.default_rng(0)
    logits, truths = rng.normal(size=80), rng.random(80) < 0.5
    groups = [f"g{place // 2}" for place in range(80)]
    first = measure(logits, truths, groups, threshold=0, seed=4)
    assert measure(logits, truths, groups, threshold=0, seed=4) == first
    assert measure(logits, truths, groups, threshold=0, seed=5).auroc != first.auroc


def test_group_bootstrap_covers_where_film_intervals_do_not():
    """With ten like films per group, resampled groups hold the truth; films as trials do not."""
    rng = np.random.default_rng(11)
    n_studies, n_groups, n_films = 150, 60, 10
    held, held_by_films = 0, 0
    for _ in range(n_studies):
        # A group's films are called alike: sensitivity 0.7, perfectly shared within the group.
        found = np.repeat(rng.random(n_groups) < 0.7, n_films)
        logits, truths = np.where(found, 1.0, -1.0), np.ones(found.size, dtype=bool)
        named = [str(place // n_films) for place in range(found.size)]
        grouped = measure(logits, truths, named, threshold=0).sensitivity.interval
        alone = measure(logits, truths, [None] * found.size, threshold=0).sensitivity.interval
        assert grouped is not None
        assert alone is not None
        held += grouped.low <= 0.7 <= grouped.high
        held_by_films += alone.low <= 0.7 <= alone.high
    assert held / n_studies >= 0.9
    assert held_by_films / n_studies < 0.6


def test_ten_thousand_films_take_under_two_seconds():
    """All seven metrics with 2,000 resamples of 10,000 films take less than two seconds."""
    rng = np.random.default_rng(0)
    truths = rng.random(10_000) < 0.3
    groups = [str(number) for number in rng.integers(0, 5_000, 10_000)]
    started = time.process_time()
    measure(rng.normal(size=10_000) + truths, truths, groups, threshold=0.5)
    assert time.process_time() - started < 2
