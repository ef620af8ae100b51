"""A table lists films; its words, never its order, say which of them are fractured."""

from pathlib import Path

import pytest

from osteon.collection.importers import find_films, table
from osteon.collection.importers.listing import ListedFilm
from osteon.errors import (
    AmbiguousLayout,
    FolderNotFound,
    LayoutFault,
    NoFilms,
    OneClassOnly,
)


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"film")


def write_table(root: Path, text: str, *, films: tuple[str, ...] = ("a.png", "b.png")) -> Path:
    put(root, *films)
    (root / "labels.csv").write_text(text, encoding="utf-8")
    return root


def test_the_columns_are_told_as_they_are_read():
    """The page that a person reads and the words that are looked for are the same."""
    rows = [line.strip("| ").split(" | ") for line in table.__doc__.splitlines() if line[:1] == "|"]
    told = {row[0]: tuple(row[1].split(", ")) for row in rows[2:]}
    assert told == table._SYNONYMS


def test_everything_a_table_may_say(tmp_path: Path):
    """Each column arrives as the manifest's; the patient only as a pseudonym."""
    write_table(
        tmp_path,
        "image_id;Class;Patient ID;patient_age;gender;vendor;body_part;view;metal;"
        "ao_classification;subset;boxes;masks;nurse\n"
        "a.png;fractured;12345;045Y;F;ACME;Hand, wrist;Frontal;yes;23-A2;valid;"
        '"[[1, 2, 3, 4]]";"[[[0, 0], [1, 0], [0, 1]]]";Joy\n'
        "b.png;not fractured;;;;;;;;;;;;\n",
    )
    listing = find_films(tmp_path, patient_salt="s")
    first, second = listing.films
    assert first == ListedFilm(
        path="a.png",
        has_fracture=True,
        published_split="tune",
        patient_key=first.patient_key,
        body_region=("hand", "wrist"),
        view=("frontal",),
        hardware=True,
        age=45.0,
        sex="female",
        manufacturer="ACME",
        fracture_type="23-A2",
        boxes=((1.0, 2.0, 3.0, 4.0),),
        polygons=(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)),),
    )
    assert second == ListedFilm(path="b.png", has_fracture=False)
    assert listing.ignored_columns == ("nurse",)
    assert listing.n_other_files == 0


def test_a_patient_becomes_a_pseudonym(tmp_path: Path):
    """Equal under one salt, different under another, and never the Patient ID itself."""
    write_table(
        tmp_path,
        "path,label,patient\na.png,fracture,12345\nb.png,normal,12345\nc.png,normal,123456\n",
        films=("a.png", "b.png", "c.png"),
    )
    one = [film.patient_key for film in find_films(tmp_path, patient_salt="s").films]
    other = [film.patient_key for film in find_films(tmp_path, patient_salt="t").films]
    assert one[0] == one[1] != one[2]
    assert not set(one) & set(other)
    assert not any("12345" in str(key) for key in one)


@pytest.mark.parametrize("column", ["has_fracture", "fractured", "Fracture"])
@pytest.mark.parametrize(
    ("yes", "no"), [("1", "0"), ("TRUE", "false"), ("yes", "No"), ("1.0", "0.0")]
)
def test_a_column_named_after_the_fracture_may_say_one_and_zero(
    tmp_path: Path, column: str, yes: str, no: str
):
    """The column's name carries the polarity."""
    write_table(tmp_path, f"file,{column}\na.png,{no}\nb.png,{yes}\n")
    assert [film.has_fracture for film in find_films(tmp_path).films] == [False, True]


def test_a_label_of_one_and_zero_needs_its_meaning(tmp_path: Path):
    """Nothing says whether 1 is the fracture, so the person does; either way holds."""
    write_table(tmp_path, "path,label\na.png,0\nb.png,1\n")
    with pytest.raises(LayoutFault, match="row 1, column label") as caught:
        find_films(tmp_path)
    assert '--positive "0"' in caught.value.advice
    assert '--negative "0"' in caught.value.advice
    for positive, negative, expected in (("1", "0", [False, True]), ("0", "1", [True, False])):
        films = find_films(tmp_path, positive=[positive], negative=[negative]).films
        assert [film.has_fracture for film in films] == expected


def test_films_may_lie_elsewhere(tmp_path: Path):
    """`--films DIR` is the root; films there that the table lacks are set aside and named."""
    table = tmp_path / "given.csv"
    table.write_text("path,label\nx\\a.png,fracture\n./b.png,normal\n")
    put(tmp_path / "films", "x/a.png", "b.png", "c.png", "notes.txt")
    listing = find_films(table, films=tmp_path / "films")
    assert [film.path for film in listing.films] == ["b.png", "x/a.png"]
    assert listing.root == tmp_path / "films"
    assert [film.path for film in listing.set_aside] == ["c.png"]
    assert listing.n_other_files == 1
    with pytest.raises(FolderNotFound):
        find_films(table, films=tmp_path / "nowhere")


