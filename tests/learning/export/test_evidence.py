"""The evidence of the forward pass is the evidence of a backward one."""

import pytest
import torch
from torch import nn

from osteon.errors import SettingsFault
from osteon.learning.export.evidence import ExplainedNetwork, measure_grad_cam
from osteon.learning.networks.build import build_network
from osteon.learning.recipes import find_recipe

SIDE = 64


def build(name):
    sides = {"preparation.rows": str(SIDE), "preparation.columns": str(SIDE)}
    recipe = find_recipe(name, sides)
    torch.manual_seed(0)
    network = build_network(recipe, download=False).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d):  # statistics as training would leave them
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network, (recipe.preparation.channels, SIDE, SIDE)


@pytest.mark.parametrize(
    "name", ["cnn4-small", "seed-cnn4", "seed-cnn2", "cnn4-attention", "mobilenetv2", "resnet50"]
)
def test_the_closed_form_is_grad_cam(name):
    """Logits and maps agree with autograd to a ten-thousandth of the highest peak."""
    network, shape = build(name)
    films = torch.rand(3, *shape, generator=torch.Generator().manual_seed(1))
    if float(measure_grad_cam(network, films)[1].max()) == 0:  # all speaks against: turn it round
        network.head[-1].weight.data.neg_()
    explained = ExplainedNetwork(network, shape)
    assert explained.has_evidence
    with torch.no_grad():
        logits, evidence = explained(films)
    expected_logits, expected = measure_grad_cam(network, films)
    assert torch.allclose(logits, expected_logits, atol=1e-5)
    assert float(expected.max()) > 0
    assert float((evidence - expected).abs().max()) <= 1e-4 * float(expected.max())


def test_a_network_that_pools_tokens_has_no_closed_form():
    """A transformer gives its logits alone; the evidence is left to occlusion."""
    network, shape = build("vit")
    explained = ExplainedNetwork(network, shape)
    assert not explained.has_evidence
    assert explained(torch.rand(2, *shape)).shape == (2,)


def test_a_head_with_an_unknown_layer_is_refused():
    """A gradient that is not written is not guessed."""
    network, shape = build("cnn4-small")
    network.head = nn.Sequential(nn.GELU(), network.head)
    with pytest.raises(SettingsFault, match="GELU"):
        ExplainedNetwork(network, shape)(torch.rand(2, *shape))
