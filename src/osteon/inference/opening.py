"""From what a person hands in to what the network takes: in a child process, if it is a file.

Bytes of strangers are parsed and decoded in a child (`sandbox`), which also brings
the film to the network's size and takes what the guards look at, so that little comes back.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from osteon.errors import FilmFault, UnsupportedRadiograph
from osteon.inference.guard_looks import GUARD_SIDE, take_looks
from osteon.inference.sources import FILMS, Film, name_film, simplify_film
from osteon.radiographs.arrays import build_radiograph
from osteon.radiographs.dicom import decode_dicom, is_dicom, write_dataset
from osteon.radiographs.preparation import fit_pixels
from osteon.radiographs.raster import decode_raster, read_film_bytes
from osteon.release import Preparation
from osteon.sandbox import Limits, WorkerPool
from osteon.terms import Instance, Pixels8, Radiograph, Reason


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OpeningOrder:
    """What a child is asked to open.

    Attributes:
        content: The path of a film, its file's bytes, the film itself where it needs no decoding,
            or what is wrong with it already.
        source: How the film is spoken of.
        preparation: The release's.
        limits: What a film may be.
        side: Of the squares that the release's guards look at, in pixels.
    """

    content: Path | bytes | Radiograph | FilmFault
    source: str
    preparation: Preparation
    limits: Limits
    side: int = GUARD_SIDE


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OpenedFilm:
    """A film, ready for the network.

    Attributes:
        pixels: As `fit_pixels` makes them, uint8, shape `(rows, columns)` of the network.
        rows: Height of the film in pixels.
        columns: Width of the film in pixels.
        looks: What the guards look at, from `take_looks`.
        instance: Of a DICOM film.
        notes: What its file contradicts or leaves open, and how that was decided.
        pixel_aspect: Height of a pixel over its width.
    """

    pixels: Pixels8
    rows: int
    columns: int
    looks: Pixels8
    instance: Instance | None
    notes: tuple[Reason, ...] = ()
    pixel_aspect: float = 1.0


def build_order(
    film: Film, how: Preparation, limits: Limits, *, side: int = GUARD_SIDE
) -> OpeningOrder:
    """Return what is to be opened.

    Args:
        film: As a person hands it in.
        how: The release's preparation.
        limits: What a film may be.
        side: Of the squares that the guards look at, in pixels.

    Raises:
        TypeError: If it is no film.
    """
    content: Path | bytes | Radiograph | FilmFault
    source = name_film(film)
    try:
        content = _read_content(film, source, limits)
    except FilmFault as fault:
        content = fault
    return OpeningOrder(content=content, source=source, preparation=how, limits=limits, side=side)


def _read_content(film: Film, source: str, limits: Limits) -> Path | bytes | Radiograph:
    plain = simplify_film(film, max_bytes=limits.file_bytes)
    if isinstance(plain, Path | bytes):
        return plain
    if isinstance(plain, Radiograph):  # its pixels are whatever its maker put there
        checked = build_radiograph(
            np.asarray(plain.pixels), source=source, max_pixels=limits.max_pixels
        )
        return replace(checked, notes=plain.notes, pixel_aspect=plain.pixel_aspect)
    if isinstance(plain, np.ndarray):
        return build_radiograph(plain, source=source, max_pixels=limits.max_pixels)
    content: bytes | None = write_dataset(plain, source=source)
    if content is None:
        raise TypeError(f"a film must be {FILMS}; found {type(film).__qualname__}")
    return content


def open_one(
    film: Film, pool: WorkerPool, how: Preparation, *, side: int = GUARD_SIDE
) -> tuple[str, OpenedFilm | FilmFault]:
    """Open one film, whatever it is.

    Args:
        film: As a person hands it in.
        pool: Where untrusted bytes are decoded.
        how: The release's preparation.
        side: Of the squares that the guards look at, in pixels.

    Returns:
        How the film is spoken of, and the film, or what is wrong with it.
    """
    order = build_order(film, how, pool.limits, side=side)
    try:
        if isinstance(order.content, Path | bytes):
            return order.source, pool.call(open_film, order, name=order.source)
        return order.source, open_film(order)
    except FilmFault as fault:
        return order.source, fault


def open_in_order(
    films: Iterable[Film], pool: WorkerPool, how: Preparation, *, side: int = GUARD_SIDE
) -> Iterator[tuple[str, OpenedFilm | FilmFault]]:
    """Open many films, a few ahead of their turn.

    Args:
        films: As a person hands them in; taken one by one.
        pool: Where they are opened.
        how: The release's preparation.
        side: Of the squares that the guards look at, in pixels.

    Yields:
        What `open_one` returns, in the films' order.
    """
    sources: deque[str] = deque()

    def order_all() -> Iterator[OpeningOrder]:
        for film in films:
            order = build_order(film, how, pool.limits, side=side)
            sources.append(order.source)
            yield order

    for opened in pool.map_in_order(open_film, order_all(), name=lambda order: order.source):
        yield sources.popleft(), opened


def open_film(order: OpeningOrder) -> OpenedFilm:
    """Open one film: what a child does.

    Args:
        order: What to open.

    Returns:
        The film at the network's size, with what the guards look at.

    Raises:
        FilmFault: If it cannot be used.
    """
    radiograph, instance = decode_order(order)
    return OpenedFilm(
        pixels=fit_pixels(radiograph, order.preparation),
        rows=radiograph.rows,
        columns=radiograph.columns,
        looks=take_looks(radiograph.pixels, order.side),
        instance=instance,
        notes=radiograph.notes,
        pixel_aspect=radiograph.pixel_aspect,
    )


def decode_order(order: OpeningOrder) -> tuple[Radiograph, Instance | None]:
    """Decode one film whole.

    Args:
        order: What to decode.

    Returns:
        The film, and which DICOM instance it is, if it is one.

    Raises:
        FilmFault: If it cannot be used.
    """  # noqa: DOC501 — an UnsupportedRadiograph is one
    limits, source, content = order.limits, order.source, order.content
    if isinstance(content, FilmFault):
        raise content
    if isinstance(content, Radiograph):
        return content, None
    if isinstance(content, Path):
        content = read_film_bytes(content, max_pixels=limits.max_pixels)
    if len(content) > limits.file_bytes:
        raise UnsupportedRadiograph(
            source,
            f"must be a file of at most {limits.file_bytes:,} bytes",
            found=f"{len(content):,} bytes",
        )
    if not is_dicom(content):
        return decode_raster(content, source=source, max_pixels=limits.max_pixels), None
    film = decode_dicom(content, source=source, max_pixels=limits.max_pixels)
    return film.radiograph, Instance(
        sop_instance_uid=film.instance.sop_instance_uid,
        series_instance_uid=film.instance.series_instance_uid,
        study_instance_uid=film.instance.study_instance_uid,
    )
