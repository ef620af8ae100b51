"""`osteon demo`: the whole path, from films to an honest answer, in a few minutes."""

import json
import re
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
from osteon.jobs.demo_report import (
    READINGS,
    RELEASE,
    SPLIT,
    DemoReport,
    Stage,
    choose_commands,
    choose_pictures,
    describe_hunt,
    format_number,
    format_share,
)
from osteon.jobs.evaluate import EvaluationReport, EvaluationRequest, evaluate
from osteon.jobs.import_ import import_films
from osteon.jobs.read import ReadingRequest, read_films
from osteon.jobs.split import split_collection
from osteon.phantoms.collection import hide_copies, write_phantoms
from osteon.runs import RunFolder, read_json, write_text
from osteon.terms import Progress, no_progress
from osteon.wording import name_release

RECIPE = "demo"
SHARES = Shares(train=65, tune=15, test=20)
SALT = "demo"
PHANTOMS = "phantoms"
PHANTOM_SEED = 1
MOST_COPIES = 12
"""Copies hidden among drawn films, so that the audit has something to find; one in 20 at most."""

FILMS_READ = 20
"""Test films that a release reads, with a picture of each."""


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
        return self.folder / SPLIT

    @property
    def run(self) -> RunFolder:
        return RunFolder(path=self.folder / "run")

    @property
    def release(self) -> Path:
        return self.folder / RELEASE

    @property
    def readings(self) -> Path:
        return self.folder / READINGS


