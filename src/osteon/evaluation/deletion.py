"""The deletion test of any network: films are covered cell by cell, and it is asked each time."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from osteon.geometry import Letterbox
from osteon.statistics.deletion import (
    CELLS,
    STEPS,
    DeletionCurves,
    cover_cells,
    draw_ranks,
    rank_cells,
)
from osteon.terms import Floats, Pixels8, Progress, no_progress

BLUR: Final = 1 / 20
"""Width of the blur that covers a cell, over the film's long side: no fracture line outlives it."""

Ask = Callable[[Pixels8], npt.NDArray[np.floating[Any]]]
"""Probabilities of films as the cache keeps them, shape `(films, rows, columns)`."""


def delete_evidence(
    ask: Ask,
    pixels: Pixels8,
    evidence: Sequence[Floats],
    *,
    places: Sequence[Letterbox],
    seed: int = 0,
    progress: Progress = no_progress,
) -> DeletionCurves:
    """Cover films in the order of their evidence, uncover them, and cover them at random.

    What covers a cell is the film itself, blurred. A flat grey patch would have edges, and an edge
    across a bone is what a fracture looks like; blurred, a place keeps its brightness and loses
    what a reader could see in it.

    Args:
        ask: The network.
        pixels: Films at the network's size, uint8, shape `(films, rows, columns)`.
        evidence: One map per film, of any size, over the network's whole input.
        places: Where each film lies in that input; nothing else is covered.
        seed: Of the random orders; the same film has the same one for every explanation.
        progress: Called once per film.
    """
    curves: list[tuple[Floats, Floats, Floats]] = []
    for number, (film, shown, place) in enumerate(zip(pixels, evidence, places, strict=True)):
        ranks = rank_cells(_cut_cells(shown, place, film.shape), seed=seed + number)
        orders = (ranks, CELLS**2 - 1 - ranks, draw_ranks(seed=seed + number))
        deleted, reverse, random = (
            np.asarray(ask(_cover_film(film, place, order)), dtype=np.float32) for order in orders
        )
        # Covered from the least evident on and read backwards, the most evident come back first.
        curves.append((deleted, reverse[::-1], random))
        progress("covering films", number + 1, len(pixels))
    deletion, insertion, random = (
        np.array(curve, dtype=np.float32).reshape(-1, STEPS + 1)
        for curve in (zip(*curves, strict=True) if curves else ([], [], []))
    )
    return DeletionCurves(deletion=deletion, insertion=insertion, random=random)


def _cut_cells(evidence: Floats, place: Letterbox, shape: tuple[int, ...]) -> Floats:
    """Return the mean evidence of each cell of the film."""
    y_scale, x_scale = evidence.shape[0] / shape[0], evidence.shape[1] / shape[1]
    part = place.area(x_scale, y_scale)
    picture = Image.fromarray(np.ascontiguousarray(evidence, dtype=np.float32))
    return np.asarray(picture.resize((CELLS, CELLS), Image.Resampling.BILINEAR, box=part))


def _cover_film(film: Pixels8, place: Letterbox, ranks: npt.NDArray[np.int64]) -> Pixels8:
    here = np.s_[place.top : place.top + place.rows, place.left : place.left + place.columns]
    part = np.ascontiguousarray(film[here])
    blur = ImageFilter.GaussianBlur(BLUR * max(part.shape))
    cover = np.asarray(Image.fromarray(part).filter(blur))
    steps = np.repeat(film[np.newaxis], STEPS + 1, axis=0)
    steps[:, here[0], here[1]] = cover_cells(part, cover, ranks)
    return steps
