import io
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from osteon.cli.progress import shown_progress
from osteon.terms import Progress


class Clock:
    """Seconds that the test turns by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def telling(clock: Clock, *, terminal: bool) -> Iterator[tuple[Progress, io.StringIO]]:
    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=100)
    with shown_progress(console, clock=clock) as tell:
        yield tell, written


def test_work_within_a_second_shows_nothing():
    """Short work leaves the terminal untouched."""
    clock = Clock()
    with telling(clock, terminal=True) as (tell, written):
        for done in range(3):
            tell("Reading films", done, 3)
            clock.now += 0.3
    assert written.getvalue() == ""


def test_longer_work_shows_a_bar_on_a_terminal():
    """After a second, a terminal shows what is done of how many."""
    clock = Clock()
    with telling(clock, terminal=True) as (tell, written):
        tell("Reading films", 1, 40)
        clock.now = 1.5
        tell("Reading films", 17, 40)
    assert "Reading films" in written.getvalue()
    assert "17/40" in written.getvalue()


def test_each_kind_of_work_has_its_own_second():
    """A new kind of work starts without the bar of the one before."""
    clock = Clock()
    with telling(clock, terminal=True) as (tell, written):
        tell("Reading films", 1, 40)
        clock.now = 1.5
        tell("Writing a table", 0, 1)
    assert written.getvalue() == ""


def test_a_log_gets_a_line_now_and_then():
    """Without a terminal there is one plain line in a while, and no control characters."""
    clock = Clock()
    with telling(clock, terminal=False) as (tell, written):
        for second in range(40):
            clock.now = float(second)
            tell("Reading films", 100 * second, 8863)
    assert written.getvalue().splitlines() == [
        "Reading films: 1,500 of 8,863",
        "Reading films: 3,000 of 8,863",
    ]


def test_work_of_unknown_length_still_shows_life():
    """A total of 0 means unknown, and is not shown as a denominator."""
    clock = Clock()
    with telling(clock, terminal=False) as (tell, written):
        tell("Downloading", 0, 0)
        clock.now = 20.0
        tell("Downloading", 5, 0)
    assert written.getvalue() == "Downloading: 5\n"
