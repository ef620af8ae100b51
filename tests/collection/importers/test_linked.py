"""A film that links reach by several paths has one path, and a label only if they agree."""

import os
from pathlib import Path

import pytest

from osteon.collection.importers import find_films
from osteon.errors import AmbiguousLayout

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")

HEADER = "image_id,hand,fractured"


def put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"film")
    return root


def labels(root: Path) -> dict[str, bool]:
    return {film.path: film.has_fracture for film in find_films(root).films}


def test_class_folders_may_be_links(tmp_path: Path):
    """The class itself, a folder in it, or the collection's root; the label is the link's name."""
    put(tmp_path, "store/f/1.jpg", "store/n/2.jpg", "c/normal/3.jpg", "store/more/4.jpg")
    (tmp_path / "c" / "fractured").symlink_to(tmp_path / "store" / "f")
    (tmp_path / "c" / "normal" / "x").symlink_to("../../store/n")
    (tmp_path / "store" / "f" / "y").symlink_to(tmp_path / "store" / "more")
    (tmp_path / "link").symlink_to("c")
    expected = {
        "fractured/1.jpg": True,
        "fractured/y/4.jpg": True,
        "normal/3.jpg": False,
        "normal/x/2.jpg": False,
    }
    assert labels(tmp_path / "c") == labels(tmp_path / "link") == expected


def test_a_store_inside_the_collection_is_labelled_by_the_links_to_it(tmp_path: Path):
    """`fractured` is a link to `store/a`, which says nothing itself."""
    put(tmp_path, "store/a/1.jpg", "store/b/2.jpg")
    (tmp_path / "fractured").symlink_to("store/a")
    (tmp_path / "normal").symlink_to("store/b")
    assert labels(tmp_path) == {"fractured/1.jpg": True, "normal/2.jpg": False}
    assert find_films(tmp_path).passed_over == ()


@pytest.mark.parametrize("place", ["store", "normal/sub"])
def test_one_folder_under_both_labels_is_refused(tmp_path: Path, place: str):
    """Two links, or a link and the films' own folder: nobody guesses which holds."""
    put(tmp_path, "fractured/0.jpg", "normal/sub/1.jpg", "store/2.jpg")
    target = f"../{place}"
    if place == "store":
        (tmp_path / "normal" / "all").symlink_to("../store")
    (tmp_path / "fractured" / "all").symlink_to(target)
    with pytest.raises(AmbiguousLayout, match=r"(fractured|normal)/all"):
        find_films(tmp_path)


def test_a_wrapper_that_holds_a_class_of_the_other_kind_is_refused(tmp_path: Path):
    """A link named `fractured` to a folder in which there is a `normal`."""
    put(tmp_path, "store/normal/1.jpg", "store/2.jpg", "fractured/0.jpg")
    (tmp_path / "fractured" / "all").symlink_to("../store")
    with pytest.raises(AmbiguousLayout, match="fractured/all"):
        find_films(tmp_path)


def test_a_loop_labels_nothing(tmp_path: Path):
    """A link back to the collection from a class folder makes no fractures of normal films."""
    put(tmp_path, "fractured/0.jpg", "normal/1.jpg", "cover.jpg")
    (tmp_path / "fractured" / "loop").symlink_to("..")
    assert labels(tmp_path) == {"fractured/0.jpg": True, "normal/1.jpg": False}
    listing = find_films(tmp_path)
    assert [film.path for film in listing.set_aside] == ["cover.jpg"]
    assert [one.path for one in listing.passed_over] == ["fractured/loop"]


def test_a_table_may_name_films_by_the_path_of_a_link(tmp_path: Path):
    """Films that are listed by either path are not called unlisted."""
    put(tmp_path, "store/1.jpg", "store/2.jpg")
    (tmp_path / "link").symlink_to("store")
    (tmp_path / "labels.csv").write_text("path,fractured\nlink/1.jpg,1\nstore/2.jpg,0\n")
    listing = find_films(tmp_path)
    assert labels(tmp_path) == {"link/1.jpg": True, "store/2.jpg": False}
    assert listing.set_aside == ()


def test_fracatlas_may_be_made_of_links(tmp_path: Path):
    """Its class folders, a part of one, and its papers."""
    put(tmp_path, "store/f/1.jpg", "store/n/2.jpg", "store/g/3.jpg")
    home = tmp_path / "atlas"
    (home / "images" / "Fractured").mkdir(parents=True)
    (home / "images" / "Fractured" / "more").symlink_to(tmp_path / "store" / "f")
    (home / "images" / "Non_fractured").symlink_to(tmp_path / "store" / "n")
    (home / "images" / "Fractured" / "yet").symlink_to(tmp_path / "store" / "g")
    (home / "dataset.csv").write_text(f"{HEADER}\n1.jpg,1,1\n2.jpg,0,0\n3.jpg,1,1\n")
    films = {film.path: film for film in find_films(home).films}
    assert {path: film.has_fracture for path, film in films.items()} == {
        "images/Fractured/more/1.jpg": True,
        "images/Fractured/yet/3.jpg": True,
        "images/Non_fractured/2.jpg": False,
    }
    assert all(film.has_fracture_in_table is film.has_fracture for film in films.values())