def run_demo(
    request: DemoRequest,
    *,
    progress: Progress = no_progress,
    stage_ended: Callable[[Stage], None] = lambda _: None,
) -> DemoReport:
    """Draw or take films, then import, audit, clean, split, train, evaluate, and read some of them.

    Drawn films are read by a release of the network that learnt from such; a person's own films by
    the release that comes with Osteon. A demo that was stopped resumes: run it again.

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
    """
    places = _open_folder(request)
    is_drawn = request.data is None
    stages: list[Stage] = []

    def do(name: str, work: Callable[[], str], result: Path | None = None) -> None:
        was_kept = result is not None and result.exists()
        start = time.monotonic()
        words = f"kept from before: {result}" if was_kept else work()
        seconds = time.monotonic() - start
        stages.append(Stage(name=name, words=words, seconds=seconds, was_kept=was_kept))
        stage_ended(stages[-1])

    if is_drawn:
        do("draw", lambda: _draw(request, places, progress), places.films / "README.txt")
    do("import", lambda: _import(places, progress), places.manifest)
    do("audit", lambda: _audit(request, places, progress), places.folder / AUDIT_FILE)
    do("clean", lambda: _clean(places), places.clean)
    do("split", lambda: _split(places), places.split)
    trained = places.run.operating_point if _has_ended(places.run) else None
    do("train", lambda: _train(request, places, progress), trained)
    reports: list[EvaluationReport] = []
    do("evaluate", lambda: _evaluate(places, progress, reports))
    if is_drawn:
        do("release", lambda: _export(places, progress), places.release)
    do("read", lambda: _read(places, progress, is_drawn=is_drawn))
    return DemoReport(
        folder=places.folder,
        is_drawn=is_drawn,
        stages=tuple(stages),
        evaluation=reports[0],
        figures=tuple(sorted(reports[0].results.glob("*.png"))),
        readings=places.readings if places.readings.is_dir() else None,
        look_at=choose_pictures(places.folder, reports[0].results),
        next_commands=choose_commands(places.folder, request.out, is_drawn=is_drawn),
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
        "n_copies": None if data else _count_copies(request),
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


def _count_copies(request: DemoRequest) -> int:
    return min(MOST_COPIES, request.n_phantoms // 20)


def _draw(request: DemoRequest, places: _Places, progress: Progress) -> str:
    n_copies = _count_copies(request)
    write_phantoms(
        places.films,
        n_films=request.n_phantoms,
        n_copies=n_copies,
        seed=PHANTOM_SEED,
        progress=progress,
    )
    return (
        f"{request.n_phantoms:,} radiographs drawn in {places.films}, and {n_copies} changed "
        "copies hidden among them"
    )


def _import(places: _Places, progress: Progress) -> str:
    imported = import_films(places.films, progress=progress)
    write_manifest(imported.manifest, places.manifest)
    found = imported.summary
    return (
        f"{found.n_films:,} films, {found.n_fractured:,} with a fracture and "
        f"{found.n_not_fractured:,} without; layout: {found.layout}; "
        f"{found.n_films - found.n_readable:,} cannot be used"
    )


def _audit(request: DemoRequest, places: _Places, progress: Progress) -> str:
    result = audit_collection(places.manifest, places.folder, progress=progress)
    counts = [f"{rule} in {n.n_films:,} films" for rule, n in result.summary.rules.items()]
    words = "; ".join(counts) or "no flaw was found"
    if request.data is None:
        copies = hide_copies(
            n_films=request.n_phantoms, n_copies=_count_copies(request), seed=PHANTOM_SEED
        )
        words = describe_hunt(copies, result.flaws, n_films=request.n_phantoms)
    return f"{words}; pictures in {result.page}"


def _clean(places: _Places) -> str:
    outcome = clean_collection(places.manifest, places.folder, places.clean, how=CleaningRules())
    left = ", ".join(f"{n} for {rule}" for rule, n in outcome.count_by_rule().items())
    n_left = len(outcome.cleaned.excluded)
    return (
        f"{n_left} films left out{f' ({left})' if left else ''}; "
        f"{len(outcome.cleaned.manifest.rows):,} stay, and each copy knows its original"
    )


def _split(places: _Places) -> str:
    outcome = split_collection(places.clean, places.split, shares=SHARES, salt=SALT)
    counts = [f"{count.split} {count.n_films:,}" for count in outcome.counts if count.split]
    return f"{', '.join(counts)} films; copies and patients stay together"


def _has_ended(run: RunFolder) -> bool:
    """Say whether a training came to its own end: one that was stopped has a network too."""
    return run.facts.exists() and read_json(run.facts)["ended"] not in {"stopped", "not yet"}


def _train(request: DemoRequest, places: _Places, progress: Progress) -> str:
    """Train, or resume a training that was stopped.

    Raises:
        KeyboardInterrupt: If the person stopped it.
    """
    # Only this stage and the release need torch, and it is slow to load: nobody waits for it before
    from osteon.jobs.train import TrainingRequest, train

    places.release.unlink(missing_ok=True)  # of a network that is not this one
    last = places.run.checkpoints / "last.ckpt"
    if not last.exists():
        # Killed before its first checkpoint, a run leaves nothing to resume.
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
    return (
        f"a network from random weights, {len(report.history)} epochs; "
        f"the tune films chose the one after epoch {report.best_epoch}"
    )


def _evaluate(places: _Places, progress: Progress, reports: list[EvaluationReport]) -> str:
    reports.append(evaluate(EvaluationRequest(run=places.run.path), progress=progress))
    metrics, split = reports[0].metrics, reports[0].split
    return (
        f"{metrics.n_films:,} {split} films: AUROC {format_number(metrics.auroc)}; "
        f"of {metrics.sensitivity.denominator} with a fracture it finds "
        f"{format_share(metrics.sensitivity)}, of {metrics.specificity.denominator} without it "
        f"clears {format_share(metrics.specificity)}"
    )


def _export(places: _Places, progress: Progress) -> str:
    from osteon.jobs.export import ExportRequest, export_release

    report = export_release(
        ExportRequest(run=places.run.path, out=places.release), progress=progress
    )
    size = places.release.stat().st_size / 1e6
    return (
        f"{places.release}, {size:.1f} MB: the network with its calibration, its thresholds and "
        f"a card that says what is known of it, measured on {report.card.tested_on.n_films} films"
    )


def _read(places: _Places, progress: Progress, *, is_drawn: bool) -> str:
    """Read some test films, and draw what was seen: drawn ones with the release of this demo."""
    if not is_drawn:
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
            release=places.release if is_drawn else None,
            lines=places.readings / "readings.jsonl",
            table=places.readings / "readings.csv",
            overlays=places.readings / "overlays",
        ),
        progress=progress,
    )
    told = ", ".join(f"{n} {decision}" for decision, n in report.counts.items() if n)
    n_fractured = sum(row.has_fracture for row in rows)
    return (
        f"{name_release(report.release)} on {len(rows)} test films, "
        f"{n_fractured} with a fracture: {told}; "
        f"pictures in {places.readings / 'overlays'}"
    )
