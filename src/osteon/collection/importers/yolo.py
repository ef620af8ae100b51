"""YOLO's text files: one line per fracture, in shares of the film's width and height.

| line | holds |
|---|---|
| `0 0.5 0.5 0.2 0.1` | a class; centre, width and height |
| `0 0.5 0.5 0.2 0.1 0.93` | the same and a confidence: a network's answer, and remarked upon |
| `0 0.1 0.1 0.3 0.1 0.2 0.4` | a class and an outline of three corners or more |

Lines that are none of these, or lie wholly outside the film, are dropped, counted and named.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.collection.importers.coco import keep_area
from osteon.collection.importers.matching import FilmNames
from osteon.collection.importers.names import ClassNames
from osteon.collection.importers.remarks import Remarks
from osteon.collection.schema import parse_box
from osteon.errors import LayoutFault
from osteon.geometry import Box, Polygon

_CLASSES: Final = frozenset({"classes.txt", "names.txt", "labels.txt"})
_NO_BOX: Final = "of YOLO dropped: it is no class with a box, or outline, in shares of the film"
_CONFIDENCE: Final = "of YOLO read without its confidence: a network drew it, not a reader"
_ROUNDING: Final = 0.01
"""A box may leave the film by so much of its side; it is then cut to the film."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitShapes:
    """What a YOLO file says of its film, in shares of the film's width and height.

    Attributes:
        boxes: Fractures.
        polygons: Fractures, outlined; each has its box too.
    """

    boxes: tuple[Box, ...]
    polygons: tuple[Polygon, ...]


def read_yolo(
    folder: Path, films: FilmNames, *, classes: ClassNames, remarks: Remarks
) -> dict[str, UnitShapes]:
    """Read the files of a folder.

    Args:
        folder: Of `NAME.txt`; where it is absent, nothing is read.
        films: The collection's films.
        classes: What the names in `classes.txt` mean, where there are several.
        remarks: Told what was dropped.

    Returns:
        Path of a film → what its file says; films whose files are empty are left out.

    Raises:
        LayoutFault: If a file cannot be read, fits two films, or numbers several classes and no
            `classes.txt` says which of them is a fracture.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".txt")
    except OSError:
        return {}
    lines = {path: _read_lines(path) for path in paths if path.name.casefold() not in _CLASSES}
    meant = _choose_classes(folder, paths, lines, classes)
    found: dict[str, UnitShapes] = {}
    for path, own in lines.items():
        shapes = _read_shapes(path, own, meant, remarks)
        if shapes.boxes:
            film = _find_film(path, films, remarks)
            if film is not None:
                found[film] = shapes
    return found


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return the words of each line that has any, with its number.

    Raises:
        LayoutFault: If the file is no text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as fault:
        raise LayoutFault(str(path), "must be lines of text, one per fracture") from fault
    words = ((number, line.split()) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, own) for number, own in words if own]


def _choose_classes(
    folder: Path,
    paths: list[Path],
    lines: Mapping[Path, list[tuple[int, list[str]]]],
    classes: ClassNames,
) -> dict[str, str]:
    """Return the numbers that are no fracture, with their names.

    Raises:
        LayoutFault: If several are used, and nothing says which one is a fracture.
    """
    listed = [path for path in paths if path.name.casefold() in _CLASSES]
    names = [" ".join(words) for path in listed for _, words in _read_lines(path)]
    used = {_read_number(words[0]) for own in lines.values() for _, words in own}
    numbers = sorted(number for number in used if number)
    called = {
        number: names[int(number)] if int(number) < len(names) else f"class {number}"
        for number in numbers
    }
    meant = {number for number, name in called.items() if classes.meaning(name)}
    if len(numbers) <= 1 and not any(classes.meaning(name) for name in names):
        return {}
    if not meant and len(numbers) > 1:
        raise LayoutFault(
            str(folder),
            "must say which class is a fracture, where there are several",
            found=list(called.values())[:8],
            advice="Put a classes.txt beside the files, one name per line, or say it: "
            "--positive NAME.",
        )
    return {number: name for number, name in called.items() if number not in meant}


def _read_number(word: str) -> str:
    """Return a class's number in plain digits; empty where it is none."""
    try:
        number = float(word)
    except ValueError:
        return ""
    return str(int(number)) if number >= 0 and number.is_integer() else ""


def _read_shapes(
    path: Path,
    lines: list[tuple[int, list[str]]],
    strangers: Mapping[str, str],
    remarks: Remarks,
) -> UnitShapes:
    boxes: list[Box] = []
    polygons: list[Polygon] = []
    for number, words in lines:
        place = f"{path.name}, line {number}"
        stranger = strangers.get(_read_number(words[0]))
        if stranger is not None:
            remarks.add("line", f"of YOLO left out: its class is {stranger!r}, no fracture", place)
            continue
        values = _read_shares(words[1:]) if _read_number(words[0]) else []
        has_confidence = len(values) >= 5 and len(values) % 2 == 1
        if has_confidence:
            values = values[:-1]
        outline = _build_outline(values)
        box = Box.around(outline) if outline else _build_box(values)
        if box is None:
            remarks.add("line", _NO_BOX, place)
            continue
        if has_confidence:
            remarks.add("line", _CONFIDENCE, place)
        boxes.append(box)
        polygons.extend([outline] if outline else [])
    return UnitShapes(boxes=tuple(boxes), polygons=tuple(polygons))


def _read_shares(words: list[str]) -> list[float]:
    """Return a line's numbers; none where one of them is no number."""
    try:
        values = [float(word) for word in words]
    except ValueError:
        return []
    return values if all(map(math.isfinite, values)) else []


def _build_outline(values: list[float]) -> Polygon | None:
    """Return corners in the film; None where these are fewer than three, or lie elsewhere."""
    if len(values) < 6 or not all(-_ROUNDING <= value <= 1 + _ROUNDING for value in values):
        return None
    held = [min(max(value, 0.0), 1.0) for value in values]
    return keep_area(tuple(zip(held[::2], held[1::2], strict=True)))


def _build_box(values: list[float]) -> Box | None:
    """Return a box around a centre in the film; None where it has no area.

    Where it leaves the film by more than rounding it is left as it is, for the audit to see.
    """
    if len(values) != 4:
        return None
    x, y, width, height = values
    if not (0 <= x <= 1 and 0 <= y <= 1 and 0 < width <= 1 and 0 < height <= 1):
        return None
    sides = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return parse_box([_hold(side) for side in sides])


def _hold(side: float) -> float:
    held = min(max(side, 0.0), 1.0)
    return held if abs(side - held) <= _ROUNDING else side


def _find_film(path: Path, films: FilmNames, remarks: Remarks) -> str | None:
    """Return the film that a file is about; None where it is not here.

    Raises:
        LayoutFault: If two films fit.
    """
    fitting = films.find_stem(path.stem) or films.find_name(path.stem)  # also `1.jpg.txt`
    if len(fitting) > 1:
        raise LayoutFault(
            str(path),
            "must fit one film",
            found=list(fitting[:4]),
            advice="Give the films different names.",
        )
    if not fitting:
        remarks.add("YOLO file", "left out: no film here is called so", path.name)
    return fitting[0] if fitting else None
