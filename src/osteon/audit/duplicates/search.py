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

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from osteon.audit.duplicates.descriptors import Fingerprint, square_fingerprint
from osteon.audit.duplicates.framed import compare_inside
from osteon.audit.duplicates.index import build_table, find_candidates
from osteon.audit.duplicates.pose import Matrix
from osteon.audit.duplicates.quiet import one_thread_each
from osteon.audit.duplicates.registration import (
    DOUBT,
    FINE_LIMIT,
    LIMIT,
    Alignment,
    align_pair,
    align_pair_closer,
    has_more_to_show,
    map_films,
)
from osteon.collection.ties import DisjointSet
from osteon.sandbox import WorkerPool
from osteon.terms import Pixels8, Progress, no_progress

OpenFilm = Callable[[int], Pixels8 | None]
"""Opens the film of a fingerprint once more, upright; None where it will not open any more."""

_BATCH: Final = 256
"""Pairs compared before the groups are looked at again. Fixed, so that which pairs are compared
does not depend on how many workers there are."""


PAIRS_FOR_CHILDREN: Final = 400
"""From so many pairs on, they are compared in processes: threads wait for one another's Python."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparer:
    """Who aligns films: this process, or its children. Both give the same numbers.

    Attributes:
        align: Takes two fingerprints.
        align_closer: Takes two films and what their fingerprints gave.
    """

    align: Callable[[tuple[Fingerprint, Fingerprint]], Alignment | None]
    align_closer: Callable[[tuple[Pixels8, Pixels8, Alignment]], Alignment | None]


HERE: Final = Comparer(align=align_pair, align_closer=align_pair_closer)


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
    with _quiet_pool(workers) as pool:
        seen, films = _add_squared(fingerprints, pool)
        pairs, votes = find_candidates(
            build_table(seen), workers=workers, owners=films, progress=progress
        )
        own = (seen, films, open_film)
    with _quiet_pool(workers) as pool, _choose_comparer(len(pairs), workers) as comparer:
        compare = partial(_compare_seen, own, own, comparer=comparer)
        order = np.lexsort((pairs[:, 1], pairs[:, 0], -votes))
        groups = DisjointSet(len(fingerprints))
        links: dict[tuple[int, int], Link] = {}
        for batch in _batches(pairs[order], films, groups, progress):
            for link in pool.map(compare, batch):
                if link is not None:
                    links.setdefault((link.a, link.b), link)
                    groups.join(link.a, link.b)
    return tuple(links[pair] for pair in sorted(links))


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
    links: dict[tuple[int, int], Link] = {}
    with _quiet_pool(workers) as pool:
        seen, films = _add_squared(ours, pool)
        seen_there, films_there = _add_squared(theirs, pool)
        pairs, _ = find_candidates(
            build_table(seen_there), queries=build_table(seen), workers=workers, progress=progress
        )
    with _quiet_pool(workers) as pool, _choose_comparer(len(pairs), workers) as comparer:
        compare = partial(
            _compare_seen,
            (seen, films, open_ours),
            (seen_there, films_there, open_theirs),
            comparer=comparer,
        )
        for done, link in enumerate(pool.map(compare, [(int(a), int(b)) for a, b in pairs]), 1):
            progress("compare", done, len(pairs))
            if link is not None:
                links.setdefault((link.a, link.b), link)
    return tuple(links[pair] for pair in sorted(links))


_Seen = tuple[Sequence[Fingerprint], npt.NDArray[np.int64], OpenFilm | None]
"""Fingerprints, the film of each, and how films are opened."""


def _add_squared(
    fingerprints: Sequence[Fingerprint], pool: ThreadPoolExecutor
) -> tuple[list[Fingerprint], npt.NDArray[np.int64]]:
    """Add the second fingerprints of long films; return all, and the film of each."""
    seen, films = list(fingerprints), list(range(len(fingerprints)))
    for film, squared in enumerate(pool.map(square_fingerprint, fingerprints)):
        if squared is not None:
            seen.append(squared)
            films.append(film)
    return seen, np.array(films, dtype=np.int64)


def _compare_seen(
    ours: _Seen, theirs: _Seen, pair: tuple[int, int], *, comparer: Comparer
) -> Link | None:
    """Compare two fingerprints; the link names their films, the smaller first among our own."""
    (seen_a, films_a, open_a), (seen_b, films_b, open_b) = ours, theirs
    a, b = pair
    if ours is theirs and films_a[a] > films_b[b]:
        a, b = b, a
    return compare_films(
        (int(films_a[a]), int(films_b[b])),
        (seen_a[a], seen_b[b]),
        open_a=open_a,
        open_b=open_b,
        comparer=comparer,
    )


def compare_films(
    films: tuple[int, int],
    fingerprints: tuple[Fingerprint, Fingerprint],
    *,
    open_a: OpenFilm | None = None,
    open_b: OpenFilm | None = None,
    comparer: Comparer = HERE,
) -> Link | None:
    """Compare two films and say how they are linked; None where they are two pictures.

    Args:
        films: What the link calls the two.
        fingerprints: Theirs.
        open_a: Opens the first; None leaves out the second look.
        open_b: Opens the second.
        comparer: Who aligns them.
    """
    a, b = fingerprints
    found = comparer.align((a, b))
    if found is None:
        return None
    opened, limit = None, LIMIT
    if found.fit.score >= DOUBT and has_more_to_show(a, b):
        opened = _open_both(films, (open_a, open_b))
    if opened is not None:
        closer, limit = comparer.align_closer((*opened, found)), FINE_LIMIT
        found = found if closer is None and _is_frame(found) else closer
    if found is not None and found.fit.score >= limit and found.fit.is_confirmed:
        return _build_link(films, found, map_films(found, _shape(a), _shape(b)))
    if found is None or not _is_frame(found):
        return None
    # What both have is a viewer's frame: what is in it decides.
    opened = opened or _open_both(films, (open_a, open_b))
    inside = None if opened is None else compare_inside(opened, found)
    return None if inside is None else _build_link(films, inside[0], inside[1:])


def _is_frame(found: Alignment) -> bool:
    return found.fit.confirmed is not None and found.fit.confirmed.is_frame


def _open_both(
    films: tuple[int, int], openers: tuple[OpenFilm | None, OpenFilm | None]
) -> tuple[Pixels8, Pixels8] | None:
    """Return both films; None where one will not open any more, or nobody can open it."""
    open_a, open_b = openers
    if open_a is None or open_b is None:
        return None
    a, b = open_a(films[0]), open_b(films[1])
    return None if a is None or b is None else (a, b)


def _shape(film: Fingerprint) -> tuple[int, int]:
    return film.rows, film.columns


def _build_link(
    films: tuple[int, int], found: Alignment, placed: tuple[Matrix, float, float]
) -> Link:
    matrix, angle, scale = placed
    across, down = (tuple(float(number) for number in row) for row in matrix)
    return Link(
        a=films[0],
        b=films[1],
        angle_deg=angle,
        is_mirrored=found.pose.is_mirrored,
        scale=scale,
        is_inverted=found.pose.is_inverted,
        matrix=((across[0], across[1], across[2]), (down[0], down[1], down[2])),
        residual=min(max(1.0 - found.fit.agreement, 0.0), 1.0),
        overlap=min(found.fit.overlap, 1.0),
    )


def _batches(
    pairs: npt.NDArray[np.int64],
    films: npt.NDArray[np.int64],
    groups: DisjointSet,
    progress: Progress,
) -> Iterator[list[tuple[int, int]]]:
    """Yield batches of pairs whose films are not joined yet."""
    batch: list[tuple[int, int]] = []
    for done, (a, b) in enumerate(pairs.tolist(), 1):
        if groups.find(int(films[a])) != groups.find(int(films[b])):
            batch.append((a, b))
        if len(batch) == _BATCH or done == len(pairs):
            yield batch
            batch = []
            progress("compare", done, len(pairs))


@contextmanager
def _choose_comparer(n_pairs: int, workers: int) -> Iterator[Comparer]:
    """Give children to align many pairs; a few are aligned before a child has started."""
    if n_pairs < PAIRS_FOR_CHILDREN or workers == 1:
        yield HERE
        return
    with WorkerPool(workers=workers) as children:
        yield Comparer(
            align=partial(children.call, align_pair),
            align_closer=partial(children.call, align_pair_closer),
        )


@contextmanager
def _quiet_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Give a pool in which libraries leave the threads to the pool, as its sums need."""
    with one_thread_each(), threadpool_limits(limits=1), ThreadPoolExecutor(workers) as pool:
        yield pool
