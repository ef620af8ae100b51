"""Whether one model ranks the same films better than another: DeLong's paired test, by groups."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import rankdata

from osteon.errors import MeasurementFault
from osteon.statistics.films import Groups, Logits, References, check_answers, number_groups
from osteon.statistics.intervals import Interval, quantile_of_normal
from osteon.statistics.weights import Difference

Floats64 = npt.NDArray[np.float64]


def compare_auroc(
    one: Logits,
    other: Logits,
    references: References,
    *,
    groups: Groups,
    confidence: float = 0.95,
) -> Difference:
    """Return how much larger one model's AUROC is than another's on the same films.

    DeLong's variance of the difference; where films share groups, what the films of a group add is
    summed before it is squared (Obuchowski). Where each film stands alone the two are the same.

    Args:
        one: Logits or probabilities of one model, shape `(films,)`.
        other: Of the other, for the same films in the same order.
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`.
        confidence: For example 0.95.

    Returns:
        No value where a class is absent; no interval where a class has a single group, or where
        the models rank alike.

    Raises:
        MeasurementFault: If the two have not answered the same number of films.

    Reference:
        DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837; Obuchowski, Biometrics 53 (1997)
        567, equations 3 to 6.
    """
    first, truths = check_answers(one, references)
    second, _ = check_answers(other, references)
    numbers = number_groups(groups)
    if numbers.size != truths.size:
        raise MeasurementFault("groups", "must be one per film", found=(numbers.size, truths.size))
    n_yes, n_no = int(truths.sum()), int((~truths).sum())
    if not n_yes or not n_no:
        return Difference(value=None, interval=None)
    parts = [_place_films(answers, truths) for answers in (first, second)]
    of_film = parts[0] - parts[1]
    value = float(of_film[truths].mean())
    variance = _measure_variance(of_film - value, truths, numbers)
    if not variance > 0:
        return Difference(value=value, interval=None)
    spread = float(np.sqrt(variance))
    half = quantile_of_normal(confidence) * spread
    stand_alone = np.unique(numbers).size == numbers.size
    return Difference(
        value=value,
        interval=Interval(
            low=max(-1.0, value - half),
            high=min(1.0, value + half),
            confidence=confidence,
            method="DeLong, paired" + ("" if stand_alone else ", by groups"),
        ),
        p_value=float(2 * ndtr(-abs(value) / spread)),
    )


def _place_films(answers: Floats64, truths: References) -> Floats64:
    """Return, for each film, the share of the other class that it is ranked rightly against."""
    n_yes, n_no = int(truths.sum()), int((~truths).sum())
    ranks = rankdata(answers)
    placed = np.empty(answers.size)
    placed[truths] = (ranks[truths] - rankdata(answers[truths])) / n_no
    placed[~truths] = 1 - (ranks[~truths] - rankdata(answers[~truths])) / n_yes
    return placed


def _measure_variance(
    deviations: Floats64, truths: References, numbers: npt.NDArray[np.int64]
) -> float:
    n_groups = int(numbers.max()) + 1
    scaled, held = [], []
    for side in (truths, ~truths):
        sums = np.bincount(numbers[side], weights=deviations[side], minlength=n_groups)
        scaled.append(sums / int(side.sum()))
        held.append(int(np.unique(numbers[side]).size))
    if min(held) < 2:
        return 0.0
    own = sum(
        n / (n - 1) * float((part * part).sum()) for part, n in zip(scaled, held, strict=True)
    )
    shared = n_groups / (n_groups - 1) * float((scaled[0] * scaled[1]).sum())
    return own + 2 * shared
