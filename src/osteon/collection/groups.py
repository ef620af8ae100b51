"""Which films must stay together: copies of one picture, and one patient's films."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from osteon.collection.manifest import Manifest, read_manifest
from osteon.collection.stamps import read_stamp
from osteon.collection.ties import DisjointSet
from osteon.errors import SettingsFault
from osteon.terms import SPLITS, Flaw, ManifestRow, Split

COPY_RULES = frozenset(
    {"identical-files", "identical-pixels", "same-picture", "same-picture-two-labels"}
)
"""Rules of the audit whose flaws list the copies of one picture."""

_Keys = tuple[str, ...]
_Tying = Mapping[int, tuple[Split, ...]]


def fill_groups(
    manifest: Manifest,
    *,
    same_picture: re.Pattern[str] | None = None,
    pictures: Mapping[str, str] | None = None,
) -> Manifest:
    """Give every film a group: the films it is tied to, directly or through others.

    Two films are tied when their files are identical, when they show one patient, when they
    already share a group, when their stamps name one picture, when the pattern's first group finds
    the same text in both paths, or when an audit found one picture in both.
    A group that exists keeps its name (the smaller, where two grow together); a new one is named
    after its smallest film id. Two kinds of films keep what they have: unreadable ones, which hold
    no picture, and those that would tie two splits together (see `find_tying_films`).

    Args:
        manifest: The collection.
        same_picture: Searched in each film's path; its first group names the picture.
        pictures: Path → the name of the film's picture, from `name_pictures`.

    Returns:
        The same films, with groups.

    Raises:
        SettingsFault: If the pattern has no group to name the picture.
    """
    rows = manifest.rows
    keys = _tie_keys(rows, same_picture, pictures)
    kept = _without(keys, _tying(rows, keys))
    names: dict[int, str] = {}
    for members in _gather(kept):
        names.update(dict.fromkeys(members, _name_group([rows[index] for index in members])))
    return replace(
        manifest,
        rows=tuple(
            replace(row, group=names[index]) if index in names else row
            for index, row in enumerate(rows)
        ),
    )


def read_grouped_manifest(
    path: Path, *, films: Path | None = None, must_exist: bool = True
) -> Manifest:
    """Read a manifest, and give every film the group that its content, patient and stamp make.

    A table that was made elsewhere may name patients and no groups: wherever a film of each group
    counts as one case, patients bind.

    Args:
        path: As in `read_manifest`.
        films: As there.
        must_exist: As there.

    Raises:
        FolderNotFound: If the manifest or `films` does not exist.
        ManifestFault: If the file is not a manifest, breaks a rule, or is of another collection.
    """
    return fill_groups(read_manifest(path, films=films, must_exist=must_exist))


def find_tying_films(
    manifest: Manifest,
    *,
    same_picture: re.Pattern[str] | None = None,
    pictures: Mapping[str, str] | None = None,
) -> dict[str, tuple[Split, ...]]:
    """Find the unplaced films that would tie films placed in different splits.

    Placed films never move, so such a film can go nowhere: in either split it would have a
    relative in the other. First those that are themselves tied to two splits; then, where a
    chain of unplaced films still joins two splits, every film of the chain.

    Args:
        manifest: The collection, some of its films placed.
        same_picture: As in `fill_groups`.
        pictures: As in `fill_groups`.

    Returns:
        The path of each such film, and the splits that it would tie.

    Raises:
        SettingsFault: If the pattern has no group to name the picture.
    """
    rows = manifest.rows
    tying = _tying(rows, _tie_keys(rows, same_picture, pictures))
    return {rows[index].path: splits for index, splits in sorted(tying.items())}


def name_pictures(manifest: Manifest, flaws: Sequence[Flaw]) -> dict[str, str]:
    """Give films that show one picture one name: the smallest of their paths.

    Args:
        manifest: The collection; identical files are one picture, with or without a flaw.
        flaws: What an audit found; those of `COPY_RULES` count, and their films that the manifest
            does not hold still tie the others. Films are known by their content: one that was
            renamed since is still a copy.

    Returns:
        Path → name, for every film but the unreadable ones, which hold no picture.
    """
    found: dict[str, list[str]] = {}
    for number, flaw in enumerate(flaws):
        if flaw.rule in COPY_RULES:
            for film_id in set(flaw.film_ids):  # identical files share one
                found.setdefault(film_id, []).append(f"flaw {number}")
    rows = manifest.rows
    keys = [
        () if row.state == "unreadable" else (*_picture_keys(row), *found.get(row.film_id, ()))
        for row in rows
    ]
    names: dict[str, str] = {}
    for members in _gather(keys):
        paths = [rows[index].path for index in members]
        names.update(dict.fromkeys(paths, min(paths)))
    return names


def name_contents(flaws: Sequence[Flaw]) -> dict[str, str]:
    """Give contents that show one picture one name: the smallest of their film ids.

    The same for any part of the films that were audited, so that parts can be joined again.

    Args:
        flaws: What an audit found.

    Returns:
        Film id → name, for films that have a copy.
    """
    found = [sorted(set(flaw.film_ids)) for flaw in flaws if flaw.rule in COPY_RULES]
    film_ids = sorted({film_id for own in found for film_id in own})
    keys: dict[str, list[str]] = {film_id: [] for film_id in film_ids}
    for number, own in enumerate(found):
        for film_id in own:
            keys[film_id].append(f"flaw {number}")
    names: dict[str, str] = {}
    for members in _gather([tuple(keys[film_id]) for film_id in film_ids]):
        own = [film_ids[index] for index in members]
        names.update(dict.fromkeys(own, min(own)))
    return names


def choose_counted(rows: Sequence[ManifestRow]) -> tuple[ManifestRow, ...]:
    """Return the films whose relations matter: the placed ones, or all where none is placed.

    Args:
        rows: Of a manifest.
    """
    placed = tuple(row for row in rows if row.split is not None)
    return placed or tuple(rows)


def take_each_file_once(rows: Sequence[ManifestRow]) -> tuple[ManifestRow, ...]:
    """Return the films without those that are equal to an earlier one, byte for byte.

    This is how films are counted wherever they are learnt from or measured. Unreadable files, which
    may all be empty, are no copies of one another.

    Args:
        rows: In an order that does not come from answers, such as the manifest's.
    """
    seen: dict[str, ManifestRow] = {}
    for row in rows:
        seen.setdefault(row.path if row.state == "unreadable" else row.sha256, row)
    return tuple(seen.values())


def _tie_keys(
    rows: Sequence[ManifestRow],
    same_picture: re.Pattern[str] | None,
    pictures: Mapping[str, str] | None,
) -> list[_Keys]:
    """Return, for each film, the texts that it shares with the films it is tied to.

    Raises:
        SettingsFault: If the pattern has no group to name the picture.
    """
    if same_picture is not None and same_picture.groups < 1:
        raise SettingsFault(
            "same_picture",
            "must have one group in brackets, which names the picture",
            found=same_picture.pattern,
        )
    named = pictures or {}
    return [_row_keys(row, same_picture, named.get(row.path)) for row in rows]


def _row_keys(row: ManifestRow, same_picture: re.Pattern[str] | None, picture: str | None) -> _Keys:
    # All empty files are identical and hold no picture: they must not tie their patients together.
    if row.state == "unreadable":
        return ()
    keys = [*_picture_keys(row)]
    if row.patient_key is not None:
        keys.append(f"patient {row.patient_key}")
    if row.group is not None:
        keys.append(f"group {row.group}")
    if picture is not None:
        keys.append(f"picture {picture}")
    match = None if same_picture is None else same_picture.search(row.path)
    if match is not None and match[1] is not None:
        keys.append(f"name {match[1]}")
    return tuple(keys)


def _picture_keys(row: ManifestRow) -> _Keys:
    stamp = read_stamp(row)
    own = f"file {row.sha256}"
    return (own,) if stamp is None else (own, f"stamp {stamp.picture}")


def _gather(keys: Sequence[_Keys]) -> list[list[int]]:
    """Return the indices of films that share keys; a film without keys belongs to none."""
    ties, first = DisjointSet(len(keys)), dict[str, int]()
    for index, own in enumerate(keys):
        for key in own:
            ties.join(index, first.setdefault(key, index))
    members: dict[int, list[int]] = {}
    for index, own in enumerate(keys):
        if own:
            members.setdefault(ties.find(index), []).append(index)
    return list(members.values())


def _tying(rows: Sequence[ManifestRow], keys: Sequence[_Keys]) -> _Tying:
    """Return the unplaced films that tie splits together, by index."""
    splits_of: dict[str, set[Split]] = {}
    for row, own in zip(rows, keys, strict=True):
        for key in own:
            if row.split is not None:
                splits_of.setdefault(key, set()).add(row.split)
    if not splits_of:
        return {}
    tying: dict[int, tuple[Split, ...]] = {}
    for index, (row, own) in enumerate(zip(rows, keys, strict=True)):
        touched = set[Split]().union(*(splits_of.get(key, set()) for key in own))
        if row.split is None and len(touched) > 1:
            tying[index] = _in_order(touched)
    for members in _gather(_without(keys, tying)):
        touched = {split for index in members if (split := rows[index].split) is not None}
        if len(touched) > 1:
            unplaced = [index for index in members if rows[index].split is None]
            tying.update(dict.fromkeys(unplaced, _in_order(touched)))
    return tying


def _without(keys: Sequence[_Keys], left_out: _Tying) -> list[_Keys]:
    return [() if index in left_out else own for index, own in enumerate(keys)]


def _in_order(splits: set[Split]) -> tuple[Split, ...]:
    return tuple(split for split in SPLITS if split in splits)


def _name_group(rows: Sequence[ManifestRow]) -> str:
    names = sorted({row.group for row in rows if row.group is not None})
    return names[0] if names else "g-" + min(row.film_id for row in rows)
