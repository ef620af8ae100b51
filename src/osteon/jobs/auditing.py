"""The job of auditing: a manifest in, its flaws out, written where a program can read them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from osteon.collection.audit import find_flaws
from osteon.collection.flaws import AuditSummary, summarise_audit
from osteon.collection.manifest import Manifest, read_manifest
from osteon.jobs.runs import write_text
from osteon.terms import Flaw

AUDIT_FILE = "audit.json"
"""The audit's name in the folder that it is written to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditResult:
    """What an audit found.

    Attributes:
        flaws: In the order of the rules.
        summary: The same in numbers.
        path: Where `audit.json` was written; None where no folder was given.
    """

    flaws: tuple[Flaw, ...]
    summary: AuditSummary
    path: Path | None

    def as_json(self) -> dict[str, Any]:
        """Return the audit as plain JSON values, as `audit.json` holds it."""
        return _as_json(self.flaws, self.summary)


def audit_collection(
    manifest_path: Path, out: Path | None = None, *, films: Path | None = None
) -> AuditResult:
    """Find the flaws of a collection, and write them where asked.

    Args:
        manifest_path: The collection's manifest.
        out: A folder for `audit.json`; None writes nothing.
        films: The films' folder, where it is not the one that the manifest names.

    Returns:
        The flaws and their summary.

    Raises:
        FolderNotFound: If the manifest or `films` does not exist.
        ManifestFault: If the file is not a manifest, or of another collection.
        OutputFault: If the folder cannot be written.
    """  # noqa: DOC502 — raised by the functions called
    manifest = read_manifest(manifest_path, films=films)
    flaws = find_flaws(manifest)
    path = None if out is None else write_audit(flaws, manifest, out)
    return AuditResult(flaws=flaws, summary=summarise_audit(manifest, flaws), path=path)


def write_audit(flaws: Sequence[Flaw], manifest: Manifest, folder: Path) -> Path:
    """Write `audit.json`, whole or not at all; the same collection gives the same bytes.

    Args:
        flaws: What the audit found.
        manifest: The collection that was audited.
        folder: Made where it is missing.

    Returns:
        The file's path.

    Raises:
        OutputFault: If the folder cannot be written.
    """  # noqa: DOC502 — raised by the functions called
    path = folder / AUDIT_FILE
    found = _as_json(flaws, summarise_audit(manifest, flaws))
    write_text(path, json.dumps(found, indent=1, allow_nan=False) + "\n")
    return path


def _as_json(flaws: Sequence[Flaw], summary: AuditSummary) -> dict[str, Any]:
    return {"summary": asdict(summary), "flaws": [asdict(flaw) for flaw in flaws]}
