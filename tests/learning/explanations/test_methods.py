"""What an explanation points at, on networks whose reasons are known."""

import pytest
import torch
from torch import nn

from osteon.errors import SettingsFault
from osteon.learning.explanations.feature_maps import MapLayer, find_map_layers, tap_layer
from osteon.learning.explanations.methods import METHODS, explain, has_own_map
from osteon.learning.export.evidence import measure_grad_cam
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.recipes import find_recipe

SIDE = 48
SPOT = (slice(18, 24), slice(30, 36))
"""Inside one cell of LIME."""

WITHOUT_MASKS = METHODS[1:]


def build_spot_network(*, is_max=False):
    """Return a network that answers with the brightness of a film, less twice its darkness."""
    looks = nn.Conv2d(1, 2, 1)
    looks.weight.data = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
    looks.bias.data = torch.tensor([0.0, 0.5])
    pool = nn.AdaptiveMaxPool2d(1) if is_max else nn.AdaptiveAvgPool2d(1)
    backbone = nn.Sequential(looks, nn.ReLU(inplace=True), nn.MaxPool2d(2), pool, nn.Flatten())
    head = nn.Linear(2, 1)
    head.weight.data, head.bias.data = torch.tensor([[3.0, -6.0]]), torch.zeros(1)
    return FractureNetwork(backbone, head, mean=0.0, std=1.0).eval()


def draw_spots(n_films=1):
    films = torch.full((n_films, 1, SIDE, SIDE), 0.5)
    films[:, :, SPOT[0], SPOT[1]] = 1.0
    films[:, :, 4:8, 4:8] = 0.0  # dark: it speaks against
    return films


def build_recipe(name, side=64):
    recipe = find_recipe(name, {"preparation.rows": str(side), "preparation.columns": str(side)})
    torch.manual_seed(0)
    network = build_network(recipe, download=False).eval()
    chance = torch.Generator().manual_seed(1)
    return network, torch.rand(2, recipe.preparation.channels, side, side, generator=chance)


@pytest.mark.parametrize("method", WITHOUT_MASKS)
def test_every_method_points_at_what_the_network_answers_to(method):
    """The bright spot is highest, the dark one, which speaks against, is lowest."""
    (found,) = explain(build_spot_network(), draw_spots(), method=method)
    assert found.shape == (SIDE, SIDE)
    assert found.dtype == torch.float32
    assert float(found.min()) >= 0
    row, column = divmod(int(found.argmax()), SIDE)
    assert SPOT[0].start <= row < SPOT[0].stop
    assert SPOT[1].start <= column < SPOT[1].stop
    assert float(found[4:8, 4:8].mean()) < 0.6 * float(found[SPOT].mean())


@pytest.mark.parametrize("method", WITHOUT_MASKS)
def test_a_film_is_explained_alike_in_any_company(method):
    """Two equal films in one batch have equal maps, those of a film alone."""
    network = build_spot_network()
    torch.manual_seed(5)
    state = torch.get_rng_state()
    alone = explain(network, draw_spots(), method=method)
    assert torch.equal(state, torch.get_rng_state())  # chance is ours, not the process's
    pair = explain(network, draw_spots(2), method=method)
    assert torch.allclose(pair[0], alone[0], atol=1e-5)
    assert torch.allclose(pair[1], alone[0], atol=1e-5)


@pytest.mark.parametrize("name", ["cnn4-small", "mobilenetv2"])
def test_grad_cam_is_the_evidence_that_is_shipped(name):
    """Captum's and the exported one, which is checked against autograd, are the same map."""
    network, films = build_recipe(name)
    network.head[-1].weight.data.abs_()
    expected = measure_grad_cam(network, films)[1]
    assert float(expected.max()) > 0
    found = explain(network, films, method="grad-cam")
    stretched = nn.functional.interpolate(expected[:, None], size=(64, 64), mode="bilinear")[:, 0]
    assert torch.allclose(found, stretched, atol=1e-6)


def test_grad_cam_plus_plus_by_hand():
    """A mean over N places with weight w: each place weighs w/N · 1/(2 + w/N · the map's sum)."""
    (found,) = explain(build_spot_network(), draw_spots(), method="grad-cam++")
    n_places, total = 24 * 24, float(nn.functional.max_pool2d(draw_spots(), 2).sum())
    slope = 3.0 / n_places
    weight = n_places * slope / (2 + slope * total)
    # The channel of the dark has a negative gradient everywhere, so that only the other counts.
    assert float(found[SPOT].max()) == pytest.approx(weight * 1.0, rel=1e-4)


def test_layer_cam_keeps_to_the_place_that_was_heard():
    """Behind a maximum one place alone has a gradient; Grad-CAM spreads it over the film."""
    films = draw_spots()
    films[:, :, 20, 32] = 1.2
    network = build_spot_network(is_max=True)
    places = explain(network, films, method="layer-cam")[0]
    spread = explain(network, films, method="grad-cam")[0]
    assert float(places[20, 32]) > 0
    assert float(places[36:, :24].max()) == 0
    assert float(spread[36:, :24].max()) > 0


