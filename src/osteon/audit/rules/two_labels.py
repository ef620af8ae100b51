"""Pictures whose copies stand under both labels."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from osteon.collection.flaws import build_flaw
from osteon.collection.manifest import Manifest
from osteon.terms import Flaw, ManifestRow

Links = Mapping[str, Sequence[Mapping[str, Any]]]
"""By the name of a picture, what ties its films, as evidence holds it."""

_NO_LINKS: Links = MappingProxyType({})


def find_two_labels(
    manifest: Manifest, pictures: Mapping[str, str], *, links: Links = _NO_LINKS
) -> Iterator[Flaw]:
    """Yield the pictures whose copies stand under both labels, each with all its copies.

    Args:
        manifest: The collection.
        pictures: Path → name of the film's picture, from `groups.name_pictures`.
        links: Between copies; empty where only files were compared.
    """
    same: dict[str, list[ManifestRow]] = {}
    for row in manifest.rows:
        if row.path in pictures:
            same.setdefault(pictures[row.path], []).append(row)
    for name, rows in same.items():
        labels = [row.has_fracture for row in rows]
        if any(labels) and not all(labels):
            yield build_flaw(
                "same-picture-two-labels",
                rows,
                evidence={
                    "n_fractured": sum(labels),
                    "n_not_fractured": len(labels) - sum(labels),
                    "has_fracture": labels,
                    "links": list(links.get(name, ())),
                },
                advice="Let a reader decide which label holds, and take the other copies out.",
            )
