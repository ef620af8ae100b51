"""Leaks: copies of a picture, or films of one patient, on both sides of a split."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from osteon.collection.flaws import SplitColumn, build_flaw, choose_split_column, read_split
from osteon.collection.groups import fill_groups
from osteon.collection.manifest import Manifest
from osteon.collection.stamps import read_stamp
from osteon.terms import SPLITS, Flaw, ManifestRow

_ADVICE = {
    "copies-across-splits": (
        "Split again with `osteon split`, which keeps a group together. "
        "Numbers measured on these splits reward remembering the picture."
    ),
    "patient-across-splits": (
        "Split again with `osteon split`, which keeps a patient's films together. "
        "Numbers measured on these splits reward recognising the patient."
    ),
}


def find_leaks(
    manifest: Manifest, *, pictures: Mapping[str, str] | None = None
) -> tuple[Flaw, ...]:
    """Find the groups that stand in more than one split of the manifest's own.

    This is what training asks before it starts; published splits that were not taken over do not
    count here.

    Args:
        manifest: A collection, split or not.
        pictures: Path → the name of the film's picture, from `groups.name_pictures`. A manifest
            alone cannot tell why films share a group; with this, copies that only an audit knows
            are found and called copies, and a patient's different films are not.

    Returns:
        One flaw per group, `copies-across-splits` or `patient-across-splits`; empty when no film
        was placed.
    """
    return tuple(_leaks_in(manifest, "split", pictures))


def find_any_leaks(
    manifest: Manifest, *, pictures: Mapping[str, str] | None = None
) -> Iterator[Flaw]:
    """Find leaks in the manifest's own splits, or in the published ones where it has none.

    Args:
        manifest: A collection, split or not.
        pictures: As in `find_leaks`.

    Yields:
        One flaw per group, as `find_leaks`.
    """
    column = choose_split_column(manifest)
    if column is not None:
        yield from _leaks_in(manifest, column, pictures)


def _leaks_in(
    manifest: Manifest, column: SplitColumn, pictures: Mapping[str, str] | None
) -> Iterator[Flaw]:
    groups: dict[str, list[ManifestRow]] = {}
    filled = fill_groups(manifest, pictures=pictures)
    placed = [row for row in filled.rows if read_split(row, column) is not None]
    for row in placed:
        groups.setdefault(str(row.group), []).append(row)
    n_test = sum(read_split(row, column) == "test" for row in placed)
    for name in sorted(groups):
        rows = groups[name]
        splits = [str(read_split(row, column)) for row in rows]
        if len(set(splits)) > 1:
            rule = _name_rule(rows, splits, pictures)
            yield _leak(rule, rows, splits, column=column, n_test=n_test)


def _leak(
    rule: str,
    rows: Sequence[ManifestRow],
    splits: Sequence[str],
    *,
    column: SplitColumn,
    n_test: int,
) -> Flaw:
    counts = Counter(splits)
    in_test = counts["test"]
    return build_flaw(
        rule,
        rows,
        evidence={
            "group": rows[0].group,
            "split_column": column,
            "splits": {split: counts[split] for split in SPLITS if counts[split]},
            "split_of_film": list(splits),
            "test_films": in_test,
            "test_films_total": n_test,
            "share_of_test": in_test / n_test if n_test else None,
        },
        advice=_ADVICE[rule],
    )


def _name_rule(
    rows: Sequence[ManifestRow], splits: Sequence[str], pictures: Mapping[str, str] | None
) -> str:
    """Say what crosses the splits: a picture, or else a patient where that explains it all."""
    named = pictures or {}
    stamps = [read_stamp(row) for row in rows]
    shown = [
        named.get(row.path) or (row.sha256 if stamp is None else stamp.picture)
        for row, stamp in zip(rows, stamps, strict=True)
    ]
    if _cross([row.sha256 for row in rows], splits) or _cross(shown, splits):
        return "copies-across-splits"
    patients = [row.patient_key for row in rows]
    # Without an audit's pictures, a group of several patients can only have come from copies.
    explained = pictures is not None or len(set(patients)) == 1
    return (
        "patient-across-splits"
        if explained and _cross(patients, splits)
        else "copies-across-splits"
    )


def _cross(names: Sequence[str | None], splits: Sequence[str]) -> bool:
    """Return whether one name stands in two splits; None names nothing."""
    places: dict[str, str] = {}
    return any(
        places.setdefault(name, split) != split
        for name, split in zip(names, splits, strict=True)
        if name is not None
    )
