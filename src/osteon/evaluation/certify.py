"""A network and labelled films become a card: calibrated on tune, certified on test.

Tune chooses the calibrator, the scale of the evidence and where a finding begins. Test proves the
two promises and is measured; it chooses nothing else.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from osteon.evaluation.calibration import fit_calibrator
from osteon.evaluation.certification import certify_nothing, certify_points
from osteon.evaluation.decisions import DecisionMetrics, measure_decisions
from osteon.evaluation.predictions import Predictions
from osteon.release import Calibrator, Measure, OperatingPoints
from osteon.release.card import ECE, Independence
from osteon.settings import Settings
from osteon.statistics.calibration_error import Measured, Reliability, measure_calibration
from osteon.statistics.intervals import Interval
from osteon.statistics.metrics import measure
from osteon.statistics.proportions import Metric


class PerformanceGoals(Settings):
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


def films_may_certify(known: Independence, *, unaudited: bool) -> bool:
    """Return whether films may prove a promise: whether those of different groups are independent.

    Args:
        known: Of the films that were learnt from, calibrate and certify, together.
        unaudited: Whether the person certifies although copies were never looked for; the release
            says so for good. Groups that stand in several splits are excused by nothing.
    """
    return not known.n_leaks and (known.copies_looked_for or unaudited)


def calibrate_and_certify(
    tune: Predictions, test: Predictions, promises: PerformanceGoals, *, may_certify: bool
) -> Certificate:
    """Fit the calibrator on tune, prove the promises on test, and measure there.

    Args:
        tune: Films that chose the epoch, or labelled films of a hospital.
        test: Films that chose nothing.
        promises: What is to be proven.
        may_certify: Whether a film of each group is one case, as `films_may_certify` tells; if not,
            no promise has a threshold.

    Raises:
        InvertedAnswers: If the tune films say that a high logit means no fracture.
    """
    calibrator = fit_calibrator(tune.logits, tune.references, tune.groups, fitted_on=tune.split)
    asked = {**promises.model_dump(), "certified_on": test.split}
    points = (
        certify_points(calibrator.calibrate(test.logits), test.references, test.groups, **asked)
        if may_certify
        else certify_nothing(**asked)
    )
    metrics, reliability = measure_release(test, calibrator, points)
    return Certificate(
        calibrator=calibrator, points=points, metrics=metrics, reliability=reliability
    )


def measure_release(
    films: Predictions, calibrator: Calibrator, points: OperatingPoints
) -> tuple[tuple[Measure, ...], Reliability]:
    """Measure a release on films.

    Args:
        films: Whose reference is known.
        calibrator: The release's.
        points: The release's.

    Returns:
        The numbers that stand in the card, and how far the probabilities can be believed.
    """
    decided = decide(films, calibrator, points)
    reliability = measure_calibration(
        calibrator.calibrate(films.logits), films.references, films.groups
    )
    numbers = [name_metric("auroc", decided.auroc)]
    numbers += [
        name_measured(name, measured, decided.n_films)
        for name, measured in (
            ("brier", reliability.brier),
            ("ece", reliability.ece),
            (ECE, reliability.ece_corrected),
        )
    ]
    low, high = decided.cuts
    told: list[Metric] = []
    if low is not None:
        told += [decided.not_cleared, decided.normal[-1]]
    if high is not None:
        told += [decided.not_accused, decided.fractured[0]]
    numbers += [name_metric(one.name, one) for one in (*told, decided.called[1])]
    return tuple(numbers), reliability


def decide(films: Predictions, calibrator: Calibrator, points: OperatingPoints) -> DecisionMetrics:
    """Measure what a release calls films; the same numbers stand in its card.

    Args:
        films: Whose reference is known.
        calibrator: The release's.
        points: The release's.
    """
    has_fracture = {row.path: row.has_fracture for row in films.manifest.rows}
    lost = [has_fracture[film.path] for film in films.not_read]
    return measure_decisions(
        calibrator.calibrate(films.logits),
        films.references,
        films.groups,
        points=points,
        n_not_read=(sum(lost), len(lost) - sum(lost)),
    )


def share_of(hits: list[tuple[bool, str]]) -> Metric:
    """Return a share of things by group: as a sensitivity, of films that all count."""
    values = np.array([hit for hit, _ in hits], dtype=np.float64)
    everyone = np.ones(len(hits), dtype=bool)
    return measure(values, everyone, [group for _, group in hits], threshold=0.5).sensitivity


def name_metric(name: str, metric: Metric) -> Measure:
    """Return a metric as a card has it, under another name."""
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


def name_measured(name: str, measured: Measured, n: int) -> Measure:
    """Return a number with its interval as a card has it, counted on `n`."""
    interval: Interval | None = measured.interval
    return Measure(
        name=name,
        value=measured.value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        n=n,
        method=interval.method if interval else "",
    )
