"""How the search grows: up to a million fingerprints, made from real ones.

A made film takes as many keypoints as a real film has, each from a real film drawn anew, with so
much noise that two children of one keypoint are no longer neighbours that vote. One film in a
hundred is a copy of another: turned, scaled, a third of its keypoints another film's, a little
noise. Each size runs in a process of its own, whose most memory is told.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, Final

import numpy as np

from audit_films import Ints, build_table, list_distinct, open_row, tell_share
from osteon.audit.duplicates import index as search
from osteon.audit.duplicates.descriptors import measure_fingerprint
from osteon.audit.duplicates.index import KeypointTable, find_candidates
from osteon.collection.manifest import read_manifest

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
N_SEARCHING: Final = 50_000
"""Films of a larger collection that search, unless all are asked to; the time is scaled up."""

_COPIES: Final = 100  # one film in so many
_CHUNK: Final = 1_000
_NOISE: Final = 14.3  # steps: likeness of two children of one keypoint is 0.71
_SMALL_NOISE: Final = 4.0  # likeness of a copy's keypoint to its own is 0.98
_KEPT: Final = 0.67


def write_base(manifest: Path, path: Path, *, n: int = 4_000) -> None:
    """Take the fingerprints that others are made from.

    Args:
        manifest: A collection of real films.
        path: Where they go.
        n: Films at most.
    """
    collection = read_manifest(manifest)
    rows = list_distinct(collection)[:n]
    table = search.build_table(measure_fingerprint(open_row(collection, row)) for row in rows)
    np.savez(
        path,
        components=table.components,
        diameters=table.diameters,
        angles=table.angles,
        starts=table.starts,
    )


def make_films(base: KeypointTable, n: int, *, seed: int = 1) -> tuple[KeypointTable, Ints]:
    """Make fingerprints.

    Args:
        base: Real ones.
        n: How many.
        seed: Of everything drawn.

    Returns:
        The films, and pairs of film and copy, shape `(pairs, 2)`.
    """
    rng = np.random.default_rng([seed, n])
    real = np.diff(base.starts)
    counts = rng.choice(real[real > 0], n)
    copies = rng.permutation(n)[: n // _COPIES]
    films = np.setdiff1d(np.arange(n), copies, assume_unique=True)
    sources = rng.choice(films, len(copies), replace=False)
    counts[copies] = counts[sources]
    starts = np.concatenate([[0], np.cumsum(counts)])
    table = KeypointTable(
        components=np.empty((starts[-1], 128), np.int8),
        diameters=np.empty(starts[-1], np.float32),
        angles=np.empty(starts[-1], np.float32),
        starts=starts,
    )
    for first in range(0, n, _CHUNK):
        own = slice(starts[first], starts[min(first + _CHUNK, n)])
        drawn = rng.integers(len(base.components), size=own.stop - own.start)
        table.components[own] = blur(base.components[drawn], _NOISE, rng)
        table.diameters[own], table.angles[own] = base.diameters[drawn], base.angles[drawn]
    for copy, source in zip(copies.tolist(), sources.tolist(), strict=True):
        _plant(table, source, copy, rng)
    return table, np.stack([sources, copies], axis=1)


def blur(components: np.ndarray[Any, Any], noise: float, rng: np.random.Generator) -> Any:
    """Return components with noise, of the length they had."""
    was = components.astype(np.float32)
    made = was + noise * rng.standard_normal(was.shape, dtype=np.float32)
    made *= np.linalg.norm(was, axis=1, keepdims=True) / np.linalg.norm(made, axis=1, keepdims=True)
    return np.clip(np.rint(made), -127, 127).astype(np.int8)


def _plant(table: KeypointTable, source: int, copy: int, rng: np.random.Generator) -> None:
    """Make one film a copy of another; the keypoints that it does not share stay its own."""
    n = int(table.starts[source + 1] - table.starts[source])
    order = rng.permutation(n)[: max(1, round(_KEPT * n))]
    theirs = table.starts[source] + order
    mine = table.starts[copy] + rng.permutation(n)[: len(order)]
    table.components[mine] = blur(table.components[theirs], _SMALL_NOISE, rng)
    turn, scale = rng.uniform(0, 360), np.exp(rng.uniform(np.log(0.7), np.log(1.4)))
    table.angles[mine] = (table.angles[theirs] + turn) % 360
    table.diameters[mine] = table.diameters[theirs] * scale


def take_films(table: KeypointTable, films: Ints) -> KeypointTable:
    """Return some of the films."""
    lengths = np.diff(table.starts)[films]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    rows = np.repeat(table.starts[films] - starts[:-1], lengths) + np.arange(starts[-1])
    return KeypointTable(
        components=table.components[rows],
        diameters=table.diameters[rows],
        angles=table.angles[rows],
        starts=starts,
    )


def measure_size(base: Path, n: int, *, workers: int, is_whole: bool) -> dict[str, Any]:
    """Make n films, index them and search them; call it in a process of its own.

    Args:
        base: What `write_base` wrote.
        n: How many.
        workers: Threads.
        is_whole: Whether all films search, however many.
    """
    with np.load(base) as held:
        real = KeypointTable(**{name: held[name] for name in held.files})
    start = perf_counter()
    table, planted = make_films(real, n)
    made = perf_counter() - start
    table_peak = _peak_bytes()
    n_asking = n if is_whole else min(n, N_SEARCHING)
    asking = np.sort(np.random.default_rng(3).choice(n, n_asking, replace=False))
    building: list[float] = []
    search.build_index = _timed(search.build_index, building)
    start, spent = perf_counter(), process_time()
    queries = None if n_asking == n else take_films(table, asking)
    pairs, _ = find_candidates(table, queries=queries, workers=workers)
    whole, spent = perf_counter() - start, process_time() - spent
    if queries is not None:
        pairs = np.stack([asking[pairs[:, 0]], pairs[:, 1]], axis=1)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    is_asked = np.isin(planted, asking).any(axis=1)
    found = np.isin(_name(planted[is_asked], n), _name(pairs, n))
    return {
        "n": n,
        "n_keypoints": len(table.components),
        "n_searching": n_asking,
        "making_s": made,
        "building_s": building[0],
        "searching_s": whole - building[0],
        "scaled_s": building[0] + (whole - building[0]) * n / n_asking,
        "processor_s": spent,
        "n_pairs": len(pairs),
        "n_planted": int(is_asked.sum()),
        "n_found": int(found.sum()),
        "table_bytes": table.components.nbytes + table.angles.nbytes + table.diameters.nbytes,
        "made_peak_bytes": table_peak,
        "peak_bytes": _peak_bytes(),
    }


def measure_growth(
    manifest: Path,
    sizes: Sequence[int],
    *,
    workers: int,
    is_whole: bool,
    tell: Callable[[str], None],
    keep: Callable[[list[dict[str, Any]]], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure every size, the smallest first, each in a process of its own.

    Args:
        manifest: Of real films.
        sizes: Films.
        workers: Threads.
        is_whole: Whether all films search, however many.
        tell: Called with what goes on.
        keep: Called after each size with what was measured so far.
    """
    measured: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        base = Path(folder) / "base.npz"
        tell("real fingerprints")
        write_base(manifest, base)
        for n in sorted(sizes):
            tell(f"{n:,} films")
            command = [sys.executable, __file__, str(base), str(n), str(workers)]
            done = subprocess.run(
                command + ["--whole"] * is_whole, check=True, capture_output=True, text=True
            )
            measured.append(json.loads(done.stdout))
            tell(done.stdout.strip())
            keep(measured)
    return measured


