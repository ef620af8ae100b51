"""Decode once: a collection's films at the network's size, in one memory-mapped array.

A cache is two files, `films-KEY.npy` and `films-KEY.json`. The key is a hash of everything that
decides the pixels: the preparation, and each film's path, state and content. The second file is
written last and says that the first is whole, so a build that is killed leaves no cache at all.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import PIL

from osteon.collection.fitting import CHANGED, MISSING, ImportedFilm, fit_film, say_why
from osteon.collection.manifest import Manifest
from osteon.errors import FilmFault, ManifestFault, OutputFault
from osteon.files import open_whole
from osteon.release import Preparation
from osteon.sandbox import WorkerPool
from osteon.terms import ManifestRow, Pixels8, Progress, SetAside, no_progress

_VERSION: Final = 2  # 2: pixels that are not square, and DICOM as docs/dicom.md has it
_STALE_AFTER_S: Final = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """A collection's films as a network sees them.

    Attributes:
        pixels: Shape `(films, rows, columns)`, uint8, memory-mapped and read-only.
        paths: The manifest's key of each film, in the order of `pixels`.
        set_aside: Films of the manifest that are not here, and why.
        how: The preparation that made the pixels.
    """

    pixels: npt.NDArray[np.uint8]
    paths: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    how: Preparation


def build_cache(
    manifest: Manifest, how: Preparation, folder: Path, *, progress: Progress = no_progress
) -> Cache:
    """Decode and prepare every readable film once, or open what an earlier call left.

    A film that is missing, will not decode, or is no longer the file that was imported is set
    aside with its reason. It never stops the build. When such a film is back as it was, the next
    call builds the cache anew.

    Args:
        manifest: The collection.
        how: The preparation.
        folder: Where caches are kept; made where it does not exist.
        progress: Called once per film.

    Returns:
        The cache, in the manifest's order.

    Raises:
        ManifestFault: If not one film of the manifest can be used.
        OutputFault: If the folder cannot be written to: read-only, full, or a file.
    """
    stem = folder / f"films-{_cache_key(manifest, how)[:16]}"
    found = _open_cache(stem, how)
    if found is not None and not _is_any_back(manifest, found):
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(stem)
        _write_cache(stem, manifest, how, progress)
    except OSError as fault:
        raise OutputFault(
            str(folder),
            "must be a folder with room for the decoded films",
            found=os.strerror(fault.errno) if fault.errno else None,
            advice=f"They need {len(manifest.rows) * how.rows * how.columns / 1e6:,.0f} MB.",
        ) from fault
    built = _open_cache(stem, how)
    if built is None:
        raise OutputFault(
            str(folder),
            "must keep what is written to it",
            advice="Another program removed the cache: build it again.",
        )
    return built


def _cache_key(manifest: Manifest, how: Preparation) -> str:
    """Return the SHA-256 of everything that decides a cache's content, in hex."""
    films = [(row.path, row.state, row.sha256) for row in manifest.rows]
    # Decoders differ by a grey level now and then, so their version belongs to the pixels.
    parts = [_VERSION, PIL.__version__, how.model_dump(mode="json"), films]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _open_cache(stem: Path, how: Preparation) -> Cache | None:
    """Open a whole cache; None where there is none, or what is there is damaged."""
    try:
        told = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
        pixels = np.load(stem.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
        paths = tuple(str(path) for path in told["paths"])
        aside = tuple(SetAside(path=a["path"], reason=a["reason"]) for a in told["set_aside"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if pixels.shape != (len(paths), how.rows, how.columns) or pixels.dtype != np.uint8:
        return None
    return Cache(pixels=pixels, paths=paths, set_aside=aside, how=how)


def _is_any_back(manifest: Manifest, found: Cache) -> bool:
    """Say whether a film that was missing or changed is the imported file again."""
    rows = {row.path: row for row in manifest.rows}
    return any(
        _is_imported_file(manifest.root / aside.path, rows[aside.path])
        for aside in found.set_aside
        if aside.reason in {MISSING, CHANGED}
    )


def _is_imported_file(path: Path, row: ManifestRow) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == row.sha256
    except OSError:
        return False


def _sweep(stem: Path) -> None:
    """Remove what killed builds of this cache left; a build at work touched its file just now."""
    for part in stem.parent.glob(f".{stem.name}.*.partial"):
        try:
            if time.time() - part.stat().st_mtime > _STALE_AFTER_S:
                part.unlink()
        except OSError:
            continue  # another build swept it first


def _write_cache(stem: Path, manifest: Manifest, how: Preparation, progress: Progress) -> None:
    paths: list[str] = []
    aside: list[SetAside] = []

    # What was there no longer counts: two halves of different builds must not look like one.
    stem.with_suffix(".json").unlink(missing_ok=True)
    with open_whole(stem.with_suffix(".npy")) as part:
        # Plain writes, not a writable memory map: on a full disk those raise, and a map kills.
        _write_header(part, len(manifest.rows), how)
        for done, (row, fitted) in enumerate(_fit_films(manifest, how), start=1):
            if isinstance(fitted, str):
                aside.append(SetAside(path=row.path, reason=fitted))
            else:
                paths.append(row.path)
                part.write(fitted.tobytes())
            progress("decoding films", done, len(manifest.rows))
        if not paths:
            raise ManifestFault(
                str(manifest.root),
                "must hold at least one film that can be used",
                found=f"{len(aside)} films, all set aside",
                advice=f"The first: {aside[0].path}: {aside[0].reason}." if aside else "",
            )
        part.seek(0)
        _write_header(part, len(paths), how)
    told = {"paths": paths, "set_aside": [{"path": a.path, "reason": a.reason} for a in aside]}
    with open_whole(stem.with_suffix(".json")) as part:
        part.write(json.dumps(told).encode())


def _write_header(part: BinaryIO, n_films: int, how: Preparation) -> None:
    # numpy pads the header so that the first axis can grow: any count gives the same length.
    np.lib.format.write_array_header_1_0(
        part, {"descr": "|u1", "fortran_order": False, "shape": (n_films, how.rows, how.columns)}
    )


def _fit_films(manifest: Manifest, how: Preparation) -> Iterator[tuple[ManifestRow, Pixels8 | str]]:
    """Yield each film's pixels, or the reason why it is set aside, in the manifest's order."""
    films = [
        ImportedFilm(path=manifest.root / row.path, sha256=row.sha256)
        for row in manifest.rows
        if row.state == "readable"
    ]
    with WorkerPool() as pool:
        fitted = pool.map_in_order(partial(fit_film, how=how), films)
        for row in manifest.rows:
            if row.state != "readable":
                yield row, row.state_reason or f"{row.state} when it was imported"
                continue
            outcome = next(fitted)
            yield row, say_why(outcome) if isinstance(outcome, FilmFault) else outcome
