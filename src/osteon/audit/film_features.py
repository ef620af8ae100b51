"""One film's look, taken in the child process that opens its file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.audit.duplicates.descriptors import measure_fingerprint
from osteon.audit.file_features import measure_facts
from osteon.audit.rules.burned_in_text import find_lettering
from osteon.audit.rules.outliers import measure_oddity
from osteon.audit.shards import Look
from osteon.errors import FilmFault
from osteon.radiographs.films import decode_film, read_grey, square_grey
from osteon.radiographs.preparation import unsquare_box
from osteon.radiographs.raster import read_film_bytes
from osteon.radiographs.recognition import hash_pixels
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
                film = decode_film(data, source=name)
                look = measure_look(data, square_grey(film), pixel_aspect=film.pixel_aspect)
        except FilmFault as fault:
            not_seen.append(SetAside(path=name, reason=say_why(fault)))
    return LookedAt(look=look, not_seen=tuple(not_seen))


def say_why(fault: FilmFault) -> str:
    """Return a fault without its address.

    Args:
        fault: Of one film.
    """
    return fault.must if fault.found is None else f"{fault.must}; found {fault.found}"


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


def measure_look(data: bytes, grey: Pixels8, *, pixel_aspect: float = 1.0) -> Look:
    """Measure everything that an audit asks of a film.

    Args:
        data: The whole file.
        grey: What `read_grey` made of it.
        pixel_aspect: Of the source; what is said of places is said in its pixels.

    Returns:
        The look; it depends on the file's bytes and on nothing else.
    """
    return Look(
        facts=measure_facts(data, grey),
        lettering=tuple(unsquare_box(box, pixel_aspect) for box in find_lettering(grey)),
        oddity=measure_oddity(data, grey),
        pixel_sha256=hash_pixels(grey),
        fingerprint=measure_fingerprint(grey),
    )
