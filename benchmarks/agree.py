"""Does a release that was built again agree with the one that was shipped, number by number?

    python benchmarks/agree.py SHIPPED.osteon REBUILT.osteon

Each number of the shipped card is held against the rebuilt one's. They agree where the rebuilt
number lies within the shipped one's 95 % interval, and a promise where it is certified in both.
The interval is of films, not of trainings: it is wide enough for either, and no proof of equality.
Ends with 0 where all agree, 1 where one does not, 2 where a release cannot be read.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from osteon.errors import OsteonError
from osteon.inference.bundled import locate_release
from osteon.release import CertifiedThreshold, Measure, ReleaseCard, read_release
from osteon.reports.pages.group_table import say_measure

AGREES, DIFFERS, NOT_COMPARED = "agrees", "differs", "not compared"


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One number of two releases.

    Attributes:
        name: Of the number.
        shipped: As the shipped card has it.
        rebuilt: As the rebuilt one has it.
        verdict: Whether they agree.
    """

    name: str
    shipped: str
    rebuilt: str
    verdict: str


def compare_cards(shipped: ReleaseCard, rebuilt: ReleaseCard) -> Iterator[Comparison]:
    """Yield a comparison of the films, of each promise, and of each number.

    Args:
        shipped: The card of the release that was shipped.
        rebuilt: The card of the one that was built again.
    """
    yield _compare_films(shipped, rebuilt)
    for name in ("high_sensitivity", "high_specificity"):
        points = (getattr(card.operating_points, name) for card in (shipped, rebuilt))
        yield _compare_points(*points)
    measured = {measure.name: measure for measure in rebuilt.metrics}
    for measure in shipped.metrics:
        yield _compare_measures(measure, measured.pop(measure.name, None))
    for measure in measured.values():
        yield Comparison(
            name=measure.name, shipped="–", rebuilt=say_measure(measure), verdict=NOT_COMPARED
        )


def _compare_films(shipped: ReleaseCard, rebuilt: ReleaseCard) -> Comparison:
    one, other = shipped.tested_on, rebuilt.tested_on
    is_same = one.manifest_sha256 == other.manifest_sha256
    said = [
        f"{films.n_films:,} ({films.n_fractured:,}), manifest {films.manifest_sha256[:12]}"
        for films in (one, other)
    ]
    # Films of another size have other hashes, and are the same films.
    alike = abs(one.n_films - other.n_films) <= 0.02 * one.n_films
    verdict = AGREES if is_same or alike else DIFFERS
    return Comparison(
        name="test films (fractured)", shipped=said[0], rebuilt=said[1], verdict=verdict
    )


def _compare_points(shipped: CertifiedThreshold, rebuilt: CertifiedThreshold) -> Comparison:
    is_kept = rebuilt.lower_bound is not None and rebuilt.at_least >= shipped.at_least
    return Comparison(
        name=f"promise: {shipped.promise} at least {shipped.at_least:g}",
        shipped=_say_point(shipped),
        rebuilt=_say_point(rebuilt),
        verdict=AGREES if is_kept or shipped.lower_bound is None else DIFFERS,
    )


def _say_point(point: CertifiedThreshold) -> str:
    if point.lower_bound is None:
        return "not certified"
    return f"above {100 * point.lower_bound:.1f} %, {point.n_kept:,} of {point.n_films:,}"


def _compare_measures(shipped: Measure, rebuilt: Measure | None) -> Comparison:
    verdict = NOT_COMPARED
    if rebuilt is None:
        verdict = DIFFERS
    elif shipped.low is not None and shipped.high is not None:
        is_within = rebuilt.value is not None and shipped.low <= rebuilt.value <= shipped.high
        verdict = AGREES if is_within else DIFFERS
    return Comparison(
        name=shipped.name,
        shipped=say_measure(shipped),
        rebuilt=say_measure(rebuilt),
        verdict=verdict,
    )


def build_table(comparisons: list[Comparison]) -> str:
    """Return comparisons as a table of Markdown, with the count of those that agree."""
    rows = [("", "shipped (95 % interval)", "rebuilt", ""), ("---", "---", "---", "---")]
    rows += [(one.name, one.shipped, one.rebuilt, one.verdict) for one in comparisons]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    told = [one for one in comparisons if one.verdict != NOT_COMPARED]
    n_agree = sum(one.verdict == AGREES for one in told)
    return "\n".join([*lines, "", f"{n_agree} of {len(told)} agree."])


def main(arguments: list[str]) -> int:
    """Compare two releases; return the exit code."""
    if len(arguments) != 2:
        print(__doc__)
        return 2
    try:
        cards = [read_release(locate_release(Path(name))).card for name in arguments]
    except OsteonError as fault:
        print(fault, file=sys.stderr)
        return 2
    comparisons = list(compare_cards(*cards))
    print(build_table(comparisons))
    return int(any(one.verdict == DIFFERS for one in comparisons))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
