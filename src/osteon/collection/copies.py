"""Which films show one picture: fingerprints propose, a comparison of pixels decides.

Not every pair of a group is compared. The likeliest pairs come first, and a pair that is joined
already, through others, is left out: a hundred copies of one film need ninety-nine links.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from osteon.collection.alignment import (
    DOUBT,
    FINE_LIMIT,
    LIMIT,
    Alignment,
    align_films,
    align_finely,
    has_more_to_show,
    map_films,
)
from osteon.collection.fingerprint import Fingerprint
from osteon.collection.search import build_table, find_candidates
from osteon.terms import Pixels8, Progress, no_progress

OpenFilm = Callable[[int], Pixels8 | None]
"""Opens the film of a fingerprint once more, upright; None where it will not open any more."""

_BATCH: Final = 256
"""Pairs compared before the groups are looked at again. Fixed, so that which pairs are compared
does not depend on how many workers there are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Two films that were found to show one picture.

    Attributes:
        a: Place of the one among the fingerprints.
        b: Place of the other.
        angle_deg: By which b is turned against a, counter-clockwise, in (-180, 180]; after its
            mirror, where it has one.
        is_mirrored: Whether b is mirrored, left for right, before it is turned.
        scale: How much larger b shows the picture, in pixels.
        is_inverted: Whether b is a negative of a.
        matrix: From a's pixel centres `(x, y, 1)` to b's, in the films' own pixels.
        residual: What is left after alignment: 1 less the mean correlation of the blocks.
        overlap: Share of the smaller film that both show.
    """

    a: int
    b: int
    angle_deg: float
    is_mirrored: bool
    scale: float
    is_inverted: bool
    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]
    residual: float
    overlap: float


def find_copies(
    fingerprints: Sequence[Fingerprint],
    *,
    open_film: OpenFilm | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> tuple[Link, ...]:
    """Find enough links to join every group of films that show one picture.

    Args:
        fingerprints: One per film; films whose pixels are identical should be given once.
        open_film: For a second, closer look at films that agree; without it their fingerprints
            alone decide, more strictly.
        workers: Threads; by default one per core. The answer does not depend on them.
        progress: Called in two phases, "search" and "compare".

    Returns:
        Links with `a < b`, sorted.
    """
    workers = workers or os.cpu_count() or 1
    pairs, votes = find_candidates(build_table(fingerprints), workers=workers, progress=progress)
    compare = partial(compare_films, fingerprints, fingerprints, open_film, open_film)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -votes))
    groups = _Groups(len(fingerprints))
    links: list[Link] = []
    with _quiet_pool(workers) as pool:
        for batch in _batches(pairs[order], groups, progress):
            for link in pool.map(compare, batch):
                if link is not None:
                    links.append(link)
                    groups.join(link.a, link.b)
    return tuple(sorted(links, key=lambda link: (link.a, link.b)))


def find_copies_between(
    ours: Sequence[Fingerprint],
    theirs: Sequence[Fingerprint],
    *,
    open_ours: OpenFilm | None = None,
    open_theirs: OpenFilm | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> tuple[Link, ...]:
    """Find which films of one collection show a picture of another.

    Args:
        ours: The one collection.
        theirs: The other.
        open_ours: As in `find_copies`.
        open_theirs: As in `find_copies`.
        workers: Threads; by default one per core. The answer does not depend on them.
        progress: Called in two phases, "search" and "compare".

    Returns:
        Links, `a` among ours and `b` among theirs, sorted.
    """
    workers = workers or os.cpu_count() or 1
    pairs, _ = find_candidates(
        build_table(theirs), queries=build_table(ours), workers=workers, progress=progress
    )
    compare = partial(compare_films, ours, theirs, open_ours, open_theirs)
    links: list[Link] = []
    with _quiet_pool(workers) as pool:
        for done, link in enumerate(pool.map(compare, [(int(a), int(b)) for a, b in pairs]), 1):
            progress("compare", done, len(pairs))
            if link is not None:
                links.append(link)
    return tuple(links)


def compare_films(
    ours: Sequence[Fingerprint],
    theirs: Sequence[Fingerprint],
    open_ours: OpenFilm | None,
    open_theirs: OpenFilm | None,
    pair: tuple[int, int],
) -> Link | None:
    """Compare two films and say how they are linked; None where they are two pictures.

    Args:
        ours: Fingerprints among which the first film is.
        theirs: Fingerprints among which the second is.
        open_ours: Opens a film of ours; None leaves out the second look.
        open_theirs: Opens a film of theirs.
        pair: Places of the two films.
    """
    a, b = pair
    found = align_films(ours[a], theirs[b])
    if found is None or found.fit.score < DOUBT:
        return None
    closer: Alignment | None = None
    if open_ours is not None and open_theirs is not None and has_more_to_show(ours[a], theirs[b]):
        film_a, film_b = open_ours(a), open_theirs(b)
        if film_a is not None and film_b is not None:
            closer = align_finely(film_a, film_b, found)
            if closer is None or closer.fit.score < FINE_LIMIT:
                return None
    if closer is None and found.fit.score < LIMIT:
        return None
    return _build_link(a, b, closer or found, ours[a], theirs[b])


def _build_link(a: int, b: int, found: Alignment, film_a: Fingerprint, film_b: Fingerprint) -> Link:
    matrix, angle, scale = map_films(
        found, (film_a.rows, film_a.columns), (film_b.rows, film_b.columns)
    )
    across, down = (tuple(round(float(number), 6) for number in row) for row in matrix)
    return Link(
        a=a,
        b=b,
        angle_deg=round(angle, 2),
        is_mirrored=found.pose.is_mirrored,
        scale=round(scale, 4),
        is_inverted=found.pose.is_inverted,
        matrix=((across[0], across[1], across[2]), (down[0], down[1], down[2])),
        residual=round(min(max(1.0 - found.fit.agreement, 0.0), 1.0), 4),
        overlap=round(min(found.fit.overlap, 1.0), 4),
    )


class _Groups:
    """Holds which films are joined so far (union-find with path halving)."""

    def __init__(self, n: int) -> None:
        self._above = list(range(n))

    def find(self, film: int) -> int:
        while self._above[film] != film:
            self._above[film] = self._above[self._above[film]]
            film = self._above[film]
        return film

    def join(self, a: int, b: int) -> None:
        self._above[self.find(a)] = self.find(b)


def _batches(
    pairs: npt.NDArray[np.int64], groups: _Groups, progress: Progress
) -> Iterator[list[tuple[int, int]]]:
    """Yield batches of pairs that are not joined yet."""
    batch: list[tuple[int, int]] = []
    for done, (a, b) in enumerate(pairs.tolist(), 1):
        if groups.find(a) != groups.find(b):
            batch.append((a, b))
        if batch and (len(batch) == _BATCH or done == len(pairs)):
            yield batch
            batch = []
            progress("compare", done, len(pairs))


@contextmanager
def _quiet_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Give a pool in which libraries leave the threads to the pool, as its sums need."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(limits=1), ThreadPoolExecutor(workers) as pool:
            yield pool
    finally:
        cv2.setNumThreads(threads)
