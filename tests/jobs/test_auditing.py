"""The job of auditing: from a manifest's file to `audit.json`."""

import hashlib
import json
from pathlib import Path

import pytest

from osteon.collection.manifest import Manifest, write_manifest
from osteon.errors import FolderNotFound, OutputFault
from osteon.jobs.auditing import audit_collection
from osteon.terms import ManifestRow


def write_collection(folder: Path) -> Path:
    rows = []
    for number, content in enumerate(["wrist", "wrist", "hand"]):
        path = folder / "films" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode())
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        rows.append(
            ManifestRow(
                path=path.name,
                film_id=sha256[:16],
                sha256=sha256,
                rows=9,
                columns=9,
                has_fracture=number == 0,
                published_split=("train", "test", "test")[number],
            )
        )
    write_manifest(Manifest(rows=tuple(rows), root=folder / "films"), folder / "m.parquet")
    return folder / "m.parquet"


def test_the_audit_is_written_as_it_was_found(tmp_path):
    """`audit.json` holds the summary and each flaw with rule, films, evidence and advice."""
    result = audit_collection(write_collection(tmp_path), tmp_path / "new" / "audit")
    assert result.path is not None
    written = json.loads(result.path.read_text())
    assert written == json.loads(json.dumps(result.as_json()))
    assert {flaw["rule"] for flaw in written["flaws"]} == {
        "identical-files",
        "same-picture-two-labels",
        "copies-across-splits",
    }
    assert all(
        set(flaw) == {"rule", "films", "film_ids", "evidence", "advice"}
        for flaw in written["flaws"]
    )
    assert written["summary"]["leaks"]["test"] == {"n_leaking": 1, "n_films": 2, "share": 0.5}
    assert str(tmp_path) not in result.path.read_text()


def test_the_same_collection_gives_the_same_bytes(tmp_path):
    """Two audits of one collection differ in no byte."""
    manifest = write_collection(tmp_path)
    first = audit_collection(manifest, tmp_path / "one").path
    second = audit_collection(manifest, tmp_path / "two").path
    assert first is not None
    assert second is not None
    assert first.read_bytes() == second.read_bytes()


def test_without_a_folder_nothing_is_written(tmp_path):
    """An audit that is only looked at writes nothing."""
    manifest = write_collection(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert audit_collection(manifest).path is None
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """A file where the folder should be is refused by name."""
    manifest = write_collection(tmp_path)
    with pytest.raises(OutputFault, match=r"m\.parquet"):
        audit_collection(manifest, manifest)


def test_a_manifest_that_is_not_there_is_named(tmp_path):
    """A missing manifest is refused by name."""
    with pytest.raises(FolderNotFound, match=r"none\.parquet"):
        audit_collection(tmp_path / "none.parquet")
