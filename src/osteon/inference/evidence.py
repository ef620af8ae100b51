"""Evidence of a network becomes a picture over the film, and places on it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from osteon.geometry import Box, Letterbox
from osteon.inference.components import find_pieces
from osteon.release import LocalisationSettings, Preparation
from osteon.terms import Floats

MAX_PLACES: Final = 8
"""Places at most on one film; more of them say nothing."""

MAX_PEAKS: Final = 32
"""Peaks at most that are looked at for them: a speckle has thousands."""

PEAK_SIDE: Final = 512
"""Long side, in cells, of the map on which the highest point is found."""

BEST_EDGE: Final = 0.7
"""Share of its peak down to which the best place of a film reaches, where places have no edge."""

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
        is_best_place: Whether it is too faint for a finding, and only the best place of its film.
    """

    box: Box
    peak: float
    is_best_place: bool = False


def scale_evidence(raw: Floats, settings: LocalisationSettings) -> Floats:
    """Return evidence in [0, 1], by the release's scale for all films.

    Args:
        raw: In the network's units.
        settings: The release's.

    Returns:
        The same shape, float32.
    """
    scaled: Floats = np.clip(raw / np.float32(settings.scale), 0.0, 1.0).astype(np.float32)
    return scaled


def lay_on_film(evidence: Floats, place: Letterbox, how: Preparation) -> Floats:
    """Return evidence for every pixel of a film.

    Args:
        evidence: In [0, 1], shape `(map rows, map columns)` over the network's whole input.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.

    Returns:
        Float32 in [0, 1], shape `(rows, columns)` of the film.
    """
    return _resize(evidence, place, how, (place.source_columns, place.source_rows))


def find_marks(
    evidence: Floats, place: Letterbox, how: Preparation, *, settings: LocalisationSettings
) -> tuple[Place, ...]:
    """Return the places where evidence stands out, the strongest first.

    Without an edge, a place is a piece of the map that reaches the threshold. With one, it is a
    peak that reaches the threshold, and all around it down to the edge's share of its height,
    unless a higher peak stands in there: a faint place then has the outline that a strong one of
    its shape has, and whether it is there hangs on no other place but those that it belongs to.

    Args:
        evidence: In [0, 1], shape `(map rows, map columns)` over the network's whole input.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.
        settings: Threshold, cells, edge and growth.

    Returns:
        Connected pieces, edges and corners alike, as boxes cut at the film's border; at most
        `MAX_PLACES`.
    """
    wide, high = place.source_columns, place.source_rows
    cells = lay_on_cells(evidence, place, how, n_cells=settings.cells)
    rows, columns = cells.shape
    if settings.edge is None:
        pieces = find_pieces(cells, settings.threshold)
        found = list(zip(pieces.boxes.tolist(), pieces.peaks.tolist(), strict=True))
    else:
        found = _find_hills(cells, settings.threshold, settings.edge)
    places = [
        # Multiplied first: the last cell then ends exactly at the film's edge.
        Place(
            box=Box(x0 * wide / columns, y0 * high / rows, x1 * wide / columns, y1 * high / rows)
            .stretch(settings.grow)
            .clip(wide, high),
            peak=peak,
        )
        for (x0, y0, x1, y1), peak in found
    ]
    return tuple(sorted(places, key=lambda found: (-found.peak, found.box))[:MAX_PLACES])


def find_best_place(
    evidence: Floats, place: Letterbox, how: Preparation, *, settings: LocalisationSettings
) -> Place | None:
    """Return the place where evidence is highest, however faint it is for a finding.

    Args:
        evidence: As for `find_marks`.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.
        settings: As for `find_marks`; and from where on a place is one at all.

    Returns:
        The place; None where the map stays below what the picture shows, or is alike all over.
    """
    cells = lay_on_cells(evidence, place, how, n_cells=settings.cells)
    highest = float(cells.max())
    if highest < min(settings.shown.low, settings.threshold) or float(cells.min()) == highest:
        return None
    # Without an edge, a place reaches down to the threshold: one is made from the peak's height.
    lowered = highest if settings.edge is not None else BEST_EDGE * highest
    found = find_marks(
        evidence, place, how, settings=settings.model_copy(update={"threshold": lowered})
    )
    return replace(found[0], is_best_place=True)


