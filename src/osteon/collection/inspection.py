"""Open every film once: its hash, its size, and whether it decodes whole."""

from dataclasses import fields
from functools import partial
from typing import Any

from osteon.collection.importers.headers import fill_from_header
from osteon.collection.importers.listing import ListedFilm, Listing
from osteon.collection.opening import Opening, open_film, open_lost_film
from osteon.errors import FilmFault
from osteon.geometry import Box
from osteon.sandbox import WorkerPool
from osteon.terms import ManifestRow, Progress, no_progress

_SAID = tuple(field.name for field in fields(ListedFilm) if not field.name.startswith("relative_"))


def inspect_films(
    listing: Listing, *, patient_salt: str = "", progress: Progress = no_progress
) -> tuple[ManifestRow, ...]:
    """Open the films of a collection, on all cores. A film that fails stops nothing.

    Films are strangers' bytes, so they are opened in child processes.

    Args:
        listing: The films, and what their layout says about them.
        patient_salt: Makes pseudonyms of the patients that DICOM headers name, where the layout
            names none; the salt that made the layout's own.
        progress: Called once per film.

    Returns:
        One row per film, in the listing's order. A film that cannot be used, or is gone, is
        "unreadable", "truncated" or "torn", with the reason; one that is gone has no hash.
    """
    rows: list[ManifestRow] = []
    paths = [listing.root / film.path for film in listing.films]
    with WorkerPool() as pool:
        opened = pool.map_in_order(partial(open_film, patient_salt=patient_salt), paths)
        for film, path, opening in zip(listing.films, paths, opened, strict=True):
            known = open_lost_film(path, opening) if isinstance(opening, FilmFault) else opening
            rows.append(_build_row(film, known, collection=listing.collection))
            progress("inspect", len(rows), len(listing.films))
    return tuple(rows)


def _build_row(film: ListedFilm, opening: Opening, *, collection: str) -> ManifestRow:
    if opening.instance is not None:
        film = fill_from_header(film, opening.instance, patient_key=opening.patient_key)
    said: dict[str, Any] = {name: getattr(film, name) for name in _SAID}
    if opening.rows and film.relative_boxes:
        said["boxes"] = tuple(
            Box(*box).scale(opening.columns, opening.rows) for box in film.relative_boxes
        )
        said["polygons"] = tuple(
            tuple((x * opening.columns, y * opening.rows) for x, y in outline)
            for outline in film.relative_polygons
        )
    return ManifestRow(
        **said,
        film_id=opening.sha256[:16],
        sha256=opening.sha256,
        rows=opening.rows,
        columns=opening.columns,
        pixel_aspect=opening.pixel_aspect,
        state=opening.state,
        state_reason=opening.reason,
        collection=collection,
    )
