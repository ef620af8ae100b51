"""The house style of every figure: a title that says what was found, a quiet page, a footnote.

Figures are built on matplotlib's objects alone; the global state of `pyplot` is never touched, so
that a notebook's own figures stay as they are.
"""

import io
import textwrap
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from osteon.files import write_whole

# Okabe & Ito, "Color Universal Design" (2008): told apart by colour-blind readers too.
BLUE = "#0072B2"
VERMILION = "#D55E00"
YELLOW = "#F0E442"

INK = "#1B2430"
QUIET = "#5B6673"
FAINT = "#D9DEE4"

FRACTURE = VERMILION
NO_FRACTURE = BLUE

DOTS_PER_INCH = 160
TITLE, TEXT, SMALL = 15.0, 11.5, 10.0
"""Sizes in points; the smallest is 11 pixels high when the figure is shown at half its size."""

MARGIN = 0.22
"""Inches at every edge."""


def build_figure(
    width: float, height: float, *, title: str, lead: str = "", note: str = "", pad: float = 0.04
) -> Figure:
    """Return a figure with its words in place and the room between them left to the axes.

    Args:
        width: In inches.
        height: In inches, of the room left to the axes; the words come on top of it.
        title: The finding, in one sentence.
        lead: What else is to be known, under the title.
        note: What must not be missed, as a footnote: "Drawn phantoms, not patients".
        pad: In inches, around axes and what belongs to them.
    """
    head = [(line, TITLE, INK, "bold") for line in _wrap(title, width, TITLE, 0.60)]
    head += [(line, TEXT, QUIET, "normal") for line in _wrap(lead, width, TEXT, 0.54)]
    foot = _wrap(note, width, SMALL, 0.54)
    above = MARGIN + sum(_height(size) for _, size, _, _ in head) + 0.14
    below = MARGIN * 0.6 + (len(foot) * _height(SMALL) + 0.1 if foot else 0.0)
    total = above + height + below
    figure = Figure(figsize=(width, total), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    figure.set_layout_engine(
        "constrained",
        rect=(MARGIN / width, below / total, 1 - 2 * MARGIN / width, height / total),
        w_pad=pad,
        h_pad=pad,
        wspace=0.06,
    )
    y = total - MARGIN
    for line, size, colour, weight in head:
        figure.text(
            MARGIN / width,
            y / total,
            line,
            va="top",
            size=size,
            color=colour,
            weight=weight,
            parse_math=False,
        )
        y -= _height(size)
    for place, line in enumerate(reversed(foot)):
        figure.text(
            MARGIN / width,
            (MARGIN * 0.6 + place * _height(SMALL)) / total,
            line,
            va="bottom",
            size=SMALL,
            color=QUIET,
            style="italic",
            parse_math=False,
        )
    return figure


def quieten(axes: Axes, *, grid: str = "y") -> None:
    """Give axes the house style: two thin spines, faint lines, letters that can be read.

    Args:
        axes: Changed in place; it is the one thing here that is drawn on.
        grid: "x", "y", "both", or empty for none.
    """
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(QUIET)
        spine.set_linewidth(0.8)
    axes.tick_params(colors=QUIET, labelcolor=INK, labelsize=SMALL, length=3, width=0.8)
    axes.xaxis.label.set(size=TEXT, color=INK)
    axes.yaxis.label.set(size=TEXT, color=INK)
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    if grid:
        axes.grid(visible=True, axis=grid, color=FAINT, linewidth=0.8)  # type: ignore[arg-type]


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all; equal figures give equal bytes.

    Args:
        figure: From `build_figure`.
        path: Where.
    """
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    write_whole(path, held.getvalue())


def _wrap(text: str, width: float, size: float, wide: float) -> list[str]:
    """Break text at the page's width; `wide` is a letter's mean width in units of its size."""
    n_letters = int((width - 2 * MARGIN) * 72 / (size * wide))
    kept = text.replace(" %", "\u00a0%")  # a number is not torn from its unit
    return [line for part in kept.splitlines() for line in textwrap.wrap(part, n_letters)]


def _height(size: float) -> float:
    return size * 1.38 / 72