def test_layer_cam_hears_what_speaks_for_it_alone():
    """Where one channel speaks for and another against, the first is shown and not their sum."""
    films = draw_spots()
    films[:, :, 40:44, 4:8] = 0.25  # 3 x 0.25 for it, 6 x 0.25 against it
    network = build_spot_network()
    assert float(explain(network, films, method="grad-cam")[0, 41:43, 5:7].max()) == 0
    assert float(explain(network, films, method="layer-cam")[0, 41:43, 5:7].min()) > 0


def test_finer_stages_sharpen_layer_cam():
    """The last map of this network has 24 cells a side, the one before it 48."""
    network = build_spot_network()
    layers = find_map_layers(network, draw_spots())
    assert [layer.grid for layer in layers] == [(48, 48), (24, 24)]
    joined = explain(network, draw_spots(), method="layer-cam stages")
    assert not torch.allclose(joined, explain(network, draw_spots(), method="layer-cam"))
    assert float(joined.max()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++", "layer-cam", "layer-cam stages"])
def test_a_transformer_is_explained_on_its_grid_of_patches(method):
    """Sixteen pixels a patch, the class token left out; what the last block reads is looked at."""
    network, films = build_recipe("vit")
    layers = find_map_layers(network, films[:1])
    assert {layer.grid for layer in layers} == {(4, 4)}
    assert layers[-1].module is network.backbone.blocks[-2]
    with torch.no_grad():
        before = network(films)
    found = explain(network, films, method=method)
    assert found.shape == (2, 64, 64)
    assert float(found.max()) > 0
    with torch.no_grad():
        assert torch.equal(before, network(films))  # nothing of the tap is left


def test_a_tap_lays_tokens_row_by_row():
    """With a class token, token 1 + 3 r + c of a 2 × 3 grid is place (r, c), and goes on so."""
    layer = MapLayer(module=nn.Identity(), grid=(2, 3), has_tokens=True, n_others=1)
    tokens = torch.arange(14.0).view(1, 7, 2)
    with tap_layer(layer) as tap:
        assert torch.equal(layer.module(tokens), tokens)
    assert tap.seen.shape == (1, 2, 2, 3)
    assert tap.seen[0, :, 1, 2].tolist() == tokens[0, 6].tolist()
    assert tap.seen[0, :, 0, 1].tolist() == tokens[0, 2].tolist()


def test_a_tap_keeps_what_a_later_layer_overwrites():
    """The map is the layer's, with the negative places that the next one cuts off in place."""
    network = build_spot_network()
    with tap_layer(MapLayer(module=network.backbone[0], grid=(SIDE, SIDE))) as tap:
        network(draw_spots().requires_grad_())
    assert float(tap.seen.detach().min()) == -0.5


@pytest.mark.parametrize("method", WITHOUT_MASKS)
def test_a_network_is_left_as_it_was(method):
    """No hook, no gradient and no changed weight stays behind."""
    network = build_spot_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    explain(network, draw_spots(), method=method)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
    assert all(weight.grad is None for weight in network.parameters())


def test_frozen_weights_do_not_hinder_an_explanation():
    """A network whose weights need no gradient has the same map."""
    network = build_spot_network()
    expected = explain(network, draw_spots(), method="layer-cam")
    network.requires_grad_(requires_grad=False)
    assert torch.equal(explain(network, draw_spots(), method="layer-cam"), expected)
    assert torch.equal(
        explain(network, draw_spots(), method="grad-cam"),
        explain(build_spot_network(), draw_spots(), method="grad-cam"),
    )


def test_a_map_learnt_from_masks_is_the_network_s_own():
    """Probabilities in [0, 1], of the marks that it was taught."""
    network, films = build_recipe("osteon-1")
    assert has_own_map(network, films[:1])
    found = explain(network, films, method="own")
    with torch.no_grad():
        marks = network.look(films).marks
    assert found.shape == (2, 64, 64)
    assert float(found.max()) <= 1
    assert float(found.mean()) == pytest.approx(float(torch.sigmoid(marks).mean()), rel=0.05)
    assert float(explain(network, films, method="grad-cam").max()) >= 0


def test_a_network_without_masks_has_no_map_of_its_own():
    """It is said which methods there are instead."""
    network = build_spot_network()
    assert not has_own_map(network, draw_spots())
    with pytest.raises(SettingsFault, match=r"trained without masks.*grad-cam, grad-cam"):
        explain(network, draw_spots(), method="own")


def test_a_network_that_is_still_learning_is_not_explained():
    """Dropout and batch statistics would explain another answer."""
    with pytest.raises(SettingsFault, match="evaluation mode"):
        explain(build_spot_network().train(), draw_spots(), method="grad-cam")


def test_a_network_without_maps_says_what_explains_it():
    """A backbone of numbers alone has no place to point at; covering it needs none."""
    backbone = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 4))
    network = FractureNetwork(backbone, nn.Linear(4, 1), mean=0.0, std=1.0).eval()
    with pytest.raises(SettingsFault, match="Occlusion and LIME explain any network"):
        explain(network, draw_spots(), method="grad-cam")
    assert explain(network, draw_spots(), method="occlusion").shape == (1, SIDE, SIDE)
