"""Promises that films can prove: a threshold, and a bound that holds although they chose it.

Thresholds are tried from the safe end, one film's probability after another, each with the exact
binomial test; the last one before the first that fails is taken. That is fixed-sequence testing:
the chance that any unproven threshold is taken is the chance that the first one whose promise is
broken passes, so no correction for the many tries is due. Films with equal probability move
together. Nothing is supposed about how probabilities are distributed, only that films of
different groups are independent; so one film of each group is asked, and the others are not.

Reference:
    Wilks, Ann. Math. Stat. 12 (1941) 91, for limits that an order statistic sets;
    Maurer, Hothorn & Lehmacher, in Biometrie in der Chemisch-Pharmazeutischen Industrie 6 (1995),
    for tests in a fixed sequence.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from osteon.errors import MeasurementFault
from osteon.release.decisions import CertifiedThreshold, OperatingPoints, Promise, is_proven
from osteon.statistics.films import Groups, References, check_answers, number_groups

HAIR: Final = 1e-4
"""How far a threshold stays from the film that set it, as a share of the way to 0 or to 1: more
than two machines' rounding (1e-5 in a logit), so that the film falls on the same side on both."""


def certify(  # noqa: PLR0913 — a promise is three facts, and films are three lists
    probabilities: npt.ArrayLike,
    references: npt.ArrayLike,
    groups: Groups,
    *,
    promise: Promise,
    at_least: float,
    confidence: float = 0.95,
    certified_on: str = "test",
) -> CertifiedThreshold:
    """Return the most useful threshold that these films prove to keep a promise.

    Of each group, the first film of the class in the order given is asked: an order that must not
    come from the answers, such as the manifest's. Any threshold between the last film that the
    promise may be broken on and the first it is kept on would be proven; the one taken lies a
    `HAIR` on the safe side of the latter, or in the middle where the gap is narrower.

    Args:
        probabilities: Calibrated, shape `(films,)`, in (0, 1).
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`.
        promise: "sensitivity" or "specificity".
        at_least: The share that is promised, in (0, 1).
        confidence: At which it must be proven, from 0.5 to 1, both left out.
        certified_on: The films' name; never the ones that the network or the calibrator saw.

    Returns:
        The point with its counts; without a threshold where there are too few films of the class,
        and then with how many more it takes.

    Raises:
        MeasurementFault: If there is a probability outside (0, 1), or a promise or confidence
            outside its range.
    """
    if not 0 < at_least < 1 or not 0.5 < confidence < 1:
        raise MeasurementFault(
            f"promise of {promise}",
            "must be a share in (0, 1), at a confidence in (0.5, 1)",
            found=(at_least, confidence),
        )
    answers, truths = _check(probabilities, references)
    wanted = truths if promise == "sensitivity" else ~truths
    # On this axis the films that the promise is broken on come first, whichever promise it is.
    hazards = np.sort(_pick_one_per_group(answers, wanted, groups))
    hazards = hazards if promise == "sensitivity" else -hazards[::-1]
    n_films = hazards.size
    allowed = count_allowed(n_films, at_least, confidence=confidence)
    if allowed is None:
        return CertifiedThreshold(
            promise=promise,
            at_least=at_least,
            confidence=confidence,
            threshold=None,
            n_films=n_films,
            n_kept=n_films,
            lower_bound=None,
            n_more=count_needed(at_least, confidence=confidence) - n_films,
            certified_on=certified_on,
        )
    first_kept = hazards[allowed]
    n_missed = int(np.searchsorted(hazards, first_kept, side="left"))  # ties move together
    last_missed = hazards[n_missed - 1] if n_missed else None
    return CertifiedThreshold(
        promise=promise,
        at_least=at_least,
        confidence=confidence,
        threshold=_place_threshold(float(first_kept), last_missed),
        n_films=n_films,
        n_kept=n_films - n_missed,
        lower_bound=float(betaincinv(n_films - n_missed, n_missed + 1, 1 - confidence)),
        n_more=0,
        certified_on=certified_on,
    )


