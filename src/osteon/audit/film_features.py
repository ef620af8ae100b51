"""One film's look, taken in the child process that opens its file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from osteon.audit.duplicates.descriptors import measure_fingerprint
from osteon.audit.file_features import measure_facts
from osteon.audit.rules.burned_in_text import find_lettering
from osteon.audit.rules.outliers import measure_oddity
from osteon.audit.shards import Look
from osteon.errors import FilmFault
from osteon.radiographs.films import decode_film
from osteon.radiographs.raster import read_film_bytes
from osteon.terms import Pixels8, SetAside

CHANGED: Final = "the file changed since it was imported"


@dataclass(frozen=True, kw_only=True, slots=True)
class LookOrder:
    """One file, and the films of a collection that are this file.

    Attributes:
        names: How the collection speaks of the films.
        paths: Where they lie, in the same order.
        sha256: Of the file, when it was imported.
        is_known: Whether it was looked at before; then only its content is checked.
    """

    names: tuple[str, ...]
    paths: tuple[Path, ...]
    sha256: str
    is_known: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LookedAt:
    """What became of an order.

    Attributes:
        look: None where it was known, or no film could be looked at.
        not_seen: Films that are not what the collection says, with the reason.
    """

    look: Look | None
    not_seen: tuple[SetAside, ...]


def look_at_file(order: LookOrder) -> LookedAt:
    """Look at a file once, and make sure that each film of it is still that file.

    Args:
        order: Which file.
    """
    look: Look | None = None
    not_seen: list[SetAside] = []
    for name, path in zip(order.names, order.paths, strict=True):
        try:
            data = read_film_bytes(path)
            if hashlib.sha256(data).hexdigest() != order.sha256:
                not_seen.append(SetAside(path=name, reason=CHANGED))
            elif look is None and not order.is_known:
                look = measure_look(data, read_grey(data, source=name))
        except FilmFault as fault:
            not_seen.append(SetAside(path=name, reason=say_why(fault)))
    return LookedAt(look=look, not_seen=tuple(not_seen))


def say_why(fault: FilmFault) -> str:
    """Return a fault without its address.

    Args:
        fault: Of one film.
    """
    return fault.must if fault.found is None else f"{fault.must}; found {fault.found}"


def read_grey(data: bytes, *, source: str) -> Pixels8:
    """Decode a film as the audit sees it: upright, 8-bit grey.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it.

    Returns:
        Shape `(rows, columns)`, 0 black to 255 white.

    Raises:
        UnreadableFilm: If the bytes are no picture, or will not decode.
        TruncatedFilm: If a part of the picture is missing.
        UnsupportedRadiograph: If it is too large, too small, or not one grey picture.
    """
    levels = decode_film(data, source=source).pixels * np.float32(255)
    return np.asarray(np.rint(levels, out=levels), dtype=np.uint8)


def open_if_same(film: tuple[Path, str]) -> Pixels8 | None:
    """Open a film that was looked at before.

    Args:
        film: Its path, and the SHA-256 that its file had.

    Returns:
        Shape `(rows, columns)`, upright; None where it is no longer the film that was imported.
    """
    path, sha256 = film
    try:
        data = read_film_bytes(path)
        if hashlib.sha256(data).hexdigest() != sha256:
            return None
        return read_grey(data, source=str(path))
    except FilmFault:
        return None


def measure_look(data: bytes, grey: Pixels8) -> Look:
    """Measure everything that an audit asks of a film.

    Args:
        data: The whole file.
        grey: What `read_grey` made of it.

    Returns:
        The look; it depends on the file's bytes and on nothing else.
    """
    size = np.array(grey.shape, dtype=">u4")
    return Look(
        facts=measure_facts(data, grey),
        lettering=find_lettering(grey),
        oddity=measure_oddity(data, grey),
        pixel_sha256=hashlib.sha256(size.tobytes() + grey.tobytes()).hexdigest(),
        fingerprint=measure_fingerprint(grey),
    )
