"""The job of auditing: a manifest in, its flaws out, for people and for programs.

In a notebook::

    from pathlib import Path
    from osteon.jobs.audit import audit_collection

    audit = audit_collection(Path("manifest.parquet"), Path("audit"))
    audit.summary.n_pictures  # different pictures, copies counted once
    [flaw.films for flaw in audit.flaws if flaw.rule == "same-picture-two-labels"]

The parts can be had one by one: `collection.looks.look_at_films` opens the films,
`collection.examination.examine_films` seeks the copies, `collection.audit.find_flaws` asks the
rules.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from osteon.audit.audit_file import AUDIT_FILE, SearchRecord, build_search_record
from osteon.audit.duplicates.limits import describe_limits
from osteon.audit.examination import Examination, examine_films
from osteon.audit.films import Looks, look_at_films
from osteon.audit.run import find_flaws
from osteon.audit.shortcuts.search import build_shortcut_evidence
from osteon.collection.flaws import AuditSummary, SeenSummary, summarise_audit
from osteon.collection.manifest import Manifest, read_manifest
from osteon.errors import ManifestFault, SettingsFault
from osteon.files import refuse_output
from osteon.geometry import Box
from osteon.radiographs.films import read_grey, read_torn_grey
from osteon.radiographs.raster import read_film_bytes
from osteon.runs import write_text
from osteon.terms import Flaw, Pixels8, Progress, no_progress

PAGE_FILE = "report.html"
"""The page's name in the folder that the audit is written to."""

WORK_FOLDER = ".looks"
"""Where an audit keeps what it saw until it is done, so that a killed one resumes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditResult:
    """What an audit found.

    Attributes:
        flaws: In the order of the rules.
        summary: The same in numbers.
        path: Where `audit.json` was written; None where no folder was given.
        page: Where the page was written; None where no folder was given, or no film opened.
        searched: Which films were searched together for copies; None where no film was opened.
    """

    flaws: tuple[Flaw, ...]
    summary: AuditSummary
    path: Path | None
    page: Path | None = None
    searched: SearchRecord | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the audit as plain JSON values, as `audit.json` holds it."""
        return _as_json(self.flaws, self.summary, self.searched)


