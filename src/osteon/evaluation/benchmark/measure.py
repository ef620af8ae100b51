"""One release meets the test films of a benchmark: every number of its row, from one reading."""

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from osteon.collection.manifest import Manifest
from osteon.evaluation.benchmark.entrants import Entrant
from osteon.evaluation.benchmark.rows import BenchmarkRow, FilmRecord, Mark, Speed
from osteon.evaluation.certify import measure_release, name_measured
from osteon.evaluation.cohort import choose_some
from osteon.evaluation.detection import mark_films, rate_marks
from osteon.evaluation.faithfulness import BY_DELETION, BY_INSERTION, cover_films
from osteon.evaluation.localisation import measure_places
from osteon.evaluation.predictions import Predictions, measure_films
from osteon.evaluation.robustness import measure_turning
from osteon.evaluation.subgroup_calibration import measure_subgroup_calibration
from osteon.inference.detector import Detector
from osteon.inference.predictor import Answer
from osteon.machine import count_cores, name_cpu
from osteon.release import Measure, ReleaseCard, read_release
from osteon.release.weights import count_weights
from osteon.settings import Settings
from osteon.statistics.detection import MarkedFilm
from osteon.terms import ManifestRow, Progress, no_progress

NO_BOXES: Final = "no reader boxed the fractures of this collection"
ONLY_BOXED: Final = (
    "its evidence is had by covering the film piece by piece, fifty passes each: only boxed films "
    "were covered"
)
_OF_ALL_FILMS: Final = (
    "ap50, all films",
    "lesions found at 0.5 false marks per film",
    "boxed films with a right finding",
    "findings that meet a fracture",
)
"""Measures that need the marks on films without a fracture, or what the release shows of each."""

_OF_BOXES: Final = (
    *("ap50, fractured films", "ap30, fractured films"),
    *("pointing game, strict", "pointing game, margin 5 %"),
    *(BY_DELETION, BY_INSERTION),
)

UNCERTIFIED: Final = "its promise is not certified, so that no film is called so"
_OF_CLEARED: Final = ('fractured, not called "no fracture"', 'normal, called "no fracture"')
_OF_ACCUSED: Final = ('normal, not called "fracture"', 'fractured, called "fracture"')

_WARM_UP: Final = 3


