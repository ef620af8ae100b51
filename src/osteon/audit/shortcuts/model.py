"""How well a label can be guessed from a table: a small model, held-out folds, whole groups.

Films of one group (copies of a picture, films of a patient) stand in one fold: a model that has
seen a film's copy would remember its label, and any table would seem to give the label away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from osteon.statistics.auroc import measure_auroc
from osteon.statistics.intervals import percentile_interval, wilson_interval
from osteon.statistics.resampling import METHOD, resample_auroc

FOLDS: Final = 5
SEED: Final = 0
RESAMPLES: Final = 1_000
SHUFFLES: Final = 3
"""Times that a feature is shuffled in each fold; the falls are averaged."""

CONFIDENCE: Final = 0.95

LEAF_GROUPS: Final = 10
"""Groups, of average size, that a leaf of the model's trees holds at least."""

DISJOINT_PAIRS: Final = "Wilson on disjoint pairs"

_CATEGORY_WEIGHT: Final = 5.0
"""Films of average label that are added to each category: a category of one film knows little."""

_Values = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]
_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortcutTable:
    """What a label is guessed from.

    Attributes:
        values: Shape `(films, features)`; a category is its number, NaN is not known.
        is_category: Shape `(features,)`.
        has_fracture: The labels to guess, shape `(films,)`.
        group_numbers: Equal for films that stay together, shape `(films,)`, from 0 on.
        folds: From `deal_folds`, shape `(films,)`.
    """

    values: _Values
    is_category: _Flags
    has_fracture: _Flags
    group_numbers: _Counts
    folds: _Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortcutAuroc:
    """How well the label was guessed for films that the model had not seen.

    Attributes:
        value: AUROC, in [0, 1]; ties count half.
        low: Lower end of the interval.
        high: Upper end of the interval.
        confidence: Of the interval, for example 0.95.
        method: How it was made.
    """

    value: float
    low: float
    high: float
    confidence: float
    method: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortcutFit:
    """A label guessed out of fold.

    Attributes:
        logits: Shape `(films,)`.
        drops: Fall of the AUROC when a feature is shuffled, shape `(features,)`; empty where the
            features were not shuffled.
    """

    logits: _Values
    drops: _Values


def deal_folds(has_fracture: _Flags, group_numbers: _Counts) -> _Counts:
    """Deal whole groups into folds of about equal size and equal share of fractures.

    The largest groups are dealt first, each to the fold that needs its films most. Groups of one
    size come in an order that is drawn with a fixed seed, so that neighbours are not dealt as such.

    Args:
        has_fracture: Shape `(films,)`.
        group_numbers: Shape `(films,)`, from 0 on.

    Returns:
        The fold of each film, 0 to 4, shape `(films,)`.
    """
    of_group = np.stack(
        [
            np.bincount(group_numbers, weights=has_fracture),
            np.bincount(group_numbers, weights=~has_fracture),
        ],
        axis=1,
    )
    drawn = np.random.default_rng(SEED).permutation(len(of_group))
    order = drawn[np.argsort(-of_group[drawn].sum(axis=1), kind="stable")]
    # Loads as shares of a class, so that the rarer class is spread as evenly as the other.
    shares = (of_group / np.maximum(of_group.sum(axis=0), 1)).tolist()
    loads = [[0.0, 0.0] for _ in range(FOLDS)]
    fold_of_group = np.zeros(len(of_group), dtype=np.int64)
    for group in order.tolist():
        yes, no = shares[group]
        needs = [own_yes * yes + own_no * no for own_yes, own_no in loads]
        fold = needs.index(min(needs))
        loads[fold][0] += yes
        loads[fold][1] += no
        fold_of_group[group] = fold
    return fold_of_group[group_numbers]


def fit_shortcut(clues: ShortcutTable, *, shuffle: bool = False) -> ShortcutFit:
    """Guess each film's label with a model that was fitted to other groups.

    Args:
        clues: The table.
        shuffle: Whether to measure, for each feature, what its shuffling costs.

    Returns:
        The out-of-fold logits. A column that holds one value only takes no part; where none is
        left, every film gets the same logit.
    """
    n_films, n_features = clues.values.shape
    logits = np.zeros(n_films)
    shuffled = np.zeros((n_features if shuffle else 0, SHUFFLES, n_films))
    used = [column for column in range(n_features) if _varies(clues.values[:, column])]
    # So small a model gains nothing from threads, which wait for each other on a busy machine.
    with threadpool_limits(1, user_api="openmp"):
        for fold in range(FOLDS):
            held_out = clues.folds == fold
            predict = _fit(clues, used, ~held_out)
            table = clues.values[held_out]
            logits[held_out] = predict(table)
            shuffled[:, :, held_out] = logits[held_out]
            for column, repeat in product(used if shuffle else (), range(SHUFFLES)):
                # Each has its own seed: one feature less does not change what the others cost.
                luck = np.random.default_rng((SEED, fold, column, repeat))
                mixed = table.copy()
                mixed[:, column] = luck.permutation(mixed[:, column])
                shuffled[column, repeat, held_out] = predict(mixed)
    whole = _measure_area(logits, clues.has_fracture)
    areas = [[_measure_area(own, clues.has_fracture) for own in rows] for rows in shuffled]
    drops = whole - np.array(areas).reshape(-1, SHUFFLES).mean(axis=1)
    return ShortcutFit(logits=logits, drops=drops)


