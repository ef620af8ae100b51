"""Groups into train, tune and test, for good."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from osteon.collection.groups import fill_groups, find_tying_films, take_each_file_once
from osteon.collection.manifest import Manifest
from osteon.collection.strata import Shares, place_groups
from osteon.errors import ManifestFault, SettingsFault
from osteon.terms import SPLITS, ManifestRow, SetAside, Split

__all__ = [
    "Shares",
    "SplitCount",
    "SplitResult",
    "UnevenSplit",
    "carry_places",
    "describe_split",
    "find_uneven_split",
    "keep_published",
    "split_manifest",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitResult:
    """A split collection, and what found no place in it.

    Attributes:
        manifest: Every film, with group and split; its salt is the one that was used.
        set_aside: The films without a split, in order of their paths, and why.
    """

    manifest: Manifest
    set_aside: tuple[SetAside, ...]


UNEVEN_POINTS: Final = 0.10
"""Two splits whose prevalence differs by more are worth a word: a threshold that was chosen at one
prevalence is measured at another, and ppv and npv of the two do not compare."""

LARGE_GROUP: Final = 0.10
"""A group that holds more of a collection leaves the splitting little choice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitCount:
    """What one split holds; identical files are one film.

    Attributes:
        split: Its name; None for the films that were not placed.
        n_films: Films in it.
        n_groups: Groups in it.
        n_fractured: Films with a fracture.
        n_not_fractured: Films without.
        regions: Films by body region; a film of two regions counts in both.
        n_copies: Files beyond the first of each set of identical ones, which count nowhere else.
    """

    split: Split | None
    n_films: int
    n_groups: int
    n_fractured: int
    n_not_fractured: int
    regions: dict[str, int]
    n_copies: int = 0

    @property
    def prevalence(self) -> float:
        """Share of films with a fracture."""
        return self.n_fractured / self.n_films


@dataclass(frozen=True, kw_only=True, slots=True)
class UnevenSplit:
    """Splits of very different prevalence, and what may have made them so.

    Attributes:
        counts: Of train, tune and test, those that hold films.
        difference: Between the highest and the lowest prevalence, in [0, 1].
        largest_group: Films of the largest group.
        n_films: Placed films.
    """

    counts: tuple[SplitCount, ...]
    difference: float
    largest_group: int
    n_films: int

    @property
    def is_of_large_groups(self) -> bool:
        """Whether one group alone holds so much that the films cannot be shared out evenly."""
        return self.largest_group > LARGE_GROUP * self.n_films


def split_manifest(
    manifest: Manifest,
    *,
    shares: Shares,
    salt: str,
    same_picture: re.Pattern[str] | None = None,
) -> SplitResult:
    """Place every whole film in train, tune or test, and never move one that has its place.

    A group goes to one split whole. Within a stratum (label, body region, hardware) groups come in
    the order of a salted hash, and each goes where most films are missing; a stratum too small to
    share out fills what its parent is missing. The order of the rows plays no part.

    Args:
        manifest: The collection, placed or not.
        shares: How much each split shall get.
        salt: Any text; another salt gives another split.
        same_picture: As in `fill_groups`.

    Returns:
        The collection with its splits. Truncated, torn and unreadable films are set aside, and
        new films that would tie films of two splits together.

    Raises:
        ManifestFault: If the manifest was split with another salt.
        SettingsFault: If the salt is empty, or the pattern has no group.
    """
    _check_salt(manifest, salt)
    tying = find_tying_films(manifest, same_picture=same_picture)
    filled = fill_groups(manifest, same_picture=same_picture)
    whole = [row for row in filled.rows if row.state == "readable" and row.path not in tying]
    homes = place_groups(whole, shares=shares, salt=salt)
    rows: list[ManifestRow] = []
    set_aside: list[SetAside] = []
    for row in filled.rows:
        reason = _why_not(row, tying)
        if reason is not None:
            set_aside.append(SetAside(path=row.path, reason=reason))
        split = None if reason is not None else row.split or homes[str(row.group)]
        rows.append(replace(row, split=split))
    return SplitResult(
        manifest=replace(filled, rows=tuple(rows), salt=salt), set_aside=_by_path(set_aside)
    )


def keep_published(manifest: Manifest) -> SplitResult:
    """Take over the collection's own split, leaks and all.

    Args:
        manifest: A collection whose films say where they were published.

    Returns:
        The collection with its published splits. Set aside are films that are not whole, and
        films of which the collection does not say.

    Raises:
        ManifestFault: If no film was published in a split, if films are placed otherwise already,
            or if the published train split has one class only.
    """
    advice = "Use `osteon split` without --keep-published."
    where = str(manifest.root)
    if all(row.published_split is None for row in manifest.rows):
        raise ManifestFault(where, "must come with splits of its own", advice=advice)
    moved = [row.path for row in manifest.rows if row.split not in {None, row.published_split}]
    if moved:
        raise ManifestFault(
            where,
            "films keep the split they were given",
            found=f"{len(moved)} placed otherwise",
            advice="Import the collection again to start over.",
        )
    reasons = {row.path: _why_not_published(row) for row in manifest.rows}
    rows = tuple(
        replace(row, split=row.published_split if reasons[row.path] is None else None)
        for row in manifest.rows
    )
    classes = {row.has_fracture for row in rows if row.split == "train"}
    if len(classes) < 2:
        raise ManifestFault(
            where,
            "the published train split must hold films with and without a fracture",
            found="no whole film" if not classes else f"has_fracture={classes.pop()} only",
            advice=advice,
        )
    set_aside = [
        SetAside(path=path, reason=reason) for path, reason in reasons.items() if reason is not None
    ]
    return SplitResult(manifest=replace(manifest, rows=rows), set_aside=_by_path(set_aside))


