"""Training: it learns, it resumes to the same weights, and it refuses what would mislead."""

import json
import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch

from osteon.collection.manifest import read_manifest, write_manifest
from osteon.errors import (
    CheckpointMismatch,
    LeakFound,
    ManifestFault,
    NothingToResume,
    OneClassOnly,
    OutputFault,
    SettingsFault,
    TrainingDiverged,
)
from osteon.inference.network import Network
from osteon.jobs.evaluate import EvaluationRequest, evaluate
from osteon.jobs.import_ import import_films
from osteon.jobs.train import TrainingRequest, is_drawn, train
from osteon.learning.recipes import Recipe, find_recipe
from osteon.phantoms.collection import write_phantoms
from osteon.radiographs.films import read_film
from osteon.runs import RunFolder, parse_history
from osteon.settings import read_settings
from tests.jobs.conftest import ONE_THREAD, TINY


def request(manifest_path, out, **changes):
    asked = {"recipe": "cnn4-small", "overrides": TINY, "machine": ONE_THREAD} | changes
    return TrainingRequest(manifest=manifest_path, out=out, **asked)


def weights_of(run):
    return torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["network"]


def same(these, those):
    return all(torch.equal(these[key], those[key]) for key in these)


def test_a_run_folder_holds_all_that_it_was_made_from(trained, manifest_path):
    """Recipe with defaults, manifest, facts, history, checkpoints, network, operating point."""
    run = RunFolder(path=trained.run)
    assert read_settings(run.recipe, Recipe) == find_recipe("cnn4-small", TINY)
    assert read_manifest(run.manifest).rows == read_manifest(manifest_path).rows
    facts = run.read_facts()
    assert facts["ended"] == "all epochs"
    assert {"osteon", "torch", "onnxruntime", "python"} <= set(facts["versions"])
    assert parse_history(run.history.read_text()) == trained.history
    assert {path.name for path in run.checkpoints.iterdir()} == {"best.ckpt", "last.ckpt"}
    assert json.loads(run.operating_point.read_text())["chosen_on"] == "tune"
    assert not list(trained.run.rglob("*.part*"))


def test_the_network_learns_from_drawn_films(trained):
    """Training loss falls; a loop that does not learn would leave it where it was."""
    assert trained.history[-1].train_loss < trained.history[0].train_loss


def test_the_exported_network_says_fracture_by_name(trained, manifest_path):
    """A high logit means a fracture, and the file itself says so."""
    detector = Network.load(trained.network, threads=1)
    assert detector.card.positive_class == "fracture"
    assert detector.card.recipe == "cnn4-small"
    inputs = onnxruntime.InferenceSession(str(trained.network)).get_inputs()
    assert inputs[0].shape[1:] == [1, 16, 16]


def test_the_exported_network_gives_the_checkpoint_s_logits(trained, manifest_path):
    """What is read through ONNX is what torch's best weights say, film by film."""
    from osteon.learning.networks.build import build_network
    from osteon.radiographs.preparation import prepare

    network = build_network(find_recipe("cnn4-small", TINY)).eval()
    network.load_state_dict(weights_of(trained.run))
    detector = Network.load(trained.network, threads=1)
    manifest = read_manifest(manifest_path)
    for row in manifest.rows[:6]:
        film = read_film(manifest.films_path(row))
        tensor = torch.from_numpy(prepare(film, detector.card.preparation)[np.newaxis])
        with torch.no_grad():
            assert detector.measure_logit(film) == pytest.approx(float(network(tensor)), abs=1e-4)


def test_a_run_stopped_at_any_step_resumes_to_the_same_weights(trained, manifest_path, tmp_path):
    """Ctrl-C in the middle of an epoch, then --resume: same weights, same history."""

    def press_ctrl_c(what, done, total):
        if what == "epoch 2 of 3" and done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    stopped = train(request(manifest_path, tmp_path / "run"), progress=press_ctrl_c)
    assert stopped.ended == "stopped"
    assert len(stopped.history) == 1
    assert stopped.network.is_file()  # what was reached is usable
    resumed = train(request(manifest_path, tmp_path / "run", resume=True))
    assert resumed.ended == "all epochs"
    assert same(weights_of(tmp_path / "run"), weights_of(trained.run))
    for ours, theirs in zip(resumed.history, trained.history, strict=True):
        assert replace(ours, seconds=0) == replace(theirs, seconds=0)


