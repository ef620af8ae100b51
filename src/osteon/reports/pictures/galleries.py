"""Galleries: the films themselves, as the network gets them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from osteon.geometry import Box
from osteon.reports.figures.canvas import (
    FRACTURE,
    INK,
    MARGIN,
    NO_FRACTURE,
    SMALL,
    TEXT,
    YELLOW,
    build_figure,
    save_figure,
)
from osteon.terms import Pixels8
from osteon.wording import say_count

# Everything here is laid out in inches, from the top left corner.
ACROSS, CELL, GAP = 6, 1.74, 0.12
LINE, HEADING = 0.185, 0.42
WIDTH = ACROSS * CELL + (ACROSS - 1) * GAP
LETTERS = 22
"""Letters of a caption that fit under a film."""

NIGHT = "#0B0E12"
"""The viewing box behind a film."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One film of a gallery.

    Attributes:
        pixels: Grey values, shape `(rows, columns)`, in [0, 255].
        caption: Under the film; a line that is too long loses its middle.
        is_fractured: The reference.
        boxes: Fractures, in pixels of this tile.
    """

    pixels: Pixels8
    caption: str
    is_fractured: bool
    boxes: tuple[Box, ...] = ()


def draw_sample_grid(
    tiles: Sequence[Tile], path: Path, *, title: str = "", lead: str = "", note: str = ""
) -> None:
    """Draw films in their own proportions, each with its reference.

    Args:
        tiles: Twelve to twenty-four look best.
        path: Where the PNG goes.
        title: The finding; made from the tiles where it is empty.
        lead: How they were chosen, and what is written below them.
        note: A footnote, such as "Drawn phantoms, not patients".
    """
    n_fractured = sum(tile.is_fractured for tile in tiles)
    figure, axes = _build_page(
        _measure_tiles(tiles, named=True),
        title=title or f"{say_count(len(tiles), 'film')}, {n_fractured} of them with a fracture",
        lead=f"{lead} {_explain_boxes(tiles)}".strip(),
        note=note,
    )
    _draw_tiles(axes, tiles, top=0.0, named=True)
    save_figure(figure, path)


def draw_errors_gallery(
    misses: Sequence[Tile],
    false_alarms: Sequence[Tile],
    path: Path,
    *,
    counts: tuple[int, int] | None = None,
    lead: str = "",
    note: str = "",
) -> None:
    """Draw the worst misses and the worst false alarms, or say plainly that there are none.

    Args:
        misses: Fractured films called otherwise, the worst first.
        false_alarms: Other films called fractured, the worst first.
        path: Where the PNG goes.
        counts: How many misses and false alarms there are in all, where only some are given.
        lead: What else a reader must know, such as how many films were left in doubt.
        note: A footnote, such as "Drawn phantoms, not patients".
    """
    n_misses, n_false_alarms = counts or (len(misses), len(false_alarms))
    sections = (
        ("Missed", misses, n_misses, "No fracture was missed.", FRACTURE),
        (
            "False alarms",
            false_alarms,
            n_false_alarms,
            "No film raised a false alarm.",
            NO_FRACTURE,
        ),
    )
    height = sum(HEADING + _measure_tiles(tiles, named=False) for _, tiles, _, _, _ in sections)
    missed = say_count(n_misses, "fracture") if n_misses else "No fracture"
    alarms = say_count(n_false_alarms, "false alarm") if n_false_alarms else "no false alarm"
    figure, axes = _build_page(
        height,
        title=f"{missed} missed, {alarms}",
        lead=f"The worst first. {lead} {_explain_boxes([*misses, *false_alarms])}".strip(),
        note=note,
    )
    top = 0.0
    for name, tiles, n_all, none, colour in sections:
        shown = f": the worst {len(tiles)} of {n_all:,}" if len(tiles) < n_all else ""
        axes.text(0, top + 0.26, name + shown, size=TEXT + 1.5, color=colour, weight="bold")
        if not tiles:
            axes.text(0, top + HEADING + 0.2, none, size=TEXT, color=INK)
        _draw_tiles(axes, tiles, top=top + HEADING, named=False)
        top += HEADING + _measure_tiles(tiles, named=False)
    save_figure(figure, path)


def _build_page(height: float, *, title: str, lead: str, note: str) -> tuple[Figure, Axes]:
    figure = build_figure(WIDTH + 2 * MARGIN, height, title=title, lead=lead, note=note, pad=0.0)
    axes = figure.subplots()
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def _measure_tiles(tiles: Sequence[Tile], *, named: bool) -> float:
    """Return the height that films take, in inches; some room for words where there are none."""
    n_rows = -(-len(tiles) // ACROSS)
    return n_rows * _measure_row(tiles, named=named) if tiles else 0.5


def _measure_row(tiles: Sequence[Tile], *, named: bool) -> float:
    n_lines = max(len(tile.caption.splitlines()) for tile in tiles)
    return CELL + 0.1 + (named + n_lines) * LINE + 0.16


def _draw_tiles(axes: Axes, tiles: Sequence[Tile], *, top: float, named: bool) -> None:
    """Draw films with their captions; `named` adds the reference in words."""
    for place, tile in enumerate(tiles):
        x = (place % ACROSS) * (CELL + GAP)
        y = top + (place // ACROSS) * _measure_row(tiles, named=named)
        _draw_film(axes, tile, x, y)
        colour = FRACTURE if tile.is_fractured else NO_FRACTURE
        axes.add_patch(Rectangle((x, y + CELL), CELL, 0.045, facecolor=colour, lw=0))
        below = y + CELL + 0.1
        if named:
            word = "fracture" if tile.is_fractured else "no fracture"
            axes.text(x, below, word, va="top", size=SMALL, color=colour, weight="bold")
        for number, line in enumerate(tile.caption.splitlines(), start=int(named)):
            axes.text(
                x,
                below + number * LINE,
                _shorten(line),
                va="top",
                size=SMALL,
                color=INK,
                parse_math=False,
            )


def _draw_film(axes: Axes, tile: Tile, x: float, y: float) -> None:
    """Draw a film as large as its square allows, in its own proportions, and its boxes."""
    axes.add_patch(Rectangle((x, y), CELL, CELL, facecolor=NIGHT, lw=0))
    rows, columns = tile.pixels.shape
    scale = CELL / max(rows, columns)
    left, upper = x + (CELL - columns * scale) / 2, y + (CELL - rows * scale) / 2
    axes.imshow(
        tile.pixels,
        cmap="gray",
        vmin=0,
        vmax=255,
        extent=(left, left + columns * scale, upper + rows * scale, upper),
        aspect="auto",
        zorder=2,
    )
    for x0, y0, x1, y1 in tile.boxes:
        corner = (left + x0 * scale, upper + y0 * scale)
        axes.add_patch(
            Rectangle(
                corner,
                (x1 - x0) * scale,
                (y1 - y0) * scale,
                fill=False,
                edgecolor=YELLOW,
                lw=1.6,
                zorder=3,
            )
        )
    # An image sets the limits of its axes; the page's own must hold.
    axes.set(xlim=(0, WIDTH), ylim=axes.get_ylim())


def _explain_boxes(tiles: Sequence[Tile]) -> str:
    return (
        "Yellow: where the reference marks a fracture." if any(tile.boxes for tile in tiles) else ""
    )


def _shorten(line: str) -> str:
    """Keep a caption's both ends: a film's name differs from its neighbour's at the end."""
    if len(line) <= LETTERS:
        return line
    kept = LETTERS - 2
    return f"{line[: kept // 2]}..{line[-(kept - kept // 2) :]}"
