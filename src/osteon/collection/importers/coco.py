"""COCO's JSON: boxes and outlines of fractures, by film.

What cannot be a fracture's place is dropped, counted and named; it stops nothing. What would have
to be guessed is refused: a name that two films fit, categories of which none is called a fracture.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from osteon.collection.importers.matching import FilmNames
from osteon.collection.importers.names import ClassNames
from osteon.collection.importers.remarks import Remarks
from osteon.collection.schema import parse_box, parse_polygon
from osteon.errors import LayoutFault
from osteon.geometry import Box, Polygon

_FLAT: Final = "dropped: its box has no area, or is no four numbers"
_OUTSIDE: Final = "dropped: its box lies wholly outside the film"
_NO_OUTLINE: Final = "kept without its outline, which has no area or fewer than three corners"
_BROKEN: Final = (OSError, ValueError, KeyError, TypeError, AttributeError)
_NO_IMAGE: Final = "dropped: it belongs to no image of its file"


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """What the files say of one film.

    Attributes:
        rows: Height that they claim for it; None where they do not say.
        columns: Width that they claim.
        boxes: Fractures, in pixels.
        polygons: Their outlines.
    """

    rows: int | None
    columns: int | None
    boxes: tuple[Box, ...]
    polygons: tuple[Polygon, ...]


def read_coco(
    paths: Sequence[Path], films: FilmNames, *, classes: ClassNames, remarks: Remarks
) -> dict[str, Annotation]:
    """Read the annotations of a collection's films.

    Args:
        paths: The files; where two speak of one film, its annotations are put together.
        films: The collection's films.
        classes: What the categories' names mean, where there are several.
        remarks: Told what was dropped.

    Returns:
        Path of a film → its annotations.

    Raises:
        LayoutFault: If a file is no COCO JSON, a name fits two films, or of several categories
            none is called a fracture.
    """
    found: dict[str, Annotation] = {}
    for path in paths:
        for film, annotation in _File(path, films, classes, remarks).read().items():
            found[film] = _join(found[film], annotation) if film in found else annotation
    return found


class _File:
    """One file while it is read."""

    def __init__(self, path: Path, films: FilmNames, classes: ClassNames, remarks: Remarks) -> None:
        self._path = path
        self._films = films
        self._classes = classes
        self._remarks = remarks

    def read(self) -> dict[str, Annotation]:
        images, shapes, kept = self._load()
        by_image: dict[str, list[dict[str, Any]]] = {key: [] for key in images}
        for shape in shapes:
            key = str(shape["image_id"])
            if key not in by_image:
                self._tell("annotation", _NO_IMAGE, f"image_id {key[:40]}")
            elif self._is_fracture(shape, kept, name=images[key]["file_name"]):
                by_image[key].append(shape)
        found: dict[str, Annotation] = {}
        for key, image in images.items():
            film = self._find_film(image["file_name"], n_shapes=len(by_image[key]))
            if film is not None:
                annotation = self._annotate(image, by_image[key])
                found[film] = _join(found[film], annotation) if film in found else annotation
        return found

    def _load(self) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]], Mapping[str, str]]:
        """Return images by id, annotations, and the categories that are no fracture by id.

        Raises:
            LayoutFault: If the file is no COCO JSON, or gives two images one id.
        """
        try:
            coco = json.loads(self._path.read_bytes())  # in UTF-8, 16 or 32, with a mark or without
            listed = [image | {"file_name": str(image["file_name"])} for image in coco["images"]]
            images = {str(image["id"]): image for image in listed}
            shapes = [shape | {"image_id": shape["image_id"]} for shape in coco["annotations"]]
            categories = {str(one["id"]): str(one["name"]) for one in coco.get("categories") or ()}
        except (*_BROKEN, RecursionError) as fault:
            raise LayoutFault(
                str(self._path),
                "must be COCO's JSON: images with id and file_name, annotations with image_id",
                advice="Fetch it again.",
            ) from fault
        for image in listed:
            if images[str(image["id"])]["file_name"] != image["file_name"]:
                raise LayoutFault(
                    f"{self._path}, image id {str(image['id'])[:40]}",
                    "must be of one image",
                    found=[image["file_name"], images[str(image["id"])]["file_name"]],
                    advice="Nothing says whose its annotations are: number the images again.",
                )
        return images, shapes, self._find_strangers(categories, shapes)

    def _find_strangers(
        self, categories: Mapping[str, str], shapes: Sequence[Mapping[str, Any]]
    ) -> dict[str, str]:
        """Return the categories that are no fracture; of a single one, the collection is sure.

        Raises:
            LayoutFault: If there are several and none is called a fracture.
        """
        used = {str(shape.get("category_id")) for shape in shapes}
        names = {key: categories.get(key, f"category {key}") for key in {*categories, *used}}
        if len(names) <= 1:
            for name in set(names.values()) & set(categories.values()):
                if self._classes.meaning(name) is None:
                    what = f"taken for a fracture: the one category there is called {name!r}"
                    for shape in shapes:
                        self._tell("annotation", what, f"image_id {str(shape['image_id'])[:40]}")
            return {
                key: name for key, name in names.items() if self._classes.meaning(name) is False
            }
        meant = {key for key, name in names.items() if self._classes.meaning(name)}
        if not meant and shapes:
            raise LayoutFault(
                f"{self._path}, categories",
                "must name the one that means a fracture, where there are several",
                found=sorted(names.values())[:8],
                advice="Say which: --positive NAME.",
            )
        return {key: name for key, name in names.items() if key not in meant}

    def _is_fracture(
        self, shape: Mapping[str, Any], strangers: Mapping[str, str], *, name: str
    ) -> bool:
        stranger = strangers.get(str(shape.get("category_id")))
        if stranger is not None:
            self._tell("annotation", f"left out: its category is {stranger!r}, no fracture", name)
        return stranger is None

    def _find_film(self, name: str, *, n_shapes: int) -> str | None:
        """Return the film that an image is; None where it is not here.

        Raises:
            LayoutFault: If two films fit.
        """
        fitting = self._films.find_name(name)
        if len(fitting) > 1:
            raise LayoutFault(
                f"{self._path}, image {name}",
                "must fit one film",
                found=list(fitting[:4]),
                advice="Give the films different names, or the folder too in file_name.",
            )
        if not fitting and n_shapes:
            self._tell("annotated image", "left out: no film here is called so", name)
        return fitting[0] if fitting else None

    def _annotate(self, image: Mapping[str, Any], shapes: Sequence[dict[str, Any]]) -> Annotation:
        rows, columns = _read_side(image.get("height")), _read_side(image.get("width"))
        boxes: list[Box] = []
        polygons: list[Polygon] = []
        for shape in shapes:
            outlines = self._read_outlines(shape, name=image["file_name"])
            box = _read_box(shape) if shape.get("bbox") else _surround(outlines)
            if box is None:
                self._tell("annotation", _FLAT, image["file_name"])
            elif _is_outside(box, rows, columns):
                self._tell("annotation", _OUTSIDE, image["file_name"])
            else:
                boxes.append(box)
                polygons.extend(outlines)
        return Annotation(rows=rows, columns=columns, boxes=tuple(boxes), polygons=tuple(polygons))

    def _read_outlines(self, shape: Mapping[str, Any], *, name: str) -> list[Polygon]:
        # A run-length mask (a dict) is a crowd, which has a box and no outline.
        rings = shape.get("segmentation")
        if not isinstance(rings, list) or not rings:
            return []
        if all(isinstance(number, int | float) for number in rings):
            rings = [rings]  # one ring, not in a list of its own
        found = [_read_ring(ring) for ring in rings]
        if None in found and _read_box(shape) is not None:
            self._tell("annotation", _NO_OUTLINE, name)
        return [ring for ring in found if ring is not None]

    def _tell(self, noun: str, what: str, place: str) -> None:
        self._remarks.add(noun, f"of {self._path.name} {what}", place)


def _read_box(shape: Mapping[str, Any]) -> Box | None:
    """Return an annotation's box; None where it has no area, or is no four numbers."""
    try:
        x, y, width, height = shape["bbox"]
        return parse_box([x, y, x + width, y + height])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _surround(outlines: Sequence[Polygon]) -> Box | None:
    """Return the box around outlines, for annotations without one."""
    corners = tuple(corner for outline in outlines for corner in outline)
    if not corners:
        return None
    return parse_box(Box.around(corners))


