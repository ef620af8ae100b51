"""Read `audit.json` back: what an audit wrote, or anybody's file that claims to be one."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchRecord:
    """When, by which Osteon and with which limits films were searched for copies.

    Attributes:
        date: The day, such as "2026-11-29".
        osteon: The version.
        limits: Of the search, as `describe_limits` gives them.
        film_ids: Of all films that were compared with one another, sorted, each once.
    """

    date: str
    osteon: str
    limits: Mapping[str, Any]
    film_ids: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Hash of everything but the day: equal for equal searches of the same films."""
        told = [self.osteon, self.limits, self.film_ids]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def stamp(self) -> str:
        """How the films' stamps begin: day, version and hash."""
        return f"{self.date} osteon {self.osteon} audit {self.identity}"

    def as_json(self) -> dict[str, Any]:
        """Return the record as `audit.json` holds it under "searched"."""
        return {
            "date": self.date,
            "osteon": self.osteon,
            "identity": self.identity,
            "limits": self.limits,
            "film_ids": list(self.film_ids),
        }


def build_search_record(
    film_ids: Iterable[str], *, date: str, osteon: str, limits: Mapping[str, Any]
) -> SearchRecord:
    """Return the record of a search.

    Args:
        film_ids: Of the films that were compared, in any order.
        date: The day.
        osteon: The version.
        limits: Of the search.
    """
    return SearchRecord(
        date=date, osteon=osteon, limits=limits, film_ids=tuple(sorted(set(film_ids)))
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
    path, audit = _read(folder_or_file)
    flaws = audit.get("flaws")
    if not isinstance(flaws, list):
        raise ManifestFault(f"{path}, flaws", "must be a list of flaws", advice=_ADVICE)
    return tuple(
        _parse_flaw(told, where=f"{path}, flaws[{number}]") for number, told in enumerate(flaws)
    )


def read_search_record(folder_or_file: Path) -> SearchRecord | None:
    """Read which films an audit searched for copies.

    Args:
        folder_or_file: As in `read_audit`.

    Returns:
        The record; None where no film was opened (`--quick`), or where an older Osteon did not
        write it down.

    Raises:
        FolderNotFound: If there is no such file.
        ManifestFault: If the record is not what was written.
    """
    path, audit = _read(folder_or_file)
    told = audit.get("searched")
    if told is None:
        return None
    record = _parse_record(told)
    if record is None or told.get("identity") != record.identity:
        raise ManifestFault(
            f"{path}, searched", "must be as the audit wrote it, or absent", advice=_ADVICE
        )
    return record


def _read(folder_or_file: Path) -> tuple[Path, dict[str, Any]]:
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
    return path, audit if isinstance(audit, dict) else {}


def _parse_record(told: Any) -> SearchRecord | None:
    if not isinstance(told, dict):
        return None
    date, osteon, limits = told.get("date"), told.get("osteon"), told.get("limits")
    film_ids = told.get("film_ids")
    if not isinstance(date, str) or not _DAY.fullmatch(date):
        return None
    if not isinstance(osteon, str) or not re.fullmatch(r"\S+", osteon):
        return None
    if not isinstance(limits, dict) or not isinstance(film_ids, list):
        return None
    if not all(isinstance(one, str) for one in film_ids):
        return None
    return build_search_record(film_ids, date=date, osteon=osteon, limits=limits)


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
