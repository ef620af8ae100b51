"""The import: a folder of films becomes a manifest. Also: merge manifests, rename films."""

import hashlib
import secrets
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from osteon.collection.folders import count_endings
from osteon.collection.groups import fill_groups
from osteon.collection.importers import find_films
from osteon.collection.importers.listing import Listing
from osteon.collection.importers.remarks import Remark
from osteon.collection.inspection import inspect_films
from osteon.collection.manifest import Manifest, merge_manifests, read_manifest
from osteon.errors import ManifestFault
from osteon.files import make_folder, refuse_output, refuse_taken
from osteon.radiographs.dicom import is_dicom
from osteon.terms import SPLITS, ManifestRow, Progress, SetAside, Split, no_progress

_SUFFIX_OF = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
)
"""How a file starts, and the name ending its content deserves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassCounts:
    """Films of one published split.

    Attributes:
        split: The split; None for films that the collection placed in none.
        n_fractured: Films with a fracture.
        n_not_fractured: Films without.
    """

    split: Split | None
    n_fractured: int
    n_not_fractured: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportSummary:
    """What an import found, to be told to a person.

    Attributes:
        layout: "class folders", "FracAtlas" or "table".
        collection: The collection's name.
        n_films: All films with a label.
        n_fractured: Those with a fracture.
        n_not_fractured: Those without.
        by_split: The same per published split, in the order train, tune, test, none.
        n_readable: Films that decode whole.
        n_truncated: Films that decode in part, and are never used.
        n_torn: Films of which a part was made up before they were saved; never used.
        n_unreadable: Films that do not decode, are not what Osteon reads, or are gone.
        n_copies: Films beyond the first of each set of identical files.
        n_contradictions: Films whose folder and table disagree; the folder holds.
        n_other_files: Files that are neither films nor part of the layout.
        other_endings: How many of these have each ending; "" for none.
        set_aside: Films without a label, and why.
        passed_over: Links, locked folders, DICOM without a picture, foreign pictures, and why.
        ignored_columns: Of the collection's table, those that mean nothing to Osteon.
        remarks: What was left out, or read in another way than it was written, and how often.
    """

    layout: str
    collection: str
    n_films: int
    n_fractured: int
    n_not_fractured: int
    by_split: tuple[ClassCounts, ...]
    n_readable: int
    n_truncated: int
    n_torn: int
    n_unreadable: int
    n_copies: int
    n_contradictions: int
    n_other_files: int
    other_endings: dict[str, int]
    set_aside: tuple[SetAside, ...]
    passed_over: tuple[SetAside, ...]
    ignored_columns: tuple[str, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """A manifest, and what there is to tell about it."""

    manifest: Manifest
    summary: ImportSummary


def import_films(
    folder: Path,
    *,
    positive: Sequence[str] = (),
    negative: Sequence[str] = (),
    films: Path | None = None,
    patient_salt: str | None = None,
    progress: Progress = no_progress,
) -> Imported:
    """Make a manifest of a folder of films.

    Args:
        folder: The collection, or its table where that is a `.csv`.
        positive: Names of classes, besides the known words, that mean a fracture.
        negative: Names of classes that mean none.
        films: Where a table's films lie.
        patient_salt: Equal salts turn equal patients into equal pseudonyms, in any import. By
            default it is new every time and kept nowhere, so that no one can go back.
        progress: Called once per film.

    Returns:
        The manifest, grouped by identical files and patients, and its counts.

    Raises:
        FolderNotFound: If there is no such folder.
        LayoutFault: If the folder cannot be understood.
        SettingsFault: If one name is given for both classes.
    """
    salt = secrets.token_hex(16) if patient_salt is None else patient_salt
    listing = find_films(
        folder,
        positive=positive,
        negative=negative,
        films=films,
        patient_salt=salt,
    )
    rows = inspect_films(listing, patient_salt=salt, progress=progress)
    manifest = fill_groups(Manifest(rows=rows, root=listing.root))
    return Imported(manifest=manifest, summary=_summarise(manifest, listing))


def merge_collections(paths: Sequence[Path]) -> Manifest:
    """Join manifests of several institutions into one collection.

    Args:
        paths: The manifests' files.

    Returns:
        All films; identical ones, and one patient's, share a group.

    Raises:
        FolderNotFound: If a file does not exist.
        ManifestFault: If a manifest is broken, or two list the same file.
    """
    return fill_groups(merge_manifests([read_manifest(path) for path in paths]))


def rename_collection(
    manifest: Manifest, folder: Path, *, progress: Progress = no_progress
) -> Manifest:
    """Write a copy of a collection whose films are named after their content.

    Each becomes `SPLIT/CLASS/FILM_ID.SUFFIX`: the published split where there is one, `fractured`
    or `not fractured`, and the ending that the content deserves. A copy of a film in the same
    folder gets `-2` behind its id: no film is lost, and the audit still sees it.

    Args:
        manifest: The collection.
        folder: Must not exist; afterwards it holds all films, or, after any fault, none.
        progress: Called once per film.

    Returns:
        The copy's manifest. Films that are gone are left out of it.

    Raises:
        ManifestFault: If a film is no longer the file that was imported.
        OutputFault: If the folder exists or cannot be written.
    """
    refuse_taken(folder)
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.copying")
    try:
        make_folder(unfinished)
        rows = _copy_films(manifest, unfinished, progress)
        unfinished.replace(folder)
    except OSError as fault:
        refuse_output(folder, fault)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return replace(manifest, rows=tuple(rows), root=folder)


def _summarise(manifest: Manifest, listing: Listing) -> ImportSummary:
    rows = manifest.rows
    counts = Counter((row.published_split, row.has_fracture) for row in rows)
    splits = [split for split in (*SPLITS, None) if counts[split, True] + counts[split, False]]
    states = Counter(row.state for row in rows)
    hashes = Counter(row.sha256 for row in rows if row.sha256)
    n_fractured = sum(row.has_fracture for row in rows)
    return ImportSummary(
        layout=listing.layout,
        collection=listing.collection,
        n_films=len(rows),
        n_fractured=n_fractured,
        n_not_fractured=len(rows) - n_fractured,
        by_split=tuple(
            ClassCounts(
                split=split,
                n_fractured=counts[split, True],
                n_not_fractured=counts[split, False],
            )
            for split in splits
        ),
        n_readable=states["readable"],
        n_truncated=states["truncated"],
        n_torn=states["torn"],
        n_unreadable=states["unreadable"],
        n_copies=hashes.total() - len(hashes),
        n_contradictions=sum(
            row.has_fracture_in_table not in {None, row.has_fracture} for row in rows
        ),
        n_other_files=listing.n_other_files,
        other_endings=count_endings(listing.other_files),
        set_aside=listing.set_aside,
        passed_over=listing.passed_over,
        ignored_columns=listing.ignored_columns,
        remarks=listing.remarks,
    )


def _copy_films(manifest: Manifest, folder: Path, progress: Progress) -> list[ManifestRow]:
    rows: list[ManifestRow] = []
    taken: Counter[str] = Counter()
    for n_done, row in enumerate(manifest.rows, start=1):
        data = _read_film(manifest, row)
        if data is not None:
            stem = f"{_class_folder(row)}/{row.film_id}"
            taken[stem] += 1
            number = f"-{taken[stem]}" if taken[stem] > 1 else ""
            path = f"{stem}{number}{_choose_suffix(data, row.path)}"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
            rows.append(replace(row, path=path))
        progress("copy", n_done, len(manifest.rows))
    return rows


def _read_film(manifest: Manifest, row: ManifestRow) -> bytes | None:
    """Return a film's bytes; None where it is gone.

    Raises:
        ManifestFault: If they are no longer those that were imported.
    """
    try:
        data = manifest.films_path(row).read_bytes()
    except OSError:
        return None
    if row.sha256 and hashlib.sha256(data).hexdigest() != row.sha256:
        raise ManifestFault(
            row.path, "must be the file that was imported", advice="Import the collection again."
        )
    return data


def _class_folder(row: ManifestRow) -> str:
    label = "fractured" if row.has_fracture else "not fractured"
    split = "val" if row.published_split == "tune" else row.published_split
    return label if split is None else f"{split}/{label}"


def _choose_suffix(data: bytes, path: str) -> str:
    own = ".dcm" if is_dicom(data) else Path(path).suffix.lower()
    return next((suffix for start, suffix in _SUFFIX_OF if data.startswith(start)), own)
