"""`osteon env`."""

from typing import TYPE_CHECKING

import typer

from osteon.cli.options import JsonTo
from osteon.cli.words import console_for, say, show_table, write_json

if TYPE_CHECKING:
    from osteon.jobs.env import Environment

GIB = 2**30


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon env --json machine.json")(env)


def env(json_to: JsonTo = None) -> None:
    """Show this machine, what training will use, and how slow it would be."""
    from osteon.jobs.env import describe_machine

    machine = describe_machine()
    console = console_for(json_to)
    show_table(console, ("", ""), _facts(machine))
    say(console, "", *machine.advice)
    write_json(machine, json_to)


def _facts(machine: "Environment") -> list[tuple[str, str]]:
    facts = [
        ("Osteon", machine.osteon),
        ("Python", machine.python),
        ("system", machine.system),
        ("processor", f"{machine.cpu}, {machine.n_cores} cores for us"),
        ("memory", f"{machine.memory_bytes / GIB:.1f} GiB" if machine.memory_bytes else "not told"),
    ]
    if machine.torch and machine.outlook:
        cards = [
            f"{a.name}, {a.memory_bytes / GIB:.0f} GiB" if a.memory_bytes else a.name
            for a in machine.torch.accelerators
        ]
        outlook = machine.outlook
        measured = f"a convolution block gave {outlook.measured_gflops:,.0f} GFLOP/s just now"
        speed = f"about {outlook.films_per_second:,.0f} films/s with seed-cnn4 at 224×224"
        facts += [
            ("torch", f"{machine.torch.version}, built for {machine.torch.built_for}"),
            ("accelerators", "; ".join(cards) or "none"),
            ("training uses", f"{outlook.device}, {outlook.precision}, {outlook.threads} threads"),
            ("training speed", f"{speed} ({measured})"),
        ]
    versions = [f"{name} {version or '(absent)'}" for name, version in machine.packages.items()]
    return [*facts, ("packages", ", ".join(versions))]
