"""Which films show one picture: equal bytes, equal pixels, or copies that were laid on one another.

Looks and links in, groups out. A picture here is one set of pixels, however many files hold it;
its films stand for one another, so copies are sought among pictures and not among films.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from osteon.audit.duplicates.descriptors import Fingerprint
from osteon.audit.duplicates.search import Link
from osteon.audit.films import Looks, open_again
from osteon.collection.manifest import Manifest
from osteon.collection.ties import DisjointSet
from osteon.terms import ManifestRow, Pixels8


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """The films that show the same pixels.

    Attributes:
        pixel_sha256: Of the picture.
        rows: Its films, in order of their paths; the first stands for it.
    """

    pixel_sha256: str
    rows: tuple[ManifestRow, ...]

    @property
    def path(self) -> str:
        """The smallest of its films' paths."""
        return self.rows[0].path

    @property
    def n_files(self) -> int:
        """Different files among its films."""
        return len({row.sha256 for row in self.rows})


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyGroup:
    """Pictures that are copies of one another.

    Attributes:
        pictures: In order of their paths; one where a picture has no copies.
        links: What ties them, as evidence holds it.
    """

    pictures: tuple[Picture, ...]
    links: tuple[dict[str, Any], ...]

    @property
    def rows(self) -> tuple[ManifestRow, ...]:
        """All films of the group."""
        return tuple(row for picture in self.pictures for row in picture.rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What a collection's films show.

    Attributes:
        manifest: The collection.
        looks: What was seen of it.
        pictures: The different pictures, in order of their paths.
    """

    manifest: Manifest
    looks: Looks
    pictures: tuple[Picture, ...]

    @property
    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Of the pictures, in order."""
        prints = self.looks.fingerprints
        return tuple(prints[picture.pixel_sha256] for picture in self.pictures)

    def open_film(self, number: int) -> Pixels8 | None:
        """Open a picture's film once more; None where it has changed.

        Args:
            number: Of the picture.
        """
        return open_again(self.manifest, self.pictures[number].rows[0])


def list_shown(manifest: Manifest, looks: Looks) -> Shown:
    """Return a collection's different pictures.

    Args:
        manifest: The collection.
        looks: What was seen of it; films that were not seen show nothing.
    """
    gone = {film.path for film in looks.not_seen}
    films: dict[str, list[ManifestRow]] = {}
    for row in manifest.rows:
        seen = looks.files.get(row.sha256)
        if seen is not None and row.state == "readable" and row.path not in gone:
            films.setdefault(seen.pixel_sha256, []).append(row)
    pictures = tuple(Picture(pixel_sha256=name, rows=tuple(rows)) for name, rows in films.items())
    return Shown(manifest=manifest, looks=looks, pictures=pictures)


def group_copies(pictures: Sequence[Picture], links: Sequence[Link]) -> tuple[CopyGroup, ...]:
    """Join pictures that are linked, directly or through others.

    Args:
        pictures: In order of their paths.
        links: Between their numbers.

    Returns:
        One group for each different film that was ever taken, in order of the smallest paths.
    """
    ties = DisjointSet(len(pictures))
    for link in links:
        ties.join(link.a, link.b)
    members: dict[int, list[Picture]] = {}
    for number, picture in enumerate(pictures):
        members.setdefault(ties.find(number), []).append(picture)
    told: dict[int, list[dict[str, Any]]] = {}
    for link in sorted(links, key=lambda link: (link.a, link.b)):
        described = describe_link(link, pictures[link.a].path, pictures[link.b].path)
        told.setdefault(ties.find(link.a), []).append(described)
    return tuple(
        CopyGroup(pictures=tuple(own), links=tuple(told.get(number, ())))
        for number, own in members.items()
    )


def describe_link(link: Link, path_a: str, path_b: str) -> dict[str, Any]:
    """Return a link as evidence holds it: rounded, with the films' paths.

    Args:
        link: The link.
        path_a: Of the film that `link.a` numbers.
        path_b: Of the film that `link.b` numbers.
    """
    told: Mapping[str, Any] = asdict(link)
    matrix = [[round(float(value), 6) for value in line] for line in told["matrix"]]
    return {
        "a": path_a,
        "b": path_b,
        "angle_deg": round(float(told["angle_deg"]), 2),
        "is_mirrored": bool(told["is_mirrored"]),
        "scale": round(float(told["scale"]), 4),
        "is_inverted": bool(told["is_inverted"]),
        "matrix": matrix,
        "residual": round(float(told["residual"]), 4),
        "overlap": round(float(told["overlap"]), 4),
    }
