"""What a release called films: three columns, since doubt is a decision of its own."""

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes

from osteon.evaluation.decisions import CALLED, DecisionMetrics
from osteon.reports.figures.canvas import (
    BLUE,
    INK,
    QUIET,
    SMALL,
    TEXT,
    VERMILION,
    build_figure,
    save_figure,
)
from osteon.reports.figures.counts import draw_cell
from osteon.wording import say_confidence, say_count, say_films, say_interval, say_share

GREY: Final = "#8A94A0"
"""Of doubt, which is neither right nor wrong."""

_NAMES: Final = (("found", "in doubt", "missed"), ("false alarms", "in doubt", "cleared"))
_COLOURS: Final = ((BLUE, GREY, VERMILION), (VERMILION, GREY, BLUE))


def draw_decision_matrix(metrics: DecisionMetrics, path: Path, *, note: str = "") -> None:
    """Draw what fractured films and others were called, and how many were not read.

    Args:
        metrics: Of one set of films.
        path: Where the PNG goes.
        note: A footnote, such as "Drawn phantoms, not patients".
    """
    confidence = next(
        (say_confidence(m.interval) for m in metrics.listed if m.interval), "interval"
    )
    figure = build_figure(
        11.2,
        5.9,
        title=_say_finding(metrics),
        lead=f"Below each share its {confidence}, from {say_films(metrics)}. {say_cuts(metrics)}",
        note=note,
    )
    axes = figure.subplots()
    axes.set(xlim=(-0.62, 3.62), ylim=(2.52, -0.3))
    axes.axis("off")
    for row, (shares, reference) in enumerate(((metrics.fractured, True), (metrics.normal, False))):
        for column, (share, called) in enumerate(zip(shares, CALLED, strict=True)):
            name, colour = _NAMES[row][column], _COLOURS[row][column]
            n = metrics.count(reference, called)
            draw_cell(axes, (column, row), n, name, share, colour=colour)
    _draw_heads(axes, metrics)
    _draw_called(axes, metrics)
    save_figure(figure, path)


def say_cuts(metrics: DecisionMetrics) -> str:
    """Return where the release's limits lie.

    Args:
        metrics: Measured at them.
    """
    low, high = metrics.cuts
    clears = 'No film is called "no fracture"' if low is None else f"Doubt from {100 * low:.1f} %"
    accuses = 'no film "fracture"' if high is None else f"fracture from {100 * high:.1f} %"
    return f"{clears}, {accuses}."


def _say_finding(metrics: DecisionMetrics) -> str:
    cleared, accused = metrics.count(True, "no fracture"), metrics.count(False, "fracture")
    n_normal = metrics.n_films - metrics.n_fractured
    in_doubt = metrics.called[1]
    return (
        f"{cleared:,} of {metrics.n_fractured:,} fractures missed, {accused:,} false alarms on"
        f" {n_normal:,} other films\n{int(in_doubt.numerator or 0):,} of"
        f" {metrics.n_films:,} films left in doubt ({say_share(in_doubt.value)})"
    )


def _draw_heads(axes: Axes, metrics: DecisionMetrics) -> None:
    for column, called in enumerate(CALLED):
        n = metrics.count(True, called) + metrics.count(False, called)
        name = "left in doubt" if called == "doubt" else f"called {called}"
        _head(axes, column, name, say_count(n, "film"))
    _head(axes, 3, "not read", "in no share")
    n_normal = metrics.n_films - metrics.n_fractured
    for row, (name, n) in enumerate((("fracture", metrics.n_fractured), ("no fracture", n_normal))):
        axes.text(-0.06, row + 0.46, name, ha="right", size=TEXT, color=INK, weight="bold")
        axes.text(-0.06, row + 0.58, say_count(n, "film"), ha="right", size=SMALL, color=QUIET)
        lost = f"{metrics.n_not_read[row]:,}"
        axes.text(3.3, row + 0.46, lost, ha="center", va="center", size=18, color=QUIET)
    axes.text(-0.06, -0.05, "reference", ha="right", size=SMALL, color=QUIET, style="italic")


def _head(axes: Axes, column: int, name: str, said: str) -> None:
    x = column + (0.5 if column < 3 else 0.3)
    axes.text(x, -0.17, name, ha="center", size=TEXT, color=INK, weight="bold")
    axes.text(x, -0.05, said, ha="center", size=SMALL, color=QUIET)


def _draw_called(axes: Axes, metrics: DecisionMetrics) -> None:
    axes.text(-0.06, 2.16, "of those called", ha="right", size=TEXT, color=INK, weight="bold")
    words = ("with a fracture", "with a fracture", "without one")
    for column, (metric, word) in enumerate(zip(metrics.right_of_called, words, strict=True)):
        said = metric.reason if metric.value is None else f"{say_share(metric.value)} {word}"
        axes.text(column + 0.4925, 2.16, said, ha="center", size=TEXT, color=INK)
        interval = say_interval(metric.interval)
        axes.text(column + 0.4925, 2.29, interval, ha="center", size=SMALL, color=QUIET)
    said = f"these hold at these films' prevalence of {say_share(metrics.prevalence.value)} only"
    axes.text(1.5, 2.46, said, ha="center", size=SMALL, color=QUIET)
