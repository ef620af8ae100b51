"""A film, its reading and its reference become one tile of a sheet that a person looks at."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from PIL import Image

from osteon.collection.manifest import Manifest
from osteon.errors import FilmFault
from osteon.evaluation.predictions import Predictions
from osteon.geometry import Box
from osteon.inference.detector import Detector
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import choose_tile
from osteon.reports.pictures.evaluation import choose_apart
from osteon.reports.pictures.evidence_sheets import EvidenceTile, draw_evidence_sheet
from osteon.reports.pictures.overlay import COLOURS, say_probability
from osteon.runs import footnote_pictures
from osteon.terms import Floats, ManifestRow, Pixels8, Progress, Radiograph, no_progress

LONG_SIDE: Final = 520
"""Pixels of a tile: nearly those of the sheet."""

PER_SHEET: Final = 12

_KINDS: Final = (
    ("misses", 'Fractured films called "no fracture", or nearly', True),
    ("false-alarms", 'Films without a fracture called "fracture", or nearly', False),
)


def draw_worst(
    detector: Detector,
    films: Predictions,
    folder: Path,
    *,
    n_films: int,
    progress: Progress = no_progress,
) -> tuple[Path, ...]:
    """Draw the films that a release reads worst: fractures it believes least, others it believes.

    Args:
        detector: The release.
        films: What it answered to them.
        folder: Where the sheets go, a dozen films on each: misses-1.png, false-alarms-1.png …
        n_films: Of each of the two kinds, at most; of copies of one picture, the worst alone.
        progress: Told after each film.

    Returns:
        The sheets.
    """
    drawn: list[Path] = []
    note = footnote_pictures(films.manifest)
    for name, title, is_fractured in _KINDS:
        worst = choose_worst(films, is_fractured=is_fractured, n_films=n_films)
        for start in range(0, len(worst), PER_SHEET):
            path = folder / f"{name}-{start // PER_SHEET + 1}.png"
            some = worst[start : start + PER_SHEET]
            tiles = build_tiles(detector, films.manifest, some)
            shown = f"{start + 1} to {start + len(some)}, the worst first"
            draw_evidence_sheet(tiles, path, title=f"{title}: {shown}", note=note)
            drawn.append(path)
            progress(f"drawing {name}", start + len(some), len(worst))
    return tuple(drawn)


def choose_worst(films: Predictions, *, is_fractured: bool, n_films: int) -> list[ManifestRow]:
    """Return fractured films that a release believes least, or others that it believes most.

    Args:
        films: What it answered to them.
        is_fractured: Which of the two.
        n_films: At most; of copies of one picture, the worst alone.
    """
    order = films.logits.argsort(kind="stable").tolist()  # by the network's belief, lowest first
    ranked = order if is_fractured else order[::-1]
    of_kind = [place for place in ranked if films.rows[place].has_fracture is is_fractured]
    return [films.rows[place] for place in choose_apart(films.rows, of_kind)[:n_films]]


def _build_tile(detector: Detector, row: ManifestRow, path: Path) -> EvidenceTile | None:
    """Read a film again and reduce it to a tile; None where it went away."""
    try:
        radiograph = read_film(path)
    except FilmFault:
        return None
    reading = detector.read(path)
    if reading.evidence is None or reading.evidence.shape != radiograph.pixels.shape:
        return None
    pixels, evidence, scale = _reduce(radiograph, reading.evidence)
    known = [*row.body_region, *row.view, *(("hardware",) if row.hardware else ())]
    return EvidenceTile(
        pixels=pixels,
        evidence=evidence,
        boxes=tuple(Box(*box).scale(*scale) for box in row.boxes),
        findings=tuple(
            replace(finding, box=Box(*finding.box).scale(*scale)) for finding in reading.findings
        ),
        is_fractured=row.has_fracture,
        heading=f"{say_probability(reading.probability)}, called {reading.decision}",
        caption=", ".join([PurePosixPath(row.path).name, *known]),
        colours=reading.colours or COLOURS,
    )


def build_tiles(
    detector: Detector, manifest: Manifest, rows: Sequence[ManifestRow]
) -> list[EvidenceTile]:
    """Read films again and reduce each to a tile; one that went away is left out.

    Args:
        detector: The release.
        manifest: The collection.
        rows: The films.
    """
    tiles = [_build_tile(detector, row, manifest.films_path(row)) for row in rows]
    return [tile for tile in tiles if tile is not None]


def _reduce(
    radiograph: Radiograph, evidence: Floats
) -> tuple[Pixels8, Floats, tuple[float, float]]:
    """Return grey values and evidence at a tile's size, and what boxes are multiplied by."""
    tile = choose_tile(radiograph, LONG_SIDE)
    rows, columns = tile.rows, tile.columns
    grey, map_of = (
        np.asarray(
            Image.fromarray(np.ascontiguousarray(layer, dtype=np.float32)).resize(
                (columns, rows), Image.Resampling.BILINEAR
            )
        )
        for layer in (radiograph.pixels, evidence)
    )
    pixels = np.rint(np.clip(grey, 0, 1) * np.float32(255)).astype(np.uint8)
    return pixels, map_of, (columns / radiograph.columns, rows / radiograph.rows)
