"""Counts: who was called what, and how a collection was divided."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from osteon.release.card import Independence
from osteon.reports.figures.canvas import (
    BLUE,
    FRACTURE,
    INK,
    NO_FRACTURE,
    QUIET,
    SMALL,
    TEXT,
    VERMILION,
    build_figure,
    quieten,
    save_figure,
)
from osteon.reports.pages.independence import NOT_RECORDED, footnote_copies
from osteon.statistics.intervals import Interval
from osteon.statistics.metrics import Metric, Metrics
from osteon.wording import say_confidence, say_count, say_films, say_interval, say_share

BAR_ROOM = 1.4
"""Width of the page in units of the longest bar: the rest is for words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitCount:
    """What one split holds.

    Attributes:
        split: Its name, such as "train".
        n_fractured: Films with a fracture.
        n_not_fractured: The others.
        n_groups: Groups among them; None where the manifest has none.
    """

    split: str
    n_fractured: int
    n_not_fractured: int
    n_groups: int | None = None


def draw_confusion_matrix(metrics: Metrics, path: Path, *, note: str = "") -> None:
    """Draw the four counts of a run, each with its share of the row and how sure that is.

    Args:
        metrics: Of one set of films.
        path: Where the PNG goes.
        note: A footnote, such as "Drawn phantoms, not patients".
    """
    counts, found, cleared = metrics.confusion, metrics.sensitivity, metrics.specificity
    figure = build_figure(
        8.4,
        5.9,
        title=_say_finding(metrics),
        lead=f"Below each share its {say_confidence(metrics.accuracy.interval) or 'interval'},"
        f" from {say_films(metrics)}",
        note=note,
    )
    axes = figure.subplots()
    axes.set(xlim=(-0.62, 2.02), ylim=(2.52, -0.3))
    axes.axis("off")
    draw_cell(axes, (0, 0), counts.true_positives, "found", found, colour=BLUE)
    draw_cell(axes, (1, 0), counts.false_negatives, "missed", _turn(found), colour=VERMILION)
    draw_cell(
        axes, (0, 1), counts.false_positives, "false alarms", _turn(cleared), colour=VERMILION
    )
    draw_cell(axes, (1, 1), counts.true_negatives, "cleared", cleared, colour=BLUE)
    called = counts.true_positives + counts.false_positives
    for place, (name, n) in enumerate(
        (("called fracture", called), ("called no fracture", metrics.n_films - called))
    ):
        axes.text(place + 0.5, -0.17, name, ha="center", size=TEXT, color=INK, weight="bold")
        axes.text(place + 0.5, -0.05, say_count(n, "film"), ha="center", size=SMALL, color=QUIET)
    for place, (name, n) in enumerate(
        (("fracture", found.denominator), ("no fracture", cleared.denominator))
    ):
        axes.text(-0.06, place + 0.46, name, ha="right", size=TEXT, color=INK, weight="bold")
        axes.text(-0.06, place + 0.58, say_count(n, "film"), ha="right", size=SMALL, color=QUIET)
    axes.text(-0.06, -0.05, "reference", ha="right", size=SMALL, color=QUIET, style="italic")
    _draw_predictive(axes, metrics)
    save_figure(figure, path)


def draw_split_distribution(
    counts: Sequence[SplitCount],
    path: Path,
    *,
    known: Independence | None = None,
    title: str = "",
    note: str = "",
) -> None:
    """Draw how many films of each class every split holds.

    Args:
        counts: One per split, in the order of reading.
        path: Where the PNG goes.
        known: Of the films' independence: what a group holds; None where nobody recorded it.
        title: The finding; made from the counts where it is empty.
        note: A footnote.
    """
    n_fractured = sum(count.n_fractured for count in counts)
    n_films = n_fractured + sum(count.n_not_fractured for count in counts)
    share = say_share(n_fractured / n_films if n_films else None)
    lead = "" if any(count.n_groups is None for count in counts) else _say_group(known)
    figure = build_figure(
        9.6,
        1.1 + 0.74 * max(1, len(counts)),
        title=title or f"{n_films:,} films, {n_fractured:,} with a fracture ({share})",
        lead=lead,
        note=note,
    )
    axes = figure.subplots()
    quieten(axes, grid="")
    longest = max((count.n_fractured + count.n_not_fractured for count in counts), default=0) or 1
    for place, count in enumerate(counts):
        _draw_bar(axes, place, count, longest=longest)
    axes.set_yticks(range(len(counts)), [count.split for count in counts])
    axes.tick_params(axis="y", length=0, labelsize=TEXT + 1)
    axes.set(xlim=(0, BAR_ROOM * longest), ylim=(max(1, len(counts)) - 0.5, -0.5))
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= longest])
    axes.xaxis.set_major_formatter(lambda films, _: f"{films:,.0f}")
    axes.set_xlabel("Films", loc="left")
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_bounds(0, longest)
    axes.legend(
        handles=[
            Patch(color=FRACTURE, label="fracture"),
            Patch(color=NO_FRACTURE, label="no fracture"),
        ],
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=2,
        frameon=False,
        fontsize=TEXT,
        labelcolor=INK,
        borderpad=0,
        borderaxespad=0.4,
        handlelength=0.9,
        handleheight=0.9,
    )
    save_figure(figure, path)


