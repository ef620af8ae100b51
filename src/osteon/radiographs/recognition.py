"""What a film is known again by: its pixels, and how it looks at a glance.

The look is a perceptual hash: the film is averaged to 64 x 64 cells, and the signs of the lowest
16 x 16 terms of its cosine transform, the mean left out, are 256 bits. Saving again, resizing,
squeezing, blur and brightness turn few of them; two films that are no copies differ in many. A
mirror, a quarter turn and a negative only turn signs or exchange rows and columns, so those copies
are known from the same hash. Letters over the film, a cut of more than about a hundredth of a side
and a turn by any other angle change too much: for these there is `osteon audit`.

All of it is computed in whole numbers, so that equal films have equal hashes on every machine.
Light on purpose: every child that opens films imports it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.errors import FilmFault
from osteon.radiographs.films import read_grey
from osteon.radiographs.raster import read_film_bytes
from osteon.release.films import LOOK_BYTES
from osteon.terms import Pixels8

LOOK: Final = "dct-sign-256"
"""Name of the look's definition; one that changes gets another name."""

MAX_DISTANCE: Final = 32
"""Bits in which the looks of two copies differ at most; docs/decisions/0038 has the numbers."""

_CELLS: Final = 64
_TERMS: Final = 16
_FRACTION: Final = 16
"""Parts of a grey that a cell is averaged to."""

_LEAST_SPREAD: Final = 2 * _FRACTION
"""Standard deviation of the cells below which a film shows nothing that it could be known by."""

_BORDER_REACH: Final = 16
"""Greys within which a line at the edge counts as border."""

_WAVES: Final = np.rint(
    4096
    * np.cos(
        np.pi * (2 * np.arange(_CELLS)[None] + 1) * np.arange(1, _TERMS + 1)[:, None] / (2 * _CELLS)
    )
).astype(np.int64)
_FLIP: Final = np.where(np.arange(1, _TERMS + 1) % 2, -1, 1)
"""What a mirror does to each term."""

