"""A walk through a folder that loses nothing without a word.

Links to folders are followed, each folder once: real folders first, then links in the order of
their paths, so that a film is known by its own place where it has one below the folder. A loop, a
folder that was met before, a locked one, a link that leads nowhere, and what is known to be no
film, are named with the reason.

Hidden files and the litter of operating systems are no part of a collection and are not named.
"""

import errno
import heapq
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.collection.file_kinds import FILM, FileKind, identify_file
from osteon.terms import SetAside

_LITTER: Final = frozenset(
    {
        "desktop.ini",
        "thumbs.db",
        "ehthumbs.db",
        "__macosx",
        "@eadir",
        "$recycle.bin",
        "system volume information",
        "lost+found",
    }
)

_Identity = tuple[int, int] | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """A folder that was met again, by a link.

    Attributes:
        path: Where it was met again; it was not entered there.
        first: Where its files are listed.
    """

    path: str
    first: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderContents:
    """The files below a folder, as paths relative to it with forward slashes, sorted.

    Attributes:
        films: Files that are films by their content, or at least by their name.
        objects: DICOM files that hold no picture, and what they hold.
        others: All other files that nobody would take for a film.
        passed_over: Links, locked folders, indices and foreign pictures, each with the reason.
        repeats: The links among these that lead to a folder that is listed elsewhere.
    """

    films: tuple[str, ...]
    objects: tuple[SetAside, ...]
    others: tuple[str, ...]
    passed_over: tuple[SetAside, ...]
    repeats: tuple[Repeat, ...]


def walk_folder(folder: Path) -> FolderContents:
    """List what lies below a folder; of files whose name does not tell, the start is read.

    Args:
        folder: Where to look.

    Returns:
        What is there. A folder that cannot be opened is "." among what is passed over.
    """
    walk = _Walk(folder)
    walk.run()
    return FolderContents(
        films=tuple(sorted(walk.films)),
        objects=_in_order(walk.objects),
        others=tuple(sorted(walk.others)),
        passed_over=_in_order(walk.passed_over),
        repeats=tuple(sorted(walk.repeats, key=lambda repeat: repeat.path)),
    )


def list_files(folder: Path) -> tuple[str, ...] | None:
    """List the plain files below a folder, whatever they are; none of them is opened.

    Args:
        folder: Where to look. Links are followed as `walk_folder` does it.

    Returns:
        Paths relative to it with forward slashes, sorted; None where it cannot be opened.
    """
    walk = _Walk(folder, identify=lambda _: FILM)
    walk.run()
    if any(one.path == "." for one in walk.passed_over):
        return None
    return tuple(sorted(walk.films))


def count_endings(paths: Iterable[str]) -> dict[str, int]:
    """Return how many files have each ending, the most common first; "" for none.

    Args:
        paths: With forward slashes.

    Example:
        >>> count_endings(["a.TXT", "b/c.txt", "d/README"])
        {'.txt': 2, '': 1}
    """
    counts = Counter(os.path.splitext(path)[1].lower() for path in paths)  # noqa: PTH122 — a name
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


class _Walk:
    """Holds what was found, and which folders were entered."""

    def __init__(self, root: Path, *, identify: Callable[[Path], FileKind] = identify_file) -> None:
        self.root = root
        self._identify_file = identify
        self.films: list[str] = []
        self.objects: list[SetAside] = []
        self.others: list[str] = []
        self.passed_over: list[SetAside] = []
        self.repeats: list[Repeat] = []
        self._folders = [""]
        self._links: list[str] = []
        self._entered: dict[_Identity, str] = {}
        self._above = _identify_above(root)

    def run(self) -> None:
        while self._folders or self._links:
            if self._folders:
                self._enter(self._folders.pop())
            else:
                self._enter(heapq.heappop(self._links))

    def _enter(self, below: str) -> None:
        """List one folder, unless it was listed before, by whatever path."""
        try:
            identity = _identify(self.root / below)
            first = self._entered.get(identity)
            if first is not None:
                self.repeats.append(Repeat(path=below, first=first))
                self._pass_over(below, f"a link to {first or 'this folder'}, listed there")
                return
            if identity in self._above:
                self._pass_over(below, "a link to a folder above, which would lead in a circle")
                return
            with os.scandir(self.root / below) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except (OSError, ValueError) as fault:
            self._pass_over(below, f"a folder that cannot be opened{_describe_cause(fault)}")
            return
        self._entered[identity] = below
        for entry in found:
            if not is_litter(entry.name):
                self._sort(entry, f"{below}/{entry.name}" if below else entry.name)

    def _sort(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            mode = entry.stat().st_mode
        except OSError as fault:
            self._pass_over(path, _describe_lost(entry, fault))
            return
        if stat.S_ISDIR(mode):
            if _is_link(entry):
                heapq.heappush(self._links, path)
            else:
                self._folders.append(path)
        elif not stat.S_ISREG(mode):
            self._pass_over(path, "a pipe, a socket or a device")
        else:
            try:
                self._keep(path, self._identify_file(self.root / path))
            except OSError as fault:
                self._pass_over(path, f"a file that cannot be opened{_describe_cause(fault)}")

    def _keep(self, path: str, kind: FileKind) -> None:
        if kind.sort == "film":
            self.films.append(path)
        elif kind.sort == "object":
            self.objects.append(SetAside(path=path, reason=kind.what))
        elif kind.what:
            self._pass_over(path, kind.what)
        else:
            self.others.append(path)

    def _pass_over(self, path: str, reason: str) -> None:
        self.passed_over.append(SetAside(path=path or ".", reason=reason))


def is_litter(name: str) -> bool:
    """Return whether a file or folder is hidden, or left behind by an operating system.

    Args:
        name: Without its folder.
    """
    return name.startswith(".") or name.casefold() in _LITTER


def _in_order(found: list[SetAside]) -> tuple[SetAside, ...]:
    return tuple(sorted(found, key=lambda one: one.path))


def _identify(folder: Path) -> _Identity:
    about = folder.stat()
    # Some network disks number nothing; there the path without its links must do.
    return (about.st_dev, about.st_ino) if about.st_ino else os.path.realpath(folder)


def _identify_above(root: Path) -> frozenset[_Identity]:
    """Return the folders in which a folder lies: a link to one of them leads in a circle."""
    found: set[_Identity] = set()
    for folder in Path(os.path.realpath(root)).parents:
        try:
            found.add(_identify(folder))
        except OSError:
            continue
    return frozenset(found)


def _is_link(entry: os.DirEntry[str]) -> bool:
    # A junction of Windows is no symbolic link, and leads elsewhere all the same.
    return entry.is_symlink() or bool(
        getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0)
    )


def _describe_lost(entry: os.DirEntry[str], fault: OSError) -> str:
    if not entry.is_symlink():
        return f"a file that cannot be looked at{_describe_cause(fault)}"
    if fault.errno == errno.ELOOP:
        return "a link that leads back to itself"
    if fault.errno in {errno.ENOENT, errno.ENOTDIR}:
        return "a link that leads nowhere"
    return f"a link that cannot be followed{_describe_cause(fault)}"


def _describe_cause(fault: OSError | ValueError) -> str:
    if isinstance(fault, PermissionError):
        return ": no permission"
    number = getattr(fault, "errno", None)
    return f": {os.strerror(number)}" if number else ""
