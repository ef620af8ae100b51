"""Find the pairs of films that may be one picture, without comparing every pair.

Each film's strongest keypoints look for their nearest neighbours among all films' (an inverted
file over the absolute components, which no mirror and no negative changes). A neighbour votes for
its film, together with the mirror, the turn and the change of scale that it implies: keypoints of
one picture agree about these, accidental neighbours do not (weak geometric consistency, Jégou et
al., IJCV 87 (2010) 316). The films with the most votes are candidates; comparing pixels decides.

The lists of the inverted file keep their length as a collection grows, so a film's search costs
about the same among a thousand films and among a million.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

from osteon.audit.duplicates.descriptors import STEPS_PER_UNIT, VARIANTS, Fingerprint
from osteon.terms import Floats, Progress, no_progress

SEARCHED_KEYPOINTS: Final = 80
"""Of a film's keypoints, how many are indexed and look for others: the strongest."""

NEIGHBOURS: Final = 6
"""Neighbours that each keypoint asks for."""

LISTS_VISITED: Final = 3
"""Lists of the inverted file that each keypoint visits."""

MAX_CANDIDATES: Final = 4
"""Films that each film asks to be compared with."""

MIN_VOTES: Final = 0.7
"""Weight of votes below which a film is no candidate (docs/experiments.md has the trials)."""

_LIST_LENGTH: Final = 480
_TRAINED_LISTS: Final = 4096
_BLOCK: Final = 256
_CHUNK: Final = 1 << 17
_MIN_LIKENESS: Final = 0.75
_TURN_BIN_DEG: Final = 30
_SCALE_BIN: Final = 0.5

_IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class KeypointTable:
    """The searched keypoints of many films, one below the other.

    Attributes:
        components: Shape `(keypoints, 128)`, int8.
        diameters: In pixels of the picture, shape `(keypoints,)`.
        angles: In degrees, shape `(keypoints,)`.
        starts: Where each film's keypoints start, and the end; shape `(films + 1,)`.
    """

    components: npt.NDArray[np.int8]
    diameters: Floats
    angles: Floats
    starts: _IntArray

    @property
    def n_films(self) -> int:
        """How many films."""
        return len(self.starts) - 1


def build_table(fingerprints: Iterable[Fingerprint]) -> KeypointTable:
    """Put the films' strongest keypoints into one table."""
    components, places, counts = [], [], [0]
    for film in fingerprints:
        components.append(film.components[:SEARCHED_KEYPOINTS])
        places.append(film.keypoints[:SEARCHED_KEYPOINTS, 2:])
        counts.append(len(components[-1]))
    none = np.zeros((0, 2), np.float32)
    place = np.concatenate([none, *places])
    return KeypointTable(
        components=np.concatenate([np.zeros((0, 128), np.int8), *components]),
        diameters=np.ascontiguousarray(place[:, 0]),
        angles=np.ascontiguousarray(place[:, 1]),
        starts=np.cumsum(counts),
    )


