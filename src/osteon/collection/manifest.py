"""The table of films: read, check, merge, write. Every room hands on this record.

Parquet carries the films' root, the salt and the format's version in its metadata under the key
"osteon"; CSV carries the same as JSON in its first line, behind `# osteon-manifest`.
"""

import io
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from osteon.collection.schema import (
    build_frame,
    build_text_table,
    parse_rows,
    parse_text_table,
)
from osteon.errors import FolderNotFound, ManifestFault
from osteon.files import write_whole
from osteon.terms import Manifest, ManifestRow

__all__ = [
    "FORMAT",
    "Manifest",
    "has_films",
    "merge_manifests",
    "read_manifest",
    "write_manifest",
]

FORMAT = 1
"""Version of the manifest's format: raised when an older Osteon could misread a newer file."""

_KEY = "osteon"
_CSV_MARK = "# osteon-manifest "
# Enough to tell a collection from another; a network drive answers this many in a second.
_FILMS_LOOKED_FOR = 200


def read_manifest(path: Path, *, films: Path | None = None, must_exist: bool = True) -> Manifest:
    """Read a manifest and check it, and that its films are where it says.

    Args:
        path: A Parquet file, or a CSV where the name ends in `.csv`.
        films: The films' root; by default the one in the file's metadata, or, where the manifest
            was moved together with its films, the same folder seen from the manifest.
        must_exist: Whether the films are needed; False reads the table alone, films or no films.

    Returns:
        The manifest, with a root under which its films are found.

    Raises:
        FolderNotFound: If the manifest or `films` does not exist.
        ManifestFault: If the file is not a manifest, breaks a rule, or is of another collection.
    """
    if not path.is_file():
        raise FolderNotFound(
            str(path), "must be a manifest", advice="Make one with `osteon import FOLDER -o FILE`."
        )
    frame, about = _read_csv(path) if path.suffix.lower() == ".csv" else _read_parquet(path)
    version = about.get("format", FORMAT)
    if not isinstance(version, int) or version > FORMAT:
        raise ManifestFault(
            str(path), f"must be of format {FORMAT}", found=version, advice="Update Osteon."
        )
    rows = parse_rows(frame, where=str(path))
    root = _find_root(path, rows, about, films) if must_exist else Path(about.get("root", "."))
    return Manifest(rows=rows, root=root, salt=about.get("salt"))


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write a manifest, whole or not at all: Parquet, or CSV where the name ends in `.csv`.

    Args:
        manifest: What to write; it is checked first.
        path: The file; missing folders above it are made.

    Raises:
        ManifestFault: If the manifest breaks a rule that reading would refuse.
        OutputFault: If the place cannot be written.
    """
    frame = build_frame(manifest.rows)
    parse_rows(frame, where=str(path))
    root = os.path.abspath(manifest.root)  # noqa: PTH100 — resolve() would follow the links
    about = {
        "format": FORMAT,
        "root": root,
        "root_from_manifest": _seen_from(path, root),
        "salt": manifest.salt,
    }
    if path.suffix.lower() == ".csv":
        data = f"{_CSV_MARK}{json.dumps(about)}\n{build_text_table(frame)}".encode()
    else:
        buffer = io.BytesIO()
        frame.write_parquet(buffer, metadata={_KEY: json.dumps(about)})
        data = buffer.getvalue()
    write_whole(path, data)


def merge_manifests(manifests: Sequence[Manifest]) -> Manifest:
    """Join the collections of several institutions into one.

    A film that stands in two collections keeps its two rows. Groups do not cross collections
    here; `fill_groups` joins copies afterwards.

    Args:
        manifests: At least one.

    Returns:
        All rows, below the folder that the roots have in common. The salt stays where the
        manifests do not disagree about it.

    Raises:
        ManifestFault: If there is none, the roots share no folder, or a file is in two manifests.
    """
    if not manifests:
        raise ManifestFault("merge", "must be given at least one manifest")
    roots = [os.path.abspath(manifest.root) for manifest in manifests]  # noqa: PTH100 — as above
    try:
        common = Path(os.path.commonpath(roots))
    except ValueError as fault:  # two drives of a Windows machine
        raise ManifestFault(
            "merge", "needs films on one drive", found=roots, advice="Move them below one folder."
        ) from fault
    rows: dict[str, ManifestRow] = {}
    for manifest, root in zip(manifests, roots, strict=True):
        below = Path(root).relative_to(common)
        for row in manifest.rows:
            path = (below / row.path).as_posix()
            if path in rows:
                raise ManifestFault(
                    f"merge, {path}",
                    "must be in one of the manifests only",
                    advice="Merge manifests of different folders.",
                )
            rows[path] = replace(row, path=path)
    salts = {manifest.salt for manifest in manifests} - {None}
    salt = salts.pop() if len(salts) == 1 else None
    return Manifest(rows=tuple(rows.values()), root=common, salt=salt)


def has_films(rows: Sequence[ManifestRow], root: Path) -> bool:
    """Return whether most of the rows' films exist below a root; up to 200 of them are looked for.

    Args:
        rows: Of a manifest. Unreadable films may be gone and are not looked for.
        root: The folder to look in.
    """
    expected = [row for row in rows if row.state != "unreadable"]
    if not expected:
        return root.is_dir()
    step = -(-len(expected) // _FILMS_LOOKED_FOR)
    looked_for = expected[::step]
    n_found = sum((root / row.path).is_file() for row in looked_for)
    return 2 * n_found > len(looked_for)


def _find_root(
    path: Path, rows: Sequence[ManifestRow], about: dict[str, Any], films: Path | None
) -> Path:
    if films is not None and not films.is_dir():
        raise FolderNotFound(f"--films {films}", "must be a folder")
    stored, moved = about.get("root"), about.get("root_from_manifest")
    candidates = [films] if films is not None else []
    if films is None and isinstance(stored, str):
        candidates.append(Path(stored))
    if films is None and isinstance(moved, str):
        candidates.append(Path(os.path.normpath(path.absolute().parent / moved)))
    for root in candidates:
        if has_films(rows, root):
            return root
    raise ManifestFault(
        str(path),
        "must list the films of the folder it is used with",
        found=f"few or none of its {len(rows)} films below {candidates[0]}"
        if candidates
        else "no films' folder in its metadata",
        advice="If the films were moved, say where they are with `--films DIR`; "
        "if not, this is the manifest of another collection.",
    )


def _seen_from(path: Path, root: str) -> str | None:
    try:
        return os.path.relpath(root, path.absolute().parent)
    except ValueError:  # another drive
        return None


def _read_parquet(path: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    try:
        data = path.read_bytes()
        frame = pl.read_parquet(io.BytesIO(data))
        metadata = pl.read_parquet_metadata(io.BytesIO(data))
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise ManifestFault(
            str(path),
            "must be a whole Parquet file, or a CSV named .csv",
            advice="Make it again with `osteon import`.",
        ) from fault
    return frame, _parse_about(metadata.get(_KEY, "{}"), path)


def _read_csv(path: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        first, _, rest = text.partition("\n")
        is_marked = first.startswith(_CSV_MARK)
        table = (rest if is_marked else text).encode()
        frame = pl.read_csv(io.BytesIO(table), infer_schema=False)
    except (OSError, ValueError, pl.exceptions.PolarsError) as fault:
        raise ManifestFault(
            str(path),
            "must be a CSV in UTF-8 with commas and as many cells in every row as in the first",
            advice="If a spreadsheet wrote it, save it as CSV UTF-8.",
        ) from fault
    about = _parse_about(first.removeprefix(_CSV_MARK), path) if is_marked else {}
    return parse_text_table(frame, where=str(path)), about


def _parse_about(text: str, path: Path) -> dict[str, Any]:
    try:
        about = json.loads(text)
    except ValueError:
        about = None
    if not isinstance(about, dict):
        raise ManifestFault(f"{path}, metadata", "must be a JSON object", found=text[:80])
    return about
