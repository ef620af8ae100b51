"""A list of films is read whole, or refused whole; a folder says what was passed over."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import LayoutFault
from osteon.jobs.film_lists import describe_passed_over, gather_films, parse_film_list
from osteon.wording import spell
from tests.dicoms import draw_values, encode_film

NAMES = ["films/a b.png", "films/胸部.dcm", "Füße.jpg", "line\u2028break\u0085\x0b.png"]


def parse(data: bytes) -> list[str]:
    return [str(path) for path in parse_film_list(data, where="here")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-32-le", b"\xff\xfe\0\0"),
    ],
)
def test_a_list_is_read_in_any_unicode(end: str, last: str, encoding: str, mark: bytes):
    """No mark becomes a part of the first name, and only LF and CRLF end one."""
    text = end.join(NAMES) + last
    assert parse(mark + text.encode(encoding)) == NAMES


def test_lists_that_were_put_together_keep_no_marks():
    """`cat a.txt b.txt` leaves a mark in the middle."""
    assert parse("\ufeffa.png\n\n \n\ufeffb.png\n".encode()) == ["a.png", "b.png"]


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has such names")
def test_names_that_are_no_text_find_their_files():
    """On POSIX a name is bytes, and a list of names too."""
    assert os.fsencode(parse(b"\xff\xfd.png\n")[0]) == b"\xff\xfd.png"


def test_names_parted_by_nul_may_hold_line_breaks():
    """As `find -print0` writes them."""
    assert parse(b"a.png\0b\nc.png\0films/d.png\0") == ["a.png", "b\nc.png", "films/d.png"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("a.png\nb.png\n".encode("utf-16-le"), "UTF-16"),
        (b"\xff\xfe" + "a.png".encode("utf-16-le") + b"x", "UTF-16"),
        (b"a.png\rb.png\r", "CR alone"),
        (b"a.png\nb\x00c.png\nd\x01e", "no text"),
        (b"a.png\n\x07\x02\x03\n", "no text"),
        (b"%PDF-1.7\na.png\n", "PDF"),
        (b"\xff\xd8\xff\xe0 a JPEG\n and more\n", "film"),
        (encode_film(draw_values()), "film"),
        (b"PK\x03\x04 and so on\n", "ZIP"),
    ],
)
def test_what_is_no_list_is_refused_whole(data: bytes, found: str):
    """Not one name is taken from a film on a pipe, nor from a list that cannot be understood."""
    with pytest.raises(LayoutFault, match=found) as caught:
        parse(data)
    assert str(caught.value).startswith("here: must")


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs", "Cc"])).map(
            lambda name: f"f/{name}"
        )
    )
)
def test_every_name_comes_back(names: list[str]):
    """Whatever it holds but the end of a line."""
    assert parse("\n".join(names).encode()) == [str(Path(name)) for name in names]


def put(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"film")
    return root


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_a_folder_says_what_it_passed_over(tmp_path: Path):
    """Films behind links are found; links that lead nowhere, and other files, are told."""
    put(tmp_path, "in/b.jpg", "in/a/c.jpg", "in/x.txt", "in/README", "store/d.jpg", "store/y.txt")
    (tmp_path / "in" / "z").symlink_to("../store")
    (tmp_path / "in" / "gone").symlink_to("nowhere")
    (tmp_path / "in" / "DICOMDIR").write_bytes(encode_film(draw_values()))
    found = gather_films([tmp_path / "in"])
    films = [path.relative_to(tmp_path / "in").as_posix() for path in found.films]
    assert films == ["b.jpg", "a/c.jpg", "z/d.jpg"]
    assert found.other_endings == {".txt": 2, "": 1}
    assert {Path(one.path).name: one.reason for one in found.passed_over} == {
        "gone": "a link that leads nowhere",
        "DICOMDIR": "a DICOMDIR, the index of a disc",
    }
    assert describe_passed_over(found).startswith("3 other files, a")


def test_a_report_among_films_is_read_and_so_named(tmp_path: Path):
    """DICOM without a picture is not passed over: its reading says what it is."""
    report = encode_film(draw_values(), SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33")
    (tmp_path / "SR1").write_bytes(report)
    assert gather_films([tmp_path]).films == (tmp_path / "SR1",)


@pytest.mark.parametrize("name", ["a" * 5000 + ".jpg", "a\0b.jpg", "gone.jpg"])
def test_a_name_that_no_file_has_is_a_film_that_is_not_read(name: str):
    """It stops nothing: its reading says so."""
    assert gather_films([Path(name)]).films == (Path(name),)


@pytest.mark.skipif(os.name == "nt", reason="only POSIX has such names")
@pytest.mark.parametrize("name", [b"\xff\xfe.png", b"a\x1b[2J\n.png", "\u202e胸.png".encode()])
def test_a_film_is_found_by_the_name_that_its_reading_has(tmp_path: Path, name: bytes):
    """What a table shows escaped can be given back."""
    path = tmp_path / os.fsdecode(name)
    try:
        path.write_bytes(b"film")
    except OSError:
        pytest.skip("this file system keeps UTF-8 names only")
    assert gather_films([Path(spell(path))]).films == (path,)


def test_a_name_that_looks_escaped_is_itself_where_there_is_such_a_file(tmp_path: Path):
    """Escapes are understood only where nothing is called so."""
    put(tmp_path, "a\\x41.png", "aA.png")
    assert gather_films([tmp_path / "a\\x41.png"]).films == (tmp_path / "a\\x41.png",)
