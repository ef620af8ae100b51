"""How far an answer hangs on the way a film lies: turned and mirrored, it is the same limb."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from osteon.evaluation.certify import name_measured, name_metric, share_of
from osteon.evaluation.predictions import Predictions
from osteon.inference.predictor import Answer, Predictor, Rejection
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import square_pixels
from osteon.release import Measure, ReleaseCard
from osteon.statistics.calibration_error import Measured
from osteon.statistics.weights import measure_interval, ratio_statistic
from osteon.terms import ManifestRow, Progress, Radiograph, no_progress

ANGLES: Final = tuple(range(30, 360, 30))
"""Degrees; the twelfth angle is the film as it is, which moves nothing and is not counted."""

N_VIEWS: Final = len(ANGLES) + 2
"""Each angle, and both mirrors."""

N_FILMS: Final = 120

CHANGE: Final = "turned, mean change of probability"
DECISIONS: Final = "turned, decisions that change"
REFUSED: Final = "turned, not read"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turned:
    """What became of one film.

    Attributes:
        changes: Of the probability, without sign, in each view that was read.
        decisions: Whether the decision changed, in each view; "not read" is a change.
        refusals: Whether it was not read, in each view.
        group: Of the film.
    """

    changes: tuple[float, ...]
    decisions: tuple[bool, ...]
    refusals: tuple[bool, ...]
    group: str


def measure_turning(
    answerer: Predictor,
    card: ReleaseCard,
    films: Predictions,
    *,
    n_films: int = N_FILMS,
    seed: int = 0,
    progress: Progress = no_progress,
) -> tuple[Measure, ...]:
    """Read films turned and mirrored, and measure how far that moves the answers.

    Args:
        answerer: The release's network behind its guards.
        card: The release's, for calibrator and operating points.
        films: That it has read as they are.
        n_films: How many of them, half fractured where there are enough.
        seed: Of the choice.
        progress: Told after every film.

    Returns:
        `CHANGE` (of the probability, without sign; mean over the views that were read),
        `DECISIONS` and `REFUSED` (shares of all views). A measure of films half of which are
        fractured says more of the hard cases than one of a clinic's films would.

    Raises:
        FilmFault: If a film can no longer be read from its file.
    """
    numbers = answerer.for_numbers()
    rows = films.rows
    chosen = choose_balanced(rows, n_films, seed=seed)
    turned = []
    for done, place in enumerate(chosen, 1):
        radiograph = read_film(films.manifest.films_path(rows[place]))
        answers = list(numbers.predict_many(list_views(radiograph)))
        turned.append(_compare(answers, films.answers[place], card, films.groups[place]))
        progress("turning films", done, len(chosen))
    return _measure(turned)


def choose_balanced(rows: Sequence[ManifestRow], n_films: int, *, seed: int = 0) -> list[int]:
    """Return the places of films, as many fractured as others where there are enough of both.

    Args:
        rows: The films.
        n_films: How many are wanted.
        seed: Equal seeds choose equal films, in whatever order the rows stand.

    Returns:
        Places in `rows`, rising.
    """
    drawn = {
        place: hashlib.sha256(f"{seed}:{row.sha256}".encode()).hexdigest()
        for place, row in enumerate(rows)
    }
    order = sorted(drawn, key=lambda place: drawn[place])
    fractured = [place for place in order if rows[place].has_fracture]
    others = [place for place in order if not rows[place].has_fracture]
    n_fractured = min(len(fractured), max(n_films // 2, n_films - len(others)))
    return sorted(fractured[:n_fractured] + others[: n_films - n_fractured])


def list_views(radiograph: Radiograph) -> Iterator[Radiograph]:
    """Yield a film at every angle of `ANGLES`, then mirrored left to right, then top to bottom.

    Args:
        radiograph: As it is.
    """
    # As it is seen: a film with pixels that are not square would be sheared by turning.
    pixels = square_pixels(radiograph.pixels, radiograph.pixel_aspect)
    radiograph = replace(radiograph, pixels=pixels, pixel_aspect=1.0)
    for degrees in ANGLES:
        yield turn(radiograph, degrees)
    for axis, name in ((1, "left to right"), (0, "top to bottom")):
        pixels = np.ascontiguousarray(np.flip(radiograph.pixels, axis))
        yield Radiograph(pixels=pixels, source=f"{radiograph.source}, mirrored {name}")


def turn(radiograph: Radiograph, degrees: float) -> Radiograph:
    """Return a film turned about its centre, on a black canvas that holds all of it.

    Args:
        radiograph: As it is.
        degrees: Counterclockwise. Quarter turns move pixels and change none; others resample
            them (bilinear).
    """
    picture = Image.fromarray(np.ascontiguousarray(radiograph.pixels, dtype=np.float32))
    turned = picture.rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=0.0)
    pixels = np.clip(np.asarray(turned, dtype=np.float32), 0.0, 1.0)
    return Radiograph(pixels=pixels, source=f"{radiograph.source}, turned by {degrees:g} degrees")


def _compare(
    answers: Sequence[Answer | Rejection], upright: Answer, card: ReleaseCard, group: str
) -> _Turned:
    before = float(card.calibrator.calibrate(upright.logit))
    decided = card.operating_points.decide(before)
    changes, decisions = [], []
    for answer in answers:
        if isinstance(answer, Rejection):
            decisions.append(True)
            continue
        probability = float(card.calibrator.calibrate(answer.logit))
        changes.append(abs(probability - before))
        decisions.append(card.operating_points.decide(probability) != decided)
    return _Turned(
        changes=tuple(changes),
        decisions=tuple(decisions),
        refusals=tuple(isinstance(answer, Rejection) for answer in answers),
        group=group,
    )


def _measure(turned: Sequence[_Turned]) -> tuple[Measure, ...]:
    change = ratio_statistic(
        [sum(film.changes) for film in turned],
        [len(film.changes) for film in turned],
        [film.group for film in turned],
    )
    measured = Measured(value=change.value, interval=measure_interval(change))
    told = [name_measured(CHANGE, measured, len(turned))]
    for name, kind in ((DECISIONS, "decisions"), (REFUSED, "refusals")):
        hits = [(hit, film.group) for film in turned for hit in getattr(film, kind)]
        told.append(name_metric(name, share_of(hits)))
    return tuple(told)
