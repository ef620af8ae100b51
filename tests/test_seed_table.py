"""The page on the seeds tells what the runs hold, and says what has not run."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from osteon.collection.manifest import Manifest, write_manifest
from osteon.evaluation.operating_point import choose_threshold
from osteon.learning.recipes import find_recipe, write_recipe
from osteon.reports.classification import Evaluation
from osteon.reports.tables import write_json
from osteon.statistics.metrics import measure
from osteon.terms import ManifestRow
from tests.rows import film
from tests.scripts import load_script

seed_table = load_script("seed_table")


def number_film(number: int, *, split: str, group: int) -> ManifestRow:
    is_even = number % 2 == 0
    return film(f"films/{number}.jpg", has_fracture=is_even, split=split, group=f"g-{group}")


def write_run(folder: Path, recipe: str, rows: Sequence[ManifestRow], *, skill: float) -> None:
    """A small run whose network is right by `skill` standard deviations."""
    overrides = {"preparation.rows": "96", "preparation.columns": "96", "schedule.epochs": "8"}
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(write_recipe(find_recipe(recipe, overrides)), "utf-8")
    write_manifest(Manifest(rows=tuple(rows), root=folder), folder / "manifest.parquet")
    facts = {
        "date": "2026-03-04",
        "best_epoch": 6,
        "versions": {"osteon": "0.1.0", "torch": "2.15.0", "onnxruntime": "1.31.1"},
        "machine": {"device": "cpu", "cpu": "A processor", "threads": 2, "precision": "bf16-mixed"},
    }
    (folder / "run.json").write_text(json.dumps(facts), "utf-8")
    test = [row for row in rows if row.split == "test"]
    references = np.array([row.has_fracture for row in test])
    logits = np.random.default_rng(0).normal(size=len(test)) + skill * (2.0 * references - 1)
    point = choose_threshold(logits, references, rule="half", chosen_on="tune")
    evaluation = Evaluation(
        model="best_model.onnx",
        collection="films",
        split="test",
        metrics=measure(logits, references, [r.group for r in test], threshold=point.threshold),
        operating_point=point,
    )
    write_json(evaluation, folder / "results" / "metrics.json")


@pytest.fixture
def rows() -> list[ManifestRow]:
    """Thirty training films and sixty of test, a third of which are copies of training films."""
    train = [number_film(i, split="train", group=i) for i in range(30)]
    return [*train, *(number_film(100 + i, split="test", group=i + 10) for i in range(60))]


def test_what_has_not_run_is_said_not_invented(tmp_path):
    """An empty folder gives a page without one measured number."""
    page = seed_table.build_page(tmp_path)
    assert "None of the 9 runs has ended yet" in page
    assert page.count("| **seed-cnn4** | not run yet | not run yet | |") == 1
    assert "Nothing yet" in page


def test_a_training_that_was_not_evaluated_counts_as_not_run(tmp_path, rows):
    """Without results there is nothing to tell, however far the training went."""
    write_run(tmp_path / "grouped-seed-cnn2", "seed-cnn2", rows, skill=1)
    (tmp_path / "grouped-seed-cnn2" / "results" / "metrics.json").unlink()
    assert seed_table.build_page(tmp_path) == seed_table.build_page(tmp_path / "nothing")


def test_published_and_regrouped_stand_side_by_side_with_their_copies(tmp_path, rows):
    """Each column has its films, groups and copies; the making is read from the runs."""
    write_run(tmp_path / "published-seed-cnn4", "seed-cnn4", rows, skill=2)
    apart = [replace(r, group=f"{r.split}-{r.path}") for r in rows]
    write_run(tmp_path / "grouped-seed-cnn4", "seed-cnn4", apart, skill=0.1)
    page = seed_table.build_page(tmp_path)
    assert "| of them with a copy in train | 20 of 60 | 0 of 60 |  |" in page
    assert "| test films | 60 in 60 groups, 30 fractured | 60 in 60 groups, 30 fractured |" in page
    assert "| best epoch | 6 of 8 | 6 of 8 |  |" in page
    assert "SIDE=96 EPOCHS=8 runs/seed_reproduction.sh" in page
    assert "cpu of A processor, 2 threads, bf16-mixed; 2026-03-04" in page
    assert "2 of 9 runs have results" in page


@pytest.mark.parametrize(
    ("published", "grouped", "sentence"),
    [
        (2.0, 0.1, "the intervals are apart: the published splits flatter it"),
        (0.1, 2.0, "the intervals are apart, and the published splits are the harder ones"),
        (1.0, 1.1, "the intervals overlap, so these films do not show that copies flattered it"),
    ],
)
def test_the_numbers_decide_what_is_said_of_copies(tmp_path, rows, published, grouped, sentence):
    """Copies are blamed only where the intervals leave no doubt."""
    write_run(tmp_path / "published-seed-cnn4", "seed-cnn4", rows, skill=published)
    write_run(tmp_path / "grouped-seed-cnn4", "seed-cnn4", rows, skill=grouped)
    assert sentence in seed_table.build_page(tmp_path)


@pytest.mark.parametrize(("skill", "words"), [(2.0, "better than chance"), (0.0, "not told apart")])
def test_fracatlas_is_held_against_chance_and_against_a_constant_answer(
    tmp_path, rows, skill, words
):
    """An AUROC is held against one half, an accuracy against calling no film fractured."""
    write_run(tmp_path / "honest-mobilenetv2", "mobilenetv2", rows, skill=skill)
    page = seed_table.build_page(tmp_path)
    assert words in page
    assert "50.0 % of calling no film fractured" in page


def test_a_run_without_a_date_takes_that_of_its_file(tmp_path, rows):
    """Runs from before the date was noted still say when they were made."""
    folder = tmp_path / "honest-seed-cnn2"
    write_run(folder, "seed-cnn2", rows, skill=1)
    facts = json.loads((folder / "run.json").read_text("utf-8"))
    del facts["date"]
    (folder / "run.json").write_text(json.dumps(facts), "utf-8")
    os.utime(folder / "run.json", (1e9, 1e9))
    assert seed_table.read_result(folder, "seed-cnn2").day == "2001-09-09"
