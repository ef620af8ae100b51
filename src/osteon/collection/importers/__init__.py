"""Find a folder's layout by itself and list its films with their labels, opening none of them."""

from collections.abc import Sequence
from pathlib import Path

from osteon.collection.importers.class_folders import has_class_folders, list_class_folders
from osteon.collection.importers.fracatlas import find_fracatlas, list_fracatlas
from osteon.collection.importers.linked import place_linked_films
from osteon.collection.importers.listing import Contents, Listing, check_classes, find_files
from osteon.collection.importers.names import ClassNames, build_class_names
from osteon.collection.importers.table import list_table
from osteon.errors import AmbiguousLayout, LayoutFault, NoFilms

TABLE_NAMES = frozenset({"labels.csv", "labels.tsv"})
"""The tables that are looked for in a folder, in upper or lower case."""

_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})  # .txt: Excel's "Unicode text"


def find_films(
    folder: Path,
    *,
    positive: Sequence[str] = (),
    negative: Sequence[str] = (),
    films: Path | None = None,
    patient_salt: str = "",
) -> Listing:
    """List a collection's films: class folders, FracAtlas, or a table.

    Args:
        folder: The collection, or its table where that is a `.csv`, `.tsv` or `.txt`.
        positive: Names of classes, besides the known words, that mean a fracture.
        negative: Names of classes that mean none.
        films: Where a table's films lie; given, it says that the table holds.
        patient_salt: Makes the patients' pseudonyms out of a table's values.

    Returns:
        The films, labelled by name.

    Raises:
        FolderNotFound: If there is no such folder.
        NoFilms: If nothing in it looks like a film.
        AmbiguousLayout: If two layouts fit.
        UnknownClassFolder: If a class folder is named like neither class.
        OneClassOnly: If all films have one label.
        LayoutFault: If a table or an annotation file cannot be understood.
        SettingsFault: If one name is given for both classes.
    """
    names = build_class_names(positive, negative)
    if folder.is_file() and folder.suffix.lower() in _TABLE_SUFFIXES:
        listing = _list_table(folder, films or folder.parent, names, patient_salt)
    else:
        contents = place_linked_films(folder, find_files(folder), names)
        tables = tuple(path for path in contents.others if _is_table(path))
        if films is not None:
            table = folder / _one_table(folder, tables)
            listing = _list_table(table, films, names, patient_salt)
        else:
            listing = _list_folder(folder, contents, tables, (names, patient_salt))
    check_classes(listing.films, where=str(folder))
    return listing


def _list_folder(
    folder: Path, contents: Contents, tables: tuple[str, ...], how: tuple[ClassNames, str]
) -> Listing:
    """List a folder in the one layout that fits it.

    Raises:
        AmbiguousLayout: If two fit.
        NoFilms: If there is nothing to list.
    """
    names, patient_salt = how
    homes = find_fracatlas(contents)
    inside = tuple(f"{home}/images/" if home else "images/" for home in homes)
    outside = [film for film in contents.films if not film.startswith(inside)]
    fitting = [
        *(f"FracAtlas in `{home or '.'}`" for home in homes),
        *(f"the table `{table}`" for table in tables),
        *(["class folders"] if has_class_folders(outside, names) else []),
    ]
    if len(fitting) > 1:
        raise AmbiguousLayout(
            str(folder),
            "must be laid out in one way",
            found=" and ".join(fitting),
            advice=_way_out(folder, tables),
        )
    if tables:
        table = folder / tables[0]
        return _list_table(table, table.parent, names, patient_salt)
    if not contents.films:
        raise NoFilms(
            str(folder),
            "must hold films (DICOM, JPEG, PNG, TIFF, BMP or GIF)",
            found=_describe_no_films(contents),
            advice="Point at the folder that holds them.",
        )
    if homes:
        return list_fracatlas(folder, homes[0], contents, names=names)
    return list_class_folders(folder, contents, names)


def _list_table(table: Path, films: Path, names: ClassNames, patient_salt: str) -> Listing:
    return list_table(table, films, find_files(films), names=names, patient_salt=patient_salt)


def _is_table(path: str) -> bool:
    return path.rpartition("/")[2].casefold() in TABLE_NAMES


def _describe_no_films(contents: Contents) -> str:
    n_other, n_passed = len(contents.others), len(contents.passed_over)
    first = f", the first {contents.passed_over[0].reason}" if n_passed else ""
    return f"{n_other + n_passed + len(contents.set_aside)} other files and folders{first}"


def _one_table(folder: Path, tables: tuple[str, ...]) -> str:
    """Return the only table.

    Raises:
        LayoutFault: If there is none, or several.
    """
    if len(tables) == 1:
        return tables[0]
    raise LayoutFault(
        str(folder),
        "must hold one labels.csv where `--films DIR` is given",
        found=list(tables) or None,
        advice="Name the table itself: `osteon import TABLE.csv --films DIR`.",
    )


def _way_out(folder: Path, tables: tuple[str, ...]) -> str:
    if not tables:
        return "Point at the folder of one of them."
    table = folder / tables[0]
    return (
        f'If the table holds, name it: `osteon import "{table}" --films "{table.parent}"`; '
        "if not, point at the folder of films alone, or move the table out."
    )
