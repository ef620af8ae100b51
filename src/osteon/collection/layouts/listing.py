"""What a layout says about its films before any of them is opened."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from osteon.errors import FolderNotFound, OneClassOnly
from osteon.radiographs.films import FILM_SUFFIXES
from osteon.terms import Box, Polygon, SetAside, Split

_UNKEEPABLE = re.compile(r"\\|^[A-Za-z]:")
_LITTER = frozenset({"desktop.ini", "thumbs.db", "__macosx", "@eadir"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedFilm:
    """What folders, tables and annotation files say about a film; the names are `ManifestRow`'s.

    Attributes:
        relative_boxes: Fractures as shares of the film's width and height, each in [0, 1], where
            the annotation does not say how large the film is.
    """

    path: str
    has_fracture: bool
    published_split: Split | None = None
    patient_key: str | None = None
    body_region: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    hardware: bool | None = None
    age: float | None = None
    sex: str | None = None
    manufacturer: str | None = None
    fracture_type: str | None = None
    boxes: tuple[Box, ...] = ()
    polygons: tuple[Polygon, ...] = ()
    has_fracture_in_table: bool | None = None
    annotation_rows: int | None = None
    annotation_columns: int | None = None
    relative_boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A collection as its folder shows it.

    Attributes:
        layout: "class folders", "FracAtlas" or "table".
        collection: The collection's name: that of its folder.
        root: The folder that the films' paths are relative to.
        films: All that have a label, sorted by path.
        set_aside: Films without one, and why.
        n_other_files: Files that are neither films nor a part of the layout.
        ignored_columns: Of the collection's table, those that mean nothing to Osteon.
    """

    layout: str
    collection: str
    root: Path
    films: tuple[ListedFilm, ...]
    set_aside: tuple[SetAside, ...] = ()
    n_other_files: int = 0
    ignored_columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The files below a folder, as paths relative to it with forward slashes, sorted.

    Attributes:
        films: Files named like films.
        others: All other files, and links to folders, which are not followed.
        set_aside: Films and folders that cannot be used, and why.
    """

    films: tuple[str, ...]
    others: tuple[str, ...]
    set_aside: tuple[SetAside, ...]


def find_files(folder: Path) -> Contents:
    """List the files below a folder. Hidden files and the litter of operating systems do not count.

    Args:
        folder: Where to look. Links to folders are not followed, so that a loop cannot hold us.

    Returns:
        What is there.

    Raises:
        FolderNotFound: If it is not a folder.
    """
    if not folder.is_dir():
        raise FolderNotFound(
            str(folder),
            "must be a folder of films, or a table that lists them (.csv)",
            advice="Check the spelling." if not folder.exists() else "",
        )
    films: list[str] = []
    others: list[str] = []
    aside: list[SetAside] = []
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            entries = sorted(_entries(folder / below), key=lambda entry: entry.name)
        except OSError:
            aside.append(SetAside(path=_speakable(below), reason="a folder that cannot be opened"))
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif _speakable(path) != path or _UNKEEPABLE.search(path):
                reason = "a name that no manifest can hold: not UTF-8, a backslash, or like C:"
                aside.append(SetAside(path=_speakable(path), reason=reason))
            elif Path(entry.name).suffix.lower() in FILM_SUFFIXES and _is_file(entry):
                films.append(path)
            else:
                others.append(path)
    return Contents(
        films=tuple(sorted(films)),
        others=tuple(sorted(others)),
        set_aside=tuple(sorted(aside, key=lambda film: film.path)),
    )


def name_collection(root: Path) -> str:
    """Return the collection's name: its folder's, however the person wrote the path."""
    return root.resolve().name


def check_classes(films: Sequence[ListedFilm], *, where: str) -> None:
    """Refuse a collection that could teach nothing.

    Args:
        films: All films of the collection.
        where: The collection, for the fault's address.

    Raises:
        OneClassOnly: If all films have one label.
    """
    labels = {film.has_fracture for film in films}
    if len(labels) == 1:
        only = "fractured" if labels.pop() else "not fractured"
        raise OneClassOnly(
            where,
            "must hold films with a fracture and films without",
            found=f"{len(films)} films, all {only}",
            advice="Point at the folder that holds both classes, or add the other one.",
        )


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.name.casefold() not in _LITTER:
                yield entry


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself
        return False


def _speakable(path: str) -> str:
    # A name that is not UTF-8 cannot stand in a manifest; it is shown with its bytes spelled out.
    return path.encode("utf-8", "backslashreplace").decode()
