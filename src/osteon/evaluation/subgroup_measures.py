"""A release's numbers by region, view, hardware and film size: where it is weak, and how surely."""

from collections import defaultdict
from typing import Final

from osteon.evaluation.certify import measure_release
from osteon.evaluation.groups import GroupMeasures
from osteon.evaluation.predictions import Predictions
from osteon.evaluation.subgroups import NOT_STATED, describe_film
from osteon.release import Calibrator, OperatingPoints
from osteon.release.card import ECE

MIN_OF_CLASS: Final = 10
"""An AUROC of fewer films of a class says nothing: nine fractures are wide open."""

MIN_FOR_ECE: Final = 50
"""Of fewer films the calibration error is chance, also when bias-corrected."""

_LEFT_OUT: Final = frozenset({"brier", "ece"})


def measure_groups(
    films: Predictions, calibrator: Calibrator, points: OperatingPoints
) -> tuple[GroupMeasures, tuple[GroupMeasures, ...]]:
    """Measure a release on all films, and on those of each kind, at its own thresholds.

    Args:
        films: Whose reference is known.
        calibrator: The release's.
        points: The release's.

    Returns:
        The whole, and the kinds: those of one covariate together, the largest first. A covariate
        of which no film says anything is left out.
    """
    places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, row in enumerate(films.rows):
        for covariate, values in describe_film(row, 0.0).covariates.items():
            for value in values or (NOT_STATED,):
                places[covariate][value].append(place)
    groups = []
    for covariate, by_value in places.items():
        if set(by_value) == {NOT_STATED}:
            continue
        for value in sorted(by_value, key=lambda name: (-len(by_value[name]), name)):
            here = set(by_value[value])
            some = films.choose([place in here for place in range(len(films.rows))])
            groups.append(_measure(some, calibrator, points, place=(covariate, value)))
    return _measure(films, calibrator, points, place=("all", "all films")), tuple(groups)


def _measure(
    films: Predictions,
    calibrator: Calibrator,
    points: OperatingPoints,
    *,
    place: tuple[str, str],
) -> GroupMeasures:
    n_films, n_fractured = len(films.rows), int(films.references.sum())
    left_out = set(_LEFT_OUT)
    if min(n_fractured, n_films - n_fractured) < MIN_OF_CLASS:
        left_out.add("auroc")
    if n_films < MIN_FOR_ECE:
        left_out.add(ECE)
    measures, _ = measure_release(films, calibrator, points)
    return GroupMeasures(
        covariate=place[0],
        value=place[1],
        n_films=n_films,
        n_fractured=n_fractured,
        n_groups=len(set(films.groups)),
        measures=tuple(
            one for one in measures if one.name not in left_out and one.value is not None
        ),
    )
