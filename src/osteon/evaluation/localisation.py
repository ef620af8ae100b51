"""Where a release says the fracture is: chosen on tune, measured on test."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from osteon.evaluation.certify import name_measured, name_metric, share_of
from osteon.evaluation.finding_calibration import RatedMark, fit_findings, fit_share
from osteon.evaluation.marks import locate, maps_of, mark_places, show
from osteon.evaluation.predictions import Predictions
from osteon.inference.evidence import Place, measure_peak, scale_evidence
from osteon.inference.network import Network
from osteon.release import (
    Calibrator,
    LocalisationSettings,
    Measure,
    OperatingPoints,
    PictureScale,
    Preparation,
)
from osteon.statistics.calibration_error import measure_calibration
from osteon.statistics.detection import weigh_average_precision
from osteon.statistics.overlap import is_right

DARK: Final = 0.5
"""Share of tune films without a fracture that show no colour at all."""

REACHED: Final = 0.9
"""Share of fractured tune films that stay below full colour, and that reach what contradicts a
film called "no fracture"."""

NARROWEST: Final = 0.1
"""Evidence that the colours span at least."""

BRIGHT: Final = 0.95
"""Share of fractured tune films whose brightest evidence stays below 1."""

ECE_OF_BOXES: Final = "ece of boxes, bias-corrected"

Method = Literal["learnt map", "in the network", "occlusion"]

THRESHOLDS: Final = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7)
"""Evidence from which a finding may begin; the best of them on tune is taken."""

WITHOUT_BOXES: Final = 0.5
"""Where a finding begins if no reader boxed the tune films."""

CELLS: Final = 160
"""On the long side of a film, for a learnt map: 3 pixels of most films of FracAtlas, whose median
box is 26 pixels wide. More cells cost time and find no more."""

FLOOR: Final = 0.05
"""Evidence below which a learnt map's peak is no place at all, not even a faint one."""

PEAKS: Final = tuple(step / 100 for step in range(5, 75, 5))
"""What the peak of a finding may have to reach, on a learnt map."""

EDGES: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Share of its peak down to which a finding may reach."""

GROWTHS: Final = (0.8, 1.0, 1.25, 1.6, 2.0)
"""By what the sides of its box may be multiplied."""

OVERLAPS: Final = (0.3, 0.4, 0.5, 0.6)
"""At which average precision is asked of a shape of boxes; their mean moves more smoothly than
one of them alone, where a box more or less over the limit would decide."""


def name_method(network: Network) -> Method:
    """Return how a network's evidence is had."""
    if not network.has_evidence:
        return "occlusion"
    return "learnt map" if network.card.evidence == "map" else "in the network"


def fit_evidence(
    tune: Predictions, calibrator: Calibrator, how: Preparation, *, method: Method
) -> LocalisationSettings:
    """Choose on tune how the network's evidence becomes a picture and places.

    Args:
        tune: With evidence.
        calibrator: Fitted on the same films.
        how: The preparation.
        method: How the evidence was had.

    Returns:
        One scale for all films, such that `BRIGHT` of the fractured ones stay below 1 at their
        brightest, or 1 for a learnt map; for that, the shape of boxes that gives the best average
        precision; the threshold at which most findings meet a box and most boxes are met (F1);
        between which evidence the map is shown in colour; and how likely a fracture is in a place
        of a film that has one. Without boxes, `WITHOUT_BOXES` and no such likelihood.
    """
    if method == "learnt map":
        chosen = _fit_map(tune, calibrator, how)
    else:
        chosen = _fit_scale(tune, how, method)
    return refit_evidence(tune, how, chosen)


def _fit_scale(tune: Predictions, how: Preparation, method: Method) -> LocalisationSettings:
    """Choose the evidence that counts as 1, and where a finding begins."""
    peaks = np.array([float(raw.max()) for raw in maps_of(tune)])
    scale = float(np.quantile(peaks[tune.references], BRIGHT)) or float(peaks.max()) or 1.0
    settings = LocalisationSettings(method=method, scale=scale, threshold=WITHOUT_BOXES)
    if not tune.has_boxes:
        return settings
    tried = {
        threshold: settings.model_copy(update={"threshold": threshold}) for threshold in THRESHOLDS
    }
    found = {threshold: rate_places(tune, how, one) for threshold, one in tried.items()}
    return _choose(tried, found, tune)


