"""`osteon split`: what is measured on what."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.options import Films, JsonTo, ManifestOut, ManifestPath
from osteon.cli.steps import name_clean, retype, show_audit_steps
from osteon.cli.words import console_for, say, show_table, write_json
from osteon.wording import say_count

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.jobs.split import SplitOutcome


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(
        epilog="Example: osteon split manifest.parquet --train 65 --tune 15 --test 20 "
        "--salt winter -o split.parquet"
    )(split)


def split(
    context: typer.Context,
    manifest: ManifestPath,
    out: ManifestOut,
    train: Annotated[float, typer.Option(help="Percent of the films to learn from.")] = 65,
    tune: Annotated[float, typer.Option(help="Percent to choose on.")] = 15,
    test: Annotated[float, typer.Option(help="Percent to measure on, once.")] = 20,
    salt: Annotated[
        str, typer.Option(help="Any text; another salt gives another split.")
    ] = "osteon",
    keep_published: Annotated[
        bool,
        typer.Option(
            "--keep-published", help="Take over the collection's own split instead, leaks and all."
        ),
    ] = False,
    same_picture: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Films whose paths agree in the first group are one picture: '(\\d+)-rotated'.",
        ),
    ] = None,
    placed: Annotated[
        Path | None,
        typer.Option(
            metavar="MANIFEST",
            help="This collection's split from before it grew: its films keep their places.",
        ),
    ] = None,
    films: Films = None,
    json_to: JsonTo = None,
) -> None:
    """Place every film in train, tune or test, for good; copies and patients stay together.

    Films that are placed already never move; new ones fill up what is missing.
    """
    from osteon.collection.splits import Shares
    from osteon.jobs.split import (
        keep_earlier_split,
        keep_published_split,
        split_collection,
    )

    pattern, given = parse_pattern(same_picture), manifest
    if keep_published:
        outcome = keep_published_split(manifest, out, same_picture=pattern, films=films)
    else:
        if placed:
            keep_earlier_split(manifest, placed, out, films=films)
            manifest = out
        shares = Shares(train=train, tune=tune, test=test)
        outcome = split_collection(
            manifest,
            out,
            shares=shares,
            salt=salt,
            same_picture=pattern,
            films=films,
        )
    console = console_for(json_to)
    _show_split(console, outcome)
    again = retype(context, manifest=name_clean(given))
    show_audit_steps(console, outcome.independence, given, again, films=films)
    write_json(outcome.as_json(), json_to)


def parse_pattern(text: str | None) -> re.Pattern[str] | None:
    """Return the regular expression that the person typed.

    Raises:
        BadParameter: If it is none.
    """
    try:
        return None if text is None else re.compile(text)
    except re.error as fault:
        raise typer.BadParameter(
            f"{text!r} must be a regular expression; it breaks at character {fault.pos}",
            param_hint="--same-picture",
        ) from fault


def _show_split(console: "Console", outcome: "SplitOutcome") -> None:
    from osteon.reports.pages.independence import say_independence, say_uneven

    columns = ("split", "films", "groups", "fractured", "not fractured")
    rows = [
        (c.split or "not placed", c.n_films, c.n_groups, c.n_fractured, c.n_not_fractured)
        for c in outcome.counts
    ]
    show_table(console, columns, rows)
    n_copies = sum(count.n_copies for count in outcome.counts)
    if n_copies:
        say(console, f"{say_count(n_copies, 'file')} equal to another byte for byte, counted once.")
    say(console, "", *say_independence(outcome.independence))
    if outcome.uneven is not None:
        say(console, *say_uneven(outcome.uneven))
    if outcome.set_aside:
        say(console, "", f"{say_count(len(outcome.set_aside), 'film')} set aside:")
        say(console, *(f"  {film.path}: {film.reason}" for film in outcome.set_aside[:10]))
    if outcome.leaks:
        words = (
            f"{say_count(len(outcome.leaks), 'group')} of copies cross this split: training on it"
        )
        say(console, "", f"{words} needs --allow-leak, and every result will say so.")
    say(console, "", f"Written: {outcome.path}")
