"""A release → its card, after every check that a detector makes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from osteon.inference.bundled import locate_release
from osteon.inference.detector import Detector
from osteon.release import ReleaseCard, read_release


@dataclass(frozen=True, kw_only=True, slots=True)
class InspectionReport:
    """A release that can be trusted as far as its hashes and its self-test go.

    Attributes:
        path: Of the file.
        n_bytes: Its size.
        sha256: Of the whole file, in hex.
        card: What it says about itself.
    """

    path: Path
    n_bytes: int
    sha256: str
    card: ReleaseCard


def inspect_release(given: Path | None = None) -> InspectionReport:
    """Open a release as a reader would, and return its card.

    Args:
        given: The release's file, or the name of the one that comes with Osteon; None is that.

    Raises:
        FolderNotFound: If there is no such file.
        ReleaseMissing: If none was named, and this Osteon was built without its own.
        ReleaseFault: If it cannot be trusted; no card is shown of such a file.
    """
    path = locate_release(given)
    release = read_release(path)
    with Detector(release, threads=1):  # its self-test
        content = path.read_bytes()
    return InspectionReport(
        path=path,
        n_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        card=release.card,
    )
