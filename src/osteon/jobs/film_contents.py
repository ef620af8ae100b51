"""What a film's file held when it was read: how a resumed reading knows which films it has read.

A film is known by its path and its content. Its size and time alone would not tell a film that was
replaced, and its content alone would not tell two copies apart.

Works with the base install alone.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from osteon.reports.readings import ReadingRecord
from osteon.sandbox import Limits
from osteon.wording import spell

FilmKey = tuple[str, str | None]
"""The path of a film, whole and as it is written down, and the SHA-256 of its file."""

Stamp = tuple[int, int]
"""A file's size in bytes, and its time of change in nanoseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmContent:
    """A film's file, looked at before the film is read.

    Attributes:
        path: Of the film.
        stamp: Of the file; None where there is none.
        sha256: Of its bytes; None where they cannot be read, or are too many for a film.
    """

    path: Path
    stamp: Stamp | None
    sha256: str | None

    @property
    def is_unchanged(self) -> bool:
        """Whether the file still is what it was: `sha256` is of what was read since."""
        return self.stamp is not None and stamp_file(self.path) == self.stamp


def look_at_content(path: Path, *, max_bytes: int = Limits().file_bytes) -> FilmContent:
    """Return what a film's file holds.

    Args:
        path: Of the film; it may be missing.
        max_bytes: A file that is larger is no film, and is not read.
    """
    stamp, sha256 = stamp_file(path), None
    if stamp is not None and stamp[0] <= max_bytes and path.is_file():
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            pass  # its reading says why
    return FilmContent(path=path, stamp=stamp, sha256=sha256)


def stamp_file(path: Path) -> Stamp | None:
    """Return a file's size and time of change; None where it cannot be looked at.

    Args:
        path: Of the file.
    """
    try:
        about = path.stat()
    except (OSError, ValueError):  # ValueError: a name that no disk takes
        return None
    return about.st_size, about.st_mtime_ns


def build_key(path: str | Path, sha256: str | None) -> FilmKey:
    """Return by what a film is known.

    Args:
        path: As it was named or found, or as a record spells it.
        sha256: Of its file.
    """
    return spell(os.path.abspath(path)), sha256  # noqa: PTH100 — links are not followed


def key_records(records: tuple[ReadingRecord, ...]) -> dict[FilmKey, ReadingRecord]:
    """Return readings by what their films are known by.

    Args:
        records: Of an earlier run.
    """
    return {build_key(record.path, record.film_sha256): record for record in records}
