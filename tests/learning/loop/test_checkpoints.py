"""A checkpoint is whole, ours, and never a pickle that runs code."""

import pickle

import pytest
import torch

from osteon.errors import CheckpointMismatch, NothingToResume, OutputFault
from osteon.learning.loop.checkpoints import continue_recipe, read_checkpoint, write_checkpoint
from osteon.learning.recipes import find_recipe

STATE = {"identity": {"recipe": "abc"}, "weights": torch.arange(3.0), "history": [{"epoch": 1}]}


class Hostile:
    """Would write a file when unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_what_was_written_is_read(tmp_path):
    """Tensors, numbers and lists come back as they were."""
    write_checkpoint(STATE, tmp_path / "deep" / "last.ckpt")
    state = read_checkpoint(tmp_path / "deep" / "last.ckpt", identity={"recipe": "abc"})
    assert torch.equal(state["weights"], STATE["weights"])
    assert state["history"] == STATE["history"]


def test_a_write_that_breaks_leaves_the_old_checkpoint(tmp_path):
    """When writing breaks half-way, the checkpoint that stood there is still whole."""
    path = tmp_path / "last.ckpt"
    write_checkpoint(STATE, path)

    class Breaks:
        def __reduce__(self):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputFault, match="must be writable"):
        write_checkpoint({"identity": {}, "bad": Breaks()}, path)
    assert torch.equal(read_checkpoint(path)["weights"], STATE["weights"])
    assert [p.name for p in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path):
    """A hostile pickle in a checkpoint's place is refused unread."""
    (tmp_path / "last.ckpt").write_bytes(pickle.dumps(Hostile(tmp_path / "owned")))
    with pytest.raises(CheckpointMismatch):
        read_checkpoint(tmp_path / "last.ckpt")
    torch.save({"version": 1, "bad": Hostile(tmp_path / "owned")}, tmp_path / "zip.ckpt")
    with pytest.raises(CheckpointMismatch):
        read_checkpoint(tmp_path / "zip.ckpt")
    assert not (tmp_path / "owned").exists()


def test_another_version_or_another_run_is_refused(tmp_path):
    """A checkpoint of another format or recipe is refused by what differs."""
    path = tmp_path / "last.ckpt"
    torch.save({**STATE, "version": 99}, path)
    with pytest.raises(CheckpointMismatch, match="version 1 is needed"):
        read_checkpoint(path)
    write_checkpoint(STATE, path)
    with pytest.raises(CheckpointMismatch, match="this recipe; found 'another recipe'"):
        read_checkpoint(path, identity={"recipe": "other"})


def test_no_checkpoint_is_nothing_to_resume(tmp_path):
    """A place without a checkpoint says so."""
    with pytest.raises(NothingToResume):
        read_checkpoint(tmp_path / "last.ckpt")


def test_a_stopped_run_needs_no_change_again():
    """What `--set` changed at first lies in the run's recipe, and is taken from there."""
    begun = find_recipe("demo", {"schedule.epochs": "3"})
    asked = find_recipe("demo")
    assert continue_recipe(asked, begun, is_changed=False, where="r") == begun
    assert continue_recipe(begun, begun, is_changed=True, where="r") == begun


@pytest.mark.parametrize(
    ("name", "changes", "key"),
    [
        ("demo", {"optimiser.learning_rate": "0.5"}, "optimiser.learning_rate"),
        ("seed-cnn4", {}, "name"),
    ],
)
def test_a_run_goes_on_with_no_other_recipe_and_hears_what_differs(name, changes, key):
    """Another network, or another value, is refused with the keys that differ."""
    asked, begun = find_recipe(name, changes), find_recipe("demo")
    with pytest.raises(CheckpointMismatch, match="another recipe") as raised:
        continue_recipe(asked, begun, is_changed=bool(changes), where="r")
    assert key in str(raised.value)
    assert "schedule.seed" not in str(raised.value)
