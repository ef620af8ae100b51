"""What Excel and scripts make of a table is read; what they have destroyed is refused by name."""

import unicodedata
from pathlib import Path

import pytest

from osteon.collection.importers import find_films
from osteon.collection.importers.listing import ListedFilm
from osteon.errors import LayoutFault

FILMS = ("a.png", "b.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two films."""
    for name in FILMS:
        (tmp_path / name).write_bytes(b"film")
    return tmp_path


def read(folder: Path, table: str | bytes, *, name: str = "t.csv") -> dict[str, ListedFilm]:
    data = table.encode() if isinstance(table, str) else table
    (folder / name).write_bytes(data)
    return {film.path: film for film in find_films(folder / name).films}


PLAIN = "path;has_fracture;age\na.png;1;45,5\nb.png;0;7\n"


@pytest.mark.parametrize(
    "table",
    [
        PLAIN,
        PLAIN.replace(";", "\t"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        f"sep=;\r\n{PLAIN}",
        f'"sep=;"\n{PLAIN}',
        f"\ufeffsep=;\n{PLAIN}",
        "sep=\t\n" + PLAIN.replace(";", "\t"),
        f"\ufeff{PLAIN}",
        PLAIN.replace("\n", ";;;;\n"),
        ";" + PLAIN.replace("\n", "\n;").removesuffix(";"),
        f"\n;;\n{PLAIN};;\n\n;;;\n",
        PLAIN.replace("a.png;1;45,5\n", ";;\na.png;1;45,5\n\n"),
        PLAIN.replace("1;", "TRUE;").replace("0;", "FALSE;"),
        PLAIN.replace("png;1;", "png;1,0;").replace("png;0;", "png;0,0;"),
        PLAIN.replace("1;", "WAHR;").replace("0;", "FALSCH;"),
        PLAIN.replace("1;", "VRAI;").replace("0;", "FAUX;"),
        PLAIN.replace("a.png", '"a.png"').replace("1;", '"1";'),
        PLAIN.replace("a.png", "'a.png"),
        PLAIN.replace("a.png", '="a.png"'),
        PLAIN.replace("a.png", " a.png\u00a0").replace("path", "\u200bPath "),
        'path,has_fracture,age\na.png,1,"45,5"\nb.png,0,7\n',
        ",path,has_fracture,age\n0,a.png,1,45.5\n1,b.png,0,7\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le+mark", "utf-8-sig"])
def test_every_habit_is_one_table(folder: Path, table: str, encoding: str):
    """Separators, marks, empty rows and columns, decimal commas, kept text, line ends."""
    if encoding == "utf-16-le+mark":
        data = b"\xff\xfe" + table.removeprefix("\ufeff").encode("utf-16-le")
    else:
        data = table.encode(encoding)
    films = read(folder, data)
    assert {path: (film.has_fracture, film.age) for path, film in films.items()} == {
        "a.png": (True, 45.5),
        "b.png": (False, 7.0),
    }


def test_unicode_text_keeps_its_ending(folder: Path):
    """Excel saves UTF-16 with tabs as `.txt`."""
    table = PLAIN.replace(";", "\t").encode("utf-16")
    assert len(read(folder, table, name="labels.txt")) == 2


def test_a_table_with_tabs_is_found_in_its_folder(folder: Path):
    """`labels.tsv` needs no option."""
    (folder / "Labels.TSV").write_text(PLAIN.replace(";", "\t"))
    assert len(find_films(folder).films) == 2


def test_a_quoted_cell_may_hold_lines_and_separators(folder: Path):
    """A note of three lines is one cell, and the rows below it keep their numbers."""
    table = 'path,has_fracture,note\na.png,1,"first, ""so""\nsecond\r\n\nthird"\nb.png,0,\n'
    assert list(read(folder, table)) == list(FILMS)
    with pytest.raises(LayoutFault, match="row 2, column has_fracture"):
        read(folder, table.replace("b.png,0", "b.png,perhaps"))


def test_rows_are_counted_as_the_spreadsheet_counts_them(folder: Path):
    """An empty row is passed over and counted: the fault names the row that a person sees."""
    with pytest.raises(LayoutFault, match="row 3, column has_fracture"):
        read(folder, "path,has_fracture\na.png,1\n,\nb.png,perhaps\n")


def test_a_column_without_a_name_is_ignored_and_named(folder: Path):
    """An index that a script wrote means nothing; that it was passed over is said."""
    (folder / "t.csv").write_text(",path,has_fracture\n0,a.png,1\n1,b.png,0\n")
    assert find_films(folder / "t.csv").ignored_columns == ("(column 1)",)


def test_windows_1252_is_read_where_the_films_prove_it(folder: Path):
    """`ö` names a film that is there, and the import says what it did."""
    (folder / "Höhe.png").write_bytes(b"film")
    table = "path;has_fracture;manufacturer\nHöhe.png;1;Möller\nb.png;0;\n"
    films = read(folder, table.encode("cp1252"))
    assert films["Höhe.png"].manufacturer == "Möller"
    remark = find_films(folder / "t.csv").remarks[0]
    assert "Windows-1252" in remark.what
    (folder / "Höhe.png").unlink()
    with pytest.raises(LayoutFault, match="must be in UTF-8"):
        find_films(folder / "t.csv")


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode("utf-16-le"),  # without its mark
        b"\xff\xfe" + PLAIN.encode("utf-16-le")[:-1],
        "path;has_fracture\nŁ.png;1\n".encode("cp1252", "replace") + b"\x81",
        b"path,has_fracture\na.png,1,0\nb.png,0\n",
        b'path,has_fracture\na.png,1\n"b.png,0\n',
        b"\n;;;\n",
    ],
)
def test_what_is_no_table_is_refused(folder: Path, data: bytes):
    """A torn file, UTF-16 without its mark, a cell without a column."""
    with pytest.raises(LayoutFault, match="must be a CSV"):
        read(folder, data)


