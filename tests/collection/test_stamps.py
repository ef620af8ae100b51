"""A manifest knows whether one audit searched all of its films for copies."""

import re
from dataclasses import replace

import pytest
from tests.rows import audited, collection, film, flaw

from osteon.audit.audit_file import build_search_record
from osteon.collection.groups import choose_counted, fill_groups, take_each_file_once
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import merge_manifests, read_manifest, write_manifest
from osteon.collection.splits import Shares, split_manifest
from osteon.collection.stamps import STAMP_PATTERN, describe_independence, read_stamp
from osteon.errors import ManifestFault

NAMES = ("a.png", "b.png", "c.png", "d.png")


def films(*names, **facts):
    return collection(*(film(name, **facts) for name in names or NAMES))


def looked_for(manifest):
    return describe_independence(manifest.rows).copies_looked_for


def test_a_manifest_is_audited_once_one_audit_saw_every_film():
    """Without stamps nobody looked; with them, the day, the version and the audit are known."""
    bare = describe_independence(films().rows)
    assert (bare.copies_looked_for, bare.audit, bare.n_not_audited, bare.n_audits) == (
        False,
        "",
        4,
        0,
    )
    known = describe_independence(audited(films()).rows)
    assert (known.copies_looked_for, known.n_not_audited, known.n_audits) == (True, 0, 1)
    assert known.audit.startswith("2026-11-29 osteon 0.1.0 audit ")
    assert not describe_independence(()).copies_looked_for


def test_films_that_leave_take_nothing_away():
    """A part of what one audit saw together was seen together."""
    whole = audited(films())
    assert looked_for(replace(whole, rows=whole.rows[1:3]))


def test_a_film_that_joins_takes_the_audit_away():
    """One film that no audit saw may be a copy of any other."""
    rows = (*audited(films()).rows, film("new.png"))
    known = describe_independence(rows)
    assert (known.copies_looked_for, known.n_not_audited, known.audit) == (False, 1, "")


def test_a_stamp_belongs_to_one_film():
    """A cell that was filled down in a spreadsheet is no stamp of the film below."""
    rows = audited(films()).rows
    forged = replace(film("new.png"), audit=rows[0].audit)
    assert read_stamp(rows[0]) is not None
    assert read_stamp(forged) is None
    assert describe_independence((*rows, forged)).n_not_audited == 1


def test_two_audits_apart_are_no_audit_of_both():
    """Merged, copies between the two collections were never looked for."""
    one = replace(audited(films("a.png", "b.png")), root="/films/one")
    other = replace(audited(films("c.png")), root="/films/other")
    known = describe_independence(merge_manifests([one, other]).rows)
    assert (known.copies_looked_for, known.n_audits, known.n_not_audited) == (False, 2, 1)


def test_two_parts_of_one_audit_are_audited_when_they_are_joined():
    """The same audit saw the films of both parts together, on whatever day it was run again."""
    whole = films()
    first, second = audited(whole), audited(whole, date="2026-12-24")
    parts = [
        replace(first, rows=first.rows[:2], root="/films/x"),
        replace(second, rows=second.rows[2:], root="/films/y"),
    ]
    known = describe_independence(merge_manifests(parts).rows)
    assert known.copies_looked_for
    assert known.audit.startswith("2026-12-24")


def test_other_limits_or_another_version_are_another_audit():
    """What a search would have found depends on them; the day does not."""
    ids = [row.film_id for row in films().rows]

    def identify(**changes):
        told = {"date": "2026-11-29", "osteon": "0.1.0", "limits": {"limit": 3.0}} | changes
        return build_search_record(ids, **told).identity

    assert identify() == identify(date="2027-01-01")
    assert len({identify(), identify(osteon="0.2.0"), identify(limits={"limit": 4.0})}) == 3
    assert (
        identify()
        != build_search_record(
            ids[:3], date="2026-11-29", osteon="0.1.0", limits={"limit": 3.0}
        ).identity
    )


