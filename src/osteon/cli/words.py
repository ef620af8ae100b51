"""How answers are put: tables and sentences for a person, JSON for a program."""

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePath
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from osteon.cli.streams import is_unicode
from osteon.errors import OutputFault
from osteon.files import open_whole

STANDARD_OUTPUT = Path("-")

PIPE_WIDTH = 200


def console_for(json_to: Path | None = None) -> Console:
    """Return where words go: standard output, or standard error while JSON takes the former."""
    stream = sys.stderr if json_to == STANDARD_OUTPUT else sys.stdout
    # A pipe has no width: without this, Rich would fold a log's tables at 80 characters.
    return Console(file=stream, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)


def say(console: Console, *sentences: str) -> None:
    """Print sentences as they are, one to a line; nothing in them is read as markup."""
    for sentence in sentences:
        console.print(Text(sentence), soft_wrap=True)


def show_table(console: Console, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: numbers to the right with thousands parted, words to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        is_number = bool(cells) and all(row[place].replace(",", "").isdigit() for row in cells)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def write_json(record: object, json_to: Path | None) -> None:
    """Write a record as JSON where the person asked for it.

    Args:
        record: A dataclass, settings, a mapping or a sequence of such.
        json_to: A file, `-` for standard output, or None for nowhere.

    Raises:
        OutputFault: If the file cannot be written.
    """
    if json_to is None:
        return
    to_stream = json_to == STANDARD_OUTPUT
    # Where the stream lacks letters, JSON's own escapes stand for them: it stays JSON.
    is_ascii = to_stream and not is_unicode(sys.stdout)
    text = json.dumps(as_plain(record), indent=2, ensure_ascii=is_ascii, allow_nan=False) + "\n"
    if to_stream:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        # Half a letter, from a name that is no UTF-8, becomes JSON's escape of it.
        with open_whole(json_to, must_last=False) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as fault:
        raise OutputFault(
            f"--json {json_to}",
            "must be a file that can be written, or - for standard output",
            advice="Choose another path.",
        ) from fault


def as_plain(value: object) -> Any:
    """Return a record as JSON's own kinds: a number that is not finite becomes null.

    Args:
        value: Anything a job returns: records, mappings, sequences, paths, numbers.

    Returns:
        The same as dictionaries, lists, strings, numbers, booleans and None.
    """
    match value:
        case None | bool() | int() | str():
            plain: Any = value
        case float():
            plain = value if math.isfinite(value) else None
        case PurePath():
            plain = value.as_posix()
        case Mapping():
            plain = {str(key): as_plain(item) for key, item in value.items()}
        case AbstractSet():
            plain = sorted(as_plain(item) for item in value)
        case _ if dataclasses.is_dataclass(value):
            plain = {f.name: as_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        case _ if hasattr(value, "model_dump"):  # settings; importing pydantic slows every start
            plain = as_plain(value.model_dump())
        case _ if hasattr(value, "tolist"):  # numpy's arrays and numbers
            plain = as_plain(value.tolist())
        case _:
            plain = (
                [as_plain(item) for item in value] if isinstance(value, Iterable) else str(value)
            )
    return plain


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
