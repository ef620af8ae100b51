"""What a model's answers are worth: counts, metrics with their intervals, and the ROC curve."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteon.statistics import proportions as shares
from osteon.statistics.auroc import (
    bound_auroc,
    count_disjoint_pairs,
    delong_interval,
    measure_auroc,
)
from osteon.statistics.films import Groups, Logits, References, check_answers, number_groups
from osteon.statistics.intervals import Interval, Proportion, percentile_interval
from osteon.statistics.proportions import Metric
from osteon.statistics.resampling import METHOD, resample_auroc, sum_by_group
from osteon.terms import Logit

__all__ = ["Confusion", "Metric", "Metrics", "count_cells", "count_confusion", "measure"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Films counted by reference and decision.

    Attributes:
        true_positives: Fractured, called fractured.
        false_negatives: Fractured, missed.
        true_negatives: Not fractured, called so.
        false_positives: Not fractured, called fractured: false alarms.
    """

    true_positives: int
    false_negatives: int
    true_negatives: int
    false_positives: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """Everything measured on one set of films at one threshold.

    Attributes:
        confusion: The four counts.
        accuracy: Share of films called rightly.
        sensitivity: Share of fractured films called fractured (recall).
        specificity: Share of the others called so.
        ppv: Share of films called fractured that are (precision).
        npv: Share of films called not fractured that are not.
        f1: Harmonic mean of ppv and sensitivity.
        auroc: Share of pairs ranked rightly.
        n_films: Films measured.
        n_groups: Groups among them.
        n_fractured: Films with a fracture.
        prevalence: Share of films with a fracture.
        threshold: A film is called fractured where its logit is at or above it.
        interval_method: How the intervals were made, in words.
    """

    confusion: Confusion
    accuracy: Metric
    sensitivity: Metric
    specificity: Metric
    ppv: Metric
    npv: Metric
    f1: Metric
    auroc: Metric
    n_films: int
    n_groups: int
    n_fractured: int
    prevalence: Proportion
    threshold: Logit
    interval_method: str

    @property
    def listed(self) -> tuple[Metric, ...]:
        """All seven, in the order in which reports list them."""
        return (
            self.accuracy,
            self.sensitivity,
            self.specificity,
            self.ppv,
            self.npv,
            self.f1,
            self.auroc,
        )


def count_cells(logits: Logits, references: References, threshold: float) -> npt.NDArray[np.int64]:
    """Return, for every film, which of the four counts it adds to.

    Args:
        logits: Shape `(films,)`.
        references: True where a fracture is present, shape `(films,)`.
        threshold: A film is called fractured where its logit is at or above it.

    Returns:
        One 1 per row, shape `(films, 4)`: true positive, false negative, true negative, false
        positive.
    """
    answers, truths = check_answers(logits, references)
    called = answers >= threshold
    cells = (truths & called, truths & ~called, ~truths & ~called, ~truths & called)
    return np.stack(cells, axis=1).astype(np.int64)


def count_confusion(logits: Logits, references: References, threshold: float) -> Confusion:
    """Return the four counts at a threshold.

    Args:
        logits: Shape `(films,)`.
        references: True where a fracture is present, shape `(films,)`.
        threshold: A film is called fractured where its logit is at or above it.
    """
    return _confusion_of(count_cells(logits, references, threshold))


def measure(
    logits: Logits,
    references: References,
    groups: Groups,
    *,
    threshold: float,
    confidence: float = 0.95,
    seed: int = 0,
) -> Metrics:
    """Return every metric with its interval, or with the reason why it has no value.

    Args:
        logits: Shape `(films,)`, finite.
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`. Intervals resample groups
            where any holds more than one film; Wilson and DeLong serve where none does.
        threshold: A film is called fractured where its logit is at or above it.
        confidence: For example 0.95.
        seed: Of the resampling.
    """
    answers, truths = check_answers(logits, references)
    numbers = number_groups(groups)
    cells = count_cells(answers, truths, threshold)
    counts = sum_by_group(cells, numbers)
    measured = {
        share.name: shares.measure_share(share, counts, confidence=confidence, seed=seed)
        for share in (
            shares.ACCURACY,
            shares.SENSITIVITY,
            shares.SPECIFICITY,
            shares.PPV,
            shares.NPV,
            shares.F1,
        )
    }
    stand_alone = len(counts) == truths.size
    n_fractured = int(truths.sum())
    return Metrics(
        confusion=_confusion_of(cells),
        auroc=_measure_area(answers, truths, numbers, confidence=confidence, seed=seed),
        n_films=truths.size,
        n_groups=len(counts),
        n_fractured=n_fractured,
        prevalence=Proportion(hits=n_fractured, n=truths.size),
        threshold=Logit(float(threshold)),
        interval_method=(
            "Wilson, DeLong for AUROC, bootstrap for F1 (no two films share a group)"
            if stand_alone
            else f"{METHOD}: groups of films resampled, not films"
        ),
        **measured,
    )


def _confusion_of(cells: npt.NDArray[np.int64]) -> Confusion:
    hits, misses, clears, alarms = (int(n) for n in cells.sum(axis=0))
    return Confusion(
        true_positives=hits, false_negatives=misses, true_negatives=clears, false_positives=alarms
    )


def _measure_area(
    logits: npt.NDArray[np.float64],
    references: References,
    group_numbers: npt.NDArray[np.int64],
    *,
    confidence: float,
    seed: int,
) -> Metric:
    area = measure_auroc(logits, references)
    interval: Interval | None = None
    if area is not None:
        n_disjoint = count_disjoint_pairs(references, group_numbers)
        if np.unique(group_numbers).size == references.size:
            interval = delong_interval(
                area,
                n_fractured=int(references.sum()),
                n_films=references.size,
                confidence=confidence,
            )
        elif min(np.unique(group_numbers[side]).size for side in (references, ~references)) > 1:
            drawn = resample_auroc(logits, references, group_numbers, seed=seed)
            interval = percentile_interval(drawn, confidence=confidence, method=METHOD)
        interval = interval or bound_auroc(area.value, n_disjoint=n_disjoint, confidence=confidence)
    return Metric(
        name="auroc",
        also_called="ROC AUC",
        value=area.value if area else None,
        numerator=area.n_right if area else None,
        denominator=area.n_pairs if area else 0,
        interval=interval,
        reason="" if area else "every film has the same reference",
    )
