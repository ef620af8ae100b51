"""A release and its results become a model card, whose numbers all belong to that very file."""

from pathlib import Path
from typing import Final

from osteon.errors import FolderNotFound, ManifestFault
from osteon.evaluation.groups import GroupReport, read_groups
from osteon.files import write_whole
from osteon.inference.bundled import (
    DEFAULT_RELEASE,
    find_default_statement,
    is_default_release,
    locate_release,
)
from osteon.jobs.inspect import inspect_release
from osteon.release import ReleaseCard
from osteon.release.card import Statement
from osteon.reports.pages.model_card import build_model_card
from osteon.settings import Settings, read_settings

FILMS_LIST: Final = f"docs/data/{DEFAULT_RELEASE}-films.csv"
"""Of the films that the release that comes with Osteon was made of, in its repository."""


class CardRequest(Settings):
    """What a person asked for.

    Attributes:
        release: The release's file, or the name of the one that comes with Osteon.
        out: The page, Markdown.
        results: The folder that `osteon evaluate` wrote for this release; None leaves out the
            numbers by kind of film, and says so.
        seen: A file of Markdown: what a person saw in the release's errors.
    """

    release: Path
    out: Path
    results: Path | None = None
    seen: Path | None = None


def write_model_card(request: CardRequest) -> Path:
    """Write a release's model card.

    Args:
        request: What was asked.

    Returns:
        The page.

    Raises:
        FolderNotFound: If the release, its results or the text is not there.
        ReleaseFault: If the release cannot be trusted.
        ManifestFault: If the results are of another release.
        OutputFault: If the page cannot be written.
    """
    path = locate_release(request.release)
    report = inspect_release(path)
    groups = None if request.results is None else _read_own(request.results, report.sha256)
    page = build_model_card(
        report.card,
        groups,
        stated=_find_statement(path, report.card),
        seen="" if request.seen is None else _read_seen(request.seen),
        name=DEFAULT_RELEASE if is_default_release(path) else path.name,
        films_list=FILMS_LIST if report.card.name == DEFAULT_RELEASE else "",
    )
    write_whole(request.out, page.encode("utf-8"))
    return request.out


def _find_statement(path: Path, card: ReleaseCard) -> Statement | None:
    """Return what the makers of the release that comes with Osteon say of it; of no other."""
    if card.statement is not None or not is_default_release(path):
        return None
    return read_settings(find_default_statement(), Statement)


def _read_own(results: Path, sha256: str) -> GroupReport:
    """Return the results, which must be this release's.

    Raises:
        ManifestFault: If they are another's.
    """
    groups = read_groups(results)
    if groups.release_sha256 != sha256:
        raise ManifestFault(
            str(results),
            "must be results of this very release file",
            found=f"those of {groups.release}, SHA-256 {groups.release_sha256[:16]}",
            advice="Evaluate it again: `osteon evaluate NAME.osteon MANIFEST`.",
        )
    return groups


def _read_seen(path: Path) -> str:
    """Return a person's text.

    Raises:
        FolderNotFound: If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise FolderNotFound(str(path), "must be a readable UTF-8 text file") from fault