@pytest.mark.parametrize("number", ["1.23457E+13", "1,23457E+13", "4E+15"])
def test_a_name_that_became_a_rounded_number_is_refused(folder: Path, number: str):
    """Which film was meant cannot be known any more."""
    with pytest.raises(LayoutFault, match=r"row 1, column path.*spreadsheet"):
        read(folder, f"path;has_fracture\n{number};1\nb.png;0\n")
    (folder / number).write_bytes(b"film")  # unless a film is really called so
    assert number in read(folder, f"path;has_fracture\n{number};1\nb.png;0\n")


def test_a_patient_that_became_a_rounded_number_is_refused(folder: Path):
    """Several patients would be one; the number itself is not repeated."""
    table = "path;has_fracture;patient\na.png;1;9.12346E+11\nb.png;0;9.12346E+11\n"
    with pytest.raises(LayoutFault, match="row 1, column patient") as caught:
        read(folder, table)
    assert "9.12346" not in str(caught.value)


def test_one_patient_in_two_unicode_forms_is_one(folder: Path):
    """A pseudonym does not depend on who typed the accent."""
    names = [unicodedata.normalize(form, "Jürgen 4") for form in ("NFC", "NFD")]
    table = f"path,has_fracture,patient\na.png,1,{names[0]}\nb.png,0,{names[1]}\n"
    films = read(folder, table)
    assert films["a.png"].patient_key == films["b.png"].patient_key is not None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("[[1,2,3,4]]", (1.0, 2.0, 3.0, 4.0)),
        ("[[1.5, 2, 3.5, 4]]", (1.5, 2.0, 3.5, 4.0)),
        ("[[1,5; 2; 3,5; 4]]", (1.5, 2.0, 3.5, 4.0)),
        ("[[1,5, 2,0, 3,5, 4,0]]", (1.5, 2.0, 3.5, 4.0)),
        ("[[1,5, 20, 30, 40]]", None),
        ("[[1,2,3,4,5,6,7,8]]", None),
        ("[[10,20,30,40,50,60,70,80]]", None),
        ("[[1,5, 2,0, 3,5]]", None),
    ],
)
def test_decimal_commas_in_boxes(folder: Path, cell: str, expected: tuple[float, ...] | None):
    """Read where they can be nothing else; a list that could be read in two ways is refused."""
    table = f'path;has_fracture;boxes\na.png;1;"{cell}"\nb.png;0;\n'
    if expected is None:
        with pytest.raises(LayoutFault, match="row 1, column boxes"):
            read(folder, table)
    else:
        assert read(folder, table)["a.png"].boxes == (expected,)


def test_a_table_names_films_in_another_unicode_form(folder: Path):
    """NFC in the table, NFD on the disk; the manifest has the file's own name."""
    name = unicodedata.normalize("NFD", "Füße 1.png")
    (folder / name).write_bytes(b"film")
    films = read(folder, f"path;has_fracture\n{unicodedata.normalize('NFC', name)};1\nb.png;0\n")
    assert set(films) == {name, "b.png"}
    assert find_films(folder / "t.csv").set_aside[0].path == "a.png"


def test_films_that_differ_in_form_only_are_not_merged(folder: Path):
    """Two rows, two files; a row that fits neither exactly is refused."""
    names = ["\u1e69.png", "s\u0323\u0307.png"]
    for name in names:
        (folder / name).write_bytes(b"film")
    table = "path,has_fracture\n{},1\n{},0\n"
    assert set(read(folder, table.format(*names))) == set(names)
    with pytest.raises(LayoutFault, match="Unicode form"):
        read(folder, table.format("s\u0307\u0323.png", "b.png"))


def test_one_film_in_two_forms_is_listed_once(folder: Path):
    """Two rows that mean one file are two rows too many."""
    (folder / "é.png").write_bytes(b"film")
    with pytest.raises(LayoutFault, match="also in row 1"):
        read(folder, "path,has_fracture\né.png,1\ne\u0301.png,0\n")


def test_a_name_that_no_disk_takes_is_a_film_that_is_missing(folder: Path):
    """5,000 letters in a table stop nothing."""
    assert len(read(folder, f"path,has_fracture\n{'a' * 5000}.png,1\nb.png,0\n")) == 2
