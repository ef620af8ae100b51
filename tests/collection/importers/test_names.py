"""Names mean what their whole says, wherever they stand in the alphabet."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.collection.importers.names import (
    ClassNames,
    build_class_names,
    find_class_folder,
    find_label,
    find_published_split,
    parse_split,
)
from osteon.errors import SettingsFault

FRACTURED = ["fractured", "Fracture", "FRACTURES", "1_fractured", "with-fracture", "positive"]
NOT_FRACTURED = [
    "not fractured",
    "not_fractured",
    "Non_fractured",
    "non-fractured",
    "NotFractured",
    "unfractured",
    "no fracture",
    "No_Fractures",
    "0 normal",
    "Normal",
    "healthy",
    "negative",
    "not broken",
]
NEITHER = ["abnormal", "wrist", "archive (6)", "1", "", "fracture dataset", "maybe fractured"]


@pytest.mark.parametrize("name", FRACTURED)
def test_names_of_fractures(name: str):
    """These folders hold films with a fracture."""
    assert ClassNames().meaning(name) is True


@pytest.mark.parametrize("name", NOT_FRACTURED)
def test_names_of_no_fracture(name: str):
    """These hold films without, though most contain the word "fractured"."""
    assert ClassNames().meaning(name) is False


@pytest.mark.parametrize("name", NEITHER)
def test_other_names_mean_nothing(name: str):
    """An abnormal bone need not be broken, so the person must say what it means."""
    assert ClassNames().meaning(name) is None


@pytest.mark.parametrize("positive", ["Bruch", "骨折", "+", "A"])
def test_a_name_the_person_gives_holds_before_the_words(positive: str):
    """Any script and any sign may name a class, in upper or lower case."""
    names = ClassNames(positive=(positive,), negative=("-", "fracture"))
    assert names.meaning(positive.lower()) is True
    assert names.meaning("-") is False
    assert names.meaning("Fracture") is False


def test_one_name_for_both_classes_is_refused():
    """A class cannot be its own opposite."""
    with pytest.raises(SettingsFault, match="must name different classes"):
        build_class_names(["Wrist A"], ["wrist_a"])


@given(st.permutations(["a", "b", "c"]), st.sampled_from(FRACTURED), st.sampled_from(NOT_FRACTURED))
def test_no_order_turns_the_classes_round(prefixes: list[str], yes: str, no: str):
    """Wrappers may sort before or after: each class keeps its meaning."""
    for first, second in itertools.permutations(prefixes, 2):
        assert find_label(f"{first}/{yes}", ClassNames()) is True
        assert find_label(f"{second}/{no}", ClassNames()) is False


def test_the_innermost_class_folder_holds():
    """A wrapper's name gives way to the folder inside it; below a class anything may follow."""
    assert find_class_folder("fractures/train/normal/wrist/7", ClassNames()) == (
        "fractures/train/normal"
    )
    assert find_label("fractures/train/normal/wrist/7", ClassNames()) is False
    assert find_label("", ClassNames()) is None


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Val", "tune"),
        ("valid", "tune"),
        ("validation", "tune"),
        ("TEST", "test"),
        ("tests", None),
        ("", None),
    ],
)
def test_split_names(name: str, split: str | None):
    """A collection's val is our tune."""
    assert parse_split(name) == split
    assert find_published_split(f"1/{name}/fractured") == split
