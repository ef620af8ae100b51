"""The tree of faults. One picture of everything that Osteon may refuse.

OsteonError
├── FolderNotFound          a path the person gave does not exist, or is not a folder
├── LayoutFault             a folder of films that cannot be understood
│   ├── NoFilms                 nothing in it looks like a film
│   ├── AmbiguousLayout         two layouts fit equally well
│   ├── UnknownClassFolder      a class folder whose name says nothing about fractures
│   └── OneClassOnly            every film has the same label
├── FilmFault               one film that cannot be used; never stops a run
│   ├── UnreadableFilm          will not decode
│   ├── TruncatedFilm           decodes in part
│   │   └── TornFilm                decodes whole, and a part of its picture is made up
│   └── UnsupportedRadiograph   decodes, but is not what Osteon reads
├── ManifestFault           a manifest that is broken, or of another collection
│   └── LeakFound               copies of a picture stand on both sides of a split
├── SettingsFault           a recipe or option that says something impossible
├── RunFault                a run folder that cannot be continued or read
│   ├── NothingToResume         no checkpoint where one was asked for
│   └── CheckpointMismatch      a checkpoint that belongs to another recipe or collection
├── ReleaseFault            a release that cannot be trusted, or cannot be made
│   ├── ReleaseDamaged          not what was written: a hash, a member, a weight or the self-test
│   ├── ReleaseUnknown          of a schema that this version does not know
│   ├── ReleaseInverted         its answer points the other way
│   └── ReleaseMissing          this Osteon was built without the release that comes with it
├── TrainingDiverged        the loss is not a finite number
├── ParityBroken            ONNX and torch disagree about a film
├── MeasurementFault        answers that cannot be measured: a logit that is no number
│   └── InvertedAnswers         fractured films do not have the higher answers
├── FetchFault              a public collection that did not arrive
│   ├── SourceUnreachable       nobody answered, or the answer was no
│   ├── ChecksumMismatch        what arrived is not what was published
│   └── UnsafeArchive           an archive that would write where it must not
├── OutputFault             a place that cannot be written: read-only, full, already taken
├── DecoderUnavailable      the processes that decode films cannot be started, or cannot do the work
└── MissingExtra            a part of Osteon that was not installed
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar

EXTRA_OF: Mapping[str, str] = MappingProxyType(
    {
        "polars": "audit",
        "urllib3": "audit",
        "requests": "audit",
        "pooch": "audit",
        "scipy": "audit",
        "sklearn": "audit",
        "matplotlib": "audit",
        "kagglehub": "audit",
        "cv2": "audit",
        "faiss": "audit",
        "jinja2": "audit",
        "markupsafe": "audit",
        "threadpoolctl": "audit",
        "torch": "train",
        "torchvision": "train",
        "timm": "train",
        "kornia": "train",
        "captum": "train",
        "lightning_fabric": "train",
        "safetensors": "train",
        "onnx": "train",
        "onnxscript": "train",
        "tomli_w": "audit",
    }
)
"""Import name of a package that the base install lacks → the extra that brings it."""


class OsteonError(Exception):
    """A fault with an address: where, what must hold, what was found, what to do.

    Args:
        where: The file, key or option at fault, as the person wrote it.
        must: What must hold there.
        found: What was found instead; shown with `repr`, left out when None.
        advice: What the person can do, as whole sentences.
    """

    def __init__(self, where: str, must: str, *, found: object = None, advice: str = "") -> None:
        self.where = where
        self.must = must
        self.found = found
        self.advice = advice
        seen = "" if found is None else f"; found {found!r}"
        super().__init__(f"{where}: {must}{seen}." + (f" {advice}" if advice else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how to make the same fault in another process."""
        arguments = {"found": self.found, "advice": self.advice}
        if isinstance(self, FilmFault):
            arguments["code"] = self.code
        return _fault_again, (type(self), self.where, self.must, arguments)


def _fault_again(
    kind: type[OsteonError], where: str, must: str, arguments: dict[str, Any]
) -> OsteonError:
    return kind(where, must, **arguments)


class FolderNotFound(OsteonError):
    """A path the person gave does not exist, or is not a folder."""


class LayoutFault(OsteonError):
    """A folder of films that cannot be understood."""


class NoFilms(LayoutFault):
    """Nothing in the folder looks like a film."""


class AmbiguousLayout(LayoutFault):
    """Two layouts fit equally well."""


class UnknownClassFolder(LayoutFault):
    """A class folder whose name says nothing about fractures."""


