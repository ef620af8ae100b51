"""`osteon demo`."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.models import Changes, parse_changes, show_report
from osteon.cli.options import JsonTo
from osteon.cli.progress import shown_progress
from osteon.cli.words import console_for, say, write_json

if TYPE_CHECKING:
    from osteon.jobs.demo import Stage


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon demo films/fracatlas")(demo)


def demo(
    data: Annotated[
        Path | None,
        typer.Argument(metavar="[DATA]", help="A folder of films; phantoms are drawn without it."),
    ] = None,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Where everything is made.")
    ] = Path("demo"),
    films: Annotated[int, typer.Option(min=60, help="Phantoms to draw.")] = 1_200,
    change: Changes = None,
    json_to: JsonTo = None,
) -> None:
    """Walk the whole path in minutes: import, audit, clean, split, train, evaluate, figures, read.

    Stopped half-way, the same command goes on where it was.
    """
    if find_spec("torch") is None:  # said now, and not after minutes of drawing
        raise ModuleNotFoundError("torch", name="torch")
    from osteon.jobs.demo import DemoRequest, run_demo

    request = DemoRequest(
        out=out, data=data, n_phantoms=films, overrides=parse_changes(change or [])
    )
    console = console_for(json_to)
    with shown_progress() as progress:
        report = run_demo(
            request,
            progress=progress,
            stage_ended=lambda stage: say(console, put_stage(stage)),
        )
    say(console, "")
    show_report(console, report.evaluation)
    say(console, "", "Figures:", *(f"  {figure}" for figure in report.figures))
    if report.readings:
        say(console, "", f"What the default model read, with pictures: {report.readings}")
    say(console, "", "Run next:", *(f"  {put_command(line)}" for line in report.next_commands))
    write_json(report, json_to)


def put_stage(stage: "Stage") -> str:
    """Return one stage's line."""
    return f"{stage.name:<8} {stage.seconds:>5.1f} s  {stage.words}"


def put_command(line: str) -> str:
    """Return a command as this person can type it: `osteon` need not be on the path."""
    return line if shutil.which("osteon") else line.replace("osteon", sys.argv[0], 1)
