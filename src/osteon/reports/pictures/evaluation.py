"""The figures of an evaluation, from its numbers and its films."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from osteon.collection.groups import choose_counted
from osteon.collection.manifest import Manifest
from osteon.collection.splits import describe_split
from osteon.collection.stamps import describe_independence
from osteon.errors import FilmFault
from osteon.evaluation.decisions import DecisionMetrics
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import choose_tile, fit_letterbox, fit_pixels
from osteon.release.decisions import Called
from osteon.reports.classification import Evaluation
from osteon.reports.figures.counts import SplitCount, draw_confusion_matrix, draw_split_distribution
from osteon.reports.figures.curves import draw_roc_curve, draw_training_curves
from osteon.reports.figures.decision_matrix import draw_decision_matrix
from osteon.reports.pages.independence import footnote_copies
from osteon.reports.pictures.galleries import Tile, draw_errors_gallery, draw_sample_grid
from osteon.runs import HistoryRow, footnote_pictures, is_drawn
from osteon.statistics.metrics import Metrics
from osteon.statistics.roc import roc_points
from osteon.terms import ManifestRow, Progress, no_progress
from osteon.wording import DRAWN, name_collection, say_count

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
        called: What each of them was called: by a run's threshold, or by a release.
        said: What was answered to each, in words, such as "logit +1.20" or "5.3 %, in doubt".
        history: Of the training; None where it is not known.
        run_manifest: What the network learnt from, for the splits; None where it is not known.
        is_drawn: Whether that were phantoms.
    """

    evaluation: Evaluation
    manifest: Manifest
    logits: tuple[float, ...]
    called: tuple[Called, ...]
    said: tuple[str, ...]
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
    """
    metrics, note = study.evaluation.metrics, _footnote(study)
    rows = study.manifest.rows
    pictures = footnote_pictures(study.manifest)
    shown = note if pictures in note else f"{note} {pictures}"
    drawn = DRAWN if study.is_drawn else ""
    roc = roc_points(
        np.array(study.logits),
        np.array([row.has_fracture for row in rows]),
        groups=[row.group for row in rows],
    )
    figures: list[Callable[[], None]] = [
        lambda: _draw_matrix(metrics, folder / "confusion_matrix.png", note=note),
        lambda: draw_roc_curve(roc, metrics, folder / "roc_curve.png", note=note),
        lambda: draw_sample_grid(
            _sample(study), folder / "sample_grid.png", lead=_describe_sample(study), note=shown
        ),
        lambda: _draw_errors(study, folder / "errors_gallery.png", note=shown),
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


def _draw_matrix(metrics: Metrics | DecisionMetrics, path: Path, *, note: str) -> None:
    if isinstance(metrics, DecisionMetrics):
        draw_decision_matrix(metrics, path, note=note)
    else:
        draw_confusion_matrix(metrics, path, note=note)


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
        parts.append(DRAWN if is_drawn(study.manifest) else "Trained on drawn phantoms.")
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
    """Take as many films of each class, the same ones at every evaluation; of copies, one."""
    tiles = []
    for has_fracture in (True, False):
        of_class = choose_apart(
            study.manifest.rows,
            [n for n, row in enumerate(study.manifest.rows) if row.has_fracture is has_fracture],
        )
        chosen = random.Random(0).sample(of_class, min(SAMPLES_PER_CLASS, len(of_class)))  # noqa: S311 — a sample to look at
        tiles += _tiles(study, chosen)
    return tiles


def _describe_sample(study: Study) -> str:
    metrics = study.evaluation.metrics
    said = f"Chosen at random from {say_count(metrics.n_films, 'film')}, as many of each class."
    if isinstance(metrics, Metrics):
        return f"{said} Called fractured from logit {metrics.threshold:+.2f} on."
    return said


def _draw_errors(study: Study, path: Path, *, note: str) -> None:
    rows, logits = study.manifest.rows, study.logits
    places = range(len(rows))
    misses = [n for n in places if rows[n].has_fracture and study.called[n] == "no fracture"]
    alarms = [n for n in places if not rows[n].has_fracture and study.called[n] == "fracture"]
    misses.sort(key=lambda n: logits[n])
    alarms.sort(key=lambda n: -logits[n])
    apart = [choose_apart(rows, wrong) for wrong in (misses, alarms)]
    n_in_doubt = study.called.count("doubt")
    doubt = f"{say_count(n_in_doubt, 'film')} in doubt, neither of the two." if n_in_doubt else ""
    metrics = study.evaluation.metrics
    if isinstance(metrics, Metrics):
        doubt = f"Called fractured from logit {metrics.threshold:+.2f} on."
    copies = "Of copies of one picture, one is shown." if sum(map(len, apart)) < (
        len(misses) + len(alarms)
    ) else ""  # fmt: skip
    draw_errors_gallery(
        _tiles(study, apart[0][:WORST]),
        _tiles(study, apart[1][:WORST]),
        path,
        counts=(len(misses), len(alarms)),
        lead=f"{doubt} {copies}".strip(),
        note=note,
    )


def choose_apart(rows: Sequence[ManifestRow], places: Sequence[int]) -> list[int]:
    """Return the first place of each group: copies of a film would show it again and again.

    Args:
        rows: Films.
        places: Of some of them, in the order in which they are preferred.
    """
    first: dict[str, int] = {}
    for place in places:
        first.setdefault(rows[place].group or rows[place].sha256, place)
    return list(first.values())


def _tiles(study: Study, places: Sequence[int]) -> list[Tile]:
    tiles = []
    for number in places:
        row = study.manifest.rows[number]
        try:
            radiograph = read_film(study.manifest.films_path(row))
        except FilmFault:  # it went away since it was read; the numbers have counted it
            continue
        how = choose_tile(radiograph, TILE_SIDE)
        place = fit_letterbox(radiograph.rows, radiograph.columns, how)
        tiles.append(
            Tile(
                pixels=fit_pixels(radiograph, how),
                caption=f"{PurePosixPath(row.path).name}\n{study.said[number]}",
                is_fractured=row.has_fracture,
                boxes=tuple(place.to_network(box) for box in row.boxes),
            )
        )
    return tiles
