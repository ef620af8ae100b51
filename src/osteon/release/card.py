"""What a release says about itself: `release.json`, the card that everything is applied from."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from osteon.release.calibrator import Calibrator
from osteon.release.decisions import OperatingPoints
from osteon.release.evidence import EvidenceSettings
from osteon.release.guards import Guards
from osteon.release.preparation import Preparation

SCHEMA_VERSION: Final = 1
"""Of `release.json`. A reader that does not know a version refuses the release."""

NOT_A_DEVICE: Final = "Research use only. Not a medical device: it must not decide about a patient."

SCOPE: Final = (
    "Single radiographs of the limbs, the hip and the shoulder. Not tested on children's growth "
    "plates apart, nor on spine, chest, skull or casts. A film that is not read is no answer."
)

ECE: Final = "ece, bias-corrected"
"""Name of the calibration error of which chance was taken off."""

_OLD_ECE: Final = "ece, chance taken off"
"""What older releases and reports call it."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Unit = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measure(_Record):
    """One number of a test, with what it was counted on.

    Attributes:
        name: Such as "sensitivity".
        value: None where there was nothing to divide by.
        low: Lower end of its 95 % interval; None where there is none.
        high: Upper end.
        hits: Numerator, for a share.
        n: Denominator; films, for what is no share.
        method: How the interval was made.
    """

    name: str
    value: _Finite | None
    low: _Finite | None = None
    high: _Finite | None = None
    hits: int | None = None
    n: int
    method: str = ""

    @model_validator(mode="before")
    @classmethod
    def _take_over(cls, told: Any) -> Any:
        """Read an older measure as it is written today: its name, and no error below zero."""
        if not isinstance(told, dict) or told.get("name") != _OLD_ECE:
            return told
        ends = ("value", "low", "high")
        clipped = {name: max(told[name], 0.0) for name in ends if told.get(name) is not None}
        return told | clipped | {"name": ECE}


class Films(_Record):
    """Films that something was fitted or measured on.

    Attributes:
        split: "train", "tune", "test" or "all".
        collection: Its name, or names.
        manifest_sha256: Of what was learnt from: paths, content, labels and splits.
        n_films: How many.
        n_fractured: How many of them show a fracture.
        n_groups: Copies and patients together.
        n_not_read: Films that were refused by a guard or did not decode; not among `n_films`.
    """

    split: str
    collection: str
    manifest_sha256: str
    n_films: int = Field(ge=0)
    n_fractured: int = Field(ge=0)
    n_groups: int = Field(ge=0)
    n_not_read: int = Field(default=0, ge=0)


class Latency(_Record):
    """How fast a network answered, on the machine that exported it.

    Attributes:
        one_film_ms: Median of one film's forward pass.
        machine: The processor.
        threads: That it used.
    """

    one_film_ms: float = Field(gt=0)
    machine: str
    threads: int = Field(ge=1)


class Precision(_Record):
    """What a smaller network cost: it is accepted or refused by these numbers.

    Attributes:
        name: "fp32", "fp16" or "int8".
        n_bytes: Size of the network.
        latency: How fast it answered; None for fp32, whose file must not depend on the hour.
        full_bytes: Size of the fp32 network it was made from; None where it is that.
        full_latency: How fast that answered.
        auroc_lost: How much AUROC fell on the test films; None for fp32.
    """

    name: Literal["fp32", "fp16", "int8"] = "fp32"
    n_bytes: int = Field(gt=0)
    latency: Latency | None = None
    full_bytes: int | None = None
    full_latency: Latency | None = None
    auroc_lost: _Finite | None = None


class Site(_Record):
    """What a release was before a hospital calibrated it anew with its own films.

    Attributes:
        calibrator: As released.
        operating_points: As released.
        tested_on: What those were certified on.
        metrics: As released.
    """

    calibrator: Calibrator
    operating_points: OperatingPoints
    tested_on: Films
    metrics: tuple[Measure, ...]


class ReleaseCard(_Record):
    """Everything that a release is applied with, and everything that is known about it.

    Attributes:
        schema_version: Of this record.
        name: Of the release.
        version: Of the release.
        positive_class: What a high logit means, by name; anything else is refused.
        preparation: How a film becomes the network's input.
        calibrator: How a logit becomes a probability.
        operating_points: How a probability becomes a decision, and what is promised of it.
        evidence: How evidence becomes places.
        guards: When no answer is given.
        scope: What it is for.
        notice: What it is not.
        recipe: Of the training; "adopted" for a network from elsewhere.
        trained_on: The films it learnt from.
        tuned_on: The films that chose its epoch, and fitted calibrator and evidence.
        tested_on: The films that certified it; they chose nothing else.
        metrics: On the test films, films of `tested_on`.
        notes: What a reader of the numbers must know: phantoms, leaks.
        precision: Of the network's numbers.
        trained_on_phantoms: Whether its films were drawn; then it says nothing about patients.
        site: What it was before a hospital calibrated it; None for most.
        software: Versions that it was made with.
        licence: Of the weights.
        attribution: Whom to name.
        members: SHA-256 of each other member of the file, in hex, by name.
        signature: The place for a signature, which no version writes yet.
    """

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=80)
    version: str
    positive_class: Literal["fracture"]
    preparation: Preparation
    calibrator: Calibrator
    operating_points: OperatingPoints
    evidence: EvidenceSettings
    guards: Guards
    scope: str = SCOPE
    notice: str = NOT_A_DEVICE
    recipe: str
    trained_on: Films | None
    tuned_on: Films
    tested_on: Films
    metrics: tuple[Measure, ...]
    notes: tuple[str, ...] = ()
    precision: Precision
    trained_on_phantoms: bool
    site: Site | None = None
    software: dict[str, str]
    licence: str
    attribution: str
    members: dict[str, str]
    signature: None = None