def test_a_network_that_learns_places_resumes_to_the_same_weights_too(limbs_path, tmp_path):
    """Drawn films, close-ups, small first epochs, running mean, one-cycle: all of it goes on."""
    small = {
        "preparation.rows": "64",
        "preparation.columns": "64",
        "network.pretrained": "false",
        "schedule.epochs": "3",
        "schedule.small_epochs": "1",
        "schedule.batch": "8",
        "sampling.films": "24",
    }

    def press_ctrl_c(what, done, total):
        if what == "epoch 2 of 3" and done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    asked = {"recipe": "osteon-1", "overrides": small}
    whole = train(request(limbs_path, tmp_path / "whole", **asked))
    stopped = train(request(limbs_path, tmp_path / "run", **asked), progress=press_ctrl_c)
    assert stopped.best_epoch == 0  # an epoch on small films is no candidate
    assert stopped.network is None
    resumed = train(request(limbs_path, tmp_path / "run", resume=True, **asked))
    assert resumed.best_epoch == whole.best_epoch > 1
    assert same(weights_of(tmp_path / "run"), weights_of(tmp_path / "whole"))
    last = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert not same(last["live"], last["network"])  # what is read with is the mean
    assert last["optimiser"]["param_groups"][0]["lr"] < 1e-4  # one cycle, nearly done
    assert Network.load(resumed.network).card.evidence == "map"


def test_boxes_and_hard_films_resume_to_the_same_weights_too(limbs_path, tmp_path):
    """Stopped in an epoch whose films were drawn by their last loss, it draws them again."""
    small = {
        "preparation.rows": "64",
        "preparation.columns": "64",
        "network.pretrained": "false",
        "schedule.epochs": "4",
        "schedule.small_epochs": "1",
        "schedule.batch": "8",
        "sampling.films": "24",
        "loss.consistency_weight": "0.1",
        "loss.consistency_films": "2",
    }

    def press_ctrl_c(what, done, total):
        if what == "epoch 3 of 4" and done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    asked = {"recipe": "osteon-2", "overrides": small}
    whole = train(request(limbs_path, tmp_path / "whole", **asked))
    train(request(limbs_path, tmp_path / "run", **asked), progress=press_ctrl_c)
    last = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert len(last["hardness"].unique()) > 4  # what the third epoch's draw hangs on
    resumed = train(request(limbs_path, tmp_path / "run", resume=True, **asked))
    assert resumed.best_epoch == whole.best_epoch > 1
    assert same(weights_of(tmp_path / "run"), weights_of(tmp_path / "whole"))
    live = [
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)
        for name in ("run", "whole")
    ]
    assert same(live[0]["live"], live[1]["live"])
    assert torch.equal(live[0]["hardness"], live[1]["hardness"])
    assert Network.load(resumed.network).has_boxes


def test_a_finished_run_resumed_is_left_as_it_is(trained, manifest_path):
    """--resume on a finished run trains nothing more and changes no weight."""
    before = weights_of(trained.run)
    again = train(request(manifest_path, trained.run, resume=True))
    assert len(again.history) == len(trained.history)
    assert same(weights_of(trained.run), before)


def test_a_run_is_never_overwritten(trained, manifest_path):
    """A run folder that holds a run is refused without --resume."""
    with pytest.raises(OutputFault, match="--resume"):
        train(request(manifest_path, trained.run))


def test_resuming_what_was_never_begun_is_refused(manifest_path, tmp_path):
    """--resume without a run says so."""
    with pytest.raises(NothingToResume, match="without --resume first"):
        train(request(manifest_path, tmp_path / "none", resume=True))


def test_another_recipe_s_checkpoint_is_refused(trained, manifest_path):
    """A run goes on with the recipe it was begun with; each key that differs is named."""
    other = {**TINY, "optimiser.learning_rate": "0.5", "schedule.epochs": "9"}
    with pytest.raises(CheckpointMismatch) as refused:
        train(request(manifest_path, trained.run, overrides=other, resume=True))
    own = find_recipe("cnn4-small", TINY)
    assert f"optimiser.learning_rate 0.5, the run's {own.optimiser.learning_rate}" in str(
        refused.value
    )
    assert "schedule.epochs 9, the run's 3" in str(refused.value)
    assert "osteon train --resume RUN" in refused.value.advice


