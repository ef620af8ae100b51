"""The area under the ROC curve: the share of pairs ranked rightly, and DeLong's interval."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import rankdata

from osteon.statistics.films import Logits, References, check_answers
from osteon.statistics.intervals import Interval, quantile_of_normal, wilson_interval

BOUND_METHOD = "Wilson on disjoint pairs"
"""Named where no variance can be estimated; see `bound_auroc`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Auroc:
    """AUROC as the share it is: of all pairs of a fractured film and another, those ranked rightly.

    Attributes:
        value: In [0, 1]; ties count half.
        n_right: Pairs ranked rightly, ties as halves.
        n_pairs: Fractured films times the others.
        variance: DeLong's; None where a class has a single film.
    """

    value: float
    n_right: float
    n_pairs: int
    variance: float | None


def measure_auroc(logits: Logits, references: References) -> Auroc | None:
    """Return the AUROC and DeLong's variance, or None where a class is absent.

    Args:
        logits: Shape `(films,)`, finite.
        references: True where a fracture is present, shape `(films,)`.

    Returns:
        The area with its pairs; None where every film has the same reference.

    Reference:
        DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837; by mid-ranks as in
        Sun & Xu, IEEE Signal Process. Lett. 21 (2014) 1389, equations 5 to 9.
    """
    answers, truths = check_answers(logits, references)
    n_yes = int(truths.sum())
    n_no = truths.size - n_yes
    if not n_yes or not n_no:
        return None
    ranks = rankdata(answers)  # mid-ranks: tied films share their mean rank
    n_right = float(ranks[truths].sum() - n_yes * (n_yes + 1) / 2)
    # For each film, the share of the other class that it is ranked rightly against.
    of_yes = (ranks[truths] - rankdata(answers[truths])) / n_no
    of_no = 1 - (ranks[~truths] - rankdata(answers[~truths])) / n_yes
    variance = None
    if n_yes > 1 and n_no > 1:
        variance = float(np.var(of_yes, ddof=1) / n_yes + np.var(of_no, ddof=1) / n_no)
    return Auroc(
        value=n_right / (n_yes * n_no), n_right=n_right, n_pairs=n_yes * n_no, variance=variance
    )


def delong_interval(
    auroc: Auroc, *, n_fractured: int, n_films: int, confidence: float = 0.95
) -> Interval:
    """Return DeLong's interval, made on the logit scale so that it stays inside (0, 1).

    Where the variance is zero or unknown (both classes wholly apart, all answers tied, one film of
    a class), DeLong's interval would have no width, and `bound_auroc` stands in.

    Args:
        auroc: From `measure_auroc`.
        n_fractured: Films with a fracture.
        n_films: All films.
        confidence: For example 0.95.

    Reference:
        Pepe, The Statistical Evaluation of Medical Tests (2003), section 5.2.4, for the logit.
    """
    if not auroc.variance or not 0 < auroc.value < 1:
        n_disjoint = min(n_fractured, n_films - n_fractured)
        return bound_auroc(auroc.value, n_disjoint=n_disjoint, confidence=confidence)
    centre = float(logit(auroc.value))
    spread = float(np.sqrt(auroc.variance)) / (auroc.value * (1 - auroc.value))
    half = quantile_of_normal(confidence) * spread
    return Interval(
        low=float(expit(centre - half)),
        high=float(expit(centre + half)),
        confidence=confidence,
        method="DeLong (logit)",
    )


def bound_auroc(value: float, *, n_disjoint: int, confidence: float = 0.95) -> Interval:
    """Return an interval that needs no variance estimate, and is wider than one that has it.

    Pair every fractured film with another film, using none twice: those pairs are independent
    trials, each ranked rightly with a probability that is the AUROC. The variance of the AUROC is
    never above that of a share of so many trials.

    Args:
        value: AUROC, in [0, 1].
        n_disjoint: Pairs that share no film (or no group), at least 1.
        confidence: For example 0.95.

    Reference:
        van Dantzig, Indag. Math. 13 (1951) 1; Bamber, J. Math. Psychol. 12 (1975) 387.
    """
    return wilson_interval(value, n=n_disjoint, confidence=confidence, method=BOUND_METHOD)


def count_disjoint_pairs(references: References, group_numbers: npt.NDArray[np.int64]) -> int:
    """Return how many pairs of a fractured film and another share no group.

    Args:
        references: True where a fracture is present, shape `(films,)`.
        group_numbers: From `number_groups`, shape `(films,)`.

    Returns:
        At least 1, so that a single group still gives an interval: the widest.

    Example:
        >>> count_disjoint_pairs(np.array([True, False, False]), np.array([0, 0, 1]))
        1
    """
    n_yes = np.unique(group_numbers[references]).size
    n_no = np.unique(group_numbers[~references]).size
    return max(1, min(n_yes, n_no, np.unique(group_numbers).size // 2))
