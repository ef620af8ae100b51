"""`osteon demo`: the whole path, from films to an honest answer, in a few minutes."""

import json
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from osteon.audit.audit_file import AUDIT_FILE
from osteon.audit.cleaning_rules import CleaningRules
from osteon.collection.manifest import read_manifest, write_manifest
from osteon.collection.splits import Shares
from osteon.errors import OutputFault, ReleaseMissing
from osteon.evaluation.cohort import choose_some
from osteon.evaluation.predictions import choose_rows
from osteon.inference.bundled import DEFAULT_RELEASE, find_default_release
from osteon.jobs.audit import audit_collection
from osteon.jobs.clean import clean_collection
from osteon.jobs.evaluate import EvaluationReport, EvaluationRequest, evaluate
from osteon.jobs.import_ import import_films
from osteon.jobs.read import ReadingRequest, read_films
from osteon.jobs.split import split_collection
from osteon.phantoms.collection import write_phantoms
from osteon.runs import RunFolder, read_json, write_text
from osteon.terms import Progress, no_progress
from osteon.wording import name_release

RECIPE = "demo"
SHARES = Shares(train=65, tune=15, test=20)
SALT = "demo"
PHANTOMS = "phantoms"
PHANTOM_SEED = 1
FILMS_READ = 20
"""Films that the default model reads, with a picture of each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoRequest:
    """What a person asked for.

    Attributes:
        out: Everything is made in a folder of its own below this one.
        data: A collection; None draws phantoms.
        n_phantoms: How many films to draw.
        overrides: Recipe keys with dots, and their TOML values.
    """

    out: Path
    data: Path | None = None
    n_phantoms: int = 1_200
    overrides: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One step of the demo, done.

    Attributes:
        name: What was done.
        words: What came out, in a sentence.
        seconds: It took.
        was_kept: Whether its result was there from an earlier demo.
    """

    name: str
    words: str
    seconds: float
    was_kept: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoReport:
    """What a demo leaves behind.

    Attributes:
        folder: Everything it made.
        is_drawn: Whether the films were phantoms, whose numbers say nothing about patients.
        stages: What was done, in order.
        evaluation: The numbers.
        figures: The pictures to look at.
        readings: Folder of what the default model read in some of the films, with pictures; None
            where this Osteon was built without it.
        next_commands: Three commands to run next.
    """

    folder: Path
    is_drawn: bool
    stages: tuple[Stage, ...]
    evaluation: EvaluationReport
    figures: tuple[Path, ...]
    readings: Path | None
    next_commands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Places:
    """Where the demo keeps what; a stage whose result is there is not done again."""

    folder: Path
    films: Path

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.parquet"

    @property
    def clean(self) -> Path:
        return self.folder / "clean.parquet"

    @property
    def split(self) -> Path:
        return self.folder / "split.parquet"

    @property
    def readings(self) -> Path:
        return self.folder / "readings"

    @property
    def run(self) -> RunFolder:
        return RunFolder(path=self.folder / "run")


def run_demo(
    request: DemoRequest,
    *,
    progress: Progress = no_progress,
    stage_ended: Callable[[Stage], None] = lambda _: None,
) -> DemoReport:
    """Draw or take films, import, audit, clean, split, train and evaluate; read some of them.

    A demo that was stopped goes on where it was: run it again.

    Args:
        request: What was asked.
        progress: Told of every step of long work.
        stage_ended: Given each stage as it ends.

    Returns:
        Where everything is, and what to run next.

    Raises:
        OsteonError: Whatever one of the stages refuses; or if the folder holds the demo of another
            collection.
        KeyboardInterrupt: If the person stopped the training.
    """  # noqa: DOC502 — raised by the stages
    places = _open_folder(request)
    stages: list[Stage] = []

    def do(name: str, work: Callable[[], str], result: Path | None = None) -> None:
        was_kept = result is not None and result.exists()
        start = time.monotonic()
        words = f"kept from before: {result}" if was_kept else work()
        seconds = time.monotonic() - start
        stages.append(Stage(name=name, words=words, seconds=seconds, was_kept=was_kept))
        stage_ended(stages[-1])

    if request.data is None:
        do("draw", lambda: _draw(request, places, progress), places.films / "README.txt")
    do("import", lambda: _import(places, progress), places.manifest)
    do("audit", lambda: _audit(places, progress), places.folder / AUDIT_FILE)
    do("clean", lambda: _clean(places), places.clean)
    do("split", lambda: _split(places), places.split)
    do("train", lambda: _train(request, places, progress), places.run.operating_point)
    reports: list[EvaluationReport] = []
    do("evaluate", lambda: _evaluate(places, progress, reports))
    do("read", lambda: _read(request, places, progress))
    return DemoReport(
        folder=places.folder,
        is_drawn=request.data is None,
        stages=tuple(stages),
        evaluation=reports[0],
        figures=tuple(sorted(reports[0].results.glob("*.png"))),
        readings=places.readings if places.readings.is_dir() else None,
        next_commands=_say_next(request, places),
    )


