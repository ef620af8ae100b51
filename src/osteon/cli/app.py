"""The `osteon` command: its parts put together, and what happens when one of them fails."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from osteon.cli import (
    adopting,
    auditing,
    benchmarking,
    carding,
    checking,
    cleaning,
    demo,
    explaining,
    gathering,
    machine,
    models,
    reading,
    recipes,
    releases,
)
from osteon.cli.faults import FINE, STOPPED, THE_INPUT, translate
from osteon.cli.streams import prepare_streams

app = typer.Typer(
    name="osteon",
    help="Reads bone radiographs for fractures: audited collections, honestly measured models.\n\n"
    "Research use; not a medical device.",
    epilog="Start with: osteon read FILM. The base install reads and inspects; collections, "
    'audits and measuring need pip install "osteon\\[audit]"; training, exporting, adopting and '
    'the demo need "osteon\\[train]". Each command explains itself: osteon read --help',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
machine.register(app)
gathering.register(app)
auditing.register(app)
checking.register(app)
cleaning.register(app)
models.register(app)
recipes.register(app)
explaining.register(app)
releases.register(app)
adopting.register(app)
benchmarking.register(app)
carding.register(app)
reading.register(app)
demo.register(app)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"osteon {version('osteon')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Hold the options that stand before a command."""


def run(arguments: Sequence[str]) -> int:
    """Run one command, tell what went wrong in one place, and return the exit code."""
    try:
        app(arguments)
    except SystemExit as end:  # how Typer ends, also when all is well
        return _end(_read_end(end), arguments) if end.code else _flush()
    except BaseException as fault:  # noqa: BLE001 — this is the edge where all are translated
        return _end(fault, arguments)
    return FINE


def main() -> None:
    """Run the command that the person typed, and end the process."""
    prepare_streams()
    sys.exit(run(sys.argv[1:]))


def _flush() -> int:
    try:
        sys.stdout.flush()
    except OSError as fault:  # nobody reads any more, or the disk behind `>` is full
        return _end(fault)
    return FINE


def _read_end(end: SystemExit) -> BaseException:
    """Return the fault behind an exit: Typer ends the process itself for two of them."""
    if end.code == STOPPED:
        return KeyboardInterrupt()
    context = end.__context__
    return context if isinstance(context, BrokenPipeError) else end


def _end(fault: BaseException, arguments: Sequence[str] = ()) -> int:
    if isinstance(fault, SystemExit):
        return fault.code if isinstance(fault.code, int) else THE_INPUT
    verdict = translate(fault, arguments=arguments)
    if verdict.words:
        try:
            sys.stderr.write(f"{verdict.words}\n")
            sys.stderr.flush()
        except OSError:
            pass  # there is nobody to tell it to
    _silence_what_is_left(is_closed=isinstance(fault, BrokenPipeError))
    return verdict.exit_code


def _silence_what_is_left(*, is_closed: bool) -> None:
    """Let the flush at Python's exit find a reader, where a stream has lost its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
            is_lost = is_closed and stream is sys.stdout
        except OSError:
            is_lost = True
        if is_lost:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