class OneClassOnly(LayoutFault):
    """Every film has the same label."""


class FilmFault(OsteonError):
    """One film that cannot be used; it is set aside, counted and named, and never stops a run.

    Args:
        where: The film, as the person wrote it.
        must: What must hold of it.
        found: What was found instead.
        advice: What the person can do, as whole sentences.
        code: Short stable name of what is wrong, for programs; the class's own where not given.
    """

    default_code: ClassVar[str] = "unusable"

    def __init__(
        self, where: str, must: str, *, found: object = None, advice: str = "", code: str = ""
    ) -> None:
        super().__init__(where, must, found=found, advice=advice)
        self.code = code or self.default_code


class UnreadableFilm(FilmFault):
    """The film will not decode."""

    default_code = "unreadable"


class TruncatedFilm(FilmFault):
    """The film decodes in part; the missing part is never invented."""

    default_code = "truncated"


class TornFilm(TruncatedFilm):
    """The file is whole, and a part of its picture was missing when it was saved."""

    default_code = "torn"


class UnsupportedRadiograph(FilmFault):
    """The film decodes, but is not what Osteon reads."""

    default_code = "unsupported"


class ManifestFault(OsteonError):
    """A manifest that is broken, or that belongs to another collection."""


class LeakFound(ManifestFault):
    """Copies of a picture stand on both sides of a split."""


class SettingsFault(OsteonError):
    """A recipe or an option that says something impossible."""


class RunFault(OsteonError):
    """A run folder that cannot be continued or read."""


class NothingToResume(RunFault):
    """No checkpoint where one was asked for."""


class CheckpointMismatch(RunFault):
    """A checkpoint that belongs to another recipe or collection."""


class ReleaseFault(OsteonError):
    """A release that cannot be trusted, or cannot be made."""


class ReleaseDamaged(ReleaseFault):
    """A release that is not what was written: a hash, a member, a weight or the self-test."""


class ReleaseUnknown(ReleaseFault):
    """A release of a schema that this version does not know."""


class ReleaseInverted(ReleaseFault):
    """A release whose answer points the other way: a high logit would mean no fracture."""


class ReleaseMissing(ReleaseFault):
    """This Osteon was built without the release that comes with it."""


class TrainingDiverged(OsteonError):
    """The loss is not a finite number."""


class ParityBroken(OsteonError):
    """ONNX and torch disagree about a film."""


class MeasurementFault(OsteonError):
    """Answers that cannot be measured: a logit that is no number, a share of more than all."""


class InvertedAnswers(MeasurementFault):
    """Fractured films do not have the higher answers, so no probability can be made of them."""


class FetchFault(OsteonError):
    """A public collection that did not arrive."""


class SourceUnreachable(FetchFault):
    """Nobody answered, or the answer was no."""


class ChecksumMismatch(FetchFault):
    """What arrived is not what was published."""


class UnsafeArchive(FetchFault):
    """An archive that would write where it must not, or more than it may."""


class OutputFault(OsteonError):
    """A place that cannot be written: read-only, full, or already taken."""


class DecoderUnavailable(OsteonError):
    """The processes that decode films cannot be started, or cannot do the work asked of them."""


class MissingExtra(OsteonError):
    """A part of Osteon that was not installed."""


def name_missing_extra(
    fault: ModuleNotFoundError, *, needed_by: str, extra: str | None = None
) -> MissingExtra | None:
    """Return which extra brings a package that is not installed; None where no extra has it.

    Args:
        fault: The import that failed.
        needed_by: What asks for the package, such as "this command" or "osteon.audit".
        extra: The extra that is needed whichever package is missed first; None for the package's.
    """
    package = (fault.name or "").partition(".")[0]
    if package not in EXTRA_OF:
        return None
    return MissingExtra(
        package,
        f"must be installed for {needed_by}",
        advice=f'Install it with: pip install "osteon[{extra or EXTRA_OF[package]}]"',
    )


@contextmanager
def missing_extras_named(needed_by: str) -> Iterator[None]:
    """Turn an import that fails inside the block into a fault that names the extra to install.

    Args:
        needed_by: As for `name_missing_extra`.

    Raises:
        MissingExtra: If an extra of Osteon brings the package that is missing.
        ModuleNotFoundError: If none does.
    """
    try:
        yield
    except ModuleNotFoundError as fault:
        named = name_missing_extra(fault, needed_by=needed_by)
        if named is None:
            raise
        raise named from fault
