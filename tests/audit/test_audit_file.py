"""An audit is read back, or refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest

from osteon.audit.audit_file import (
    build_search_record,
    read_audit,
    read_search_record,
)
from osteon.errors import FolderNotFound, ManifestFault

FLAW = {"rule": "new-rule", "films": ["骨.png"], "film_ids": ["0"], "evidence": {}, "advice": "Go."}


def write(folder: Path, flaws: Any) -> Path:
    path = folder / "audit.json"
    path.write_text(json.dumps({"summary": {}, "flaws": flaws}), encoding="utf-8")
    return path


def test_an_audit_is_read_by_its_folder_or_its_file(tmp_path):
    """Both the folder and the file in it are the audit; unknown rules and parts are no fault."""
    path = write(tmp_path, [FLAW | {"severity": 3}])
    (flaw,) = read_audit(tmp_path)
    assert (flaw.rule, flaw.films, flaw.film_ids) == ("new-rule", ("骨.png",), ("0",))
    assert read_audit(path) == (flaw,)
    write(tmp_path, [])
    assert read_audit(path) == ()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"rule": None}, r"flaws\[1\]\.rule: must be a text"),
        ({"films": "a.png"}, r"flaws\[1\]\.films: must be a list"),
        ({"films": [1]}, r"flaws\[1\]\.films: must hold texts"),
        ({"films": [], "film_ids": []}, r"flaws\[1\]\.films: must name each film once"),
        ({"film_ids": ["0", "1"]}, "2 film_ids"),
        ({"films": ["a", "a"], "film_ids": ["0", "0"]}, "1 different"),
        ({"evidence": []}, r"flaws\[1\]\.evidence: must be an object"),
    ],
)
def test_a_broken_flaw_is_refused_with_its_address(changed, says, tmp_path):
    """What is wrong with a flaw is told by its number and its part."""
    with pytest.raises(ManifestFault, match=says):
        read_audit(write(tmp_path, [FLAW, FLAW | changed]))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"flaws": {}}', '{"flaws": [7]}', "[" * 100_000, b"\xff"]
)
def test_a_file_that_is_no_audit_is_refused(text, tmp_path):
    """Half a file, another JSON or another encoding is refused by name, never a crash."""
    path = tmp_path / "audit.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ManifestFault, match=r"audit\.json"):
        read_audit(path)


def test_a_missing_audit_is_named(tmp_path):
    """A folder without an audit in it, and no folder at all, are refused by name."""
    with pytest.raises(FolderNotFound, match=r"audit\.json"):
        read_audit(tmp_path)
    with pytest.raises(FolderNotFound, match="nowhere"):
        read_audit(tmp_path / "nowhere")


RECORD = build_search_record(
    ["b" * 16, "a" * 16, "b" * 16], date="2026-11-29", osteon="0.1.0", limits={"limit": 3.0}
)


def write_searched(folder: Path, searched: Any) -> Path:
    path = folder / "audit.json"
    path.write_text(json.dumps({"flaws": [], "searched": searched}), encoding="utf-8")
    return path


def test_the_films_that_were_searched_are_read_back(tmp_path):
    """Each film once, and the audit goes by day, version and hash."""
    assert RECORD.film_ids == ("a" * 16, "b" * 16)
    assert RECORD.stamp == f"2026-11-29 osteon 0.1.0 audit {RECORD.identity}"
    assert read_search_record(write_searched(tmp_path, RECORD.as_json())) == RECORD


def test_an_audit_that_opened_no_film_searched_none(tmp_path):
    """`--quick`, and audits of an older Osteon, have no such record."""
    assert read_search_record(write(tmp_path, [FLAW])) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"film_ids": ["a" * 16, "b" * 16, "c" * 16]},
        {"film_ids": "a"},
        {"limits": {"limit": 9.0}},
        {"limits": None},
        {"osteon": "0.1.0 or so"},
        {"date": "yesterday"},
        {"identity": "0" * 16},
    ],
)
def test_a_record_that_somebody_edited_is_refused(tmp_path, changed):
    """A film that is added by hand was not searched."""
    path = write_searched(tmp_path, RECORD.as_json() | changed)
    with pytest.raises(ManifestFault, match="searched: must be as the audit wrote it"):
        read_search_record(path)
    with pytest.raises(ManifestFault, match="searched"):
        read_search_record(write_searched(tmp_path, ["a" * 16]))
