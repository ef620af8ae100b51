"""`osteon audit` and `osteon split`: is the collection sound, and what is measured on what."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.faults import THE_INPUT
from osteon.cli.options import Films, JsonTo, ManifestOut, ManifestPath
from osteon.cli.words import console_for, counted, say, show_table, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.collection.flaws import AuditSummary
    from osteon.jobs.splitting import SplitOutcome
    from osteon.terms import Flaw

EXAMPLES_SHOWN = 3


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon audit manifest.parquet -o audit/")(audit)
    app.command(
        epilog="Example: osteon split manifest.parquet --train 65 --tune 15 --test 20 "
        "--salt winter -o split.parquet"
    )(split)


def audit(
    manifest: ManifestPath,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder for audit.json, with every film."),
    ] = None,
    films: Films = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 2 where there is a flaw.")
    ] = False,
    json_to: JsonTo = None,
) -> None:
    """Find what is wrong with a collection: unreadable films, copies, contradictions, leaks.

    The audit changes nothing: it reports, and a person decides.
    """
    from osteon.jobs.auditing import audit_collection

    result = audit_collection(manifest, out, films=films)
    console = console_for(json_to)
    _show_summary(console, result.summary)
    _show_examples(console, result.flaws)
    if result.path:
        say(console, "", f"Every film concerned stands in {result.path}")
    write_json(result.as_json(), json_to)
    if strict and result.flaws:
        raise typer.Exit(THE_INPUT)


def split(
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
    from osteon.jobs.splitting import (
        keep_earlier_split,
        keep_published_split,
        split_collection,
    )

    pattern = parse_pattern(same_picture)
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
    _show_split(console_for(json_to), outcome)
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


def _show_summary(console: "Console", summary: "AuditSummary") -> None:
    say(
        console,
        f"{summary.n_films:,} films, {summary.n_distinct_files:,} different files; "
        f"{summary.n_readable:,} decode whole, {summary.n_fractured:,} of these with a fracture",
    )
    if not summary.rules:
        say(console, "No flaw was found.")
        return
    say(console, "")
    rows = [(rule, count.n_flaws, count.n_films) for rule, count in summary.rules.items()]
    show_table(console, ("flaw", "times", "films concerned"), rows)
    for name, leak in summary.leaks.items():
        if leak.n_leaking:
            words = f"{name}: {leak.n_leaking:,} of {leak.n_films:,} films ({leak.share:.1%})"
            say(console, f"{words} have a copy, or a film of their patient, in another split")


def _show_examples(console: "Console", flaws: "tuple[Flaw, ...]") -> None:
    first: dict[str, Flaw] = {}
    for flaw in flaws:
        first.setdefault(flaw.rule, flaw)
    for rule, flaw in first.items():
        more = f" and {len(flaw.films) - EXAMPLES_SHOWN:,} more"
        names = ", ".join(flaw.films[:EXAMPLES_SHOWN])
        names += more if len(flaw.films) > EXAMPLES_SHOWN else ""
        say(console, "", f"{rule}, for example {names}", f"  {flaw.advice}")


def _show_split(console: "Console", outcome: "SplitOutcome") -> None:
    columns = ("split", "films", "groups", "fractured", "not fractured")
    rows = [
        (c.split or "not placed", c.n_films, c.n_groups, c.n_fractured, c.n_not_fractured)
        for c in outcome.counts
    ]
    show_table(console, columns, rows)
    if outcome.set_aside:
        say(console, "", f"{counted(len(outcome.set_aside), 'film')} set aside:")
        say(console, *(f"  {film.path}: {film.reason}" for film in outcome.set_aside[:10]))
    if outcome.leaks:
        words = f"{counted(len(outcome.leaks), 'group')} of copies cross this split: training on it"
        say(console, "", f"{words} needs --allow-leak, and every result will say so.")
    say(console, "", f"Written: {outcome.path}")
