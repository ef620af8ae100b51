"""Read `audit.json` back: what an audit wrote, or anybody's file that claims to be one."""

import json
from pathlib import Path
from typing import Any

from osteon.errors import FolderNotFound, ManifestFault
from osteon.terms import Flaw

AUDIT_FILE = "audit.json"
"""The audit's name in the folder that it is written to."""

_ADVICE = "Make it again with `osteon audit MANIFEST -o DIR`."
_FIELDS: tuple[tuple[str, type, str], ...] = (
    ("rule", str, "a text"),
    ("films", list, "a list of paths"),
    ("film_ids", list, "a list of film ids"),
    ("evidence", dict, "an object"),
    ("advice", str, "a text"),
)


def read_audit(folder_or_file: Path) -> tuple[Flaw, ...]:
    """Read an audit's flaws, and check that each says what a flaw must.

    Args:
        folder_or_file: The folder that `osteon audit -o` wrote, or the `audit.json` in it.

    Returns:
        The flaws, in the file's order; rules that this Osteon does not know are read too.

    Raises:
        FolderNotFound: If there is no such file.
        ManifestFault: If the file is not an audit; the fault names the flaw and its part.
    """
    path = folder_or_file / AUDIT_FILE if folder_or_file.is_dir() else folder_or_file
    if not path.is_file():
        raise FolderNotFound(
            str(path), "must be an audit", advice="Make one with `osteon audit MANIFEST -o DIR`."
        )
    try:
        audit = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise ManifestFault(
            str(path), "must be a whole JSON file in UTF-8", advice=_ADVICE
        ) from fault
    flaws = audit.get("flaws") if isinstance(audit, dict) else None
    if not isinstance(flaws, list):
        raise ManifestFault(f"{path}, flaws", "must be a list of flaws", advice=_ADVICE)
    return tuple(
        _parse_flaw(told, where=f"{path}, flaws[{number}]") for number, told in enumerate(flaws)
    )


def _parse_flaw(told: Any, *, where: str) -> Flaw:
    """Turn one flaw's JSON into its record.

    Raises:
        ManifestFault: If a part is missing or of another kind.
    """
    if not isinstance(told, dict):
        raise ManifestFault(where, "must be an object", found=type(told).__name__, advice=_ADVICE)
    for name, kind, words in _FIELDS:
        if not isinstance(told.get(name), kind):
            found = type(told[name]).__name__ if name in told else "nothing"
            raise ManifestFault(f"{where}.{name}", f"must be {words}", found=found, advice=_ADVICE)
    films, film_ids = told["films"], told["film_ids"]
    for name, texts in (("films", films), ("film_ids", film_ids)):
        if not all(isinstance(text, str) for text in texts):
            raise ManifestFault(f"{where}.{name}", "must hold texts only", advice=_ADVICE)
    if len(films) != len(film_ids) or len(films) != len(set(films)) or not films:
        raise ManifestFault(
            f"{where}.films",
            "must name each film once, with as many film_ids",
            found=f"{len(films)} films, {len(set(films))} different, {len(film_ids)} film_ids",
            advice=_ADVICE,
        )
    return Flaw(
        rule=told["rule"],
        films=tuple(films),
        film_ids=tuple(film_ids),
        evidence=told["evidence"],
        advice=told["advice"],
    )
