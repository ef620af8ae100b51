"""A table's bytes become cells, whatever spreadsheet or script wrote them.

| habit | what is made of it |
|---|---|
| UTF-8 with a byte-order mark, UTF-16 ("Unicode text") | read |
| Windows-1252 ("CSV" in an older Excel) | read, and said to be a guess: the caller checks it |
| a first line `sep=;` | the separator, and no row |
| semicolons or tabs | found in the header |
| line breaks in a quoted cell | part of the cell |
| columns without a name | ignored where empty; otherwise named by their number, and ignored |
| rows without a cell, cells missing at a row's end | no rows; empty cells |
| `'0012`, `="0012"` (a number kept as text) | `0012` |
"""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.errors import LayoutFault

_MUST: Final = "must be a CSV with a header and no more cells in a row than it has"
_ADVICE: Final = "Save it as CSV UTF-8."
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.|\\t)"?;*\r?(?:\n|$)', re.IGNORECASE)
_SEPARATORS: Final = ",;\t|"
_INVISIBLE: Final = "\ufeff\u200b\u200e\u200f\u00ad"
_KEPT_AS_TEXT: Final = re.compile(r'^="(.*)"$', re.DOTALL)
_LONGEST_CELL: Final = 1 << 24
# A number that a spreadsheet rounded: the digits behind the sixth are lost.
_ROUNDED: Final = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cells:
    """The cells of a table.

    Attributes:
        header: Its columns' names; each once.
        rows: Its rows that hold anything, each as long as the header.
        numbers: Of the rows: 1 is the first below the header, empty ones counted.
        is_guessed: Whether the encoding was guessed: Windows-1252.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    is_guessed: bool


def read_cells(path: Path) -> Cells:
    """Read a table of text.

    Args:
        path: The file.

    Returns:
        Its cells, stripped.

    Raises:
        LayoutFault: If it is no such file, a row has more cells than the header, or a column's
            name stands there twice.
    """
    try:
        text, is_guessed = _decode(path.read_bytes())
        found = [[_clean(cell) for cell in row] for row in _parse(text)]
    except (OSError, ValueError, csv.Error) as fault:
        raise LayoutFault(str(path), _MUST, advice=_ADVICE) from fault
    while found and not any(found[0]):
        found.pop(0)
    if not found:
        raise LayoutFault(str(path), _MUST, found="no header", advice=_ADVICE)
    names = found[0]
    named = [place for place, name in enumerate(names) if name]
    unnamed = [
        place
        for place in range(max(map(len, found)))
        if (place >= len(names) or not names[place])
        and any(place < len(row) and row[place] for row in found[1:])
    ]
    if unnamed and unnamed[-1] >= len(names):
        at = next(at for at, row in enumerate(found) if any(row[len(names) :]))
        raise LayoutFault(f"{path}, row {at}", _MUST, found=f"{len(found[at])} cells")
    header = tuple(names[p] if p in named else f"(column {p + 1})" for p in (*named, *unnamed))
    if len(set(header)) < len(header):
        raise LayoutFault(
            f"{path}, header", "must name every column, each once", found=list(header)[:12]
        )
    rows = [
        (number, tuple(row[p] if p < len(row) else "" for p in (*named, *unnamed)))
        for number, row in enumerate(found[1:], start=1)
        if any(row)
    ]
    return Cells(
        header=header,
        rows=tuple(row for _, row in rows),
        numbers=tuple(number for number, _ in rows),
        is_guessed=is_guessed,
    )


def looks_rounded(cell: str) -> bool:
    """Return whether a spreadsheet has made a rounded number of a name: `1.23457E+13`.

    Args:
        cell: Of a column that holds names.
    """
    return _ROUNDED.fullmatch(cell) is not None


def _decode(data: bytes) -> tuple[str, bool]:
    """Return a file's text, and whether its encoding was guessed.

    Raises:
        ValueError: If no encoding fits.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding).lstrip("\ufeff"), False
    if b"\0" in data:
        raise ValueError  # UTF-16 without its mark, or no text at all
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        return data.decode("cp1252"), True


def _parse(text: str) -> list[list[str]]:
    """Return a table's rows."""
    told = _SEPARATOR_LINE.match(text)
    if told:
        text = text[told.end() :]
        separator = told[1].replace("\\t", "\t")
    else:
        separator = _find_separator(text)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    return list(reader)


def _find_separator(text: str) -> str:
    """Return what parts the cells of the header, the first line that holds a letter.

    Raises:
        ValueError: If there is no such line.
    """
    lines = io.StringIO(text, newline=None)
    header = next((line for line in lines if line.strip(_SEPARATORS + "\n ")), None)
    if header is None:
        raise ValueError
    plain = re.sub(r'"[^"]*"', "", header)
    return max(_SEPARATORS, key=plain.count)


def _clean(cell: str) -> str:
    text = cell.strip().strip(_INVISIBLE).strip()
    text = _KEPT_AS_TEXT.sub(r"\1", text).strip()
    # An apostrophe before a name keeps a spreadsheet from making a number of it.
    return text[1:].strip() if len(text) > 1 and text[0] == "'" and text[-1] != "'" else text
