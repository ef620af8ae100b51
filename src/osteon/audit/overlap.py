"""What two collections share: is an external test set really external?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osteon.audit.duplicates.search import Link, find_copies_between
from osteon.audit.pictures import CopyGroup, Shown, describe_link
from osteon.collection.flaws import AgainstSummary, SplitColumn, choose_split_column
from osteon.terms import ManifestRow, Progress, no_progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Overlap:
    """Another collection, and what ties ours to it.

    Attributes:
        collection: The other's name.
        links: By the path that stands for our picture, its links, as evidence holds them: `a` is
            ours, `b` theirs.
        films: By the path that stands for their picture, all their films that show it.
        n_films: Their films that were looked at.
        n_not_seen: Their readable films that could not be looked at.
        our_column: Where our splits stand.
        their_column: Where their splits stand.
    """

    collection: str
    links: Mapping[str, Sequence[Mapping[str, Any]]]
    films: Mapping[str, Sequence[ManifestRow]]
    n_films: int
    n_not_seen: int
    our_column: SplitColumn | None
    their_column: SplitColumn | None


def find_overlap(
    ours: Shown, theirs: Shown, *, workers: int | None = None, progress: Progress = no_progress
) -> Overlap:
    """Seek copies of our films in another collection.

    Args:
        ours: What our films show.
        theirs: What the other's films show.
        workers: Threads; None for one on each core.
        progress: Called as copies are sought and compared.
    """
    found = find_copies_between(
        ours.fingerprints,
        theirs.fingerprints,
        open_ours=ours.open_film,
        open_theirs=theirs.open_film,
        workers=workers,
        progress=progress,
    )
    between = {(link.a, link.b): link for link in found} | _tie_equal(ours, theirs)
    links: dict[str, list[dict[str, Any]]] = {}
    for (a, b), link in sorted(between.items(), key=lambda item: item[0]):
        path_a, path_b = ours.pictures[a].path, theirs.pictures[b].path
        links.setdefault(path_a, []).append(describe_link(link, path_a, path_b))
    names = sorted({row.collection for row in theirs.manifest.rows if row.collection})
    return Overlap(
        collection=", ".join(names) or theirs.manifest.root.name,
        links=links,
        films={picture.path: picture.rows for picture in theirs.pictures},
        n_films=sum(len(picture.rows) for picture in theirs.pictures),
        n_not_seen=len(theirs.looks.not_seen),
        our_column=choose_split_column(ours.manifest),
        their_column=choose_split_column(theirs.manifest),
    )


def summarise_overlap(groups: Sequence[CopyGroup], overlap: Overlap) -> AgainstSummary:
    """Count how much of our collection the other holds too.

    Args:
        groups: Of our films.
        overlap: With the other collection.
    """
    n_films = sum(len(group.rows) for group in groups)
    n_with_copy = sum(
        len(group.rows)
        for group in groups
        if any(picture.path in overlap.links for picture in group.pictures)
    )
    met = {link["b"] for links in overlap.links.values() for link in links}
    return AgainstSummary(
        collection=overlap.collection,
        n_films=n_films,
        n_with_copy=n_with_copy,
        share=n_with_copy / n_films,
        n_other_films=overlap.n_films,
        n_other_with_copy=sum(len(overlap.films[path]) for path in met),
        n_other_not_seen=overlap.n_not_seen,
    )


def _tie_equal(ours: Shown, theirs: Shown) -> dict[tuple[int, int], Link]:
    """Return links between equal pixels, which nothing needs to verify."""
    numbers = {picture.pixel_sha256: number for number, picture in enumerate(theirs.pictures)}
    return {
        (a, numbers[picture.pixel_sha256]): Link(
            a=a,
            b=numbers[picture.pixel_sha256],
            angle_deg=0.0,
            is_mirrored=False,
            scale=1.0,
            is_inverted=False,
            matrix=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
            residual=0.0,
            overlap=1.0,
        )
        for a, picture in enumerate(ours.pictures)
        if picture.pixel_sha256 in numbers
    }
