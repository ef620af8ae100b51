"""Looking for films neither hangs, nor stops, nor loses one without a word."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from osteon.collection.importers.listing import ListedFilm, check_classes, find_files
from osteon.errors import FolderNotFound, OneClassOnly
from osteon.terms import ManifestRow


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"film")


def test_what_a_layout_says_of_a_film_is_what_the_manifest_holds():
    """A layout's record has the manifest's own names, types and defaults, and relative shapes."""
    row = {field.name: (field.type, field.default) for field in fields(ManifestRow)}
    for field in fields(ListedFilm):
        assert row[field.name.removeprefix("relative_")] == (field.type, field.default)


def test_films_are_found_by_their_endings_in_any_script(tmp_path: Path):
    """Spaces, newlines and any script may stand in a name; upper-case endings count."""
    names = ["a b.JPG", "рука/骨折.png", "x\ny.tiff", "c.jpeg"]
    put(tmp_path, *names, "notes.txt", "film")
    contents = find_files(tmp_path)
    assert contents.films == tuple(sorted(names))
    assert contents.others == ("film", "notes.txt")


def test_litter_of_systems_is_neither_film_nor_file(tmp_path: Path):
    """Hidden files and what Windows and macOS leave behind do not count."""
    put(tmp_path, "a.jpg", "._a.jpg", ".git/b.jpg", "desktop.ini", "Thumbs.db", "__MACOSX/a.jpg")
    contents = find_files(tmp_path)
    assert contents.films == ("a.jpg",)
    assert contents.others == ()


def test_links_that_loop_do_not_hang(tmp_path: Path):
    """A link to a folder that is listed is named, not entered; a link to a film is that film."""
    put(tmp_path, "films/a.jpg")
    (tmp_path / "films" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "films" / "b.jpg").symlink_to(tmp_path / "films" / "a.jpg")
    (tmp_path / "films" / "self.jpg").symlink_to(tmp_path / "films" / "self.jpg")
    (tmp_path / "films" / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    contents = find_files(tmp_path)
    assert contents.films == ("films/a.jpg", "films/b.jpg")
    assert [(one.path, one.reason) for one in contents.passed_over] == [
        ("films/gone.jpg", "a link that leads nowhere"),
        ("films/loop", "a link to this folder, listed there"),
        ("films/self.jpg", "a link that leads back to itself"),
    ]


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has such names")
def test_a_name_no_manifest_can_hold_is_set_aside(tmp_path: Path):
    """A name that is not UTF-8, or that Windows reads otherwise, is named with its bytes."""
    put(tmp_path, "a.jpg", "x\\y.jpg")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")).write_bytes(b"film")
    except OSError:
        pytest.skip("this file system keeps UTF-8 names only")
    contents = find_files(tmp_path)
    assert contents.films == ("a.jpg",)
    assert [film.path for film in contents.set_aside] == ["\\udcff.jpg", "x\\y.jpg"]


def test_no_such_folder(tmp_path: Path):
    """A missing folder, or a film given as one, is named."""
    put(tmp_path, "a.jpg")
    for path in (tmp_path / "none", tmp_path / "a.jpg"):
        with pytest.raises(FolderNotFound, match=path.name):
            find_files(path)


def test_one_class_teaches_nothing():
    """A collection of fractures alone is refused, and counted."""
    film = ListedFilm(path="a", has_fracture=True)
    with pytest.raises(OneClassOnly, match="2 films, all fractured"):
        check_classes([film, film], where="here")
