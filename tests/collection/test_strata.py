"""Strata: groups are placed by what is missing."""

from typing import Any

from tests.rows import film

from osteon.collection.strata import Shares, place_groups
from osteon.terms import ManifestRow


def grouped(path: str, **facts: Any) -> ManifestRow:
    return film(path, **({"group": path} | facts))


def test_new_groups_fill_what_the_placed_ones_left_missing():
    """With 10 placed in train and equal shares wanted, 10 new groups all go to test."""
    rows = [grouped(f"{n}", split="train") for n in range(10)] + [
        grouped(f"n{n}") for n in range(10)
    ]
    homes = place_groups(rows, shares=Shares(train=50, tune=0, test=50), salt="s")
    assert {homes[f"n{n}"] for n in range(10)} == {"test"}
    assert {homes[f"{n}"] for n in range(10)} == {"train"}


def test_shares_count_films_and_not_groups():
    """A group of 30 films fills train; the 30 single films beside it go to test."""
    rows = [grouped(f"{n}", group="big", split="train") for n in range(30)]
    rows += [grouped(f"n{n}") for n in range(30)]
    homes = place_groups(rows, shares=Shares(train=50, tune=0, test=50), salt="s")
    assert sum(home == "test" for home in homes.values()) == 30


def test_a_group_of_both_labels_counts_as_fractured():
    """A patient with one fractured film is shared out among the fractured."""
    rows = [
        grouped(f"{n}{side}", group=f"{n}", has_fracture=side == "a")
        for n in range(20)
        for side in "ab"
    ]
    rows += [grouped(f"x{n}", has_fracture=False) for n in range(20)]
    homes = place_groups(rows, shares=Shares(train=50, tune=0, test=50), salt="s")
    assert sum(homes[f"{n}"] == "train" for n in range(20)) == 10
    assert sum(homes[f"x{n}"] == "train" for n in range(20)) == 10
