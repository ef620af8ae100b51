"""The `progress` callback that commands hand to jobs.

A bar on a terminal, a line now and then elsewhere, and nothing for work that ends in a second.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from osteon.terms import Progress

PATIENCE_S = 1.0
"""Work that ends sooner needs no bar."""

LINE_EVERY_S = 15.0
"""Between two lines where there is no terminal: enough to see life in a log, few enough to read."""


@contextmanager
def shown_progress(
    console: Console | None = None, *, clock: Callable[[], float] = time.monotonic
) -> "Iterator[Progress]":
    """Give the callback that a job takes, and clear its bar away at the end.

    Args:
        console: Where to show it; standard error by default, so that results stay alone on
            standard output.
        clock: Seconds that only grow.

    Yields:
        The callback `progress(what, done, total)`.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, clock).tell
        return
    bar = _Bar(console, clock)
    try:
        yield bar.tell
    finally:
        bar.clear()


class _Bar:
    """Holds the one live bar of a terminal."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._what = ""
        self._since = clock()
        self._bars: Bars | None = None

    def tell(self, what: str, done: int, total: int) -> None:
        if what != self._what:
            self.clear()
            self._what, self._since = what, self._clock()
        if self._bars is None and self._clock() - self._since < PATIENCE_S:
            return
        if self._bars is None:
            self._bars = _new_bars(self._console)
            self._bars.add_task(what)
            self._bars.start()
        self._bars.update(self._bars.task_ids[0], completed=done, total=total or None)

    def clear(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


class _Lines:
    """Holds when the last line was written."""

    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._what = ""
        self._last = clock()

    def tell(self, what: str, done: int, total: int) -> None:
        now = self._clock()
        if what != self._what:
            self._what, self._last = what, now
        if now - self._last < LINE_EVERY_S:
            return
        self._last = now
        of_total = f" of {total:,}" if total else ""
        self._console.print(f"{what}: {done:,}{of_total}", highlight=False, markup=False)


def _new_bars(console: Console) -> Bars:
    """Return a bar that vanishes when its work is over: what stays are the results."""
    return Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
