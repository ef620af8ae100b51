"""The release that comes with the package: where it lies, and the names it goes by."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from osteon.errors import ReleaseMissing
from osteon.release import SUFFIX

DEFAULT_RELEASE: Final = "osteon-1"
"""Its name; on the command line "default" means it too."""

NAMES: Final = frozenset({DEFAULT_RELEASE, "default"})


def find_default_release() -> Path:
    """Return the file of the release that comes with the package.

    Raises:
        ReleaseMissing: If this Osteon was built without it.
    """
    path = _place()
    if not path.is_file():
        raise ReleaseMissing(
            DEFAULT_RELEASE,
            "the release that comes with Osteon must lie in the installed package",
            advice="Install Osteon again from its wheel, or name a release of your own: "
            "`--release NAME.osteon`, `Detector.load(path)`.",
        )
    return path


def find_default_statement() -> Path:
    """Return what its makers say of the release that comes with the package, as TOML."""
    return _place().with_suffix(".card.toml")


def locate_release(given: str | Path | None) -> Path:
    """Return a release's file, where a person gives a path, a name or nothing.

    Args:
        given: A path; "osteon-1" or "default"; or None, which is the same. What exists on disk
            under such a name comes first.

    Raises:
        ReleaseMissing: If the release that comes with Osteon is meant, and is not there.
    """
    if given is None:
        return find_default_release()
    path = Path(given)
    return find_default_release() if str(path) in NAMES and not path.exists() else path


def is_default_release(path: Path) -> bool:
    """Return whether a file is the release that comes with the package.

    Args:
        path: Of a release.
    """
    return path == _place()


def _place() -> Path:
    # Inside a zipped package this is no file: a network's runtime could not be loaded there either.
    return Path(str(files("osteon.inference") / "data" / f"{DEFAULT_RELEASE}{SUFFIX}"))