def carry_places(manifest: Manifest, earlier: Manifest) -> Manifest:
    """Give films the places they had when the same collection was split before.

    A film is the same where its bytes are; where identical files stood in several places, the path
    decides. So a folder that has grown can be imported again, and nobody moves.

    Args:
        manifest: The collection as it is now, unplaced.
        earlier: The same collection, split earlier.

    Returns:
        The films of `manifest`, with the splits, groups, stamps and salt of `earlier`. Films that
        are new have no stamp: nobody looked for copies of them.

    Raises:
        ManifestFault: If films of `manifest` are placed already, or none of `earlier` is.
    """
    if any(row.split for row in manifest.rows):
        raise ManifestFault(
            str(manifest.root), "must not be placed yet", advice="Leave --placed out."
        )
    placed = [row for row in earlier.rows if row.split]
    if not placed:
        raise ManifestFault(str(earlier.root), "must have been split", found="no film with a split")
    by_path = {(row.path, row.sha256): row for row in placed}
    by_bytes: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in placed:
        by_bytes[row.sha256].append(row)
    rows = []
    for row in manifest.rows:
        found = by_path.get((row.path, row.sha256))
        same = by_bytes[row.sha256]
        if found is None and len({other.split for other in same}) == 1:
            found = same[0]
        if found is not None:
            # The stamp belongs to the bytes, as the group does; a newer one says more.
            audit = row.audit or found.audit
            row = replace(row, split=found.split, group=found.group, audit=audit)  # noqa: PLW2901
        rows.append(row)
    return replace(manifest, rows=tuple(rows), salt=earlier.salt)


def describe_split(manifest: Manifest) -> tuple[SplitCount, ...]:
    """Count what each split holds: train, tune, test, unplaced; those without a film left out."""
    order: tuple[Split | None, ...] = (*SPLITS, None)
    counts = []
    for split in order:
        files = [row for row in manifest.rows if row.split == split]
        rows = take_each_file_once(files)
        if rows:
            regions = Counter(region for row in rows for region in row.body_region)
            n_fractured = sum(row.has_fracture for row in rows)
            counts.append(
                SplitCount(
                    split=split,
                    n_films=len(rows),
                    n_groups=len({row.group or row.path for row in rows}),
                    n_fractured=n_fractured,
                    n_not_fractured=len(rows) - n_fractured,
                    regions=dict(sorted(regions.items())),
                    n_copies=len(files) - len(rows),
                )
            )
    return tuple(counts)


def find_uneven_split(manifest: Manifest) -> UnevenSplit | None:
    """Find splits whose prevalence differs by more than `UNEVEN_POINTS`; None where none does.

    Args:
        manifest: A collection that was split.
    """
    counts = tuple(count for count in describe_split(manifest) if count.split is not None)
    shares = [count.prevalence for count in counts]
    if not shares or max(shares) - min(shares) <= UNEVEN_POINTS:
        return None
    placed = take_each_file_once([row for row in manifest.rows if row.split is not None])
    return UnevenSplit(
        counts=counts,
        difference=max(shares) - min(shares),
        largest_group=max(Counter(row.group or row.path for row in placed).values()),
        n_films=len(placed),
    )


def _check_salt(manifest: Manifest, salt: str) -> None:
    """Refuse a salt that would start the splitting afresh.

    Raises:
        ManifestFault: If the manifest was split with another salt.
        SettingsFault: If the salt is empty.
    """
    if not salt:
        raise SettingsFault("salt", "must be a text of at least one character", found=salt)
    if manifest.salt is not None and manifest.salt != salt:
        raise ManifestFault(
            "salt",
            f"this collection was split with the salt {manifest.salt!r} and keeps it",
            found=salt,
            advice="Use that salt, or import the collection again to start over.",
        )


def _why_not(row: ManifestRow, tying: dict[str, tuple[Split, ...]]) -> str | None:
    if row.path in tying:
        return f"ties films in {' and '.join(tying[row.path])} together"
    return _why_not_whole(row)


def _why_not_published(row: ManifestRow) -> str | None:
    if row.published_split is None:
        return "the collection does not say in which split it belongs"
    return _why_not_whole(row)


def _why_not_whole(row: ManifestRow) -> str | None:
    if row.state == "readable":
        return None
    return row.state if row.state_reason is None else f"{row.state}: {row.state_reason}"


def _by_path(set_aside: Sequence[SetAside]) -> tuple[SetAside, ...]:
    return tuple(sorted(set_aside, key=lambda film: film.path))
