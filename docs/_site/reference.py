"""The two references: Markdown that is made of the code, so that nothing in it is forgotten."""

import ast
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

import osteon
from osteon.cli.app import app

READING = ("Detector", "Reading", "Finding", "Reason", "Radiograph")
STEPS = ("import_films", "audit", "clean", "split", "train", "evaluate", "export", "Manifest")
APART = ("__version__", "errors")
"""Public names that have a place of their own."""

PAGE = """\
# Python

`import osteon` gives {names}, `errors` and `__version__`. The base install reads; the steps need
`osteon[audit]` or `osteon[train]`, and say which.

## Read films

{reading}
## From films to a release

Each step does what the command of its name does ([Commands](commands.md)) and returns a record,
described [below](#records).

{steps}
## Records

What the steps return, and what is inside. They are frozen.

{records}
## Errors

::: osteon.errors
    options:
      show_root_heading: false
      members_order: source
"""


def describe_commands() -> str:
    """Return the reference of the command line, as Typer writes it."""
    command = [sys.executable, "-m", "typer", "osteon.cli.app", "utils", "docs", "--name", "osteon"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.sub(r"^\* `([a-z]+)`: .*$", _link_command, done.stdout, flags=re.MULTILINE)


def _link_command(line: re.Match[str]) -> str:
    """Return a command's line in the list, with its whole first sentence, which Typer cuts."""
    name = line[1]
    callbacks = {
        c.name or c.callback.__name__: c.callback for c in app.registered_commands if c.callback
    }
    said = (inspect.getdoc(callbacks[name]) or "").splitlines()[0]
    return f"* [`osteon {name}`](#osteon-{name}): {said}"


def describe_python() -> str:
    """Return the reference of Python's names, for mkdocstrings to fill.

    Raises:
        ValueError: If a public name has no place on the page.
    """
    missing = set(osteon.__all__) - {*READING, *STEPS, *APART}
    if missing:
        raise ValueError(f"docs/_site/reference.py, public names without a place: {missing}")
    names = ", ".join(f"`{name}`" for name in osteon.__all__ if name not in APART)
    return PAGE.format(
        names=names,
        reading="\n".join(_refer(getattr(osteon, name), f"osteon.{name}") for name in READING),
        steps="\n".join(_refer(getattr(osteon, name), f"osteon.{name}") for name in STEPS),
        records="\n".join(_refer(record, record.__name__) for record in find_records()),
    )


def find_records() -> list[type]:
    """Return the records that a step's report holds, with those that these hold, by name."""
    found: dict[type, None] = {}
    shown = {getattr(osteon, name) for name in READING + STEPS}
    for name in STEPS:
        step = getattr(osteon, name)
        if inspect.isfunction(step):
            for kind in _returned(step):
                _collect(kind, found)
        else:
            _collect(step, found)
    return sorted(set(found) - shown, key=lambda record: record.__name__)


def _refer(thing: Any, heading: str) -> str:
    name = f"{thing.__module__}.{thing.__qualname__}"
    return f"::: {name}\n    options:\n      heading: {heading}\n      toc_label: {heading}\n"


def _returned(step: Any) -> Iterator[type]:
    """Yield the kinds of report that a step returns: their names are imported for types alone."""
    room = inspect.getmodule(step)
    assert isinstance(room, ModuleType)
    returned = inspect.get_annotations(step)["return"]
    imported = {
        alias.name: node.module
        for node in ast.walk(ast.parse(Path(room.__file__ or "").read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for name in str(returned).split(" | "):
        yield getattr(import_module(str(imported[name])), name)


def _collect(kind: object, found: dict[type, None]) -> None:
    for inner in typing.get_args(kind):
        _collect(inner, found)
    if not inspect.isclass(kind) or not kind.__module__.startswith("osteon.") or kind in found:
        return
    if is_dataclass(kind) or issubclass(kind, BaseModel):
        found[kind] = None
        for inner in typing.get_type_hints(kind).values():
            _collect(inner, found)
