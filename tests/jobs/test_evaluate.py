"""Evaluation reads the shipped network, and says what its numbers are worth."""

import csv
import json
from dataclasses import replace

import pytest
from PIL import Image

from osteon.collection.manifest import read_manifest, write_manifest
from osteon.errors import LeakFound, ManifestFault, OneClassOnly, RunFault
from osteon.jobs.evaluate import EvaluationRequest, evaluate
from osteon.jobs.train import TrainingRequest, train
from tests.jobs.conftest import ONE_THREAD, TINY

FIGURES = {
    "training_curves.png",
    "confusion_matrix.png",
    "roc_curve.png",
    "sample_grid.png",
    "split_distribution.png",
    "errors_gallery.png",
}


@pytest.fixture(scope="module")
def evaluated(trained):
    return evaluate(EvaluationRequest(run=trained.run))


def test_the_test_split_is_read_and_everything_promised_is_written(evaluated):
    """Numbers for people, numbers for programs, and six figures that are real pictures."""
    assert evaluated.split == "test"
    assert evaluated.metrics.n_films == 12
    files = {path.name for path in evaluated.results.iterdir()}
    texts = {"metrics_summary.csv", "metrics.json", "classification_report.txt", "predictions.csv"}
    assert files == FIGURES | texts
    for name in FIGURES:
        with Image.open(evaluated.results / name) as figure:
            assert min(figure.size) > 300
            assert len(set(figure.convert("L").resize((64, 64)).get_flattened_data())) > 4


def test_the_numbers_follow_from_the_predictions_that_stand_beside_them(evaluated):
    """Counting predictions.csv by hand gives the sensitivity that metrics.json reports."""
    with (evaluated.results / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    fractured = [row for row in rows if row["has_fracture"] == "True"]
    found = [row for row in fractured if row["called_fracture"] == "True"]
    told = json.loads((evaluated.results / "metrics.json").read_text())["metrics"]["sensitivity"]
    assert (told["numerator"], told["denominator"]) == (len(found), len(fractured))


def test_the_operating_point_is_the_one_chosen_on_tune(evaluated, trained):
    """The test films are called at tune's threshold; they choose nothing."""
    assert evaluated.metrics.threshold == pytest.approx(trained.operating_point.threshold)
    assert "chosen on" not in " ".join(evaluated.notes)


def test_the_tune_split_is_marked_as_chosen_on(trained):
    """Numbers on tune are written elsewhere and say that they flatter."""
    report = evaluate(EvaluationRequest(run=trained.run, split="tune"))
    assert report.results.name == "results-tune"
    assert "chosen on" in " ".join(report.notes)
    assert "chosen on" in (report.results / "classification_report.txt").read_text()


def test_without_a_test_split_tune_is_read_and_it_is_said(manifest_path, tmp_path):
    """A run without test films evaluates on tune, and every result says so."""
    manifest = read_manifest(manifest_path)
    rows = tuple(row for row in manifest.rows if row.split != "test")
    write_manifest(replace(manifest, rows=rows), tmp_path / "m.parquet")
    train(
        TrainingRequest(
            recipe="cnn4-small",
            overrides={**TINY, "schedule.epochs": "1"},
            manifest=tmp_path / "m.parquet",
            out=tmp_path / "run",
            machine=ONE_THREAD,
        )
    )
    report = evaluate(EvaluationRequest(run=tmp_path / "run"))
    assert report.split == "tune"
    assert report.notes[0] == "There is no test split; the tune split was read instead."


def test_a_leak_that_was_allowed_is_said_in_every_result(manifest_path, tmp_path):
    """--allow-leak trains, and both the report and the JSON say that the numbers are inflated."""
    manifest = read_manifest(manifest_path)
    ends = {manifest.rows[0].path, manifest.rows[-1].path}
    tied = [replace(row, group="g-x") if row.path in ends else row for row in manifest.rows]
    write_manifest(replace(manifest, rows=tuple(tied)), tmp_path / "m.parquet")
    train(
        TrainingRequest(
            recipe="cnn4-small",
            overrides={**TINY, "schedule.epochs": "1"},
            manifest=tmp_path / "m.parquet",
            out=tmp_path / "run",
            allow_leak=True,
            machine=ONE_THREAD,
        )
    )
    report = evaluate(EvaluationRequest(run=tmp_path / "run"))
    for name in ("classification_report.txt", "metrics.json"):
        text = " ".join((report.results / name).read_text().split())
        assert "Trained with --allow-leak: 1 groups" in text
        assert "inflated" in text


def external(manifest_path, tmp_path, rows):
    manifest = read_manifest(manifest_path)
    write_manifest(
        replace(manifest, rows=tuple(replace(row, split=None) for row in rows), salt=None),
        tmp_path / "other.parquet",
    )
    return tmp_path / "other.parquet"


def test_another_collection_is_read_whole_without_films_that_were_learnt_from(
    trained, manifest_path, tmp_path
):
    """External validation leaves out the films of the run's own train and tune splits, aloud."""
    rows = read_manifest(manifest_path).rows
    other = external(manifest_path, tmp_path, rows)
    report = evaluate(EvaluationRequest(run=trained.run, manifest=other))
    assert report.metrics.n_films == sum(row.split == "test" for row in rows)
    assert "48 films were left out" in " ".join(report.notes)
    assert report.results.name == "results-other"


def test_a_collection_of_nothing_but_learnt_films_is_refused(trained, manifest_path, tmp_path):
    """Films that the network learnt from are no external validation."""
    learnt = [row for row in read_manifest(manifest_path).rows if row.split == "train"]
    with pytest.raises(LeakFound, match="not learnt from"):
        evaluate(
            EvaluationRequest(run=trained.run, manifest=external(manifest_path, tmp_path, learnt))
        )


def test_films_of_one_class_are_refused(trained, manifest_path, tmp_path):
    """Films that are all fractured have no specificity; the request is refused by name."""
    rows = [r for r in read_manifest(manifest_path).rows if r.split == "test" and r.has_fracture]
    other = external(manifest_path, tmp_path, rows)
    with pytest.raises(OneClassOnly, match="all films"):
        evaluate(EvaluationRequest(run=trained.run, manifest=other))


def test_a_split_that_an_unsplit_collection_does_not_have_is_refused(
    trained, manifest_path, tmp_path
):
    """Asking for the test films of a collection that was never split is refused."""
    other = external(manifest_path, tmp_path, read_manifest(manifest_path).rows)
    with pytest.raises(ManifestFault, match="test split"):
        evaluate(EvaluationRequest(run=trained.run, manifest=other, split="test"))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """A folder without a network is no run."""
    with pytest.raises(RunFault, match="is needed here"):
        evaluate(EvaluationRequest(run=tmp_path))
