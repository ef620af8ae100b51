r"""A release on somebody else's films: who is read, who is flagged, who is cleared.

    osteon import films/multiregion -o there.parquet
    osteon audit there.parquet -o there-audit --against fracatlas.parquet
    osteon clean there.parquet --audit there-audit -o clean.parquet --deduplicate \
        --exclude copy-in-other-collection
    python benchmarks/elsewhere.py osteon-1 clean.parquet

prints the table of docs/results/default-model.md, "On somebody else's films"; `--write` puts it
there. Several releases give a column each; `NAME+guards` is the release behind the guards that
this version brings, as a release made again would have them, with its thresholds as they are.
Nothing is fitted or chosen on the films. Every film counts once, and what is not read stays in
sight: shares are of the films that were read, and the rest is a line of its own.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from osteon.collection.manifest import Manifest, read_manifest
from osteon.inference.bundled import locate_release
from osteon.inference.detector import Detector
from osteon.inference.guards import build_guards
from osteon.release import Release, read_release
from osteon.statistics.auroc import delong_interval, measure_auroc
from osteon.statistics.intervals import Proportion
from osteon.terms import ManifestRow, Reading

PAGE: Final = Path(__file__).parents[1] / "docs" / "results" / "default-model.md"
START: Final = "<!-- written by benchmarks/elsewhere.py -->"
END: Final = "<!-- end -->"
NEWEST: Final = "+guards"

Films = Sequence[tuple[ManifestRow, Reading]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of the table.

    Attributes:
        says: What is counted.
        decisions: Readings that count.
        has_fracture: Among which films; None is all.
        of_read: Whether only films that were read are counted among.
    """

    says: str
    decisions: frozenset[str]
    has_fracture: bool | None = None
    of_read: bool = True


NOT_READ: Final = frozenset({"not read"})
FLAGGED: Final = frozenset({"fracture", "doubt"})
CALLED: Final = frozenset({"fracture"})
CLEARED: Final = frozenset({"no fracture"})
LINES: Final = (
    Line(says="fractured films not read", decisions=NOT_READ, has_fracture=True, of_read=False),
    Line(says="normal films not read", decisions=NOT_READ, has_fracture=False, of_read=False),
    Line(says="fractured films flagged (fracture or doubt)", decisions=FLAGGED, has_fracture=True),
    Line(says='fractured films called "fracture"', decisions=CALLED, has_fracture=True),
    Line(says="fractured films cleared", decisions=CLEARED, has_fracture=True),
    Line(says="normal films cleared", decisions=CLEARED, has_fracture=False),
    Line(says='normal films called "fracture"', decisions=CALLED, has_fracture=False),
    Line(says="films left in doubt", decisions=frozenset({"doubt"})),
)


