"""What is exported is what was trained, or nothing is exported."""

import numpy as np
import onnx
import pytest
import torch

from osteon.errors import OutputFault, ParityBroken
from osteon.inference.network import Network
from osteon.learning.export import network as export
from osteon.learning.export.network import export_onnx
from osteon.learning.networks.build import build_network
from osteon.learning.recipes import find_recipe
from osteon.release import NetworkCard

TINY = {"preparation.rows": "32", "preparation.columns": "32"}


def network_and_card(name="cnn4-small"):
    recipe = find_recipe(name, TINY)
    torch.manual_seed(0)
    network = build_network(recipe, download=False).eval()
    return network, NetworkCard(recipe=name, preparation=recipe.preparation)


def films(n, channels=1):
    return np.random.default_rng(0).random((n, channels, 32, 32), dtype=np.float32)


@pytest.mark.parametrize("name", ["cnn4-small", "cnn4-attention", "seed-cnn2"])
def test_the_file_answers_as_torch_does(tmp_path, name):
    """Largest difference of a logit over the films stays within the promise, one file, no rest."""
    network, card = network_and_card(name)
    given = films(5, card.preparation.channels)
    assert export_onnx(network, card, tmp_path / "n.onnx", films=given) <= 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["n.onnx"]
    onnx.checker.check_model(str(tmp_path / "n.onnx"))
    assert Network.load(tmp_path / "n.onnx").card == card


def test_the_file_gives_logit_and_evidence_in_one_pass(tmp_path):
    """The evidence is not negative, finite, and one map per film."""
    network, card = network_and_card()
    export_onnx(network, card, tmp_path / "n.onnx", films=films(3))
    logits, evidence = Network.load(tmp_path / "n.onnx").answer(films(3))
    assert logits.shape == (3,)
    assert evidence.shape == (3, 2, 2)
    assert np.isfinite(evidence).all()
    assert evidence.min() >= 0


def test_the_same_weights_give_the_same_bytes_which_name_no_machine(tmp_path):
    """Exported twice, a network is one file twice, without a path or a trace in it."""
    network, card = network_and_card()
    export_onnx(network, card, tmp_path / "a.onnx", films=films(2))
    export_onnx(network, card, tmp_path / "b.onnx", films=films(2))
    first = (tmp_path / "a.onnx").read_bytes()
    assert first == (tmp_path / "b.onnx").read_bytes()
    assert b"/osteon/" not in first
    assert b".py" not in first


def test_a_network_that_onnx_answers_differently_is_not_exported(tmp_path, monkeypatch):
    """Where they differ beyond the promise nothing is left at the place."""
    network, card = network_and_card()
    monkeypatch.setattr(export, "MAX_LOGIT_DIFFERENCE", -1.0)
    with pytest.raises(ParityBroken, match="must agree"):
        export_onnx(network, card, tmp_path / "n.onnx", films=films(2))
    assert not list(tmp_path.iterdir())


def test_evidence_that_onnx_gives_differently_is_not_exported(tmp_path, monkeypatch):
    """The map is held to its own promise; of few films, to that of every one."""
    network, card = network_and_card()
    monkeypatch.setattr(export, "MAX_EVIDENCE_DIFFERENCE", -1.0)
    with pytest.raises(ParityBroken, match="evidence's peak on 2 films"):
        export_onnx(network, card, tmp_path / "n.onnx", films=films(2))
    assert not list(tmp_path.iterdir())


def test_weights_that_are_no_numbers_are_not_exported(tmp_path):
    """A network with a weight that is not a number is refused."""
    network, card = network_and_card()
    with torch.no_grad():
        network.head[-1].weight.fill_(float("nan"))
    with pytest.raises(ParityBroken):
        export_onnx(network, card, tmp_path / "n.onnx", films=films(2))
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    """A file where a folder is needed is a typed refusal."""
    (tmp_path / "taken").write_text("a file")
    network, card = network_and_card()
    with pytest.raises(OutputFault, match="can be written"):
        export_onnx(network, card, tmp_path / "taken" / "n.onnx", films=films(2))
