"""The words of the house: the records that rooms hand to one another."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from operator import attrgetter
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NewType

import numpy as np
import numpy.typing as npt

from osteon.errors import missing_extras_named
from osteon.geometry import Box, Polygon

Logit = NewType("Logit", float)
Probability = NewType("Probability", float)

Split = Literal["train", "tune", "test"]
SPLITS: tuple[Split, ...] = ("train", "tune", "test")

Sex = Literal["female", "male", "other"]

State = Literal["readable", "truncated", "torn", "unreadable"]

Pixels8 = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

Progress = Callable[[str, int, int], None]
"""Called as `progress(what, done, total)` while long work goes on; `total` 0 means unknown."""


def no_progress(what: str, done: int, total: int) -> None:
    """Say nothing: the default of every `progress` argument."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a film was not read, or what was decided about it before it was.

    Attributes:
        code: Short stable name, for programs, such as "inverted" or "bits-stored".
        text: The same for a person, in one or two sentences.
    """

    code: str
    text: str

    def __str__(self) -> str:
        """Return the sentences."""
        return self.text


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Radiograph:
    """One film, decoded, upright, bright bone.

    Attributes:
        pixels: Grey values, shape `(rows, columns)`, float32 in [0, 1]; 1 is white.
        source: Where it came from, as the person named it.
        notes: What its file contradicts or leaves open, and how that was decided.
        pixel_aspect: Height of a pixel over its width; not 1 where the film was not sampled alike
            both ways, and then a square on the bone is no square of pixels.
    """

    pixels: Floats
    source: str
    notes: tuple[Reason, ...] = ()
    pixel_aspect: float = 1.0

    @property
    def rows(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def columns(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])


Decision = Literal["fracture", "doubt", "no fracture", "not read"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One place on a film that speaks for a fracture.

    Attributes:
        box: Around it, in source pixels.
        probability: That there is a fracture in it, never above that of its film; that of its film,
            where the release was made of films without boxes.
        is_best_place: Whether it is too faint for a finding, and shown only because the film is
            called "fracture" and no other place stands out more.
    """

    box: Box
    probability: Probability
    is_best_place: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """Which DICOM instance a film is, so that its result finds the way back.

    Attributes:
        sop_instance_uid: Of the film.
        series_instance_uid: Of its series.
        study_instance_uid: Of its study.
    """

    sop_instance_uid: str | None
    series_instance_uid: str | None
    study_instance_uid: str | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Reading:
    """What was read in one film.

    Attributes:
        source: The path as it was given; for bytes, arrays and datasets the SOP Instance UID, or
            what they are.
        decision: "fracture", "doubt", "no fracture", or "not read".
        probability: Calibrated, of a fracture in the film; None where it was not read.
        findings: Places that speak for a fracture, likeliest first; empty where there are none,
            and where the decision is "no fracture".
        evidence: Where the network saw a fracture, float32 in [0, 1], shape `(rows, columns)` of
            the film as it is shown upright; None where it was not read.
        reasons: Why it was not read, what was decided before it was, and where map and decision
            do not say the same.
        release: Name and version of the release that read it.
        instance: Of a DICOM film; None for others.
        doubt_from: Probability below which a film is called "no fracture"; 0 where the release
            calls none so, None where the film was not read or the reading does not say.
        fracture_from: Probability from which a film is called "fracture"; None where the release
            calls none so, the film was not read or the reading does not say.
        colours: Evidence at which the colour of a picture begins, and at which it is full; None
            where the film was not read or the reading does not say.
        release_sha256: Of the release's file.
        read_at: When, in UTC, as ISO 8601 writes it.
        film: The film as it was handed in, for `plot`; None where it is not kept.
    """

    source: str
    decision: Decision
    probability: Probability | None
    findings: tuple[Finding, ...]
    evidence: Floats | None
    reasons: tuple[Reason, ...]
    release: str
    instance: Instance | None = None
    doubt_from: Probability | None = None
    fracture_from: Probability | None = None
    colours: tuple[float, float] | None = None
    release_sha256: str | None = None
    read_at: str | None = None
    film: Any = None

    def __repr__(self) -> str:
        """Return what was read in one line, without the map."""
        probability = "" if self.probability is None else f", probability={self.probability:.4f}"
        return (
            f"Reading({self.source!r}, {self.decision!r}{probability}, "
            f"{len(self.findings)} findings, {len(self.reasons)} reasons, {self.release!r})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the reading as plain values that JSON can hold; the map is not among them."""
        names = ("sop_instance_uid", "series_instance_uid", "study_instance_uid")
        return {
            "source": self.source,
            "decision": self.decision,
            "probability": self.probability,
            "findings": [
                {
                    "box": list(found.box),
                    "probability": found.probability,
                    "is_best_place": found.is_best_place,
                }
                for found in self.findings
            ],
            "reasons": [{"code": reason.code, "text": reason.text} for reason in self.reasons],
            "release": self.release,
            "release_sha256": self.release_sha256,
            "read_at": self.read_at,
            "doubt_from": self.doubt_from,
            "fracture_from": self.fracture_from,
            **{name: getattr(self.instance, name, None) for name in names},
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """Return `to_dict` as JSON.

        Args:
            indent: Spaces for each level; None writes one line.
        """
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def plot(self) -> Any:
        """Return the film with its map, boxes and decision, as a `PIL.Image.Image`.

        Raises:
            FilmFault: If the film is not there any more, or cannot be shown.
        """
        return self._paint("plot_reading")

    def save_overlay(self, path: str | PathLike[str]) -> None:
        """Write what `plot` shows as a PNG file.

        Args:
            path: Of the picture.

        Raises:
            FilmFault: If the film is not there any more, or cannot be shown.
            OutputFault: If the picture cannot be written.
        """
        self._paint("save_reading", path)

    def _repr_html_(self) -> str:
        """Return the picture for a notebook."""
        html: str = self._paint("render_html")
        return html

    def _paint(self, name: str, *arguments: Any) -> Any:
        # Pictures are drawn two floors up; a reading only knows where to ask.
        return getattr(import_module("osteon.reports.pictures.reading"), name)(self, *arguments)

    def __setstate__(self, state: Sequence[Any]) -> None:
        """Take over what was pickled, also by a version that knew fewer attributes.

        Args:
            state: The attributes' values, in their order.
        """
        for number, field in enumerate(fields(self)):
            value = state[number] if number < len(state) else field.default
            object.__setattr__(self, field.name, value)


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestRow:
    """One film of a collection. `path` is its key; None or empty: the collection does not say.

    Attributes:
        path: Relative to the collection's root, with forward slashes.
        film_id: First 16 hex digits of the file's SHA-256; identical files share it.
        sha256: Of the file's bytes, 64 hex digits.
        rows: Height of the film in pixels; 0 where the film is unreadable.
        columns: Width of the film in pixels; 0 where the film is unreadable.
        has_fracture: The reference: what the film's folder says, or the table without folders.
        split: Where `osteon split` placed the film, for good; None where it was not placed.
        published_split: The collection's own split (its `val` is our `tune`).
        patient_key: A pseudonym; never a Patient ID.
        group: Films that must stay together: copies of one picture, and one patient's films.
        collection: The collection's name.
        body_region: For example ("hand",); several when a film shows several.
        view: For example ("frontal", "lateral").
        hardware: Whether metal is seen.
        age: In years.
        sex: None also where it is unknown.
        manufacturer: Of the machine that made the film.
        fracture_type: As the collection names it.
        boxes: Fractures, in source pixels.
        polygons: Fractures, in source pixels.
        state: Whether the film decodes whole.
        state_reason: Why not, where `state` is not "readable".
        has_fracture_in_table: What the table says, where there are class folders and a table.
        annotation_rows: Height that the annotation file claims for the film.
        annotation_columns: Width that the annotation file claims for the film.
        pixel_aspect: Height of a pixel over its width; None where they are square.
        audit: The stamp of the audit that searched the film for copies, as `osteon clean` wrote it;
            None where nobody looked for copies of it.
    """

    path: str
    film_id: str
    sha256: str
    rows: int
    columns: int
    has_fracture: bool
    split: Split | None = None
    published_split: Split | None = None
    patient_key: str | None = None
    group: str | None = None
    collection: str = ""
    body_region: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    hardware: bool | None = None
    age: float | None = None
    sex: Sex | None = None
    manufacturer: str | None = None
    fracture_type: str | None = None
    boxes: tuple[Box, ...] = ()
    polygons: tuple[Polygon, ...] = ()
    state: State = "readable"
    state_reason: str | None = None
    has_fracture_in_table: bool | None = None
    annotation_rows: int | None = None
    annotation_columns: int | None = None
    pixel_aspect: float | None = None
    audit: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A collection's films: the table that every step reads and the next one takes over.

    Attributes:
        rows: One per film, sorted by path.
        root: The folder that the paths are relative to.
        salt: Of the split, for good; None where no split was made.
    """

    rows: tuple[ManifestRow, ...]
    root: Path
    salt: str | None = None

    def __post_init__(self) -> None:
        """Sort, so that equal collections are equal records."""
        object.__setattr__(self, "rows", tuple(sorted(self.rows, key=attrgetter("path"))))

    def films_path(self, row: ManifestRow) -> Path:
        """Return where the row's film lies."""
        return self.root / row.path

    @classmethod
    def read(
        cls, path: str | PathLike[str], *, films: str | PathLike[str] | None = None
    ) -> "Manifest":
        """Read a manifest, and check it and that its films are where it says.

        Args:
            path: A Parquet file, or a CSV where the name ends in `.csv`.
            films: The films' folder, where it is not the one that the manifest names.

        Raises:
            FolderNotFound: If the manifest or `films` does not exist.
            ManifestFault: If the file is not a manifest, or is of another collection.
            MissingExtra: If `osteon[audit]` is not installed.
        """
        where = None if films is None else Path(films)
        manifest: Manifest = _ask_collection("read_manifest")(Path(path), films=where)
        return manifest

    def write(self, path: str | PathLike[str]) -> None:
        """Write the manifest, whole or not at all.

        Args:
            path: A Parquet file, or a CSV where the name ends in `.csv`.

        Raises:
            ManifestFault: If a row breaks a rule that reading would refuse.
            MissingExtra: If `osteon[audit]` is not installed.
            OutputFault: If the place cannot be written.
        """
        _ask_collection("write_manifest")(self, Path(path))


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """One thing wrong with a collection. The audit reports; a person decides.

    Attributes:
        rule: Short stable name, such as "same-picture-two-labels".
        films: Paths of the films concerned, sorted.
        film_ids: Their film ids, in the same order.
        evidence: What was seen, as plain JSON values.
        advice: What a person can do, in one or two sentences.
    """

    rule: str
    films: tuple[str, ...]
    film_ids: tuple[str, ...]
    evidence: dict[str, Any]
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAside:
    """One film that a step left out: counted and named, never dropped in silence.

    Attributes:
        path: Of the film, relative to the collection's root.
        reason: Why, in words for a person.
    """

    path: str
    reason: str


def _ask_collection(name: str) -> Callable[..., Any]:
    # Tables are read two floors up; the record only knows where to ask.
    with missing_extras_named("osteon.Manifest"):
        function: Callable[..., Any] = getattr(import_module("osteon.collection.manifest"), name)
    return function
