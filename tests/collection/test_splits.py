"""Splits: groups stay together, nobody moves, every film is placed or named."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rows import audited, collection, film, flaw

from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.collection.splits import (
    Shares,
    carry_places,
    describe_split,
    find_uneven_split,
    keep_published,
    split_manifest,
)
from osteon.collection.stamps import describe_independence
from osteon.errors import ManifestFault, SettingsFault
from osteon.terms import ManifestRow

SHARES = Shares(train=65, tune=15, test=20)


def splits_of(manifest: Manifest) -> dict[str, str | None]:
    return {row.path: row.split for row in manifest.rows}


FACTS = st.lists(
    st.fixed_dictionaries(
        {
            "content": st.one_of(st.none(), st.integers(0, 8).map(str)),
            "patient_key": st.one_of(st.none(), st.sampled_from("pqrst")),
            "has_fracture": st.booleans(),
            "body_region": st.sampled_from([(), ("hand",), ("leg",)]),
            "hardware": st.sampled_from([None, True, False]),
            "state": st.sampled_from(["readable"] * 6 + ["truncated", "unreadable"]),
        }
    ),
    max_size=40,
)


def films(facts: list[dict[str, Any]], name: str = "film") -> list[ManifestRow]:
    return [film(f"{name}{index:03}.png", **known) for index, known in enumerate(facts)]


@settings(max_examples=50)
@given(FACTS, st.text(min_size=1, max_size=5), st.integers(0, 40))
def test_groups_stay_together_and_every_film_is_placed_or_named(facts, salt, cut):
    """Groups never straddle, what has no place is named, and the films' order is no matter."""
    rows = films(facts)
    result = split_manifest(collection(*rows), shares=SHARES, salt=salt)
    assert not find_leaks(result.manifest)
    without = {row.path for row in result.manifest.rows if row.split is None}
    assert without == {film.path for film in result.set_aside}
    assert without == {row.path for row in rows if row.state != "readable"}
    homes: dict[str | None, set[str | None]] = {}
    for row in result.manifest.rows:
        if row.split is not None:
            homes.setdefault(row.group, set()).add(row.split)
    assert all(len(splits) == 1 for splits in homes.values())
    turned = [*reversed(rows[cut:]), *rows[:cut]]
    assert split_manifest(collection(*turned), shares=SHARES, salt=salt) == result


@settings(max_examples=50)
@given(FACTS, FACTS)
def test_films_that_are_added_move_nobody(before, after):
    """Films placed once keep their place; the new ones are placed, or set aside where they tie."""
    first = split_manifest(collection(*films(before)), shares=SHARES, salt="s").manifest
    grown = replace(first, rows=(*first.rows, *films(after, "new")))
    second = split_manifest(grown, shares=SHARES, salt="s")
    placed = splits_of(first)
    now = splits_of(second.manifest)
    assert {path: now[path] for path in placed} == placed
    assert not find_leaks(second.manifest)
    aside = {film.path for film in second.set_aside}
    assert aside == {path for path, split in now.items() if split is None}
    third = split_manifest(second.manifest, shares=SHARES, salt="s")
    assert third == second


@settings(max_examples=15)
@given(st.integers(0, 1000), st.integers(2, 98), st.integers(1, 49))
def test_shares_are_kept_in_every_class_and_region(salt, train, part):
    """In a big collection each class and region is shared out within a film or two."""
    tune = (100 - train) * part / 50
    shares = Shares(train=train, tune=tune, test=100 - train - tune)
    rows = [
        film(f"{n:04}.png", has_fracture=n % 5 == 0, body_region=(("hand", "leg")[n % 2],))
        for n in range(1000)
    ]
    manifest = split_manifest(collection(*rows), shares=shares, salt=str(salt)).manifest
    for has_fracture in (True, False):
        for region in ("hand", "leg"):
            stratum = [
                row
                for row in manifest.rows
                if row.has_fracture == has_fracture and row.body_region == (region,)
            ]
            for split in ("train", "tune", "test"):
                found = sum(row.split == split for row in stratum)
                assert abs(found - shares.of(split) * len(stratum)) <= 2


def test_rare_strata_are_not_all_learnt_from():
    """Films of many rare regions reach all splits, although each region alone is too small."""
    rows = [film(f"{n}.png", body_region=(f"region {n}",)) for n in range(40)]
    counts = {
        count.split: count.n_films
        for count in describe_split(
            split_manifest(collection(*rows), shares=SHARES, salt="s").manifest
        )
    }
    assert counts == {"train": 26, "tune": 6, "test": 8}


