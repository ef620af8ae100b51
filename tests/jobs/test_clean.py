"""The job of cleaning: from a manifest and its audit to a manifest that can be split."""

import csv
import json
from pathlib import Path

import pytest

from osteon.audit.cleaning_rules import CleaningRules
from osteon.collection.flaws import build_flaw
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.collection.splits import Shares
from osteon.errors import OutputFault
from osteon.jobs.audit import write_audit
from osteon.jobs.clean import clean_collection
from osteon.jobs.split import split_collection
from osteon.terms import Flaw, ManifestRow
from tests.rows import place_film

STRANGE = ("骨 折.png", 'a "quoted", name.png', "two\nlines.png", "re\rturn.png", "=1+1.png")


def write_collection(folder: Path) -> tuple[Path, Path]:
    """Forty pictures with a copy each, five of strange names truncated; and their audit."""
    names = [f"{n // 2:02}{'ab'[n % 2]}.png" for n in range(80)] + list(STRANGE)
    rows = []
    for number, name in enumerate(names):
        data = name.encode() * (1 + number % 2)
        state = "truncated" if name in STRANGE else "readable"
        facts = {"has_fracture": number % 4 < 2, "state": state}
        rows.append(place_film(folder / "films", name, data, **facts))
    manifest = Manifest(rows=tuple(rows), root=folder / "films")
    flaws = [build("same-picture", *rows[n : n + 2]) for n in range(0, 80, 2)]
    flaws += [build("truncated", row) for row in rows[80:]]
    write_manifest(manifest, folder / "m.parquet")
    write_audit(flaws, manifest, folder / "audit")
    return folder / "m.parquet", folder / "audit"


def build(rule: str, *rows: ManifestRow) -> Flaw:
    return build_flaw(rule, rows, evidence={"reason": "ends early"}, advice="Look.")


def test_excluded_films_are_all_in_the_table_whatever_their_names(tmp_path):
    """Names in any script, with commas, quotes or line breaks come back as they are."""
    manifest, audit = write_collection(tmp_path)
    out = tmp_path / "new" / "clean.parquet"
    outcome = clean_collection(manifest, audit, out, how=CleaningRules(deduplicate=True))
    assert outcome.excluded_path == tmp_path / "new" / "clean.excluded.csv"
    with outcome.excluded_path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    told = {line["path"]: line for line in table}
    assert len(told) == len(table) == 45
    assert {path for path, line in told.items() if line["rules"] == "truncated"} == set(STRANGE)
    # The second copy's file is twice as large for as many pixels.
    assert told["00a.png"]["stands_in"] == "00b.png"
    assert {row.path for row in read_manifest(out).rows} == {f"{n:02}b.png" for n in range(40)}
    answer = json.loads(json.dumps(outcome.as_json()))
    assert [film["path"] for film in answer["excluded"]] == [line["path"] for line in table]
    assert answer["excluded_by_rule"] == {"copy": 40, "truncated": 5}
    assert (answer["n_films_before"], answer["n_films"], answer["n_pictures"]) == (85, 40, 40)


def test_a_split_of_the_cleaned_manifest_has_no_leak(tmp_path):
    """`split` takes the cleaned manifest as it is, and no picture crosses its splits."""
    manifest, audit = write_collection(tmp_path)
    clean, placed = tmp_path / "clean.parquet", tmp_path / "split.parquet"
    clean_collection(manifest, audit / "audit.json", clean, how=CleaningRules())
    shares = Shares(train=60, tune=20, test=20)
    outcome = split_collection(clean, placed, shares=shares, salt="s")
    assert not outcome.set_aside
    rows = read_manifest(placed).rows
    pictures = {row.path: row.path[:2] for row in rows}
    assert len(rows) == 80
    assert not find_leaks(read_manifest(placed), pictures=pictures)
    assert {row.split for row in rows} == {"train", "tune", "test"}


def test_the_same_cleaning_gives_the_same_bytes(tmp_path):
    """Two cleanings of one collection differ in no byte, and a second one of the first is idle."""
    manifest, audit = write_collection(tmp_path)
    how = CleaningRules(deduplicate=True)
    one, two, three = (tmp_path / f"{n}.parquet" for n in "123")
    first = clean_collection(manifest, audit, one, how=how)
    second = clean_collection(manifest, audit, two, how=how)
    assert one.read_bytes() == two.read_bytes()
    assert first.excluded_path.read_bytes() == second.excluded_path.read_bytes()
    third = clean_collection(one, audit, three, how=how)
    assert not third.cleaned.excluded
    assert third.cleaned.n_absent == 45
    assert read_manifest(three) == read_manifest(one)


def test_the_manifest_that_is_cleaned_is_never_overwritten(tmp_path):
    """Films leave: the manifest that has them all must stay, by whatever path it is named."""
    manifest, audit = write_collection(tmp_path)
    before = manifest.read_bytes()
    again = tmp_path / "audit" / ".." / "m.parquet"
    with pytest.raises(OutputFault, match="another file"):
        clean_collection(manifest, audit, again, how=CleaningRules())
    assert manifest.read_bytes() == before


def test_a_copy_whose_file_is_gone_is_no_crash(tmp_path):
    """A missing file counts as the most compressed copy."""
    manifest, audit = write_collection(tmp_path)
    (tmp_path / "films" / "00b.png").unlink()
    out = tmp_path / "clean.parquet"
    clean_collection(manifest, audit, out, how=CleaningRules(deduplicate=True))
    kept = {row.path for row in read_manifest(out).rows}
    assert "00a.png" in kept
    assert "00b.png" not in kept
