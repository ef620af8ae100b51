"""A table of films, `labels.csv`, with the films in `--films DIR` or beside the table.

| column | synonyms | holds |
|---|---|---|
| path | file, filename, file_name, filepath, image, image_id, image_path, film | below the films' folder |
| label | class, category, diagnosis | a class by word, or by `--positive` and `--negative` |
| has_fracture | fractured, fracture, is_fractured, fracture_visible | 1 or 0, true or false, yes or no |
| patient | patient_id, patientid, subject, subject_id | anything; kept as a pseudonym only |
| age | patient_age, age_years | years, or DICOM's 045Y |
| sex | gender, patient_sex | female, male, other, or the first letter |
| manufacturer | vendor, maker | a name |
| region | body_region, body_part, body_part_examined, anatomy | one or several |
| view | views, view_position, projection | one or several |
| hardware | metal, implant | 1 or 0 |
| fracture_type | fracture_class, ao_classification | a name |
| split | subset, published_split | train, val or tune, test |
| boxes | bboxes | JSON [[x0, y0, x1, y1], …], pixels |
| polygons | masks | JSON [[[x, y], …], …], pixels |

A film may be DICOM, under any name; `headers` says what its header adds to the table. Its name may
be written in another Unicode form than the file's. `spreadsheets` says what Excel may do to a table.

A column `label` that says 1 and 0 is refused: nothing says which of them is the fracture.
"""  # noqa: E501 — a table row is one line

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from osteon.collection.importers.cells import (
    Table,
    parse_age,
    parse_flag,
    parse_sex,
    parse_shapes,
    parse_words,
    read_table,
)
from osteon.collection.importers.listing import (
    Contents,
    ListedFilm,
    Listing,
    name_collection,
)
from osteon.collection.importers.matching import FilmNames, normalise
from osteon.collection.importers.names import ClassNames, find_label, parse_split
from osteon.collection.importers.remarks import Remark, Remarks
from osteon.collection.importers.spreadsheets import looks_rounded
from osteon.collection.schema import parse_box, parse_polygon
from osteon.errors import LayoutFault, NoFilms
from osteon.radiographs.patients import build_pseudonym
from osteon.terms import SetAside, Split

_SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "path": (
            "file",
            "filename",
            "file_name",
            "filepath",
            "image",
            "image_id",
            "image_path",
            "film",
        ),
        "label": ("class", "category", "diagnosis"),
        "has_fracture": ("fractured", "fracture", "is_fractured", "fracture_visible"),
        "patient": ("patient_id", "patientid", "subject", "subject_id"),
        "age": ("patient_age", "age_years"),
        "sex": ("gender", "patient_sex"),
        "manufacturer": ("vendor", "maker"),
        "region": ("body_region", "body_part", "body_part_examined", "anatomy"),
        "view": ("views", "view_position", "projection"),
        "hardware": ("metal", "implant"),
        "fracture_type": ("fracture_class", "ao_classification"),
        "split": ("subset", "published_split"),
        "boxes": ("bboxes",),
        "polygons": ("masks",),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    """A table with its columns understood."""

    table: Table
    columns: Mapping[str, str]
    names: ClassNames
    patient_salt: str

    def cell(self, at: int, meaning: str) -> tuple[str, str]:
        """Return a cell's text (empty where there is no such column) and its address."""
        column = self.columns.get(meaning, "")
        return self.table.rows[at].get(column, ""), self.table.address(at, column)


