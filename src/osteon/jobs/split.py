"""The job of splitting: a manifest in, the same manifest with every film in its place out."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from osteon.collection.groups import choose_counted, fill_groups
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import read_manifest, write_manifest
from osteon.collection.splits import (
    Shares,
    SplitCount,
    SplitResult,
    UnevenSplit,
    carry_places,
    describe_split,
    find_uneven_split,
    keep_published,
    split_manifest,
)
from osteon.collection.stamps import describe_independence
from osteon.release.card import Independence
from osteon.terms import Flaw, SetAside


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitOutcome:
    """What a split did.

    Attributes:
        path: The manifest that was written.
        counts: What each split holds.
        set_aside: The films without a split, and why.
        leaks: Groups that stand in two splits; only a published split that was kept has any.
        independence: Of the placed films: did one audit search all of them for copies?
        uneven: Splits whose prevalence differs strongly; None where it does not.
    """

    path: Path
    counts: tuple[SplitCount, ...]
    set_aside: tuple[SetAside, ...]
    leaks: tuple[Flaw, ...]
    independence: Independence
    uneven: UnevenSplit | None

    def as_json(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {
            "path": str(self.path),
            "counts": [asdict(count) for count in self.counts],
            "set_aside": [asdict(film) for film in self.set_aside],
            "leaks": [asdict(leak) for leak in self.leaks],
            "copies_looked_for": self.independence.copies_looked_for,
            "independence": self.independence.model_dump(),
            "prevalence_difference": None if self.uneven is None else self.uneven.difference,
        }


def split_collection(
    manifest_path: Path,
    out: Path,
    *,
    shares: Shares,
    salt: str,
    same_picture: re.Pattern[str] | None = None,
    films: Path | None = None,
) -> SplitOutcome:
    """Place every film of a collection that has no place yet, and write the manifest.

    Args:
        manifest_path: The collection's manifest.
        out: The manifest to write; may be the same file.
        shares: How much each split shall get.
        salt: Any text; a collection keeps the one it was first split with.
        same_picture: Searched in each film's path; equal first groups name one picture.
        films: The films' folder, where it is not the one that the manifest names.

    Returns:
        What each split holds, and what was set aside.

    Raises:
        FolderNotFound: If the manifest or `films` does not exist.
        ManifestFault: If the manifest is broken, or was split with another salt.
        OutputFault: If `out` cannot be written.
        SettingsFault: If the salt is empty, or the pattern has no group.
    """
    manifest = read_manifest(manifest_path, films=films)
    result = split_manifest(manifest, shares=shares, salt=salt, same_picture=same_picture)
    return _finish(result, out)


def keep_earlier_split(
    manifest_path: Path, earlier: Path, out: Path, *, films: Path | None = None
) -> None:
    """Give a collection that has grown the places its films had before, and write the manifest.

    Args:
        manifest_path: The collection's manifest, imported anew.
        earlier: The manifest of the same collection, split before it grew.
        out: The manifest to write, ready for `split_collection`; may be the same file.
        films: The films' folder, where it is not the one that the manifest names.

    Raises:
        FolderNotFound: If a manifest or `films` does not exist.
        ManifestFault: If a manifest is broken, or the earlier one was never split.
        OutputFault: If `out` cannot be written.
    """
    manifest = read_manifest(manifest_path, films=films)
    write_manifest(carry_places(manifest, read_manifest(earlier, must_exist=False)), out)


def keep_published_split(
    manifest_path: Path,
    out: Path,
    *,
    same_picture: re.Pattern[str] | None = None,
    films: Path | None = None,
) -> SplitOutcome:
    """Take over a collection's own split, and say where it leaks.

    Args:
        manifest_path: The collection's manifest.
        out: The manifest to write; may be the same file.
        same_picture: As in `split_collection`.
        films: The films' folder, where it is not the one that the manifest names.

    Returns:
        What each split holds, what was set aside, and the groups that stand in two splits.

    Raises:
        FolderNotFound: If the manifest or `films` does not exist.
        ManifestFault: If the manifest is broken, or its published split cannot be trained on.
        OutputFault: If `out` cannot be written.
        SettingsFault: If the pattern has no group.
    """
    manifest = read_manifest(manifest_path, films=films)
    return _finish(keep_published(fill_groups(manifest, same_picture=same_picture)), out)


def _finish(result: SplitResult, out: Path) -> SplitOutcome:
    write_manifest(result.manifest, out)
    leaks = find_leaks(result.manifest)
    return SplitOutcome(
        path=out,
        counts=describe_split(result.manifest),
        set_aside=result.set_aside,
        leaks=leaks,
        independence=describe_independence(
            choose_counted(result.manifest.rows), n_leaks=len(leaks)
        ),
        uneven=find_uneven_split(result.manifest),
    )
