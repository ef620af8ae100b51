"""How well a network's places meet the fractures: AP, FROC and the pointing game of read films."""

from typing import Final

from osteon.evaluation.certify import name_metric
from osteon.evaluation.localisation import FLOOR
from osteon.evaluation.marks import mark_places
from osteon.evaluation.predictions import Predictions
from osteon.release import Calibrator, LocalisationSettings, Measure, Preparation
from osteon.statistics.detection import MarkedFilm, measure_average_precision, measure_froc
from osteon.statistics.pointing import MARGIN, measure_pointing
from osteon.statistics.proportions import Metric

FALSE_MARKS: Final = 0.5
"""Per film, of all films: what a reader may be asked to look at for nothing."""


def measure_detection(
    films: Predictions, calibrator: Calibrator, *, how: Preparation, settings: LocalisationSettings
) -> tuple[Measure, ...]:
    """Measure places of every strength against the boxes of readers.

    Args:
        films: Whose reference is known, with evidence.
        calibrator: The release's.
        how: The preparation.
        settings: The release's.

    Returns:
        "ap50, fractured films", "ap30, fractured films", "ap50, all films",
        "lesions found at 0.5 false marks per film", "pointing game, strict" and
        "pointing game, margin 5 %"; none where nothing is boxed, or no evidence was asked for.
    """
    if not films.has_boxes or any(answer.evidence is None for answer in films.answers):
        return ()
    judged = films.choose([bool(row.boxes) or not row.has_fracture for row in films.rows])
    return rate_marks(mark_films(judged, calibrator, how=how, settings=settings))


def mark_films(
    films: Predictions, calibrator: Calibrator, *, how: Preparation, settings: LocalisationSettings
) -> tuple[MarkedFilm, ...]:
    """Return what detection is measured on: each film's places, the faint ones too, and its peak.

    What `evaluation.detection` and `evaluation.pointing` measure, and what `evaluation.weighing`
    compares between two models.

    Args:
        films: Whose reference is known, with evidence.
        calibrator: The release's.
        how: The preparation.
        settings: The release's. Where a place has an edge of its own, places below the threshold
            are looked at as well, down to `FLOOR`, since these numbers look at all thresholds;
            elsewhere the threshold makes the place, and stays.

    Returns:
        One per film, in order.
    """
    if settings.edge is not None:
        floor = min(FLOOR, settings.threshold)
        settings = settings.model_copy(update={"threshold": floor})
    return mark_places(films, calibrator, how=how, settings=settings)


def rate_marks(films: tuple[MarkedFilm, ...]) -> tuple[Measure, ...]:
    """Return the numbers of marked films, as `measure_detection` names them.

    Args:
        films: From `mark_films`, some of them boxed; without fractured films that nobody boxed,
            since what is marked there cannot be judged.
    """
    boxed = [film for film in films if film.boxes]
    told: tuple[tuple[str, Metric], ...] = (
        ("ap50, fractured films", measure_average_precision(boxed)),
        ("ap30, fractured films", measure_average_precision(boxed, at_iou=0.3)),
        ("ap50, all films", measure_average_precision(films)),
        (
            f"lesions found at {FALSE_MARKS:g} false marks per film",
            measure_froc(films, at=(FALSE_MARKS,)).at[0],
        ),
        ("pointing game, strict", measure_pointing(films)),
        (
            "pointing game, margin 5 %",
            measure_pointing(films, margin=MARGIN),
        ),
    )
    return tuple(name_metric(name, metric) for name, metric in told)
