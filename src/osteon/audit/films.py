"""One pass over the films: each different file is decoded once, and everything is measured on it.

What a look depends on is the file alone, so looks do not depend on the number of workers, and
those that an audit made before it was killed are taken up by the next (`look_shards`).
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.audit.duplicates.descriptors import Fingerprint
from osteon.audit.file_features import FilmFacts
from osteon.audit.film_features import LookedAt, LookOrder, look_at_file, open_if_same, say_why
from osteon.audit.rules.outliers import Oddity
from osteon.audit.shards import Look, name_shard, read_shard, write_shard
from osteon.collection.manifest import Manifest
from osteon.errors import FilmFault
from osteon.geometry import Box
from osteon.sandbox import WorkerPool
from osteon.terms import ManifestRow, Pixels8, Progress, SetAside, no_progress

SHARD_FILES: Final = 256
"""Files in a shard: some seconds of work, which is what a killed audit loses at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was seen of one file, without the fingerprint, which equal pictures share.

    Attributes:
        facts: Of the file, the frame and the greys.
        lettering: Boxes around burned-in text and markers, in source pixels.
        oddity: What tells it from a bone radiograph.
        pixel_sha256: Of the picture: its rows, its columns and its upright 8-bit greys.
    """

    facts: FilmFacts
    lettering: tuple[Box, ...]
    oddity: Oddity
    pixel_sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """What was seen of a collection.

    Attributes:
        files: By the SHA-256 of the file, in the order of the manifest's paths.
        fingerprints: By `pixel_sha256`, one for all equal pictures.
        not_seen: Films that the manifest calls readable and that could not be looked at, with the
            reason: the folder has changed since it was imported.
    """

    files: dict[str, Seen]
    fingerprints: dict[str, Fingerprint]
    not_seen: tuple[SetAside, ...]


def look_at_films(
    manifest: Manifest,
    *,
    folder: Path | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Looks:
    """Look at every readable film of a collection.

    A film that is gone, has changed or no longer decodes is passed over and named; it never stops
    the others.

    Args:
        manifest: The collection.
        folder: Where looks are kept while the work goes on, for the next call to take up; None
            keeps nothing.
        workers: Child processes, which open the files; None for one on each core.
        progress: Called once per film.

    Returns:
        What was seen; the same for any number of workers.

    Raises:
        OutputFault: If `folder` cannot be written.
    """
    same_file: dict[str, list[ManifestRow]] = {}
    for row in manifest.rows:
        if row.state == "readable":
            same_file.setdefault(row.sha256, []).append(row)
    n_films = sum(len(rows) for rows in same_file.values())
    files: dict[str, Seen] = {}
    fingerprints: dict[str, Fingerprint] = {}
    not_seen: list[SetAside] = []
    n_done = 0
    for result in _look_at_files(manifest, list(same_file.values()), folder, workers):
        not_seen.extend(result.not_seen)
        if result.look is not None:
            files[result.rows[0].sha256] = _without_fingerprint(result.look)
            fingerprints.setdefault(result.look.pixel_sha256, result.look.fingerprint)
        n_done += len(result.rows)
        progress("look", n_done, n_films)
    return Looks(
        files=files,
        fingerprints=fingerprints,
        not_seen=tuple(sorted(not_seen, key=lambda film: film.path)),
    )


def open_again(manifest: Manifest, row: ManifestRow) -> Pixels8 | None:
    """Open a film that was looked at before.

    Args:
        manifest: The collection.
        row: The film.

    Returns:
        Shape `(rows, columns)`, upright; None where it is no longer the film that was imported.
    """
    return open_if_same((manifest.films_path(row), row.sha256))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Result:
    """What became of the films of one file.

    Attributes:
        rows: The films whose files are identical.
        look: None where none of them could be looked at.
        not_seen: Those that are not what the manifest says.
        is_new: Whether the look was made now, and not taken from a shard.
    """

    rows: Sequence[ManifestRow]
    look: Look | None
    not_seen: tuple[SetAside, ...]
    is_new: bool


def _look_at_files(
    manifest: Manifest,
    files: Sequence[Sequence[ManifestRow]],
    folder: Path | None,
    workers: int | None,
) -> Iterator[_Result]:
    """Yield what becomes of each file, in order, and keep it in shards."""
    names = [
        name_shard([rows[0].sha256 for rows in files[start : start + SHARD_FILES]])
        for start in range(0, len(files), SHARD_FILES)
    ]

    ahead: deque[tuple[Sequence[ManifestRow], Look | None]] = deque()

    def order_all() -> Iterator[LookOrder]:
        known: dict[str, Look] = {}
        for number, rows in enumerate(files):
            if folder is not None and number % SHARD_FILES == 0:
                known = read_shard(folder / names[number // SHARD_FILES])
            look = known.get(rows[0].sha256)
            ahead.append((rows, look))
            yield LookOrder(
                names=tuple(row.path for row in rows),
                paths=tuple(manifest.films_path(row) for row in rows),
                sha256=rows[0].sha256,
                is_known=look is not None,
            )

    held: dict[str, Look] = {}
    is_new = False
    with WorkerPool(workers=workers) as children:
        outcomes = children.map_in_order(look_at_file, order_all())
        results = (_judge(*ahead.popleft(), outcome) for outcome in outcomes)
        for n_done, result in enumerate(results, start=1):
            yield result
            if result.look is not None:
                held[result.rows[0].sha256] = result.look
                is_new |= result.is_new
            if n_done % SHARD_FILES == 0 or n_done == len(files):
                if folder is not None and is_new:
                    write_shard(folder / names[(n_done - 1) // SHARD_FILES], held)
                held, is_new = {}, False


def _judge(
    rows: Sequence[ManifestRow], known: Look | None, outcome: LookedAt | FilmFault
) -> _Result:
    """Return what became of a file's films; a child that was lost over it is their fault."""
    if isinstance(outcome, FilmFault):
        reason = say_why(outcome)
        not_seen = tuple(SetAside(path=row.path, reason=reason) for row in rows)
        return _Result(rows=rows, look=None, not_seen=not_seen, is_new=False)
    look = known or outcome.look
    if len(outcome.not_seen) == len(rows):
        look = None
    is_new = look is not None and known is None
    return _Result(rows=rows, look=look, not_seen=outcome.not_seen, is_new=is_new)


def _without_fingerprint(look: Look) -> Seen:
    return Seen(
        facts=look.facts,
        lettering=look.lettering,
        oddity=look.oddity,
        pixel_sha256=look.pixel_sha256,
    )
