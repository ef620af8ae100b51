"""The label of a film is the name of its folder."""

from pathlib import Path

import pytest

from osteon.collection.importers import find_films
from osteon.errors import AmbiguousLayout, UnknownClassFolder


def put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"film")
    return root


def labels(root: Path, **names: list[str]) -> dict[str, bool]:
    return {film.path: film.has_fracture for film in find_films(root, **names).films}


def test_wrappers_and_published_splits(tmp_path: Path):
    """Any wrapper folders may stand above; train, val and test are the collection's own split."""
    top = "1/archive (6)"
    put(
        tmp_path,
        f"{top}/train/fractured/1.jpg",
        f"{top}/train/not fractured/1.jpg",
        f"{top}/valid/fractured/wrist/2.png",
        f"{top}/test/not fractured/3.jpg",
        f"{top}/train/fractured/desktop.ini",
        f"{top}/read me.txt",
    )
    listing = find_films(tmp_path)
    assert {film.path: (film.has_fracture, film.published_split) for film in listing.films} == {
        f"{top}/test/not fractured/3.jpg": (False, "test"),
        f"{top}/train/fractured/1.jpg": (True, "train"),
        f"{top}/train/not fractured/1.jpg": (False, "train"),
        f"{top}/valid/fractured/wrist/2.png": (True, "tune"),
    }
    assert listing.n_other_files == 1
    assert listing.layout == "class folders"
    assert listing.collection == tmp_path.name


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("fractured", "not fractured"),
        ("Fractured", "Non_fractured"),
        ("9 broken bones", "0 healthy"),
        ("positive", "negative"),
    ],
)
def test_the_order_of_the_folders_cannot_turn_the_labels_round(tmp_path: Path, yes: str, no: str):
    """Whichever class sorts first, its films keep its meaning (the first seed lost this)."""
    put(tmp_path, f"{yes}/1.jpg", f"{no}/1.jpg")
    assert labels(tmp_path) == {f"{yes}/1.jpg": True, f"{no}/1.jpg": False}


@pytest.mark.parametrize(("yes", "no"), [("a", "b"), ("b", "a")])
def test_named_classes_hold_in_either_order(tmp_path: Path, yes: str, no: str):
    """Folders that say nothing are understood as the person names them."""
    put(tmp_path, "a/1.jpg", "b/1.jpg")
    named = labels(tmp_path, positive=[yes], negative=[no])
    assert named == {f"{yes}/1.jpg": True, f"{no}/1.jpg": False}


def test_an_unknown_class_folder_is_refused_with_both_options(tmp_path: Path):
    """Nobody guesses what `abnormal` means: the person says it."""
    put(tmp_path, "train/abnormal/1.jpg", "train/normal/1.jpg")
    with pytest.raises(UnknownClassFolder, match="abnormal") as caught:
        find_films(tmp_path)
    assert '--positive "abnormal"' in caught.value.advice
    assert '--negative "abnormal"' in caught.value.advice
    assert labels(tmp_path, positive=["Abnormal"])["train/abnormal/1.jpg"] is True


def test_a_third_folder_inside_a_wrapper_named_like_a_class_is_unknown(tmp_path: Path):
    """`fractures/uninjured` is not a fracture because the collection is called fractures."""
    put(
        tmp_path, "fractures/fractured/1.jpg", "fractures/normal/1.jpg", "fractures/uninjured/1.jpg"
    )
    with pytest.raises(UnknownClassFolder, match="uninjured"):
        find_films(tmp_path)


def test_one_class_inside_the_other_is_ambiguous(tmp_path: Path):
    """`fractured/normal` says two things; a wrapper that holds both classes says none."""
    put(tmp_path, "fractured/normal/1.jpg", "normal/1.jpg")
    with pytest.raises(AmbiguousLayout, match="fractured/normal"):
        find_films(tmp_path)
    put(tmp_path, "fractured/fractured/1.jpg")
    assert labels(tmp_path)["fractured/normal/1.jpg"] is False


def test_films_without_a_folder_are_refused(tmp_path: Path):
    """Films that lie loose have no label."""
    put(tmp_path, "1.jpg", "2.jpg")
    with pytest.raises(UnknownClassFolder, match=r"labels\.csv"):
        find_films(tmp_path)


def test_a_film_beside_the_class_folders_is_set_aside(tmp_path: Path):
    """A picture on the cover is no film of either class; it is counted and named."""
    put(tmp_path, "fractured/1.jpg", "normal/1.jpg", "cover.jpg")
    listing = find_films(tmp_path)
    assert [film.path for film in listing.set_aside] == ["cover.jpg"]
    assert len(listing.films) == 2


def test_a_name_that_no_folder_has_is_refused(tmp_path: Path):
    """A slip of the pen in --positive is not passed over."""
    put(tmp_path, "fractured/1.jpg", "normal/1.jpg")
    with pytest.raises(UnknownClassFolder, match='--positive "fracktured"'):
        find_films(tmp_path, positive=["fracktured"])