def measure_peak(
    evidence: Floats, place: Letterbox, how: Preparation, *, settings: LocalisationSettings
) -> float:
    """Return the highest evidence on a film, as `find_marks` sees it.

    Args:
        evidence: As for `find_marks`.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.
        settings: For the number of cells.
    """
    return float(lay_on_cells(evidence, place, how, n_cells=settings.cells).max())


def lay_on_cells(evidence: Floats, place: Letterbox, how: Preparation, *, n_cells: int) -> Floats:
    """Return a film's evidence in cells: what lies beside the film is left out.

    Args:
        evidence: In [0, 1], shape `(map rows, map columns)` over the network's whole input.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.
        n_cells: On the film's long side.

    Returns:
        Float32 in [0, 1], shape `(cell rows, cell columns)`.
    """
    high, wide = place.square_size
    shrink = n_cells / max(wide, high)
    columns, rows = max(1, round(wide * shrink)), max(1, round(high * shrink))
    return _resize(evidence, place, how, (columns, rows))


def find_peak(evidence: Floats, place: Letterbox, how: Preparation) -> tuple[float, float] | None:
    """Return where on a film its evidence is highest.

    Args:
        evidence: Not negative, in any unit, shape `(map rows, map columns)` over the network's
            whole input.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.

    Returns:
        (x, y) in source pixels; None where it is the same all over, so that nothing stands out.
    """
    wide, high = place.source_columns, place.source_rows
    highest = float(evidence.max(initial=0.0))
    if not highest > 0:
        return None
    cells = lay_on_cells(evidence / np.float32(highest), place, how, n_cells=PEAK_SIDE)
    if cells.min() == cells.max():
        return None
    rows, columns = cells.shape
    row, column = divmod(int(cells.argmax()), columns)
    return (column + 0.5) * wide / columns, (row + 0.5) * high / rows


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


def _resize(evidence: Floats, place: Letterbox, how: Preparation, size: tuple[int, int]) -> Floats:
    """Cut the film's part out of a map, and bring it to `(columns, rows)`."""
    map_rows, map_columns = evidence.shape
    x_scale, y_scale = map_columns / how.columns, map_rows / how.rows
    part = place.area(x_scale, y_scale)
    picture = Image.fromarray(np.ascontiguousarray(evidence, dtype=np.float32))
    laid = picture.resize(size, Image.Resampling.BILINEAR, box=part)
    return np.clip(np.asarray(laid, dtype=np.float32), 0.0, 1.0)


def _find_hills(cells: Floats, threshold: float, edge: float) -> list[tuple[list[int], float]]:
    """Return box, in cells, and height of each peak that is the highest down to its edge."""
    columns = cells.shape[1]
    summits = np.flatnonzero((cells >= np.float32(threshold)) & (cells == _dilate(cells)))
    heights = cells.ravel()[summits]
    order = np.argsort(-heights, kind="stable")
    heights = heights[order]
    summits = summits[order] + summits[order] // columns  # as `Pieces` counts cells
    found: list[tuple[list[int], float]] = []
    for _ in range(MAX_PEAKS):
        if not summits.size or len(found) == MAX_PLACES:
            break
        pieces = find_pieces(cells, edge * float(heights[0]))
        of_summit = pieces.find(summits)
        if pieces.peaks[of_summit[0]] <= heights[0]:
            found.append((pieces.boxes[of_summit[0]].tolist(), float(heights[0])))
        # What lies in here lies in a higher peak's piece as well, once its own edge is reached.
        others = of_summit != of_summit[0]
        summits, heights = summits[others], heights[others]
    return found


def _dilate(cells: Floats) -> Floats:
    """Return the highest of each cell and its eight neighbours."""
    padded = np.pad(cells, 1, constant_values=-np.inf)
    across = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    highest: Floats = np.maximum(np.maximum(across[:-2], across[1:-1]), across[2:])
    return highest