_Ints = npt.NDArray[np.int64]
Looks = npt.NDArray[np.uint8]
"""Looks, shape `(looks, LOOK_BYTES)`."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FilmIdentity:
    """What a film is known by.

    Attributes:
        sha256: Of the file as it is now, in hex.
        pixel_sha256: Of its greys; empty where it cannot be opened.
        likenesses: Its look first, then those under which its copies are known.
    """

    sha256: str
    pixel_sha256: str
    likenesses: Looks


def identify_file(path: Path) -> FilmIdentity:
    """Measure what one film is known by: what a child does.

    Args:
        path: The film.

    Raises:
        FilmFault: If the file cannot be read.
    """
    data = read_film_bytes(path)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        grey = read_grey(data, source=path.name)
    except FilmFault:
        return know_by_file(sha256)
    return FilmIdentity(
        sha256=sha256, pixel_sha256=hash_pixels(grey), likenesses=measure_likenesses(grey)
    )


def know_by_file(sha256: str) -> FilmIdentity:
    """Return what a film is known by that cannot be opened.

    Args:
        sha256: Of its file.
    """
    none = np.zeros((0, LOOK_BYTES), np.uint8)
    return FilmIdentity(sha256=sha256, pixel_sha256="", likenesses=none)


def hash_pixels(grey: Pixels8) -> str:
    """Return the SHA-256 of a picture, in hex: of its rows, its columns and its greys.

    Args:
        grey: Upright, shape `(rows, columns)`.
    """
    size = np.array(grey.shape, dtype=">u4")
    return hashlib.sha256(size.tobytes() + grey.tobytes()).hexdigest()


def measure_look(grey: Pixels8) -> Looks:
    """Return how a film looks.

    Args:
        grey: Upright, shape `(rows, columns)`.

    Returns:
        Shape `(1, LOOK_BYTES)`; `(0, LOOK_BYTES)` where the film is next to empty.
    """
    terms = _transform(grey)
    return _pack([] if terms is None else [terms])


def measure_likenesses(grey: Pixels8) -> Looks:
    """Return all looks under which a copy of a film would be known.

    Args:
        grey: Upright, shape `(rows, columns)`.

    Returns:
        Of the film and of what is in its border, each turned by quarters, mirrored and as a
        negative; the film as it is comes first.
    """
    inside = cut_border(grey)
    pictures = [grey] if inside.shape == grey.shape else [grey, inside]
    found = [terms for picture in pictures if (terms := _transform(picture)) is not None]
    return _pack([like for terms in found for like in _vary(terms)])


def cut_border(grey: Pixels8) -> Pixels8:
    """Return a film without the lines of one grey along its edges.

    Args:
        grey: Shape `(rows, columns)`.

    Returns:
        A part of it; all of it where every line is of one grey.
    """
    kept: list[slice] = []
    for axis in (1, 0):
        reach = grey.max(axis=axis).astype(np.int64) - grey.min(axis=axis)
        lines = np.flatnonzero(reach > _BORDER_REACH)
        if not lines.size:
            return grey
        kept.append(slice(int(lines[0]), int(lines[-1]) + 1))
    return grey[kept[0], kept[1]]


def count_bits(looks: Looks, others: Looks) -> npt.NDArray[np.float32]:
    """Return in how many bits looks differ.

    Args:
        looks: Shape `(looks, LOOK_BYTES)`.
        others: Shape `(others, LOOK_BYTES)`.

    Returns:
        Shape `(looks, others)`, whole numbers.
    """
    ours, theirs = (
        1.0 - 2.0 * np.unpackbits(own, axis=1).astype(np.float32) for own in (looks, others)
    )
    # Sums of 256 times plus or minus one: exact in float32, in whatever order they are added.
    return np.asarray((8 * LOOK_BYTES - ours @ theirs.T) / 2, np.float32)


def _transform(grey: Pixels8) -> _Ints | None:
    """Return the lowest terms of the cosine transform; None where there is nothing to tell."""
    cells = _average(grey)
    n, total, squares = cells.size, int(cells.sum()), int((cells * cells).sum())
    if n * squares - total * total < (n * _LEAST_SPREAD) ** 2:
        return None
    return np.asarray(_WAVES @ cells @ _WAVES.T)


def _average(grey: Pixels8) -> _Ints:
    """Average a film to 64 x 64 cells, in parts of a grey; a small film's pixels are repeated."""
    sums = np.zeros((grey.shape[0] + 1, grey.shape[1] + 1), np.int64)
    np.cumsum(np.cumsum(grey, axis=0, dtype=np.int64), axis=1, out=sums[1:, 1:])
    (top, bottom), (left, right) = (_cut(side) for side in grey.shape)
    total = sums[np.ix_(bottom, right)] - sums[np.ix_(top, right)]
    total += sums[np.ix_(top, left)] - sums[np.ix_(bottom, left)]
    area = (bottom - top)[:, None] * (right - left)[None]
    return np.asarray(total * _FRACTION // area)


def _cut(side: int) -> tuple[_Ints, _Ints]:
    edges = np.arange(_CELLS + 1, dtype=np.int64) * side // _CELLS
    return edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)


def _vary(terms: _Ints) -> list[_Ints]:
    """Return the terms of a film's quarter turns, mirrors and negatives, itself first."""
    return [
        sign * down[:, None] * across[None] * turned
        for turned in (terms, terms.T)
        for down in (1 + 0 * _FLIP, _FLIP)
        for across in (1 + 0 * _FLIP, _FLIP)
        for sign in (1, -1)
    ]


def _pack(found: list[_Ints]) -> Looks:
    bits: npt.NDArray[Any] = np.array([terms.ravel() > 0 for terms in found], dtype=bool)
    return np.packbits(bits.reshape(len(found), _TERMS * _TERMS), axis=1)