def _fit_map(tune: Predictions, calibrator: Calibrator, how: Preparation) -> LocalisationSettings:
    """Choose the shape of boxes first, and then which of them are shown.

    The two questions are apart. Which outline fits what readers drew is asked of average precision,
    which looks at all places, and of fractured films alone, as the literature does. Which places
    are worth a reader's eye is asked of F1, of all films: too low a threshold and most findings are
    wrong, too high and fractures go without one. A place's outline does not hang on the threshold.
    """
    settings = LocalisationSettings(
        method="learnt map", scale=1.0, threshold=WITHOUT_BOXES, cells=CELLS, edge=WITHOUT_BOXES
    )
    if not tune.has_boxes:
        return settings
    faint = settings.model_copy(update={"threshold": FLOOR})
    shapes = [
        faint.model_copy(update={"edge": edge, "grow": grow}) for edge in EDGES for grow in GROWTHS
    ]
    boxed = tune.choose([bool(row.boxes) for row in tune.rows])
    shape = max(shapes, key=lambda one: _rate_shape(boxed, calibrator, how, one))
    places = rate_places(tune, how, shape)
    tried = {peak: shape.model_copy(update={"threshold": peak}) for peak in PEAKS}
    found = {
        peak: [[place for place in of_film if place.peak >= peak] for of_film in places]
        for peak in PEAKS
    }
    return _choose(tried, found, tune)


def _rate_shape(
    boxed: Predictions, calibrator: Calibrator, how: Preparation, settings: LocalisationSettings
) -> float:
    films = mark_places(boxed, calibrator, how=how, settings=settings)
    rated = [weigh_average_precision(films, at_iou=overlap).value for overlap in OVERLAPS]
    return float(np.mean([value for value in rated if value is not None]))


def _choose(
    tried: dict[float, LocalisationSettings],
    found: dict[float, list[list[RatedMark]]],
    tune: Predictions,
) -> LocalisationSettings:
    """Return the settings with the best F1."""
    n_boxed = sum(bool(row.boxes) for row in tune.rows)
    best = max(tried, key=lambda threshold: _balance(found[threshold], n_boxed))
    return tried[best]


def refit_evidence(
    tune: Predictions, how: Preparation, settings: LocalisationSettings
) -> LocalisationSettings:
    """Fit how the map is shown and how likely a finding is right; what a finding is stays.

    Args:
        tune: Films, with evidence.
        how: The preparation.
        settings: The release's.

    Returns:
        The settings with both; the rule for findings as it was where too few places were boxed.
    """
    settings = settings.model_copy(update={"picture": fit_picture(tune, how, settings)})
    boxed = tune.choose([row.has_fracture and bool(row.boxes) for row in tune.rows])
    if not boxed.rows:
        return settings
    # On a film that has a fracture, what would be shown were it called so.
    shown = _judge(boxed, show(boxed, how, settings, called=["fracture"] * len(boxed.rows)))
    fitted = fit_findings(shown, fitted_on=tune.split)
    if fitted is None and settings.edge is not None:
        # Too few of those that are shown are wrong, or right, to tell them apart: faint ones help.
        faint = settings.model_copy(update={"threshold": min(FLOOR, settings.threshold)})
        fitted = fit_findings(_judge(boxed, locate(boxed, how, faint)), fitted_on=tune.split)
    fitted = fitted or fit_share(shown, fitted_on=tune.split)
    return settings.model_copy(update={"finding": fitted}) if fitted else settings


