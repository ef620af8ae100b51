"""One film and what several explanations say of it: bare, then with the evidence of each method."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from osteon.geometry import Box
from osteon.reports.figures.canvas import (
    INK,
    MARGIN,
    QUIET,
    SMALL,
    TEXT,
    YELLOW,
    build_figure,
    save_figure,
)
from osteon.reports.pictures.cells import draw_box, lay_film
from osteon.reports.pictures.overlay import COLOURS, colour_evidence, place_on_colours
from osteon.terms import Floats, Pixels8

# Laid out in inches, from the top left corner.
ACROSS: Final = 4
WIDTH: Final = 11.2
GAP, LINE = 0.14, 0.185
CELL: Final = (WIDTH - (ACROSS - 1) * GAP) / ACROSS
WHITE: Final = "#FFFFFF"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Panel:
    """What one method says of a film.

    Attributes:
        name: Of the method.
        caption: Below it, in two lines at most; what was measured.
        evidence: In [0, 1], of the tile's shape.
        peak: (x, y) of its highest point, in pixels of the tile; None where nothing stands out.
    """

    name: str
    caption: str
    evidence: Floats
    peak: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ExplainedFilm:
    """One film with its explanations.

    Attributes:
        pixels: Grey values of the tile, shape `(rows, columns)`, in [0, 255].
        boxes: Of readers, in pixels of the tile.
        caption: Below the bare film, in two lines at most.
        panels: One per method.
    """

    pixels: Pixels8
    boxes: tuple[Box, ...]
    caption: str
    panels: Sequence[Panel]


def draw_explanations(film: ExplainedFilm, path: Path, *, title: str, note: str = "") -> None:
    """Draw a film bare and once for each method, four to a row.

    Args:
        film: The film.
        path: Where the PNG goes.
        title: What the network says of it.
        note: A footnote, such as "Drawn phantoms, not patients".
    """
    rows, columns = film.pixels.shape
    shown = (CELL / max(columns, rows) * rows) if columns >= rows else CELL
    step = LINE + 0.06 + shown + 0.06 + 2 * LINE + 0.16
    height = -(-(1 + len(film.panels)) // ACROSS) * step - 0.16
    lead = (
        "Each map is scaled to its own highest point, the white cross: colours compare places, not "
        "methods or films."
    )
    if film.boxes:
        lead += " Yellow: where readers boxed a fracture."
    figure = build_figure(WIDTH + 2 * MARGIN, height, title=title, lead=lead, note=note, pad=0.0)
    axes = figure.subplots()
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    bare: Pixels8 = np.repeat(film.pixels[:, :, np.newaxis], 3, axis=2)
    pictures: list[tuple[str, str, Pixels8, tuple[float, float] | None]] = [
        ("the film", film.caption, bare, None)
    ]
    for panel in film.panels:
        veiled = colour_evidence(film.pixels, place_on_colours(panel.evidence, COLOURS))
        pictures.append((panel.name, panel.caption, veiled, panel.peak))
    for place, (name, caption, picture, peak) in enumerate(pictures):
        x, y = (place % ACROSS) * (CELL + GAP), (place // ACROSS) * step
        axes.text(x, y, name, va="top", size=TEXT, color=INK, weight="bold", parse_math=False)
        _draw_picture(axes, picture, (x, y + LINE + 0.06, shown), boxes=film.boxes, peak=peak)
        axes.text(
            x, y + LINE + 0.12 + shown, caption, va="top", size=SMALL, color=QUIET,
            parse_math=False,
        )  # fmt: skip
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))  # an image has set them to its own
    save_figure(figure, path)


def _draw_picture(
    axes: Axes,
    picture: Pixels8,
    place: tuple[float, float, float],
    *,
    boxes: Sequence[Box],
    peak: tuple[float, float] | None,
) -> None:
    """Draw a picture in its cell, as large as it fits, with boxes and the highest point."""
    x, y, high = place
    laid = lay_film(axes, picture, (x, y, CELL, high))
    for box in boxes:
        draw_box(axes, box, laid, colour=YELLOW)
    if peak is not None:
        axes.plot(
            laid.left + peak[0] * laid.scale,
            laid.top + peak[1] * laid.scale,
            marker="+",
            markersize=9,
            markeredgewidth=1.6,
            color=WHITE,
            zorder=4,
        )
