"""What the cache asks of a film, done in the child process that decodes it.

Light on purpose: every child imports it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.errors import FilmFault
from osteon.radiographs.films import decode_film
from osteon.radiographs.preparation import fit_pixels
from osteon.release import Preparation
from osteon.terms import Pixels8

MISSING: Final = "the file is missing, or may not be read"
CHANGED: Final = "the file changed since it was imported"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedFilm:
    """A film as the manifest knows it.

    Attributes:
        path: Of its file.
        sha256: What the file's SHA-256 was when it was imported, in hex.
    """

    path: Path
    sha256: str


def fit_film(film: ImportedFilm, *, how: Preparation) -> Pixels8 | str:
    """Decode a film and bring it to the network's size.

    Args:
        film: The film.
        how: The preparation.

    Returns:
        Its pixels, or the reason why it is set aside.
    """
    try:
        data = film.path.read_bytes()
    except OSError:
        return MISSING
    if hashlib.sha256(data).hexdigest() != film.sha256:
        return CHANGED
    try:
        return fit_pixels(decode_film(data, source=str(film.path)), how)
    except FilmFault as fault:
        return say_why(fault)


def say_why(fault: FilmFault) -> str:
    """Return a fault without its address.

    Args:
        fault: Of one film.
    """
    return fault.must if fault.found is None else f"{fault.must}; found {fault.found}"
