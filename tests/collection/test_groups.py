"""Groups: which films are tied together, and what they are called."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rows import collection, film

from osteon.collection.groups import fill_groups, find_tying_films
from osteon.collection.manifest import Manifest
from osteon.errors import SettingsFault


def groups_of(manifest: Manifest) -> dict[str, str | None]:
    return {row.path: row.group for row in manifest.rows}


def test_a_film_alone_is_a_group_named_after_it():
    """A film without relatives is a group of its own, named after its film id."""
    (row,) = fill_groups(collection(film("a.png"))).rows
    assert row.group == f"g-{row.film_id}"


def test_copies_and_one_patients_films_chain_into_one_group():
    """A copy of a patient's film belongs with all of that patient's films."""
    groups = groups_of(
        fill_groups(
            collection(
                film("a.png", patient_key="p1"),
                film("b.png", patient_key="p1", content="wrist"),
                film("c.png", content="wrist"),
                film("d.png", patient_key="p2"),
            )
        )
    )
    assert groups["a.png"] == groups["b.png"] == groups["c.png"]
    assert groups["d.png"] != groups["a.png"]


def test_a_group_keeps_its_name_when_films_are_added():
    """A group that exists keeps its name, even where a new film has a smaller film id."""
    old = fill_groups(collection(film("a.png", patient_key="p")))
    name = old.rows[0].group
    for number in range(20):
        added = film(f"new{number}.png", patient_key="p")
        grown = fill_groups(Manifest(rows=(*old.rows, added), root=old.root))
        assert {row.group for row in grown.rows} == {name}


def test_unreadable_films_tie_nobody():
    """Two patients' empty files are identical and hold no picture: the patients stay apart."""
    groups = groups_of(
        fill_groups(
            collection(
                film("a.png", patient_key="p1"),
                film("a0.png", patient_key="p1", content="empty", state="unreadable"),
                film("b.png", patient_key="p2"),
                film("b0.png", patient_key="p2", content="empty", state="unreadable"),
            )
        )
    )
    assert groups["a.png"] != groups["b.png"]
    assert groups["a0.png"] is None


def test_a_pattern_ties_films_in_whose_names_it_finds_one_text():
    """What the brackets hold names the picture: here a number within its class folder."""
    numbered = re.compile(r"([^/]+/\d+)-turned")
    groups = groups_of(
        fill_groups(
            collection(
                film("train/broken/12-turned1.jpg"),
                film("test/broken/12-turned2.jpg"),
                film("train/whole/12-turned1.jpg"),
                film("train/broken/112-turned1.jpg"),
                film("train/broken/12.jpg"),
            ),
            same_picture=numbered,
        )
    )
    assert len(set(groups.values())) == 4
    assert groups["train/broken/12-turned1.jpg"] == groups["test/broken/12-turned2.jpg"]


def test_a_pattern_without_brackets_is_refused():
    """A pattern that cannot name a picture is refused, and the message shows it."""
    with pytest.raises(SettingsFault, match="one group in brackets"):
        fill_groups(collection(film("a.png")), same_picture=re.compile("rotated"))


def test_a_film_that_ties_two_splits_is_found_and_joins_neither():
    """A copy of a training film that shows a test patient ties the two, and keeps no group."""
    manifest = fill_groups(
        collection(
            film("a.png", content="wrist", split="train"),
            film("b.png", patient_key="p", split="test"),
        )
    )
    tie = film("tie.png", content="wrist", patient_key="p")
    fine = film("fine.png", patient_key="p")
    grown = Manifest(rows=(*manifest.rows, tie, fine), root=manifest.root)
    assert find_tying_films(grown) == {"tie.png": ("train", "test")}
    groups = groups_of(fill_groups(grown))
    assert groups["tie.png"] is None
    assert groups["fine.png"] == groups["b.png"] != groups["a.png"]


def test_a_chain_of_new_films_ties_as_one_does():
    """Where only two new films together join two splits, both are found."""
    manifest = collection(
        film("a.png", content="wrist", split="train"),
        film("b.png", patient_key="p", split="tune"),
        film("one.png", content="wrist", patient_key="q"),
        film("two.png", content="hand", patient_key="q"),
        film("three.png", content="hand", patient_key="p"),
    )
    assert find_tying_films(manifest) == dict.fromkeys(
        ["one.png", "two.png", "three.png"], ("train", "tune")
    )


def test_a_collection_without_films_has_no_groups():
    """An empty manifest stays empty."""
    assert fill_groups(collection()).rows == ()


@given(
    st.lists(st.tuples(st.integers(0, 6), st.sampled_from([None, "p1", "p2", "p3"])), max_size=25)
)
def test_groups_are_the_connected_components(facts):
    """Two films share a group exactly where a walk over shared files and patients joins them."""
    rows = [
        film(f"{index:02}.png", content=str(content), patient_key=patient)
        for index, (content, patient) in enumerate(facts)
    ]
    reached = {row.path: {row.path} for row in rows}
    for _ in rows:
        for one in rows:
            for other in rows:
                if one.sha256 == other.sha256 or (
                    one.patient_key is not None and one.patient_key == other.patient_key
                ):
                    reached[one.path] |= reached[other.path]
    groups = groups_of(fill_groups(collection(*rows)))
    for one in rows:
        assert reached[one.path] == {p for p, name in groups.items() if name == groups[one.path]}
    again = fill_groups(fill_groups(collection(*rows)))
    assert groups_of(again) == groups