class SampleSizes(Settings):
    """How many films the dearer numbers take; equal efforts choose equal films.

    Attributes:
        n_timed: Read one after the other against the clock.
        n_turned: Turned and mirrored, half of them fractured.
        n_covered: Fractured films whose evidence is covered step by step.
    """

    n_timed: int = 40
    n_turned: int = 120
    n_covered: int = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A release and the films that it is to be measured on.

    Attributes:
        contender: Whose it is.
        release: The file.
        manifest: The collection.
        rows: The test films.
        effort: For the dearer numbers.
        key: Hash of all of this.
    """

    contender: Entrant
    release: Path
    manifest: Manifest
    rows: tuple[ManifestRow, ...]
    effort: SampleSizes
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Places:
    """What a release marked.

    Attributes:
        marked: Each film's marks by its path; of boxed films alone where evidence is dear.
        covered: Each film's deletion gain by its path.
        measures: Of all this.
        missing: Why some measures are not there, by their names.
    """

    marked: dict[str, MarkedFilm]
    covered: dict[str, float]
    measures: tuple[Measure, ...]
    missing: dict[str, str]


def score_release(task: Task, *, progress: Progress = no_progress) -> BenchmarkRow:
    """Measure one release on the test films.

    Args:
        task: What is to be measured.
        progress: Told of every step of long work.

    Raises:
        ReleaseFault: If the release does not stand its checks.
        OneClassOnly: If the films that could be read are all alike.
    """
    with Detector.load(task.release) as detector:
        card = detector.card
        films = measure_films(
            detector.answerer.for_numbers(),
            task.manifest,
            task.rows,
            split="test",
            progress=progress,
        )
        places = _measure_places(detector, films, task, progress)
        turned = measure_turning(
            detector.answerer, card, films, n_films=task.effort.n_turned, progress=progress
        )
        speed = _read_by_the_clock(detector, task, progress)
    numbers, _ = measure_release(films, card.calibrator, card.operating_points)
    points = card.operating_points
    return BenchmarkRow(
        key=task.key,
        name=task.contender.name,
        kind=task.contender.kind,
        recipe=card.recipe,
        preparation=card.preparation,
        epochs=task.contender.epochs,
        n_bytes=task.release.stat().st_size,
        n_parameters=count_weights(read_release(task.release).model),
        evidence=card.evidence.method,
        points=(points.high_sensitivity, points.high_specificity),
        independence=card.independence,
        speed=speed,
        measures=(*numbers, *places.measures, *turned),
        by_region=_measure_regions(films, card),
        films=_record_films(films, places, card),
        n_not_read=len(films.not_read),
        notes=task.contender.notes,
        missing={**places.missing, **_find_undecided(card)},
    )


def _find_undecided(card: ReleaseCard) -> dict[str, str]:
    """Return the numbers that a release without a threshold cannot have, and why."""
    low, high = card.operating_points.cuts
    return {
        **(dict.fromkeys(_OF_CLEARED, UNCERTIFIED) if low is None else {}),
        **(dict.fromkeys(_OF_ACCUSED, UNCERTIFIED) if high is None else {}),
    }


def _measure_places(
    detector: Detector, films: Predictions, task: Task, progress: Progress
) -> _Places:
    if not films.has_boxes:
        missing = dict.fromkeys((*_OF_BOXES, *_OF_ALL_FILMS), NO_BOXES)
        return _Places(marked={}, covered={}, measures=(), missing=missing)
    card = detector.card
    how, settings, calibrator = card.preparation, card.evidence, card.calibrator
    is_cheap = all(answer.evidence is not None for answer in films.answers)
    shown = films if is_cheap else _ask_boxed(detector, films, progress)
    # What is marked on a fractured film that nobody boxed cannot be judged.
    judged = shown.choose([bool(row.boxes) or not row.has_fracture for row in shown.rows])
    marks = mark_films(judged, calibrator, how=how, settings=settings)
    covered, tested = cover_films(
        task.release, shown, n_films=task.effort.n_covered, progress=progress
    )
    found = (*rate_marks(marks), *tested)
    if is_cheap:
        found += measure_places(
            films, calibrator, card.operating_points, how=how, settings=settings
        )
    return _Places(
        marked={row.path: film for row, film in zip(judged.rows, marks, strict=True)},
        covered=covered,
        measures=tuple(one for one in found if is_cheap or one.name not in _OF_ALL_FILMS),
        missing={} if is_cheap else dict.fromkeys(_OF_ALL_FILMS, ONLY_BOXED),
    )


def _ask_boxed(detector: Detector, films: Predictions, progress: Progress) -> Predictions:
    """Return boxed films with evidence, where that is too dear for all films."""
    boxed = films.choose([bool(row.boxes) for row in films.rows])
    answers: list[Answer] = []
    paths = (films.manifest.films_path(row) for row in boxed.rows)
    for done, answer in enumerate(detector.answerer.predict_many(paths), 1):
        assert isinstance(answer, Answer)  # it was read a moment ago
        answers.append(answer)
        progress("covering boxed films", done, len(boxed.rows))
    return replace(boxed, answers=tuple(answers))


def _measure_regions(films: Predictions, card: ReleaseCard) -> tuple[Measure, ...]:
    found = measure_subgroup_calibration(
        card.calibrator.calibrate(films.logits),
        films.references,
        films.groups,
        values=[row.body_region for row in films.rows],
    )
    return tuple(
        name_measured(region.value, region.reliability.ece_corrected, region.n_films)
        for region in found
    )


def _record_films(films: Predictions, places: _Places, card: ReleaseCard) -> tuple[FilmRecord, ...]:
    records = []
    for row, group, logit, probability in zip(
        films.rows,
        films.groups,
        films.logits.tolist(),
        card.calibrator.calibrate(films.logits).tolist(),
        strict=True,
    ):
        film = places.marked.get(row.path)
        records.append(
            FilmRecord(
                path=row.path,
                group=group,
                has_fracture=row.has_fracture,
                logit=logit,
                probability=probability,
                called=card.operating_points.decide(probability),
                marks=None
                if film is None
                else tuple(Mark(box=box, score=score) for box, score in film.marks),
                peak=None if film is None else film.peak,
                deletion=places.covered.get(row.path),
            )
        )
    return tuple(records)


def time_release(task: Task, *, progress: Progress = no_progress) -> Speed:
    """Read films one after the other, from file to `Reading`.

    Args:
        task: The release and the films.
        progress: Told after each film.

    Raises:
        ReleaseFault: If the release does not stand its checks.
    """
    with Detector.load(task.release) as detector:
        return _read_by_the_clock(detector, task, progress)


def _read_by_the_clock(detector: Detector, task: Task, progress: Progress) -> Speed:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    n_films = task.effort.n_timed
    rows = choose_some(task.rows, n_films)[:n_films]
    paths = [task.manifest.films_path(row) for row in rows]
    for path in paths[:_WARM_UP]:
        detector.read(path)
    took = []
    for done, path in enumerate(paths, 1):
        start = time.perf_counter()
        detector.read(path)
        took.append(1e3 * (time.perf_counter() - start))
        progress("timing films", done, len(paths))
    return Speed(
        median_ms=float(np.median(took)),
        n_films=len(took),
        machine=name_cpu(),
        threads=count_cores(),
        load=None if load is None else round(load, 2),
    )