def test_another_collection_s_checkpoint_is_refused(trained, manifest_path, tmp_path):
    """A checkpoint goes on with the films it was made with, or not at all."""
    manifest = read_manifest(manifest_path)
    fewer = tmp_path / "fewer.parquet"
    write_manifest(replace(manifest, rows=manifest.rows[4:]), fewer)
    with pytest.raises(CheckpointMismatch, match="another collection: 4 films only in the run's"):
        train(request(fewer, trained.run, resume=True))


def test_a_run_holds_all_that_it_takes_to_go_on(manifest_path, tmp_path):
    """Its folder is enough: recipe, films, leave for leaks, precision and threads are the run's."""
    leaky(manifest_path, tmp_path)
    changes = TINY | {"schedule.epochs": "2"}

    def stop(*_):
        os.kill(os.getpid(), signal.SIGINT)

    begun = request(
        tmp_path / "leaky.parquet", tmp_path / "run", overrides=changes, allow_leak=True
    )
    assert train(begun, epoch_ended=stop).ended == "stopped"
    facts = RunFolder(path=tmp_path / "run").read_facts()
    resumed = train(TrainingRequest(out=tmp_path / "run", resume=True))
    assert resumed.ended == "all epochs"
    assert [row.epoch for row in resumed.history] == [1, 2]
    assert resumed.n_leaks == 1
    after = RunFolder(path=tmp_path / "run").read_facts()
    for name in ("machine", "recipe", "manifest_sha256", "leaks_allowed", "init_weights"):
        assert after[name] == facts[name]
    whole = train(replace(begun, out=tmp_path / "whole"))
    assert same(weights_of(tmp_path / "run"), weights_of(whole.run))


def test_weights_that_a_run_was_not_begun_with_are_refused(trained, tmp_path):
    """A file of weights at a resume is the one that it was begun with, or it is named."""
    weights = tmp_path / "other.safetensors"
    weights.write_bytes(b"other weights")
    asked = TrainingRequest(
        out=trained.run, resume=True, init_weights=weights, overrides={"schedule.batch": "4"}
    )
    with pytest.raises(CheckpointMismatch) as refused:
        train(asked)
    assert "schedule.batch 4, the run's 8" in str(refused.value)
    assert "--init-weights other.safetensors, the run's none" in str(refused.value)


def test_a_new_run_needs_a_recipe_and_a_manifest(tmp_path):
    """Nothing is guessed for a run that was never begun, resumed or not."""
    with pytest.raises(SettingsFault, match="needed to begin a run"):
        train(TrainingRequest(out=tmp_path / "none"))
    with pytest.raises(NothingToResume, match="a run is needed here"):
        train(TrainingRequest(out=tmp_path / "none", resume=True))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a checkpoint"])
def test_a_broken_checkpoint_is_refused(manifest_path, tmp_path, content):
    """A checkpoint that is empty or torn is a typed refusal, not a stranger's traceback."""
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "last.ckpt").write_bytes(content)
    with pytest.raises(CheckpointMismatch, match="a checkpoint that Osteon wrote"):
        train(request(manifest_path, tmp_path / "run", resume=True))


def test_a_loss_that_is_no_number_stops_at_once_and_names_the_batch(manifest_path, tmp_path):
    """A learning rate that explodes ends the run at that step, with the films of the batch."""
    wild = {**TINY, "optimiser.learning_rate": "1e30"}
    with pytest.raises(TrainingDiverged) as stopped:
        train(request(manifest_path, tmp_path / "run", overrides=wild))
    assert str(stopped.value).startswith("epoch 1, step ")
    assert "film" in stopped.value.advice
    assert ".png" in stopped.value.advice


def leaky(manifest_path, tmp_path):
    manifest = read_manifest(manifest_path)
    ends = {manifest.rows[0].path, manifest.rows[-1].path}
    tied = [replace(row, group="g-x") if row.path in ends else row for row in manifest.rows]
    write_manifest(replace(manifest, rows=tuple(tied)), tmp_path / "leaky.parquet")
    return tmp_path / "leaky.parquet"


