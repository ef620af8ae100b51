"""The audit's rules about copies, from what was seen of the films."""

from collections import Counter
from collections.abc import Iterator, Sequence

from osteon.audit.films import Looks
from osteon.audit.overlap import Overlap
from osteon.audit.pictures import CopyGroup
from osteon.collection.flaws import SplitColumn, build_flaw, read_split
from osteon.collection.manifest import Manifest
from osteon.terms import SPLITS, Flaw, ManifestRow


def find_unseen(manifest: Manifest, looks: Looks) -> Iterator[Flaw]:
    """Yield the films that were readable when they were imported, and are so no more.

    Args:
        manifest: The collection.
        looks: What was seen of it.
    """
    rows = {row.path: row for row in manifest.rows}
    for film in looks.not_seen:
        yield build_flaw(
            "changed-since-import",
            [rows[film.path]],
            evidence={"reason": film.reason},
            advice="Put the film back as it was, or import the collection again; until then "
            "nothing here speaks of it.",
        )


def find_identical_pixels(groups: Sequence[CopyGroup]) -> Iterator[Flaw]:
    """Yield the pictures that several different files hold, grey value for grey value.

    Args:
        groups: Of the collection.
    """
    for picture in (picture for group in groups for picture in group.pictures):
        if picture.n_files > 1:
            yield build_flaw(
                "identical-pixels",
                picture.rows,
                evidence={
                    "pixel_sha256": picture.pixel_sha256,
                    "n_films": len(picture.rows),
                    "n_files": picture.n_files,
                },
                advice="Keep one of them: a copy adds weight to a film, not knowledge.",
            )


def find_same_pictures(groups: Sequence[CopyGroup]) -> Iterator[Flaw]:
    """Yield the films that were seen twice: turned, mirrored, resized, or otherwise changed.

    Args:
        groups: Of the collection.
    """
    for group in groups:
        if len(group.pictures) > 1:
            labels = [row.has_fracture for row in group.rows]
            yield build_flaw(
                "same-picture",
                group.rows,
                evidence={
                    "n_films": len(labels),
                    "n_files": len({row.sha256 for row in group.rows}),
                    "n_links": len(group.links),
                    "links": list(group.links),
                    "n_fractured": sum(labels),
                    "n_not_fractured": len(labels) - sum(labels),
                },
                advice="Keep copies together with `osteon clean`, or one of each with "
                "`--deduplicate`: they add weight to a film, not knowledge.",
            )


def find_copies_elsewhere(groups: Sequence[CopyGroup], overlap: Overlap) -> Iterator[Flaw]:
    """Yield the pictures that another collection holds too.

    Args:
        groups: Of the collection.
        overlap: With the other one.
    """
    for group in groups:
        links = [link for picture in group.pictures for link in overlap.links.get(picture.path, ())]
        if links:
            theirs = [
                row for path in sorted({link["b"] for link in links}) for row in overlap.films[path]
            ]
            yield build_flaw(
                "copy-in-other-collection",
                group.rows,
                evidence={
                    "other_collection": overlap.collection,
                    "other": [row.path for row in theirs],
                    "other_has_fracture": [row.has_fracture for row in theirs],
                    "n_films": len(group.rows),
                    "n_other_films": len(theirs),
                    "splits": _count_splits(group.rows, overlap.our_column),
                    "other_splits": _count_splits(theirs, overlap.their_column),
                    "links": links,
                },
                advice="A result on one collection says nothing about new films where the other "
                "was learnt from: take these out with `osteon clean --exclude "
                "copy-in-other-collection`.",
            )


def _count_splits(rows: Sequence[ManifestRow], column: SplitColumn | None) -> dict[str, int]:
    counts = Counter(None if column is None else read_split(row, column) for row in rows)
    return {split: counts[split] for split in SPLITS if counts[split]}
