"""How a release's numbers are put: measures with their intervals, and how films were decided."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from osteon.cli.words import counted, show_table

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.release import Measure

DECISIONS = ("fracture", "doubt", "no fracture", "not read")


def show_measures(console: "Console", measures: "Iterable[Measure]") -> None:
    """Print measures: each with its interval and what it was counted on."""
    show_table(console, ("", "measured", "95 % interval", "of"), [_put(one) for one in measures])


def _put(measure: "Measure") -> tuple[str, str, str, str]:
    from osteon.wording import name_counted

    is_share = measure.hits is not None and measure.name != "auroc"

    def put(value: float | None) -> str:
        if value is None:
            return "not defined"
        return f"{100 * value:.1f} %" if is_share else f"{value:.3f}"

    of = counted(measure.n, name_counted(measure.name))
    if measure.hits is not None:
        of = f"{measure.hits:,} of {of}"
    interval = "" if measure.low is None else f"{put(measure.low)} to {put(measure.high)}"
    return measure.name, put(measure.value), interval, of


def show_decisions(console: "Console", decisions: Mapping[tuple[str, str], int]) -> None:
    """Print how films of each reference were decided."""
    rows = [
        (reference, *(decisions.get((reference, decision), 0) for decision in DECISIONS))
        for reference in ("fractured", "normal")
    ]
    show_table(console, ("", *DECISIONS), rows)
