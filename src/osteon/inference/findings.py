"""What of a network's evidence is shown on a film, and where it does not fit the film's decision.

One rule for users and for measuring: what a reading shows is what its release was measured with.
"""

from collections.abc import Iterable
from typing import Final

from osteon.geometry import Letterbox
from osteon.inference.evidence import Place, find_best_place, find_marks, measure_peak
from osteon.release import LocalisationSettings, PictureScale, Preparation
from osteon.release.decisions import Called
from osteon.terms import Finding, Floats, Probability, Reason

BEST_PLACE: Final = Reason(
    code="best-place",
    text="No place is clear enough for a finding; the dashed box marks the one that speaks most "
    "for a fracture.",
)

NO_PLACE: Final = Reason(
    code="no-place",
    text="No place on the film stands out: the map does not show where the fracture is.",
)


def show_places(
    evidence: Floats,
    place: Letterbox,
    how: Preparation,
    *,
    settings: LocalisationSettings,
    called: Called,
) -> tuple[Place, ...]:
    """Return the places that are shown on a film, the strongest first.

    Args:
        evidence: In [0, 1], shape `(map rows, map columns)` over the network's whole input.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.
        settings: The release's.
        called: What the film is called. "no fracture" shows no place; "fracture" shows its best
            place where none reaches the threshold.
    """
    if called == "no fracture":
        return ()
    found = find_marks(evidence, place, how, settings=settings)
    if found or called == "doubt":
        return found
    best = find_best_place(evidence, place, how, settings=settings)
    return () if best is None else (best,)


def rate_findings(
    places: Iterable[Place], film: float, settings: LocalisationSettings
) -> tuple[Finding, ...]:
    """Return places with their probabilities, the likeliest first; none is surer than its film.

    Args:
        places: That are shown.
        film: Calibrated probability of a fracture in their film, in (0, 1).
        settings: The release's.
    """
    rated = [
        Finding(
            box=place.box,
            probability=Probability(settings.rate(film, place.peak)),
            is_best_place=place.is_best_place,
        )
        for place in places
    ]
    return tuple(sorted(rated, key=lambda finding: -finding.probability))


def find_contradictions(
    evidence: Floats,
    place: Letterbox,
    how: Preparation,
    *,
    settings: LocalisationSettings,
    called: Called,
    shown: tuple[Place, ...],
) -> tuple[Reason, ...]:
    """Return where a film's map does not say what its decision says, in words.

    Args:
        evidence: As for `show_places`.
        place: Where the film lies in that input.
        how: The preparation, for the input's size.
        settings: The release's.
        called: What the film is called.
        shown: From `show_places`.
    """
    if called == "fracture":
        if not shown:
            return (NO_PLACE,)
        return (BEST_PLACE,) if shown[0].is_best_place else ()
    if called == "no fracture":
        peak, level = measure_peak(evidence, place, how, settings=settings), settings.shown
        if peak >= level.contradiction:
            return (_say_disagreement(peak, level),)
    return ()


def _say_disagreement(peak: float, shown: PictureScale) -> Reason:
    usual = f"a finding begins at {shown.contradiction:.2f}"
    if shown.fitted_on:
        usual = (
            f"nine of ten films with a fracture reach {shown.contradiction:.2f} "
            f"({100 * shown.normals_reaching:.0f} % of those without one do)"
        )
    return Reason(
        code="map-disagrees",
        text=f"The map disagrees: it reaches {peak:.2f} in the coloured place, and {usual}. Look "
        "there before the film is believed to show no fracture.",
    )
