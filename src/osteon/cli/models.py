"""`osteon train`, `osteon evaluate` and `osteon summary`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from osteon.cli.cards import show_decisions, show_measures
from osteon.cli.faults import STOPPED
from osteon.cli.options import Films, JsonTo, WithLearnt
from osteon.cli.progress import shown_progress
from osteon.cli.recipes import Changes, parse_changes
from osteon.cli.steps import quote, spell_films
from osteon.cli.words import console_for, say, show_table, write_json
from osteon.wording import say_count

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.jobs.evaluate import EvaluationReport
    from osteon.jobs.evaluate_release import ValidationRequest
    from osteon.runs import HistoryRow
    from osteon.statistics.proportions import Metric
    from osteon.terms import Split

BeginWith = Annotated[
    str | None,
    typer.Argument(
        metavar="RECIPE",
        help="A recipe's name, such as seed-cnn4, or a .toml file. With --resume alone: the run's "
        "folder.",
    ),
]
LearnFrom = Annotated[
    Path | None,
    typer.Argument(metavar="MANIFEST", help="Table of films that were split: .parquet or .csv."),
]
Out = Annotated[
    Path | None, typer.Option("-o", "--out", metavar="DIR", help="Folder of the new run.")
]

Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with a run that was stopped: osteon train --resume RUN. It holds what it was "
        "begun with; what is given again must be the same.",
    ),
]
InitWeights = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="ImageNet weights from a file, not from the internet."),
]
AllowLeak = Annotated[
    bool,
    typer.Option(
        "--allow-leak", help="Train though copies cross the splits; every result will say so."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command(
        epilog="Example: osteon train seed-cnn4 manifest.parquet -o runs/first; osteon train "
        "--resume runs/first"
    )(train)
    app.command(epilog="Example: osteon evaluate runs/first other.parquet")(evaluate)


def train(
    recipe: BeginWith = None,
    manifest: LearnFrom = None,
    out: Out = None,
    films: Films = None,
    change: Changes = None,
    resume: Resume = False,
    init_weights: InitWeights = None,
    allow_leak: AllowLeak = False,
    accelerator: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    devices: Annotated[int, typer.Option(help="Devices to use on each machine.")] = 1,
    nodes: Annotated[int, typer.Option(help="Machines to use.")] = 1,
    precision: Annotated[str, typer.Option(help="auto, 32-true or bf16-mixed.")] = "auto",
    threads: Annotated[
        int | None, typer.Option(help="CPU threads; all cores if not given.")
    ] = None,
    json_to: JsonTo = None,
) -> None:
    """Train a recipe's network on a collection that was split.

    RECIPE, MANIFEST and -o are needed to begin a run. Ctrl-C ends it with everything kept;
    osteon train --resume RUN goes on.
    """
    from osteon.jobs.train import TrainingRequest
    from osteon.jobs.train import train as train_network
    from osteon.learning.devices import Machine
    from osteon.reports.pages.independence import say_independence
    from osteon.settings import build_settings

    run, recipe = _name_run(recipe, manifest, out, resume=resume)
    machine = {
        "accelerator": accelerator,
        "devices": devices,
        "nodes": nodes,
        "precision": precision,
        "threads": threads,
    }
    request = TrainingRequest(
        recipe=recipe,
        overrides=parse_changes(change or []),
        manifest=manifest,
        films=films,
        out=run,
        resume=resume,
        init_weights=init_weights,
        allow_leak=allow_leak,
        machine=build_settings(machine, Machine, where="options"),
    )
    console = console_for(json_to)
    with shown_progress() as progress:
        report = train_network(
            request, progress=progress, epoch_ended=lambda row: say(console, put_epoch(row))
        )
    write_json(report, json_to)
    if report.ended == "stopped":
        say(console, f"Stopped. It goes on with: osteon train --resume {quote(run)}")
        raise typer.Exit(STOPPED)
    say(console, f"Best epoch: {report.best_epoch} ({report.ended}). Its network: {report.network}")
    if report.n_copies:
        files = say_count(report.n_copies, "file")
        say(console, f"{files} equal to another byte for byte: a film is learnt from once.")
    say(console, *say_independence(report.independence))
    if not report.independence.copies_looked_for:
        found = run.with_name(f"{run.name}-audit")
        say(
            console,
            "If copies cross its splits, every number of this run is inflated.",
            f"Next: osteon audit {quote(run / 'manifest.parquet')}{spell_films(films)} "
            f"-o {quote(found)}",
        )
    say(console, f"Next: osteon evaluate {quote(run)}{spell_films(films)}")


def _name_run(
    recipe: str | None, manifest: Path | None, out: Path | None, *, resume: bool
) -> tuple[Path, str | None]:
    """Return the run's folder, and the recipe that is given for it.

    Raises:
        BadParameter: If something is missing that a new run is begun with, or a run is named twice.
    """
    if resume and recipe is not None and manifest is None and out is None:
        return Path(recipe), None
    needed = {"RUN": out} if resume else {"RECIPE": recipe, "MANIFEST": manifest, "-o RUN": out}
    missing = [name for name, given in needed.items() if given is None]
    if out is None or missing:
        rest = "" if resume else "; a run that was stopped goes on with osteon train --resume RUN"
        raise typer.BadParameter(
            f"must be given to {'go on with' if resume else 'begin'} a run{rest}",
            param_hint=" ".join(missing),
        )
    return out, recipe


def evaluate(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="Folder of a run, runs/NAME; or a release, NAME.osteon or osteon-1."
        ),
    ],
    manifest: Annotated[
        Path | None,
        typer.Argument(metavar="[MANIFEST]", help="Another collection, for external validation."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="train, tune or test; test if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="DIR", help="Folder for results, if not the run's own."
        ),
    ] = None,
    worst: Annotated[
        int,
        typer.Option(
            min=0, help="Of a release: draw so many of its worst misses, and of its false alarms."
        ),
    ] = 0,
    with_learnt: WithLearnt = False,
    films: Films = None,
    json_to: JsonTo = None,
) -> None:
    """Read films with a run's exported network, or a release: numbers with intervals, figures.

    A run without a test split is measured on its tune films, and every number says so. A release
    needs a MANIFEST, and keeps its own thresholds; films that it learnt from are left out.
    """
    from osteon.inference.bundled import locate_release
    from osteon.release import SUFFIX

    run = locate_release(run)
    if run.suffix == SUFFIX:
        from osteon.jobs.evaluate_release import ValidationRequest

        if manifest is None:
            raise typer.BadParameter("a release is evaluated on a MANIFEST", param_hint="MANIFEST")
        asked = ValidationRequest(
            release=run,
            manifest=manifest,
            films=films,
            split=parse_split(split),
            out=out,
            worst=worst,
            with_learnt=with_learnt,
        )
        _evaluate_release(asked, json_to)
        return
    if worst:
        raise typer.BadParameter("the worst films of a release are drawn", param_hint="--worst")
    if with_learnt:
        raise typer.BadParameter(
            "is for a release; name the split of a run instead: --split train",
            param_hint="--with-learnt",
        )
    from osteon.jobs.evaluate import EvaluationRequest
    from osteon.jobs.evaluate import evaluate as evaluate_run

    request = EvaluationRequest(
        run=run, manifest=manifest, films=films, split=parse_split(split), out=out
    )
    with shown_progress() as progress:
        report = evaluate_run(request, progress=progress)
    console = console_for(json_to)
    show_report(console, report)
    say(console, "", f"Numbers and figures: {report.results}")
    write_json(report, json_to)


def _evaluate_release(request: "ValidationRequest", to: Path | None) -> None:
    from osteon.jobs.evaluate_release import validate_release

    with shown_progress() as progress:
        report = validate_release(request, progress=progress)
    console = console_for(to)
    metrics = report.metrics
    say(
        console,
        *report.notes,
        f"{report.split}: {say_count(metrics.n_films, 'film')} in "
        f"{say_count(metrics.n_groups, 'group')}, {metrics.n_fractured:,} with a fracture",
        "",
    )
    show_measures(console, report.measures)
    say(console, "")
    show_decisions(console, report.decisions)
    for reason, n in report.not_read.items():
        say(console, f"Not read, {say_count(n, 'film')}: {reason}")
    say(console, "", f"Numbers and figures: {report.results}")
    if report.sheets:
        say(
            console,
            f"Its worst films, {say_count(len(report.sheets), 'sheet')}: {report.sheets[0]}",
        )
    write_json(report, to)


def show_report(console: "Console", report: "EvaluationReport") -> None:
    """Print an evaluation: every number with its interval, numerator and denominator."""
    metrics = report.metrics
    say(
        console,
        *report.notes,
        f"{report.split}: {say_count(metrics.n_films, 'film')} in "
        f"{say_count(metrics.n_groups, 'group')}, "
        f"{metrics.n_fractured:,} with a fracture",
        "",
    )
    show_table(
        console,
        ("", "measured", "95 % interval", "of", ""),
        [put_metric(m) for m in metrics.listed],
    )
    verdicts = [(t.target.metric, f"above {t.target.above:g}", t.verdict) for t in report.targets]
    if verdicts:
        say(console, "")
        show_table(console, ("target", "", "verdict"), verdicts)
    say(console, "", *report.history)


def put_metric(metric: "Metric") -> tuple[str, str, str, str, str]:
    """Return one metric's row: shares in percent, an area as a number, each with what it counts."""
    is_area = metric.name == "auroc"

    def put(value: float) -> str:
        return f"{value:.3f}" if is_area else f"{100 * value:.1f} %"

    name = f"{metric.name} ({metric.also_called})" if metric.also_called else metric.name
    prevalence = metric.prevalence.value if metric.prevalence else None
    remark = "" if prevalence is None else f"at a prevalence of {100 * prevalence:.1f} %"
    if metric.value is None or metric.numerator is None or metric.interval is None:
        return name, "not defined", "", "", metric.reason
    interval = f"{put(metric.interval.low)} to {put(metric.interval.high)}"
    of = f"{metric.numerator:,.0f} of {metric.denominator:,}"
    if metric.name == "f1":  # no share of films: those that were called rightly count twice
        return name, put(metric.value), interval, of, "2 TP of 2 TP + FP + FN"
    of += " pairs" if is_area else " films"
    return name, put(metric.value), interval, of, remark


def parse_split(text: str | None) -> "Split | None":
    """Return the split that the person named.

    Raises:
        BadParameter: If there is no such split.
    """
    from osteon.terms import SPLITS

    known = {str(split): split for split in SPLITS}
    if text is not None and text not in known:
        must = f"{text!r} must be one of {', '.join(known)}"
        raise typer.BadParameter(must, param_hint="--split")
    return None if text is None else known[text]


def put_epoch(row: "HistoryRow") -> str:
    """Return one epoch's line."""
    return (
        f"epoch {row.epoch:>3}: tune AUROC {row.tune_auroc:.3f}, loss {row.tune_loss:.3f}; "
        f"training AUROC {row.train_auroc:.3f}, loss {row.train_loss:.3f}; {row.seconds:.0f} s"
    )
