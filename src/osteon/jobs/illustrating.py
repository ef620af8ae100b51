"""The figures of an evaluation, from its numbers and its films."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from osteon.collection.groups import choose_counted
from osteon.collection.manifest import Manifest
from osteon.collection.splits import describe_split
from osteon.collection.stamps import describe_independence
from osteon.errors import FilmFault
from osteon.evaluation.history import HistoryRow
from osteon.evaluation.roc import roc_points
from osteon.radiographs.films import read_film
from osteon.radiographs.prepare import choose_tile, fit_pixels, place_film
from osteon.reports.classification import Evaluation
from osteon.reports.counts import SplitCount, draw_confusion_matrix, draw_split_distribution
from osteon.reports.curves import draw_roc_curve, draw_training_curves
from osteon.reports.galleries import Tile, draw_errors_gallery, draw_sample_grid
from osteon.reports.independence import footnote_copies
from osteon.reports.wording import name_collection
from osteon.terms import ManifestRow, Progress, no_progress

TILE_SIDE = 360
SAMPLES_PER_CLASS = 12
WORST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """An evaluation with the films it was made on.

    Attributes:
        evaluation: The numbers.
        manifest: The films that were read, and only those.
        logits: One per film, in the manifest's order.
        history: Of the training; None where it is not known.
        run_manifest: What the network learnt from, for the splits; None where it is not known.
        is_drawn: Whether that were phantoms.
    """

    evaluation: Evaluation
    manifest: Manifest
    logits: tuple[float, ...]
    history: tuple[HistoryRow, ...] | None
    run_manifest: Manifest | None
    is_drawn: bool


def draw_results(study: Study, folder: Path, *, progress: Progress = no_progress) -> None:
    """Draw the figures of an evaluation: six, or four where the training is not known.

    Args:
        study: What was measured, on which films.
        folder: Where the PNGs go.
        progress: Told after each figure.

    Raises:
        OutputFault: If a figure cannot be written.
    """  # noqa: DOC502 — raised by the functions called
    metrics, note = study.evaluation.metrics, _footnote(study)
    rows = study.manifest.rows
    drawn = "Drawn phantoms, not patients." if study.is_drawn else ""
    roc = roc_points(
        np.array(study.logits),
        np.array([row.has_fracture for row in rows]),
        groups=[row.group for row in rows],
    )
    figures: list[Callable[[], None]] = [
        lambda: draw_confusion_matrix(metrics, folder / "confusion_matrix.png", note=note),
        lambda: draw_roc_curve(roc, metrics, folder / "roc_curve.png", note=note),
        lambda: draw_sample_grid(_sample(study), folder / "sample_grid.png", note=note),
        lambda: _draw_errors(study, folder / "errors_gallery.png", note=note),
    ]
    history, run_manifest = study.history, study.run_manifest
    if history is not None:
        figures.append(
            lambda: draw_training_curves(history, folder / "training_curves.png", note=drawn)
        )
    if run_manifest is not None:
        figures.append(
            lambda: draw_split_distribution(
                _count_splits(run_manifest),
                folder / "split_distribution.png",
                note=drawn,
                known=describe_independence(choose_counted(run_manifest.rows)),
            )
        )
    for number, draw in enumerate(figures, 1):
        draw()
        progress("drawing figures", number, len(figures))


def _footnote(study: Study) -> str:
    split = study.evaluation.split
    said = {
        "tune": "Chosen on the tune split; not a test result.",
        "train": "The films that were learnt from; not a test result.",
    }
    films = f"{split} films of {name_collection(study.evaluation.collection)}."
    parts = [said.get(split, films[0].upper() + films[1:])]
    if copies := footnote_copies(study.evaluation.independence):
        parts.append(copies)
    if any("--allow-leak" in line for line in study.evaluation.notes):
        parts.append("Copies cross the splits: inflated.")
    if study.is_drawn:
        parts.append("Drawn phantoms, not patients.")
    return " ".join(parts)


def _count_splits(manifest: Manifest) -> list[SplitCount]:
    return [
        SplitCount(
            split=count.split or "not placed",
            n_fractured=count.n_fractured,
            n_not_fractured=count.n_not_fractured,
            n_groups=count.n_groups,
        )
        for count in describe_split(manifest)
    ]


def _sample(study: Study) -> list[Tile]:
    """Take as many films of each class, the same ones at every evaluation."""
    pairs = list(zip(study.manifest.rows, study.logits, strict=True))
    tiles = []
    for has_fracture in (True, False):
        of_class = [pair for pair in pairs if pair[0].has_fracture is has_fracture]
        chosen = random.Random(0).sample(of_class, min(SAMPLES_PER_CLASS, len(of_class)))  # noqa: S311 — a sample to look at
        tiles += _tiles(study.manifest, chosen)
    return tiles


def _draw_errors(study: Study, path: Path, *, note: str) -> None:
    threshold = study.evaluation.metrics.threshold
    pairs = list(zip(study.manifest.rows, study.logits, strict=True))
    misses = [pair for pair in pairs if pair[0].has_fracture and pair[1] < threshold]
    alarms = [pair for pair in pairs if not pair[0].has_fracture and pair[1] >= threshold]
    misses.sort(key=lambda pair: pair[1])
    alarms.sort(key=lambda pair: -pair[1])
    draw_errors_gallery(
        _tiles(study.manifest, misses[:WORST]),
        _tiles(study.manifest, alarms[:WORST]),
        path,
        n_misses=len(misses),
        n_false_alarms=len(alarms),
        note=note,
    )


def _tiles(manifest: Manifest, pairs: Sequence[tuple[ManifestRow, float]]) -> list[Tile]:
    tiles = []
    for row, logit in pairs:
        try:
            radiograph = read_film(manifest.films_path(row))
        except FilmFault:  # it went away since it was read; the numbers have counted it
            continue
        how = choose_tile(radiograph, TILE_SIDE)
        place = place_film(radiograph.rows, radiograph.columns, how)
        tiles.append(
            Tile(
                pixels=fit_pixels(radiograph, how),
                caption=f"{row.film_id[:8]}  logit {logit:+.2f}",
                is_fractured=row.has_fracture,
                boxes=tuple(place.to_network(box) for box in row.boxes),
            )
        )
    return tiles
