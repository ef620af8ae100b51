"""Curves: how a training went, and what every threshold would have given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from osteon.evaluation.decisions import DecisionMetrics
from osteon.reports.figures.canvas import (
    BLUE,
    FAINT,
    INK,
    QUIET,
    SMALL,
    TEXT,
    VERMILION,
    build_figure,
    quieten,
    save_figure,
)
from osteon.runs import HistoryRow, find_parting, find_peak
from osteon.statistics.metrics import Metric, Metrics
from osteon.statistics.roc import RocCurve
from osteon.wording import say_area, say_confidence, say_films, say_interval, say_share


def draw_training_curves(history: Sequence[HistoryRow], path: Path, *, note: str = "") -> None:
    """Draw AUROC and loss per epoch, training beside tune, with the peak and any overfitting.

    Args:
        history: One row per epoch; none is drawn as an empty page that says so.
        path: Where the PNG goes.
        note: A footnote, such as "Drawn phantoms, not patients".
    """
    title, lead = _say_course(history)
    figure = build_figure(11, 4.6, title=title, lead=lead, note=note)
    left, right = figure.subplots(1, 2)
    peak, parting = find_peak(history), find_parting(history)
    for axes, what in ((left, "auroc"), (right, "loss")):
        quieten(axes)
        axes.set_xlabel("Epoch")
        axes.set_xlim(0.5, max(2, len(history)) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
        if parting is not None:
            axes.axvspan(parting.epoch - 0.5, len(history) + 0.5, color=FAINT, alpha=0.45, lw=0)
        _draw_pair(axes, history, what)
    left.set_ylabel("AUROC")
    left.set_ylim(0, 1)
    left.axhline(0.5, color=QUIET, lw=1, ls=(0, (4, 3)))
    left.annotate(
        "chance: 0.5", (0.02, 0.5), (0, -4), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="top", size=SMALL, color=QUIET,
    )  # fmt: skip
    if peak is not None and len(history) > 1:
        left.plot(
            [peak.epoch], [peak.tune_auroc], "o", ms=8, mfc="white", mec=BLUE, mew=2, zorder=5
        )
        left.axvline(peak.epoch, ymax=peak.tune_auroc, color=BLUE, lw=1, alpha=0.5)
        near_right = peak.epoch > 0.6 * len(history)
        left.annotate(
            f"peak {peak.tune_auroc:.3f}\nepoch {peak.epoch}", (peak.epoch, 0),
            (-6 if near_right else 6, 8), textcoords="offset points",
            ha="right" if near_right else "left", size=TEXT, color=BLUE,
        )  # fmt: skip
    right.set_ylabel("Loss")
    losses = [loss for row in history for loss in (row.train_loss, row.tune_loss)]
    right.set_ylim(0, 1.08 * max((loss for loss in losses if math.isfinite(loss)), default=1.0))
    _mark_cuts(right, history)
    save_figure(figure, path)


def draw_roc_curve(
    roc: RocCurve, metrics: Metrics | DecisionMetrics, path: Path, *, note: str = ""
) -> None:
    """Draw the ROC curve with its band, the operating points and how sure their shares are.

    Args:
        roc: The curve, and its band where it has one.
        metrics: Of the same films: of a run at its one threshold, of a release at its two limits.
        path: Where the PNG goes.
        note: A footnote, such as "Chosen on: tune split; not a test result".
    """
    points = _find_points(metrics)
    figure = build_figure(
        7.6,
        6.9,
        title=say_area(metrics.auroc),
        lead=f"{say_films(metrics)}; {metrics.n_fractured:,} fractured",
        note=note,
    )
    axes = figure.subplots()
    quieten(axes, grid="both")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    across, up = (
        ("At or above a probability", "At or above a probability")
        if isinstance(metrics, DecisionMetrics)  # those in doubt are no false alarms
        else ("False alarms", "Fractures found")
    )
    axes.set_xlabel(f"{across}, share of films without a fracture (1 - specificity)")
    axes.set_ylabel(f"{up}, share of fractured films (sensitivity)")
    axes.plot([0, 1], [0, 1], color=QUIET, lw=1, ls=(0, (4, 3)))
    axes.text(
        0.3, 0.275, "chance", rotation=45, rotation_mode="anchor", va="top", color=QUIET, size=SMALL
    )  # fmt: skip
    if roc.band is not None:
        axes.fill_between(
            roc.band.false_positive_share, roc.band.low, roc.band.high, color=BLUE, alpha=0.16, lw=0
        )
    axes.plot(roc.false_positive_share, roc.sensitivity, color=BLUE, lw=2.2, clip_on=False)
    for point in points:
        _draw_point(axes, point)
    axes.text(
        0.985, 0.035, _say_points(points, has_band=roc.band is not None), ha="right", va="bottom",
        size=TEXT, color=INK, linespacing=1.5, parse_math=False, multialignment="left",
        bbox={"facecolor": "white", "edgecolor": FAINT, "boxstyle": "round,pad=0.6"},
    )  # fmt: skip
    save_figure(figure, path)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Point:
    """One operating point: how it is spoken of, and its two shares under their names."""

    name: str
    found: Metric
    cleared: Metric
    words: tuple[str, str]


def _find_points(metrics: Metrics | DecisionMetrics) -> tuple[_Point, ...]:
    if not isinstance(metrics, DecisionMetrics):
        found, cleared = metrics.sensitivity, metrics.specificity
        return (
            _Point(
                name=f"At logit {metrics.threshold:+.2f}",
                found=found,
                cleared=cleared,
                words=(found.name, cleared.name),
            ),
        )
    low, high = metrics.cuts
    points = []
    if low is not None:
        points.append(
            _Point(
                name=f"Doubt from {100 * low:.1f} %",
                found=metrics.not_cleared,
                cleared=metrics.normal[-1],
                words=("fractures not cleared", "others cleared"),
            )
        )
    if high is not None:
        points.append(
            _Point(
                name=f"Fracture from {100 * high:.1f} %",
                found=metrics.fractured[0],
                cleared=metrics.not_accused,
                words=("fractures called so", "others not accused"),
            )
        )
    return tuple(points)


def _draw_point(axes: Axes, point: _Point) -> None:
    found, cleared = point.found, point.cleared
    if found.value is None or cleared.value is None:
        return
    across = 1 - cleared.value
    if found.interval is not None and cleared.interval is not None:
        ends = [1 - cleared.interval.high, 1 - cleared.interval.low]
        axes.plot(ends, [found.value] * 2, color=VERMILION, lw=2)
        axes.plot([across] * 2, [found.interval.low, found.interval.high], color=VERMILION, lw=2)
    axes.plot([across], [found.value], "o", ms=9, mfc=VERMILION, mec="white", mew=1.5)


def _say_points(points: Sequence[_Point], *, has_band: bool) -> str:
    if not points:
        return "The release calls every film doubt."
    lines = []
    for point in points:
        lines.append(point.name)
        lines += [
            f"{word} {say_share(metric.value)} ({say_interval(metric.interval)})"
            for word, metric in zip(point.words, (point.found, point.cleared), strict=True)
        ]
    what = "Cross and band" if has_band else "Cross"
    sure = f"{what}: {say_confidence(points[0].found.interval)}s"
    return "\n".join([*lines, sure])


def _say_course(history: Sequence[HistoryRow]) -> tuple[str, str]:
    peak, parting = find_peak(history), find_parting(history)
    if not history:
        return "No epoch was finished", ""
    if peak is None:
        return "Tune AUROC was never defined", "The tune films are all alike."
    if len(history) == 1:
        title = f"Tune AUROC was {peak.tune_auroc:.3f} after one epoch"
        return title, "Its course cannot be judged."
    title = f"Tune AUROC peaked at {peak.tune_auroc:.3f} in epoch {peak.epoch} of {len(history)}"
    if parting is None:
        return title, "No overfitting is seen: tune loss does not stay above its best."
    return title, (
        f"Overfitting from epoch {parting.epoch} on (shaded): tune loss stays above its best while"
        " training loss falls."
    )


def _draw_pair(axes: Axes, history: Sequence[HistoryRow], what: str) -> None:
    """Draw training and tune, and name each at its end; their names never touch."""
    epochs = [row.epoch for row in history]
    marker = "o" if len(history) == 1 else ""
    ends = []
    for split, name, colour, width in (
        ("train", "training", QUIET, 1.6),
        ("tune", "tune", BLUE, 2.4),
    ):
        values = np.array([getattr(row, f"{split}_{what}") for row in history], dtype=np.float64)
        axes.plot(epochs, values, color=colour, lw=width, marker=marker, solid_capstyle="round")
        if values.size and math.isfinite(values[-1]):
            ends.append((float(values[-1]), name, colour))
    ends.sort()
    for place, (value, name, colour) in enumerate(ends):
        # The lower name hangs below its line's end and the upper one stands above it.
        va, off = (("top", -1), ("bottom", 1))[place] if len(ends) == 2 else ("center", 0)
        axes.annotate(
            name, (epochs[-1], value), (7, off), textcoords="offset points", va=va, size=TEXT,
            color=colour, weight="bold", annotation_clip=False,
        )  # fmt: skip


def _mark_cuts(axes: Axes, history: Sequence[HistoryRow]) -> None:
    cuts = [b.epoch for a, b in pairwise(history) if b.learning_rate < a.learning_rate]
    if not cuts:
        return
    # A rate that falls in most epochs, as a one-cycle's does, is marked where it begins to.
    is_steady = len(cuts) > 0.5 * len(history)
    marked = cuts[:1] if is_steady else cuts
    axes.plot(
        marked, [0.015] * len(marked), "^", color=VERMILION, ms=7,
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
    # Beside the first one, on the side with more room: left of an early one lies the axis' label.
    is_early = cuts[0] <= 0.5 * (len(history) + 1)
    axes.annotate(
        "learning rate falls from here on" if is_steady else "learning rate lowered",
        (cuts[0], 0.015), (9 if is_early else -9, 0),
        xycoords=("data", "axes fraction"), textcoords="offset points", va="center",
        ha="left" if is_early else "right", size=SMALL, color=VERMILION,
    )  # fmt: skip
