"""The anchors: perceptual hashes as others use them, on the same copies and the same pairs."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from audit_films import Ints, Originals, tell_share
from audit_films import build_table as build_markdown
from osteon.terms import Pixels8

USUAL: Final = 10
"""Hamming distance of 64 bits at which films are usually called duplicates."""

SWEPT: Final = (0, 2, 4, 6, 8, 10, 12, 14, 16)
NAMES: Final = ("pHash", "pHash, 8 orientations")

_SIDE: Final = 32  # to which imagehash reduces a film before its cosines
_BITS: Final = 64

Hashes = npt.NDArray[np.uint64]
"""Shape `(films, 8)`: as the film is, and in the seven other orientations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distances:
    """Hamming distances of copies, for pHash and for pHash over 8 orientations.

    Attributes:
        own: To the nearest film of the copy's own picture, shape `(2, copies)`.
        other: To the nearest film of another picture, the same shape.
        n_others: Films of other pictures at each distance, all copies together, `(2, 65)`.
    """

    own: Ints
    other: Ints
    n_others: Ints


def measure_hashes(greys: Sequence[Pixels8]) -> Hashes:
    """Hash films in all eight orientations; the first column is the film as it is."""
    return np.array([_hash_film(grey) for grey in greys], dtype=np.uint64).reshape(-1, 8)


def measure_distances(originals: Originals, copies: Sequence[Pixels8], hashes: Hashes) -> Distances:
    """Measure how far each copy's hash is from those of all films.

    Args:
        originals: All films.
        copies: One of each chosen film.
        hashes: Of all films.
    """
    own, other = np.zeros((2, 2, len(copies)), np.int64)
    n_others = np.zeros((2, _BITS + 1), np.int64)
    for place, grey in enumerate(copies):
        is_own = originals.pictures == originals.pictures[originals.chosen[place]]
        code = _hash_small(_reduce(grey))
        for way, columns in enumerate((1, 8)):
            far = np.bitwise_count(hashes[:, :columns] ^ code).min(axis=1).astype(np.int64)
            own[way, place] = far[is_own].min()
            other[way, place] = far[~is_own].min(initial=_BITS)
            n_others[way] += np.bincount(far[~is_own], minlength=_BITS + 1)
    return Distances(own=own, other=other, n_others=n_others)


def measure_pairs(hashes: Hashes, pairs: Sequence[tuple[int, int]]) -> Ints:
    """Return distances of pairs of films, shape `(2, pairs)`."""
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    far = np.bitwise_count(hashes[a] ^ hashes[b, :1]).astype(np.int64)
    return np.stack([far[:, 0], far.min(axis=1)])


def sweep(found: Sequence[Distances], hard: Ints) -> list[dict[str, Any]]:
    """Measure recall and precision at every distance.

    Args:
        found: Of every kind of copy.
        hard: Of the hard pairs, shape `(2, pairs)`.

    Returns:
        For each way of hashing and each distance: copies found, films of other pictures within it,
        copies whose nearest other film is, and hard pairs.
    """
    own = np.concatenate([kind.own for kind in found], axis=1)
    other = np.concatenate([kind.other for kind in found], axis=1)
    n_others = np.sum([kind.n_others for kind in found], axis=0).cumsum(axis=1)
    return [
        {
            "anchor": NAMES[way],
            "distance": within,
            "n_copies": own.shape[1],
            "n_found": int((own[way] <= within).sum()),
            "n_other_films": int(n_others[way, within]),
            "n_nearest_others": int((other[way] <= within).sum()),
            "n_hard_pairs": hard.shape[1],
            "n_hard": int((hard[way] <= within).sum()),
        }
        for way in range(len(NAMES))
        for within in range(_BITS + 1)
    ]


def choose_distance(swept: Sequence[dict[str, Any]], anchor: str) -> dict[str, Any] | None:
    """Return the widest distance at which 99 % of what is called a copy is one.

    Wrong are the nearest other films and the hard pairs; counting every other film would be harder.
    """
    kept = [at for at in swept if at["anchor"] == anchor and at["n_found"]]
    good = [
        at
        for at in kept
        if at["n_found"] >= 0.99 * (at["n_found"] + at["n_nearest_others"] + at["n_hard"])
    ]
    return good[-1] if good else None


def tell_anchors(swept: Sequence[dict[str, Any]]) -> str:
    """Return the anchors' table in Markdown."""
    lines = []
    for name in NAMES:
        best = choose_distance(swept, name)
        for at in swept:
            if at["anchor"] != name:
                continue
            if at["distance"] in SWEPT or at is best:
                lines.append(_tell_distance(at, is_best=at is best))
        if best is None:
            lines.append([name, "99 % precise: at no distance", "–", "–", "–"])
    lines.append(["imagededup, CNN", "–", tell_imagededup(), "–", "–"])
    head = ("anchor", "distance ≤", "recall", "precision, all other films", "hard pairs called one")
    return build_markdown(head, lines)


def tell_imagededup() -> str:
    """Return why the network of imagededup is not measured."""
    if importlib.util.find_spec("imagededup") is None:
        return "not measured: not installed, and its weights cannot be downloaded here"
    return "not measured: its weights cannot be downloaded here"


def _tell_distance(at: dict[str, Any], *, is_best: bool) -> list[str]:
    notes = ["usual"] * (at["distance"] == USUAL) + ["99 % precise on the nearest"] * is_best
    where = f"{at['distance']}" + (f" ({', '.join(notes)})" if notes else "")
    return [
        at["anchor"],
        where,
        tell_share(at["n_found"], at["n_copies"]),
        tell_share(at["n_found"], at["n_found"] + at["n_other_films"]),
        tell_share(at["n_hard"], at["n_hard_pairs"]),
    ]


def _hash_film(grey: Pixels8) -> list[int]:
    small = _reduce(grey)
    turned = [np.rot90(seen, k) for seen in (small, small[:, ::-1]) for k in range(4)]
    return [int(_hash_small(np.ascontiguousarray(seen))) for seen in turned]


def _reduce(grey: Pixels8) -> Pixels8:
    """Reduce a film as `imagehash.phash` does, so that turning it eight times costs little."""
    return np.asarray(Image.fromarray(grey).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS))


def _hash_small(small: Pixels8) -> np.uint64:
    bits = np.packbits(np.asarray(imagehash.phash(Image.fromarray(small)).hash).ravel())
    return np.uint64(bits.view(np.uint64)[0])
