"""The job of splitting: from a manifest's file to a split one."""

import json
import re
from pathlib import Path

import pytest

from osteon.collection.groups import choose_counted
from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.collection.splits import Shares
from osteon.collection.stamps import describe_independence
from osteon.errors import ManifestFault
from osteon.jobs.split import keep_published_split, split_collection
from tests.rows import audited, place_film

SHARES = Shares(train=50, tune=25, test=25)


def write_collection(folder: Path) -> Path:
    rows = []
    for number in range(40):
        name = f"{number // 2}-{number % 2}.png"
        facts = {
            "has_fracture": number % 4 < 2,
            "published_split": ("train", "tune", "test", "train")[number % 4],
            "state": "truncated" if number == 7 else "readable",
        }
        rows.append(place_film(folder / "films", name, name.encode(), **facts))
    write_manifest(Manifest(rows=tuple(rows), root=folder / "films"), folder / "m.parquet")
    return folder / "m.parquet"


def test_a_manifest_is_split_and_written_with_its_salt(tmp_path):
    """The manifest that is written holds the splits and the salt, and the outcome counts them."""
    out = tmp_path / "split.parquet"
    pair = re.compile(r"^(\d+)-")
    outcome = split_collection(
        write_collection(tmp_path), out, shares=SHARES, salt="s", same_picture=pair
    )
    written = read_manifest(out)
    assert written.salt == "s"
    assert {count.split: count.n_films for count in outcome.counts}[None] == 1
    assert [film.reason for film in outcome.set_aside] == ["truncated"]
    assert outcome.leaks == ()
    assert json.loads(json.dumps(outcome.as_json()))["counts"][0]["split"] == "train"
    homes: dict[str, set[str | None]] = {}
    for row in written.rows:
        if row.split is not None:
            homes.setdefault(row.path.split("-")[0], set()).add(row.split)
    assert all(len(splits) == 1 for splits in homes.values())


def test_a_split_manifest_is_split_again_onto_itself_and_keeps_its_salt(tmp_path):
    """Splitting a second time changes nothing, and another salt is refused."""
    manifest = write_collection(tmp_path)
    split_collection(manifest, manifest, shares=SHARES, salt="s")
    once = read_manifest(manifest)
    split_collection(manifest, manifest, shares=SHARES, salt="s")
    assert read_manifest(manifest) == once
    with pytest.raises(ManifestFault, match="salt"):
        split_collection(manifest, manifest, shares=SHARES, salt="t")


def test_a_published_split_is_kept_and_its_leaks_are_told(tmp_path):
    """Keeping the published split says which groups stand in two of its splits."""
    out = tmp_path / "split.parquet"
    outcome = keep_published_split(
        write_collection(tmp_path), out, same_picture=re.compile(r"^(\d+)-")
    )
    assert {leak.rule for leak in outcome.leaks} == {"copies-across-splits"}
    assert [row.split for row in read_manifest(out).rows if row.state == "truncated"] == [None]


def test_a_split_of_films_that_nobody_audited_says_so(tmp_path):
    """The outcome knows, and so does its JSON; nothing looks like a clean bill."""
    out = tmp_path / "split.parquet"
    outcome = split_collection(write_collection(tmp_path), out, shares=SHARES, salt="s")
    assert not outcome.independence.copies_looked_for
    told = json.loads(json.dumps(outcome.as_json()))
    assert told["copies_looked_for"] is False
    assert told["independence"]["n_not_audited"] == 39


def test_a_split_of_audited_films_is_audited(tmp_path):
    """Placing films keeps their stamps."""
    path = write_collection(tmp_path)
    write_manifest(audited(read_manifest(path)), path)
    out = tmp_path / "split.parquet"
    outcome = split_collection(path, out, shares=SHARES, salt="s")
    assert outcome.independence.copies_looked_for
    assert describe_independence(choose_counted(read_manifest(out).rows)).copies_looked_for
