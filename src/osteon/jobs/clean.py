"""The job of cleaning: a manifest and its audit in; a clean manifest, and what it lacks, out."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from osteon.audit.audit_file import read_audit, read_search_record
from osteon.audit.cleaning import CleanedCollection, Exclusion, clean_manifest
from osteon.audit.cleaning_rules import CleaningRules
from osteon.collection.groups import COPY_RULES
from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.errors import OutputFault
from osteon.runs import write_text
from osteon.terms import Flaw

_COLUMNS = ("path", "film_id", "rules", "reason", "stands_in")


@dataclass(frozen=True, kw_only=True, slots=True)
class CleaningOutcome:
    """What a cleaning did, and where it wrote it.

    Attributes:
        cleaned: The films that stay, and those that left.
        path: The manifest that was written.
        excluded_path: The table of the films that left, beside it.
    """

    cleaned: CleanedCollection
    path: Path
    excluded_path: Path

    def count_by_rule(self) -> dict[str, int]:
        """Return how many films left for each reason; a film with two reasons counts in both."""
        counts: dict[str, int] = {}
        for film in self.cleaned.excluded:
            for rule in film.rules:
                counts[rule] = counts.get(rule, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        cleaned = self.cleaned
        rows = cleaned.manifest.rows
        return {
            "path": str(self.path),
            "excluded_path": str(self.excluded_path),
            "n_films_before": cleaned.n_films_before,
            "n_films": len(rows),
            "n_pictures": cleaned.n_pictures,
            "n_groups": len({row.group or row.path for row in rows}),
            "n_excluded": len(cleaned.excluded),
            "excluded_by_rule": self.count_by_rule(),
            "excluded": [asdict(film) for film in cleaned.excluded],
            "doubts": cleaned.doubts,
            "leaks": [asdict(leak) for leak in cleaned.leaks],
            "n_absent": cleaned.n_absent,
            "unknown_rules": cleaned.unknown_rules,
            "independence": cleaned.independence.model_dump(),
        }


def clean_collection(
    manifest_path: Path,
    audit: Path,
    out: Path,
    *,
    how: CleaningRules,
    films: Path | None = None,
) -> CleaningOutcome:
    """Clean a collection after its audit, and write it with the table of what it lacks.

    Args:
        manifest_path: The collection's manifest.
        audit: The folder that `osteon audit` wrote, or its `audit.json`.
        out: The manifest to write; `NAME.excluded.csv` is written beside it.
        how: What leaves.
        films: The films' folder, where it is not the one that the manifest names.

    Returns:
        What stays and what left.

    Raises:
        FolderNotFound: If the manifest, the audit or `films` does not exist.
        ManifestFault: If the manifest or the audit is broken, or they do not belong together.
        OutputFault: If `out` cannot be written, or is the manifest itself.
    """
    if out.resolve() == manifest_path.resolve():
        raise OutputFault(
            str(out),
            "must be another file than the manifest that is cleaned",
            advice="Films are taken out: keep the manifest that has them all.",
        )
    manifest = read_manifest(manifest_path, films=films)
    flaws = read_audit(audit)
    file_bytes = _measure_files(manifest, flaws) if how.deduplicate else {}
    searched = read_search_record(audit)
    cleaned = clean_manifest(manifest, flaws, how, searched=searched, file_bytes=file_bytes)
    excluded_path = out.with_name(f"{out.stem}.excluded.csv")
    # The table first: a manifest never stands without the record of what it lacks.
    write_text(excluded_path, build_exclusion_table(cleaned.excluded))
    write_manifest(cleaned.manifest, out)
    return CleaningOutcome(cleaned=cleaned, path=out, excluded_path=excluded_path)


def build_exclusion_table(excluded: Sequence[Exclusion]) -> str:
    """Return the films that left as CSV, every cell quoted: a name may hold any character."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    for film in excluded:
        rules = " ".join(film.rules)
        writer.writerow((film.path, film.film_id, rules, film.reason, film.stands_in or ""))
    return held.getvalue()


def _measure_files(manifest: Manifest, flaws: Sequence[Flaw]) -> dict[str, int]:
    """Return the sizes of the copies' files; one that is gone is left out."""
    copies = {path for flaw in flaws if flaw.rule in COPY_RULES for path in flaw.films}
    sizes: dict[str, int] = {}
    for row in manifest.rows:
        if row.path in copies:
            try:
                sizes[row.path] = manifest.films_path(row).stat().st_size
            except OSError:
                continue
    return sizes