def _say_group(known: Independence | None) -> str:
    """Return what a group holds, and no more than is known."""
    if known is None or not known.copies_looked_for:
        return "A group stays in one split. " + (footnote_copies(known) or NOT_RECORDED)
    if known.n_without_patient:
        patients = "no patient" if known.n_without_patient == known.n_films else "not every patient"
        return f"A group holds all copies of a picture and stays in one split; {patients} is known."
    return "A group holds one patient's films and all copies of a picture, and stays in one split."


def _say_finding(metrics: Metrics) -> str:
    counts, found, cleared = metrics.confusion, metrics.sensitivity, metrics.specificity
    if found.value is None:
        return (
            f"No fractured film among these\n{counts.true_negatives:,} of"
            f" {cleared.denominator:,} others cleared ({say_share(cleared.value)})"
        )
    said = (
        f"{counts.true_positives:,} of {found.denominator:,} fractures found"
        f" ({say_share(found.value)})"
    )
    if cleared.value is None:
        return f"{said}\nno film without a fracture among these"
    return (
        f"{said}\n{counts.true_negatives:,} of {cleared.denominator:,} other films cleared"
        f" ({say_share(cleared.value)})"
    )


def _turn(metric: Metric) -> Metric:
    """Return what is left of a row: the share that errs, with the interval turned around."""
    if metric.value is None or metric.interval is None:
        return metric
    turned = Interval(
        low=1 - metric.interval.high,
        high=1 - metric.interval.low,
        confidence=metric.interval.confidence,
        method=metric.interval.method,
    )
    return Metric(
        name=f"1 - {metric.name}",
        also_called="",
        value=1 - metric.value,
        numerator=metric.denominator - (metric.numerator or 0),
        denominator=metric.denominator,
        interval=turned,
    )


def draw_cell(
    axes: Axes, corner: tuple[int, int], n: int, name: str, share: Metric, *, colour: str
) -> None:
    """Draw one count with its share of the row and how sure that is.

    Args:
        axes: One wide and one high for each cell, from the top left corner.
        corner: Of the cell.
        n: The count.
        name: Of these films, such as "missed".
        share: Of the row.
        colour: The deeper, the larger the share.
    """
    x, y = corner
    depth = 0.05 + 0.3 * (share.value or 0.0)
    axes.add_patch(Rectangle((x, y), 0.985, 0.98, facecolor=colour, alpha=depth, edgecolor="none"))
    middle = x + 0.4925
    axes.text(middle, y + 0.2, name, ha="center", va="center", size=TEXT, color=INK)
    axes.text(
        middle, y + 0.46, f"{n:,}", ha="center", va="center", size=30, color=INK, weight="bold"
    )
    axes.text(
        middle, y + 0.71, say_share(share.value), ha="center", va="center", size=14, color=INK
    )
    axes.text(
        middle,
        y + 0.85,
        say_interval(share.interval),
        ha="center",
        va="center",
        size=SMALL,
        color=INK,
    )


def _draw_predictive(axes: Axes, metrics: Metrics) -> None:
    for place, metric in enumerate((metrics.ppv, metrics.npv)):
        interval = say_interval(metric.interval)
        axes.text(
            place + 0.4925,
            2.16,
            f"{metric.name} {say_share(metric.value)}",
            ha="center",
            size=TEXT + 1,
            color=INK,
        )
        axes.text(place + 0.4925, 2.29, interval, ha="center", size=SMALL, color=QUIET)
    axes.text(-0.06, 2.16, "of those called", ha="right", size=TEXT, color=INK, weight="bold")
    said = (
        f"ppv and npv hold at these films' prevalence of {say_share(metrics.prevalence.value)} only"
    )
    if metrics.ppv.value is None and metrics.npv.value is None:
        said = metrics.ppv.reason
    axes.text(0.985, 2.46, said, ha="center", size=SMALL, color=QUIET)


def _draw_bar(axes: Axes, place: int, count: SplitCount, *, longest: int) -> None:
    n_films = count.n_fractured + count.n_not_fractured
    parts = (
        (0, count.n_fractured, FRACTURE),
        (count.n_fractured, count.n_not_fractured, NO_FRACTURE),
    )
    for start, n, colour in parts:
        axes.barh(place, n, left=start, height=0.58, color=colour, edgecolor="white", lw=1.2)
        # The page is some 90 letters wide; a number that does not fit is said beside the bar.
        if n / longest / BAR_ROOM * 90 > len(f"{n:,}") + 0.4:
            axes.text(
                start + n / 2,
                place,
                f"{n:,}",
                ha="center",
                va="center",
                size=SMALL,
                color="white",
                weight="bold",
            )
    share = say_share(count.n_fractured / n_films if n_films else None)
    words = f"{count.n_fractured:,} fractured of {n_films:,} ({share})"
    if count.n_groups is not None:
        words += f"\nin {say_count(count.n_groups, 'group')}"
    axes.text(
        n_films + 0.015 * longest,
        place,
        words,
        va="center",
        size=SMALL,
        color=INK,
        linespacing=1.35,
    )
