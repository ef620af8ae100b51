"""The reliability diagram: what was given as a probability, against what came true."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from osteon.release.card import ReleaseCard
from osteon.reports.figures.canvas import (
    BLUE,
    QUIET,
    VERMILION,
    build_figure,
    quieten,
    save_figure,
)
from osteon.reports.pages.independence import footnote_copies
from osteon.statistics.calibration_error import Bin, Measured, Reliability
from osteon.statistics.intervals import Interval
from osteon.wording import NONE, name_collection, name_release, say_count, say_share


def draw_reliability(reliability: Reliability, path: Path, *, note: str = "") -> None:
    """Draw the share of fractured films in each range of probability, and how many films lie there.

    Args:
        reliability: Of any films; none are drawn as an empty page that says so.
        path: Where the PNG goes.
        note: A footnote, such as "Drawn phantoms, not patients".
    """
    figure = build_figure(
        7.6, 7.4, title=_say_finding(reliability), lead=_say_numbers(reliability), note=note
    )
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    quieten(above, grid="both")
    quieten(below)
    above.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.02))
    above.set_ylabel("Films with a fracture, share")
    below.set_ylabel("Films")
    below.set_xlabel("Probability of a fracture, as given")
    for axis in (above.xaxis, above.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    _draw_bins(above, reliability)
    _draw_counts(below, reliability)
    save_figure(figure, path)


def draw_release(
    card: ReleaseCard, reliability: Reliability, path: Path, *, is_drawn: bool
) -> Path:
    """Draw the reliability diagram of a release's test films beside its file.

    Args:
        card: The release's.
        reliability: Of the test films' probabilities.
        path: The release's file.
        is_drawn: Whether a reader of the diagram must know of phantoms.

    Returns:
        The diagram's file.
    """
    figure = path.with_suffix(".reliability.png")
    name = name_release(f"{card.name} {card.version}")
    notes = [
        f"{name}: test films of {name_collection(card.tested_on.collection)}.",
        footnote_copies(card.independence),
        "Drawn phantoms, not patients." if is_drawn else "",
    ]
    draw_reliability(reliability, figure, note=" ".join(note for note in notes if note))
    return figure


def _draw_bins(axes: Axes, reliability: Reliability) -> None:
    axes.plot([0, 1], [0, 1], color=QUIET, lw=1, ls=(0, (4, 3)))
    for held in reliability.bins:
        share, mean, interval = held.fractured.value, held.mean_probability, held.interval
        if share is None or mean is None or interval is None:
            continue
        colour = VERMILION if misses(held) else BLUE
        axes.plot([mean, mean], [interval.low, interval.high], color=colour, lw=2, alpha=0.75)
        axes.plot([mean], [share], "o", ms=8, mfc=colour, mec="white", mew=1.2)


def _draw_counts(axes: Axes, reliability: Reliability) -> None:
    bins = [held for held in reliability.bins if held.fractured.n]
    axes.bar(
        [held.low for held in bins],
        [held.fractured.n for held in bins],
        [held.high - held.low for held in bins],
        align="edge",
        color=BLUE,
        alpha=0.35,
        edgecolor="white",
    )
    axes.set_ylim(0, 1.1 * max((held.fractured.n for held in bins), default=1))


def misses(held: Bin) -> bool:
    """Return whether a range's interval leaves out the probability that was given.

    Args:
        held: The range.
    """
    if held.mean_probability is None or held.interval is None:
        return False
    return not held.interval.low <= held.mean_probability <= held.interval.high


def _say_marks(reliability: Reliability) -> str:
    intervals = [held.interval for held in reliability.bins if held.interval is not None]
    n_apart = sum(misses(held) for held in reliability.bins)
    orange = f" Orange: {n_apart} of {len(intervals)} miss it." if n_apart else ""
    return (
        f"Bars: {100 * intervals[0].confidence:g} % intervals ({intervals[0].method}). Dashed:"
        f" perfect calibration.{orange}"
    )


def _say_finding(reliability: Reliability) -> str:
    corrected = reliability.ece_corrected
    if corrected.value is None:
        return "There are no films whose probabilities could be judged"
    interval = corrected.interval
    if interval is None:
        return "Too few films to judge their probabilities"
    if interval.low <= 0:
        return (
            "Probabilities differ from what came true by no more than chance would make them:"
            f" at most {_say_points(interval.high)}"
        )
    return (
        f"Probabilities are {_say_points(corrected.value)} off on average, bias-corrected"
        f" ({100 * interval.confidence:g} % interval {100 * interval.low:.1f} to"
        f" {100 * interval.high:.1f})"
    )


def _say_numbers(reliability: Reliability) -> str:
    if not reliability.prevalence.n:
        return ""
    films = say_count(reliability.prevalence.n, "film")
    if reliability.n_groups == reliability.prevalence.n:
        films += ", each a group of its own"
    else:
        films += f" in {say_count(reliability.n_groups, 'group')}"
    corrected = reliability.ece_corrected
    lift = ""
    if corrected.value is not None and corrected.interval is not None:
        lift = f"; bias-corrected {_say(corrected)}"
    return (
        f"{films}; {reliability.prevalence.hits:,} fractured"
        f" ({say_share(reliability.prevalence.value)}), mean probability"
        f" {say_share(reliability.mean_probability)}.\n"
        f"Brier score {_say(reliability.brier)}; with the prevalence for every film"
        f" {reliability.brier_of_prevalence:.3f}.\n"
        f"ECE {_say(reliability.ece)} in {len(reliability.bins)} ranges{lift}.\n"
        f"{_say_marks(reliability)}"
    )


def _say(measured: Measured) -> str:
    if measured.value is None:
        return NONE
    return f"{measured.value:.3f}{_say_ends(measured.interval)}"


def _say_ends(interval: Interval | None) -> str:
    return "" if interval is None else f" ({interval.low:.3f} to {interval.high:.3f})"


def _say_points(share: float) -> str:
    return f"{100 * share:.1f} percentage points"
