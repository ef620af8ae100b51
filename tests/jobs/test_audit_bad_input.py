"""Bad input to an audit: a clear error or a counted flaw, never a crash, nothing passed over."""

import json
import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osteon.cli.app import run
from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.jobs.audit import audit_collection
from tests.films import draw_film, list_film, list_films, write_film


def test_a_folder_that_changes_while_it_is_audited(tmp_path):
    """Films that go, change or come during the audit are told or shown as missing."""
    films = tmp_path / "films"
    names = [f"{number:02}.png" for number in range(12)]
    for number, name in enumerate(names):
        write_film(films / name, draw_film(number // 2))
    Image.fromarray(draw_film(5)).save(films / "11.png", compress_level=1)
    write_manifest(list_films(films, names), tmp_path / "m.parquet")

    def disturb(what: str, done: int, total: int) -> None:
        if what == "look" and done == 2:
            (films / "08.png").unlink(missing_ok=True)
            (films / "09.png").unlink(missing_ok=True)
            (films / "11.png").write_bytes(b"other")
            write_film(films / "new.png", draw_film(99))
        if what == "search":
            for name in names:
                (films / name).unlink(missing_ok=True)

    manifest = read_manifest(tmp_path / "m.parquet")
    assert len({row.sha256 for row in manifest.rows}) > 6
    result = audit_collection(
        tmp_path / "m.parquet", tmp_path / "audit", workers=1, progress=disturb
    )
    told = [flaw.films[0] for flaw in result.flaws if flaw.rule == "changed-since-import"]
    assert told == ["08.png", "09.png", "11.png"]
    assert result.summary.n_not_seen == 3
    html = (tmp_path / "audit" / "report.html").read_text("utf-8")
    assert "3 films could not be looked at" in html
    assert "Could not be opened" in html


def test_ten_thousand_identical_black_films(tmp_path):
    """They are one picture and a handful of flaws, in seconds."""
    films = tmp_path / "films"
    first = write_film(films / "00000.png", np.zeros((300, 240), dtype=np.uint8))
    facts = list_film(films, "00000.png")
    rows = []
    for number in range(10_000):
        path = f"{number:05}.png"
        if number:
            os.link(first, films / path)
        known = {"path": path, "has_fracture": number % 2 == 0}
        rows.append(type(facts)(**{**_fields(facts), **known, "published_split": _split(number)}))
    write_manifest(Manifest(rows=tuple(rows), root=films), tmp_path / "m.parquet")
    start = time.monotonic()
    result = audit_collection(tmp_path / "m.parquet", tmp_path / "audit")
    assert time.monotonic() - start < 30
    assert Counter(flaw.rule for flaw in result.flaws) == {
        "identical-files": 1,
        "same-picture-two-labels": 1,
        "copies-across-splits": 1,
        "outlier": 1,
    }
    assert result.summary.n_pictures == 1
    assert (tmp_path / "audit" / "report.html").stat().st_size < 1_000_000


def _fields(row) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _split(number: int) -> str:
    return ("train", "test")[number % 3 == 0]


def test_three_hundred_near_black_films_are_no_copies_of_each_other(tmp_path):
    """Noise in the dark is blank, not three hundred films that all show one picture."""
    films = tmp_path / "films"
    for number in range(300):
        rng = np.random.default_rng(number)
        write_film(films / f"{number:03}.png", rng.integers(0, 4, (120, 100), dtype=np.uint8))
    names = [f"{number:03}.png" for number in range(300)]
    write_manifest(list_films(films, names), tmp_path / "m.parquet")
    start = time.monotonic()
    result = audit_collection(tmp_path / "m.parquet")
    assert time.monotonic() - start < 60
    assert result.summary.n_pictures == 300
    assert result.summary.rules["outlier"].n_films == 300
    assert "same-picture" not in result.summary.rules


def test_hopeless_files_are_counted_from_import_to_page(tmp_path, capsys):
    """A dot, a giant, two gigabytes and a loop of links: each is a flaw with its reason."""
    for name in ("fractured", "normal"):
        for number in range(4):
            seed = number + 10 * (name == "normal")
            write_film(tmp_path / "films" / name / f"{number}.png", draw_film(seed))
    odd = tmp_path / "films" / "normal"
    Image.new("L", (1, 1)).save(odd / "dot.png")
    Image.new("L", (20_000, 20_000), 99).save(odd / "giant.png", compress_level=1)
    with (odd / "two gigabytes.png").open("wb") as file:
        file.truncate(2 << 30)
    (odd / "loop.png").symlink_to("loop.png")
    (odd / "round").symlink_to(tmp_path / "films", target_is_directory=True)
    manifest, audit = tmp_path / "m.parquet", tmp_path / "audit"
    assert run(["import", str(tmp_path / "films"), "-o", str(manifest)]) == 0
    assert run(["audit", str(manifest), "-o", str(audit)]) == 0
    flaws = json.loads((audit / "audit.json").read_text())["flaws"]
    reasons = {
        Path(flaw["films"][0]).name: flaw["evidence"]["reason"]
        for flaw in flaws
        if flaw["rule"] == "unreadable"
    }
    assert "at least 16 pixels" in reasons["dot.png"]
    assert "at most 64,000,000 pixels" in reasons["giant.png"]
    assert "2,147,483,648 bytes" in reasons["two gigabytes.png"]
    listed = {row.path for row in read_manifest(manifest).rows}
    assert not any("round" in path for path in listed)
    assert ("normal/loop.png" in listed) == ("loop.png" in reasons)
    capsys.readouterr()


@pytest.mark.parametrize("what", ["giant", "heavy", "dot"])
def test_a_hopeless_file_that_the_manifest_calls_readable(tmp_path, what):
    """A manifest by another's hand may claim anything: the film is told of, the rest goes on."""
    films = tmp_path / "films"
    write_film(films / "good.png", draw_film(1))
    if what == "giant":
        Image.new("L", (20_000, 20_000)).save(films / "bad.png", compress_level=1)
    elif what == "heavy":
        with (films / "bad.png").open("wb") as file:
            file.truncate(2 << 30)
    else:
        Image.new("L", (1, 1)).save(films / "bad.png")
    good = list_film(films, "good.png")
    if what == "heavy":
        bad = type(good)(**{**_fields(good), "path": "bad.png", "sha256": "0" * 64})
        bad = type(good)(**{**_fields(bad), "film_id": "0" * 16})
    else:
        Image.MAX_IMAGE_PIXELS, kept = None, Image.MAX_IMAGE_PIXELS
        try:
            bad = list_film(films, "bad.png")
        finally:
            Image.MAX_IMAGE_PIXELS = kept
    write_manifest(Manifest(rows=(good, bad), root=films), tmp_path / "m.parquet")
    result = audit_collection(tmp_path / "m.parquet", tmp_path / "audit")
    (flaw,) = [flaw for flaw in result.flaws if flaw.rule == "changed-since-import"]
    assert flaw.films == ("bad.png",)
    assert "must" in flaw.evidence["reason"]
    assert result.summary.n_pictures == 1


def test_names_in_any_script(tmp_path, capsys):
    """Spaces, line breaks, quotes, markup and any script go through to the page and the JSON."""
    names = ["手 首.png", "line\nbreak.png", '"<b>&.png', "صورة.png", "a\u202egnp.png", " .png"]
    for name in names:
        for folder in ("fractured", "normal"):
            seed = names.index(name)
            write_film(tmp_path / "films" / folder / name, draw_film(seed))
    manifest, audit = tmp_path / "m.parquet", tmp_path / "audit"
    assert run(["import", str(tmp_path / "films"), "-o", str(manifest)]) == 0
    capsys.readouterr()
    assert run(["audit", str(manifest), "-o", str(audit)]) == 0
    out = capsys.readouterr().out
    assert "line\\nbreak" in out or "line" not in out
    assert "\u202e" not in out
    flaws = json.loads((audit / "audit.json").read_text())["flaws"]
    named = {path for flaw in flaws for path in flaw["films"]}
    assert {f"{folder}/{name}" for folder in ("fractured", "normal") for name in names} <= named
    html = (audit / "report.html").read_text("utf-8")
    assert "<b>&" not in html
    assert "Could not be opened" not in html


def test_a_manifest_whose_films_are_gone_is_refused_with_the_way_out(tmp_path, capsys):
    """Nothing is audited, and `--films` is named; `--against` is checked as well."""
    write_film(tmp_path / "films" / "a.png", draw_film(1))
    write_manifest(list_films(tmp_path / "films", ["a.png"]), tmp_path / "m.parquet")
    write_film(tmp_path / "others" / "b.png", draw_film(2))
    write_manifest(list_films(tmp_path / "others", ["b.png"]), tmp_path / "o.parquet")
    (tmp_path / "films").rename(tmp_path / "moved")
    for arguments in (["m.parquet"], ["o.parquet", "--against", str(tmp_path / "m.parquet")]):
        assert run(["audit", str(tmp_path / arguments[0]), *arguments[1:]]) == 2
        told = capsys.readouterr().err
        assert "Traceback" not in told
        assert "m.parquet" in told
        assert "--films DIR" in told


def test_one_film_is_a_collection(tmp_path):
    """A single film has no copies, and needs no shortcut model."""
    write_film(tmp_path / "films" / "a.png", draw_film(1))
    write_manifest(list_films(tmp_path / "films", ["a.png"]), tmp_path / "m.parquet")
    result = audit_collection(tmp_path / "m.parquet", tmp_path / "audit")
    assert set(result.summary.rules) <= {"burned-in-text"}
    assert (result.summary.n_pictures, result.summary.shortcut) == (1, {})
