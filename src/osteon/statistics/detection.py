"""How well marked places meet the fractures that readers boxed: average precision and FROC.

Both look at every threshold at once, since a mark carries a score. They differ in what a hit is.
Average precision asks for the fracture's outline (an overlap of 0.5, say); FROC asks what a reader
asks, whether the mark leads the eye to the fracture, and at the price of how many false marks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.errors import MeasurementFault
from osteon.geometry import Box
from osteon.statistics.films import number_groups
from osteon.statistics.intervals import Interval, wilson_interval
from osteon.statistics.overlap import is_right
from osteon.statistics.proportions import GROUP_WILSON, Metric
from osteon.statistics.weights import (
    Statistic,
    Values,
    Weights,
    divide,
    measure_interval,
    total_of,
)

Mark = tuple[Box, float]
"""A box in source pixels and its score; the larger, the more like a fracture."""

FALSE_MARKS: Final = (0.125, 0.25, 0.5, 1.0, 2.0)
"""Mean false marks per film at which FROC is told."""

Floats64 = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class MarkedFilm:
    """One film's marks beside its fractures.

    Attributes:
        marks: All of them, however faint, in any order.
        peak: (x, y) of the highest evidence, in source pixels; None where nothing stands out.
        boxes: Of its fractures, in source pixels; empty for a film without a fracture.
        group: Films that must stay together share it; None is a film that stands alone.
        rows: Height of the film in pixels.
        columns: Width of the film in pixels.
    """

    marks: tuple[Mark, ...]
    peak: tuple[float, float] | None
    boxes: tuple[Box, ...]
    group: str | None
    rows: int
    columns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Froc:
    """Lesions found against false marks, from "mark nothing" to "mark everything".

    Attributes:
        false_marks: Mean per film over all films, shape `(points,)`, rising from 0.
        sensitivity: Share of lesions found, shape `(points,)`, rising.
        thresholds: Marks at or above it are counted, shape `(points,)`, falling from infinity.
        at: The sensitivity at each number of false marks that was asked for.
    """

    false_marks: Floats64
    sensitivity: Floats64
    thresholds: Floats64
    at: tuple[Metric, ...]


def measure_average_precision(
    films: Sequence[MarkedFilm], *, at_iou: float = 0.5, confidence: float = 0.95, seed: int = 0
) -> Metric:
    """Return the average precision (the mean ppv over all sensitivities) of marks.

    The films' marks are taken together from the highest score down; each takes the box that it
    overlaps most of those still free on its film, if by at least `at_iou` (COCO's matching), and
    is a false mark otherwise, a second one on a box among them. The area is that under the whole
    precision-recall curve, made to fall (all-point interpolation, PASCAL VOC since 2010). COCO
    reads the same curve at 101 places, which differs by less than 0.01. Marks of equal scores
    count at once, so that no order of films makes a better number.

    Args:
        films: Fractured films, for the number of the literature; with others, whose marks are all
            false, it is a harder one.
        at_iou: Overlap from which a mark is right, in (0, 1].
        confidence: For example 0.95.
        seed: Of the resampling of groups.

    Returns:
        The numerator is None; the denominator counts the boxes. No value where there are none.

    Reference:
        Everingham et al., Int. J. Comput. Vis. 111 (2015) 98; Lin et al., ECCV 2014.
    """
    number = weigh_average_precision(films, at_iou=at_iou)
    n_boxes = sum(len(film.boxes) for film in films)
    return Metric(
        name=f"ap{round(100 * at_iou)}",
        also_called="mAP of one class",
        value=number.value,
        numerator=None,
        denominator=n_boxes,
        interval=_interval_of(number, films, confidence=confidence, seed=seed),
        reason="" if n_boxes else "no film has a box",
    )


def measure_froc(
    films: Sequence[MarkedFilm],
    *,
    at: Sequence[float] = FALSE_MARKS,
    confidence: float = 0.95,
    seed: int = 0,
) -> Froc:
    """Return the share of lesions found against the false marks per film.

    A mark meets a lesion where its centre lies in the box or they overlap by 0.3 (`is_right`). It
    finds the one that it overlaps most of those not yet found; a mark that meets only lesions
    already found is neither a hit nor a false mark. Nothing is interpolated: at 0.5 stands the
    best sensitivity that costs at most half a false mark per film.

    Args:
        films: All films, those without a fracture too: most false marks lie there.
        at: Mean false marks per film that are allowed.
        confidence: For example 0.95.
        seed: Of the resampling of groups; each resample looks for its own threshold.

    Raises:
        MeasurementFault: If there is no film, or no lesion.

    Reference:
        Bunch et al., Proc. SPIE 127 (1977) 124; Chakraborty, Med. Phys. 16 (1989) 561.
    """
    n_lesions = sum(len(film.boxes) for film in films)
    if not n_lesions:
        raise MeasurementFault("FROC", "needs films with boxed fractures", found=0)
    ranked = _rank(films, _mark_lesions)
    ones = np.ones((1, ranked.n_groups))
    found, false = (ranked.add_up(kind, ones)[0] for kind in ("found", "false"))
    return Froc(
        false_marks=np.append(0.0, false / len(films)),
        sensitivity=np.append(0.0, found / n_lesions),
        thresholds=np.append(np.inf, ranked.scores),
        at=tuple(_measure_at(films, allowed, confidence=confidence, seed=seed) for allowed in at),
    )


def weigh_average_precision(films: Sequence[MarkedFilm], *, at_iou: float = 0.5) -> Statistic:
    """Return the average precision as a number that can be weighed, for paired differences.

    Args:
        films: As for `measure_average_precision`.
        at_iou: Overlap from which a mark is right, in (0, 1].

    Raises:
        MeasurementFault: If the overlap is not in (0, 1].
    """
    if not 0 < at_iou <= 1:
        raise MeasurementFault("at_iou", "must be above 0 and at most 1", found=at_iou)
    ranked = _rank(films, lambda film: _mark_boxes(film, at_iou))

    def weigh(weights: Weights) -> Values:
        found, false = ranked.add_up("found", weights), ranked.add_up("false", weights)
        shown = found + false
        ppv = np.divide(found, shown, out=np.zeros_like(shown), where=shown > 0)
        falling = np.maximum.accumulate(ppv[:, ::-1], axis=1)[:, ::-1]
        steps = np.diff(found, axis=1, prepend=0.0)
        return divide((steps * falling).sum(axis=1), total_of(weights, ranked.lesions))

    return Statistic(weigh=weigh, groups=ranked.group_of_film)


def weigh_froc(films: Sequence[MarkedFilm], *, at: float = 0.5) -> Statistic:
    """Return the sensitivity at so many false marks as a number that can be weighed.

    Args:
        films: As for `measure_froc`.
        at: Mean false marks per film that are allowed.
    """
    ranked = _rank(films, _mark_lesions)

    def weigh(weights: Weights) -> Values:
        found, false = ranked.add_up("found", weights), ranked.add_up("false", weights)
        allowed = at * total_of(weights, ranked.films)
        n_allowed = (false <= allowed[:, np.newaxis]).sum(axis=1)
        reached = np.column_stack([np.zeros(len(weights)), found])
        best = reached[np.arange(len(weights)), n_allowed]
        return divide(best, total_of(weights, ranked.lesions))

    return Statistic(weigh=weigh, groups=ranked.group_of_film)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ranked:
    """The marks of all films, from the highest score down.

    Attributes:
        scores: Each score once, falling, shape `(scores,)`.
        last: Place of the last mark of each score, shape `(scores,)`.
        found: Whether the mark found a lesion, shape `(marks,)`.
        false: Whether it met none, shape `(marks,)`.
        group_of_mark: Shape `(marks,)`.
        group_of_film: Shape `(films,)`.
        lesions: Of each group, shape `(groups,)`.
        films: Of each group, shape `(groups,)`.
    """

    scores: Floats64
    last: npt.NDArray[np.int64]
    found: Floats64
    false: Floats64
    group_of_mark: npt.NDArray[np.int64]
    group_of_film: npt.NDArray[np.int64]
    lesions: Floats64
    films: Floats64

    @property
    def n_groups(self) -> int:
        """How many groups there are."""
        return self.lesions.size

    def add_up(self, kind: str, weights: Weights) -> Floats64:
        """Return how many marks of a kind there are down to each score, `(resamples, scores)`."""
        counted = self.found if kind == "found" else self.false
        return np.cumsum(weights[:, self.group_of_mark] * counted, axis=1)[:, self.last]


_Told = Callable[[MarkedFilm], list[tuple[float, bool, bool]]]
"""Score, found and false of each mark of a film."""


def _rank(films: Sequence[MarkedFilm], judge: _Told) -> _Ranked:
    numbers = number_groups([film.group for film in films])
    n_groups = int(numbers.max(initial=-1)) + 1
    told = [
        (*one, group)
        for film, group in zip(films, numbers.tolist(), strict=True)
        for one in judge(film)
    ]
    scores, found, false, groups = np.array(told, dtype=np.float64).reshape(-1, 4).T
    if not np.isfinite(scores).all():
        raise MeasurementFault("scores of marks", "must be finite numbers, or none can be ranked")
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last = np.flatnonzero(np.append(np.diff(falling) != 0, np.ones(min(1, falling.size), bool)))
    return _Ranked(
        scores=falling[last],
        last=last,
        found=found[order],
        false=false[order],
        group_of_mark=groups[order].astype(np.int64),
        group_of_film=numbers,
        lesions=np.bincount(
            numbers, weights=[len(film.boxes) for film in films], minlength=n_groups
        ).astype(np.float64),
        films=np.bincount(numbers, minlength=n_groups).astype(np.float64),
    )


def _mark_boxes(film: MarkedFilm, at_iou: float) -> list[tuple[float, bool, bool]]:
    free = [Box(*box) for box in film.boxes]
    told = []
    for box, score in sorted(film.marks, key=lambda mark: -mark[1]):
        best = max(free, key=Box(*box).overlap, default=None)
        is_hit = best is not None and best.overlap(Box(*box)) >= at_iou
        if best is not None and is_hit:
            free.remove(best)
        told.append((score, is_hit, not is_hit))
    return told


def _mark_lesions(film: MarkedFilm) -> list[tuple[float, bool, bool]]:
    free = [Box(*box) for box in film.boxes]
    told = []
    for box, score in sorted(film.marks, key=lambda mark: -mark[1]):
        met = [one for one in free if is_right(box, [one])]
        if met:
            free.remove(max(met, key=Box(*box).overlap))
        told.append((score, bool(met), not is_right(box, film.boxes)))
    return told


def _measure_at(
    films: Sequence[MarkedFilm], allowed: float, *, confidence: float, seed: int
) -> Metric:
    number = weigh_froc(films, at=allowed)
    n_lesions = sum(len(film.boxes) for film in films)
    value = number.value
    assert value is not None  # there are lesions
    return Metric(
        name=f"froc sensitivity at {allowed:g}",
        also_called="lesion-level recall",
        value=value,
        numerator=round(value * n_lesions),
        denominator=n_lesions,
        interval=_interval_of(number, films, confidence=confidence, seed=seed),
    )


def _interval_of(
    number: Statistic, films: Sequence[MarkedFilm], *, confidence: float, seed: int
) -> Interval | None:
    """Return an interval; Wilson's on boxed groups where all or nothing was found."""
    value = number.value
    if value is None:
        return None
    interval = measure_interval(number, confidence=confidence, seed=seed)
    if interval is not None:
        return interval
    n_groups = np.unique(number.groups[[bool(film.boxes) for film in films]]).size
    return wilson_interval(value, n=n_groups, confidence=confidence, method=GROUP_WILSON)
