"""TOML in, frozen settings out. Every refusal starts with the file and the key's path."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from osteon.errors import SettingsFault


class Settings(BaseModel):
    """Frozen settings that refuse what they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


S = TypeVar("S", bound=BaseModel)


def read_settings(path: Path, kind: type[S]) -> S:
    """Return the settings that a TOML file holds.

    Args:
        path: The file.
        kind: The settings model it must fit.

    Raises:
        SettingsFault: If the file is missing, is not TOML, or says something the model refuses.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsFault(
            str(path), "a readable UTF-8 text file is needed here", found=type(fault).__name__
        ) from fault
    return parse_settings(text, kind, where=path.name)


def parse_settings(text: str, kind: type[S], *, where: str) -> S:
    """Return the settings that a TOML text holds; `where` names the text in refusals.

    Raises:
        SettingsFault: If the text is not TOML, or says something the model refuses.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        line = str(fault).rpartition("(at ")[2].rstrip(")") or "unknown place"
        raise SettingsFault(where, "the text must be TOML", found=f"a mistake at {line}") from fault
    return build_settings(table, kind, where=where)


def build_settings(table: dict[str, Any], kind: type[S], *, where: str) -> S:
    """Return the settings that a table holds; the first fault is refused with its key's path.

    Raises:
        SettingsFault: If a key is unknown or missing, or a value is not what it must be.
    """
    try:
        return kind.model_validate(table)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        address = f"{where}, {key}" if key else where
        if first["type"] == "extra_forbidden":
            known = _known_keys(kind, first["loc"][:-1])
            near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
            must = f"unknown key; known: {', '.join(known)}"
            advice = f"Did you mean {near[0]}?" if near else ""
            raise SettingsFault(address, must, advice=advice) from fault
        message = first["msg"].removeprefix("Value error, ")
        found = None if first["type"] == "missing" else first["input"]
        raise SettingsFault(address, message[0].lower() + message[1:], found=found) from fault


def _known_keys(kind: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    model: Any = kind
    for part in location:
        inner = model.model_fields[str(part)].annotation
        options = [inner, *getattr(inner, "__args__", ())]
        model = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return list(model.model_fields)
