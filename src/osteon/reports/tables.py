"""Numbers for programs: `metrics_summary.csv` and `metrics.json`."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from pydantic import BaseModel

from osteon.evaluation.decisions import DecisionMetrics
from osteon.files import write_whole
from osteon.statistics.metrics import Metric, Metrics

COLUMNS = (
    "metric",
    "also_called",
    "value",
    "low",
    "high",
    "confidence",
    "method",
    "numerator",
    "denominator",
    "prevalence",
    "reason",
)


def to_json(value: object) -> Any:
    """Return plain JSON values: records as objects, tuples as lists, what is no number as null.

    Args:
        value: Records, mappings, sequences, arrays, paths and plain values, nested as they come.

    Example:
        >>> to_json({"shares": (0.5, float("nan")), "at": PurePath("a/b")})
        {'shares': [0.5, None], 'at': 'a/b'}
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, PurePath):
        value = value.as_posix()
    if isinstance(value, float) and not math.isfinite(value):
        value = None
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): to_json(held) for key, held in value.items()}
    if isinstance(value, AbstractSet):
        value = sorted(value, key=str)
    if isinstance(value, Iterable):
        return [to_json(held) for held in value]
    return str(value)


def write_json(value: object, path: Path) -> None:
    """Write records as JSON.

    Args:
        value: See `to_json`.
        path: Where.
    """
    text = json.dumps(to_json(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


def write_metrics_summary(metrics: Metrics | DecisionMetrics, path: Path) -> None:
    """Write one line per metric, in the columns `COLUMNS`; what is not defined stays empty.

    Args:
        metrics: What was measured: of a run at one threshold, of a release at its two limits.
        path: Where the CSV goes.
    """
    write_rows(COLUMNS, [_lay_out(metric) for metric in metrics.listed], path)


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write a CSV with a header; None stays empty.

    Args:
        columns: The header.
        rows: One cell per column.
        path: Where.
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_whole(path, held.getvalue().encode())


def _lay_out(metric: Metric) -> tuple[object, ...]:
    interval = metric.interval
    return (
        metric.name,
        metric.also_called,
        metric.value,
        interval and interval.low,
        interval and interval.high,
        interval and interval.confidence,
        interval and interval.method,
        metric.numerator,
        metric.denominator,
        metric.prevalence and metric.prevalence.value,
        metric.reason,
    )
