"""`osteon read --watch`: a line for each film that arrives, and a summary when it is ended."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from osteon.cli.words import say, show_table
from osteon.wording import name_release, say_count

if TYPE_CHECKING:
    from types import FrameType

    from rich.console import Console

    from osteon.jobs.read import ReadingRequest, Tell
    from osteon.jobs.watch import WatchReport


def watch(
    request: "ReadingRequest", console: "Console", *, tell: "Tell", json_to: Path | None
) -> "WatchReport":
    """Read what arrives until the person, or the system, ends it.

    Args:
        request: What is asked for.
        console: Where lines go.
        tell: Told each reading.
        json_to: Asked for with --json.

    Raises:
        BadParameter: If an option is given that needs an end of the list of films.
    """
    from osteon.jobs.watch import watch_folders

    for is_given, option in (
        (json_to is not None, "--json"),
        (request.overlay is not None, "--overlay FILE.png"),
        (request.piped is not None, "-"),
    ):
        if is_given:
            raise typer.BadParameter(
                f"{option} is for films that are all there; a watch writes readings.jsonl",
                param_hint="--watch",
            )
    folders = ", ".join(map(str, request.films))
    with ended_by_signals() as is_over:
        say(console, f"Watching {folders}. Ctrl-C ends it.")
        report = watch_folders(
            request, is_over=is_over, tell=tell, warn=lambda words: say(console, words)
        )
    say(console, "")
    show_table(console, ("decision", "films"), list(report.counts.items()))
    say(console, "", *_describe(report))
    places = ", ".join(str(place) for place in request.outputs)
    say(console, f"Written: {places}. The same command goes on there.")
    say(
        console, f"Read by {name_release(report.release)}. Research use only; not a medical device."
    )
    say(console, *report.remarks)
    return report


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into a wish that is granted between two films.

    A second Ctrl-C is as sudden as ever.

    Yields:
        A function that says whether the wish was made.
    """
    wishes: list[int] = []

    def wish(number: int, _: "FrameType | None") -> None:
        if wishes and number == signal.SIGINT:
            raise KeyboardInterrupt
        wishes.append(number)

    before = {number: signal.signal(number, wish) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(wishes)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _describe(report: "WatchReport") -> Iterator[str]:
    """Yield what else there is to say."""
    if report.n_earlier:
        were = "was" if report.n_earlier == 1 else "were"
        yield f"{say_count(report.n_earlier, 'reading')} {were} there when the watch began"
    if report.n_arriving:
        yield f"{say_count(report.n_arriving, 'film')} still arriving: not read yet"
    if report.n_unfinished:
        have = "has the name" if report.n_unfinished == 1 else "have names"
        yield f"{say_count(report.n_unfinished, 'file')} not read: {have} of an unfinished file"
