"""All models of a benchmark in one figure each: ROC curves, and reliability side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from osteon.release import Measure
from osteon.reports.figures.calibration import misses
from osteon.reports.figures.canvas import (
    BLUE,
    INK,
    QUIET,
    SMALL,
    VERMILION,
    build_figure,
    quieten,
    save_figure,
)
from osteon.statistics.calibration_error import Reliability
from osteon.statistics.roc import RocCurve

# Okabe & Ito (2008) without its yellow, which a white page swallows; then the same, dashed.
_COLOURS: Final = (BLUE, VERMILION, "#009E73", "#CC79A7", "#56B4E9", "#E69F00", INK)
_DASHES: Final = ("-", (0, (5, 2)), (0, (1, 1.5)))
_ACROSS: Final = 4
_NAMED: Final = 3
"""Models that the title names; the others stand in their panels."""

_PANEL: Final = (3.15, 3.5)
"""Width and height of a panel with its words, in inches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One model's curves.

    Attributes:
        name: Of the model.
        roc: Its curve; with a band for the reference.
        auroc: Its area.
        reliability: Of its probabilities.
        is_reference: Whether the others are compared with it.
    """

    name: str
    roc: RocCurve
    auroc: Measure
    reliability: Reliability
    is_reference: bool = False


def draw_roc_curves(lines: Sequence[Line], path: Path, *, lead: str = "", note: str = "") -> None:
    """Draw all ROC curves over one another, named by falling area.

    Args:
        lines: At least one.
        path: Where the PNG goes.
        lead: The films.
        note: A footnote.
    """
    ordered = sorted(lines, key=lambda line: (-(line.auroc.value or 0), line.name))
    best = ordered[0]
    figure = build_figure(
        10.6,
        6.6,
        title=f"The highest AUROC is that of {best.name}: {_put_area(best.auroc)}",
        lead=lead,
        note=note,
    )
    axes = figure.subplots()
    quieten(axes, grid="both")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set_xlabel("False alarms, share of films without a fracture")
    axes.set_ylabel("Fractures found, share of fractured films")
    axes.plot([0, 1], [0, 1], color=QUIET, lw=1, ls=(0, (4, 3)))
    for place, line in enumerate(ordered):
        colour = _COLOURS[place % len(_COLOURS)]
        band = line.roc.band
        if band is not None:
            axes.fill_between(
                band.false_positive_share, band.low, band.high, color=colour, alpha=0.13, lw=0
            )
        axes.plot(
            line.roc.false_positive_share,
            line.roc.sensitivity,
            color=colour,
            ls=_DASHES[place // len(_COLOURS) % len(_DASHES)],
            lw=3.0 if line.is_reference else 1.9,
            label=f"{line.name}\n{_put_area(line.auroc)}",
            zorder=3 if line.is_reference else 2,
        )
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        labelspacing=0.9,
        handlelength=2.6,
    )
    save_figure(figure, path)


def draw_reliabilities(
    lines: Sequence[Line], path: Path, *, lead: str = "", note: str = ""
) -> None:
    """Draw each model's reliability in a panel of its own, in the order given.

    Args:
        lines: At least one.
        path: Where the PNG goes.
        lead: The films.
        note: A footnote.
    """
    across = min(_ACROSS, len(lines))
    down = -(-len(lines) // across)
    figure = build_figure(
        max(7.6, across * _PANEL[0] + 0.3),
        down * _PANEL[1] + 0.3,
        title=_say_errors(lines),
        lead=f"{lead} Dashed: perfect calibration. Orange: ranges whose 95 % "
        "interval excludes the given probability.".strip(),
        note=note,
    )
    panels = figure.subplots(down, across, squeeze=False)
    for place, axes in enumerate(panels.flat):
        if place >= len(lines):
            axes.axis("off")
            continue
        _draw_panel(axes, lines[place])
        if place % across == 0:
            axes.set_ylabel("Fractured, share", size=SMALL)
        if place + across >= len(lines):
            axes.set_xlabel("Probability, as given", size=SMALL)
    save_figure(figure, path)


def _draw_panel(axes: Axes, line: Line) -> None:
    quieten(axes, grid="both")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axis.set_ticks([0, 0.25, 0.5, 0.75, 1])
    axes.tick_params(labelsize=SMALL - 1.5)
    axes.set_title(
        f"{line.name}\nAUROC {_put_area(line.auroc)}\n"
        f"ECE, bias-corrected:\n{_put_ece(line.reliability)}",
        size=SMALL,
        color=INK,
        loc="left",
        weight="bold" if line.is_reference else "normal",
        parse_math=False,
    )
    axes.plot([0, 1], [0, 1], color=QUIET, lw=1, ls=(0, (4, 3)))
    most = max((held.fractured.n for held in line.reliability.bins), default=1)
    for held in line.reliability.bins:
        share, mean, interval = held.fractured.value, held.mean_probability, held.interval
        if share is None or mean is None or interval is None:
            continue
        colour = VERMILION if misses(held) else BLUE
        axes.plot([mean, mean], [interval.low, interval.high], color=colour, lw=1.6, alpha=0.7)
        size = 3.5 + 5.5 * (held.fractured.n / most) ** 0.5
        axes.plot([mean], [share], "o", ms=size, mfc=colour, mec="white", mew=0.9)


def _say_errors(lines: Sequence[Line]) -> str:
    known = [line for line in lines if line.reliability.ece_corrected.value is not None]
    if not known:
        return "There are no films whose probabilities could be judged"
    # Small errors alone are no merit: a network that cannot tell films apart has them too.
    told = [
        f"{line.name} {_put_ece(line.reliability, is_short=True)} (AUROC {line.auroc.value:.3f})"
        for line in known[:_NAMED]
        if line.auroc.value is not None
    ]
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return f"Bias-corrected ECE: {', '.join(told)}{more}"


def _put_ece(reliability: Reliability, *, is_short: bool = False) -> str:
    measured = reliability.ece_corrected
    if measured.value is None:
        return "not defined"
    ends = None if is_short else measured.interval
    between = "" if ends is None else f" ({ends.low:.3f} to {ends.high:.3f})"
    return f"{measured.value:.3f}{between}"


def _put_area(measure: Measure) -> str:
    if measure.value is None:
        return "not defined"
    ends = "" if measure.low is None else f" ({measure.low:.3f} to {measure.high:.3f})"
    return f"{measure.value:.3f}{ends}"
