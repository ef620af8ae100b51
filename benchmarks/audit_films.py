"""The films that the audit is measured on, and the words that its tables share."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from osteon.audit.duplicates.descriptors import Fingerprint, measure_fingerprint, square_fingerprint
from osteon.audit.duplicates.search import Link, find_copies
from osteon.collection.manifest import Manifest, read_manifest
from osteon.machine import count_cores, measure_memory, name_cpu
from osteon.radiographs.films import read_grey
from osteon.radiographs.raster import read_film_bytes
from osteon.runs import describe_versions
from osteon.statistics.intervals import Proportion
from osteon.terms import ManifestRow, Pixels8

Ints = npt.NDArray[np.int64]

MAX_CHOSEN: Final = 500
"""Films that may be measured on: the audit's limits were chosen on later ones of the same order."""

_ORDER_SEED: Final = 1
_PACKAGES: Final = ("opencv-python-headless", "faiss-cpu", "imagehash")


@dataclass(frozen=True, kw_only=True, slots=True)
class Originals:
    """A collection as it is, before anything is planted.

    Attributes:
        rows: Its films with different bytes, in the manifest's order.
        greys: Their pixels.
        fingerprints: Of each.
        squared: Second fingerprints, None where a film is nearly square.
        links: What the audit finds among them.
        pictures: Number of each film's picture; films that `links` join share it.
        chosen: Places of the films that are measured on, no two of one picture.
        n_left_out: Films that were drawn too, and are copies of chosen ones.
    """

    rows: tuple[ManifestRow, ...]
    greys: tuple[Pixels8, ...]
    fingerprints: tuple[Fingerprint, ...]
    squared: tuple[Fingerprint | None, ...]
    links: tuple[Link, ...]
    pictures: Ints
    chosen: tuple[int, ...]
    n_left_out: int

    def open_film(self, number: int) -> Pixels8:
        """Give a film's pixels, as the audit does for its second look."""
        return self.greys[number]

    def list_prints(self, number: int) -> list[Fingerprint]:
        """Give a film's fingerprints, one or two."""
        return [seen for seen in (self.fingerprints[number], self.squared[number]) if seen]


def read_originals(
    path: Path, n: int, *, workers: int, tell: Callable[[str], None] = lambda _: None
) -> Originals:
    """Read a collection and see which copies it holds already.

    Args:
        path: Its manifest.
        n: Films to measure on, at most `MAX_CHOSEN`.
        workers: Threads.
        tell: Called with what goes on.

    Raises:
        ValueError: If more films are asked for.
    """
    if n > MAX_CHOSEN:
        raise ValueError(f"--n: at most {MAX_CHOSEN}; the audit's limits were chosen on the others")
    manifest = read_manifest(path)
    rows = list_distinct(manifest)
    tell(f"{len(rows)} films: fingerprints")
    with ThreadPoolExecutor(workers) as pool:
        greys = tuple(pool.map(lambda row: open_row(manifest, row), rows))
        fingerprints = tuple(pool.map(measure_fingerprint, greys))
        squared = tuple(pool.map(square_fingerprint, fingerprints))
    tell("the copies among them")
    links = find_copies(fingerprints, open_film=greys.__getitem__, workers=workers)
    pictures = join([(link.a, link.b) for link in links], len(rows))
    drawn = np.random.default_rng(_ORDER_SEED).permutation(len(rows))[:n]
    _, first = np.unique(pictures[drawn], return_index=True)
    return Originals(
        rows=rows,
        greys=greys,
        fingerprints=fingerprints,
        squared=squared,
        links=links,
        pictures=pictures,
        chosen=tuple(drawn[np.sort(first)].tolist()),
        n_left_out=len(drawn) - len(first),
    )


def list_distinct(manifest: Manifest) -> tuple[ManifestRow, ...]:
    """Return the readable films, identical files once."""
    first = {row.sha256: row for row in reversed(manifest.rows) if row.state == "readable"}
    return tuple(row for row in manifest.rows if first.get(row.sha256) is row)


def open_row(manifest: Manifest, row: ManifestRow) -> Pixels8:
    """Read a film as the audit sees it."""
    return read_grey(read_film_bytes(manifest.films_path(row)), source=row.path)


def join(ties: Sequence[tuple[int, int]], n: int) -> Ints:
    """Return, for each of n things, the number of the connected group it is in."""
    ends = np.array(ties, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def describe_machine(manifest: Path | None = None) -> dict[str, Any]:
    """Return what a reader must know: date, machine, versions, films."""
    versions = describe_versions()
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    facts: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": name_cpu(),
        "cores": count_cores(),
        "memory_bytes": measure_memory(),
        "versions": versions,
    }
    if manifest is not None:
        facts["manifest"] = manifest.name
        facts["manifest_sha256"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    return facts


def tell_machine(facts: dict[str, Any]) -> str:
    """Return the sentence above a table."""
    own = facts["versions"]
    packages = ", ".join(f"{name} {own[name]}" for name in ("numpy", *_PACKAGES))
    return (
        f"{facts['date']}, {facts['cpu']}, {facts['cores']} cores, "
        f"{(facts['memory_bytes'] or 0) / 2**30:.0f} GiB memory, {own['system']}; "
        f"osteon {own['osteon']}, Python {own['python']}, {packages}."
    )


def tell_share(hits: int, n: int) -> str:
    """Return a share in percent with Wilson's interval of 95 %."""
    share = Proportion(hits=hits, n=n)
    interval = share.interval()
    if share.value is None or interval is None:
        return "–"
    return f"{100 * share.value:.2f} % ({100 * interval.low:.2f}–{100 * interval.high:.2f})"


def build_table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
