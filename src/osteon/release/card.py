"""What a release says about itself: `release.json`, the card that everything is applied from."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from osteon.release.calibrator import Calibrator
from osteon.release.decisions import OperatingPoints
from osteon.release.evidence import LocalisationSettings
from osteon.release.guards import Guards
from osteon.release.preparation import Preparation

SCHEMA_VERSION: Final = 1
"""Of `release.json`. A reader that does not know a version refuses the release."""

NOT_A_DEVICE: Final = "Research use only. Not a medical device: it must not decide about a patient."

NOT_STATED: Final = "not stated"
"""Stands where the maker of a release left a field empty."""

NOT_RECORDED: Final = "not recorded"
"""Stands where a manifest says nothing of a film."""

ECE: Final = "ece, bias-corrected"
"""Name of the calibration error of which chance was taken off."""

_OLD_ECE: Final = "ece, chance taken off"
"""What older releases and reports call it."""

_OLD_LICENCE: Final = "Apache-2.0, as far as the films allow"
_LICENCE: Final = "Apache-2.0; the licence of the films applies too"
"""What older releases say of their weights, and how it is said today."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Unit = Annotated[float, Field(ge=0, le=1)]

UNKNOWN_FILMS: Final = (
    "The films that this network learnt from are unknown. If any of the films here, or copies of "
    "them, are among those, every number here flatters it; nothing in the file can tell."
)


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


class Independence(_Record):
    """What is known of whether films are cases of their own: copies and patients.

    Attributes:
        copies_looked_for: Whether one audit searched all of the films together for copies. Only
            then is a film of each group one case.
        audit: Day, version and hash of that audit; empty where there is none.
        n_films: Films that count together: those of train, tune and test, or as many as were used.
        n_not_audited: Those that no audit saw, or another audit than most of them.
        n_audits: Different audits that saw some of them.
        n_without_patient: Those that do not say which patient they show.
        n_leaks: Groups of copies or patients that are known to stand in several splits.
    """

    copies_looked_for: bool
    audit: str = ""
    n_films: int = Field(ge=0)
    n_not_audited: int = Field(ge=0)
    n_audits: int = Field(ge=0)
    n_without_patient: int = Field(ge=0)
    n_leaks: int = Field(default=0, ge=0)


class LearntCount(_Record):
    """How many films that were to measure a release it had learnt from, as far as it knows them.

    Attributes:
        is_known: Whether the release says which films its network learnt from.
        n_films: Films that were compared with those.
        n_learnt: Those that the network learnt from, that chose its epoch or that it was calibrated
            on; copies that are known again are among them.
        n_related: Others that share a group with such a film.
        are_left_out: Whether both were left out; if not, they are among the numbers.
    """

    is_known: bool
    n_films: int = Field(default=0, ge=0)
    n_learnt: int = Field(default=0, ge=0)
    n_related: int = Field(default=0, ge=0)
    are_left_out: bool = True


class Statement(_Record):
    """What the maker of a release says of it: Osteon cannot know. What is empty is shown so.

    Attributes:
        intended_use: What it is for, and for whom.
        population: Whose films it was made of: hospitals, years, ages, machines.
        labels: Who said which films show a fracture, and from what.
        not_for: What it must not be used for.
        not_tested_on: Films of kinds that were not tested.
        contact: Whom to ask.
    """

    intended_use: str = ""
    population: str = ""
    labels: str = ""
    not_for: tuple[str, ...] = ()
    not_tested_on: tuple[str, ...] = ()
    contact: str = ""


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
        kinds: What the manifest says of them: how many films of each region, view, hardware, age
            and sex; those of which it says nothing are counted as "not recorded". None in a release
            of an Osteon that did not count them.
    """

    split: str
    collection: str
    manifest_sha256: str
    n_films: int = Field(ge=0)
    n_fractured: int = Field(ge=0)
    n_groups: int = Field(ge=0)
    n_not_read: int = Field(default=0, ge=0)
    kinds: dict[str, dict[str, int]] | None = None


class ListedFilms(_Record):
    """The list of the films that a release was made of, by which it knows them again.

    Attributes:
        train: Films of it that the network learnt from.
        tune: Films that chose its epoch, or that an adopted network was calibrated on.
        test: Films that certified it.
        n_without_look: Those that are known by their file alone, or by their pixels: they were not
            at hand, or show next to nothing.
        look: Name of the perceptual hash by which copies are known.
        max_distance: Bits in which the hashes of two copies differ at most.
    """

    train: int = Field(ge=0)
    tune: int = Field(ge=0)
    test: int = Field(ge=0)
    n_without_look: int = Field(default=0, ge=0)
    look: Literal["dct-sign-256"]
    max_distance: int = Field(ge=0, le=256)


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
        release: Its name and version; empty where an older Osteon did not record it.
        scope: What it was said to be for by an Osteon that had no statement.
        statement: What its maker said of it.
        independence: Of the films that it was made of.
    """

    calibrator: Calibrator
    operating_points: OperatingPoints
    tested_on: Films
    metrics: tuple[Measure, ...]
    release: str = ""
    scope: str = ""
    statement: Statement | None = None
    independence: Independence | None = None


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
        scope: What an older Osteon said that every release is for; empty since there is a
            statement.
        statement: What its maker says of it; None in a release of an older Osteon.
        independence: Of the films it was made of, or, calibrated for a site, of the site's: with
            `copies_looked_for` false and a threshold, it was certified with `--unaudited`. None in
            a release of an Osteon that did not record it.
        notice: What it is not.
        recipe: Of the training; "adopted" for a network from elsewhere.
        trained_on: The films it learnt from.
        tuned_on: The films that chose its epoch, and fitted calibrator and evidence.
        tested_on: The films that certified it; they chose nothing else.
        films: The list by which those films are known again; None where it was left out, and in a
            release of an older Osteon.
        learnt: Of the films that were to calibrate and certify it here, those that its network had
            learnt from; None where they are those of its own training's splits, and in a release of
            an older Osteon.
        metrics: On the test films, films of `tested_on`.
        notes: What a reader of the numbers must know: phantoms, leaks.
        precision: Of the network's numbers.
        trained_on_phantoms: Whether its films were drawn; then it says nothing about patients.
        site: What it was before a hospital calibrated it; None for most.
        software: Versions that it was made with.
        licence: Of the weights; "not stated" where their maker said none.
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
    evidence: LocalisationSettings
    guards: Guards
    scope: str = ""
    statement: Statement | None = None
    independence: Independence | None = None
    notice: str = NOT_A_DEVICE
    recipe: str
    trained_on: Films | None
    tuned_on: Films
    tested_on: Films
    films: ListedFilms | None = None
    learnt: LearntCount | None = None
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

    @field_validator("licence")
    @classmethod
    def _take_over_licence(cls, told: str) -> str:
        """Read the words that an older Osteon wrote of its own accord as it is said today."""
        return _LICENCE if told.rstrip(".") == _OLD_LICENCE else told

    @property
    def is_certified_unaudited(self) -> bool:
        """Whether a promise was certified on films among which copies were never looked for."""
        points = self.operating_points
        is_certified = any(
            point.threshold is not None
            for point in (points.high_sensitivity, points.high_specificity)
        )
        known = self.independence
        return is_certified and known is not None and not known.copies_looked_for
