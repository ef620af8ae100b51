"""What a layout says about its films before any of them is opened."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from osteon.collection.folders import Repeat, walk_folder
from osteon.collection.importers.remarks import Remark
from osteon.errors import FolderNotFound, OneClassOnly
from osteon.geometry import Box, Polygon
from osteon.terms import SetAside, Sex, Split

_UNKEEPABLE = re.compile(r"\\|^[A-Za-z]:")
_NO_NAME = "a name that no manifest can hold: not UTF-8, a backslash, or like C:"


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedFilm:
    """What folders, tables and annotation files say about a film; the names are `ManifestRow`'s.

    Attributes:
        relative_boxes: Fractures as shares of the film's width and height, where the annotation
            does not say how large the film is.
        relative_polygons: The same, outlined.
    """

    path: str
    has_fracture: bool
    published_split: Split | None = None
    patient_key: str | None = None
    body_region: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    hardware: bool | None = None
    age: float | None = None
    sex: Sex | None = None
    manufacturer: str | None = None
    fracture_type: str | None = None
    boxes: tuple[Box, ...] = ()
    polygons: tuple[Polygon, ...] = ()
    has_fracture_in_table: bool | None = None
    annotation_rows: int | None = None
    annotation_columns: int | None = None
    relative_boxes: tuple[Box, ...] = ()
    relative_polygons: tuple[Polygon, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A collection as its folder shows it.

    Attributes:
        layout: "class folders", "FracAtlas" or "table".
        collection: The collection's name: that of its folder.
        root: The folder that the films' paths are relative to.
        films: All that have a label, sorted by path.
        set_aside: Films without one, and why.
        passed_over: Links, locked folders, DICOM without a picture, foreign pictures, and why.
        other_files: Files that are neither films nor a part of the layout.
        ignored_columns: Of the collection's table, those that mean nothing to Osteon.
        remarks: What was left out, or read in another way than it was written, and how often.
    """

    layout: str
    collection: str
    root: Path
    films: tuple[ListedFilm, ...]
    set_aside: tuple[SetAside, ...] = ()
    passed_over: tuple[SetAside, ...] = ()
    other_files: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def n_other_files(self) -> int:
        """How many files are neither films nor a part of the layout."""
        return len(self.other_files)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """The files below a folder, as paths relative to it with forward slashes, sorted.

    Attributes:
        films: Files that are films, by content or by name.
        others: All other files that nobody would take for a film.
        set_aside: Films that cannot be used, and why.
        passed_over: Links, locked folders, DICOM without a picture, foreign pictures, and why.
        repeats: Links to folders whose films are listed elsewhere.
    """

    films: tuple[str, ...]
    others: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    passed_over: tuple[SetAside, ...] = ()
    repeats: tuple[Repeat, ...] = ()


def find_files(folder: Path) -> Contents:
    """List the files below a folder. Hidden files and the litter of operating systems do not count.

    Args:
        folder: Where to look. Links to folders are followed, each folder once.

    Returns:
        What is there.

    Raises:
        FolderNotFound: If it is not a folder, or cannot be opened.
    """
    if not folder.is_dir():
        raise FolderNotFound(
            str(folder),
            "must be a folder of films, or a table that lists them (.csv)",
            advice="Check the spelling." if not folder.exists() else "",
        )
    found = walk_folder(folder)
    locked = next((one for one in found.passed_over if one.path == "."), None)
    if locked is not None:
        raise FolderNotFound(
            str(folder),
            "must be a folder that can be opened",
            found=locked.reason,
            advice="Check its permissions.",
        )
    return Contents(
        films=tuple(filter(_is_keepable, found.films)),
        others=found.others,
        set_aside=tuple(
            SetAside(path=_speakable(path), reason=_NO_NAME)
            for path in sorted(found.films, key=_speakable)
            if not _is_keepable(path)
        ),
        passed_over=tuple(
            replace(one, path=_speakable(one.path))
            for one in sorted((*found.passed_over, *found.objects), key=lambda one: one.path)
        ),
        repeats=found.repeats,
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


def _is_keepable(path: str) -> bool:
    return _speakable(path) == path and not _UNKEEPABLE.search(path)


def _speakable(path: str) -> str:
    # A name that is not UTF-8 cannot stand in a manifest; it is shown with its bytes spelled out.
    return path.encode("utf-8", "backslashreplace").decode()
