"""Pieces of the loop that a whole run would hide."""

from pathlib import Path

import pytest
import torch

from osteon.errors import SettingsFault
from osteon.learning.devices import Machine, build_fabric, multiplies_bf16
from osteon.learning.loop.losses import class_weights, weighted_loss
from osteon.learning.loop.rates import build_optimiser
from osteon.learning.loop.training import Training
from osteon.learning.networks.build import build_network
from osteon.learning.recipes import find_recipe


def test_class_weights_are_n_over_twice_the_class():
    """Of 8 films with 2 fractured: 8/12 for the others, 8/4 for the fractured."""
    weights = class_weights(torch.tensor([True] * 2 + [False] * 6), balanced=True)
    assert weights.tolist() == pytest.approx([8 / 12, 2.0])
    assert class_weights(torch.tensor([True, False]), balanced=False).tolist() == [1.0, 1.0]


def test_the_loss_is_the_mean_of_weighted_cross_entropies():
    """Logit 0 costs ln 2 whatever the label; the weights decide the mean."""
    loss = weighted_loss(torch.zeros(2), torch.tensor([1.0, 0.0]), torch.tensor([0.5, 2.0]))
    assert loss.item() == pytest.approx(0.693147 * 2.5 / 2, abs=1e-5)


def test_the_seeds_optimiser_is_keras_adam():
    """Adam with epsilon 1e-7 and learning rate 1e-3, no decay."""
    recipe = find_recipe("seed-cnn4")
    optimiser = build_optimiser(build_network(recipe), recipe.optimiser)
    assert type(optimiser) is torch.optim.Adam
    assert optimiser.defaults["eps"] == 1e-7
    assert optimiser.defaults["lr"] == 1e-3
    assert optimiser.defaults["weight_decay"] == 0


def test_the_learning_rate_halves_after_five_epochs_without_better_tune_loss():
    """The schedule's factor, patience and floor are the recipe's."""
    recipe = find_recipe("seed-cnn4")
    training = Training(
        recipe,
        build_network(recipe),
        fabric=build_fabric(Machine(accelerator="cpu", threads=1)),
        folder=Path("unused"),
        identity={},
    )
    rates = []
    for _ in range(14):
        training.plateau.step(1.0)
        rates.append(training.optimiser.param_groups[0]["lr"])
    assert rates[5] == 1e-3
    assert rates[6] == 5e-4
    assert rates[12] == 2.5e-4
    assert training.plateau.min_lrs == [1e-7]


def test_an_accelerator_that_is_not_here_is_refused():
    """--accelerator cuda without a GPU is refused, and `osteon env` is named."""
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(SettingsFault, match="osteon env"):
        build_fabric(Machine(accelerator="cuda"))


def test_precision_auto_is_bf16_only_where_the_processor_multiplies_it():
    """Auto never picks an emulated precision; 32 bits are always to be had."""
    wanted = "bf16-mixed" if multiplies_bf16("cpu") else "32-true"
    auto = build_fabric(Machine(accelerator="cpu", threads=1))
    assert auto._precision.precision == wanted
    whole = build_fabric(Machine(accelerator="cpu", precision="32-true", threads=1))
    assert whole._precision.precision == "32-true"
