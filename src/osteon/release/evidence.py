"""How evidence becomes a picture, places, and their probabilities: a part of a release's card."""

import math
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from osteon.release.calibrator import STEEPEST

PEAK_ENDS: Final = (0.01, 0.99)
"""Evidence below and above these says no more: where a map is cut off at 1, log-odds end."""

OLD_PICTURE: Final = (0.2, 0.9)
"""Where the colour begins and is full, for a release that does not say it."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingCalibrator(_Record):
    """How likely a place that stands out is a fracture, as older releases say it.

    It knows the film only as one of two numbers, and can make a place surer than its film: what it
    says is used through `LocalisationSettings.rate` alone, which does not let it.

    Attributes:
        of_film: Weight of the film's log-odds.
        of_peak: Weight of the logarithm of the place's highest evidence.
        intercept: The rest.
        fitted_on: The films' name, such as "tune".
        n_findings: Places it was fitted on.
        n_right: Those that met a fracture: the centre in a box, or an overlap (IoU) of 0.3.
    """

    of_film: _Finite
    of_peak: _Finite
    intercept: _Finite
    fitted_on: str
    n_findings: int = Field(ge=0)
    n_right: int = Field(ge=0)

    def rate(self, film: float, peak: float) -> float:
        """Return the probability that a place is a fracture, which may exceed the film's.

        Args:
            film: Calibrated probability of its film, in (0, 1).
            peak: The place's highest evidence, in (0, 1].
        """
        log_odds = math.log(film / (1 - film))
        answer = self.of_film * log_odds + self.of_peak * math.log(peak) + self.intercept
        return 1 / (1 + math.exp(-max(-STEEPEST, min(STEEPEST, answer))))


class FindingRule(_Record):
    """How likely a fracture is in a place, given that its film has one: a logistic model.

    Attributes:
        of_peak: Weight of the log-odds of the place's highest evidence; a stronger place is never
            less likely.
        intercept: The rest.
        fitted_on: The films' name, such as "tune".
        n_films: Films with a boxed fracture whose places it was fitted on.
        n_findings: Those places.
        n_right: Those that met a fracture: the centre in a box, or an overlap (IoU) of 0.3.
    """

    of_peak: float = Field(ge=0, allow_inf_nan=False)
    intercept: _Finite
    fitted_on: str
    n_films: int = Field(ge=0)
    n_findings: int = Field(ge=0)
    n_right: int = Field(ge=0)

    def rate(self, film: float, peak: float) -> float:
        """Return P(film has a fracture) · P(fracture in this place | film has one).

        Args:
            film: Calibrated probability of its film, in (0, 1).
            peak: The place's highest evidence, in (0, 1].
        """
        answer = self.of_peak * log_odds_of_peak(peak) + self.intercept
        return film / (1 + math.exp(-max(-STEEPEST, min(STEEPEST, answer))))


def log_odds_of_peak(peak: float) -> float:
    """Return the log-odds of a place's highest evidence, held within `PEAK_ENDS`.

    Args:
        peak: In [0, 1].
    """
    lowest, highest = PEAK_ENDS
    inside = min(max(peak, lowest), highest)
    return math.log(inside / (1 - inside))


class PictureScale(_Record):
    """Between which evidence the map is shown in colour, and when it contradicts a decision.

    Attributes:
        low: Where the colour begins, in (0, 1): half of the films without a fracture stay below it
            everywhere. What stays below it is no place, not even a faint one.
        full: Where the colour is full: nine of ten films with a fracture stay below it.
        contradiction: Nine of ten films with a fracture reach it; a film that does, and is called
            "no fracture", is said to be contradicted by its map.
        normals_reaching: Share of the films without a fracture that reach the same.
        fitted_on: The films' name, such as "tune"; empty for the scale of a release without one.
        n_fractured: How many of them had a fracture.
        n_normal: How many had none.
    """

    low: float = Field(gt=0, lt=1)
    full: float = Field(gt=0, le=1)
    contradiction: float = Field(gt=0, le=1)
    normals_reaching: float = Field(default=0.0, ge=0, le=1)
    fitted_on: str = ""
    n_fractured: int = Field(default=0, ge=0)
    n_normal: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low < self.full:
            raise ValueError("low must lie below full")
        return self


class LocalisationSettings(_Record):
    """How the network's evidence becomes a picture in [0, 1] and places.

    Attributes:
        method: "learnt map" where the network learnt from masks to say, cell by cell, how likely
            a fracture shows there; "in the network" where its graph gives Grad-CAM; "occlusion"
            where the film is covered piece by piece to see what the answer hangs on.
        scale: The network's evidence that counts as 1; one for all films, so that a film without
            a fracture stays dark. A learnt map needs none: it is 1.
        threshold: Evidence that the highest cell of a finding must reach.
        cells: On the long side of the map on which findings are looked for.
        edge: Share of its highest evidence down to which a finding reaches; None: it reaches down
            to the threshold, however high it is.
        grow: By what each side of a finding's box is multiplied, its centre kept: readers draw
            more around a fracture, or less, than what the network needs to see it.
        finding: What makes the finding's probability; None where the collection has no boxes: a
            finding then carries the probability of its film.
        picture: How the map is shown; None in older releases.
    """

    method: Literal["learnt map", "in the network", "occlusion"]
    scale: float = Field(gt=0, allow_inf_nan=False)
    threshold: float = Field(gt=0, lt=1)
    cells: int = Field(default=64, ge=8, le=512)
    edge: float | None = Field(default=None, gt=0, lt=1)
    grow: float = Field(default=1.0, gt=0, le=8)
    finding: FindingRule | FindingCalibrator | None = None
    picture: PictureScale | None = None

    @property
    def shown(self) -> PictureScale:
        """How the map is shown: as fitted, or what fits most releases that do not say it.

        Such a release's map is said to contradict "no fracture" where a finding would begin.
        """
        if self.picture is not None:
            return self.picture
        low, full = OLD_PICTURE
        return PictureScale(low=low, full=full, contradiction=self.threshold)

    def rate(self, film: float, peak: float) -> float:
        """Return the probability of a fracture in a place, never above that of its film.

        A fracture in a box is a fracture in the film: whatever rule a release carries, this is the
        one place where it is applied.

        Args:
            film: Calibrated probability of its film, in (0, 1).
            peak: The place's highest evidence, in (0, 1].
        """
        return film if self.finding is None else min(film, self.finding.rate(film, peak))
