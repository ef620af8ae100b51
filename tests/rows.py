"""Films of a manifest, and flaws of an audit, for tests that open no film."""

import hashlib
from pathlib import Path
from typing import Any

from osteon.audit.audit_file import build_search_record
from osteon.audit.cleaning import stamp_films
from osteon.collection.manifest import Manifest
from osteon.terms import Flaw, ManifestRow


def film(path: str, *, content: str | bytes | None = None, **facts: Any) -> ManifestRow:
    """Return a film; equal contents are identical files, and without one it is like no other."""
    data = path if content is None else content
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")  # a name may be no text
    sha256 = hashlib.sha256(data).hexdigest()
    known = {"rows": 100, "columns": 80, "has_fracture": True} | facts
    return ManifestRow(path=path, film_id=sha256[:16], sha256=sha256, **known)


def collection(*rows: ManifestRow, salt: str | None = None) -> Manifest:
    """Return a collection of films that stand in no folder."""
    return Manifest(rows=rows, root=Path("films"), salt=salt)


def place_film(folder: Path, name: str, data: bytes, **facts: Any) -> ManifestRow:
    """Write a file that nobody will open, and return it as a film."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return film(name, content=data, **facts)


def flaw(
    rule: str, *paths: str, ids: tuple[str, ...] | None = None, advice: str = "", **evidence: Any
) -> Flaw:
    """Return a flaw of films that are like no other."""
    film_ids = ids or tuple(film(path).film_id for path in paths)
    return Flaw(rule=rule, films=paths, film_ids=film_ids, evidence=evidence, advice=advice)


def audited(manifest: Manifest, *flaws: Flaw, date: str = "2026-11-29") -> Manifest:
    """Return a collection whose films one audit searched for copies, and found these."""
    searched = build_search_record(
        (row.film_id for row in manifest.rows), date=date, osteon="0.1.0", limits={}
    )
    return stamp_films(manifest, flaws, searched)
