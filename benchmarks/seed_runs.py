"""An evaluated run of the seeds' recipes, as its folder tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osteon.collection.manifest import Manifest, read_manifest
from osteon.learning.recipes import Recipe, find_recipe
from osteon.runs import RunFolder, read_json


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One evaluated run.

    Attributes:
        name: Of the recipe.
        recipe: What was asked.
        facts: `run.json`.
        day: When it was trained, as `run.json` says, or else the date of that file.
        evaluation: `results/metrics.json`.
        manifest: The films it used.
    """

    name: str
    recipe: Recipe
    facts: Mapping[str, Any]
    day: str
    evaluation: Mapping[str, Any]
    manifest: Manifest


Pair = tuple[Result | None, Result | None]
"""A recipe on the published splits, and regrouped."""


def read_result(folder: Path, name: str) -> Result | None:
    """Return the evaluated run in a folder; None where there is none yet."""
    run = RunFolder(path=folder)
    metrics = folder / "results" / "metrics.json"
    if not metrics.is_file():
        return None
    facts = run.read_facts()
    written = datetime.fromtimestamp(run.facts.stat().st_mtime, tz=UTC)
    return Result(
        name=name,
        recipe=find_recipe(str(run.recipe)),
        facts=facts,
        day=str(facts.get("date") or written.date().isoformat()),
        evaluation=read_json(metrics),
        manifest=read_manifest(run.manifest, must_exist=False),
    )


def prevalence(result: Result) -> float:
    """Return the share of fractured films among the test films."""
    found = result.evaluation["metrics"]
    return float(found["n_fractured"] / found["n_films"])


def do_overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two metrics' intervals share a number."""
    a, b = one["interval"], other["interval"]
    return bool(a["low"] <= b["high"] and b["low"] <= a["high"])
