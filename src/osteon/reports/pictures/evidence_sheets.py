"""Sheets of films with what a model saw in them: each film bare, and beside it with its evidence.

Bare, because a veil of colour hides the very line that it points at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from osteon.geometry import Box
from osteon.reports.figures.canvas import (
    FRACTURE,
    INK,
    MARGIN,
    NO_FRACTURE,
    QUIET,
    SMALL,
    TEXT,
    YELLOW,
    build_figure,
    save_figure,
)
from osteon.reports.pictures.cells import Laid, draw_box, lay_film
from osteon.reports.pictures.galleries import NIGHT
from osteon.reports.pictures.overlay import (
    BOX_COLOUR,
    COLOURS,
    colour_evidence,
    place_on_colours,
    say_probability,
)
from osteon.terms import Finding, Floats, Pixels8

# Laid out in inches, from the top left corner.
ACROSS: Final = 3
CELL: Final = (2.15, 2.6)
PAIR_GAP, GAP, LINE = 0.04, 0.3, 0.185
WIDTH: Final = ACROSS * (2 * CELL[0] + PAIR_GAP) + (ACROSS - 1) * GAP
_ROW: Final = CELL[1] + 0.1 + 2 * LINE + 0.2
_LETTERS: Final = 62


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EvidenceTile:
    """One film with its reading.

    Attributes:
        pixels: Grey values, shape `(rows, columns)`, in [0, 255].
        evidence: In [0, 1], the same shape.
        boxes: Of readers, in pixels of this tile.
        findings: Of the model, in pixels of this tile.
        is_fractured: The reference.
        heading: The first line under it, such as its probability.
        caption: The second.
        colours: Evidence at which colours begin and are full.
    """

    pixels: Pixels8
    evidence: Floats
    boxes: tuple[Box, ...]
    findings: tuple[Finding, ...]
    is_fractured: bool
    heading: str
    caption: str
    colours: tuple[float, float] = COLOURS


def draw_evidence_sheet(
    tiles: Sequence[EvidenceTile], path: Path, *, title: str, lead: str = "", note: str = ""
) -> None:
    """Draw films in pairs: bare with the boxes of readers, and with evidence and findings.

    Args:
        tiles: A dozen fills a page; none is drawn as a page that says so.
        path: Where the PNG goes.
        title: What these films are.
        lead: How they were chosen.
        note: A footnote, such as "Contains patient images: do not share."
    """
    height = -(-len(tiles) // ACROSS) * _ROW if tiles else 0.6
    legend = (
        "Left: the film, yellow where readers boxed a fracture. Right: the model's evidence, its "
        "findings in blue with their probabilities; dashed: no finding, only the best place of a "
        'film called "fracture".'
    )
    figure = build_figure(
        WIDTH + 2 * MARGIN, height, title=title, lead=f"{lead} {legend}".strip(), note=note, pad=0.0
    )
    axes = figure.subplots()
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    if not tiles:
        axes.text(0, 0.3, "There is no such film.", size=TEXT, color=INK)
    for place, tile in enumerate(tiles):
        x = (place % ACROSS) * (2 * CELL[0] + PAIR_GAP + GAP)
        _draw_pair(axes, tile, x, (place // ACROSS) * _ROW)
    save_figure(figure, path)


def _draw_pair(axes: Axes, tile: EvidenceTile, x: float, y: float) -> None:
    limits = axes.get_ylim()
    bare = np.repeat(tile.pixels[:, :, np.newaxis], 3, axis=2)
    steps = place_on_colours(tile.evidence, tile.colours)
    right = x + CELL[0] + PAIR_GAP
    laid = lay_film(axes, bare, (x, y, *CELL))
    for box in tile.boxes:
        draw_box(axes, box, laid, colour=YELLOW)
    laid = lay_film(axes, colour_evidence(tile.pixels, steps), (right, y, *CELL))
    # An image sets the limits of its axes; the page's own must hold.
    axes.set(xlim=(0, WIDTH), ylim=limits)
    blue = "#" + "".join(f"{part:02X}" for part in BOX_COLOUR)
    for finding in reversed(tile.findings):  # the likeliest lies on top
        draw_box(axes, finding.box, laid, colour=blue, is_dashed=finding.is_best_place)
        _name_finding(axes, finding, laid, colour=blue)
    colour = FRACTURE if tile.is_fractured else NO_FRACTURE
    width = 2 * CELL[0] + PAIR_GAP
    axes.add_patch(Rectangle((x, y + CELL[1]), width, 0.045, facecolor=colour, lw=0))
    below = y + CELL[1] + 0.1
    axes.text(
        x, below, tile.heading, va="top", size=SMALL + 0.5, color=colour, weight="bold",
        parse_math=False,
    )  # fmt: skip
    axes.text(
        x, below + LINE, tile.caption[:_LETTERS], va="top", size=SMALL, color=QUIET,
        parse_math=False,
    )  # fmt: skip


def _name_finding(axes: Axes, finding: Finding, laid: Laid, *, colour: str) -> None:
    x0, y0, _, y1 = finding.box
    above = y0 * laid.scale > 0.2
    axes.text(
        laid.left + x0 * laid.scale,
        laid.top + (y0 if above else y1) * laid.scale + (-0.03 if above else 0.03),
        say_probability(finding.probability),
        va="bottom" if above else "top",
        size=SMALL - 3.0,
        color=colour,
        zorder=4,
        parse_math=False,
        bbox={"facecolor": NIGHT, "edgecolor": "none", "pad": 0.8, "alpha": 0.75},
    )
