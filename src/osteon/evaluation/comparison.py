"""Models against a reference, film by film: a difference is paired, not read off two intervals."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from osteon.collection.manifest import Manifest
from osteon.evaluation.benchmark.rows import BenchmarkRow, Difference, FilmRecord
from osteon.evaluation.faithfulness import BY_DELETION
from osteon.geometry import Box
from osteon.release.card import ECE
from osteon.statistics.calibration_error import weigh_calibration
from osteon.statistics.detection import MarkedFilm, weigh_average_precision, weigh_froc
from osteon.statistics.paired import compare_auroc
from osteon.statistics.pointing import MARGIN, weigh_pointing
from osteon.statistics.weights import Difference as Measured
from osteon.statistics.weights import (
    Statistic,
    measure_difference,
    ratio_statistic,
    share_statistic,
)
from osteon.terms import ManifestRow, Progress, no_progress

_Pair = Sequence[tuple[FilmRecord, ManifestRow]]
_Weigh = Callable[[_Pair], Statistic | None]

FALSE_MARKS: Final = 0.5


def compare_rows(
    rows: Sequence[BenchmarkRow],
    reference: str,
    manifest: Manifest,
    *,
    progress: Progress = no_progress,
) -> tuple[Difference, ...]:
    """Return every number's difference between each model and the reference.

    Args:
        rows: The models.
        reference: The name of one of them.
        manifest: With the boxes of readers.
        progress: Told after each model.
    """
    (base,) = [row for row in rows if row.name == reference]
    others = [row for row in rows if row.name != reference]
    found: list[Difference] = []
    for done, row in enumerate(others, 1):
        found += _compare(row, base, manifest)
        progress("comparing models", done, len(others))
    return tuple(found)


def _compare(row: BenchmarkRow, base: BenchmarkRow, manifest: Manifest) -> list[Difference]:
    """Return all differences of one model, on the films that both read."""
    known = {one.path: one for one in manifest.rows}
    theirs = {film.path: film for film in base.films}
    mine = [(film, known[film.path]) for film in row.films if film.path in theirs]
    other = [(theirs[film.path], source) for film, source in mine]
    told = [_tell(row, "auroc", _compare_areas(mine, other), n_films=len(mine))]
    for name, weigh in _NUMBERS.items():
        if name in row.missing or name in base.missing:  # no number, no difference
            continue
        one, two = weigh(mine), weigh(other)
        if one is None or two is None:
            continue
        told.append(_tell(row, name, measure_difference(one, two), n_films=len(mine)))
    return told


def _tell(row: BenchmarkRow, name: str, found: Measured, *, n_films: int) -> Difference:
    ends = found.interval
    return Difference(
        row=row.name,
        measure=name,
        value=found.value,
        low=ends.low if ends else None,
        high=ends.high if ends else None,
        p=found.p_value,
        n_films=n_films,
        method=ends.method if ends else "",
    )


def _compare_areas(one: _Pair, other: _Pair) -> Measured:
    return compare_auroc(
        np.array([film.logit for film, _ in one]),
        np.array([film.logit for film, _ in other]),
        np.array([film.has_fracture for film, _ in one], dtype=bool),
        groups=[film.group for film, _ in one],
    )


def _weigh_share(
    hit: Callable[[FilmRecord], bool], counted: Callable[[FilmRecord], bool]
) -> _Weigh:
    return lambda pairs: share_statistic(
        [hit(film) for film, _ in pairs],
        [counted(film) for film, _ in pairs],
        [film.group for film, _ in pairs],
    )


def _weigh_ece(pairs: _Pair) -> Statistic:
    return weigh_calibration(
        np.array([film.probability for film, _ in pairs]),
        np.array([film.has_fracture for film, _ in pairs], dtype=bool),
        [film.group for film, _ in pairs],
    )


def _weigh_deletion(pairs: _Pair) -> Statistic | None:
    """Return the mean of the films that were covered, which are the same for every model."""
    gains = [(film.deletion, film.group) for film, _ in pairs]
    if all(gain is None for gain, _ in gains):
        return None
    return ratio_statistic(
        [gain or 0.0 for gain, _ in gains],
        [gain is not None for gain, _ in gains],
        [group for _, group in gains],
    )


def _weigh_marks(weigh: Callable[[Sequence[MarkedFilm]], Statistic], *, boxed_only: bool) -> _Weigh:
    """Return how a number of marks is weighed; None where a film's marks are not known."""

    def weigh_films(pairs: _Pair) -> Statistic | None:
        # What is marked on a fractured film that nobody boxed cannot be judged.
        asked = [
            (film, row) for film, row in pairs if row.boxes or not (boxed_only or row.has_fracture)
        ]
        if not any(row.boxes for _, row in asked) or any(film.marks is None for film, _ in asked):
            return None
        return weigh([rebuild_marks(film, row) for film, row in asked])

    return weigh_films


def rebuild_marks(film: FilmRecord, row: ManifestRow) -> MarkedFilm:
    """Return a film's marks beside its boxes.

    Args:
        film: With marks.
        row: Of the manifest.
    """
    return MarkedFilm(
        marks=tuple((Box(*mark.box), mark.score) for mark in film.marks or ()),
        peak=film.peak,
        boxes=row.boxes,
        group=film.group,
        rows=row.rows,
        columns=row.columns,
    )


_NUMBERS: Final[dict[str, _Weigh]] = {
    'fractured, not called "no fracture"': _weigh_share(
        lambda film: film.called != "no fracture", lambda film: film.has_fracture
    ),
    'normal, called "no fracture"': _weigh_share(
        lambda film: film.called == "no fracture", lambda film: not film.has_fracture
    ),
    'called "doubt"': _weigh_share(lambda film: film.called == "doubt", lambda _: True),
    ECE: _weigh_ece,
    "ap50, fractured films": _weigh_marks(
        lambda films: weigh_average_precision(films, at_iou=0.5), boxed_only=True
    ),
    "ap30, fractured films": _weigh_marks(
        lambda films: weigh_average_precision(films, at_iou=0.3), boxed_only=True
    ),
    "lesions found at 0.5 false marks per film": _weigh_marks(
        lambda films: weigh_froc(films, at=FALSE_MARKS), boxed_only=False
    ),
    "pointing game, strict": _weigh_marks(weigh_pointing, boxed_only=True),
    "pointing game, margin 5 %": _weigh_marks(
        lambda films: weigh_pointing(films, margin=MARGIN), boxed_only=True
    ),
    BY_DELETION: _weigh_deletion,
}
