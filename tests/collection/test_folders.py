"""A walk through a folder follows links once, and loses nothing without a word."""

import os
from pathlib import Path

import pytest

from osteon.collection.folders import count_endings, walk_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")


def put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"film")
    return root


def link(path: Path, target: Path | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def reasons(root: Path) -> dict[str, str]:
    return {one.path: one.reason for one in walk_folder(root).passed_over}


def test_films_behind_a_link_are_found(tmp_path: Path):
    """A folder may lie elsewhere, a link may lead to a link, and a class may be one altogether."""
    put(tmp_path, "store/a/1.jpg", "store/a/deep/2.jpg", "other/3.jpg", "root/own.jpg")
    link(tmp_path / "root" / "more", "../store/a")
    link(tmp_path / "store" / "a" / "further", tmp_path / "other")
    contents = walk_folder(tmp_path / "root")
    assert contents.films == ("more/1.jpg", "more/deep/2.jpg", "more/further/3.jpg", "own.jpg")
    assert contents.passed_over == ()


def test_two_links_to_one_folder_list_its_films_once(tmp_path: Path):
    """The second link is named, with the place where the films are listed."""
    put(tmp_path, "store/1.jpg")
    (tmp_path / "root").mkdir()
    link(tmp_path / "root" / "b", tmp_path / "store")
    link(tmp_path / "root" / "a", tmp_path / "store")
    contents = walk_folder(tmp_path / "root")
    assert contents.films == ("a/1.jpg",)
    assert reasons(tmp_path / "root") == {"b": "a link to a, listed there"}
    assert [(one.path, one.first) for one in contents.repeats] == [("b", "a")]


def test_a_real_folder_comes_before_a_link_to_it(tmp_path: Path):
    """A film is known by its own place, whichever name sorts first."""
    put(tmp_path, "z/1.jpg")
    link(tmp_path / "a", tmp_path / "z")
    assert walk_folder(tmp_path).films == ("z/1.jpg",)
    assert reasons(tmp_path) == {"a": "a link to z, listed there"}


def test_links_into_one_another_are_entered_once(tmp_path: Path):
    """A link to a part of what another link leads to lists no film twice."""
    put(tmp_path, "store/part/1.jpg", "store/2.jpg")
    (tmp_path / "root").mkdir()
    link(tmp_path / "root" / "a", tmp_path / "store" / "part")
    link(tmp_path / "root" / "b", tmp_path / "store")
    assert walk_folder(tmp_path / "root").films == ("a/1.jpg", "b/2.jpg")
    assert reasons(tmp_path / "root") == {"b/part": "a link to a, listed there"}


@pytest.mark.parametrize("target", [".", "..", "../..", "loop"])
def test_loops_end(tmp_path: Path, target: str):
    """A link to itself, to its folder, or above the collection is named and not followed."""
    put(tmp_path, "up/root/1.jpg", "up/stranger.jpg")
    link(tmp_path / "up" / "root" / "loop", target)
    assert walk_folder(tmp_path / "up" / "root").films == ("1.jpg",)
    assert list(reasons(tmp_path / "up" / "root")) == ["loop"]


def test_links_that_lead_nowhere_are_named(tmp_path: Path):
    """Behind a broken link there was something once: it is no `other file`."""
    link(tmp_path / "gone", "nowhere")
    link(tmp_path / "gone.jpg", tmp_path / "nowhere.jpg")
    assert reasons(tmp_path) == dict.fromkeys(["gone", "gone.jpg"], "a link that leads nowhere")


def test_a_locked_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Films in a folder without permission are not lost in silence; the others are found."""
    put(tmp_path, "locked/1.jpg", "open/2.jpg")
    scan = os.scandir

    def scan_unless_locked(folder):
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scan_unless_locked)
    assert walk_folder(tmp_path).films == ("open/2.jpg",)
    assert reasons(tmp_path) == {"locked": "a folder that cannot be opened: no permission"}


def test_a_locked_file_is_a_film_by_its_name_or_named(tmp_path: Path, monkeypatch):
    """What a file without an ending holds is not known where it cannot be opened."""
    put(tmp_path, "IM0001", "1.dcm")

    def refuse(self, *_: object):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    assert walk_folder(tmp_path).films == ("1.dcm",)
    assert reasons(tmp_path) == {"IM0001": "a file that cannot be opened: no permission"}


def test_a_pipe_is_named_and_not_opened(tmp_path: Path):
    """It could keep its reader waiting for ever, also under a film's name."""
    put(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "b.jpg")
    assert walk_folder(tmp_path).films == ("a.jpg",)
    assert reasons(tmp_path) == {"b.jpg": "a pipe, a socket or a device"}


def test_litter_is_not_named(tmp_path: Path):
    """What systems leave behind is nobody's film."""
    put(tmp_path, "a.jpg", ".DS_Store", "Thumbs.db", "._a.jpg", "$RECYCLE.BIN/b.jpg", ".x/c.jpg")
    contents = walk_folder(tmp_path)
    assert (contents.films, contents.others, contents.passed_over) == (("a.jpg",), (), ())


def test_endings_are_counted_the_commonest_first():
    """A person sees at a glance what kinds of files were left out."""
    paths = ["a.csv", "b.TXT", "x/c.txt", "x.y/README", "d.csv", "e.txt"]
    assert list(count_endings(paths).items()) == [(".txt", 3), (".csv", 2), ("", 1)]
