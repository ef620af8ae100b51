"""Which files have arrived in folders that others write to, and stand still.

The folders are looked at again and again: a network share tells nobody what happens in it. A file
has arrived when its size and time have not changed for a while by this machine's clock, and it has
no name that programs give to unfinished files.

Works with the base install alone.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from osteon.collection.file_kinds import identify_file
from osteon.collection.folders import list_files
from osteon.jobs.film_contents import Stamp, stamp_file
from osteon.jobs.film_lists import lies_in

_UNFINISHED: Final = re.compile(
    r"^[~#]|~$|[.](?:part|partial|filepart|tmp|temp|crdownload|download|opdownload|aria2|"
    r"incomplete|unfinished|uploading|writing|swp|swx|!ut|!qb)(?:[.]?\d+)?$",
    re.IGNORECASE,
)
"""Names of files that a program is still writing, or keeps beside those that it writes."""


_WAITING: Final = frozenset({"arriving", "held"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How long is waited, in seconds.

    Attributes:
        look_s: Between two looks at the folders; longer where looking takes long.
        settle_s: So long must a file have stood still.
        patience_s: So long must one have stood still that cannot be read: it may be half of a film
            whose other half is on its way.
    """

    look_s: float = 1.0
    settle_s: float = 2.0
    patience_s: float = 30.0


@dataclass(kw_only=True, slots=True)
class _Seen:
    """A file as it was seen last, and since when it has been so."""

    stamp: Stamp
    since: float
    state: Literal["arriving", "held", "done", "own"] = "arriving"


class Arrivals:
    """Holds what was seen in the folders.

    Args:
        folders: To be looked at, with those below.
        own: Where results go; no film lies there.
        pace: How long is waited.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        own: Sequence[Path] = (),
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folders, self.pace, self._clock = tuple(dict.fromkeys(folders)), pace, clock
        self._own = [path.resolve() for path in own]
        self._seen: dict[Path, _Seen] = {}
        self.closed: tuple[Path, ...] = ()
        """Folders that could not be opened at the last look: what was seen there is kept."""
        self.n_unfinished = 0
        """Files whose names said at the last look that they are not finished."""

    def look(self) -> list[Path]:
        """Look at the folders once.

        Returns:
            The films that stand still and were not settled yet, folder by folder, sorted.
        """
        closed, n_unfinished = [], 0
        for folder in self._folders:
            names = list_files(folder)
            if names is None:
                closed.append(folder)
                continue
            finished = [name for name in names if not is_unfinished(name)]
            n_unfinished += len(names) - len(finished)
            self._compare(folder, [folder / name for name in finished])
        self.closed, self.n_unfinished = tuple(closed), n_unfinished
        return list(self._list_ready())

    def is_still(self, path: Path, stamp: Stamp | None) -> bool:
        """Return whether a file is as it was at the last look.

        Args:
            path: Of a film.
            stamp: Of its file now.
        """
        return path in self._seen and self._seen[path].stamp == stamp

    def settle(self, path: Path) -> None:
        """Return to a file only when it changes.

        Args:
            path: Of a film that was read, or of what is none.
        """
        if path in self._seen:
            self._seen[path].state = "done"

    def hold(self, path: Path) -> bool:
        """Return to a film once more, when it has stood still for long.

        Args:
            path: Of a film that cannot be read.

        Returns:
            Whether it is to be waited for; if not, it is as it will stay.
        """
        seen = self._seen.get(path)
        if seen is None or self._clock() - seen.since >= self.pace.patience_s:
            return False
        seen.state = "held"
        return True

    def count_arriving(self) -> int:
        """Return how many films are not settled."""
        waiting = [path for path, seen in self._seen.items() if seen.state in _WAITING]
        return sum(_is_film(path) is not False for path in waiting)

    def _compare(self, folder: Path, paths: Sequence[Path]) -> None:
        now, there = self._clock(), set(paths)
        for path in [p for p in self._seen if p not in there and p.is_relative_to(folder)]:
            del self._seen[path]
        for path in paths:
            stamp, seen = stamp_file(path), self._seen.get(path)
            if stamp is None or (seen and (seen.stamp == stamp or seen.state == "own")):
                continue
            is_own = seen is None and lies_in(path, self._own)
            self._seen[path] = _Seen(stamp=stamp, since=now, state="own" if is_own else "arriving")

    def _list_ready(self) -> Iterator[Path]:
        now = self._clock()
        waits = {"arriving": self.pace.settle_s, "held": self.pace.patience_s}
        for path, seen in self._seen.items():
            if seen.state not in _WAITING or now - seen.since < waits[seen.state]:
                continue
            kind = _is_film(path)
            if kind:
                yield path
            elif kind is False or not self.hold(path):
                seen.state = "done"


def is_unfinished(name: str) -> bool:
    """Return whether a file has a name that programs give to what they have not finished.

    Args:
        name: Of the file; folders before it do not count.

    Example:
        >>> is_unfinished("a/hand.dcm.part"), is_unfinished("~hand.jpg"), is_unfinished("a.part/b")
        (True, True, False)
    """
    return bool(_UNFINISHED.search(name.rpartition("/")[2]))


def _is_film(path: Path) -> bool | None:
    """Return whether a file is to be read; None where it cannot be opened."""
    try:
        return identify_file(path).sort in {"film", "object"}
    except OSError:
        return None
