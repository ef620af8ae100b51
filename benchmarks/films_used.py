"""Which films a release was made of: written as a list, and laid on somebody else's copy of them.

A list holds names and hashes, and no film. With it, whoever has the whole of FracAtlas gets the
same films in the same splits:

    python benchmarks/films_used.py write fracatlas.parquet split.parquet clean.excluded.csv \
        > docs/data/osteon-1-films.csv
    python benchmarks/films_used.py place films.parquet docs/data/osteon-1-films.csv split.parquet
    python benchmarks/films_used.py check split.parquet docs/data/osteon-1-films.csv

`place` goes by name, because a copy may hold a film at another size: films of another content are
counted, and so are films that the list does not know, which are left out. `check` ends with 1 where
a manifest and the list differ in a film, a label, a split or a group.
"""

import csv
import io
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.terms import ManifestRow, Split

COLUMNS = ("path", "sha256", "has_fracture", "split", "group", "reduced", "left_out")
REDUCED_SIDE = 640
"""Longer side, in pixels, of the films that were reduced before they came here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """One film of the list.

    Attributes:
        sha256: Of the file that was used.
        has_fracture: The reference.
        split: None where it was left out.
        group: Copies of one picture share it.
        reduced: Whether the file that was used is smaller than the published one.
        left_out: Why, where it was.
    """

    sha256: str
    has_fracture: bool
    split: Split | None
    group: str | None
    reduced: bool
    left_out: str


def list_films(imported: Manifest, split: Manifest, reasons: Mapping[str, str]) -> dict[str, Used]:
    """Return every film of a collection, with its place or the reason why it has none.

    Args:
        imported: All films.
        split: Those that were used.
        reasons: Path → why it was left out.
    """
    placed = {row.path: row for row in split.rows}
    return {row.path: _list_film(row, placed.get(row.path), reasons) for row in imported.rows}


def _list_film(row: ManifestRow, placed: ManifestRow | None, reasons: Mapping[str, str]) -> Used:
    return Used(
        sha256=row.sha256,
        has_fracture=row.has_fracture,
        split=placed.split if placed else None,
        group=placed.group if placed else None,
        reduced=max(row.rows, row.columns) == REDUCED_SIDE,
        left_out="" if placed and placed.split else reasons.get(row.path, row.state),
    )


def write_list(films: Mapping[str, Used]) -> str:
    """Return a list as CSV, in the columns `COLUMNS`."""
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(COLUMNS)
    for path, film in sorted(films.items()):
        label, reduced = int(film.has_fracture), int(film.reduced)
        place = (film.split or "", film.group or "")
        writer.writerow((path, film.sha256, label, *place, reduced, film.left_out))
    return held.getvalue()


def read_list(path: Path) -> dict[str, Used]:
    """Return a list by path."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["path"]: Used(
                sha256=row["sha256"],
                has_fracture=row["has_fracture"] == "1",
                split=row["split"] or None,  # type: ignore[arg-type]
                group=row["group"] or None,
                reduced=row["reduced"] == "1",
                left_out=row["left_out"],
            )
            for row in csv.DictReader(file)
        }


def place_films(manifest: Manifest, films: Mapping[str, Used]) -> tuple[Manifest, dict[str, int]]:
    """Return the listed films of a collection in their splits, and counts of what was met.

    Args:
        manifest: Somebody's copy of the collection, imported.
        films: The list.
    """
    counts = {"placed": 0, "of other content": 0, "left out by the list": 0, "not in the list": 0}
    rows = []
    for row in manifest.rows:
        film = films.get(row.path)
        if film is None:
            counts["not in the list"] += 1
        elif film.split is None or row.state != "readable":
            counts["left out by the list"] += 1
        else:
            counts["placed"] += 1
            counts["of other content"] += row.sha256 != film.sha256
            rows.append(replace(row, split=film.split, group=film.group))
    counts["missing here"] = sum(film.split is not None for film in films.values()) - len(rows)
    return replace(manifest, rows=tuple(rows)), counts


def find_differences(manifest: Manifest, films: Mapping[str, Used]) -> Iterator[str]:
    """Yield a sentence for each film that a manifest and a list do not agree about."""
    here = {row.path: row for row in manifest.rows if row.split}
    for path, film in sorted(films.items()):
        row = here.pop(path, None)
        if row is None:
            if film.split is not None:
                yield f"{path}: in the list's {film.split}, not in the manifest"
            continue
        for name in ("sha256", "has_fracture", "split", "group"):
            ours, theirs = getattr(row, name), getattr(film, name)
            if ours != theirs:
                yield f"{path}: {name} is {ours}, in the list {theirs or film.left_out}"
    yield from (f"{path}: not in the list" for path in sorted(here))


def main(arguments: list[str]) -> int:
    """Do what is asked; return the exit code."""
    match arguments:
        case ["write", imported, split, excluded]:
            with Path(excluded).open(encoding="utf-8", newline="") as file:
                reasons = {row["path"]: row["rules"] for row in csv.DictReader(file)}
            whole, used = (read_manifest(Path(p), must_exist=False) for p in (imported, split))
            sys.stdout.write(write_list(list_films(whole, used, reasons)))
        case ["place", manifest, listed, out]:
            placed, counts = place_films(read_manifest(Path(manifest)), read_list(Path(listed)))
            write_manifest(placed, Path(out))
            print(", ".join(f"{name}: {n:,}" for name, n in counts.items()))
        case ["check", manifest, listed]:
            found = read_manifest(Path(manifest), must_exist=False)
            differences = list(find_differences(found, read_list(Path(listed))))
            print(*differences[:20], sep="\n", end="\n" if differences else "")
            print(f"{len(found.rows):,} films; {len(differences):,} differ from {listed}")
            return 1 if differences else 0
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
