"""The film's answer is made of the map that is shown."""

import numpy as np
import pytest
import torch

from osteon.errors import SettingsFault
from osteon.inference.network import Network
from osteon.learning.export import export_onnx
from osteon.learning.fracture_network import freeze_backbone
from osteon.learning.localiser import EvidenceHead, LocalisingNetwork
from osteon.learning.networks import build_network
from osteon.learning.recipes import find_recipe
from osteon.release import NetworkCard

TINY = {"preparation.rows": "64", "preparation.columns": "64"}


@pytest.fixture(scope="module")
def recipe():
    return find_recipe("osteon-1", TINY)


@pytest.fixture(scope="module")
def network(recipe):
    torch.manual_seed(0)
    return build_network(recipe, download=False).eval()


@torch.no_grad()
def test_one_look_gives_a_logit_and_a_quarter_size_map_per_film(network):
    """The logit is the sum of the two branches; the map has one cell per 4 x 4 pixels."""
    look = network.look(torch.rand(3, 1, 64, 64))
    assert look.marks.shape == (3, 16, 16)
    assert look.logits.shape == (3,)
    torch.testing.assert_close(look.logits, look.branches[0] + look.branches[1])
    torch.testing.assert_close(network(torch.ones(2, 1, 64, 64)).shape, torch.Size([2]))


def test_the_local_branch_looks_where_the_map_points():
    """What lies at the marked place moves the local logit; what lies elsewhere does not."""
    torch.manual_seed(0)
    head = EvidenceHead(8, 4).eval()
    marks = torch.full((1, 16, 16), -9.0)
    marks[0, 4, 4] = 9.0
    fine, coarse = torch.zeros(1, 4, 16, 16), torch.zeros(1, 4, 4, 4)
    last = torch.zeros(1, 4, 2, 2)

    def local(fine_at=None, coarse_at=None):
        changed = fine.clone(), coarse.clone()
        if fine_at:
            changed[0][0, :, fine_at[0], fine_at[1]] = 5.0
        if coarse_at:
            changed[1][0, :, coarse_at[0], coarse_at[1]] = 5.0
        with torch.no_grad():
            return float(head(marks, list(changed), last)[0])

    still = local()
    assert local(fine_at=(4, 4)) != pytest.approx(still, abs=1e-3)
    assert local(coarse_at=(1, 1)) != pytest.approx(still, abs=1e-3)
    assert local(fine_at=(12, 12)) == pytest.approx(still, abs=1e-3)
    assert local(coarse_at=(3, 3)) == pytest.approx(still, abs=1e-3)


def test_the_film_teaches_the_map_and_the_map_the_film(network):
    """The logit's gradient reaches the map's last layer: the answer is made of it."""
    network.zero_grad()
    network(torch.rand(2, 1, 64, 64)).sum().backward()
    assert float(network.marks.weight.grad.abs().max()) > 0


def test_frozen_stages_keep_weights_and_statistics_while_the_rest_learns(recipe):
    """The first two stages stay as they came, batch norms too; later ones move."""
    torch.manual_seed(0)
    network = build_network(recipe, download=False).train()
    freeze_backbone(network, frozen=False, stages=2)
    before = {key: value.clone() for key, value in network.backbone.state_dict().items()}
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(torch.rand(4, 1, 64, 64)).sum().backward()
    optimiser.step()
    moved = {
        key
        for key, value in network.backbone.state_dict().items()
        if not torch.equal(value, before[key])
    }
    early = ("conv_stem", "bn1", "blocks.0", "blocks.1.")
    assert not [key for key in moved if key.startswith(early)]
    assert any(key.startswith("blocks.2.") and "running_mean" in key for key in moved)
    assert any(key.startswith("blocks.2.") and key.endswith("weight") for key in moved)


def test_the_exported_file_gives_the_learnt_map_as_probabilities(network, recipe, tmp_path):
    """ONNX answers as torch does, logit and map, in one pass."""
    films = np.random.default_rng(0).random((3, 1, 64, 64), dtype=np.float32)
    card = NetworkCard(recipe="osteon-1", preparation=recipe.preparation, evidence="map")
    export_onnx(network, card, tmp_path / "n.onnx", films=films)
    logits, evidence = Network.load(tmp_path / "n.onnx").answer(films)
    with torch.no_grad():
        look = network.look(torch.from_numpy(films))
    np.testing.assert_allclose(logits, look.logits.numpy(), atol=1e-4)
    np.testing.assert_allclose(evidence, torch.sigmoid(look.marks).numpy(), atol=1e-4)


def test_a_network_without_maps_of_every_stride_cannot_localise():
    """A transformer with tokens of one size is refused, and what would serve is named."""
    backbone = torch.nn.Linear(2, 2)
    with pytest.raises(SettingsFault, match="mobilenetv2_100 or resnet50"):
        LocalisingNetwork(backbone, width=8, mean=0.5, std=0.5)
