"""Open every film once: its hash, its size, and whether it decodes whole."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from osteon.collection.layouts.listing import ListedFilm, Listing
from osteon.errors import FilmFault, TruncatedFilm, UnsupportedRadiograph
from osteon.radiographs.raster import read_raster
from osteon.terms import Box, ManifestRow, Progress, State, no_progress

_SIDEWAYS = frozenset({5, 6, 7, 8})  # EXIF 2.32, 4.6.4 A, tag 274: the axes are exchanged
_SAID = tuple(field.name for field in fields(ListedFilm) if field.name != "relative_boxes")


def inspect_films(listing: Listing, *, progress: Progress = no_progress) -> tuple[ManifestRow, ...]:
    """Open the films of a collection, on all cores. A film that fails stops nothing.

    Args:
        listing: The films, and what their layout says about them.
        progress: Called once per film.

    Returns:
        One row per film, in the listing's order. A film that cannot be used, or is gone, is
        "unreadable" or "truncated", with the reason; one that is gone has no hash.
    """
    inspect = partial(inspect_film, root=listing.root, collection=listing.collection)
    rows: list[ManifestRow] = []
    # Decoders release the interpreter, so threads are enough.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for row in pool.map(inspect, listing.films):
            rows.append(row)
            progress("inspect", len(rows), len(listing.films))
    return tuple(rows)


def inspect_film(film: ListedFilm, *, root: Path, collection: str) -> ManifestRow:
    """Open one film.

    Args:
        film: What its layout says about it.
        root: The folder that its path is relative to.
        collection: The collection's name.

    Returns:
        Its row of the manifest.
    """
    sha256, look = _look(root / film.path)
    said: dict[str, Any] = {name: getattr(film, name) for name in _SAID}
    if look.rows and film.relative_boxes:
        said["boxes"] = tuple(_scale(box, look) for box in film.relative_boxes)
    return ManifestRow(
        **said,
        film_id=sha256[:16],
        sha256=sha256,
        rows=look.rows,
        columns=look.columns,
        state=look.state,
        state_reason=look.reason,
        collection=collection,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Look:
    state: State
    rows: int = 0
    columns: int = 0
    reason: str | None = None


def _look(path: Path) -> tuple[str, _Look]:
    """Return a file's SHA-256 in hex, empty where there is no file, and what it shows."""
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as fault:  # ValueError: a NUL in a table's path
        reason = "no such file" if isinstance(fault, FileNotFoundError) else "cannot be opened"
        return "", _Look(state="unreadable", reason=reason)
    try:
        film = read_raster(path)
    except TruncatedFilm as fault:
        rows, columns = _read_size(path)
        return sha256, _Look(state="truncated", rows=rows, columns=columns, reason=_reason(fault))
    except FilmFault as fault:
        return sha256, _Look(state="unreadable", reason=_reason(fault))
    return sha256, _Look(state="readable", rows=film.rows, columns=film.columns)


def _read_size(path: Path) -> tuple[int, int]:
    """Return rows and columns as a cut film's header claims them; 0 where it does not say."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            is_sideways = image.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS
    except (OSError, SyntaxError, ValueError):
        return 0, 0
    return (width, height) if is_sideways else (height, width)


def _reason(fault: FilmFault) -> str:
    # Without the address: the row's path says where.
    kind = "unsupported: " if isinstance(fault, UnsupportedRadiograph) else ""
    found = f"; found {fault.found}" if fault.found else ""
    return f"{kind}{fault.must}{found}"


def _scale(box: Box, look: _Look) -> Box:
    x0, y0, x1, y1 = box
    return x0 * look.columns, y0 * look.rows, x1 * look.columns, y1 * look.rows
