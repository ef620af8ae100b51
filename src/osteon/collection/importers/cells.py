"""A collection's own tables: the rows of a CSV, and what a cell may say."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from osteon.collection.importers.spreadsheets import read_cells
from osteon.errors import LayoutFault
from osteon.radiographs import patients
from osteon.terms import Sex

_Shape = TypeVar("_Shape")

# TRUE and FALSE as Excel writes them in German, French, Spanish, Italian, Portuguese and Dutch.
_FLAGS: Mapping[str, bool] = MappingProxyType(
    {
        "1": True,
        "1.0": True,
        "1,0": True,
        "true": True,
        "yes": True,
        "y": True,
        **dict.fromkeys(("wahr", "vrai", "verdadero", "vero", "verdadeiro", "waar"), True),
        "0": False,
        "0.0": False,
        "0,0": False,
        "false": False,
        "no": False,
        "n": False,
        **dict.fromkeys(("falsch", "faux", "falso", "onwaar"), False),
    }
)
_SEXES: Mapping[str, Sex | None] = MappingProxyType(
    {
        **patients.SEXES,
        "female": "female",
        "w": "female",
        "woman": "female",
        "male": "male",
        "man": "male",
        "other": "other",
        "u": None,
        "unknown": None,
    }
)
NOTHING = frozenset({"", "na", "n/a", "nan", "none", "null", "#n/a", "#nv", "-"})
"""What a cell says when there is nothing to say, in lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A CSV as text.

    Attributes:
        path: The file.
        header: Its columns, as written; "(column 3)" where one has no name.
        rows: Its cells by column, stripped; empty where there is nothing.
        numbers: Of the rows: 1 is the first below the header, empty ones counted.
        is_guessed: Whether it is in no Unicode, and was read as Windows-1252.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    numbers: tuple[int, ...]
    is_guessed: bool = False

    def address(self, at: int, column: str) -> str:
        """Return where a cell stands: row 1 is the first below the header."""
        return f"{self.path}, row {self.numbers[at]}, column {column}"


def read_table(path: Path) -> Table:
    """Read a table as spreadsheets and scripts write it; see `spreadsheets`.

    Args:
        path: The file.

    Returns:
        Its cells.

    Raises:
        LayoutFault: If it is not such a file, or names a column twice.
    """
    cells = read_cells(path)
    rows = tuple(dict(zip(cells.header, row, strict=True)) for row in cells.rows)
    return Table(
        path=path,
        header=cells.header,
        rows=rows,
        numbers=cells.numbers,
        is_guessed=cells.is_guessed,
    )


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
    """Return an age in years; `045Y` and `6M` are DICOM's way to write it, `45,5` Excel's.

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
    age = patients.parse_age(text.replace(",", "."))
    if age is None:
        # An age is a patient's: it is not repeated here.
        raise LayoutFault(where, "must be an age in years, such as 45 or 045Y")
    return age


def parse_sex(text: str, where: str) -> Sex | None:
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
    for spelling in _spell_numbers(text):
        whole = _parse_list(spelling, parse)
        if whole is not None:
            return whole
    raise LayoutFault(
        where,
        "must be a JSON list of boxes [x0, y0, x1, y1] or of polygons [[x, y], …], in pixels",
        found=text[:80],
    )


def _parse_list(text: str, parse: Callable[[Any], _Shape | None]) -> tuple[_Shape, ...] | None:
    """Return the shapes of a JSON list; None where it is none, or one of them is no shape."""
    try:
        value = json.loads(text) if text else []
    except ValueError:
        return None
    shapes = [parse(shape) for shape in value] if isinstance(value, list) else [None]
    whole = tuple(shape for shape in shapes if shape is not None)
    return whole if len(whole) == len(shapes) else None


def _spell_numbers(text: str) -> Iterator[str]:
    """Yield a list as it is written, then with decimal commas, where they can be nothing else.

    >>> list(_spell_numbers("[[1,5; 2; 3,5; 4]]"))[1:]
    ['[[1.5, 2, 3.5, 4]]']
    >>> list(_spell_numbers("[[1,5, 2,0, 3,5, 4,0]]"))[1:]
    ['[[1.5, 2.0, 3.5, 4.0]]']
    """
    yield text
    if ";" in text:
        yield text.replace(",", ".").replace(";", ",")
    # Every number must have its comma, and a space after the next: `[1,5, 2, 3, 4]` may be five.
    elif not re.sub(r"\d+,\d+(?=\s*\]|,\s)", "", text).strip("[], \t\n-"):
        yield re.sub(r"(?<=\d),(?=\d)", ".", text)