def test_another_salt_gives_another_split_unless_the_collection_has_one():
    """The salt decides the split; a collection that was split keeps its salt."""
    rows = [film(f"{n}.png") for n in range(60)]
    one = split_manifest(collection(*rows), shares=SHARES, salt="one").manifest
    two = split_manifest(collection(*rows), shares=SHARES, salt="two").manifest
    assert splits_of(one) != splits_of(two)
    assert one.salt == "one"
    with pytest.raises(ManifestFault, match="salt 'one'"):
        split_manifest(one, shares=SHARES, salt="two")
    with pytest.raises(SettingsFault, match="at least one character"):
        split_manifest(collection(*rows), shares=SHARES, salt="")


def test_a_new_film_that_ties_two_splits_is_set_aside_and_named():
    """A film related to train and to test goes nowhere; its reason names both."""
    manifest = collection(
        film("a.png", content="x", split="train"),
        film("b.png", patient_key="p", split="test"),
        film("tie.png", content="x", patient_key="p"),
        film("c.png", patient_key="p"),
        salt="s",
    )
    result = split_manifest(manifest, shares=SHARES, salt="s")
    assert splits_of(result.manifest) == {
        "a.png": "train",
        "b.png": "test",
        "c.png": "test",
        "tie.png": None,
    }
    (aside,) = result.set_aside
    assert (aside.path, aside.reason) == ("tie.png", "ties films in train and test together")


def test_a_leak_that_was_taken_over_stays_where_it_is():
    """Copies that a published split put in two splits keep them when films are added."""
    manifest = collection(
        film("a.png", content="x", split="train"),
        film("b.png", content="x", split="test"),
        film("new.png", content="x"),
    )
    result = split_manifest(manifest, shares=SHARES, salt="s")
    assert splits_of(result.manifest) == {"a.png": "train", "b.png": "test", "new.png": None}


def test_a_pattern_ties_new_films_to_placed_ones():
    """A rotated copy that comes later goes where its number stands."""
    numbered = re.compile(r"(\d+)-rotated")
    rows = [film(f"a/fractured/{n}-rotated1.jpg") for n in range(30)]
    first = split_manifest(collection(*rows), shares=SHARES, salt="s", same_picture=numbered)
    late = [film(f"b/fractured/{n}-rotated2.jpg") for n in range(30)]
    grown = replace(first.manifest, rows=(*first.manifest.rows, *late))
    second = split_manifest(grown, shares=SHARES, salt="s", same_picture=numbered)
    splits = splits_of(second.manifest)
    assert all(
        splits[f"a/fractured/{n}-rotated1.jpg"] == splits[f"b/fractured/{n}-rotated2.jpg"]
        for n in range(30)
    )


@pytest.mark.parametrize("shares", [(65, 15, 10), (120, -10, -10), (float("nan"), 50, 50)])
def test_shares_that_are_no_partition_are_refused(shares):
    """Shares must be at least 0 and add up to 100."""
    with pytest.raises(SettingsFault, match="add up to 100"):
        Shares(train=shares[0], tune=shares[1], test=shares[2])


def test_a_share_of_nothing_gets_nothing():
    """A split with a share of 0 stays empty."""
    rows = [film(f"{n}.png") for n in range(30)]
    shares = Shares(train=80, tune=20, test=0)
    manifest = split_manifest(collection(*rows), shares=shares, salt="s").manifest
    assert {row.split for row in manifest.rows} == {"train", "tune"}


def test_the_published_split_is_taken_over_with_its_leaks():
    """Published splits stand as they are; films that are broken or without one are named."""
    result = keep_published(
        collection(
            film("a.png", content="x", published_split="train"),
            film("b.png", content="x", published_split="test"),
            film("c.png", published_split="train", has_fracture=False),
            film("d.png", published_split="test", state="truncated", state_reason="ends early"),
            film("e.png"),
        )
    )
    assert splits_of(result.manifest) == {
        "a.png": "train",
        "b.png": "test",
        "c.png": "train",
        "d.png": None,
        "e.png": None,
    }
    assert [film.reason for film in result.set_aside] == [
        "truncated: ends early",
        "the collection does not say in which split it belongs",
    ]
    assert [leak.rule for leak in find_leaks(result.manifest)] == ["copies-across-splits"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([film("a.png")], "splits of its own"),
        ([film("a.png", published_split="train", split="test")], "keep the split"),
        ([film("a.png", published_split="train"), film("b.png")], "with and without"),
    ],
)
def test_a_published_split_that_cannot_serve_is_refused(rows, message):
    """No published split, films placed otherwise, one class only: each is refused by name."""
    with pytest.raises(ManifestFault, match=message):
        keep_published(collection(*rows))


