"""`classification_report.txt`: what was measured, for a person who has nothing but this page."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from osteon.evaluation.decisions import CALLED, DecisionMetrics
from osteon.evaluation.operating_point import OperatingPoint
from osteon.evaluation.subgroups import SubgroupRow
from osteon.evaluation.targets import TargetResult
from osteon.files import write_whole
from osteon.release.card import Independence
from osteon.statistics.metrics import Metric, Metrics
from osteon.wording import name_collection, say_count, say_films, say_share

WIDTH = 96
FEW_GROUPS = 30
"""Below so many groups a bootstrap's intervals are known to be too narrow."""

RULES = {
    "youden": "where sensitivity and specificity together were largest on {films} (Youden)",
    "equal-error": "where sensitivity and specificity were nearest each other on {films} (equal"
    " error rate)",
    "half": "where the sigmoid is 0.5, as the seeds had it, and was chosen on no film",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Everything that was measured of one model on one set of films.

    Attributes:
        model: What was measured, such as "runs/first/models/best_model.onnx".
        collection: On which collection.
        split: On which split of it.
        metrics: The numbers: of a run at its one threshold, of a release at its two limits.
        operating_point: Where the threshold came from; None where it was simply given.
        targets: Hopes and what became of them.
        subgroups: The error analysis.
        history: The training, in words.
        notes: Whatever the reader must know: leaks that were allowed, drawn films, what was chosen
            on the same films, and whether copies were looked for.
        independence: Of the films that count together; None where nobody recorded it.
    """

    model: str
    collection: str
    split: str
    metrics: Metrics | DecisionMetrics
    operating_point: OperatingPoint | None = None
    targets: tuple[TargetResult, ...] = ()
    subgroups: tuple[SubgroupRow, ...] = ()
    history: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    independence: Independence | None = None


def write_classification_report(evaluation: Evaluation, path: Path) -> None:
    """Write the report as text.

    Args:
        evaluation: What was measured.
        path: Where.
    """
    write_whole(path, describe_evaluation(evaluation).encode())


def describe_evaluation(evaluation: Evaluation) -> str:
    """Return the report's text.

    Args:
        evaluation: What was measured.
    """
    parts = [
        _describe_subject(evaluation),
        *_describe_results(evaluation),
        _describe_targets(evaluation.targets),
        _describe_subgroups(evaluation),
        _head("How the training went", [_wrap(said) for said in evaluation.history]),
        _head("To be kept in mind", [_wrap(said) for said in _gather_notes(evaluation)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_subject(evaluation: Evaluation) -> str:
    metrics = evaluation.metrics
    prevalence = say_share(metrics.prevalence.value)
    where = name_collection(evaluation.collection)
    lines = [
        f"Model       {evaluation.model}",
        f"Films       {evaluation.split} films of {where}: {say_films(metrics)}",
        f"Fractured   {metrics.n_fractured:,} of {metrics.n_films:,} (prevalence {prevalence})",
        f"Intervals   {metrics.interval_method}",
    ]
    return _head("What was measured", lines, mark="=")


def _describe_results(evaluation: Evaluation) -> tuple[str, str]:
    metrics = evaluation.metrics
    if isinstance(metrics, DecisionMetrics):
        return _describe_decisions(metrics), _describe_limits(metrics)
    return _describe_metrics(metrics), _describe_point(evaluation.operating_point, metrics)


def _describe_decisions(metrics: DecisionMetrics) -> str:
    """Return a release's numbers: three decisions, and no word that takes doubt for one of two."""
    matrix = [("", *(f'called "{called}"' for called in CALLED), "not read")]
    for name, reference, lost in zip(
        ("fracture", "no fracture"), (True, False), metrics.n_not_read, strict=True
    ):
        counts = (f"{metrics.count(reference, called):,}" for called in CALLED)
        matrix.append((name, *counts, f"{lost:,}"))
    said = (
        "Doubt is neither right nor wrong: such a film must be read by a person. Films that were "
        "not read are in no share."
    )
    rows = _lay_out_all(metrics.listed)
    return _head("Results", [*_align(rows), "", *_align(matrix), "", textwrap.fill(said, WIDTH)])


def _describe_limits(metrics: DecisionMetrics) -> str:
    low, high = metrics.cuts
    clears = (
        'No film is called "no fracture": the release does not promise that.'
        if low is None
        else f'A film is called "no fracture" below a probability of {low:.4f}.'
    )
    accuses = (
        'No film is called "fracture": the release does not promise that.'
        if high is None
        else f'A film is called "fracture" from a probability of {high:.4f} on.'
    )
    said = f"{clears} {accuses} Between the two it is left in doubt."
    return _head("Limits of the release", [textwrap.fill(said, WIDTH)])


def _lay_out_all(metrics: Sequence[Metric]) -> list[tuple[str, ...]]:
    confidence = next((m.interval.confidence for m in metrics if m.interval), 0.95)
    head = ("metric", "value", f"{100 * confidence:g} % interval", "counted", "also called")
    return [head, *(_lay_out(metric) for metric in metrics)]


def _describe_metrics(metrics: Metrics) -> str:
    counts = metrics.confusion
    rows = _lay_out_all(metrics.listed)
    matrix = [
        ("", "called fracture", "called no fracture"),
        ("fracture", f"{counts.true_positives:,}", f"{counts.false_negatives:,} missed"),
        ("no fracture", f"{counts.false_positives:,} false alarms", f"{counts.true_negatives:,}"),
    ]
    return _head("Results", [*_align(rows), "", *_align(matrix)])


def _lay_out(metric: Metric) -> tuple[str, ...]:
    if metric.value is None:
        return metric.name, "-", "-", f"not defined: {metric.reason}", metric.also_called
    interval = metric.interval
    counted = f"{metric.numerator:,} / {metric.denominator:,}".replace(".0 /", " /")
    if metric.name == "auroc":
        counted += " pairs"
    if metric.name == "f1":
        counted += " (2 TP of 2 TP + FP + FN)"
    if metric.prevalence:
        counted += f" at prevalence {say_share(metric.prevalence.value)}"
    ends = f"{interval.low:.3f} to {interval.high:.3f}" if interval else "-"
    return metric.name, f"{metric.value:.3f}", ends, counted, metric.also_called


def _describe_point(point: OperatingPoint | None, metrics: Metrics) -> str:
    said = f"A film is called fractured where its logit is at or above {metrics.threshold:+.4f}."
    if point is not None:
        rule = RULES[point.rule].format(films=point.chosen_on)
        said += (
            f" The threshold lies {rule}. On {point.chosen_on}"
            f" ({say_count(point.n_films, 'film')}, {point.n_fractured:,} fractured) it gave a"
            f" sensitivity of {say_share(point.sensitivity.value)}"
            f" ({point.sensitivity.hits:,} of {point.sensitivity.n:,}) and a specificity of"
            f" {say_share(point.specificity.value)}"
            f" ({point.specificity.hits:,} of {point.specificity.n:,})."
        )
    return _head("Operating point", [textwrap.fill(said, WIDTH)])


def _describe_targets(targets: Sequence[TargetResult]) -> str:
    if not targets:
        return ""
    rows = [("target", "measured", "interval", "verdict")]
    for result in targets:
        measured = result.measured
        interval = measured.interval
        rows.append(
            (
                f"{result.target.metric} > {result.target.above:g}",
                "-" if measured.value is None else f"{measured.value:.3f}",
                f"{interval.low:.3f} to {interval.high:.3f}" if interval else "-",
                result.verdict,
            )
        )
    lines = [
        *_align(rows),
        "Met: the whole interval lies above the target. Missed: none of it does.",
        "Undecided: these films cannot tell.",
    ]
    return _head("Targets", lines)


def _describe_subgroups(evaluation: Evaluation) -> str:
    subgroups = evaluation.subgroups
    if not subgroups:
        return ""
    is_release = isinstance(evaluation.metrics, DecisionMetrics)
    head: tuple[str, ...] = ("", "", "films", "fractured")
    if is_release:
        head += ("not cleared", "missed", "not accused", "false alarms", "in doubt")
    else:
        head += ("sensitivity", "missed", "specificity", "false alarms")
    rows, last = [head], ""
    for row in subgroups:
        cells = (
            row.covariate if row.covariate != last else "",
            row.value,
            f"{row.n_films:,}",
            f"{row.n_fractured:,}",
            _say_metric(row.sensitivity),
            f"{len(row.misses):,}",
            _say_metric(row.specificity),
            f"{len(row.false_alarms):,}",
        )
        rows.append((*cells, f"{row.n_in_doubt:,}") if is_release else cells)
        last = row.covariate
    meaning = (
        'Missed: fractured films called "no fracture"; not cleared: the share that was not.\n'
        'False alarms: others called "fracture"; not accused: the share that was not.'
    )
    lines = [
        *_align(rows),
        *(meaning.splitlines() if is_release else ()),
        "A film with two values counts under both. Many rows are many comparisons: one that stands",
        "out is a question for more films, not an answer.",
    ]
    return _head("Where it errs", lines)


def _say_metric(metric: Metric) -> str:
    if metric.value is None or metric.interval is None:
        return "-"
    return f"{metric.value:.2f} ({metric.interval.low:.2f} to {metric.interval.high:.2f})"


def _gather_notes(evaluation: Evaluation) -> tuple[str, ...]:
    metrics, notes = evaluation.metrics, list(evaluation.notes)
    groups = say_count(metrics.n_groups, "group")
    if metrics.n_groups < metrics.n_films:
        notes.append(
            f"{metrics.n_films:,} films are not {metrics.n_films:,} independent cases: they come"
            f" from {groups}, and the intervals count those."
        )
    if 0 < metrics.n_groups < FEW_GROUPS:
        notes.append(f"Only {groups}: the true intervals are wider than these.")
    return (*notes, "Research use only: not a medical device.")


def _head(title: str, lines: Sequence[str], *, mark: str = "-") -> str:
    return "\n".join([title, mark * len(title), *lines]) if lines else ""


def _wrap(said: str) -> str:
    return textwrap.fill(said, WIDTH, initial_indent="- ", subsequent_indent="  ")


def _align(rows: Iterable[Sequence[str]]) -> list[str]:
    table = list(rows)
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
