"""Strata: which split each group goes to, so that every split looks like the whole."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from osteon.errors import SettingsFault
from osteon.terms import SPLITS, ManifestRow, Split

MIN_STRATUM_GROUPS = 20
"""A stratum with fewer groups is merged upward: at 65/15/20 a handful of groups would nearly all
go to train, so that rare regions would never be tested."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """How much of a collection each split shall get, in percent; together 100.

    Attributes:
        train: Learnt from.
        tune: Chosen on.
        test: Measured on, once.
    """

    train: float
    tune: float
    test: float

    def __post_init__(self) -> None:
        """Refuse shares that are no partition.

        Raises:
            SettingsFault: If one is negative, or they do not add up to 100.
        """
        shares = (self.train, self.tune, self.test)
        if not all(0 <= share <= 100 for share in shares) or abs(sum(shares) - 100) > 1e-6:
            raise SettingsFault(
                "shares",
                "train, tune and test must be at least 0 and add up to 100 percent",
                found=shares,
            )

    def of(self, split: Split) -> float:
        """Return one split's share as a fraction in [0, 1]."""
        return {"train": self.train, "tune": self.tune, "test": self.test}[split] / 100


@dataclass(frozen=True, kw_only=True, slots=True)
class _Group:
    """One group, as the placing sees it.

    Attributes:
        rank: Its place in the salted order.
        n_films: Its films.
        stratum: Label, region and hardware.
        split: Where it stands already.
    """

    name: str
    rank: str
    n_films: int
    stratum: tuple[bool, tuple[str, ...], bool | None]
    split: Split | None


def place_groups(rows: Sequence[ManifestRow], *, shares: Shares, salt: str) -> dict[str, Split]:
    """Return the split of every group: the one it has, or the one where most films are missing.

    Strata (label, body region, hardware) are filled from the finest to the coarsest, each in the
    order of a salted hash of the groups' names; a stratum too small to share out waits and fills
    what its parent is missing. A group counts as fractured, or as showing hardware, if any of its
    films does; its region is that of most of its films.

    Args:
        rows: Whole films with a group, placed or not, in any order.
        shares: How much each split shall get, counted in films.
        salt: Any text.

    Returns:
        The split of each group by the group's name.
    """
    groups = _build_groups(rows, salt)
    homes = {group.name: group.split for group in groups if group.split is not None}
    for depth in (3, 2, 1):
        strata: dict[tuple[object, ...], list[_Group]] = {}
        for group in groups:
            strata.setdefault(group.stratum[:depth], []).append(group)
        for members in strata.values():
            if depth == 1 or len(members) >= MIN_STRATUM_GROUPS:
                homes.update(_fill(members, homes, shares))
    return homes


def _build_groups(rows: Sequence[ManifestRow], salt: str) -> list[_Group]:
    members: dict[str, list[ManifestRow]] = {}
    for row in rows:
        members.setdefault(str(row.group), []).append(row)
    groups = [_build_group(name, films, salt) for name, films in members.items()]
    return sorted(groups, key=lambda group: (group.rank, group.name))


def _build_group(name: str, films: Sequence[ManifestRow], salt: str) -> _Group:
    regions = Counter(row.body_region for row in films)
    hardware = {row.hardware for row in films}
    return _Group(
        name=name,
        rank=hashlib.sha256(f"{salt}\n{name}".encode()).hexdigest(),
        n_films=len(films),
        stratum=(
            any(row.has_fracture for row in films),
            min(regions, key=lambda region: (-regions[region], region)),
            True if True in hardware else None if None in hardware else False,
        ),
        # A group that straddles already is a leak that was taken over; all its films are placed.
        split=next((row.split for row in films if row.split is not None), None),
    )


def _fill(
    members: Sequence[_Group], homes: Mapping[str, Split], shares: Shares
) -> dict[str, Split]:
    """Place a stratum's free groups, each where most films are missing."""
    n_films = sum(group.n_films for group in members)
    missing = {split: shares.of(split) * n_films for split in SPLITS if shares.of(split) > 0}
    for group in members:
        held = homes.get(group.name)
        if held is not None and held in missing:
            missing[held] -= group.n_films
    placed: dict[str, Split] = {}
    for group in members:
        if group.name not in homes:
            home = max(missing, key=lambda split: missing[split])
            missing[home] -= group.n_films
            placed[group.name] = home
    return placed