def find_candidates(
    table: KeypointTable,
    *,
    queries: KeypointTable | None = None,
    owners: _IntArray | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> tuple[_IntArray, Floats]:
    """Find pairs of films that may be one picture.

    Args:
        table: The films that are searched.
        queries: The films that search; by default the same, and each pair is given once.
        owners: Where films search among themselves and some have several fingerprints: the film
            of each; a film is no candidate for itself.
        workers: Threads; the answer does not depend on them.
        progress: Called as films have searched.

    Returns:
        Pairs, shape `(pairs, 2)`, sorted: film of `queries`, film of `table` (the smaller first
        where they are the same), and their votes, shape `(pairs,)`.
    """
    asked = table if queries is None else queries
    if not len(table.components) or not len(asked.components):
        return np.zeros((0, 2), np.int64), np.zeros(0, np.float32)
    index = build_index(table)
    whose = np.arange(table.n_films) if owners is None else owners
    ask = partial(_ask_block, index, table, asked, whose if queries is None else None)
    found: list[tuple[_IntArray, Floats]] = []
    # One thread of arithmetic in each worker: sums must not depend on how many there are.
    with ThreadPoolExecutor(workers, initializer=faiss.omp_set_num_threads, initargs=(1,)) as pool:
        blocks = range(0, asked.n_films, _BLOCK)
        for answer in pool.map(ask, blocks):
            found.append(answer)
            progress("search", min(len(found) * _BLOCK, asked.n_films), asked.n_films)
    pairs = np.concatenate([pairs for pairs, _ in found])
    votes = np.concatenate([votes for _, votes in found])
    return _merge_pairs(pairs, votes, table.n_films, is_own=queries is None)


def build_index(table: KeypointTable) -> faiss.IndexIVF:
    """Build the inverted file over a table's keypoints; equal tables give equal files.

    Args:
        table: At least one keypoint.
    """
    n = len(table.components)
    n_lists = max(1, n // _LIST_LENGTH)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # so that sums, and the graph below, do not depend on the machine
    try:
        sort_of = _train_means if n_lists <= _TRAINED_LISTS else _draw_means
        quantizer = sort_of(table.components, n_lists)
    finally:
        faiss.omp_set_num_threads(threads)
    index = faiss.IndexIVFScalarQuantizer(
        quantizer, 128, n_lists, faiss.ScalarQuantizer.QT_8bit_direct
    )
    index.train(_searched(table.components[:1]))
    _fill(index, table.components)
    index.nprobe = LISTS_VISITED
    return index


def _fill(index: faiss.IndexIVF, components: npt.NDArray[np.int8]) -> None:
    """Put keypoints into their lists, which are made as long as they will be, and no longer.

    Lists that grow keep a quarter of their memory for more, which at a million films is 2 GB.
    """
    chunks = [components[start : start + _CHUNK] for start in range(0, len(components), _CHUNK)]
    places = [index.quantizer.search(_searched(chunk), 1)[1].ravel() for chunk in chunks]
    lengths = np.bincount(np.concatenate(places), minlength=index.nlist)
    lists = index.invlists
    assert lists is not None  # a file that was just made has lists
    for number, length in enumerate(lengths.tolist()):
        lists.resize(number, length)
        lists.resize(number, 0)
    for chunk, place in zip(chunks, places, strict=True):
        searched = _searched(chunk)  # named, so that it outlives the pointer
        index.add_core(len(chunk), faiss.swig_ptr(searched), None, faiss.swig_ptr(place))


def _train_means(components: npt.NDArray[np.int8], n_lists: int) -> faiss.Index:
    """Return the means of the lists, looked through one by one."""
    taken = _draw(len(components), 40 * n_lists)
    means = faiss.Kmeans(
        128, n_lists, niter=6, seed=1, min_points_per_centroid=1, max_points_per_centroid=40
    )
    means.train(_searched(components[taken]))
    quantizer = faiss.IndexFlatL2(128)
    quantizer.add(np.asarray(means.centroids, dtype=np.float32))
    return quantizer


def _draw_means(components: npt.NDArray[np.int8], n_lists: int) -> faiss.Index:
    """Return keypoints drawn at random for means, and a graph that finds the nearest of them.

    For large collections: training would grow with the square of the lists.
    """
    quantizer = faiss.IndexHNSWFlat(128, 16)
    quantizer.hnsw.efConstruction = 40
    quantizer.hnsw.efSearch = 32
    quantizer.add(_searched(components[_draw(len(components), n_lists)]))
    return quantizer


def _draw(n: int, wanted: int) -> _IntArray:
    return np.sort(np.random.default_rng(0).choice(n, min(n, wanted), replace=False))


def _searched(components: npt.NDArray[np.int8]) -> Floats:
    return np.abs(components.astype(np.float32))


def _ask_block(
    index: faiss.IndexIVF,
    table: KeypointTable,
    asked: KeypointTable,
    owners: _IntArray | None,
    first: int,
) -> tuple[_IntArray, Floats]:
    """Return candidate pairs and votes for one block of the films that search."""
    last = min(first + _BLOCK, asked.n_films)
    start, stop = int(asked.starts[first]), int(asked.starts[last])
    if start == stop:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.float32)
    # A film finds itself first, which is no news.
    wanted = NEIGHBOURS if owners is None else NEIGHBOURS + 1
    _, found = index.search(_searched(asked.components[start:stop]), wanted)
    mine = np.repeat(np.arange(start, stop), found.shape[1])
    theirs = found.ravel()
    films = table.starts.searchsorted(theirs, side="right") - 1
    own = asked.starts.searchsorted(mine, side="right") - 1
    is_met = theirs >= 0
    if owners is not None:
        is_met &= owners[films] != owners[own]
    mine, theirs, films, own = mine[is_met], theirs[is_met], films[is_met], own[is_met]
    likeness, variant = compare_components(asked.components[mine], table.components[theirs])
    close = likeness > _MIN_LIKENESS
    mine, theirs, films, own = mine[close], theirs[close], films[close], own[close]
    pose = _implied_pose(asked, table, mine, theirs, variant[close])
    weights = likeness[close] - _MIN_LIKENESS
    pairs, votes = _count_votes(own * table.n_films + films, mine, pose, weights)
    return _keep_best(np.stack(np.divmod(pairs, table.n_films), axis=1), votes)


def compare_components(
    ours: npt.NDArray[np.int8], theirs: npt.NDArray[np.int8]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Compare descriptors one by one, under the best of the four variants.

    Args:
        ours: Shape `(n, 128)`.
        theirs: The same shape.

    Returns:
        Likeness in [0, 1], where 1 is equal, and the variant of ours that is likest, both of shape
        `(n,)`: 0 as it is, 1 mirrored, 2 negative, 3 both.
    """
    product = ours.astype(np.float32) * theirs
    blocks = product.reshape(-1, 4, 32).sum(axis=2) @ VARIANTS[:, ::32].T
    variant = blocks.argmax(axis=1)
    best = blocks[np.arange(len(blocks)), variant] / np.float32(STEPS_PER_UNIT**2)
    return best.astype(np.float32), variant


def _implied_pose(
    asked: KeypointTable,
    table: KeypointTable,
    mine: _IntArray,
    theirs: _IntArray,
    variant: _IntArray,
) -> tuple[_IntArray, Floats, Floats]:
    """Return variant, turn in degrees and log2 of the scale that take ours to theirs."""
    angle = asked.angles[mine]
    angle = np.where(variant & 1, 180.0 - angle, angle) + np.where(variant & 2, 180.0, 0.0)
    turn = (table.angles[theirs] - angle) % 360.0
    return variant, turn, np.log2(table.diameters[theirs] / asked.diameters[mine])


def _count_votes(
    pairs: _IntArray, keypoints: _IntArray, pose: tuple[_IntArray, Floats, Floats], weights: Floats
) -> tuple[_IntArray, Floats]:
    """Return each pair once, with the votes of its best bin of variant, turn and scale.

    Bins overlap by half, so that poses beside an edge still meet; a keypoint votes once in a bin.
    """
    variant, turn, scale = pose
    best: list[tuple[_IntArray, Floats]] = []
    n_turns = 360 // _TURN_BIN_DEG
    for turn_by in (0.0, _TURN_BIN_DEG / 2):
        for scale_by in (0.0, _SCALE_BIN / 2):
            turn_bin = ((turn + turn_by) // _TURN_BIN_DEG).astype(np.int64) % n_turns
            scale_bin = np.clip((scale + scale_by) // _SCALE_BIN + 16, 0, 31).astype(np.int64)
            bins = ((pairs * 4 + variant) * n_turns + turn_bin) * 32 + scale_bin
            order = np.lexsort((-weights, keypoints, bins))
            first = np.ones(len(order), bool)
            first[1:] = np.diff(bins[order]).astype(bool) | np.diff(keypoints[order]).astype(bool)
            kept = order[first]
            names, which = np.unique(bins[kept], return_inverse=True)
            sums = np.bincount(which, weights[kept], minlength=len(names))
            best.append((names // (4 * n_turns * 32), sums.astype(np.float32)))
    names, which = np.unique(np.concatenate([pair for pair, _ in best]), return_inverse=True)
    votes = np.zeros(len(names), np.float32)
    np.maximum.at(votes, which, np.concatenate([vote for _, vote in best]))
    return np.asarray(names, dtype=np.int64), votes


def _keep_best(pairs: _IntArray, votes: Floats) -> tuple[_IntArray, Floats]:
    """Keep each searching film's best candidates."""
    enough = votes >= MIN_VOTES
    pairs, votes = pairs[enough], votes[enough]
    order = np.lexsort((pairs[:, 1], -votes, pairs[:, 0]))
    pairs, votes = pairs[order], votes[order]
    rank = np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0])
    return pairs[rank < MAX_CANDIDATES], votes[rank < MAX_CANDIDATES]


def _merge_pairs(
    pairs: _IntArray, votes: Floats, n_films: int, *, is_own: bool
) -> tuple[_IntArray, Floats]:
    """Sort the pairs; among themselves, films give each pair once, with its most votes."""
    if not is_own:
        order = np.lexsort((pairs[:, 1], pairs[:, 0]))
        return pairs[order], votes[order]
    keys = pairs.min(axis=1) * n_films + pairs.max(axis=1)
    names, which = np.unique(keys, return_inverse=True)
    most = np.zeros(len(names), np.float32)
    np.maximum.at(most, which, votes)
    return np.stack(np.divmod(names, n_films), axis=1).reshape(-1, 2), most