def _open_folder(request: DemoRequest) -> _Places:
    """Make the demo's folder, or take up the one of the same collection.

    Raises:
        OutputFault: If it is another collection's.
    """
    data = request.data.resolve() if request.data else None
    name = re.sub(r"[^\w.-]+", "-", data.name) if data else PHANTOMS
    folder = request.out / name
    asked = {
        "data": str(data) if data else None,
        "n_phantoms": None if data else request.n_phantoms,
        "overrides": request.overrides,
    }
    note = folder / "demo.json"
    if note.exists() and read_json(note) != asked:
        raise OutputFault(
            str(folder),
            "must be new, or hold the demo of the same films with the same recipe",
            advice="Remove it, or choose another folder with -o.",
        )
    write_text(note, json.dumps(asked, indent=2) + "\n")
    return _Places(folder=folder, films=data or folder / PHANTOMS)


def _draw(request: DemoRequest, places: _Places, progress: Progress) -> str:
    write_phantoms(places.films, n_films=request.n_phantoms, seed=PHANTOM_SEED, progress=progress)
    return f"{request.n_phantoms:,} films drawn in {places.films}"


def _import(places: _Places, progress: Progress) -> str:
    imported = import_films(places.films, progress=progress)
    write_manifest(imported.manifest, places.manifest)
    found = imported.summary
    return (
        f"{found.layout}: {found.n_films:,} films, {found.n_fractured:,} fractured and "
        f"{found.n_not_fractured:,} not; {found.n_films - found.n_readable:,} cannot be used"
    )


def _audit(places: _Places, progress: Progress) -> str:
    result = audit_collection(places.manifest, places.folder, progress=progress)
    counts = [f"{rule} in {n.n_films:,} films" for rule, n in result.summary.rules.items()]
    return f"{'; '.join(counts) or 'no flaw was found'}; pictures in {result.page}"


def _clean(places: _Places) -> str:
    outcome = clean_collection(places.manifest, places.folder, places.clean, how=CleaningRules())
    rows, excluded = outcome.cleaned.manifest.rows, outcome.cleaned.excluded
    return (
        f"{len(rows):,} films stay, {outcome.cleaned.n_pictures:,} different pictures; "
        f"{len(excluded):,} were taken out, see {outcome.excluded_path}"
    )


def _split(places: _Places) -> str:
    outcome = split_collection(places.clean, places.split, shares=SHARES, salt=SALT)
    counts = [f"{count.split} {count.n_films:,}" for count in outcome.counts if count.split]
    return f"{', '.join(counts)} films; copies and patients stay together"


def _train(request: DemoRequest, places: _Places, progress: Progress) -> str:
    """Train, or go on with a training that was stopped.

    Raises:
        KeyboardInterrupt: If the person stopped it.
    """
    # Only this stage needs torch, and it is slow to load: nobody waits for it before.
    from osteon.jobs.train import TrainingRequest, train

    last = places.run.checkpoints / "last.ckpt"
    if not last.exists():
        # Killed before its first checkpoint, a run leaves nothing to go on from.
        places.run.facts.unlink(missing_ok=True)
    asked = TrainingRequest(
        recipe=RECIPE,
        overrides=request.overrides,
        manifest=places.split,
        out=places.run.path,
        resume=last.exists(),
    )
    report = train(asked, progress=progress)
    if report.ended == "stopped":
        raise KeyboardInterrupt
    return f"{len(report.history)} epochs, the best was {report.best_epoch} ({report.ended})"


def _evaluate(places: _Places, progress: Progress, reports: list[EvaluationReport]) -> str:
    reports.append(evaluate(EvaluationRequest(run=places.run.path), progress=progress))
    metrics = reports[0].metrics
    auroc = "not defined" if metrics.auroc.value is None else f"{metrics.auroc.value:.3f}"
    return f"{metrics.n_films:,} {reports[0].split} films read, AUROC {auroc}"


def _read(request: DemoRequest, places: _Places, progress: Progress) -> str:
    """Read some test films with the model that comes with Osteon, and draw what it saw."""
    try:
        find_default_release()
    except ReleaseMissing:
        return f"{DEFAULT_RELEASE} did not come with this Osteon; nothing was read"
    manifest = read_manifest(places.split)
    unseen = choose_rows(manifest, "test") or choose_rows(manifest, "tune")
    rows = choose_some(unseen, FILMS_READ)
    report = read_films(
        ReadingRequest(
            films=[manifest.films_path(row) for row in rows],
            lines=places.readings / "readings.jsonl",
            table=places.readings / "readings.csv",
            overlays=places.readings / "overlays",
        ),
        progress=progress,
    )
    told = ", ".join(f"{n} {decision}" for decision, n in report.counts.items() if n)
    n_fractured = sum(row.has_fracture for row in rows)
    drawn = (
        " (drawings, not patients: the model has never seen such, and its answers mean nothing)"
        if request.data is None
        else ""
    )
    name = name_release(report.release)
    return (
        f"{name}, on {len(rows)} test films, {n_fractured} fractured{drawn}: {told}; "
        f"pictures in {places.readings / 'overlays'}"
    )


def _say_next(request: DemoRequest, places: _Places) -> tuple[str, ...]:
    if request.data is None:
        release = _quote(places.folder / "demo.osteon")
        return (
            f"osteon export {_quote(places.run.path)} -o {release}",
            "osteon fetch fracatlas -o films/fracatlas",
            f"osteon demo films/fracatlas -o {_quote(request.out)}",
        )
    run = f"runs/{places.folder.name}"
    return (
        f"osteon audit {_quote(places.manifest)}",
        f"osteon train seed-cnn4 {_quote(places.split)} -o {_quote(Path(run))}",
        f"osteon evaluate {_quote(Path(run))}",
    )


def _quote(path: Path) -> str:
    return shlex.quote(path.as_posix())
