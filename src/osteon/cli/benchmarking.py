"""`osteon benchmark`: many models on the same test films, one table."""

from pathlib import Path
from typing import Annotated

import typer

from osteon.cli.options import Films, JsonTo, Unaudited, WithLearnt
from osteon.cli.progress import shown_progress
from osteon.cli.words import console_for, say, show_table, write_json
from osteon.wording import say_count

Models = Annotated[
    list[Path],
    typer.Argument(
        metavar="MODEL...", help="Folders of runs (runs/NAME) and releases (NAME.osteon)."
    ),
]
Out = Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the results.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(epilog="Example: osteon benchmark runs/a runs/b wrist.osteon -o benchmark")(
        benchmark
    )


def benchmark(
    models: Models,
    out: Out,
    collection: Annotated[
        Path | None,
        typer.Option(
            metavar="MANIFEST", help="Whose test films are read; the first run's if not given."
        ),
    ] = None,
    films: Films = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="Of a model in the table: once for each, in their order, or never."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Compared with; the last model if not given."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="At most so many test films, for a first look: no result.")
    ] = None,
    retime: Annotated[
        bool, typer.Option("--retime", help="Time kept rows again, on a machine that is quiet now.")
    ] = False,
    unaudited: Unaudited = False,
    with_learnt: WithLearnt = False,
    json_to: JsonTo = None,
) -> None:
    """Measure models on the same test films: numbers, paired differences, figures, galleries.

    A run is exported first. Stopped, the same command goes on: measured rows are kept.
    """
    from osteon.jobs.benchmark import BenchmarkRequest, run_benchmark
    from osteon.reports.pages.benchmark import AUROC, describe_films, put_measure
    from osteon.reports.pages.independence import say_independence
    from osteon.settings import build_settings

    given = {
        "models": tuple(models),
        "out": out,
        "collection": collection,
        "films": films,
        "names": tuple(name or ()),
        "reference": reference,
        "limit": limit,
        "retime": retime,
        "unaudited": unaudited,
        "with_learnt": with_learnt,
    }
    request = build_settings(given, BenchmarkRequest, where="options")
    with shown_progress() as progress:
        report = run_benchmark(request, progress=progress)
    console = console_for(json_to)
    known = report.benchmark.independence
    sharing = "" if report.benchmark.is_drawn else " (patient images: do not share)"
    say(console, describe_films(report.benchmark), *say_independence(known), "")
    rows = []
    for row in report.benchmark.rows:
        auroc = row.find(AUROC)
        area = "–" if auroc is None else put_measure(auroc)
        rows.append((row.name, area, f"{row.speed.median_ms:.0f} ms"))
    show_table(console, ("model", "AUROC", "one film"), rows)
    say(
        console,
        "",
        f"{say_count(report.n_measured, 'row')} measured now, "
        f"{len(report.benchmark.rows) - report.n_measured:,} kept.",
        f"The table: {report.table}. Its numbers: {report.data}",
        f"Figures: {', '.join(str(path) for path in report.figures)}",
        f"Pictures of films{sharing}: {report.galleries}",
    )
    write_json(report.benchmark, json_to)