def main() -> None:
    """Read the films and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("releases", nargs="+", help="names or files; NAME+guards: newest guards")
    parser.add_argument("manifest", type=Path, help="audited, cleaned, deduplicated")
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--list", action="store_true", help="name the films that were not read")
    asked = parser.parse_args()
    manifest = read_manifest(asked.manifest)
    rows = choose_rows(manifest)
    columns = {name: read_all(name, manifest, rows) for name in asked.releases}
    table = list(write_table(columns))
    print("\n".join(table))
    if asked.list:
        for name, films in columns.items():
            print("\n".join(_list_refused(name, films)))
    if asked.write:
        put_into_page(table)


def choose_rows(manifest: Manifest) -> list[ManifestRow]:
    """Return one readable film of each group of copies.

    Args:
        manifest: Cleaned and deduplicated.

    Raises:
        SystemExit: If copies were never looked for.
    """
    readable = [row for row in manifest.rows if row.state == "readable"]
    if not all(row.audit for row in readable):
        raise SystemExit("The films must be audited and cleaned first: copies would count twice.")
    return list({row.group or row.sha256: row for row in reversed(readable)}.values())[::-1]


def read_all(name: str, manifest: Manifest, rows: Sequence[ManifestRow]) -> Films:
    """Read films with a release.

    Args:
        name: Of the release, with `+guards` for this version's guards.
        manifest: Where the films lie.
        rows: The films.
    """
    release = read_release(locate_release(Path(name.removesuffix(NEWEST))))
    if name.endswith(NEWEST):
        release = _renew_guards(release)
    with Detector(release, threads=1) as detector:
        readings = detector.read_many(manifest.films_path(row) for row in rows)
        return list(zip(rows, readings, strict=True))


def write_table(columns: dict[str, Films]) -> Iterator[str]:
    """Yield the lines of the table.

    Args:
        columns: What each release said of the same films.
    """
    first = next(iter(columns.values()))
    n_fractured = sum(row.has_fracture for row, _ in first)
    yield (
        f"{len(first)} films, one of each group of copies: {n_fractured} with a fracture, "
        f"{len(first) - n_fractured} without."
    )
    yield ""
    yield "| |" + "".join(f" {name} |" for name in columns)
    yield "|---|" + "---|" * len(columns)
    for line in LINES:
        yield f"| {line.says} |" + "".join(
            f" {_count(line, films)} |" for films in columns.values()
        )
    more = {
        "read, and said to be perhaps no limb": _count_doubted,
        "AUROC of the films read": _rank,
        "why not read": _say_reasons,
    }
    for says, tell in more.items():
        yield f"| {says} |" + "".join(f" {tell(films)} |" for films in columns.values())


def put_into_page(table: Sequence[str]) -> None:
    """Write the table into its place in the page.

    Args:
        table: Its lines.

    Raises:
        SystemExit: If the page has no place for it.
    """
    page = PAGE.read_text("utf-8")
    place = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
    if not place.search(page):
        raise SystemExit(f"{PAGE.name}: there must be a place between {START} and {END}.")
    block = "\n".join([START, "", *table, "", END])
    PAGE.write_text(place.sub(lambda _: block, page), "utf-8")


def _is_read(reading: Reading) -> bool:
    return reading.decision != "not read"


def _renew_guards(release: Release) -> Release:
    old = release.card.guards
    guards = build_guards(old.on_inverted, old.on_stranger)
    return replace(release, card=release.card.model_copy(update={"guards": guards}))


def _count(line: Line, films: Films) -> str:
    own = [
        reading
        for row, reading in films
        if line.has_fracture in {None, row.has_fracture} and (_is_read(reading) or not line.of_read)
    ]
    return _tell(sum(reading.decision in line.decisions for reading in own), len(own))


def _count_doubted(films: Films) -> str:
    read = [reading for _, reading in films if _is_read(reading)]
    doubted = [own for own in read if any(one.code == "scope-doubtful" for one in own.reasons)]
    return _tell(len(doubted), len(read))


def _tell(hits: int, n: int) -> str:
    sure = Proportion(hits=hits, n=n).interval()
    if sure is None:
        return "none"
    return f"{hits} of {n}, {hits / n:.1%} ({sure.low:.1%} to {sure.high:.1%})"


def _rank(films: Films) -> str:
    read = [(row.has_fracture, own.probability) for row, own in films if _is_read(own)]
    references = np.array([has_fracture for has_fracture, _ in read], dtype=bool)
    auroc = measure_auroc(np.array([said for _, said in read], dtype=np.float64), references)
    if auroc is None:
        return "none"
    sure = delong_interval(auroc, n_fractured=int(references.sum()), n_films=references.size)
    return f"{auroc.value:.3f} ({sure.low:.3f} to {sure.high:.3f})"


def _say_reasons(films: Films) -> str:
    refused = [reading.reasons[-1].code for _, reading in films if not _is_read(reading)]
    return ", ".join(f"{code} {n}" for code, n in Counter(refused).most_common()) or "–"


def _list_refused(name: str, films: Films) -> Iterator[str]:
    for row, reading in films:
        if not _is_read(reading):
            label = "fracture" if row.has_fracture else "normal"
            yield f"{name}\t{label}\t{reading.reasons[-1].code}\t{row.path}"


if __name__ == "__main__":
    main()
