"""The learning rate goes as the recipe says."""

from itertools import pairwise

import pytest
import torch

from osteon.learning.loop.rates import average_weights, build_optimiser, one_cycle, set_rates
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.recipes import ScheduleSettings, find_recipe

TINY = {"preparation.rows": "32", "preparation.columns": "32"}


def test_one_cycle_rises_for_a_tenth_and_falls_to_nothing():
    """From a twenty-fifth to the highest rate, then down to zero, never up again."""
    shares = [one_cycle(step / 100) for step in range(101)]
    assert shares[0] == pytest.approx(0.04)
    assert max(shares) == shares[10] == pytest.approx(1.0)
    assert shares[100] == pytest.approx(0.0, abs=1e-9)
    assert all(earlier > later for earlier, later in pairwise(shares[10:]))


def test_the_backbone_has_a_rate_of_its_own_and_every_weight_has_one():
    """The recipe's two rates go to the backbone and to all the rest, and no weight is left out."""
    recipe = find_recipe("osteon-1", TINY)
    network = build_network(recipe, download=False)
    optimiser = build_optimiser(network, recipe.optimiser)
    held = [len(group["params"]) for group in optimiser.param_groups]
    n_backbone = len(list(network.backbone.parameters()))
    assert held == [n_backbone, len(list(network.parameters())) - n_backbone]
    set_rates(optimiser, recipe.optimiser, share_done=0.1)
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([5e-4, 2e-3])
    set_rates(optimiser, recipe.optimiser, share_done=1.0)
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize(("rises", "expected"), [(False, 0.104662), (True, 0.999966)])
def test_a_rising_average_forgets_the_first_weights(rises, expected):
    """Eleven steps of ones after zeros: 1 - 0.99^11, and rising 1 - 2/11 x 3/12 x ... x 12/21."""
    network = FractureNetwork(torch.nn.Identity(), torch.nn.Linear(1, 1), mean=0.0, std=1.0)
    weight = network.head.weight
    mean = average_weights(network, ScheduleSettings(average=0.99, average_rises=rises))
    with torch.no_grad():
        weight.zero_()
        mean.update_parameters(network)  # the first weights, whole
        weight.fill_(1.0)
        for _ in range(11):
            mean.update_parameters(network)
    assert mean.module.head.weight.item() == pytest.approx(expected, abs=1e-5)
