"""What was hoped for, against what was measured: met, missed, or not decided by these films."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from osteon.errors import SettingsFault
from osteon.statistics.metrics import Metric, Metrics

Verdict = Literal["met", "missed", "undecided"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A hope, declared before measuring.

    Attributes:
        metric: Name of a metric, such as "sensitivity".
        above: The number that it should exceed, in [0, 1].
    """

    metric: str
    above: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetResult:
    """A hope and what became of it.

    Attributes:
        target: The hope.
        measured: The metric, with its interval.
        verdict: "met" where the whole interval lies above the target, "missed" where none of it
            does, "undecided" otherwise: the films cannot tell.
    """

    target: Target
    measured: Metric
    verdict: Verdict


def judge_targets(targets: Iterable[Target], metrics: Metrics) -> tuple[TargetResult, ...]:
    """Return every target with its verdict, in the order given.

    Args:
        targets: The recipe's targets.
        metrics: What was measured.

    Raises:
        SettingsFault: If a target names no metric.
    """
    by_name = {metric.name: metric for metric in metrics.listed}
    results = []
    for target in targets:
        if target.metric not in by_name:
            raise SettingsFault(
                f"targets.{target.metric}",
                "must be one of " + ", ".join(by_name),
                found=target.metric,
            )
        measured = by_name[target.metric]
        results.append(
            TargetResult(target=target, measured=measured, verdict=_judge(measured, target.above))
        )
    return tuple(results)


def _judge(metric: Metric, above: float) -> Verdict:
    if metric.interval is None:
        return "undecided"
    if metric.interval.low > above:
        return "met"
    return "missed" if metric.interval.high <= above else "undecided"