def certify_points(  # noqa: PLR0913 — two promises, and films are three lists
    probabilities: npt.ArrayLike,
    references: npt.ArrayLike,
    groups: Groups,
    *,
    sensitivity: float = 0.90,
    specificity: float = 0.95,
    confidence: float = 0.95,
    certified_on: str = "test",
) -> OperatingPoints:
    """Return both promises, each proven at the confidence on its own, on films of its own class.

    Args:
        probabilities: Calibrated, shape `(films,)`, in (0, 1).
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`.
        sensitivity: Share of fractured films that are not to be called "no fracture".
        specificity: Share of the others that are not to be called "fracture".
        confidence: Of each promise.
        certified_on: The films' name.
    """
    high_sensitivity, high_specificity = (
        certify(
            probabilities,
            references,
            groups,
            promise=promise,
            at_least=at_least,
            confidence=confidence,
            certified_on=certified_on,
        )
        for promise, at_least in _name_promises(sensitivity, specificity)
    )
    return OperatingPoints(high_sensitivity=high_sensitivity, high_specificity=high_specificity)


def certify_nothing(
    *, sensitivity: float, specificity: float, confidence: float, certified_on: str
) -> OperatingPoints:
    """Return both promises without a threshold, for films that no count makes independent.

    No film is counted: where nobody looked for copies, a hundred films may be one picture.

    Args:
        sensitivity: The share that would have been promised of fractured films.
        specificity: That of the others.
        confidence: Of each promise.
        certified_on: The films' name.
    """
    high_sensitivity, high_specificity = (
        CertifiedThreshold(
            promise=promise,
            at_least=at_least,
            confidence=confidence,
            threshold=None,
            n_films=0,
            n_kept=0,
            lower_bound=None,
            n_more=count_needed(at_least, confidence=confidence),
            certified_on=certified_on,
        )
        for promise, at_least in _name_promises(sensitivity, specificity)
    )
    return OperatingPoints(high_sensitivity=high_sensitivity, high_specificity=high_specificity)


def count_allowed(n_films: int, at_least: float, *, confidence: float = 0.95) -> int | None:
    """Return on how many films a promise may be broken and still be proven; None: on no count.

    The tests run from no miss upwards and stop at the first that fails. A film more that is missed
    never helps, so halving finds the same place.

    Args:
        n_films: Of the class, one per group.
        at_least: The share that is promised, in (0, 1).
        confidence: At which it must be proven.

    Example:
        >>> [count_allowed(n, 0.95) for n in (58, 59)], [count_allowed(n, 0.9) for n in (102, 103)]
        ([None, 0], [4, 5])
    """
    passes, fails = -1, n_films
    while fails - passes > 1:
        middle = (passes + fails) // 2
        if is_proven(middle, n_films, at_least, confidence=confidence):
            passes = middle
        else:
            fails = middle
    return None if passes < 0 else passes


def count_needed(at_least: float, *, confidence: float = 0.95) -> int:
    """Return the fewest films that prove a promise: those on which it is never broken.

    Args:
        at_least: The share that is promised, in (0, 1).
        confidence: At which it must be proven.

    Example:
        >>> count_needed(0.90), count_needed(0.95)
        (29, 59)
    """
    n_films = max(1, math.floor(math.log(1 - confidence) / math.log(at_least)))
    return n_films if is_proven(0, n_films, at_least, confidence=confidence) else n_films + 1


def _name_promises(
    sensitivity: float, specificity: float
) -> tuple[tuple[Promise, float], tuple[Promise, float]]:
    return ("sensitivity", sensitivity), ("specificity", specificity)


def _check(
    probabilities: npt.ArrayLike, references: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], References]:
    answers, truths = check_answers(probabilities, references)
    outside = answers[(answers <= 0) | (answers >= 1)]
    if outside.size:
        raise MeasurementFault(
            "probabilities",
            "must lie between 0 and 1, neither included, as a calibrator gives them",
            found=float(outside[0]),
            advice="Calibrate the logits first.",
        )
    return answers, truths


def _pick_one_per_group(
    answers: npt.NDArray[np.float64], wanted: References, groups: Groups
) -> npt.NDArray[np.float64]:
    """Return the first wanted film of each group."""
    places = np.flatnonzero(wanted)
    _, first = np.unique(number_groups(groups)[places], return_index=True)
    return answers[places[first]]


def _place_threshold(first_kept: float, last_missed: float | None) -> float:
    """Return a probability that parts the two, films from it on being called.

    Both are hazards: probabilities for sensitivity, and those below 0 for specificity.
    """
    if first_kept > 0:  # sensitivity: last missed < threshold <= first kept
        below = 0.0 if last_missed is None else last_missed
        threshold = first_kept - min((first_kept - below) / 2, HAIR * first_kept)
        return float(threshold if threshold > below else first_kept)
    kept = -first_kept  # specificity: first kept < threshold <= last missed
    above = 1.0 if last_missed is None else -last_missed
    threshold = kept + min((above - kept) / 2, HAIR * (1 - kept))
    return float(threshold if threshold > kept else above)
