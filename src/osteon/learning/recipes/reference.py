"""A recipe for a person: every key that there is, with its value and what it means.

What a key means is said once, in the docstring of the record that holds it; here it is read.
"""

import inspect
import re
import textwrap
from typing import Any, Final

import tomli_w
from pydantic import BaseModel

from osteon.learning.recipes import Recipe

_WIDTH: Final = 96
_ENTRY: Final = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def describe_recipe(recipe: Recipe) -> str:
    """Return a recipe as TOML with every key, a key without a value as a comment.

    Args:
        recipe: Any; the text reads back as the same one.
    """
    lines = [
        "# A recipe: copy it to NAME.toml, change it, and train it: osteon train NAME.toml …",
        "# A key that is left out takes Osteon's default, which need not be the value shown here.",
        *_describe_table(recipe),
    ]
    for name in _find_tables(recipe):
        lines += ["", *_comment(read_meanings(Recipe)[name]), f"[{name}]"]
        lines += _describe_table(getattr(recipe, name))
    return "\n".join(lines) + "\n"


def read_meanings(kind: type[BaseModel]) -> dict[str, str]:
    """Return what each key of a record means, as its docstring's attributes say it.

    Args:
        kind: A record of settings.
    """
    _, _, attributes = inspect.getdoc(kind).partition("\nAttributes:\n")  # type: ignore[union-attr]
    return {name: " ".join(text.split()) for name, text in _ENTRY.findall(attributes)}


def _find_tables(record: BaseModel) -> list[str]:
    return [name for name, value in record if isinstance(value, BaseModel)]


def _describe_table(record: BaseModel) -> list[str]:
    meanings, tables = read_meanings(type(record)), _find_tables(record)
    lines: list[str] = []
    for name, value in record:
        if name in tables:
            continue
        lines += ["", *_comment(meanings[name])]
        lines.append(f"# {name} is not set" if value is None else _write_key(name, value))
    return lines


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH - 2, break_on_hyphens=False)]


def _write_key(name: str, value: Any) -> str:
    if isinstance(value, dict):  # on one line: a table would take the keys that follow it
        held = ", ".join(_write_key(key, one) for key, one in value.items())
        return f"{name} = {{ {held} }}" if held else f"{name} = {{}}"
    if isinstance(value, tuple):
        return f"{name} = [{', '.join(_write_key('', one)[5:] for one in value)}]"
    return tomli_w.dumps({name: value}).rstrip("\n")
