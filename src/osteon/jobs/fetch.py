"""The job `osteon fetch`: a public collection arrives in a folder."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from osteon.errors import MissingExtra
from osteon.terms import Progress, no_progress


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchResult:
    """A collection that arrived whole.

    Attributes:
        folder: Where it is now.
        n_files: How many files it has.
        n_bytes: Their sizes, added.
        licence: A note for people, to be printed.
        page: Where a person reads about the collection.
        next_command: What to run next, quoted for a shell.
    """

    folder: Path
    n_files: int
    n_bytes: int
    licence: str
    page: str
    next_command: str


def fetch_collection(
    source: str,
    folder: Path,
    *,
    figshare_url: str | None = None,
    progress: Progress = no_progress,
) -> FetchResult:
    """Fetch a public collection into a folder that does not exist yet.

    Args:
        source: `kaggle:OWNER/NAME`, or a short name such as `fracatlas`.
        folder: Appears whole, or not at all.
        figshare_url: Another address of figshare's API, for a mirror.
        progress: Told the bytes fetched and unpacked.

    Returns:
        What arrived, its licence and the next command.

    Raises:
        SettingsFault: If the source is not known.
        FetchFault: If it did not arrive, or not as published.
        OutputFault: If the folder exists already or cannot be written.
        MissingExtra: If this part of Osteon was not installed.
    """
    try:
        from osteon.collection.fetch import sources
    except ModuleNotFoundError as fault:
        raise MissingExtra(
            "osteon fetch", "needs the audit extra", advice="Run: pip install 'osteon[audit]'"
        ) from fault

    named = sources.parse_source(source)
    if named.host == "kaggle":
        contents = sources.fetch_kaggle(named.handle, folder, progress=progress)
    else:
        contents = sources.fetch_figshare(
            int(named.handle),
            folder,
            base_url=figshare_url or sources.FIGSHARE_API,
            progress=progress,
        )
    return FetchResult(
        folder=folder,
        n_files=contents.n_files,
        n_bytes=contents.n_bytes,
        licence=named.licence,
        page=named.page,
        next_command=f"osteon import {shlex.quote(str(folder))} -o manifest.parquet",
    )
