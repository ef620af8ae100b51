"""Where a network's evidence stands out on films that were read, beside what readers boxed."""

from collections.abc import Sequence

from osteon.evaluation.predictions import Predictions
from osteon.inference.evidence import Place, find_marks, find_peak, scale_evidence
from osteon.inference.findings import show_places
from osteon.release import Calibrator, LocalisationSettings, Preparation
from osteon.release.decisions import Called
from osteon.statistics.detection import MarkedFilm
from osteon.terms import Floats


def mark_places(
    films: Predictions, calibrator: Calibrator, *, how: Preparation, settings: LocalisationSettings
) -> tuple[MarkedFilm, ...]:
    """Return each film's places with their scores and its highest point, beside its boxes.

    Args:
        films: With evidence.
        calibrator: The release's.
        how: The preparation.
        settings: The release's.

    Returns:
        One per film, in order. A mark's score is the finding's probability; where the release has
        no rule for it, the film's probability times the peak.
    """
    probabilities = calibrator.calibrate(films.logits).tolist()
    return tuple(
        MarkedFilm(
            marks=tuple((place.box, _score(probability, place, settings)) for place in places),
            peak=find_peak(raw, answer.place, how),
            boxes=row.boxes,
            group=group,
            rows=answer.place.source_rows,
            columns=answer.place.source_columns,
        )
        for row, group, answer, raw, places, probability in zip(
            films.rows,
            films.groups,
            films.answers,
            maps_of(films),
            locate(films, how, settings),
            probabilities,
            strict=True,
        )
    )


def locate(
    films: Predictions, how: Preparation, settings: LocalisationSettings
) -> list[tuple[Place, ...]]:
    """Return each film's places, the strongest first.

    Args:
        films: With evidence.
        how: The preparation.
        settings: Scale, threshold and shape.
    """
    return [
        find_marks(scale_evidence(raw, settings), answer.place, how, settings=settings)
        for answer, raw in zip(films.answers, maps_of(films), strict=True)
    ]


def show(
    films: Predictions,
    how: Preparation,
    settings: LocalisationSettings,
    *,
    called: Sequence[Called],
) -> list[tuple[Place, ...]]:
    """Return the places that a reading of each film shows, the strongest first.

    Args:
        films: With evidence.
        how: The preparation.
        settings: The release's.
        called: What each film is called.
    """
    return [
        show_places(scale_evidence(raw, settings), answer.place, how, settings=settings, called=one)
        for answer, raw, one in zip(films.answers, maps_of(films), called, strict=True)
    ]


def maps_of(films: Predictions) -> list[Floats]:
    """Return each film's evidence, in the network's units.

    Args:
        films: With evidence.
    """
    maps = [answer.evidence for answer in films.answers if answer.evidence is not None]
    assert len(maps) == len(films.answers)  # they were asked for
    return maps


def _score(film: float, place: Place, settings: LocalisationSettings) -> float:
    has_rule = settings.finding is not None
    return settings.rate(film, place.peak) if has_rule else film * place.peak