def _varies(column: _Values) -> bool:
    return np.unique(column).size > 1  # NaN counts as one value


def _fit(clues: ShortcutTable, used: Sequence[int], fitted: _Flags) -> Callable[[_Values], _Values]:
    labels = clues.has_fracture[fitted]
    # What is known of no film here, and of a few in the other folds only, cannot be fitted to.
    used = [column for column in used if not np.isnan(clues.values[fitted, column]).all()]
    if not used or labels.all() or not labels.any():
        return lambda table: np.zeros(len(table))
    # A leaf of ten copies of one picture would learn that picture: it is to hold several groups.
    n_of_group = labels.size / np.unique(clues.group_numbers[fitted]).size
    model = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=8,
        min_samples_leaf=min(round(LEAF_GROUPS * n_of_group), labels.size // 8),
        l2_regularization=1.0,
        categorical_features=clues.is_category[used],
        early_stopping=False,
        random_state=SEED,
    )
    model.fit(clues.values[fitted][:, used], labels)
    return lambda table: np.asarray(model.decision_function(table[:, used]), dtype=np.float64)


def _measure_area(logits: _Values, has_fracture: _Flags) -> float:
    """Return the AUROC; both classes are present."""
    area = measure_auroc(logits, has_fracture)
    assert area is not None
    return area.value


def measure_alone(clues: ShortcutTable, column: int) -> float | None:
    """Return the AUROC of one feature by itself, whichever direction it works in.

    A number ranks the films that have it. A category ranks them by the share of fractures that it
    has in the other folds, and what is not known is a category of its own.

    Args:
        clues: The table.
        column: Of the feature.

    Returns:
        In [0.5, 1]; None where a number is known in one class only.
    """
    values, labels = clues.values[:, column], clues.has_fracture
    if clues.is_category[column]:
        values = _shares_elsewhere(values, labels, clues.folds)
    known = ~np.isnan(values)
    if labels[known].all() or not labels[known].any():
        return None
    area = _measure_area(values[known], labels[known])
    return max(area, 1 - area)


def _shares_elsewhere(values: _Values, labels: _Flags, folds: _Counts) -> _Values:
    _, numbers = np.unique(values, return_inverse=True)
    shares = np.zeros(values.size)
    for fold in range(FOLDS):
        away, here = folds != fold, folds == fold
        n = np.bincount(numbers[away], minlength=values.size)
        n_yes = np.bincount(numbers[away], weights=labels[away], minlength=values.size)
        mean = labels[away].mean()
        # Relative to the fold's mean, so that a fold's own prevalence does not rank its films.
        of_category = (n_yes + _CATEGORY_WEIGHT * mean) / (n + _CATEGORY_WEIGHT) - mean
        shares[here] = of_category[numbers[here]]
    return shares


def measure_shortcut_auroc(logits: _Values, clues: ShortcutTable) -> ShortcutAuroc:
    """Return the AUROC with an interval that resamples whole groups.

    Where resampling says nothing (both classes wholly apart, or all films alike), Wilson's
    interval stands in, of as many trials as there are pairs that share no group.

    Args:
        logits: From `fit_shortcut`, shape `(films,)`.
        clues: What they were guessed from, both classes present.

    Reference:
        Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13;
        Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    value = _measure_area(logits, clues.has_fracture)
    yes, groups = clues.has_fracture, clues.group_numbers
    drawn = resample_auroc(logits, yes, groups, seed=SEED, resamples=RESAMPLES)
    interval = percentile_interval(drawn, confidence=CONFIDENCE, method=METHOD)
    if interval is None:
        n = min(np.unique(groups[yes]).size, np.unique(groups[~yes]).size)
        interval = wilson_interval(value, n=n, confidence=CONFIDENCE, method=DISJOINT_PAIRS)
    return ShortcutAuroc(
        value=value,
        low=interval.low,
        high=interval.high,
        confidence=CONFIDENCE,
        method=interval.method,
    )