def list_table(
    path: Path, films: Path, contents: Contents, *, names: ClassNames, patient_salt: str
) -> Listing:
    """List the films of a table.

    Where the films lie in folders of both classes, the folder gives the label and the table's
    stands beside it for the audit.

    Args:
        path: The table.
        films: The folder that the table's paths are relative to.
        contents: The files below `films`.
        names: What the labels mean.
        patient_salt: Makes the patients' pseudonyms: equal salts give equal pseudonyms.

    Returns:
        The films of the table; one that is missing stays, and turns out unreadable. Films that
        the table does not list are set aside.

    Raises:
        LayoutFault: If the table cannot be understood; the fault names row and column.
        NoFilms: If not one of its films is there.
    """
    table = read_table(path)
    columns = _find_columns(table)
    reader = _Reader(table=table, columns=columns, names=names, patient_salt=patient_salt)
    listed = _read_paths(reader, films, FilmNames((*contents.films, *contents.others)))
    if not any(_is_there(films / film) for film in listed):
        raise NoFilms(
            str(films),
            f"must hold the films that {path} lists",
            found=f"none of its {len(listed)}",
            advice="Say where they are with `--films DIR`.",
        )
    by_folder = {film: find_label(film.rpartition("/")[0], ClassNames()) for film in listed}
    # One class among the folders is a wrapper's name, such as `fractures/1.jpg`, and says nothing.
    are_classes = {True, False} <= set(by_folder.values())
    rows = [
        _list_film(reader, at, film, by_folder=by_folder[film] if are_classes else None)
        for at, film in enumerate(listed)
    ]
    known = _add_linked(by_folder, contents)
    unlisted = (film for film in contents.films if film not in known)
    return Listing(
        layout="table",
        collection=name_collection(films),
        root=films,
        films=tuple(sorted(rows, key=lambda film: film.path)),
        set_aside=(
            *contents.set_aside,
            *(SetAside(path=film, reason=f"not in {path.name}") for film in unlisted),
        ),
        passed_over=tuple(one for one in contents.passed_over if one.path not in known),
        other_files=tuple(
            other for other in contents.others if other not in known and films / other != path
        ),
        ignored_columns=tuple(name for name in table.header if name not in columns.values()),
        remarks=_remark_encoding(table),
    )


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no disk takes, or with a NUL in it
        return False


def _add_linked(listed: Iterable[str], contents: Contents) -> frozenset[str]:
    """Return the films that a table lists, by the paths of the contents too.

    A table may name a film by the path of a link, where the contents have its own.
    """
    known = set(listed)
    for film in tuple(known):
        for repeat in contents.repeats:
            if film.startswith(f"{repeat.path}/"):
                below = film.removeprefix(f"{repeat.path}/")
                known.add(f"{repeat.first}/{below}" if repeat.first else below)
    return frozenset(known)


def _remark_encoding(table: Table) -> tuple[Remark, ...]:
    if not table.is_guessed:
        return ()
    remarks = Remarks()
    what = "is not in UTF-8 and was read as Windows-1252: every name of a film in it is there"
    remarks.add("table", what, table.path.name)
    return remarks.list()


def _find_columns(table: Table) -> dict[str, str]:
    """Return meaning → column.

    Raises:
        LayoutFault: If two columns mean the same, or the path or the label is missing.
    """
    columns: dict[str, str] = {}
    for column in table.header:
        word = normalise(column).casefold().replace(" ", "_").replace("-", "_")
        for meaning, synonyms in _SYNONYMS.items():
            if word == meaning or word in synonyms:
                _refuse_two(table, meaning, (columns.get(meaning), column))
                columns[meaning] = column
    _refuse_two(table, "the label", (columns.get("label"), columns.get("has_fracture")))
    needed = {"path": "path" in columns, "label": bool({"label", "has_fracture"} & set(columns))}
    for meaning, is_there in needed.items():
        if not is_there:
            raise LayoutFault(
                f"{table.path}, header",
                f"must have a column {meaning}" + (" or has_fracture" * (meaning == "label")),
                found=list(table.header)[:12],
            )
    return columns


def _refuse_two(table: Table, meaning: str, columns: tuple[str | None, str | None]) -> None:
    if None not in columns:
        raise LayoutFault(
            f"{table.path}, header",
            f"must have one column for {meaning}",
            found=list(columns),
            advice="Remove or rename one of them.",
        )


def _read_paths(reader: _Reader, folder: Path, files: FilmNames) -> list[str]:
    """Return the films' paths in the table's order, in the Unicode form of the files.

    Raises:
        LayoutFault: If a path is empty, leaves the films' folder, could be two files, or stands
            there twice.
    """
    rows_of: dict[str, int] = {}
    for at in range(len(reader.table.rows)):
        path = _find_film(reader, at, folder, files)
        if path in rows_of:
            raise LayoutFault(
                reader.cell(at, "path")[1],
                "must list each film once",
                found=f"{path}, also in row {reader.table.numbers[rows_of[path]]}",
                advice="Remove one of the rows.",
            )
        rows_of[path] = at
    return list(rows_of)


