"""`osteon explain`: why a trained network says what it says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.models import parse_split
from osteon.cli.options import Films, JsonTo
from osteon.cli.progress import shown_progress
from osteon.cli.words import console_for, counted, say, show_table, write_json

if TYPE_CHECKING:
    from osteon.jobs.explain import MethodWorth
    from osteon.learning.explanations.methods import ExplanationMethod
    from osteon.statistics.calibration_error import Measured
    from osteon.statistics.deletion import DeletionTest
    from osteon.statistics.proportions import Metric


def register(app: typer.Typer) -> None:
    """Add this file's command."""
    app.command(epilog="Example: osteon explain runs/first -o why --method grad-cam")(explain)


def explain(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, runs/NAME.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for one sheet per film.")
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            help='own, grad-cam, grad-cam++, layer-cam, "layer-cam stages", occlusion or lime. '
            "Repeatable; all that the network has if not given."
        ),
    ] = None,
    count: Annotated[
        int, typer.Option(min=1, help="How many films; three of four with a fracture.")
    ] = 8,
    film: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="A film, as the manifest names it. Repeatable."),
    ] = None,
    split: Annotated[str, typer.Option(help="train, tune or test.")] = "test",
    films: Films = None,
    json_to: JsonTo = None,
) -> None:
    """Draw what in a film a run's network answers to, by several methods side by side.

    Each map is tested: places are covered in its order while the network is asked again
    (deletion), and its highest point is held against the boxes of readers. Sheets contain
    patient images: do not share them.
    """
    from osteon.jobs.explain import ExplainingRequest, explain_run

    request = ExplainingRequest(
        run=run,
        out=out,
        methods=_parse_methods(method or []),
        n_films=count,
        paths=tuple(film or ()),
        split=parse_split(split) or "test",
        films=films,
    )
    with shown_progress() as progress:
        report = explain_run(request, progress=progress)
    console = console_for(json_to)
    say(
        console,
        f"{counted(len(report.sheets), 'film')}, {report.n_fractured:,} with a fracture",
        "",
    )
    columns = ("method", "points at a fracture", "or within 5 %", "deletion", "better than chance")
    show_table(console, columns, [put_worth(worth) for worth in report.worth])
    for lost in report.not_read:
        say(console, f"Not read: {lost.path}: {lost.reason}")
    say(
        console,
        "",
        "Deletion: mean probability while the most evident places are covered first; low is good. "
        "Better than chance: how much lower than in random order, with its 95 % interval.",
        f"Sheets and numbers: {out}",
    )
    write_json(report, json_to)


def put_worth(worth: "MethodWorth") -> tuple[str, str, str, str, str]:
    """Return one method's row."""
    test = worth.deletion
    told = ("not defined", "") if test is None else (_area(test.deletion), _gain(test))
    return (worth.method, _share(worth.pointing), _share(worth.pointing_near), *told)


def _share(metric: "Metric") -> str:
    if metric.value is None:
        return "not defined"
    return f"{metric.numerator:,.0f} of {metric.denominator:,}"


def _area(measured: "Measured") -> str:
    return "not defined" if measured.value is None else f"{measured.value:.3f}"


def _gain(test: "DeletionTest") -> str:
    measured = test.deletion_gain
    if measured.value is None:
        return "not defined"
    between = measured.interval
    said = f"{counted(test.n_groups, 'group')}: too few for an interval"
    if between is not None:
        said = f"{between.low:+.3f} to {between.high:+.3f}"
    return f"{measured.value:+.3f} ({said})"


def _parse_methods(names: list[str]) -> "tuple[ExplanationMethod, ...]":
    """Return the methods that the person named.

    Raises:
        BadParameter: If there is no such method.
    """
    from osteon.learning.explanations.methods import METHODS

    known = {str(method): method for method in METHODS}
    for name in names:
        if name not in known:
            must = f"{name!r} must be one of {', '.join(known)}"
            raise typer.BadParameter(must, param_hint="--method")
    return tuple(known[name] for name in names)
