"""The metrics that are shares of counted films, each with its definition, denominator, interval."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteon.statistics.intervals import Interval, Proportion, percentile_interval, wilson_interval
from osteon.statistics.resampling import METHOD, resample_counts

GROUP_WILSON = "Wilson on groups"
"""Named where resampling cannot move the number: a perfect share, or a single group."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One measured number, with all that is needed to judge it.

    Attributes:
        name: The clinic's word, such as "sensitivity".
        also_called: The machine learner's word, such as "recall"; empty where it is the same.
        value: In [0, 1]; None where it is not defined.
        numerator: Films that count (for AUROC pairs, for F1 twice the true positives); None where
            undefined.
        denominator: Films or pairs that could have counted; for F1 2 TP + FP + FN.
        interval: None where the value is.
        prevalence: Share of fractured films, for ppv and npv, which mean nothing without it.
        reason: Why there is no value; empty where there is one.
    """

    name: str
    also_called: str
    value: float | None
    numerator: float | None
    denominator: int
    interval: Interval | None
    prevalence: Proportion | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How a metric is counted, as weights of (true positives, false negatives, true n., false p.).

    Attributes:
        name: The clinic's word.
        also_called: The machine learner's word.
        numerator: Weight of each of the four counts.
        denominator: Weight of each of the four counts.
        undefined: What is so when the denominator is zero.
        needs_prevalence: True for ppv and npv.
        needs_both: True where films of one class fix the number, or part of it, whatever the model.
    """

    name: str
    also_called: str
    numerator: tuple[int, int, int, int]
    denominator: tuple[int, int, int, int]
    undefined: str
    needs_prevalence: bool = False
    needs_both: bool = False


ACCURACY = Share(
    name="accuracy",
    also_called="",
    numerator=(1, 0, 1, 0),
    denominator=(1, 1, 1, 1),
    undefined="there are no films",
)
SENSITIVITY = Share(
    name="sensitivity",
    also_called="recall",
    numerator=(1, 0, 0, 0),
    denominator=(1, 1, 0, 0),
    undefined="no film has a fracture",
)
SPECIFICITY = Share(
    name="specificity",
    also_called="true negative rate",
    numerator=(0, 0, 1, 0),
    denominator=(0, 0, 1, 1),
    undefined="no film is without a fracture",
)
PPV = Share(
    name="ppv",
    also_called="precision",
    numerator=(1, 0, 0, 0),
    denominator=(1, 0, 0, 1),
    undefined="no film was called fractured",
    needs_prevalence=True,
    needs_both=True,
)
NPV = Share(
    name="npv",
    also_called="negative predictive value",
    numerator=(0, 0, 1, 0),
    denominator=(0, 1, 1, 0),
    undefined="every film was called fractured",
    needs_prevalence=True,
    needs_both=True,
)
F1 = Share(
    name="f1",
    also_called="F-score",
    numerator=(2, 0, 0, 0),
    denominator=(2, 1, 0, 1),
    undefined="no film has a fracture and none was called fractured",
    needs_both=True,
)


def measure_share(
    share: Share, counts: npt.NDArray[np.int64], *, confidence: float = 0.95, seed: int = 0
) -> Metric:
    """Return one metric of films that were counted per group.

    Wilson's interval serves where every group is one film. Otherwise groups are resampled; F1,
    which is no share of films, is always resampled. Where resampling cannot move the number,
    Wilson's interval counts each group as one film: wide, and honestly so.

    Args:
        share: Which metric.
        counts: True positives, false negatives, true negatives and false positives per group,
            shape `(groups, 4)`.
        confidence: For example 0.95.
        seed: Of the resampling.
    """
    totals = counts.sum(axis=0)
    hits, n = int(totals @ share.numerator), int(totals @ share.denominator)
    prevalence = Proportion(hits=int(totals[:2].sum()), n=int(totals.sum()))
    reason = "" if n else share.undefined
    if share.needs_both and prevalence.value in {0, 1}:
        reason = "every film has the same reference"
    return Metric(
        name=share.name,
        also_called=share.also_called,
        value=None if reason else hits / n,
        numerator=None if reason else hits,
        denominator=n,
        interval=(
            None if reason else _interval_of(share, counts, confidence=confidence, seed=seed)
        ),
        prevalence=prevalence if share.needs_prevalence else None,
        reason=reason,
    )


def _interval_of(
    share: Share, counts: npt.NDArray[np.int64], *, confidence: float, seed: int
) -> Interval:
    top, bottom = np.array(share.numerator), np.array(share.denominator)
    totals = counts.sum(axis=0)
    value = int(totals @ top) / int(totals @ bottom)
    stand_alone = bool((counts.sum(axis=1) <= 1).all())
    if stand_alone and share.name != "f1":
        return wilson_interval(value, n=int(totals @ bottom), confidence=confidence)
    drawn = resample_counts(counts, seed=seed)
    of = drawn @ bottom
    values = np.divide(drawn @ top, of, out=np.full(len(of), np.nan), where=of > 0)
    interval = percentile_interval(values, confidence=confidence, method=METHOD)
    if interval is not None:
        return interval
    n_groups = int(np.count_nonzero(counts @ bottom))
    if share.name != "f1":
        return wilson_interval(value, n=n_groups, confidence=confidence, method=GROUP_WILSON)
    # F1 = 2 J / (1 + J) rises with J = TP / (TP + FP + FN), and J is a share of films.
    jaccard = wilson_interval(value / (2 - value), n=n_groups, confidence=confidence)
    low, high = (2 * end / (1 + end) for end in (jaccard.low, jaccard.high))
    return Interval(low=low, high=high, confidence=confidence, method=GROUP_WILSON)
