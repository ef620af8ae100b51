"""An archive becomes a folder, as a download does."""

from contextlib import closing
from pathlib import Path

from osteon.collection.fetch.unpack import Contents, PlacingLimits, find_packed, place_members
from osteon.terms import Progress, no_progress


def unpack_archive(
    archive: Path,
    folder: Path,
    *,
    limits: PlacingLimits | None = None,
    progress: Progress = no_progress,
) -> Contents:
    """Unpack a zip or tarball under its own name."""
    with closing(find_packed(archive, archive.name, limits=limits)) as members:
        return place_members(members, folder, limits=limits, progress=progress)
