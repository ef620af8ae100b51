"""How a release's numbers are put: promises with their counts, measures with their intervals."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from osteon.cli.words import counted, show_table

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.release import CertifiedPoint, Measure, OperatingPoints

DECISIONS = ("fracture", "doubt", "no fracture", "not read")


def put_promises(points: "OperatingPoints") -> tuple[str, str]:
    """Return the two promises of a release, each with the films that prove it, in a sentence."""
    return (
        _put_promise(
            points.high_sensitivity,
            'of fractured films are not called "no fracture"',
            "fractured",
        ),
        _put_promise(
            points.high_specificity,
            'of films without a fracture are not called "fracture"',
            "unfractured",
        ),
    )


def _put_promise(point: "CertifiedPoint", what: str, kind: str) -> str:
    share = f"{100 * point.at_least:g} %"
    surely = f"{100 * point.confidence:g} % confidence"
    if point.threshold is None or point.lower_bound is None:
        return (
            f"Not promised: that at least {share} {what}. {counted(point.n_films, 'film')} of "
            f"{point.certified_on} cannot prove it; it takes {point.n_more:,} more {kind} ones."
        )
    n_missed = point.n_films - point.n_kept
    return (
        f"At least {share} {what}: certified at {surely} on {counted(point.n_films, 'film')} of "
        f"{point.certified_on}, one per group; kept on {point.n_kept:,}, broken on {n_missed:,}, "
        f"so at least {100 * point.lower_bound:.1f} %. Threshold {point.threshold:.4f}."
    )


def show_measures(console: "Console", measures: "Iterable[Measure]") -> None:
    """Print measures: each with its interval and what it was counted on."""
    show_table(console, ("", "measured", "95 % interval", "of"), [_put(one) for one in measures])


def _put(measure: "Measure") -> tuple[str, str, str, str]:
    is_share = measure.hits is not None and measure.name != "auroc"

    def put(value: float | None) -> str:
        if value is None:
            return "not defined"
        return f"{100 * value:.1f} %" if is_share else f"{value:.3f}"

    of = counted(measure.n, "film")
    if measure.hits is not None:
        things = "pairs" if measure.name == "auroc" else "films"
        of = f"{measure.hits:,} of {measure.n:,} {things}"
    interval = "" if measure.low is None else f"{put(measure.low)} to {put(measure.high)}"
    return measure.name, put(measure.value), interval, of


def show_decisions(console: "Console", decisions: Mapping[tuple[str, str], int]) -> None:
    """Print how films of each reference were decided."""
    rows = [
        (reference, *(decisions.get((reference, decision), 0) for decision in DECISIONS))
        for reference in ("fractured", "normal")
    ]
    show_table(console, ("", *DECISIONS), rows)