def tell_growth(measured: Sequence[dict[str, Any]]) -> str:
    """Return the table and the exponents."""
    lines = []
    for before, own in zip([None, *measured], measured, strict=False):
        lines.append(
            [
                f"{own['n']:,}",
                f"{own['n_keypoints'] / own['n']:.0f}",
                f"{own['building_s']:.1f}",
                f"{own['searching_s']:.1f} for {own['n_searching']:,}",
                f"{own['scaled_s']:,.1f}",
                f"{own['processor_s']:,.1f}",
                "–" if before is None else f"{fit_exponent([before, own]):.2f}",
                f"{own['peak_bytes'] / 2**30:.2f}",
                tell_share(own["n_found"], own["n_planted"]),
            ]
        )
    head = (
        "films",
        "keypoints each",
        "index, s",
        "search, s",
        "both for all films, s",
        "of all cores as measured, s",
        "exponent",
        "most memory, GiB",
        "planted pairs proposed",
    )
    said = ""
    if len(measured) > 1:
        said = f"\n\nExponent over all sizes: {fit_exponent(measured):.2f}."
    if any(own["n_searching"] < own["n"] for own in measured):
        said += (
            f" Above {N_SEARCHING:,} films, that many drawn at random search the whole index and "
            "their time is scaled up; they find themselves first, which takes one of six "
            "neighbours and one of four candidates from them."
        )
    return build_table(head, lines) + said


def fit_exponent(measured: Sequence[dict[str, Any]]) -> float:
    """Return the slope of log time over log films."""
    logs = np.log([[own["n"], own["scaled_s"]] for own in measured])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def _name(pairs: Ints, n: int) -> Ints:
    named: Ints = pairs.min(axis=1) * n + pairs.max(axis=1)
    return named


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _timed(work: Callable[..., Any], seconds: list[float]) -> Callable[..., Any]:
    def timed(*given: Any) -> Any:
        start = perf_counter()
        made = work(*given)
        seconds.append(perf_counter() - start)
        return made

    return timed


if __name__ == "__main__":
    told = measure_size(
        Path(sys.argv[1]),
        int(sys.argv[2]),
        workers=int(sys.argv[3]),
        is_whole="--whole" in sys.argv,
    )
    print(json.dumps(told))
