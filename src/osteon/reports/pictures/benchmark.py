"""A benchmark's pictures: the curves of all models, and the films that one read well or badly."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from osteon.collection.manifest import Manifest
from osteon.evaluation.benchmark.rows import BenchmarkRow, FilmRecord
from osteon.inference.detector import Detector
from osteon.reports.figures.benchmark import Line, draw_reliabilities, draw_roc_curves
from osteon.reports.pages.benchmark import AUROC, Benchmark, describe_films
from osteon.reports.pictures.evidence_sheets import draw_evidence_sheet
from osteon.reports.pictures.tiles import PER_SHEET, build_tiles
from osteon.runs import footnote_pictures
from osteon.statistics.calibration_error import measure_calibration
from osteon.statistics.roc import roc_points
from osteon.terms import Progress, no_progress

_Pick = Callable[[FilmRecord], bool]

SHEETS: Final[tuple[tuple[str, str, _Pick, int], ...]] = (
    (
        "hits",
        'Fractured films called "fracture"',
        lambda f: f.has_fracture and f.called == "fracture",
        0,
    ),
    (
        "misses",
        'Fractured films called "no fracture"',
        lambda f: f.has_fracture and f.called == "no fracture",
        1,
    ),
    (
        "false-alarms",
        'Films without a fracture called "fracture"',
        lambda f: not f.has_fracture and f.called == "fracture",
        -1,
    ),
    ("doubts", "Films left in doubt", lambda f: f.called == "doubt", 0),
)
"""File, title, which films, and their order: 1 the lowest probability first, -1 the highest, 0 a
sample by chance, the same at every drawing."""


def draw_benchmark(benchmark: Benchmark, folder: Path) -> tuple[Path, ...]:
    """Draw ROC curves and reliability of all models.

    Args:
        benchmark: What was measured.
        folder: Where the PNGs go.
    """
    lines = [_trace(row, is_reference=row.name == benchmark.reference) for row in benchmark.rows]
    roc, reliability = folder / "roc.png", folder / "reliability.png"
    lead = describe_films(benchmark)
    band = f"Bold, with its 95 % band: {benchmark.reference}."
    draw_roc_curves(lines, roc, lead=lead, note=band)
    draw_reliabilities(lines, reliability, lead=lead)
    return roc, reliability


def draw_galleries(
    row: BenchmarkRow,
    release: Path,
    manifest: Manifest,
    folder: Path,
    *,
    progress: Progress = no_progress,
) -> None:
    """Draw a model's hits, misses, false alarms and doubts, each film with its evidence.

    Args:
        row: The model.
        release: Its file.
        manifest: The collection, whose films are opened again.
        folder: Where the sheets go; they show films: not for sharing.
        progress: Told after each sheet.
    """
    known = {one.path: one for one in manifest.rows}
    with Detector.load(release) as detector:
        for done, (name, title, wanted, order) in enumerate(SHEETS, 1):
            films = [film for film in row.films if wanted(film)]
            rows = [known[film.path] for film in _choose(films, order)]
            tiles = build_tiles(detector, manifest, rows)
            shown = f"{len(tiles)} of {len(films):,} shown" if tiles else "none"
            draw_evidence_sheet(
                tiles,
                folder / f"{name}.png",
                title=f"{row.name}: {title[0].lower()}{title[1:]} ({shown})",
                lead=_ORDERS[order] if len(tiles) < len(films) else "",
                note=footnote_pictures(manifest),
            )
            progress(f"drawing films of {row.name}", done, len(SHEETS))


_ORDERS: Final = {
    0: "Chosen at random.",
    1: "The lowest probability first.",
    -1: "The highest probability first.",
}


def _trace(row: BenchmarkRow, *, is_reference: bool) -> Line:
    probabilities = np.array([film.probability for film in row.films])
    references = np.array([film.has_fracture for film in row.films], dtype=bool)
    groups = [film.group for film in row.films]
    auroc = row.find(AUROC)
    assert auroc is not None  # films of both classes were read
    return Line(
        name=row.name,
        roc=roc_points(
            np.array([film.logit for film in row.films]),
            references,
            groups=groups if is_reference else None,
        ),
        auroc=auroc,
        reliability=measure_calibration(probabilities, references, groups),
        is_reference=is_reference,
    )


def _choose(films: Sequence[FilmRecord], order: int) -> list[FilmRecord]:
    """Return a sheet's films; of copies of one picture, one."""
    ranked = sorted(films, key=lambda film: (order * film.probability, film.path))
    first: dict[str, FilmRecord] = {}
    for film in ranked:
        first.setdefault(film.group, film)
    if order:
        return list(first.values())[:PER_SHEET]
    some = sorted(first.values(), key=lambda film: film.path)
    chance = random.Random(0)  # noqa: S311 — a sample to look at
    return chance.sample(some, min(PER_SHEET, len(some)))
