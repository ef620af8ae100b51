"""A network and labelled films become a card: calibrated on tune, certified on test.

Tune chooses the calibrator, the scale of the evidence and where a finding begins. Test proves the
two promises and is measured; it chooses nothing else.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import Field

from osteon.evaluation.calibration import fit_calibrator
from osteon.evaluation.certification import certify_points
from osteon.evaluation.findings import RatedPlace, fit_findings
from osteon.evaluation.intervals import Interval
from osteon.evaluation.localisation import is_right
from osteon.evaluation.metrics import measure
from osteon.evaluation.reliability import Measured, Reliability, measure_calibration
from osteon.evaluation.shares import Metric
from osteon.inference.evidence import find_places, scale_evidence
from osteon.jobs.measuring import MeasuredFilms
from osteon.release import Calibrator, EvidenceSettings, Measure, OperatingPoints, Preparation
from osteon.settings import Settings
from osteon.terms import Floats

BRIGHT: Final = 0.95
"""Share of fractured tune films whose brightest evidence stays below 1."""

Method = Literal["in the network", "occlusion"]

THRESHOLDS: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Evidence from which a finding may begin; the best of them on tune is taken."""

WITHOUT_BOXES: Final = 0.5
"""Where a finding begins if no reader boxed the tune films."""


class Promises(Settings):
    """What is to be promised, and how surely.

    Attributes:
        sensitivity: Share of fractured films not to be called "no fracture".
        specificity: Share of the others not to be called "fracture".
        confidence: Of each promise.
    """

    sensitivity: float = Field(default=0.90, gt=0.5, lt=1)
    specificity: float = Field(default=0.95, gt=0.5, lt=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """What was fitted and proven.

    Attributes:
        calibrator: Fitted on tune.
        points: Proven on test.
        metrics: Measured on test.
        reliability: Of the test films' probabilities, for the figure.
    """

    calibrator: Calibrator
    points: OperatingPoints
    metrics: tuple[Measure, ...]
    reliability: Reliability


def calibrate_and_certify(
    tune: MeasuredFilms, test: MeasuredFilms, promises: Promises
) -> Certificate:
    """Fit the calibrator on tune, prove the promises on test, and measure there.

    Args:
        tune: Films that chose the epoch, or labelled films of a hospital.
        test: Films that chose nothing.
        promises: What is to be proven.

    Raises:
        InvertedAnswers: If the tune films say that a high logit means no fracture.
    """  # noqa: DOC502 — fitting raises it
    calibrator = fit_calibrator(tune.logits, tune.references, tune.groups, fitted_on=tune.split)
    points = certify_points(
        calibrator.calibrate(test.logits),
        test.references,
        test.groups,
        sensitivity=promises.sensitivity,
        specificity=promises.specificity,
        confidence=promises.confidence,
        certified_on=test.split,
    )
    metrics, reliability = measure_release(test, calibrator, points)
    return Certificate(
        calibrator=calibrator, points=points, metrics=metrics, reliability=reliability
    )


def measure_release(
    films: MeasuredFilms, calibrator: Calibrator, points: OperatingPoints
) -> tuple[tuple[Measure, ...], Reliability]:
    """Measure a release on films.

    Args:
        films: Whose reference is known.
        calibrator: The release's.
        points: The release's.

    Returns:
        The numbers that stand in the card, and how far the probabilities can be believed.
    """
    probabilities = calibrator.calibrate(films.logits)
    references, groups = films.references, films.groups
    reliability = measure_calibration(probabilities, references, groups)
    numbers = [_name("auroc", measure(probabilities, references, groups, threshold=0.5).auroc)]
    numbers += [
        _of(name, measured, len(references))
        for name, measured in (
            ("brier", reliability.brier),
            ("ece", reliability.ece),
            ("ece, chance taken off", reliability.ece_corrected),
        )
    ]
    low, high = points.cuts
    if low is not None:
        at_low = measure(probabilities, references, groups, threshold=low)
        numbers.append(_name('fractured, not called "no fracture"', at_low.sensitivity))
        numbers.append(_name('normal, called "no fracture"', at_low.specificity))
    if high is not None:
        at_high = measure(probabilities, references, groups, threshold=high)
        numbers.append(_name('normal, not called "fracture"', at_high.specificity))
        numbers.append(_name('fractured, called "fracture"', at_high.sensitivity))
    decisions = [points.decide(float(probability)) for probability in probabilities]
    doubt = np.array([decision == "doubt" for decision in decisions], dtype=np.float64)
    # A share of films by group: as a sensitivity, of films that all count.
    as_metric = measure(doubt, np.ones(len(doubt), dtype=bool), groups, threshold=0.5)
    numbers.append(_name('called "doubt"', as_metric.sensitivity))
    return tuple(numbers), reliability


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
    maps = [_map_of(answer.evidence) for answer in tune.answers]
    peaks = np.array([float(one.max()) for one in maps])
    brightest = peaks[tune.references]
    scale = float(np.quantile(brightest, BRIGHT)) or float(peaks.max()) or 1.0
    settings = EvidenceSettings(method=method, scale=scale, threshold=WITHOUT_BOXES)
    if not tune.has_boxes:
        return settings
    probabilities = calibrator.calibrate(tune.logits)
    found = {
        threshold: _rate_places(tune, maps, probabilities.tolist(), settings, how, threshold)
        for threshold in THRESHOLDS
    }
    n_boxed = sum(bool(row.boxes) for row in tune.rows)
    best = max(THRESHOLDS, key=lambda threshold: _balance(found[threshold], n_boxed))
    places = [place for of_film in found[best] for place in of_film]
    return settings.model_copy(
        update={"threshold": best, "finding": fit_findings(places, fitted_on=tune.split)}
    )


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
    maps = [_map_of(answer.evidence) for answer in tune.answers]
    probabilities = calibrator.calibrate(tune.logits).tolist()
    found = _rate_places(tune, maps, probabilities, settings, how, settings.threshold)
    fitted = fit_findings([place for of_film in found for place in of_film], fitted_on=tune.split)
    return settings.model_copy(update={"finding": fitted}) if fitted else settings


def _rate_places(
    films: MeasuredFilms,
    maps: list[Floats],
    probabilities: list[float],
    settings: EvidenceSettings,
    how: Preparation,
    threshold: float,
) -> list[list[RatedPlace]]:
    """Return each film's places, and which of them meet a fracture."""
    return [
        [
            RatedPlace(film=probability, peak=place.peak, is_right=is_right(place.box, row.boxes))
            for place in find_places(
                scale_evidence(raw, settings), answer.place, how, threshold=threshold
            )
        ]
        for row, answer, raw, probability in zip(
            films.rows, films.answers, maps, probabilities, strict=True
        )
    ]


def _balance(found: list[list[RatedPlace]], n_boxed: int) -> float:
    """Return F1 of places that are right and boxed films that have one."""
    n_places = sum(len(places) for places in found)
    n_right = sum(place.is_right for places in found for place in places)
    n_met = sum(any(place.is_right for place in places) for places in found)
    if not n_right:
        return 0.0
    ppv, sensitivity = n_right / n_places, n_met / n_boxed
    return 2 * ppv * sensitivity / (ppv + sensitivity)


def _map_of(evidence: Floats | None) -> Floats:
    assert evidence is not None  # it was asked for
    return evidence


def _name(name: str, metric: Metric) -> Measure:
    interval = metric.interval
    is_count = metric.numerator is not None and float(metric.numerator).is_integer()
    return Measure(
        name=name,
        value=metric.value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        hits=int(metric.numerator) if is_count and metric.numerator is not None else None,
        n=metric.denominator,
        method=interval.method if interval else "",
    )


def _of(name: str, measured: Measured, n: int) -> Measure:
    interval: Interval | None = measured.interval
    return Measure(
        name=name,
        value=measured.value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n=n,
        method=interval.method if interval else "",
    )
