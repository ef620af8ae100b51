"""Leaks: copies of a picture, or films of one patient, on both sides of a split."""

from collections import Counter
from collections.abc import Iterator, Sequence

from osteon.collection.flaws import SplitColumn, build_flaw, choose_split_column, read_split
from osteon.collection.groups import fill_groups
from osteon.collection.manifest import Manifest
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


def find_leaks(manifest: Manifest) -> tuple[Flaw, ...]:
    """Find the groups that stand in more than one split of the manifest's own.

    This is what training asks before it starts; published splits that were not taken over do not
    count here.

    Args:
        manifest: A collection, split or not.

    Returns:
        One flaw per group, `copies-across-splits` or `patient-across-splits`; empty when no film
        was placed.
    """
    return tuple(_leaks_in(manifest, "split"))


def find_any_leaks(manifest: Manifest) -> Iterator[Flaw]:
    """Find leaks in the manifest's own splits, or in the published ones where it has none.

    Args:
        manifest: A collection, split or not.

    Yields:
        One flaw per group, as `find_leaks`.
    """
    column = choose_split_column(manifest)
    if column is not None:
        yield from _leaks_in(manifest, column)


def _leaks_in(manifest: Manifest, column: SplitColumn) -> Iterator[Flaw]:
    groups: dict[str, list[ManifestRow]] = {}
    placed = [row for row in fill_groups(manifest).rows if read_split(row, column) is not None]
    for row in placed:
        groups.setdefault(str(row.group), []).append(row)
    n_test = sum(read_split(row, column) == "test" for row in placed)
    for name in sorted(groups):
        rows = groups[name]
        if len({read_split(row, column) for row in rows}) > 1:
            yield _leak(rows, column, n_test)


def _leak(rows: Sequence[ManifestRow], column: SplitColumn, n_test: int) -> Flaw:
    splits = [str(read_split(row, column)) for row in rows]
    counts = Counter(splits)
    rule = "patient-across-splits" if _by_patient_only(rows, splits) else "copies-across-splits"
    in_test = counts["test"]
    return build_flaw(
        rule,
        rows,
        evidence={
            "group": rows[0].group,
            "split_column": column,
            "splits": {split: counts[split] for split in SPLITS if counts[split]},
            "split_of_film": splits,
            "test_films": in_test,
            "test_films_total": n_test,
            "share_of_test": in_test / n_test if n_test else None,
        },
        advice=_ADVICE[rule],
    )


def _by_patient_only(rows: Sequence[ManifestRow], splits: Sequence[str]) -> bool:
    """Say whether one patient joins the films, and no file of theirs stands in two splits."""
    if rows[0].patient_key is None or len({row.patient_key for row in rows}) > 1:
        return False
    places: dict[str, set[str]] = {}
    for row, split in zip(rows, splits, strict=True):
        places.setdefault(row.sha256, set()).add(split)
    return all(len(found) == 1 for found in places.values())