def test_copies_across_the_splits_are_refused(manifest_path, tmp_path):
    """A group in train and in test is refused, and the way out is named."""
    with pytest.raises(LeakFound, match="osteon split"):
        train(request(leaky(manifest_path, tmp_path), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_collection_without_splits_is_refused(manifest_path, tmp_path):
    """A manifest that was never split cannot be trained on."""
    manifest = read_manifest(manifest_path)
    bare = tuple(replace(row, split=None) for row in manifest.rows)
    write_manifest(replace(manifest, rows=bare), tmp_path / "bare.parquet")
    with pytest.raises(ManifestFault, match="Run `osteon split` first"):
        train(request(tmp_path / "bare.parquet", tmp_path / "run"))


def test_a_split_of_one_class_is_refused(manifest_path, tmp_path):
    """Tune films that are all alike can choose nothing."""
    manifest = read_manifest(manifest_path)
    rows = tuple(row for row in manifest.rows if row.split != "tune" or row.has_fracture)
    write_manifest(replace(manifest, rows=rows), tmp_path / "one.parquet")
    with pytest.raises(OneClassOnly, match="tune split"):
        train(request(tmp_path / "one.parquet", tmp_path / "run"))


def test_a_film_that_vanishes_between_import_and_training_is_set_aside_and_named(
    manifest_path, tmp_path
):
    """One missing film does not stop a run; it is counted and named in run.json."""
    manifest = read_manifest(manifest_path)
    gone = replace(manifest.rows[0], path="gone.png", sha256="0" * 64, film_id="0" * 16)
    write_manifest(replace(manifest, rows=(*manifest.rows, gone)), tmp_path / "m.parquet")
    one_epoch = {**TINY, "schedule.epochs": "1"}
    report = train(request(tmp_path / "m.parquet", tmp_path / "run", overrides=one_epoch))
    assert report.n_set_aside == 1
    assert RunFolder(path=tmp_path / "run").read_facts()["set_aside"][0]["path"] == "gone.png"


def test_drawn_films_are_known_as_drawn_whatever_their_folder_is_called(tmp_path, manifest_path):
    """Phantoms carry their maker through import, so every number made from them can say so."""
    write_phantoms(tmp_path / "hospital", n_films=4, seed=3)
    assert is_drawn(import_films(tmp_path / "hospital").manifest)
    assert not is_drawn(read_manifest(manifest_path))


def test_a_leak_that_nobody_looked_for_is_no_zero(trained, manifest_path, tmp_path):
    """An audited collection has counted leaks; of another the counts are null, and it is said."""
    facts = RunFolder(path=trained.run).read_facts()
    assert facts["copies_looked_for"] is True
    assert (facts["leaks_allowed"], facts["test_films_in_leaks"]) == (0, 0)
    assert facts["audit"].startswith("2026-11-29 osteon")
    assert facts["films_without_patient"] == 60
    manifest = read_manifest(manifest_path)
    rows = tuple(replace(row, audit=None) for row in manifest.rows)
    write_manifest(replace(manifest, rows=rows), tmp_path / "bare.parquet")
    one_epoch = {**TINY, "schedule.epochs": "1"}
    report = train(request(tmp_path / "bare.parquet", tmp_path / "run", overrides=one_epoch))
    assert not report.independence.copies_looked_for
    facts = RunFolder(path=tmp_path / "run").read_facts()
    assert facts["copies_looked_for"] is False
    assert facts["leaks_allowed"] is facts["test_films_in_leaks"] is facts["audit"] is None
    evaluated = evaluate(EvaluationRequest(run=tmp_path / "run"))
    for name in ("classification_report.txt", "metrics.json"):
        text = " ".join((evaluated.results / name).read_text().split())
        assert "Copies were never looked for among these films" in text


def test_a_copy_byte_for_byte_is_learnt_from_once(manifest_path, tmp_path):
    """A twin adds no weight: the network is the same as without it, and the counts are too."""
    manifest = read_manifest(manifest_path)
    folder = tmp_path / "films"
    shutil.copytree(manifest.root, folder)
    twins = []
    for row in (manifest.rows[0], manifest.rows[40]):  # of train and of tune
        shutil.copy(folder / row.path, folder / f"z-{row.path}")
        twins.append(replace(row, path=f"z-{row.path}"))
    one_epoch = {**TINY, "schedule.epochs": "1"}
    runs = []
    for name, rows in (("one", manifest.rows), ("two", (*manifest.rows, *twins))):
        write_manifest(replace(manifest, rows=rows, root=folder), tmp_path / f"{name}.parquet")
        runs.append(
            train(request(tmp_path / f"{name}.parquet", tmp_path / name, overrides=one_epoch))
        )
    assert same(weights_of(runs[0].run), weights_of(runs[1].run))
    assert [run.n_copies for run in runs] == [0, 2]
    counts = RunFolder(path=runs[1].run).read_facts()["splits"]
    assert counts["train"] == {"films": 36, "fractured": 18, "copies_byte_for_byte": 1}
