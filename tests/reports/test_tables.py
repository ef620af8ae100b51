import csv
import json
import math
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pytest

from osteon.reports.tables import COLUMNS, to_json, write_json, write_metrics_summary
from osteon.statistics.metrics import measure


@dataclass(frozen=True)
class Inner:
    share: float
    at: PurePosixPath


def test_records_become_plain_json():
    """Nested records, tuples, paths and arrays become what every program reads."""
    value = {"rows": (Inner(share=math.nan, at=PurePosixPath("a/b")),), "n": np.int64(3)}
    assert to_json(value) == {"rows": [{"share": None, "at": "a/b"}], "n": 3}
    assert to_json(np.array([1.0, np.inf])) == [1.0, None]
    assert to_json(frozenset({"b", "a"})) == ["a", "b"]
    assert to_json(True) is True


def test_metrics_survive_the_way_to_json(metrics, tmp_path):
    """What is written as JSON is read back as the same numbers, without a NaN anywhere."""
    write_json(metrics, tmp_path / "metrics.json")
    read = json.loads((tmp_path / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert read["sensitivity"]["numerator"] == 6
    assert read["sensitivity"]["interval"]["low"] == metrics.sensitivity.interval.low
    assert read["ppv"]["prevalence"] == {"hits": 8, "n": 20}
    assert read["confusion"]["false_negatives"] == 2


def test_metrics_summary_has_a_line_per_metric(metrics, tmp_path):
    """The table has every metric with its machine-learning name, numbers and interval."""
    write_metrics_summary(metrics, tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["accuracy", "sensitivity", "specificity", "ppv", "npv", "f1", "auroc"]
    assert tuple(rows["ppv"]) == COLUMNS
    assert rows["sensitivity"]["also_called"] == "recall"
    assert (rows["ppv"]["numerator"], rows["ppv"]["denominator"]) == ("6", "9")
    assert float(rows["ppv"]["prevalence"]) == 0.4
    assert rows["sensitivity"]["prevalence"] == ""
    assert float(rows["auroc"]["low"]) == metrics.auroc.interval.low


def test_a_prevalence_of_zero_is_written_as_zero(tmp_path):
    """No fracture at all is a prevalence of zero, which is not the same as an empty cell."""
    alike = measure(np.array([1.0, -1.0]), np.zeros(2, dtype=bool), [None] * 2, threshold=0)
    write_metrics_summary(alike, tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    assert float(rows["ppv"]["prevalence"]) == 0
    assert rows["sensitivity"]["value"] == rows["sensitivity"]["low"] == ""
    assert rows["sensitivity"]["reason"] == "no film has a fracture"
