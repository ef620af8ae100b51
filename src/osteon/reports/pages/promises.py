"""Promises of a release in words: what was certified on which films, or why not."""

from osteon.release import CertifiedThreshold, OperatingPoints
from osteon.release.card import Independence
from osteon.release.decisions import is_proven


def describe_point(point: CertifiedThreshold, known: Independence | None) -> str:
    """Return a promise, with the counts that stand behind it, or what it would take.

    Args:
        point: The promise.
        known: Of the films that it was asked of; None in a release that did not record it.
    """
    is_of_fractures = point.promise == "sensitivity"
    kind, wrong = (
        ("fractures", "no fracture")
        if is_of_fractures
        else ("films without a fracture", "fracture")
    )
    broken = "missed" if is_of_fractures else "called so wrongly"
    where = f"{point.certified_on} film".strip()
    films = f"fractured {where}" if is_of_fractures else f"{where} without a fracture"
    promise = f'At least {say_percent(point.at_least)} of {kind} are not called "{wrong}"'
    if point.threshold is None or point.lower_bound is None:
        return f"{promise}: {_say_uncertified(point, known)}"
    n_missed = point.n_films - point.n_kept
    return (
        f"{promise}: certified on {count_films(point.n_films, films)}, "
        f"{_say_cases(known)}, {n_missed:,} {broken}; with {say_percent(point.confidence)} "
        f"confidence it is more than {100 * point.lower_bound:.1f} %."
    )


def describe_promises(points: OperatingPoints, known: Independence | None) -> tuple[str, ...]:
    """Return both promises, each with what stands behind it, and what becomes of films without.

    Args:
        points: The release's.
        known: Of the films that they were asked of; None in a release that did not record it.
    """
    told = [
        describe_point(points.high_sensitivity, known),
        describe_point(points.high_specificity, known),
    ]
    if points.cuts == (None, None):
        told.append('It promises nothing, and so it answers "doubt" to every film.')
    return tuple(told)


def _say_cases(known: Independence | None) -> str:
    """Return of what each film that was counted is the only one."""
    if known is not None and not known.copies_looked_for:
        return (
            "one of each group, though copies were never looked for (--unaudited): films may be "
            "copies of one another"
        )
    if known is not None and known.n_without_patient:
        return "one of each group of copies (patients are not known)"
    told = "one of each patient or group of copies"
    return told if known is not None else f"{told}, if copies were looked for"


def _say_uncertified(point: CertifiedThreshold, known: Independence | None) -> str:
    if known is not None and known.n_leaks:
        return "not certified, since groups of copies or patients are in several splits."
    if known is not None and not known.copies_looked_for and not point.n_films:
        return (
            "not certified, since copies were never looked for and no film is known to be a case "
            "of its own. Audit and clean the films first, or certify with --unaudited, which the "
            "release says for good."
        )
    kind = "fractured" if point.promise == "sensitivity" else "normal"
    films = count_films(point.n_more, f"more {kind} test film")
    are = "is" if point.n_more == 1 else "are"
    said = (
        f"not certified. At least {films}, each of another patient, {are} needed (there are "
        f"{point.n_films:,})."
    )
    share = find_provable(point.n_films, confidence=point.confidence)
    if share is None:
        return said
    return f"{said} So few can prove {say_percent(share)} at most: --{point.promise} {share:g}."


def find_provable(n_films: int, *, confidence: float) -> float | None:
    """Return the largest whole percentage that so many films can prove; None where there is none.

    Args:
        n_films: Of the class, one of each group.
        confidence: At which it must be proven.

    Example:
        >>> find_provable(18, confidence=0.95), find_provable(4, confidence=0.95)
        (0.84, None)
    """
    shares = (percent / 100 for percent in range(99, 50, -1))
    return next((p for p in shares if is_proven(0, n_films, p, confidence=confidence)), None)


def say_percent(share: float) -> str:
    """Return a share in percent without needless digits.

    Args:
        share: In [0, 1].

    Example:
        >>> say_percent(0.9), say_percent(0.845)
        ('90 %', '84.5 %')
    """
    return f"{100 * share:g} %"


def count_films(n: int, noun: str) -> str:
    """Return a count of films with what kind they are of; the word "film" takes the s.

    Args:
        n: How many.
        noun: In the singular, such as "film without a fracture".

    Example:
        >>> count_films(2, "film without a fracture"), count_films(1, "fractured film")
        ('2 films without a fracture', '1 fractured film')
    """
    return f"{n:,} {noun if n == 1 else noun.replace('film', 'films', 1)}"
