"""Guessing a label from a table: whole groups, held-out folds."""

import numpy as np
import pytest

from osteon.audit.shortcuts.model import (
    FOLDS,
    ShortcutTable,
    deal_folds,
    fit_shortcut,
    measure_alone,
    measure_shortcut_auroc,
)


def build_clues(
    values: np.ndarray,
    has_fracture: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    is_category: bool = False,
) -> ShortcutTable:
    table = values.reshape(len(values), -1).astype(np.float64)
    numbers = np.arange(len(values)) if groups is None else groups
    return ShortcutTable(
        values=table,
        is_category=np.full(table.shape[1], is_category),
        has_fracture=has_fracture,
        group_numbers=numbers,
        folds=deal_folds(has_fracture, numbers),
    )


def test_groups_stay_whole_and_folds_are_alike():
    """No group stands in two folds, and each fold has its share of films of either class."""
    luck = np.random.default_rng(1)
    groups = luck.integers(120, size=900)
    labels = luck.random(120)[groups] < 0.3
    folds = deal_folds(labels, np.unique(groups, return_inverse=True)[1])
    for group in np.unique(groups):
        assert np.unique(folds[groups == group]).size == 1
    for own in (labels, ~labels):
        counts = np.bincount(folds[own], minlength=FOLDS)
        assert counts.max() - counts.min() < 0.2 * own.sum() / FOLDS


def test_what_decides_the_label_is_guessed_and_what_does_not_is_not():
    """A column that follows the label gives it away, until it is shuffled; another does not."""
    luck = np.random.default_rng(2)
    labels = luck.random(300) < 0.4
    values = np.stack([luck.normal(size=300), labels + 0.5 * luck.normal(size=300)], axis=1)
    clues = build_clues(values, labels)
    guess = fit_shortcut(clues, shuffle=True)
    found = measure_shortcut_auroc(guess.logits, clues)
    assert 0.75 < found.low < found.value < found.high < 1.0
    assert guess.drops[1] > 0.25
    assert abs(guess.drops[0]) < 0.05


def test_classes_wholly_apart_keep_an_interval():
    """A perfect guess of 40 films is not certain: where resampling has no width, Wilson's has."""
    labels = np.arange(40) % 2 == 0
    clues = build_clues(labels, labels)
    found = measure_shortcut_auroc(labels.astype(np.float64), clues)
    assert (found.value, found.high, found.method) == (1.0, 1.0, "Wilson on disjoint pairs")
    # z^2 = 3.8415 and n = 20 pairs: n / (n + z^2)
    assert found.low == pytest.approx(20 / 23.8415, abs=1e-4)


def test_fewer_groups_widen_the_interval():
    """The same films in groups of ten say less than the same films on their own."""
    luck = np.random.default_rng(3)
    labels = np.repeat(luck.random(60) < 0.5, 10)
    logits = labels + np.repeat(luck.normal(size=60), 10)
    alone = measure_shortcut_auroc(logits, build_clues(logits, labels))
    grouped = measure_shortcut_auroc(
        logits, build_clues(logits, labels, np.repeat(np.arange(60), 10))
    )
    assert alone.value == grouped.value
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_a_feature_alone_has_no_direction():
    """A number that falls tells as much as one that rises; films without it are left out."""
    labels = np.arange(60) % 2 == 0
    values = np.where(labels, 1.0, 2.0)
    values[:10] = np.nan
    assert measure_alone(build_clues(values, labels), 0) == 1.0
    values[labels] = np.nan
    assert measure_alone(build_clues(values, labels), 0) is None


def test_a_category_alone_is_judged_by_other_films():
    """A category that follows the label tells it; one for each film tells nothing."""
    luck = np.random.default_rng(4)
    labels = luck.random(200) < 0.5
    telling = np.where(labels, 3.0, np.where(luck.random(200) < 0.5, 1.0, 7.0))
    assert measure_alone(build_clues(telling, labels, is_category=True), 0) == 1.0
    own = np.arange(200.0)
    assert measure_alone(build_clues(own, labels, is_category=True), 0) < 0.55


def test_a_table_that_says_nothing_guesses_nothing():
    """Where all films are alike, every guess is the same and the area is one half."""
    labels = np.arange(50) % 2 == 0
    clues = build_clues(np.ones(50), labels)
    guess = fit_shortcut(clues, shuffle=True)
    found = measure_shortcut_auroc(guess.logits, clues)
    assert (found.value, guess.drops.tolist()) == (0.5, [0.0])
    assert found.low < 0.5 < found.high


def test_what_is_known_of_a_few_films_in_one_fold_only_breaks_nothing():
    """A column that no film outside a fold has cannot be fitted there, and is left out."""
    luck = np.random.default_rng(9)
    labels = luck.random(120) < 0.5
    values = np.stack([luck.normal(size=120), np.full(120, np.nan)], axis=1)
    clues = build_clues(values, labels)
    values[np.flatnonzero(clues.folds == 1)[:3], 1] = 4.0
    for column in (values[:, 1], values):
        guess = fit_shortcut(build_clues(column, labels), shuffle=True)
        assert np.isfinite(guess.logits).all()
