"""Networks: weights come in right, and only the head learns while the backbone is frozen."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from osteon.errors import SettingsFault
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import FractureNetwork, freeze_backbone
from osteon.learning.recipes import find_recipe

SMALL = {"preparation.rows": "32", "preparation.columns": "32"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """Weights of MobileNetV2 in half precision, with an ImageNet head, as `../shared/weights`."""
    torch.manual_seed(0)
    model = timm.create_model("mobilenetv2_100", pad_type="same")
    state = {
        key: value.half() if value.ndim == 4 else value for key, value in model.state_dict().items()
    }
    file = tmp_path_factory.mktemp("weights") / "w.safetensors"
    save_file({key: value.contiguous() for key, value in state.items()}, str(file))
    return file


def test_a_grey_film_means_the_same_to_a_summed_stem_as_three_equal_channels(weights):
    """One channel through the summed stem gives the features of three equal channels."""
    one = build_network(find_recipe("mobilenetv2", SMALL), init_weights=weights).eval()
    three = build_network(
        find_recipe("mobilenetv2", {**SMALL, "preparation.channels": "3"}), init_weights=weights
    ).eval()
    film = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(
            one.backbone(film), three.backbone(film.expand(-1, 3, -1, -1)), atol=1e-4, rtol=1e-3
        )


def test_weights_are_cast_to_32_bits_and_really_loaded(weights):
    """Half-precision weights arrive in 32 bits, and they are the file's own."""
    network = build_network(find_recipe("mobilenetv2", SMALL), init_weights=weights)
    from safetensors.torch import load_file

    file = load_file(str(weights))
    loaded = network.backbone.state_dict()["blocks.0.0.conv_dw.weight"]
    assert loaded.dtype is torch.float32
    assert torch.equal(loaded, file["blocks.0.0.conv_dw.weight"].float())


def test_weights_of_another_network_are_refused_by_their_keys(tmp_path):
    """A file with another network's keys is refused, and says how many are missing."""
    file = tmp_path / "other.safetensors"
    save_file({"conv.weight": torch.zeros(1)}, str(file))
    with pytest.raises(SettingsFault, match=r"other.safetensors: its keys must be those"):
        build_network(find_recipe("mobilenetv2", SMALL), init_weights=file)


def test_a_file_that_is_no_safetensors_is_refused(tmp_path):
    """A file that is not safetensors is refused by name."""
    file = tmp_path / "weights.pt"
    file.write_bytes(b"no tensors")
    with pytest.raises(SettingsFault, match=r"weights.pt: a readable safetensors file"):
        build_network(find_recipe("mobilenetv2", SMALL), init_weights=file)


def test_a_network_that_timm_has_no_weights_for_says_what_it_needs():
    """The default recipe without --init-weights names the option, and not timm."""
    with pytest.raises(SettingsFault, match="timm has no ImageNet weights") as raised:
        build_network(find_recipe("osteon-1"))
    assert "--init-weights FILE" in raised.value.advice
    assert build_network(find_recipe("osteon-1"), download=False)


def test_the_seeds_networks_take_no_pretrained_weights(weights):
    """`--init-weights` beside a network that has none is refused rather than ignored."""
    with pytest.raises(SettingsFault, match="--init-weights"):
        build_network(find_recipe("seed-cnn4"), init_weights=weights)


def test_a_frozen_backbone_keeps_weights_and_batch_statistics(weights):
    """While frozen, a step moves the head only; neither weights nor running means of the rest."""
    network = build_network(find_recipe("mobilenetv2", SMALL), init_weights=weights).train()
    freeze_backbone(network, frozen=True)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    _step(network)
    moved = {
        key for key, value in network.state_dict().items() if not torch.equal(value, before[key])
    }
    assert moved
    assert all(key.startswith("head.") for key in moved)
    network.train()
    freeze_backbone(network, frozen=False)
    _step(network)
    assert not torch.equal(
        network.state_dict()["backbone.conv_stem.weight"], before["backbone.conv_stem.weight"]
    )


def test_normalisation_travels_inside_the_network():
    """Mean and std are the network's own: the same film in [0, 1] goes in whatever they are."""
    plain = build_network(find_recipe("cnn4-small")).eval()
    moved = FractureNetwork(plain.backbone, plain.head, mean=0.5, std=0.25).eval()
    film = torch.rand(1, 1, 96, 96)
    with torch.no_grad():
        torch.testing.assert_close(moved(film), plain((film - 0.5) / 0.25))


def _step(network: FractureNetwork) -> None:
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
    network(torch.rand(4, 1, 32, 32)).sum().backward()
    optimiser.step()
