"""The layout is found by itself, and two that fit are refused."""

from pathlib import Path

import pytest

from osteon.collection.importers import find_films
from osteon.errors import FolderNotFound, LayoutFault, NoFilms, OneClassOnly


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"film")


def test_no_such_folder(tmp_path: Path):
    """A path that is not there is named."""
    with pytest.raises(FolderNotFound, match="none"):
        find_films(tmp_path / "none")


def test_no_films(tmp_path: Path):
    """A folder without films is refused, empty or not."""
    with pytest.raises(NoFilms):
        find_films(tmp_path)
    put(tmp_path, "fractured/a.txt")
    with pytest.raises(NoFilms, match="1 other files"):
        find_films(tmp_path)


def test_one_class(tmp_path: Path):
    """Films of one class are refused."""
    put(tmp_path, "not fractured/a.png", "not fractured/b.png")
    with pytest.raises(OneClassOnly, match="2 films, all not fractured"):
        find_films(tmp_path)


def test_films_without_a_table_is_refused(tmp_path: Path):
    """`--films` says that a table holds; there must be exactly one."""
    put(tmp_path, "fractured/a.png", "normal/b.png")
    with pytest.raises(LayoutFault, match=r"must hold one labels\.csv"):
        find_films(tmp_path, films=tmp_path)
    put(tmp_path, "labels.csv", "more/labels.csv")
    with pytest.raises(LayoutFault, match="Name the table itself"):
        find_films(tmp_path, films=tmp_path)


@pytest.mark.shared
def test_the_real_multiregion_collection(shared: Path):
    """10,580 films in class folders; the six desktop.ini are nobody's films."""
    listing = find_films(shared / "multiregion")
    assert listing.layout == "class folders"
    assert len(listing.films) == 10_580
    assert sum(film.has_fracture for film in listing.films) == 5_180
    assert listing.n_other_files == 0