def test_the_description_counts_classes_groups_and_regions():
    """The description counts, per split, films, groups, both classes and each region."""
    train, unplaced = describe_split(
        collection(
            film("a.png", split="train", group="g", body_region=("hand", "leg")),
            film("b.png", split="train", group="g", body_region=("hand",), has_fracture=False),
            film("c.png", state="truncated"),
        )
    )
    assert (train.split, train.n_films, train.n_groups) == ("train", 2, 1)
    assert (train.n_fractured, train.n_not_fractured) == (1, 1)
    assert train.regions == {"hand": 2, "leg": 1}
    assert (unplaced.split, unplaced.n_films) == (None, 1)


def test_a_folder_that_has_grown_keeps_every_place():
    """Imported again with more films, a collection's earlier films stay where they were placed."""
    rows = [film(f"film{number:02}.png", has_fracture=number % 2 == 0) for number in range(60)]
    earlier = split_manifest(collection(*rows[:40]), shares=SHARES, salt="s").manifest
    moved = replace(rows[0], path="renamed.png")
    grown = carry_places(collection(moved, *rows[1:]), earlier)
    now = splits_of(split_manifest(grown, shares=SHARES, salt="s").manifest)
    before = splits_of(earlier)
    assert {path: now[path] for path in before if path in now} == {
        path: split for path, split in before.items() if path in now
    }
    assert now["renamed.png"] == before["film00.png"]
    assert None not in now.values()


def test_a_collection_that_was_never_split_has_no_places_to_carry():
    """Places can only come from a manifest that has some, into one that has none."""
    rows = [film("a.png"), film("b.png", has_fracture=False)]
    with pytest.raises(ManifestFault, match="must have been split"):
        carry_places(collection(*rows), collection(*rows))
    placed = collection(*(replace(row, split="train") for row in rows))
    with pytest.raises(ManifestFault, match="must not be placed yet"):
        carry_places(placed, placed)


def test_a_folder_that_has_grown_is_audited_again_before_it_is_audited():
    """Stamps stay with their bytes; a film that is new has none, and then nothing is certain."""
    rows = [film(f"film{number:02}.png", has_fracture=number % 2 == 0) for number in range(40)]
    earlier = split_manifest(audited(collection(*rows[:30])), shares=SHARES, salt="s").manifest
    same = carry_places(collection(*rows[:30]), earlier)
    assert describe_independence(same.rows).copies_looked_for
    grown = carry_places(collection(*rows), earlier)
    assert describe_independence(grown.rows).n_not_audited == 10
    again = carry_places(audited(collection(*rows)), earlier)
    assert describe_independence(again.rows).copies_looked_for


def test_a_new_copy_of_a_placed_film_follows_it():
    """The place comes from before, the copy from the new audit: both hold."""
    rows = [film(f"film{number:02}.png", has_fracture=number % 2 == 0) for number in range(40)]
    earlier = split_manifest(audited(collection(*rows[:39])), shares=SHARES, salt="s").manifest
    now = audited(collection(*rows), flaw("same-picture", "film00.png", "film39.png"))
    split = split_manifest(carry_places(now, earlier), shares=SHARES, salt="s").manifest
    homes = splits_of(split)
    assert homes["film39.png"] == homes["film00.png"]


def test_a_copy_byte_for_byte_is_counted_once():
    """Films, fractures and groups count different files, and the rest is said beside them."""
    (train,) = describe_split(
        collection(
            film("a.png", split="train", content="x", group="g"),
            film("b.png", split="train", content="x", group="g"),
            film("c.png", split="train", has_fracture=False),
        )
    )
    assert (train.n_films, train.n_fractured, train.n_groups, train.n_copies) == (2, 1, 2, 1)


def test_splits_of_different_prevalence_are_found_with_their_numbers():
    """Twelve points apart is worth a word, and so is the group that made it so; ten is not."""

    def split(n_fractured, *, group=None):
        rows = [
            film(f"{place}{n}.png", split=place, has_fracture=n < fractured, group=group)
            for place, fractured in (("train", 50), ("test", n_fractured))
            for n in range(100)
        ]
        return find_uneven_split(collection(*rows))

    assert split(60) is None
    uneven = split(62)
    assert uneven.difference == pytest.approx(0.12)
    assert [count.split for count in uneven.counts] == ["train", "test"]
    assert (uneven.largest_group, uneven.n_films, uneven.is_of_large_groups) == (1, 200, False)
    assert split(62, group="g").is_of_large_groups
    assert find_uneven_split(collection(film("a.png"))) is None
