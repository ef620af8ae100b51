"""Evidence of a network becomes a picture over the film, and places on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from osteon.radiographs.prepare import Placement
from osteon.release import EvidenceSettings, Preparation
from osteon.terms import Box, Floats

MAP_SIDE: Final = 64
"""Long side, in cells, of the map on which places are found: a cell of a wrist film is 3 mm."""

MAX_PLACES: Final = 8
"""Places at most on one film; more of them say nothing."""

OCCLUDERS: Final = 7
"""Pieces that are covered along each side of a film, where the network gives no evidence."""

Answer = Callable[[Floats], npt.NDArray[np.float32]]
"""Logits of prepared films, shape `(films, channels, rows, columns)`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where evidence stands out.

    Attributes:
        box: In source pixels.
        peak: Its highest evidence, in [0, 1].
    """

    box: Box
    peak: float


def scale_evidence(raw: Floats, settings: EvidenceSettings) -> Floats:
    """Return evidence in [0, 1], by the release's scale for all films.

    Args:
        raw: In the network's units.
        settings: The release's.

    Returns:
        The same shape, float32.
    """
    scaled: Floats = np.clip(raw / np.float32(settings.scale), 0.0, 1.0).astype(np.float32)
    return scaled


def lay_on_film(evidence: Floats, place: Placement, how: Preparation) -> Floats:
    """Return evidence for every pixel of a film.

    Args:
        evidence: In [0, 1], shape `(map rows, map columns)` over the network's whole input.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.

    Returns:
        Float32 in [0, 1], shape `(rows, columns)` of the film.
    """
    return _resize(evidence, place, how, (place.source_columns, place.source_rows))


def find_places(
    evidence: Floats, place: Placement, how: Preparation, *, threshold: float
) -> tuple[Place, ...]:
    """Return the places where evidence reaches a threshold, the strongest first.

    Args:
        evidence: In [0, 1], shape `(map rows, map columns)` over the network's whole input.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.
        threshold: Evidence from which a cell is part of a place.

    Returns:
        Connected pieces, edges and corners alike; at most `MAX_PLACES`.
    """
    shrink = MAP_SIDE / max(place.source_rows, place.source_columns)
    columns = max(1, round(place.source_columns * shrink))
    rows = max(1, round(place.source_rows * shrink))
    cells = _resize(evidence, place, how, (columns, rows))
    wide, high = place.source_columns, place.source_rows
    places = [
        # Multiplied first: the last cell then ends exactly at the film's edge.
        Place(
            box=(x0 * wide / columns, y0 * high / rows, x1 * wide / columns, y1 * high / rows),
            peak=peak,
        )
        for (x0, y0, x1, y1), peak in _find_pieces(cells, threshold)
    ]
    return tuple(sorted(places, key=lambda found: (-found.peak, found.box))[:MAX_PLACES])


def measure_occlusion(film: Floats, logit: float, answer: Answer) -> Floats:
    """Return how far the logit falls as each piece of a film is covered.

    Pieces overlap by half, and a pixel's evidence is the mean of the pieces that cover it. What
    covers them is the film's own mean grey.

    Args:
        film: Prepared, shape `(channels, rows, columns)`, in [0, 1].
        logit: Of the film as it is.
        answer: The network.

    Returns:
        Not negative, in units of logit, shape `(OCCLUDERS + 1, OCCLUDERS + 1)`.

    Reference:
        Zeiler & Fergus, ECCV 2014.
    """
    _, rows, columns = film.shape
    downs = np.linspace(0, rows, OCCLUDERS + 2).round().astype(int)
    acrosses = np.linspace(0, columns, OCCLUDERS + 2).round().astype(int)
    covered = np.repeat(film[np.newaxis], OCCLUDERS * OCCLUDERS, axis=0)
    for number in range(OCCLUDERS * OCCLUDERS):
        down, across = divmod(number, OCCLUDERS)
        covered[
            number, :, downs[down] : downs[down + 2], acrosses[across] : acrosses[across + 2]
        ] = film.mean()
    falls = np.maximum(logit - answer(covered), 0.0).reshape(OCCLUDERS, OCCLUDERS)
    total = np.zeros((OCCLUDERS + 1, OCCLUDERS + 1), np.float32)
    count = np.zeros_like(total)
    for down in (0, 1):
        for across in (0, 1):
            here = np.s_[down : down + OCCLUDERS, across : across + OCCLUDERS]
            total[here] += falls
            count[here] += 1
    return total / count


def _resize(evidence: Floats, place: Placement, how: Preparation, size: tuple[int, int]) -> Floats:
    """Cut the film's part out of a map, and bring it to `(columns, rows)`."""
    map_rows, map_columns = evidence.shape
    x_scale, y_scale = map_columns / how.columns, map_rows / how.rows
    part = (
        place.left * x_scale,
        place.top * y_scale,
        (place.left + place.columns) * x_scale,
        (place.top + place.rows) * y_scale,
    )
    picture = Image.fromarray(np.ascontiguousarray(evidence, dtype=np.float32))
    laid = picture.resize(size, Image.Resampling.BILINEAR, box=part)
    return np.clip(np.asarray(laid, dtype=np.float32), 0.0, 1.0)


def _find_pieces(cells: Floats, threshold: float) -> list[tuple[tuple[int, int, int, int], float]]:
    """Return box, in cells, and peak of each connected piece (eight neighbours)."""
    waiting = {(int(row), int(column)) for row, column in np.argwhere(cells >= threshold)}
    pieces: list[tuple[tuple[int, int, int, int], float]] = []
    while waiting:
        piece = [waiting.pop()]
        for row, column in piece:  # grows as it is walked
            near = {(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & waiting
            waiting -= near
            piece.extend(sorted(near))
        rows, columns = zip(*piece, strict=True)
        peak = max(float(cells[cell]) for cell in piece)
        pieces.append(((min(columns), min(rows), max(columns) + 1, max(rows) + 1), peak))
    return pieces
