"""From a collection to a measured release: train, evaluate, export."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from osteon.api import AnyPath, to_path
from osteon.errors import SettingsFault, missing_extras_named
from osteon.terms import Progress, Split, no_progress

if TYPE_CHECKING:
    from osteon.jobs.evaluate import EvaluationReport
    from osteon.jobs.evaluate_release import ValidationReport
    from osteon.jobs.export import ExportReport
    from osteon.jobs.train import TrainingReport
    from osteon.runs import HistoryRow


def train(
    recipe: AnyPath,
    manifest: AnyPath,
    out: AnyPath,
    *,
    changes: Mapping[str, object] | None = None,
    resume: bool = False,
    init_weights: AnyPath | None = None,
    allow_leak: bool = False,
    films: AnyPath | None = None,
    machine: Mapping[str, object] | None = None,
    progress: Progress = no_progress,
    epoch_ended: "Callable[[HistoryRow], None]" = lambda _: None,
) -> "TrainingReport":
    """Train a recipe's network on a collection that was split, as `osteon train` does.

    Args:
        recipe: Its name, such as "seed-cnn4", or a `.toml` file.
        manifest: The collection, split.
        out: The run's folder.
        changes: Keys of the recipe with dots, and their values, such as `{"schedule.epochs": 8}`.
        resume: Continue a run that was stopped.
        init_weights: ImageNet weights from a file, not from the internet.
        allow_leak: Train though copies cross the splits; every result will say so.
        films: The films' folder, where it is not the one that the manifest names.
        machine: Where to train: any of accelerator, devices, nodes, precision and threads.
        progress: Called as the work goes on.
        epoch_ended: Given each epoch's numbers as it ends.

    Returns:
        How the training went, with its history.

    Raises:
        LeakFound: If copies cross the splits, and that is not allowed.
        ManifestFault: If the collection has no splits to train on.
        MissingExtra: If `osteon[train]` is not installed.
        OneClassOnly: If a split holds films of one class only.
        OutputFault: If the run's folder is taken, or cannot be written.
        RunFault: If there is no run to resume, or it is of another recipe or collection.
        SettingsFault: If the recipe or an option is impossible.
        TrainingDiverged: If the loss is not a finite number.
    """
    with missing_extras_named("osteon.train"):
        from osteon.jobs import train as job
        from osteon.learning.devices import Machine
        from osteon.settings import build_settings

        request = job.TrainingRequest(
            recipe=str(recipe),
            overrides={key: _toml(value) for key, value in (changes or {}).items()},
            manifest=Path(manifest),
            films=to_path(films),
            out=Path(out),
            resume=resume,
            init_weights=to_path(init_weights),
            allow_leak=allow_leak,
            machine=build_settings(dict(machine or {}), Machine, where="machine"),
        )
        return job.train(request, progress=progress, epoch_ended=epoch_ended)


def evaluate(
    model: AnyPath,
    manifest: AnyPath | None = None,
    *,
    split: Split | None = None,
    out: AnyPath | None = None,
    worst: int = 0,
    films: AnyPath | None = None,
    progress: Progress = no_progress,
) -> "EvaluationReport | ValidationReport":
    """Measure a run, or a release, on films with labels, as `osteon evaluate` does.

    Args:
        model: A run's folder; or a release, `NAME.osteon` or "osteon-1".
        manifest: Another collection; None is the run's own. A release needs one.
        split: Which of its films; None is test where there is one.
        out: The folder for results; None is the run's own, or beside the release.
        worst: Of a release: how many of its worst misses, and of its false alarms, are drawn.
        films: The films' folder, where it is not the one that the manifest names.
        progress: Called as the work goes on.

    Returns:
        The numbers with their intervals, and what a reader of them must know.

    Raises:
        LeakFound: If the films are those that the network learnt from.
        ManifestFault: If the collection has no readable film of the split.
        MissingExtra: If `osteon[audit]`, or for a run `osteon[train]`, is not installed.
        OneClassOnly: If the films are all alike.
        OutputFault: If the results cannot be written.
        ReleaseFault: If the release does not stand its checks.
        RunFault: If this is no finished run.
        SettingsFault: If a release is given no manifest, or a run is asked for its worst films.
    """
    with missing_extras_named("osteon.evaluate"):
        from osteon.inference.bundled import locate_release
        from osteon.release import SUFFIX

        located = locate_release(Path(model))
        films, out = to_path(films), to_path(out)
        if located.suffix == SUFFIX:
            from osteon.jobs.evaluate_release import ValidationRequest, validate_release

            if manifest is None:
                raise SettingsFault("manifest", "a release is evaluated on a manifest")
            asked = ValidationRequest(
                release=located,
                manifest=Path(manifest),
                split=split,
                worst=worst,
                films=films,
                out=out,
            )
            return validate_release(asked, progress=progress)
        from osteon.jobs import evaluate as job

        if worst:
            raise SettingsFault("worst", "the worst films of a release are drawn", found=worst)
        request = job.EvaluationRequest(
            run=located, manifest=to_path(manifest), split=split, films=films, out=out
        )
        return job.evaluate(request, progress=progress)


def export(
    run: AnyPath,
    out: AnyPath,
    *,
    name: str | None = None,
    version: str = "1",
    sensitivity: float = 0.90,
    specificity: float = 0.95,
    precision: Literal["fp32", "fp16", "int8"] = "fp32",
    on_inverted: Literal["refuse", "correct"] = "refuse",
    licence: str | None = None,
    attribution: str | None = None,
    audit: AnyPath | None = None,
    unaudited: bool = False,
    statement: AnyPath | None = None,
    films: AnyPath | None = None,
    progress: Progress = no_progress,
) -> "ExportReport":
    """Make a release of a run, as `osteon export` does: calibrated, certified, one file.

    Args:
        run: The run's folder.
        out: The release's file, ending in `.osteon`.
        name: Of the release; the file's name if None.
        version: Of the release.
        sensitivity: Promised share of fractured films that are not called "no fracture".
        specificity: Promised share of films without one that are not called "fracture".
        precision: Of the network's numbers.
        on_inverted: What is done about an inverted film.
        licence: Of the weights; None for the usual words.
        attribution: Whom to name; None names the collections.
        audit: What an audit of the run's own manifest wrote, after the training.
        unaudited: Certify although copies were never looked for; the release says so for good.
        statement: A TOML file with what you say of the release (`--card` on the command line).
        films: The films' folder, where it is not the one that the manifest names.
        progress: Called as the work goes on.

    Returns:
        The release's file and its card.

    Raises:
        ManifestFault: If the run has no films to certify on, or the audit is of others.
        MissingExtra: If `osteon[train]` is not installed.
        OneClassOnly: If a split holds films of one class only.
        OutputFault: If the release cannot be written.
        ParityBroken: If ONNX and torch disagree.
        ReleaseFault: If fewer bits cost too much.
        RunFault: If this is no finished run.
        SettingsFault: If an option is impossible.
    """
    with missing_extras_named("osteon.export"):
        from osteon.jobs.export import ExportRequest, export_release
        from osteon.settings import build_settings

        files = {"audit": to_path(audit), "statement": to_path(statement), "films": to_path(films)}
        words = {"name": name, "version": version, "licence": licence, "attribution": attribution}
        given = {
            "promises": {"sensitivity": sensitivity, "specificity": specificity},
            "precision": precision,
            "on_inverted": on_inverted,
            "unaudited": unaudited,
            **{key: value for key, value in (files | words).items() if value is not None},
        }
        places = {"run": Path(run), "out": Path(out)}
        request = build_settings(places | given, ExportRequest, where="export")
        return export_release(request, progress=progress)


def _toml(value: object) -> str:
    """Return a value as a recipe's file writes it; text is taken as it stands."""
    return value if isinstance(value, str) else json.dumps(value)
