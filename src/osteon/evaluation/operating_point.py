"""Where a logit becomes a decision: a threshold is chosen on films, and says on which."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from osteon.errors import OneClassOnly
from osteon.statistics.films import Logits, References, check_answers
from osteon.statistics.intervals import Proportion
from osteon.statistics.metrics import count_confusion
from osteon.terms import Logit

Rule = Literal["youden", "equal-error", "half"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OperatingPoint:
    """A threshold, why it is where it is, and what it did on the films it was chosen on.

    Attributes:
        threshold: A film is called fractured where its logit is at or above it.
        rule: "youden", "equal-error" or "half".
        chosen_on: The films it was chosen on, such as "tune".
        n_films: How many those were.
        n_fractured: How many of them had a fracture.
        sensitivity: On those films; no result of a test.
        specificity: On those films; no result of a test.
    """

    threshold: Logit
    rule: Rule
    chosen_on: str
    n_films: int
    n_fractured: int
    sensitivity: Proportion
    specificity: Proportion


def choose_threshold(
    logits: Logits, references: References, *, rule: Rule = "youden", chosen_on: str = "tune"
) -> OperatingPoint:
    """Return the threshold that a rule gives on these films.

    "half" is logit 0, where the sigmoid is 0.5, as the seeds had it; it looks at no film.
    "youden" maximises sensitivity + specificity - 1. "equal-error" brings sensitivity and
    specificity as near to each other as they come: on few films it varies less, since a flat
    stretch of the ROC curve does not move it. Any threshold between two neighbouring logits does
    the same, so it lies in the middle of their gap; of equally good gaps the widest is taken, then
    the lowest, which misses less.

    Args:
        logits: Shape `(films,)`, finite.
        references: True where a fracture is present, shape `(films,)`.
        rule: "youden", "equal-error" or "half".
        chosen_on: The films' name, such as "tune"; never "test".

    Raises:
        OneClassOnly: If a rule that looks at films is asked of films that are all alike.

    Reference:
        Youden, Cancer 3 (1950) 32.
    """
    answers, truths = check_answers(logits, references)
    if rule != "half" and (truths.all() or not truths.any()):
        raise OneClassOnly(
            f"threshold on {chosen_on}",
            "needs films with a fracture and films without",
            found=f"{int(truths.sum())} fractured of {truths.size}",
            advice='Use the rule "half", or choose the threshold on other films.',
        )
    threshold = 0.0 if rule == "half" else _find_best(answers, truths, rule)
    counted = count_confusion(answers, truths, threshold)
    n_fractured = int(truths.sum())
    return OperatingPoint(
        threshold=Logit(threshold),
        rule=rule,
        chosen_on=chosen_on,
        n_films=truths.size,
        n_fractured=n_fractured,
        sensitivity=Proportion(hits=counted.true_positives, n=n_fractured),
        specificity=Proportion(hits=counted.true_negatives, n=truths.size - n_fractured),
    )


def _find_best(logits: Logits, references: References, rule: Rule) -> float:
    levels, place = np.unique(logits, return_inverse=True)
    n_yes = int(references.sum())
    n_no = references.size - n_yes
    # Films at each level and above are called; a threshold stands below each level but the lowest.
    yes_from = np.bincount(place, weights=references)[::-1].cumsum()[::-1]
    no_from = np.bincount(place, weights=~references)[::-1].cumsum()[::-1]
    # Whole numbers, so that ties are ties: shares times both class sizes.
    gains = (yes_from * n_no - no_from * n_yes).astype(np.int64)[1:]
    if gains.size == 0 or gains.max() < 0:
        return float(levels[0])  # no gap is better than calling every film: miss nothing
    if rule == "equal-error":
        missed = (n_yes - yes_from) * n_no
        gains = -np.abs(missed - no_from * n_yes).astype(np.int64)[1:]
    gaps = np.diff(levels)
    widest = np.where(gains == gains.max(), gaps, -np.inf)
    best = int(np.argmax(widest))
    middle = float(levels[best] + gaps[best] / 2)
    # Between two neighbouring floats the middle may round down to the lower one.
    return middle if middle > levels[best] else float(levels[best + 1])