def _find_film(reader: _Reader, at: int, folder: Path, files: FilmNames) -> str:
    """Return the path of the film that a row is about; as written, where there is no such film.

    Raises:
        LayoutFault: If it could be no film's, or two films'.
    """
    text, where = reader.cell(at, "path")
    pure = PurePosixPath(text.replace("\\", "/"))  # a table from Windows
    is_odd = not pure.parts or pure.is_absolute() or ".." in pure.parts
    if is_odd or "\0" in text or re.match(r"[A-Za-z]:", text):
        raise LayoutFault(
            where, "must name a film below the films' folder, without '..'", found=text
        )
    path = pure.as_posix()
    fitting = files.find_path(path)
    if len(fitting) > 1:
        raise LayoutFault(
            where,
            "must name one film: there are several whose names differ in their Unicode form only",
            found=list(fitting),
            advice="Write it in the form that the file has, or rename the files.",
        )
    if not fitting and not _is_there(folder / path):
        _refuse_damaged_name(reader.table, path, where)
    return fitting[0] if fitting else path


def _refuse_damaged_name(table: Table, path: str, where: str) -> None:
    """Refuse a name that a spreadsheet or a wrong encoding has made of another.

    Raises:
        LayoutFault: If it is one.
    """
    if looks_rounded(path):
        raise LayoutFault(
            where,
            "must be a film's name; a spreadsheet has made a rounded number of it",
            found=path,
            advice="Format the column as text, fill it in again, and save.",
        )
    if table.is_guessed and not path.isascii():
        raise LayoutFault(
            str(table.path),
            "must be in UTF-8: read as Windows-1252, it names films that are not there",
            found=path,
            advice="Save it as CSV UTF-8.",
        )


def _list_film(reader: _Reader, at: int, path: str, *, by_folder: bool | None) -> ListedFilm:
    in_table = _parse_label(reader, at)
    return ListedFilm(
        path=path,
        has_fracture=in_table if by_folder is None else by_folder,
        has_fracture_in_table=None if by_folder is None else in_table,
        published_split=_parse_split(*reader.cell(at, "split")),
        patient_key=_hide_patient(*reader.cell(at, "patient"), reader.patient_salt),
        body_region=parse_words(reader.cell(at, "region")[0]),
        view=parse_words(reader.cell(at, "view")[0]),
        hardware=parse_flag(*reader.cell(at, "hardware")),
        age=parse_age(*reader.cell(at, "age")),
        sex=parse_sex(*reader.cell(at, "sex")),
        manufacturer=reader.cell(at, "manufacturer")[0] or None,
        fracture_type=reader.cell(at, "fracture_type")[0] or None,
        boxes=parse_shapes(*reader.cell(at, "boxes"), parse_box),
        polygons=parse_shapes(*reader.cell(at, "polygons"), parse_polygon),
    )


def _hide_patient(text: str, where: str, salt: str) -> str | None:
    """Return a patient's pseudonym; None where none is named.

    Raises:
        LayoutFault: If a spreadsheet has rounded the identity: several patients would be one.
    """
    if looks_rounded(text):
        # A patient's identity is not repeated here.
        raise LayoutFault(
            where,
            "must be an identity; a spreadsheet has made a rounded number of it",
            advice="Format the column as text, fill it in again, and save.",
        )
    return build_pseudonym(normalise(text), salt)


def _parse_label(reader: _Reader, at: int) -> bool:
    """Return whether a row says "fractured".

    Raises:
        LayoutFault: If it says nothing that has a meaning.
    """
    if "has_fracture" in reader.columns:
        text, where = reader.cell(at, "has_fracture")
        label = parse_flag(text, where)
        advice = "Fill it in, or leave the film out of the table."
    else:
        text, where = reader.cell(at, "label")
        label = reader.names.meaning(text)
        advice = (
            f'Say what it means: --positive "{text}" if it is a fracture, --negative "{text}" '
            "if it is none; or name the column has_fracture if it holds 1 for a fracture."
        )
    if label is None:
        raise LayoutFault(
            where,
            "must name a class, such as fractured or not fractured",
            found=text,
            advice=advice,
        )
    return label


def _parse_split(text: str, where: str) -> Split | None:
    """Return the split of a row, or None where it names none.

    Raises:
        LayoutFault: If it names another.
    """
    split = parse_split(text)
    if text and split is None:
        raise LayoutFault(where, "must be train, val, tune, test or empty", found=text)
    return split
