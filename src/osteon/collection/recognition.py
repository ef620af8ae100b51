"""Which films of a collection are films that a release was made of, or copies of them?

A release keeps hashes of its films (`FilmList`). The films here are opened once more, in children,
and compared: first their files, then their pixels, then how they look at a glance, which is known
again after saving, resizing, mirroring, a quarter turn or a change of brightness
(`radiographs.recognition`). Other copies, cut or turned films above all, are not known: finding
them takes the films themselves, and `osteon audit --against`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from osteon.collection.groups import take_each_file_once
from osteon.collection.manifest import Manifest
from osteon.errors import FilmFault
from osteon.radiographs.recognition import (
    LOOK,
    MAX_DISTANCE,
    FilmIdentity,
    Looks,
    count_bits,
    identify_file,
    know_by_file,
)
from osteon.release import FilmList
from osteon.release.films import HASH_BYTES, LOOK_BYTES, ROLES
from osteon.sandbox import WorkerPool
from osteon.terms import ManifestRow, Progress, no_progress

Role = Literal["train", "tune", "test"]

_AT_ONCE: Final = 64
"""Films whose looks are compared at once: some two million differences for a list of a thousand."""


OwnFilm = tuple[ManifestRow, FilmIdentity, Role]
"""A film, what it is known by, and what it was to a release."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """A film that a release was made of.

    Attributes:
        role: What it was to the release.
        by: What it is known by.
    """

    role: Role
    by: Literal["file", "pixels", "look"]


def identify_films(
    manifest: Manifest, rows: Sequence[ManifestRow], *, progress: Progress = no_progress
) -> tuple[FilmIdentity, ...]:
    """Measure what films are known by.

    Args:
        manifest: The collection.
        rows: Its films.
        progress: Called once per film.

    Returns:
        One for each film, in order. One that is gone, or cannot be opened, is known by the file
        that the manifest tells of.
    """
    found: list[FilmIdentity] = []
    with WorkerPool() as pool:
        paths = [manifest.films_path(row) for row in rows]
        for row, seen in zip(rows, pool.map_in_order(identify_file, paths), strict=True):
            film = know_by_file(row.sha256) if isinstance(seen, FilmFault) else seen
            found.append(film)
            progress("comparing with the films of the release", len(found), len(rows))
    return tuple(found)


def identify_own_films(
    manifest: Manifest, *, progress: Progress = no_progress
) -> tuple[OwnFilm, ...]:
    """Measure what the films are known by that a network was trained, tuned and tested on.

    Args:
        manifest: The collection. Where no film is placed, the network learnt from them all.
        progress: Called once per film.
    """
    is_split = any(row.split is not None for row in manifest.rows)
    given = [
        (row, role)
        for role in ROLES
        for row in take_each_file_once(
            [
                row
                for row in manifest.rows
                if row.state == "readable" and (row.split if is_split else "train") == role
            ]
        )
    ]
    known = identify_films(manifest, [row for row, _ in given], progress=progress)
    return tuple((row, film, role) for (row, role), film in zip(given, known, strict=True))


def build_list(films: Iterable[OwnFilm]) -> FilmList:
    """List films so that a release knows them again.

    Args:
        films: Each with what it is known by, and what it was to the release. One that has changed
            since it was imported is listed by the file that the manifest tells of.
    """
    entries = {
        (
            ROLES.index(role),
            *_shorten(film if film.sha256 == row.sha256 else know_by_file(row.sha256)),
        )
        for row, film, role in films
    }
    ordered = sorted(entries)
    return FilmList(
        roles=np.array([role for role, *_ in ordered], dtype=np.uint8),
        files=_stack([file for _, file, _, _ in ordered], HASH_BYTES),
        pixels=_stack([pixels for _, _, pixels, _ in ordered], HASH_BYTES),
        looks=_stack([look for *_, look in ordered], LOOK_BYTES),
        look=LOOK,
        max_distance=MAX_DISTANCE,
    )


def recognise_films(
    films: Sequence[FilmIdentity], listed: FilmList
) -> tuple[Recognised | None, ...]:
    """Return which films are those of a release, or copies of them.

    Args:
        films: What the films here are known by.
        listed: The release's.

    Returns:
        One for each film; None where it is not known. The closest likeness decides: a test film of
        the release is one, whatever other film it looks like. Of equal ones the gravest counts:
        what the network learnt from comes before what chose, and that before what tested.
    """
    files, pixels = _index(listed, listed.files), _index(listed, listed.pixels)
    pixels.pop(bytes(HASH_BYTES), None)
    found: list[Recognised | None] = []
    for film in films:
        role = files.get(_cut(film.sha256))
        if role is not None:
            found.append(Recognised(role=role, by="file"))
            continue
        role = pixels.get(_cut(film.pixel_sha256)) if film.pixel_sha256 else None
        found.append(None if role is None else Recognised(role=role, by="pixels"))
    sought = [place for place, known in enumerate(found) if known is None]
    likenesses = [films[place].likenesses for place in sought]
    for place, role in zip(sought, _match(likenesses, listed), strict=True):
        found[place] = None if role is None else Recognised(role=role, by="look")
    return tuple(found)


def recognise_files(rows: Iterable[ManifestRow], listed: FilmList) -> frozenset[str]:
    """Return the paths of films whose files, byte for byte, a network learnt from.

    Args:
        rows: Of a manifest; no film is opened.
        listed: The release's films.
    """
    files = _index(listed, listed.files)
    return frozenset(row.path for row in rows if files.get(_cut(row.sha256)) in {"train", "tune"})


def _match(likenesses: Sequence[Looks], listed: FilmList) -> Iterator[Role | None]:
    """Yield what the film that looks most alike was to the release."""
    seen = listed.looks.any(axis=1)
    looks, roles = listed.looks[seen], listed.roles[seen]
    for start in range(0, len(likenesses), _AT_ONCE):
        batch = likenesses[start : start + _AT_ONCE]
        bits = count_bits(np.concatenate(batch), looks)
        ends = np.cumsum([len(own) for own in batch])
        for own in np.split(bits, ends[:-1]):
            yield _choose_role(own, roles, listed.max_distance)


def _choose_role(
    bits: npt.NDArray[np.float32], roles: npt.NDArray[np.uint8], max_distance: int
) -> Role | None:
    if not bits.size or bits.min() > max_distance:
        return None
    nearest = (bits == bits.min()).any(axis=0)
    return ROLES[int(roles[nearest].min())]


def _index(listed: FilmList, hashes: npt.NDArray[np.uint8]) -> dict[bytes, Role]:
    """Return roles by hash; where one film has several, the gravest."""
    order = np.argsort(-listed.roles.astype(np.int64), kind="stable")
    return {hashes[place].tobytes(): ROLES[int(listed.roles[place])] for place in order}


def _shorten(film: FilmIdentity) -> tuple[bytes, bytes, bytes]:
    look = film.likenesses[0].tobytes() if len(film.likenesses) else bytes(LOOK_BYTES)
    pixels = _cut(film.pixel_sha256) if film.pixel_sha256 else bytes(HASH_BYTES)
    return _cut(film.sha256), pixels, look


def _cut(sha256: str) -> bytes:
    return bytes.fromhex(sha256[: 2 * HASH_BYTES])


def _stack(parts: Sequence[bytes], width: int) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(parts), np.uint8).reshape(len(parts), width)
