"""The optimiser that a recipe names, how fast it goes at each moment, and the mean of its way."""

import math
from typing import Any, Final

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.recipes import OptimiserSettings, ScheduleSettings

RISE: Final = 0.1
"""Share of a one-cycle training over which the learning rate rises."""

_START: Final = 0.04
"""Share of the highest learning rate with which it starts."""


def build_optimiser(network: FractureNetwork, how: OptimiserSettings) -> torch.optim.Optimizer:
    """Return the optimiser that a recipe names, over all weights."""
    common: dict[str, Any] = {"lr": how.learning_rate, "eps": how.epsilon}
    weights: Any = network.parameters()
    if how.backbone_learning_rate is not None:
        backbone = list(network.backbone.parameters())
        known = {id(weight) for weight in backbone}
        weights = [
            {"params": backbone, "lr": how.backbone_learning_rate},
            {"params": [weight for weight in weights if id(weight) not in known]},
        ]
    if how.name == "adamw":
        return torch.optim.AdamW(weights, weight_decay=how.weight_decay, **common)
    return torch.optim.Adam(weights, **common)


def set_rates(
    optimiser: torch.optim.Optimizer, how: OptimiserSettings, *, share_done: float
) -> None:
    """Set the learning rates of a one-cycle training.

    Args:
        optimiser: Changed in place; its groups as `build_optimiser` made them.
        how: The recipe's.
        share_done: Of all steps, in [0, 1].
    """
    highest = [how.learning_rate] * len(optimiser.param_groups)
    if how.backbone_learning_rate is not None:
        highest[0] = how.backbone_learning_rate
    for group, rate in zip(optimiser.param_groups, highest, strict=True):
        group["lr"] = rate * one_cycle(share_done)


def one_cycle(share_done: float) -> float:
    """Return the share of the highest learning rate: a line up, half a cosine down to nothing."""
    if share_done < RISE:
        return _START + (1 - _START) * share_done / RISE
    return 0.5 * (1 + math.cos(math.pi * (share_done - RISE) / (1 - RISE)))


def average_weights(network: FractureNetwork, how: ScheduleSettings) -> AveragedModel:
    """Return a running mean of a network's weights and statistics, to be updated at each step.

    Args:
        network: As it starts.
        how: The recipe's schedule, which says what share of the mean is kept.
    """

    def update(mean: list[Tensor], live: list[Tensor], n_steps: Tensor) -> None:
        kept = how.average
        if how.average_rises:
            kept = min(kept, (1 + int(n_steps)) / (10 + int(n_steps)))
        get_ema_multi_avg_fn(kept)(mean, live, n_steps)  # type: ignore[no-untyped-call]

    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)  # type: ignore[arg-type]
