"""The films that a release was made of, as it knows them again: hashes, no pixels and no names.

A hash cannot be turned back into a film; whoever holds a film can ask whether it is among them.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from osteon.errors import ReleaseDamaged
from osteon.release.arrays import AGAIN, pack_arrays, read_arrays
from osteon.release.card import ListedFilms

ROLES: Final[tuple[Literal["train"], Literal["tune"], Literal["test"]]] = ("train", "tune", "test")
"""What films were to a release, in the order of their numbers."""

HASH_BYTES: Final = 8
"""Kept of each SHA-256: among a million films and as many, a false hit in ten million lists."""

LOOK_BYTES: Final = 32

_ARRAYS: Final = ("roles", "files", "pixels", "looks")

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FilmList:
    """The films that a release was made of, sorted by role and file.

    Attributes:
        roles: Places in `ROLES`, shape `(films,)`.
        files: First bytes of the SHA-256 of each file, shape `(films, HASH_BYTES)`.
        pixels: The same of its decoded greys; zero where it was not opened.
        looks: Its perceptual hash, shape `(films, LOOK_BYTES)`; zero where it was not opened, or
            shows next to nothing.
        look: Name of the perceptual hash.
        max_distance: Bits in which the looks of two copies differ at most.
    """

    roles: _Bytes
    files: _Bytes
    pixels: _Bytes
    looks: _Bytes
    look: str
    max_distance: int

    @property
    def has_training(self) -> bool:
        """Whether films that the network learnt from are in it, and not only others."""
        return bool((self.roles == ROLES.index("train")).any())

    def describe(self) -> ListedFilms:
        """Return what the card says of it."""
        return ListedFilms.model_validate(
            {
                **{role: int((self.roles == place).sum()) for place, role in enumerate(ROLES)},
                "n_without_look": int((~self.looks.any(axis=1)).sum()),
                "look": self.look,
                "max_distance": self.max_distance,
            }
        )


def pack_films(films: FilmList) -> bytes:
    """Return the list as the member of a release.

    Args:
        films: The list.
    """
    return pack_arrays({name: getattr(films, name) for name in _ARRAYS})


def read_films(content: bytes, listed: ListedFilms, *, where: str) -> FilmList:
    """Return the list that a release holds.

    Args:
        content: The member.
        listed: What the card says of it.
        where: Starts a refusal.

    Raises:
        ReleaseDamaged: If it is no such list, or not the one that the card describes.
    """
    arrays: dict[str, npt.NDArray[Any]] = dict(
        zip(_ARRAYS, read_arrays(content, _ARRAYS, where=where), strict=True)
    )
    n_films = len(arrays["roles"]) if arrays["roles"].ndim == 1 else -1
    widths = {"files": HASH_BYTES, "pixels": HASH_BYTES, "looks": LOOK_BYTES}
    fits = all(array.dtype == np.uint8 for array in arrays.values()) and all(
        arrays[name].shape == (n_films, width) for name, width in widths.items()
    )
    if not fits:
        raise ReleaseDamaged(where, "must list films by their hashes", advice=AGAIN)
    films = FilmList(**arrays, look=listed.look, max_distance=listed.max_distance)
    if films.describe() != listed or (films.roles >= len(ROLES)).any():
        raise ReleaseDamaged(where, "must list as many films as its card says", advice=AGAIN)
    return films