@pytest.mark.parametrize("name", ["m.parquet", "m.csv"])
def test_the_stamps_survive_writing_and_reading(tmp_path, name):
    """In Parquet and in CSV, of all films or of some."""
    folder = tmp_path / "films"
    folder.mkdir()
    for path in NAMES:
        (folder / path).write_bytes(path.encode())
    manifest = replace(audited(films()), root=folder)
    write_manifest(manifest, tmp_path / name)
    read = read_manifest(tmp_path / name)
    assert read.rows == manifest.rows
    assert looked_for(read)
    some = (*manifest.rows[:3], replace(manifest.rows[3], audit=None))
    write_manifest(replace(manifest, rows=some), tmp_path / name)
    assert not looked_for(read_manifest(tmp_path / name))


def test_a_cell_that_is_no_stamp_is_refused(tmp_path):
    """A word in the column would look like an audit to a person."""
    manifest = films()
    rows = (replace(manifest.rows[0], audit="yes"), *manifest.rows[1:])
    with pytest.raises(ManifestFault, match=r"row 1, column audit: must be the stamp"):
        write_manifest(replace(manifest, rows=rows), tmp_path / "m.parquet")


def test_copies_stay_together_though_somebody_empties_the_groups():
    """A stamp names the film's picture; a table without groups makes them again."""
    whole = audited(films(), flaw("same-picture", "a.png", "c.png"))
    bare = replace(whole, rows=tuple(replace(row, group=None) for row in whole.rows))
    groups = {row.path: row.group for row in fill_groups(bare).rows}
    assert groups["a.png"] == groups["c.png"]
    assert len(set(groups.values())) == 3
    for salt in ("s", "t", "u"):
        halves = split_manifest(bare, shares=Shares(train=50, tune=0, test=50), salt=salt)
        places = {row.path: row.split for row in halves.manifest.rows}
        assert places["a.png"] == places["c.png"]


def test_copies_that_only_a_stamp_knows_are_a_leak_of_copies():
    """Placed apart by hand, they are found, and called what they are."""
    whole = audited(films(), flaw("same-picture", "a.png", "c.png"))
    splits = ("train", "train", "test", "test")
    rows = tuple(
        replace(row, split=split, group=None) for row, split in zip(whole.rows, splits, strict=True)
    )
    (leak,) = find_leaks(replace(whole, rows=rows))
    assert (leak.rule, leak.films) == ("copies-across-splits", ("a.png", "c.png"))


def test_only_whole_films_count_and_identical_files_are_one():
    """A truncated film is used nowhere; a file that stands twice was searched once."""
    rows = [*audited(films()).rows, film("cut.png", state="truncated")]
    twin = replace(film("twin.png", content="a.png"), patient_key="p")
    known = describe_independence([*rows, twin])
    assert (known.copies_looked_for, known.n_films, known.n_without_patient) == (True, 4, 3)


def test_the_films_that_count_are_the_placed_ones():
    """New films of a split collection spoil nothing before they are placed."""
    old = audited(films()).rows
    placed = [replace(row, split="train") for row in old]
    mixed = [*placed, film("new.png")]
    assert choose_counted(mixed) == tuple(placed)
    assert choose_counted([film("new.png")]) == (film("new.png"),)


def test_every_file_is_counted_once():
    """The first of equal files stands for all; unreadable ones, all empty, are no copies."""
    rows = (
        film("a.png", content="x"),
        film("b.png", content="x"),
        film("c.png"),
        film("d.png", content=b"", state="unreadable"),
        film("e.png", content=b"", state="unreadable"),
    )
    assert [row.path for row in take_each_file_once(rows)] == ["a.png", "c.png", "d.png", "e.png"]


def test_a_stamp_has_the_form_that_a_manifest_asks_for():
    """What is written is what is read."""
    assert all(re.match(STAMP_PATTERN, row.audit) for row in audited(films()).rows)