def fit_picture(
    tune: Predictions, how: Preparation, settings: LocalisationSettings
) -> PictureScale:
    """Fit between which evidence a map is shown in colour, so that all of the colours are used.

    Args:
        tune: Films of both classes, with evidence.
        how: The preparation.
        settings: The release's: its scale and threshold.

    Returns:
        The scale: see `PictureScale`. It begins where a finding does at the latest.
    """
    peaks = np.array(
        [
            measure_peak(scale_evidence(raw, settings), answer.place, how, settings=settings)
            for answer, raw in zip(tune.answers, maps_of(tune), strict=True)
        ]
    )
    fractured, normal = peaks[tune.references], peaks[~tune.references]
    low = float(np.clip(np.quantile(normal, DARK), 0.01, settings.threshold))
    reached, full = (float(np.quantile(fractured, share)) for share in (1 - REACHED, REACHED))
    contradiction = max(reached, low)
    return PictureScale(
        low=low,
        full=min(max(full, low + NARROWEST), 1.0),
        contradiction=contradiction,
        normals_reaching=float((normal >= contradiction).mean()),
        fitted_on=tune.split,
        n_fractured=fractured.size,
        n_normal=normal.size,
    )


def measure_places(
    films: Predictions,
    calibrator: Calibrator,
    points: OperatingPoints,
    *,
    how: Preparation,
    settings: LocalisationSettings,
) -> tuple[Measure, ...]:
    """Measure whether what a release shows meets the fractures that a reader has boxed.

    Args:
        films: Whose reference is known.
        calibrator: The release's.
        points: The release's; a film called "no fracture" has no findings, and one called
            "fracture" shows its best place where it has none.
        how: The preparation.
        settings: The release's.

    Returns:
        Shares of boxed films and of findings, of best places as well where any was shown, and how
        far the probabilities of all that was shown are from what it met; none where nothing is
        boxed, or no evidence was asked for.
    """
    if not films.has_boxes or any(answer.evidence is None for answer in films.answers):
        return ()
    probabilities = calibrator.calibrate(films.logits).tolist()
    called = [points.decide(probability) for probability in probabilities]
    shown = show(films, how, settings, called=called)
    met: list[tuple[bool, str]] = []
    boxes: list[_Shown] = []
    for row, group, places, film in zip(
        films.rows, films.groups, shown, probabilities, strict=True
    ):
        of_film = [
            _Shown(
                probability=settings.rate(film, place.peak),
                is_right=is_right(place.box, row.boxes),
                is_best_place=place.is_best_place,
                group=group,
            )
            for place in places
        ]
        boxes += of_film
        if row.boxes:
            met.append((any(one.is_right and not one.is_best_place for one in of_film), group))
    findings, best = (
        [(one.is_right, one.group) for one in boxes if one.is_best_place is is_best]
        for is_best in (False, True)
    )
    told = (
        ("boxed films with a right finding", met),
        ("findings that meet a fracture", findings),
        ("best places that meet a fracture", best),
    )
    shares = tuple(name_metric(name, share_of(counted)) for name, counted in told if counted)
    if not boxes:
        return shares
    off = measure_calibration(
        [one.probability for one in boxes],
        [one.is_right for one in boxes],
        [one.group for one in boxes],
    ).ece_corrected
    return (*shares, name_measured(ECE_OF_BOXES, off, len(boxes)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    """A box that a reading shows, and what it met."""

    probability: float
    is_right: bool
    is_best_place: bool
    group: str


def rate_places(
    films: Predictions, how: Preparation, settings: LocalisationSettings
) -> list[list[RatedMark]]:
    """Return each film's places, and which of them meet a fracture.

    Args:
        films: With evidence.
        how: The preparation.
        settings: Scale and threshold.
    """
    return _judge(films, locate(films, how, settings))


def _judge(films: Predictions, places: Sequence[Sequence[Place]]) -> list[list[RatedMark]]:
    """Return each film's places with whether they meet a fracture."""
    return [
        [RatedMark(peak=place.peak, is_right=is_right(place.box, row.boxes)) for place in of_film]
        for row, of_film in zip(films.rows, places, strict=True)
    ]


def _balance(found: list[list[RatedMark]], n_boxed: int) -> float:
    """Return F1 of places that are right and boxed films that have one."""
    n_places = sum(len(places) for places in found)
    n_right = sum(place.is_right for places in found for place in places)
    n_met = sum(any(place.is_right for place in places) for places in found)
    if not n_right:
        return 0.0
    ppv, sensitivity = n_right / n_places, n_met / n_boxed
    return 2 * ppv * sensitivity / (ppv + sensitivity)
