"""The film's answer is made of the map and the boxes that are shown."""

import io
import zipfile
from importlib.resources import files

import numpy as np
import onnx
import pytest
import torch

from osteon.errors import ParityBroken, SettingsFault
from osteon.inference.network import Network
from osteon.learning.export import network as export
from osteon.learning.export.evidence import N_BOXES
from osteon.learning.export.network import compare_boxes, export_onnx
from osteon.learning.heads.boxes import choose_boxes
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import freeze_backbone
from osteon.learning.networks.localiser import EvidenceHead, LocalisingNetwork
from osteon.learning.networks.summary import list_layers
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


@pytest.fixture(scope="module")
def boxed():
    """A network with a box head."""
    torch.manual_seed(0)
    return build_network(find_recipe("osteon-2", TINY), download=False).eval()


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


def test_a_network_without_a_box_head_is_the_one_it_always_was(network):
    """Every weight of the released osteon-1 has its place, by name and shape, and none is new."""
    released = files("osteon.inference") / "data" / "osteon-1.osteon"
    with zipfile.ZipFile(io.BytesIO(released.read_bytes())) as file:
        graph = onnx.load_from_string(file.read("model.onnx")).graph
    shipped = {
        one.name.removeprefix("network."): tuple(one.dims)
        for one in graph.initializer
        if one.name.startswith("network.") and not one.name.endswith("_bias")  # of folded norms
    }
    ours = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert len(shipped) > 50
    assert {name: ours.get(name) for name in shipped} == shipped
    # batch norms are folded into the convolutions before them when a network is exported
    folded = {name for name in ours if name not in shipped}
    assert not [name for name in folded if name.startswith(("boxes", "head.local.1"))]
    with torch.no_grad():
        assert network.look(torch.rand(2, 1, 64, 64)).boxes is None


@torch.no_grad()
def test_a_box_head_reads_the_two_finest_maps(boxed):
    """16 x 16 cells of stride 4, then 8 x 8 of stride 8, beside the map and the logit."""
    look = boxed.look(torch.rand(3, 1, 64, 64))
    assert look.boxes.scores.shape == (3, 16 * 16 + 8 * 8)
    assert look.marks.shape == (3, 16, 16)


@torch.no_grad()
def test_the_highest_scores_of_boxes_move_the_film_s_logit(boxed):
    """A network that is surer of a box is surer of the film, or less sure: not indifferent."""
    films = torch.rand(2, 1, 64, 64)
    before = boxed.look(films)
    boxed.boxes.score.bias += 3.0
    after = boxed.look(films)
    boxed.boxes.score.bias -= 3.0
    torch.testing.assert_close(after.branches[1], before.branches[1])
    assert float((after.branches[0] - before.branches[0]).abs().min()) > 1e-4


def test_the_exported_file_gives_boxes_in_the_same_pass(boxed, tmp_path):
    """ONNX gives logit, map and the best-scored boxes, as torch does."""
    films = np.random.default_rng(0).random((3, 1, 64, 64), dtype=np.float32)
    recipe = find_recipe("osteon-2", TINY)
    card = NetworkCard(recipe="osteon-2", preparation=recipe.preparation, evidence="map")
    export_onnx(boxed, card, tmp_path / "n.onnx", films=films)
    exported = Network.load(tmp_path / "n.onnx")
    assert exported.has_boxes
    outputs = exported.look(films)
    with torch.no_grad():
        look = boxed.look(torch.from_numpy(films))
        ours = choose_boxes(look.boxes, N_BOXES).numpy()
    np.testing.assert_allclose(outputs.logits, look.logits.numpy(), atol=1e-4)
    np.testing.assert_allclose(outputs.evidence, torch.sigmoid(look.marks).numpy(), atol=1e-4)
    assert outputs.boxes.shape == ours.shape == (3, 300, 5)
    assert max(map(compare_boxes, ours, outputs.boxes)) < 1.0
    logits, evidence = exported.answer(films)
    np.testing.assert_array_equal(logits, outputs.logits)
    np.testing.assert_array_equal(evidence, outputs.evidence)


def test_boxes_that_onnx_gives_differently_are_not_exported(boxed, tmp_path, monkeypatch):
    """Where a box differs beyond the promise nothing is left at the place."""
    films = np.random.default_rng(0).random((2, 1, 64, 64), dtype=np.float32)
    recipe = find_recipe("osteon-2", TINY)
    card = NetworkCard(recipe="osteon-2", preparation=recipe.preparation, evidence="map")
    monkeypatch.setattr(export, "compare_boxes", lambda ours, theirs: 1.01)
    with pytest.raises(ParityBroken, match="boxes to once what"):
        export_onnx(boxed, card, tmp_path / "n.onnx", films=films)
    assert not list(tmp_path.iterdir())


def test_boxes_are_compared_with_their_likest():
    """Two that changed places agree; one that is moved by a pixel, or missing, does not."""
    chance = np.random.default_rng(0)
    ours = np.column_stack([chance.random((20, 4)) * 60, np.linspace(0.9, 0.1, 20)])
    ours = ours.astype(np.float32)
    ours[5, 4] = ours[4, 4] - 1e-6
    swapped = ours[[*range(4), 5, 4, *range(6, 20)]]
    assert compare_boxes(ours, swapped) <= 1.0
    moved = ours.copy()
    moved[3, 0] += 1.0
    assert compare_boxes(ours, moved) > 1.0
    lacking = ours[[0, 0, *range(2, 20)]]
    assert compare_boxes(ours, lacking) > 1.0
    assert compare_boxes(lacking, ours) > 1.0
    scored = ours.copy()
    scored[:, 4] += 0.01
    assert compare_boxes(ours, scored) > 1.0
    last = ours.copy()
    last[-1, :4] = 0.0  # another box with the same score as the last one
    assert compare_boxes(ours, last) <= 1.0


def test_a_shared_layer_is_listed_once_in_the_table_of_layers(boxed):
    """Its parameters are counted once, though every stride passes it."""
    names = [layer.name for layer in list_layers(boxed, find_recipe("osteon-2", TINY).preparation)]
    assert len(names) == len(set(names))
    assert "boxes.convolutions.0" in names
