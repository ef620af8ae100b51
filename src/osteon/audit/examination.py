"""What an audit knows once the films were opened, put together for its rules."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from osteon.audit.duplicates.search import find_copies
from osteon.audit.films import Looks
from osteon.audit.overlap import Overlap, find_overlap, summarise_overlap
from osteon.audit.pictures import CopyGroup, group_copies, list_shown
from osteon.audit.shortcuts.search import Shortcut, measure_shortcuts
from osteon.collection.flaws import SeenSummary, build_flaw
from osteon.collection.groups import fill_groups, name_pictures
from osteon.collection.manifest import Manifest
from osteon.terms import Progress, no_progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Examination:
    """What the films of a collection showed.

    Attributes:
        looks: What was seen of each file.
        groups: Each different picture with its copies.
        pictures: Path → name of the film's picture; the same for all copies of one.
        grouped: The collection, with groups that keep copies together.
        shortcuts: How well labels are guessed without looking at bones, in each collection.
        overlap: With another collection; None where none was named.
    """

    looks: Looks
    groups: tuple[CopyGroup, ...]
    pictures: Mapping[str, str]
    grouped: Manifest
    shortcuts: tuple[Shortcut, ...]
    overlap: Overlap | None

    def summarise(self) -> SeenSummary:
        """Return what the films add to an audit's numbers."""
        return SeenSummary(
            n_pictures=len(self.groups),
            n_not_seen=len(self.looks.not_seen),
            shortcut={own.collection: asdict(own.auroc) for own in self.shortcuts},
            against=None if self.overlap is None else summarise_overlap(self.groups, self.overlap),
        )


def examine_films(
    manifest: Manifest,
    looks: Looks,
    *,
    other: tuple[Manifest, Looks] | None = None,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Examination:
    """Seek copies among the films that were looked at, and how their labels can be guessed.

    Args:
        manifest: The collection.
        looks: What was seen of it.
        other: Another collection to search for copies of ours, and what was seen of that.
        workers: Threads; None for one on each core.
        progress: Called as copies are sought and compared.

    Returns:
        What the rules ask for; the same for any number of workers.
    """
    ours = list_shown(manifest, looks)
    links = find_copies(
        ours.fingerprints, open_film=ours.open_film, workers=workers, progress=progress
    )
    groups = group_copies(ours.pictures, links)
    overlap = None
    if other is not None:
        overlap = find_overlap(ours, list_shown(*other), workers=workers, progress=progress)
    names = name_copies(manifest, groups)
    grouped = fill_groups(manifest, pictures=names)
    facts = {sha256: file.facts for sha256, file in looks.files.items()}
    return Examination(
        looks=looks,
        groups=groups,
        pictures=names,
        grouped=grouped,
        shortcuts=measure_shortcuts(grouped, facts),
        overlap=overlap,
    )


def name_copies(manifest: Manifest, groups: Sequence[CopyGroup]) -> dict[str, str]:
    """Return the name of every film's picture; copies share it.

    Args:
        manifest: The collection; what an earlier audit stamped on it does not count.
        groups: Of its copies.
    """
    copies = (group.rows for group in groups if len(group.rows) > 1)
    flaws = [build_flaw("same-picture", rows, evidence={}, advice="") for rows in copies]
    bare = tuple(row if row.audit is None else replace(row, audit=None) for row in manifest.rows)
    return name_pictures(replace(manifest, rows=bare), flaws)
