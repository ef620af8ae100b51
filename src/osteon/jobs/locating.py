"""Where a release says the fracture is: chosen on tune, measured on test."""

from typing import Final, Literal

import numpy as np

from osteon.evaluation.findings import RatedPlace, fit_findings
from osteon.evaluation.localisation import is_right
from osteon.inference.evidence import find_places, scale_evidence
from osteon.inference.network import Network
from osteon.jobs.certifying import name_metric, share_of
from osteon.jobs.measuring import MeasuredFilms
from osteon.release import Calibrator, EvidenceSettings, Measure, OperatingPoints, Preparation
from osteon.terms import Floats

BRIGHT: Final = 0.95
"""Share of fractured tune films whose brightest evidence stays below 1."""

Method = Literal["in the network", "occlusion"]

THRESHOLDS: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Evidence from which a finding may begin; the best of them on tune is taken."""

WITHOUT_BOXES: Final = 0.5
"""Where a finding begins if no reader boxed the tune films."""


def name_method(network: Network) -> Method:
    """Return how a network's evidence is had."""
    return "in the network" if network.has_evidence else "occlusion"


def fit_evidence(
    tune: MeasuredFilms, calibrator: Calibrator, how: Preparation, *, method: Method
) -> EvidenceSettings:
    """Choose on tune how the network's evidence becomes a picture and places.

    Args:
        tune: With evidence.
        calibrator: Fitted on the same films.
        how: The preparation.
        method: How the evidence was had.

    Returns:
        One scale for all films, such that `BRIGHT` of the fractured ones stay below 1 at their
        brightest; the threshold at which most findings meet a box and most boxes are met (F1);
        and how likely a finding is right. Without boxes, `WITHOUT_BOXES` and no such likelihood.
    """
    peaks = np.array([float(raw.max()) for raw in _maps_of(tune)])
    scale = float(np.quantile(peaks[tune.references], BRIGHT)) or float(peaks.max()) or 1.0
    settings = EvidenceSettings(method=method, scale=scale, threshold=WITHOUT_BOXES)
    if not tune.has_boxes:
        return settings
    tried = {
        threshold: settings.model_copy(update={"threshold": threshold}) for threshold in THRESHOLDS
    }
    found = {threshold: rate_places(tune, calibrator, how, one) for threshold, one in tried.items()}
    n_boxed = sum(bool(row.boxes) for row in tune.rows)
    best = max(THRESHOLDS, key=lambda threshold: _balance(found[threshold], n_boxed))
    places = [place for of_film in found[best] for place in of_film]
    fitted = fit_findings(places, fitted_on=tune.split)
    return tried[best].model_copy(update={"finding": fitted})


def refit_findings(
    tune: MeasuredFilms, calibrator: Calibrator, how: Preparation, settings: EvidenceSettings
) -> EvidenceSettings:
    """Fit anew how likely a finding is right; where findings begin, and their scale, stay.

    Args:
        tune: Boxed films, with evidence.
        calibrator: Fitted on films of the same place.
        how: The preparation.
        settings: The release's.

    Returns:
        The settings as they were where there are too few places to tell.
    """
    found = rate_places(tune, calibrator, how, settings)
    fitted = fit_findings([place for of_film in found for place in of_film], fitted_on=tune.split)
    return settings.model_copy(update={"finding": fitted}) if fitted else settings


def measure_places(
    films: MeasuredFilms,
    calibrator: Calibrator,
    points: OperatingPoints,
    *,
    how: Preparation,
    settings: EvidenceSettings,
) -> tuple[Measure, ...]:
    """Measure whether a release's findings meet the fractures that a reader has boxed.

    Args:
        films: Whose reference is known.
        calibrator: The release's.
        points: The release's; a film called "no fracture" has no findings.
        how: The preparation.
        settings: The release's.

    Returns:
        Two shares; none where nothing is boxed, or no evidence was asked for.
    """
    if not films.has_boxes or any(answer.evidence is None for answer in films.answers):
        return ()
    probabilities = calibrator.calibrate(films.logits).tolist()
    met: list[tuple[bool, str]] = []
    right: list[tuple[bool, str]] = []
    for row, group, places, probability in zip(
        films.rows,
        films.groups,
        rate_places(films, calibrator, how, settings),
        probabilities,
        strict=True,
    ):
        shown = [] if points.decide(probability) == "no fracture" else places
        right += [(place.is_right, group) for place in shown]
        if row.boxes:
            met.append((any(place.is_right for place in shown), group))
    told = (("boxed films with a right finding", met), ("findings that meet a fracture", right))
    return tuple(name_metric(name, share_of(hits)) for name, hits in told if hits)


def rate_places(
    films: MeasuredFilms, calibrator: Calibrator, how: Preparation, settings: EvidenceSettings
) -> list[list[RatedPlace]]:
    """Return each film's places, and which of them meet a fracture.

    Args:
        films: With evidence.
        calibrator: The release's.
        how: The preparation.
        settings: Scale and threshold.
    """
    return [
        [
            RatedPlace(film=probability, peak=place.peak, is_right=is_right(place.box, row.boxes))
            for place in find_places(
                scale_evidence(raw, settings), answer.place, how, threshold=settings.threshold
            )
        ]
        for row, answer, raw, probability in zip(
            films.rows,
            films.answers,
            _maps_of(films),
            calibrator.calibrate(films.logits).tolist(),
            strict=True,
        )
    ]


def _maps_of(films: MeasuredFilms) -> list[Floats]:
    maps = [answer.evidence for answer in films.answers if answer.evidence is not None]
    assert len(maps) == len(films.answers)  # they were asked for
    return maps


def _balance(found: list[list[RatedPlace]], n_boxed: int) -> float:
    """Return F1 of places that are right and boxed films that have one."""
    n_places = sum(len(places) for places in found)
    n_right = sum(place.is_right for places in found for place in places)
    n_met = sum(any(place.is_right for place in places) for places in found)
    if not n_right:
        return 0.0
    ppv, sensitivity = n_right / n_places, n_met / n_boxed
    return 2 * ppv * sensitivity / (ppv + sensitivity)
