"""`osteon export`: a trained run becomes a release that anyone can read with."""

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.cards import show_measures
from osteon.cli.options import Films, JsonTo, StatementFile, Unaudited, WithoutFilms
from osteon.cli.progress import shown_progress
from osteon.cli.steps import quote, retype, spell_films
from osteon.cli.words import console_for, say, write_json
from osteon.wording import say_count

Out = Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The release, NAME.osteon.")]
Sensitivity = Annotated[
    float,
    typer.Option(help='Share of fractured films that are not to be called "no fracture".'),
]
Specificity = Annotated[
    float,
    typer.Option(help='Share of films without one that are not to be called "fracture".'),
]
OnInverted = Annotated[
    str, typer.Option(help="What is done about a negative: refuse it, or correct it and say so.")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon export runs/first -o first.osteon")(export)


def export(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, runs/NAME.")],
    out: Out,
    name: Annotated[
        str | None, typer.Option(help="Of the release; the file's if not given.")
    ] = None,
    version: Annotated[str, typer.Option("--release-version", help="Of the release.")] = "1",
    precision: Annotated[str, typer.Option(help="fp32, fp16 or int8.")] = "fp32",
    sensitivity: Sensitivity = 0.90,
    specificity: Specificity = 0.95,
    on_inverted: OnInverted = "refuse",
    licence: Annotated[
        str | None, typer.Option(help='Of the weights; "not stated" if not given.')
    ] = None,
    attribution: Annotated[
        str | None, typer.Option(help="Whom to name; the collections if not given.")
    ] = None,
    audit: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="What `osteon audit` found in the run's own manifest, after the training.",
        ),
    ] = None,
    unaudited: Unaudited = False,
    without_films: WithoutFilms = False,
    card: StatementFile = None,
    films: Films = None,
    json_to: JsonTo = None,
) -> None:
    """Make a release of a run: calibrated on tune, certified on test, packed into one file.

    Nothing is certified where copies were never looked for. Refused where ONNX and torch disagree,
    or where fewer bits cost too much.
    """
    from osteon.evaluation.certify import PerformanceGoals
    from osteon.jobs.export import ExportRequest, export_release
    from osteon.reports.pages.independence import say_independence
    from osteon.reports.pages.learnt import say_listed
    from osteon.reports.pages.promises import describe_promises
    from osteon.settings import build_settings

    given = {
        "run": run,
        "out": out,
        "name": name,
        "version": version,
        "films": films,
        "promises": build_settings(
            {"sensitivity": sensitivity, "specificity": specificity},
            PerformanceGoals,
            where="options",
        ),
        "precision": precision,
        "on_inverted": on_inverted,
        "attribution": attribution,
        "audit": audit,
        "unaudited": unaudited,
        "without_films": without_films,
        "statement": card,
        **({} if licence is None else {"licence": licence}),
    }
    request = build_settings(given, ExportRequest, where="options")
    with shown_progress() as progress:
        report = export_release(request, progress=progress)
    console = console_for(json_to)
    made = report.card
    tested = made.tested_on
    say(
        console,
        f"ONNX and torch agree to {report.largest_difference:.1e} in logit on "
        f"{say_count(report.n_compared, 'film')}.",
        *describe_promises(made.operating_points, made.independence),
        *say_independence(made.independence),
        "",
        f"Measured on {say_count(tested.n_films, 'test film')}, {tested.n_fractured:,} fractured, "
        f"in {say_count(tested.n_groups, 'group')}{say_not_read(tested.n_not_read)}:",
    )
    show_measures(console, made.metrics)
    for reason, n in report.not_read.items():
        say(console, f"Not read, {say_count(n, 'film')} of tune and test: {reason}")
    say(
        console,
        "",
        *made.notes,
        *say_listed(made.films),
        made.notice,
        f"Release: {report.release}. Calibration: {report.figure}",
    )
    if made.independence is not None and not made.independence.copies_looked_for and not audit:
        found = out.with_name(f"{out.stem}-audit")
        say(
            console,
            "If copies are in several splits, only a new split and a new training help.",
            f"Next: osteon audit {quote(run / 'manifest.parquet')}{spell_films(films)} "
            f"-o {quote(found)}",
            f"      {retype(context, audit=found)}",
        )
    else:
        say(
            console,
            f"Next: osteon inspect {quote(report.release)}",
            f"Read films with it: osteon read --release {quote(report.release)} FILM",
        )
    write_json(report, json_to)


def say_not_read(n_films: int) -> str:
    """Return how many films are missing from a count because they were refused."""
    if not n_films:
        return ""
    return f" ({say_count(n_films, 'other')} {'was' if n_films == 1 else 'were'} not read)"
