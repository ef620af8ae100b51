"""`osteon demo`."""

import shutil
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.models import show_report
from osteon.cli.options import JsonTo
from osteon.cli.progress import shown_progress
from osteon.cli.recipes import Changes, parse_changes
from osteon.cli.words import console_for, say, write_json
from osteon.errors import EXTRA_OF, MissingExtra

if TYPE_CHECKING:
    from osteon.jobs.demo_report import Stage


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
    """Walk the whole path in minutes: audit, clean, split, train, evaluate, release, read.

    Stopped half-way, the same command resumes where it stopped. Needs the extra "train".
    """
    check_needs()
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
    say(console, "", "Open:", *put_pairs((one.what, one.why) for one in report.look_at))
    commands = [(put_command(one.what), one.why) for one in report.next_commands]
    say(console, "", "Run next:", *put_pairs(commands))
    write_json(report, json_to)


def check_needs() -> None:
    """Refuse to begin where a package is missing, and name all that are: a demo needs both extras.

    Raises:
        MissingExtra: If one is missing.
    """
    missing = [package for package in EXTRA_OF if find_spec(package) is None]
    if missing:
        raise MissingExtra(
            "osteon demo",
            f"{', '.join(missing)} must be installed",
            advice='Install them with: pip install "osteon[train]"',
        )


def put_stage(stage: "Stage") -> str:
    """Return one stage's line."""
    return f"{stage.name:<8} {stage.seconds:>5.1f} s  {stage.words}"


def put_pairs(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each pair, the second halves below one another: never folded, to paste."""
    pairs = list(pairs)
    width = max((len(first) for first, _ in pairs), default=0)
    return [f"  {first:<{width}}  {second}" for first, second in pairs]


def put_command(line: str) -> str:
    """Return a command as this person can type it: `osteon` need not be on the path."""
    return line if shutil.which("osteon") else line.replace("osteon", sys.argv[0], 1)
