"""A paper's name finds the one film that is meant, and never one of two."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.collection.importers.matching import FilmNames

NFC, NFD = "Füße.jpg", unicodedata.normalize("NFD", "Füße.jpg")


@pytest.mark.parametrize("here", [NFC, NFD])
@pytest.mark.parametrize("asked", [NFC, NFD])
def test_one_name_in_two_unicode_forms_is_one_film(here: str, asked: str):
    """A Mac decomposes what a table composes, in names of folders too."""
    films = FilmNames([f"{here[:-4]}/{here}"])
    assert films.find_path(f"{asked[:-4]}/{asked}") == (f"{here[:-4]}/{here}",)
    assert films.find_name(asked) == films.find_stem(asked[:-4]) == (f"{here[:-4]}/{here}",)


def test_two_films_that_differ_in_form_only_are_two():
    """Each is found by its own form; a third form could be either, and is neither."""
    films = FilmNames([NFC, NFD, "é\u0323.jpg", "e\u0323\u0301.jpg"])
    assert films.find_path(NFC) == films.find_name(NFC) == (NFC,)
    assert films.find_path(NFD) == films.find_name(NFD) == (NFD,)
    assert len(films.find_path("e\u0301\u0323.jpg")) == 2


@pytest.mark.parametrize(
    "asked",
    [
        "1 ö.jpg",
        "images\\1 ö.jpg",
        "C:\\data\\images\\1 ö.jpg",
        "/srv/films/train/1 ö.jpg",
        "images/1%20%C3%B6.jpg",
        "/data/local-files/?d=some/where/1%20%C3%B6.jpg",
        "https://host:8080/data/upload/3/1%20%C3%B6.jpg?token=a/b#top",
        "images\\0a1b2c3d-1 ö.jpg",
    ],
)
def test_programs_write_paths_their_own_way(asked: str):
    """Backslashes, addresses and an upload's prefix lead to the film's last part."""
    films = FilmNames(["images/Fractured/1 ö.jpg", "images/Fractured/2.jpg"])
    assert films.find_name(asked) == ("images/Fractured/1 ö.jpg",)


def test_a_name_as_it_is_written_comes_before_what_it_may_have_been():
    """A film that is really called `a%20b.jpg` is found by this name."""
    films = FilmNames(["a%20b.jpg", "a b.jpg", "0a1b2c3d-1.jpg", "1.jpg"])
    assert films.find_name("a%20b.jpg") == ("a%20b.jpg",)
    assert films.find_name("0a1b2c3d-1.jpg") == ("0a1b2c3d-1.jpg",)


def test_folders_decide_between_films_of_one_name():
    """As many last parts as fit; where they fit equally well, both are returned."""
    films = FilmNames(["images/Fractured/1.jpg", "images/Non_fractured/1.jpg"])
    assert films.find_name("x/Fractured/1.jpg") == ("images/Fractured/1.jpg",)
    assert films.find_name("Non_fractured\\1.jpg") == ("images/Non_fractured/1.jpg",)
    assert len(films.find_name("1.jpg")) == len(films.find_name("x/1.jpg")) == 2
    assert films.find_name("2.jpg") == films.find_name("") == films.find_name("/") == ()


def test_a_stem_finds_every_ending():
    """A YOLO file says nothing of its film's ending."""
    films = FilmNames(["a/1.jpg", "b/2.jpg", "b/2.png", "c/.hidden", "IM0001"])
    assert films.find_stem("1") == ("a/1.jpg",)
    assert len(films.find_stem("2")) == 2
    assert films.find_stem("IM0001") == ("IM0001",)


@given(st.lists(st.text(min_size=1).filter(lambda name: "/" not in name), unique=True))
def test_every_film_is_found_by_its_own_path(names: list[str]):
    """Whatever other films are called."""
    films = FilmNames(names)
    assert all(films.find_path(name) == (name,) for name in names)
