"""FracAtlas: two class folders, `dataset.csv`, COCO polygons, YOLO boxes and an official split.

Abedeen et al., Sci Data 10 (2023) 521, 10.1038/s41597-023-02432-4.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from osteon.collection.importers.cells import Table, parse_flag, read_table
from osteon.collection.importers.coco import Annotation, read_coco
from osteon.collection.importers.listing import Contents, ListedFilm, Listing, name_collection
from osteon.collection.importers.matching import FilmNames
from osteon.collection.importers.names import ClassNames, find_label
from osteon.collection.importers.remarks import Remarks
from osteon.collection.importers.yolo import UnitShapes, read_yolo
from osteon.errors import LayoutFault
from osteon.terms import SetAside, Split

_REGIONS = ("hand", "leg", "hip", "shoulder")
_VIEWS = ("frontal", "lateral", "oblique")
# In this order a film that stands in two files ends in the stricter of its splits.
_SPLIT_FILES: tuple[tuple[str, Split], ...] = (
    ("train.csv", "train"),
    ("valid.csv", "tune"),
    ("test.csv", "test"),
)
_CLASS_FOLDER = re.compile(r"(?:(?P<home>.+)/)?images/(?:Non_)?Fractured(?=/|$)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Papers:
    """What stands beside the films, by the films' paths."""

    table: Table
    lines: Mapping[str, int]
    annotations: Mapping[str, Annotation]
    splits: Mapping[str, Split]
    yolo: Mapping[str, UnitShapes]


def find_fracatlas(contents: Contents) -> tuple[str, ...]:
    """Return the folders that are laid out like FracAtlas, relative to the searched one."""
    parents = {film.rpartition("/")[0] for film in contents.films}
    matches = (_CLASS_FOLDER.match(parent) for parent in parents)
    homes = {match["home"] or "" for match in matches if match}
    others = frozenset(contents.others)
    return tuple(sorted(home for home in homes if _join(home, "dataset.csv") in others))


def list_fracatlas(
    folder: Path, home: str, contents: Contents, *, names: ClassNames | None = None
) -> Listing:
    """List FracAtlas, or a part of it in its layout.

    Args:
        folder: The collection; the films' paths are relative to it.
        home: The folder below it that holds `images` and `dataset.csv`.
        contents: The files below `folder`.
        names: What the annotations' categories mean, where there are several.

    Returns:
        The films, with everything their folder, table and annotations say.

    Raises:
        LayoutFault: If a table or an annotation file is broken, or names a film that could be
            either of two; the fault names the place.
    """
    labels = {path: _find_class(path, home) for path in contents.films}
    known = {path: label for path, label in labels.items() if label is not None}
    remarks = Remarks()
    papers = _read_papers(folder / home, FilmNames(known), names or ClassNames(), remarks)
    films = tuple(_list_film(path, papers, has_fracture=label) for path, label in known.items())
    beside = tuple(
        SetAside(path=path, reason="outside FracAtlas's two class folders")
        for path, label in labels.items()
        if label is None
    )
    own = tuple(_join(home, part) for part in ("dataset.csv", "Annotations/", "Utilities/"))
    return Listing(
        layout="FracAtlas",
        collection=name_collection(folder),
        root=folder,
        films=films,
        set_aside=(*contents.set_aside, *beside),
        passed_over=contents.passed_over,
        other_files=tuple(path for path in contents.others if not path.startswith(own)),
        remarks=remarks.list(),
    )


def _find_class(path: str, home: str) -> bool | None:
    above = path.rpartition("/")[0]
    match = _CLASS_FOLDER.match(above)
    if match is None or (match["home"] or "") != home:
        return None
    label = find_label(match[0], ClassNames())
    # A folder of the other class further in says two things: its films are set aside.
    return label if find_label(above, ClassNames()) == label else None


def _join(home: str, path: str) -> str:
    return f"{home}/{path}" if home else path


def _read_papers(home: Path, films: FilmNames, names: ClassNames, remarks: Remarks) -> _Papers:
    table = read_table(home / "dataset.csv")
    if "image_id" not in table.header or "fractured" not in table.header:
        raise LayoutFault(
            str(table.path),
            "must have the columns image_id and fractured",
            found=list(table.header)[:12],
            advice="Fetch it again with `osteon fetch fracatlas`.",
        )
    splits: dict[str, Split] = {}
    for file_name, split in _SPLIT_FILES:
        path = home / "Utilities" / "Fracture Split" / file_name
        if path.is_file():
            splits |= dict.fromkeys(_find_rows(read_table(path), films), split)
    lines = _find_rows(table, films)
    missing = len(table.rows) - len(lines)
    if missing:
        there = frozenset(lines.values())
        for at, row in enumerate(table.rows):
            if at not in there:
                remarks.add(
                    "row", "of dataset.csv left out: no film here is called so", row["image_id"]
                )
    coco = sorted((home / "Annotations" / "COCO JSON").glob("*.json"))
    return _Papers(
        table=table,
        lines=lines,
        annotations=read_coco(coco, films, classes=names, remarks=remarks),
        splits=splits,
        yolo=read_yolo(home / "Annotations" / "YOLO", films, classes=names, remarks=remarks),
    )


def _find_rows(table: Table, films: FilmNames) -> dict[str, int]:
    """Return the row of each film that a table names.

    Raises:
        LayoutFault: If a name fits two films, or two rows of one film differ.
    """
    rows: dict[str, int] = {}
    for at, row in enumerate(table.rows):
        name = row.get("image_id", "")
        fitting = films.find_name(name) if name else ()
        if len(fitting) > 1:
            raise LayoutFault(
                table.address(at, "image_id"),
                "must fit one film",
                found=list(fitting[:4]),
                advice="Give the films different names.",
            )
        for film in fitting:
            earlier = table.rows[rows.setdefault(film, at)]
            if earlier | {"image_id": ""} != row | {"image_id": ""}:
                raise LayoutFault(
                    table.address(at, "image_id"),
                    "must say the same of a film wherever it names it",
                    found=f"{name}, otherwise in {table.address(rows[film], 'image_id')}",
                    advice="Remove one of the rows.",
                )
    return rows


def _list_film(path: str, papers: _Papers, *, has_fracture: bool) -> ListedFilm:
    at = papers.lines.get(path)
    says = {} if at is None else _read_flags(papers.table, at)
    annotation = papers.annotations.get(path)
    boxes = annotation.boxes if annotation else ()
    yolo = None if boxes else papers.yolo.get(path)  # it serves where COCO is silent
    return ListedFilm(
        path=path,
        has_fracture=has_fracture,
        has_fracture_in_table=says.get("fractured"),
        published_split=papers.splits.get(path),
        # `mixed` adds no region where the columns name them.
        body_region=_true(says, _REGIONS) or _true(says, ("mixed",)),
        view=_true(says, _VIEWS),
        hardware=says.get("hardware"),
        boxes=boxes,
        polygons=annotation.polygons if annotation else (),
        annotation_rows=annotation.rows if annotation else None,
        annotation_columns=annotation.columns if annotation else None,
        relative_boxes=yolo.boxes if yolo else (),
        relative_polygons=yolo.polygons if yolo else (),
    )


def _read_flags(table: Table, at: int) -> dict[str, bool | None]:
    row = table.rows[at]
    columns = (*_REGIONS, "mixed", *_VIEWS, "hardware", "fractured")
    return {
        column: parse_flag(row[column], table.address(at, column))
        for column in columns
        if column in row
    }


def _true(says: Mapping[str, bool | None], columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(column for column in columns if says.get(column))
