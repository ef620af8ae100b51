"""`osteon adopt` and `osteon recalibrate`: networks and hospitals that are not ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.cards import show_measures
from osteon.cli.options import Films, JsonTo, StatementFile, Unaudited, WithoutFilms
from osteon.cli.progress import shown_progress
from osteon.cli.releases import OnInverted, Out, Sensitivity, Specificity, say_not_read
from osteon.cli.steps import name_clean, quote, retype, show_audit_steps
from osteon.cli.words import console_for, say, write_json
from osteon.wording import say_count

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.release import ReleaseCard
    from osteon.statistics.proportions import Metric

BEFORE_THE_SPLIT = (
    "Placed films never move: if copies are in tune and in test, audit and clean the manifest "
    "from before the split, and split it again."
)

Labelled = Annotated[
    Path, typer.Option(metavar="MANIFEST", help="Labelled films, split into tune and test.")
]
Name = Annotated[str | None, typer.Option(help="Of the release; the file's if not given.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(
        epilog="Example: osteon adopt model.onnx --recipe adopt.toml --manifest labelled.parquet "
        "-o theirs.osteon"
    )(adopt)
    app.command(epilog="Example: osteon recalibrate wrist.osteon local.parquet -o site.osteon")(
        recalibrate
    )


def adopt(
    context: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A network, as ONNX.")],
    recipe: Annotated[
        Path, typer.Option(metavar="FILE", help="What is declared of it, as TOML: docs/adopt.md.")
    ],
    manifest: Labelled,
    out: Out,
    name: Name = None,
    version: Annotated[str, typer.Option("--release-version", help="Of the release.")] = "1",
    sensitivity: Sensitivity = 0.90,
    specificity: Specificity = 0.95,
    on_inverted: OnInverted = "refuse",
    unaudited: Unaudited = False,
    learnt: Annotated[
        Path | None,
        typer.Option(
            metavar="MANIFEST",
            help="The films that the network learnt from: those among the labelled ones are left "
            "out, and the release knows them again.",
        ),
    ] = None,
    without_films: WithoutFilms = False,
    card: StatementFile = None,
    films: Films = None,
    json_to: JsonTo = None,
) -> None:
    """Make a release of a network that was trained elsewhere.

    Its preparation and its positive class are declared; labelled films must bear them out. Nothing
    is certified where copies were never looked for.
    """
    from osteon.jobs.adopt import AdoptRequest, adopt_network
    from osteon.settings import build_settings

    given = {
        "model": model,
        "recipe": recipe,
        "manifest": manifest,
        "out": out,
        "films": films,
        "name": name,
        "version": version,
        "promises": {"sensitivity": sensitivity, "specificity": specificity},
        "on_inverted": on_inverted,
        "unaudited": unaudited,
        "learnt": learnt,
        "without_films": without_films,
        "statement": card,
    }
    request = build_settings(given, AdoptRequest, where="options")
    with shown_progress() as progress:
        report = adopt_network(request, progress=progress)
    console = console_for(json_to)
    say(
        console,
        f"Wrapped, it answers as it came to {report.largest_difference:.1e} on "
        f"{say_count(report.n_compared, 'film')}.",
        put_direction(report.tune_auroc),
    )
    show_release(console, report.card, report.not_read)
    say(console, f"Release: {report.release}. Calibration: {report.figure}")
    known = report.card.independence
    if known is not None and not known.copies_looked_for:
        say(console, BEFORE_THE_SPLIT)
        again = retype(context, manifest=name_clean(manifest))
        show_audit_steps(console, known, manifest, again, films=films)
    else:
        say(
            console,
            f"Next: osteon inspect {quote(report.release)}",
            f"Read films with it: osteon read --release {quote(report.release)} FILM",
        )
    write_json(report, json_to)


def recalibrate(
    context: typer.Context,
    release: Annotated[
        Path, typer.Argument(metavar="RELEASE", help="A release: NAME.osteon, or osteon-1.")
    ],
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="The hospital's labelled films.")
    ],
    out: Out,
    name: Name = None,
    sensitivity: Sensitivity = 0.90,
    specificity: Specificity = 0.95,
    scope: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE%|limit=LOGIT",
            help="Set where a film is turned away as no limb or hip: 0.5% fits the limit on your "
            "tune films, so that at most so many are; limit=4.2 sets it. As released if not given.",
        ),
    ] = None,
    unaudited: Unaudited = False,
    card: StatementFile = None,
    films: Films = None,
    json_to: JsonTo = None,
) -> None:
    """Calibrate and certify a release again on a hospital's own films; the network stays.

    Films that are not split are split by groups: half calibrate, half certify. Nothing is certified
    where copies were never looked for: audit and clean the films first.
    """
    from osteon.evaluation.scope import parse_scope
    from osteon.jobs.recalibrate import SALT, RecalibrationRequest, recalibrate_release
    from osteon.reports.pages.promises import describe_promises
    from osteon.reports.pages.release_card import describe_site_scope
    from osteon.settings import build_settings

    given = {
        "release": release,
        "manifest": manifest,
        "out": out,
        "films": films,
        "name": name,
        "promises": {"sensitivity": sensitivity, "specificity": specificity},
        "scope": None if scope is None else parse_scope(scope),
        "unaudited": unaudited,
        "statement": card,
    }
    request = build_settings(given, RecalibrationRequest, where="options")
    with shown_progress() as progress:
        report = recalibrate_release(request, progress=progress)
    console = console_for(json_to)
    if not report.was_split:
        say(
            console,
            "The films were split by groups: half calibrated, half certified, as by `osteon split "
            f"--train 0 --tune 50 --test 50 --salt {SALT}`.",
        )
    say(console, put_direction(report.tune_auroc), *describe_site_scope(report.card.guards))
    show_release(console, report.card, report.not_read)
    site = report.card.site
    if site is not None:
        before = describe_promises(site.operating_points, site.independence)
        say(console, "As released, on other films:", *before, "")
    say(console, f"Release: {report.release}. Calibration: {report.figure}")
    known = report.card.independence
    if known is not None and not known.copies_looked_for:
        if report.was_split:
            say(console, BEFORE_THE_SPLIT)
        again = retype(context, manifest=name_clean(manifest))
        show_audit_steps(console, known, manifest, again, films=films)
    write_json(report, json_to)


def put_direction(area: "Metric") -> str:
    """Return what shows which way a network's answers point, in a sentence."""
    assert area.interval is not None  # a job that could not tell has refused
    return (
        f"Fractured tune films have the higher answers: AUROC {area.value:.3f} "
        f"({area.interval.low:.3f} to {area.interval.high:.3f}), {area.denominator:,} pairs."
    )


def show_release(console: "Console", card: "ReleaseCard", not_read: dict[str, int]) -> None:
    """Print what a release promises, what was measured, and what a reader must know."""
    from osteon.reports.pages.independence import say_independence
    from osteon.reports.pages.learnt import say_learnt
    from osteon.reports.pages.promises import describe_promises

    tuned, tested = card.tuned_on, card.tested_on
    say(
        console,
        f"Calibrated on {say_count(tuned.n_films, 'tune film')}, {tuned.n_fractured:,} fractured: "
        f"{card.calibrator.method}.",
        *say_learnt(card.learnt),
        *describe_promises(card.operating_points, card.independence),
        *say_independence(card.independence),
        "",
        f"Measured on {say_count(tested.n_films, 'test film')}, {tested.n_fractured:,} fractured, "
        f"in {say_count(tested.n_groups, 'group')}{say_not_read(tested.n_not_read)}:",
    )
    show_measures(console, card.metrics)
    for reason, n in not_read.items():
        say(console, f"Not read, {say_count(n, 'film')} of tune and test: {reason}")
    say(console, "", *card.notes, card.notice, "")
