"""A run and a collection become numbers, figures and the films that were read wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from osteon.collection.cache import build_cache
from osteon.collection.groups import (
    choose_counted,
    read_grouped_manifest,
    take_each_file_once,
)
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest, read_manifest
from osteon.collection.stamps import describe_independence
from osteon.errors import LeakFound, ManifestFault, OneClassOnly
from osteon.evaluation.operating_point import OperatingPoint
from osteon.evaluation.subgroups import describe_film, measure_subgroups
from osteon.evaluation.targets import Target, TargetResult, judge_targets
from osteon.inference.network import Network
from osteon.learning.recipes import find_recipe
from osteon.release.card import Independence
from osteon.reports.classification import Evaluation, write_classification_report
from osteon.reports.pages.independence import say_independence
from osteon.reports.pictures.evaluation import Study, draw_results
from osteon.reports.tables import write_json, write_metrics_summary, write_rows
from osteon.runs import RunFolder, describe_history, describe_run, parse_history, read_json
from osteon.statistics.intervals import Proportion
from osteon.statistics.metrics import Metrics, measure
from osteon.terms import Logit, ManifestRow, Progress, Split, no_progress
from osteon.wording import say_count

PREDICTION_COLUMNS = ("path", "film_id", "group", "has_fracture", "logit", "called_fracture")


ALONE = (
    "A run is measured through its network alone, on every film that opens. Its release refuses "
    "what its guards turn away, and may be measured on fewer films."
)

CHOSEN_ON_TUNE = (
    "The tune split chose the epoch and the threshold: every number here is chosen on these films "
    "and flatters the network. It is no test."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationRequest:
    """What a person asked for.

    Attributes:
        run: The run's folder.
        manifest: Another collection to read; None is the run's own.
        films: Where its films lie, if not where the manifest says.
        split: Which films; None is test, or tune where there is no test, or, of another
            collection, all of them.
        out: The folder for results; None is `results` in the run, with the collection's or the
            split's name behind it where they are not the run's own test films.
    """

    run: Path
    manifest: Path | None = None
    films: Path | None = None
    split: Split | None = None
    out: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationReport:
    """What came out.

    Attributes:
        results: The folder that holds it.
        split: Which films were read: "test", "tune", "train" or "all".
        metrics: The numbers.
        targets: The recipe's targets, judged.
        history: The training's history, in words.
        notes: What a reader of the numbers must know: phantoms, leaks, films that chose.
        independence: Of the films that count together: were copies looked for among them?
    """

    results: Path
    split: str
    metrics: Metrics
    targets: tuple[TargetResult, ...]
    history: tuple[str, ...]
    notes: tuple[str, ...]
    independence: Independence


@dataclass(frozen=True, kw_only=True, slots=True)
class _Choice:
    """Which films to read, and what must be said about them."""

    manifest: Manifest
    rows: tuple[ManifestRow, ...]
    split: str
    notes: tuple[str, ...]
    results: str
    independence: Independence


def evaluate(request: EvaluationRequest, *, progress: Progress = no_progress) -> EvaluationReport:
    """Read films with the run's exported network and measure how well it did.

    Args:
        request: What was asked.
        progress: Told of every step of long work.

    Raises:
        RunFault: If this is no finished run.
        ManifestFault: If the collection has no readable film of the split.
        LeakFound: If another collection holds nothing but films the network learnt from.
        OneClassOnly: If the films are all alike.
        OutputFault: If the results cannot be written.
    """
    run = RunFolder(path=request.run)
    facts = run.read_facts()
    network = Network.load(run.network)
    chosen = _choose_films(request, run)
    cache = build_cache(
        replace(chosen.manifest, rows=chosen.rows),
        network.card.preparation,
        request.run.parent / "cache",
        progress=progress,
    )
    place = {path: number for number, path in enumerate(cache.paths)}
    rows = tuple(row for row in chosen.rows if row.path in place)
    _check_classes(rows, chosen.split)
    pixels = cache.pixels[[place[row.path] for row in rows]]
    logits = network.measure_logits(pixels, progress=progress)
    notes = [*describe_run(facts), *chosen.notes, *say_independence(chosen.independence)]
    if len(rows) < len(chosen.rows):
        notes.append(f"{len(chosen.rows) - len(rows)} films could not be read and were left out.")
    evaluation = _measure(run, chosen, rows, logits=logits.tolist(), notes=tuple(notes))
    metrics = evaluation.metrics
    assert isinstance(metrics, Metrics)  # a run has one threshold
    results = request.out or request.run / chosen.results
    _write_results(evaluation, metrics, rows, logits=logits.tolist(), folder=results)
    study = Study(
        evaluation=evaluation,
        manifest=replace(chosen.manifest, rows=rows),
        logits=tuple(logits.tolist()),
        called=tuple(
            "fracture" if logit >= metrics.threshold else "no fracture" for logit in logits
        ),
        said=tuple(f"logit {logit:+.2f}" for logit in logits),
        history=parse_history(run.history.read_text(encoding="utf-8")),
        run_manifest=read_manifest(run.manifest, must_exist=False),
        is_drawn=network.card.trained_on_phantoms,
    )
    draw_results(study, results, progress=progress)
    return EvaluationReport(
        results=results,
        split=chosen.split,
        metrics=metrics,
        targets=evaluation.targets,
        history=evaluation.history,
        notes=evaluation.notes,
        independence=chosen.independence,
    )


def _choose_films(request: EvaluationRequest, run: RunFolder) -> _Choice:
    if request.manifest is not None:
        return _choose_external(request, run, request.manifest)
    manifest = read_grouped_manifest(run.manifest, films=request.films)
    has_test = any(row.split == "test" for row in manifest.rows)
    split: Split = request.split or ("test" if has_test else "tune")
    notes = {
        "test": (),
        "tune": (CHOSEN_ON_TUNE,),
        "train": (
            "The network learnt from these very films: the numbers say nothing about others.",
        ),
    }[split]
    if split == "tune" and not request.split:
        notes = ("There is no test split; the tune split was read instead.", *notes)
    rows, n_copies = _readable(manifest, split, where=str(run.manifest))
    return _Choice(
        manifest=manifest,
        rows=rows,
        split=split,
        notes=(*notes, *_say_counted(n_copies), ALONE),
        independence=describe_independence(
            choose_counted(manifest.rows), n_leaks=len(find_leaks(manifest))
        ),
        results="results" if split == "test" or not request.split else f"results-{split}",
    )


def _choose_external(request: EvaluationRequest, run: RunFolder, path: Path) -> _Choice:
    manifest = read_grouped_manifest(path, films=request.films)
    learnt = {
        row.sha256
        for row in read_manifest(run.manifest, must_exist=False).rows
        if row.split in {"train", "tune"}
    }
    readable, n_copies = _readable(manifest, request.split, where=str(path))
    rows = tuple(row for row in readable if row.sha256 not in learnt)
    if not rows:
        raise LeakFound(
            str(path),
            "films are needed that the network has not learnt from",
            found=f"{len(readable)} films, all of them in its train or tune split",
        )
    notes = [
        (
            "The run's own threshold, on films of another manifest than it was made of. External "
            "validation only if none of them is a copy of its training films: "
            "`osteon audit --against` tells."
        ),
        *_say_counted(n_copies),
        ALONE,
    ]
    if len(rows) < len(readable):
        notes.append(
            f"{len(readable) - len(rows)} films were left out: they are files of the run's own "
            "train or tune split."
        )
    split = request.split or "all"
    return _Choice(
        manifest=manifest,
        rows=rows,
        split=split,
        notes=tuple(notes),
        independence=describe_independence(rows),
        results=f"results-{path.stem}" + (f"-{split}" if request.split else ""),
    )


def _readable(
    manifest: Manifest, split: Split | None, *, where: str
) -> tuple[tuple[ManifestRow, ...], int]:
    """Return the readable films of a split, each file once, and how many copies that left out.

    Raises:
        ManifestFault: If there is none.
    """
    files = [
        row
        for row in manifest.rows
        if row.state == "readable" and (split is None or row.split == split)
    ]
    if not files:
        raise ManifestFault(
            where, f"readable films are needed in the {split or 'whole'} split", found="none"
        )
    rows = take_each_file_once(files)
    return rows, len(files) - len(rows)


def _say_counted(n_copies: int) -> tuple[str, ...]:
    if not n_copies:
        return ()
    return (
        f"{say_count(n_copies, 'file')} equal to another byte for byte: a film is counted once.",
    )


def _check_classes(rows: Sequence[ManifestRow], split: str) -> None:
    n_fractured = sum(row.has_fracture for row in rows)
    if not 0 < n_fractured < len(rows):
        raise OneClassOnly(
            f"{split} films",
            "films with a fracture and films without are needed",
            found=f"{n_fractured} fractured of {len(rows)} readable films",
        )


def _measure(
    run: RunFolder,
    chosen: _Choice,
    rows: Sequence[ManifestRow],
    *,
    logits: Sequence[float],
    notes: tuple[str, ...],
) -> Evaluation:
    recipe = find_recipe(str(run.recipe))
    point = _read_point(run)
    answers = [describe_film(row, logit) for row, logit in zip(rows, logits, strict=True)]
    metrics = measure(
        np.array(logits),
        np.array([row.has_fracture for row in rows]),
        [row.group for row in rows],
        threshold=point.threshold,
    )
    targets = [Target(metric=name, above=above) for name, above in recipe.targets.items()]
    history = parse_history(run.history.read_text(encoding="utf-8"))
    return Evaluation(
        model=str(run.network),
        collection=", ".join(sorted({row.collection for row in rows})),
        split=chosen.split,
        metrics=metrics,
        operating_point=point,
        targets=judge_targets(targets, metrics),
        subgroups=measure_subgroups(answers, threshold=point.threshold),
        history=describe_history(history),
        notes=notes,
        independence=chosen.independence,
    )


def _read_point(run: RunFolder) -> OperatingPoint:
    facts = read_json(run.operating_point)
    return OperatingPoint(
        **{
            **facts,
            "threshold": Logit(facts["threshold"]),
            "sensitivity": Proportion(**facts["sensitivity"]),
            "specificity": Proportion(**facts["specificity"]),
        }
    )


def _write_results(
    evaluation: Evaluation,
    metrics: Metrics,
    rows: Sequence[ManifestRow],
    *,
    logits: Sequence[float],
    folder: Path,
) -> None:
    threshold = metrics.threshold
    write_json(evaluation, folder / "metrics.json")
    write_metrics_summary(metrics, folder / "metrics_summary.csv")
    write_classification_report(evaluation, folder / "classification_report.txt")
    write_rows(
        PREDICTION_COLUMNS,
        (
            (row.path, row.film_id, row.group, row.has_fracture, logit, logit >= threshold)
            for row, logit in zip(rows, logits, strict=True)
        ),
        folder / "predictions.csv",
    )
