"""FracAtlas: two class folders, `dataset.csv`, COCO polygons, YOLO boxes and an official split.

Abedeen et al., Sci Data 10 (2023) 521, 10.1038/s41597-023-02432-4.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteon.collection.columns import parse_box, parse_polygon
from osteon.collection.layouts.cells import Table, parse_flag, parse_unit_box, read_table
from osteon.collection.layouts.listing import Contents, ListedFilm, Listing, name_collection
from osteon.collection.layouts.names import ClassNames, find_label
from osteon.errors import LayoutFault
from osteon.terms import Box, Polygon, SetAside, Split

_REGIONS = ("hand", "leg", "hip", "shoulder")
_VIEWS = ("frontal", "lateral", "oblique")
# In this order a film that stands in two files ends in the stricter of its splits.
_SPLIT_FILES: tuple[tuple[str, Split], ...] = (
    ("train.csv", "train"),
    ("valid.csv", "tune"),
    ("test.csv", "test"),
)
_CLASS_FOLDER = re.compile(r"(?:(?P<home>.+)/)?images/(?:Non_)?Fractured", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Annotation:
    rows: int | None
    columns: int | None
    boxes: tuple[Box, ...]
    polygons: tuple[Polygon, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Papers:
    """What stands beside the films, by file name."""

    table: Table
    lines: Mapping[str, int]
    annotations: Mapping[str, _Annotation]
    splits: Mapping[str, Split]
    yolo: Path


def find_fracatlas(contents: Contents) -> tuple[str, ...]:
    """Return the folders that are laid out like FracAtlas, relative to the searched one."""
    parents = {film.rpartition("/")[0] for film in contents.films}
    matches = (_CLASS_FOLDER.fullmatch(parent) for parent in parents)
    homes = {match["home"] or "" for match in matches if match}
    others = frozenset(contents.others)
    return tuple(sorted(home for home in homes if _join(home, "dataset.csv") in others))


def list_fracatlas(folder: Path, home: str, contents: Contents) -> Listing:
    """List FracAtlas, or a part of it in its layout.

    Args:
        folder: The collection; the films' paths are relative to it.
        home: The folder below it that holds `images` and `dataset.csv`.
        contents: The files below `folder`.

    Returns:
        The films, with everything their folder, table and annotations say.

    Raises:
        LayoutFault: If a table or an annotation file is broken; the fault names the place.
    """  # noqa: DOC502 — the functions called raise it
    papers = _read_papers(folder / home)
    films: list[ListedFilm] = []
    beside: list[SetAside] = []
    for path in contents.films:
        above, _, name = path.rpartition("/")
        match = _CLASS_FOLDER.fullmatch(above)
        label = find_label(above, ClassNames())
        if match is None or (match["home"] or "") != home or label is None:
            beside.append(SetAside(path=path, reason="outside FracAtlas's two class folders"))
        else:
            films.append(_list_film(path, name, papers, has_fracture=label))
    own = tuple(_join(home, part) for part in ("dataset.csv", "Annotations/", "Utilities/"))
    return Listing(
        layout="FracAtlas",
        collection=name_collection(folder),
        root=folder,
        films=tuple(films),
        set_aside=(*contents.set_aside, *beside),
        n_other_files=sum(not path.startswith(own) for path in contents.others),
    )


def _join(home: str, path: str) -> str:
    return f"{home}/{path}" if home else path


def _read_papers(home: Path) -> _Papers:
    table = read_table(home / "dataset.csv")
    if "image_id" not in table.header or "fractured" not in table.header:
        raise LayoutFault(
            str(table.path),
            "must have the columns image_id and fractured",
            found=list(table.header)[:12],
            advice="Fetch it again with `osteon fetch fracatlas`.",
        )
    annotations: dict[str, _Annotation] = {}
    for path in sorted((home / "Annotations" / "COCO JSON").glob("*.json")):
        annotations |= _read_coco(path)
    splits: dict[str, Split] = {}
    for file_name, split in _SPLIT_FILES:
        path = home / "Utilities" / "Fracture Split" / file_name
        if path.is_file():
            splits |= {row.get("image_id", ""): split for row in read_table(path).rows}
    return _Papers(
        table=table,
        lines={row["image_id"]: at for at, row in enumerate(table.rows)},
        annotations=annotations,
        splits=splits,
        yolo=home / "Annotations" / "YOLO",
    )


def _list_film(path: str, name: str, papers: _Papers, *, has_fracture: bool) -> ListedFilm:
    at = papers.lines.get(name)
    says = {} if at is None else _read_flags(papers.table, at)
    annotation = papers.annotations.get(name)
    return ListedFilm(
        path=path,
        has_fracture=has_fracture,
        has_fracture_in_table=says.get("fractured"),
        published_split=papers.splits.get(name),
        # `mixed` adds no region where the columns name them.
        body_region=_true(says, _REGIONS) or _true(says, ("mixed",)),
        view=_true(says, _VIEWS),
        hardware=says.get("hardware"),
        boxes=annotation.boxes if annotation else (),
        polygons=annotation.polygons if annotation else (),
        annotation_rows=annotation.rows if annotation else None,
        annotation_columns=annotation.columns if annotation else None,
        relative_boxes=() if annotation else _read_yolo(papers.yolo / f"{Path(name).stem}.txt"),
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


def _read_coco(path: Path) -> dict[str, _Annotation]:
    try:
        coco = json.loads(path.read_text(encoding="utf-8"))
        shapes: dict[Any, list[dict[str, Any]]] = {image["id"]: [] for image in coco["images"]}
        for shape in coco["annotations"]:
            shapes[shape["image_id"]].append(shape)
        return {str(i["file_name"]): _annotate(i, shapes[i["id"]], path) for i in coco["images"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise LayoutFault(
            str(path),
            "must be COCO's JSON: images with id and file_name, annotations with image_id",
            advice="Fetch it again.",
        ) from fault


def _annotate(image: dict[str, Any], shapes: list[dict[str, Any]], path: Path) -> _Annotation:
    where = f"{path}, image {image['file_name']}"
    boxes: list[Box] = []
    polygons: list[Polygon] = []
    for shape in shapes:
        x, y, width, height = shape["bbox"]
        box = parse_box([x, y, x + width, y + height])
        # A run-length mask (a dict) is a crowd, which has a box and no outline.
        rings = shape.get("segmentation") if isinstance(shape.get("segmentation"), list) else []
        found = [parse_polygon(list(zip(r[::2], r[1::2], strict=True))) for r in rings or []]
        if box is None or None in found:
            raise LayoutFault(where, "must have boxes with an area and outlines of three corners")
        boxes.append(box)
        polygons.extend(polygon for polygon in found if polygon is not None)
    return _Annotation(
        rows=image.get("height"),
        columns=image.get("width"),
        boxes=tuple(boxes),
        polygons=tuple(polygons),
    )


def _read_yolo(path: Path) -> tuple[Box, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as fault:
        raise LayoutFault(str(path), "must be lines of text, one per fracture") from fault
    return tuple(
        parse_unit_box(line.partition(" ")[2], f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    )