def audit_collection(  # noqa: PLR0913 — the face that notebooks see: options, each with a default
    manifest_path: Path,
    out: Path | None = None,
    *,
    films: Path | None = None,
    against: Path | None = None,
    quick: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> AuditResult:
    """Find the flaws of a collection, and write them where asked.

    An audit that was killed goes on where it was: ask for the same folder again.

    Args:
        manifest_path: The collection's manifest.
        out: A folder for `audit.json` and `report.html`; None writes nothing.
        films: The films' folder, where it is not the one that the manifest names.
        against: The manifest of another collection, which is searched for copies of these films.
        quick: Whether to ask the manifest alone, and open no film; there is no page then.
        workers: Threads; None for one on each core. They change no result.
        progress: Called with "look", "search", "compare" and "report" as the work goes on.

    Returns:
        The flaws and their summary.

    Raises:
        FolderNotFound: If a manifest or `films` does not exist.
        ManifestFault: If a file is not a manifest, or of another collection, or none of its films
            can be looked at.
        OutputFault: If the folder cannot be written.
        SettingsFault: If `quick` is asked for together with `against`, which opens films.
    """
    if quick and against is not None:
        raise SettingsFault(
            "--quick", "opens no film", advice="Leave it out: --against compares films."
        )
    manifest = read_manifest(manifest_path, films=films)
    if quick:
        flaws = find_flaws(manifest)
        path = None if out is None else write_audit(flaws, manifest, out)
        return AuditResult(flaws=flaws, summary=summarise_audit(manifest, flaws), path=path)
    other = None if against is None else read_manifest(against)
    work = None if out is None else _make_work_folder(out)
    seen = _examine(manifest, other, work, workers=workers, progress=progress)
    flaws, told = find_flaws(manifest, seen), seen.summarise()
    searched = _record_search(manifest, seen.looks)
    summary = summarise_audit(manifest, flaws, told)
    result = AuditResult(flaws=flaws, summary=summary, path=None, searched=searched)
    if out is None or work is None:
        return result
    progress("report", 0, 1)
    named = (manifest_path, out, films)
    page = _write_page(result, (manifest, other), seen, named)
    path = write_audit(flaws, manifest, out, seen=told, searched=searched)
    shutil.rmtree(work, ignore_errors=True)
    progress("report", 1, 1)
    return replace(result, path=path, page=page)


def write_audit(
    flaws: Sequence[Flaw],
    manifest: Manifest,
    folder: Path,
    *,
    seen: SeenSummary | None = None,
    searched: SearchRecord | None = None,
) -> Path:
    """Write `audit.json`, whole or not at all; the same collection gives the same bytes in a day.

    Args:
        flaws: What the audit found.
        manifest: The collection that was audited.
        folder: Made where it is missing.
        seen: What opening the films adds to the numbers; None where none was opened.
        searched: Which films were searched for copies; None likewise.

    Returns:
        The file's path.

    Raises:
        OutputFault: If the folder cannot be written.
    """
    path = folder / AUDIT_FILE
    found = _as_json(flaws, summarise_audit(manifest, flaws, seen), searched)
    write_text(path, json.dumps(found, indent=1, allow_nan=False) + "\n")
    return path


def _examine(
    manifest: Manifest,
    other: Manifest | None,
    work: Path | None,
    *,
    workers: int | None,
    progress: Progress,
) -> Examination:
    looks = _look(manifest, work, workers=workers, progress=progress)
    theirs = None
    if other is not None:
        theirs = (other, _look(other, work, workers=workers, progress=progress))
    return examine_films(manifest, looks, other=theirs, workers=workers, progress=progress)


def _look(
    manifest: Manifest, work: Path | None, *, workers: int | None, progress: Progress
) -> Looks:
    """Look at the films.

    Raises:
        ManifestFault: If none of them can be looked at.
    """
    looks = look_at_films(manifest, folder=work, workers=workers, progress=progress)
    if not looks.files:
        first = next(iter(looks.not_seen), None)
        raise ManifestFault(
            str(manifest.root),
            "must hold at least one film that can be looked at",
            found=f"{len(manifest.rows)} films, none of which is what the manifest says",
            advice="Import the collection again, or ask the manifest alone with `--quick`."
            + ("" if first is None else f" The first: {first.path}: {first.reason}."),
        )
    return looks


def _record_search(manifest: Manifest, looks: Looks) -> SearchRecord:
    """Return which films were compared; one that changed or went away is not among them."""
    gone = {film.path for film in looks.not_seen}
    return build_search_record(
        (
            row.film_id
            for row in manifest.rows
            if row.state == "readable" and row.sha256 in looks.files and row.path not in gone
        ),
        date=_today(),
        osteon=version("osteon"),
        limits=describe_limits(),
    )


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _make_work_folder(out: Path) -> Path:
    # Before the work and not after it: a place that cannot be written is known at once.
    work = out / WORK_FOLDER
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        refuse_output(out, fault)
    return work


def _write_page(
    result: AuditResult,
    manifests: tuple[Manifest, Manifest | None],
    seen: Examination,
    named: tuple[Path, Path, Path | None],
) -> Path:
    """Write the page, with the manifest, the folder and the films as the person named them."""
    # Pages need jinja2, which loads slowly; a quick audit does without.
    from osteon.reports.pages.audit.page import AuditPage, write_audit_page

    manifest, other = manifests
    manifest_path, out, films = named
    # A page has room for one measurement that is no flaw: the one that says most.
    told = max(seen.shortcuts, key=lambda own: own.auroc.value, default=None)
    names = sorted({row.collection for row in manifest.rows if row.collection})
    page = AuditPage(
        name=", ".join(names) or manifest.root.name,
        summary=result.summary,
        flaws=result.flaws,
        read_film=_reader(manifest),
        read_torn=_torn_reader(manifest),
        read_other=None if other is None else _reader(other),
        date=_today(),
        version=version("osteon"),
        n_pictures=result.summary.n_pictures,
        shortcut=None if told is None else build_shortcut_evidence(told),
        rows={row.path: row for row in manifest.rows},
        other_rows={} if other is None else {row.path: row for row in other.rows},
        **_name_files(manifest_path, out, films),
    )
    write_audit_page(page, out / PAGE_FILE)
    return out / PAGE_FILE


def _name_files(manifest: Path, out: Path, films: Path | None) -> dict[str, Any]:
    """Return the files as the page's commands name them: as they were typed, if that was short.

    A path from the root would tell of this machine, and hold nowhere else; in its place stand
    paths from the manifest's folder.
    """
    named = {"manifest": manifest, "folder": out, "films": films}
    if not any(path is not None and path.is_absolute() for path in named.values()):
        return named
    beside = manifest.absolute().parent
    try:
        told = {
            key: None if path is None else Path(os.path.relpath(path.absolute(), beside))
            for key, path in named.items()
        }
    except ValueError:  # on another drive
        return named
    return told | {"is_beside": True}


def _reader(manifest: Manifest) -> Callable[[str], Pixels8]:
    def read_film(path: str) -> Pixels8:
        return read_grey(read_film_bytes(manifest.root / path), source=path)

    return read_film


def _torn_reader(manifest: Manifest) -> Callable[[str], tuple[Pixels8, Box | None]]:
    def read_torn(path: str) -> tuple[Pixels8, Box | None]:
        return read_torn_grey(read_film_bytes(manifest.root / path), source=path)

    return read_torn


def _as_json(
    flaws: Sequence[Flaw], summary: AuditSummary, searched: SearchRecord | None
) -> dict[str, Any]:
    told = {"summary": asdict(summary), "flaws": [asdict(flaw) for flaw in flaws]}
    return told if searched is None else {**told, "searched": searched.as_json()}