def _read_ring(ring: object) -> Polygon | None:
    """Return an outline; None where it has no area."""
    if not isinstance(ring, list) or len(ring) % 2:
        return None
    return keep_area(parse_polygon(list(zip(ring[::2], ring[1::2], strict=True))))


def keep_area(outline: Polygon | None) -> Polygon | None:
    """Return an outline if it encloses anything.

    Args:
        outline: Of corners, or None.
    """
    if outline is None:
        return None
    return outline if parse_box(Box.around(outline)) else None


def _is_outside(box: Box, rows: int | None, columns: int | None) -> bool:
    is_before = box.x1 <= 0 or box.y1 <= 0
    return is_before or bool(rows and box.y0 >= rows) or bool(columns and box.x0 >= columns)


def _read_side(value: object) -> int | None:
    """Return a side in whole pixels; None where a file gives no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 < value < 2**31 and value == int(value) else None


def _join(one: Annotation, other: Annotation) -> Annotation:
    """Put together what two places say of a film; what both say is said once."""
    return Annotation(
        rows=one.rows or other.rows,
        columns=one.columns or other.columns,
        boxes=tuple(dict.fromkeys((*one.boxes, *other.boxes))),
        polygons=tuple(dict.fromkeys((*one.polygons, *other.polygons))),
    )
