"""How a logit becomes a probability; how that is learnt from films stands in `evaluation`."""

from typing import Annotated, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from osteon.errors import MeasurementFault

Method = Literal["temperature", "platt", "isotonic"]

STEEPEST: Final = 30.0
"""A calibrated logit is held within 30 of zero: no films could tell a probability closer to 0 or 1
than 1e-13, and a float could not hold one that is much closer to 1."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Inside = Annotated[float, Field(gt=0, lt=1)]


class Knot(BaseModel):
    """One corner of an isotonic calibration.

    Attributes:
        logit: Where.
        probability: In (0, 1), never 0 or 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    logit: _Finite
    probability: _Inside


class Trial(BaseModel):
    """One method that was tried.

    Attributes:
        method: Its name.
        brier: Mean squared error on films that it was not fitted on, by cross-validation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    brier: float = Field(ge=0, le=1)


class Calibrator(BaseModel):
    """What turns a network's logit into a probability; a higher logit never gives a lower one.

    Attributes:
        method: "temperature" and "platt" give the sigmoid of `slope` × logit + `intercept`, the
            former with no intercept; "isotonic" runs straight between `knots` and level outside.
        slope: Above 0; 1 for "isotonic", which has none.
        intercept: 0 for "temperature" and "isotonic".
        knots: By rising logit, with probabilities that never fall; empty unless "isotonic".
        fitted_on: The films' name, such as "tune".
        n_films: How many films those were.
        n_fractured: How many of them had a fracture.
        trials: The methods among which this one was chosen; empty where nothing was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    slope: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    intercept: _Finite = 0.0
    knots: tuple[Knot, ...] = ()
    fitted_on: str
    n_films: int = Field(ge=0)
    n_fractured: int = Field(ge=0)
    trials: tuple[Trial, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.n_fractured > self.n_films:
            raise ValueError("n_fractured must not exceed n_films")
        if self.method != "platt" and self.intercept != 0:
            raise ValueError(f"{self.method} has no intercept")
        if (self.method == "isotonic") != bool(self.knots):
            raise ValueError("isotonic, and nothing else, has knots")
        if self.method == "isotonic" and self.slope != 1:
            raise ValueError("isotonic has no slope")
        pairs = list(zip(self.knots, self.knots[1:], strict=False))
        if any(a.logit >= b.logit or a.probability > b.probability for a, b in pairs):
            raise ValueError("knots must rise, and their probabilities must not fall")
        return self

    def calibrate(self, logits: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the probability of a fracture for every logit.

        It is never exactly 0 or 1: the sigmoid is taken within `STEEPEST`, and an isotonic fit
        counts one imagined fracture below all films and one imagined normal above them.

        Args:
            logits: Any shape, finite.

        Returns:
            Probabilities, the same shape, in (0, 1), rising wherever the logits do or level.

        Raises:
            MeasurementFault: If a logit is not a finite number.
        """
        answers = np.asarray(logits, dtype=np.float64)
        if not np.isfinite(answers).all():
            raise MeasurementFault("logits", "must be finite numbers to be calibrated")
        if self.method == "isotonic":
            corners = [knot.logit for knot in self.knots]
            heights = [knot.probability for knot in self.knots]
            return np.asarray(np.interp(answers, corners, heights), dtype=np.float64)
        straight = np.clip(self.slope * answers + self.intercept, -STEEPEST, STEEPEST)
        return np.asarray(1.0 / (1.0 + np.exp(-straight)), dtype=np.float64)
