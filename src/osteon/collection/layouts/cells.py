"""A collection's own tables: the rows of a CSV, and what a cell may say."""

import io
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import polars as pl

from osteon.errors import LayoutFault

_Shape = TypeVar("_Shape")

_FLAGS: Mapping[str, bool] = MappingProxyType(
    {
        "1": True,
        "1.0": True,
        "true": True,
        "yes": True,
        "y": True,
        "0": False,
        "0.0": False,
        "false": False,
        "no": False,
        "n": False,
    }
)
_SEXES: Mapping[str, str | None] = MappingProxyType(
    {
        "f": "female",
        "female": "female",
        "w": "female",
        "woman": "female",
        "m": "male",
        "male": "male",
        "man": "male",
        "o": "other",
        "other": "other",
        "u": None,
        "unknown": None,
    }
)
# PS3.5 6.2: an Age String is three digits and one of D, W, M, Y.
_YEARS: Mapping[str, float] = MappingProxyType(
    {
        "": 1.0,
        "y": 1.0,
        "m": 1 / 12,
        "w": 7 / 365.25,
        "d": 1 / 365.25,
    }
)
NOTHING = frozenset({"", "na", "n/a", "nan", "none", "null"})
"""What a cell says when there is nothing to say, in lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A CSV as text.

    Attributes:
        path: The file.
        header: Its columns, as written.
        rows: Its cells by column, stripped; empty where there is nothing.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    def address(self, at: int, column: str) -> str:
        """Return where a cell stands: row 1 is the first below the header."""
        return f"{self.path}, row {at + 1}, column {column}"


def read_table(path: Path) -> Table:
    """Read a CSV in UTF-8 with commas, semicolons or tabs.

    Args:
        path: The file.

    Returns:
        Its cells.

    Raises:
        LayoutFault: If it is not such a file, or names a column twice.
    """
    try:
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        first = data.partition(b"\n")[0].decode()
        separator = max(",;\t", key=first.count)
        frame = pl.read_csv(
            io.BytesIO(data), infer_schema=False, separator=separator, has_header=False
        )
    except (OSError, ValueError, pl.exceptions.PolarsError) as fault:
        raise LayoutFault(
            str(path),
            "must be a CSV in UTF-8 with a header and as many cells in every row",
            advice="Save it as CSV UTF-8.",
        ) from fault
    lines = frame.fill_null("").rows()
    header = tuple(str(name).strip() for name in lines[0])
    if len(set(header)) < len(header) or "" in header:
        raise LayoutFault(
            f"{path}, header", "must name every column, each once", found=list(header)[:12]
        )
    rows = tuple(
        {name: cell.strip() for name, cell in zip(header, line, strict=True)} for line in lines[1:]
    )
    return Table(path=path, header=header, rows=rows)


def parse_flag(text: str, where: str) -> bool | None:
    """Return what a yes-or-no cell says; None where it is empty.

    Args:
        text: The cell.
        where: Its address.

    Returns:
        The answer.

    Raises:
        LayoutFault: If it is neither yes nor no.
    """
    if text.casefold() in NOTHING:
        return None
    if text.casefold() not in _FLAGS:
        raise LayoutFault(where, "must be 1 or 0, true or false, yes or no", found=text)
    return _FLAGS[text.casefold()]


def parse_age(text: str, where: str) -> float | None:
    """Return an age in years; `045Y` and `6M` are DICOM's way to write it.

    Args:
        text: The cell.
        where: Its address.

    Returns:
        Years, or None where the cell is empty.

    Raises:
        LayoutFault: If it is no age.
    """
    if text.casefold() in NOTHING:
        return None
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?([ymwd]?)", text.casefold(), re.ASCII)
    if match is None:
        # An age is a patient's: it is not repeated here.
        raise LayoutFault(where, "must be an age in years, such as 45 or 045Y")
    return round(float(match[1]) * _YEARS[match[2]], 4)


def parse_sex(text: str, where: str) -> str | None:
    """Return "female", "male" or "other"; None where the cell is empty or says unknown.

    Args:
        text: The cell.
        where: Its address.

    Returns:
        The word.

    Raises:
        LayoutFault: If it is another word.
    """
    word = text.casefold()
    if word in NOTHING:
        return None
    if word not in _SEXES:
        raise LayoutFault(where, "must be female, male, other or unknown, or its first letter")
    return _SEXES[word]


def parse_words(text: str) -> tuple[str, ...]:
    """Return the words of a cell that may hold several, parted by `;`, `,`, `|`, `+` or `/`.

    >>> parse_words("Hand; wrist")
    ('hand', 'wrist')
    """
    words = (word.strip().casefold() for word in re.split(r"[;,|+/]", text))
    return tuple(dict.fromkeys(word for word in words if word not in NOTHING))


def parse_shapes(
    text: str, where: str, parse: Callable[[Any], _Shape | None]
) -> tuple[_Shape, ...]:
    """Return the boxes or polygons of a cell.

    Args:
        text: JSON: a list of shapes.
        where: The cell's address.
        parse: Makes one shape of its list of numbers; None where it is none.

    Returns:
        The shapes; none where the cell is empty.

    Raises:
        LayoutFault: If the cell is something else.
    """
    try:
        value = json.loads(text) if text else []
    except ValueError:
        value = None
    shapes = [parse(shape) for shape in value] if isinstance(value, list) else [None]
    whole = tuple(shape for shape in shapes if shape is not None)
    if len(whole) < len(shapes):
        raise LayoutFault(
            where,
            "must be a JSON list of boxes [x0, y0, x1, y1] or of polygons [[x, y], …], in pixels",
            found=text[:80],
        )
    return whole


def parse_unit_box(numbers: str, where: str) -> tuple[float, float, float, float]:
    """Return a YOLO box as (x0, y0, x1, y1), shares of the film's width and height.

    Args:
        numbers: Centre x, centre y, width and height, each in [0, 1], parted by spaces.
        where: Their address.

    Returns:
        The box, held within the film.

    Raises:
        LayoutFault: If they are no box.
    """
    try:
        x, y, width, height = map(float, numbers.split())
    except ValueError:
        x = y = width = height = math.nan
    x0, x1 = max(x - width / 2, 0.0), min(x + width / 2, 1.0)
    y0, y1 = max(y - height / 2, 0.0), min(y + height / 2, 1.0)
    # Written so that a NaN is refused too.
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 and x0 < x1 and y0 < y1):
        raise LayoutFault(
            where, "must be a class and a box: centre, width and height, each in [0, 1]"
        )
    return x0, y0, x1, y1