def test_the_class_folder_holds_over_a_table_that_is_named(tmp_path: Path):
    """Where films lie in folders of both classes, the table's word is kept beside the folder's."""
    write_table(
        tmp_path,
        "path,label\nfractured/a.png,normal\nnormal/b.png,normal\n",
        films=("fractured/a.png", "normal/b.png"),
    )
    with pytest.raises(
        AmbiguousLayout, match=r"the table `labels\.csv` and class folders"
    ) as caught:
        find_films(tmp_path)
    assert "--films" in caught.value.advice
    first, second = find_films(tmp_path, films=tmp_path).films
    assert (first.has_fracture, first.has_fracture_in_table) == (True, False)
    assert (second.has_fracture, second.has_fracture_in_table) == (False, False)


def test_a_wrapper_named_like_one_class_says_nothing(tmp_path: Path):
    """All films in `fractures/` is a name of the collection, not a label."""
    write_table(
        tmp_path,
        "path,label\nfractures/a.png,fracture\nfractures/b.png,normal\n",
        films=("fractures/a.png", "fractures/b.png"),
    )
    first, second = find_films(tmp_path / "labels.csv").films
    assert (first.has_fracture, second.has_fracture) == (True, False)
    assert first.has_fracture_in_table is None


def test_a_missing_film_stays_to_be_named_later(tmp_path: Path):
    """One film of a table that is not there stops nothing; none there is another folder."""
    write_table(tmp_path, "path,label\na.png,fracture\ngone.png,normal\n", films=("a.png",))
    assert [film.path for film in find_films(tmp_path).films] == ["a.png", "gone.png"]
    (tmp_path / "a.png").unlink()
    with pytest.raises(NoFilms, match="--films DIR"):
        find_films(tmp_path)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("path,label\na.png,fracture\n../b.png,normal\n", "row 2, column path"),
        ("path,label\na.png,fracture\n/b.png,normal\n", "row 2, column path"),
        ("path,label\na.png,fracture\nC:\\b.png,normal\n", "row 2, column path"),
        ("path,label\na.png,fracture\n,normal\n", "row 2, column path"),
        ("path,label\na.png,fracture\na.png,normal\n", "also in row 1"),
        ("path,label\na.png,fracture\nb.png,\n", "row 2, column label"),
        ("path,label\na.png,fracture\nb.png,wrist\n", "row 2, column label"),
        ("path,fractured\na.png,1\nb.png,\n", "row 2, column fractured"),
        ("path,fractured\na.png,1\nb.png,2\n", "row 2, column fractured"),
        ("path,label,split\na.png,fracture,fold 1\nb.png,normal,\n", "row 1, column split"),
        ("path,label,age\na.png,fracture,old\nb.png,normal,\n", "row 1, column age"),
        ("path,label,sex\na.png,fracture,7\nb.png,normal,\n", "row 1, column sex"),
        ('path,label,boxes\na.png,fracture,"[1, 2]"\nb.png,normal,\n', "row 1, column boxes"),
        ('path,label,boxes\na.png,fracture,"[[1"\nb.png,normal,\n', "row 1, column boxes"),
        ("path,label,metal\na.png,fracture,maybe\nb.png,normal,\n", "row 1, column metal"),
        ("label\nfracture\n", "must have a column path"),
        ("path,age\na.png,3\n", "must have a column label or has_fracture"),
        ("path,label,fractured\na.png,fracture,0\n", "must have one column for the label"),
        ("path,file,label\na.png,a.png,fracture\n", "must have one column for path"),
        ("path,path,label\na.png,a.png,fracture\n", "each once"),
        ("path,label\na.png,fracture,1\n", "must be a CSV"),
        ("", "must be a CSV"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_with_its_place(
    tmp_path: Path, text: str, place: str
):
    """The fault names the row and the column that a person must correct."""
    write_table(tmp_path, text)
    with pytest.raises(LayoutFault, match=place):
        find_films(tmp_path)


def test_a_patients_words_are_never_repeated(tmp_path: Path):
    """An age or sex that cannot be understood is not shown."""
    write_table(tmp_path, "path,label,age\na.png,fracture,Mrs Miller\nb.png,normal,\n")
    with pytest.raises(LayoutFault) as caught:
        find_films(tmp_path)
    assert "Miller" not in str(caught.value)


def test_a_table_of_another_encoding_is_refused(tmp_path: Path):
    """Latin-1 would make other names of the films' names."""
    write_table(tmp_path, "")
    (tmp_path / "labels.csv").write_bytes("path,label\nä.png,fracture\n".encode("latin-1"))
    with pytest.raises(LayoutFault, match="UTF-8"):
        find_films(tmp_path)


def test_a_table_with_a_byte_order_mark_and_tabs_is_read(tmp_path: Path):
    """What spreadsheets save is read; the file's name may be in upper case."""
    put(tmp_path, "a.png", "b.png")
    (tmp_path / "Labels.CSV").write_bytes(
        "\ufeffpath\tlabel\r\na.png\tfracture\r\nb.png\tnormal\r\n".encode()
    )
    assert [film.has_fracture for film in find_films(tmp_path).films] == [True, False]


def test_one_class_in_a_table_is_refused(tmp_path: Path):
    """A table of fractures alone teaches nothing."""
    write_table(tmp_path, "path,label\na.png,fracture\nb.png,fracture\n")
    with pytest.raises(OneClassOnly):
        find_films(tmp_path)
