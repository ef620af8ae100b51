"""What a benchmark knows of one model: measured once, kept as JSON, and compared film by film."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from osteon.release import CertifiedThreshold, Measure, Preparation
from osteon.release.card import Independence
from osteon.release.decisions import Called

ROW_SCHEMA: Final = 1
"""Of a row's JSON. Rows of another version are measured again."""

_Finite = Annotated[float, Field(allow_inf_nan=False)]


class Record(BaseModel):
    """A frozen record that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Mark(Record):
    """A place that a model marked, at any strength.

    Attributes:
        box: (x0, y0, x1, y1) in source pixels.
        score: The higher, the surer.
    """

    box: tuple[_Finite, _Finite, _Finite, _Finite]
    score: _Finite


class FilmRecord(Record):
    """What a model said of one test film.

    Attributes:
        path: Of the film, relative to the collection.
        group: Films that belong together.
        has_fracture: The reference.
        logit: As the network gave it.
        probability: Calibrated.
        called: The decision.
        marks: Its places; None where no evidence was asked for.
        peak: (x, y) of the highest evidence, in source pixels; None where nothing stands out, or
            no evidence was asked for.
        deletion: How much smaller the area under the curve of the probability is as its evidence is
            covered than in random order; None where that was not tried.
    """

    path: str
    group: str
    has_fracture: bool
    logit: _Finite
    probability: float = Field(gt=0, lt=1)
    called: Called
    marks: tuple[Mark, ...] | None = None
    peak: tuple[_Finite, _Finite] | None = None
    deletion: _Finite | None = None


class Speed(Record):
    """How long one film takes, from its file to its reading.

    Attributes:
        median_ms: Of `n_films` films, one after the other.
        n_films: How many were timed.
        machine: The processor.
        threads: Cores that it may use.
        load: Busy processes on the machine, this one among them, as a mean over the minute before;
            beyond the threads, the time is that of a busy machine. None where nobody says.
    """

    median_ms: float = Field(gt=0)
    n_films: int = Field(ge=1)
    machine: str
    threads: int = Field(ge=1)
    load: float | None = None


class BenchmarkRow(Record):
    """One model, measured.

    Attributes:
        schema_version: Of this record.
        key: Hash of all that the numbers depend on: model, films, boxes and settings.
        name: In the table.
        kind: "run", exported for this, or "release" as it was given.
        recipe: Of its training.
        preparation: How films become its input.
        epochs: Trained, and which of them was best; None where the file does not say.
        n_bytes: Of the release's file.
        n_parameters: Numbers in the network's file.
        evidence: How its evidence is had.
        points: Both promises.
        independence: Of the films that its promises rest on; None where it was not recorded.
        speed: Of one film.
        measures: Its numbers, by name.
        by_region: Bias-corrected calibration error by region, of those with films enough.
        films: Film by film.
        n_not_read: Test films that it refused.
        notes: What a reader of its numbers must know.
        missing: Why a number is not there, by the name of the measure.
    """

    schema_version: Literal[1] = ROW_SCHEMA
    key: str
    name: str
    kind: Literal["run", "release"]
    recipe: str
    preparation: Preparation
    epochs: tuple[int, int] | None
    n_bytes: int = Field(gt=0)
    n_parameters: int = Field(ge=0)
    evidence: str
    points: tuple[CertifiedThreshold, CertifiedThreshold]
    independence: Independence | None = None
    speed: Speed
    measures: tuple[Measure, ...]
    by_region: tuple[Measure, ...]
    films: tuple[FilmRecord, ...]
    n_not_read: int = Field(ge=0)
    notes: tuple[str, ...]
    missing: Mapping[str, str]

    def find(self, name: str) -> Measure | None:
        """Return one of its numbers, or None.

        Args:
            name: Of the measure.
        """
        return next((one for one in self.measures if one.name == name), None)


class Difference(Record):
    """One model against the reference, on the films that both read.

    Attributes:
        row: The model.
        measure: What differs.
        value: The model's number less the reference's; None where one of them has none.
        low: Lower end of the 95 % interval; None where resampling cannot move it.
        high: Upper end.
        p: That so large a difference would be chance, where the method gives it.
        n_films: Films of both.
        method: How the interval was made.
    """

    row: str
    measure: str
    value: _Finite | None
    low: _Finite | None = None
    high: _Finite | None = None
    p: float | None = Field(default=None, ge=0, le=1)
    n_films: int = Field(ge=0)
    method: str
