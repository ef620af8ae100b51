"""The list of films that the default model was made of, and what a stranger does with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from osteon.collection.manifest import Manifest
from osteon.release import read_release
from osteon.runs import hash_manifest
from tests.packages import has_default_release
from tests.rows import film
from tests.scripts import load_script

films_used = load_script("films_used")

ROOT = Path(__file__).parents[1]
LIST = ROOT / "docs" / "data" / "osteon-1-films.csv"


@pytest.fixture(scope="module")
def listed():
    return films_used.read_list(LIST)


def rebuild(listed):
    """Return the manifest that a list describes, as far as a hash looks at it."""
    placed = {path: used for path, used in listed.items() if used.split}
    rows = [
        replace(film(path, has_fracture=used.has_fracture, split=used.split), sha256=used.sha256)
        for path, used in placed.items()
    ]
    return Manifest(rows=tuple(rows), root=Path("films"))


def test_every_film_has_a_place_or_a_reason(listed):
    """3,682 films: 3,614 in three splits, and 68 left out, each with why."""
    assert len(listed) == 3682
    splits = [used.split for used in listed.values()]
    counts = {split: splits.count(split) for split in ("train", "tune", "test", None)}
    assert counts == {"train": 2349, "tune": 542, "test": 723, None: 68}
    assert all(bool(used.left_out) == (used.split is None) for used in listed.values())
    assert sum(used.reduced for used in listed.values()) == 321
    assert LIST.stat().st_size < 600_000


def test_no_group_stands_on_both_sides(listed):
    """Copies of a picture share a group, and a group has one split."""
    splits = {}
    for used in listed.values():
        if used.group:
            splits.setdefault(used.group, set()).add(used.split)
    assert all(len(of_group) == 1 for of_group in splits.values())


LEFT_OUT_SINCE = tuple(
    f"IMG000{number}.jpg" for number in (2608, 4067, 4071, 4072, 4113, 4117, 4150, 4187, 4206, 4232)
)
"""Torn films, and one test film of a patient who is in train: not in osteon-1's second version."""


def test_the_releases_were_made_of_the_listed_films(listed):
    """The hash in a release's card is the one that the list gives: no film was swapped since."""
    told = hash_manifest(rebuild(listed))
    card = read_release(ROOT / "releases" / "fracatlas-mobilenetv2.osteon").card
    assert card.trained_on.manifest_sha256 == card.tested_on.manifest_sha256 == told
    if has_default_release():
        card = read_release(ROOT / "src/osteon/inference/data/osteon-1.osteon").card
        left = {path: row for path, row in listed.items() if not path.endswith(LEFT_OUT_SINCE)}
        assert card.trained_on.manifest_sha256 == told
        assert card.tested_on.manifest_sha256 == hash_manifest(rebuild(left))


def draw_collection():
    """Five films: two splits, one truncated, one of a contradiction."""
    rows = (
        film("images/F/1.jpg", has_fracture=True, split="train", group="g-1"),
        film("images/F/2.jpg", has_fracture=True, split="test", group="g-2"),
        film("images/N/3.jpg", has_fracture=False, split="train", group="g-3"),
    )
    others = (
        replace(film("images/N/4.jpg", has_fracture=False), state="truncated"),
        film("images/N/5.jpg", has_fracture=False),
    )
    unplaced = tuple(replace(row, split=None, group=None) for row in rows)
    imported = Manifest(rows=(*unplaced, *others), root=Path("films"))
    return imported, Manifest(rows=rows, root=Path("films"))


def test_a_list_is_read_as_it_was_written(tmp_path):
    """What was left out keeps its reason, and the rest its place."""
    imported, split = draw_collection()
    reasons = {"images/N/5.jpg": "same-picture-two-labels"}
    films = films_used.list_films(imported, split, reasons)
    (tmp_path / "list.csv").write_text(films_used.write_list(films), encoding="utf-8")
    assert films_used.read_list(tmp_path / "list.csv") == films
    assert films["images/N/4.jpg"].left_out == "truncated"
    assert films["images/N/5.jpg"].left_out == "same-picture-two-labels"
    assert films["images/F/2.jpg"].split == "test"


def test_a_stranger_s_larger_copy_gets_the_same_splits():
    """By name: films at full size count as other content, unknown ones are left out."""
    imported, split = draw_collection()
    films = films_used.list_films(imported, split, {})
    grown = replace(imported.rows[0], sha256="f" * 64)
    unknown = film("images/F/9.jpg", has_fracture=True)
    theirs = Manifest(rows=(grown, *imported.rows[1:], unknown), root=Path("theirs"))
    placed, counts = films_used.place_films(theirs, films)
    assert [(row.path, row.split, row.group) for row in placed.rows] == [
        (row.path, row.split, row.group) for row in split.rows
    ]
    assert counts == {
        "placed": 3,
        "of other content": 1,
        "left out by the list": 2,
        "not in the list": 1,
        "missing here": 0,
    }


def test_a_film_that_moved_is_told():
    """Another split, another label, a film gone and a film too many: a sentence each."""
    imported, split = draw_collection()
    films = films_used.list_films(imported, split, {})
    assert not list(films_used.find_differences(split, films))
    moved = replace(split.rows[0], split="test")
    extra = film("images/F/9.jpg", has_fracture=True, split="test")
    other = Manifest(rows=(moved, split.rows[1], extra), root=Path("films"))
    told = list(films_used.find_differences(other, films))
    assert told == [
        "images/F/1.jpg: split is test, in the list train",
        "images/N/3.jpg: in the list's train, not in the manifest",
        "images/F/9.jpg: not in the list",
    ]
