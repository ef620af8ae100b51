"""Depthwise convolutions that a processor's bf16 makes slower, kept at 32 bits.

oneDNN has no fast backward pass in bf16 for depthwise convolutions that step or are larger than
3 x 3: at MobileNetEdgeTPU's sizes it takes 3 to 16 times as long as the one in 32 bits, which was a
quarter of a training step.
"""

from typing import Any

import torch
from torch import Tensor, nn

from osteon.learning.networks.fracture_network import take_out_of_autocast


class _InWhole:
    """Put before a convolution's class: under a CPU's autocast it runs in 32 bits."""

    def forward(self, features: Tensor) -> Tensor:
        """Return what the convolution returns."""
        inherited: Any = super()
        if features.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return inherited.forward(features)  # type: ignore[no-any-return]
        with take_out_of_autocast(features):
            return inherited.forward(features.float())  # type: ignore[no-any-return]


def keep_depthwise_whole(network: nn.Module) -> int:
    """Let the convolutions of a network that bf16 slows down run in 32 bits on a CPU.

    Args:
        network: Changed in place; weights and their names stay as they are.

    Returns:
        How many there are.
    """
    slow = [
        module
        for module in network.modules()
        if isinstance(module, nn.Conv2d)
        and module.groups == module.in_channels > 1
        and (max(module.stride) > 1 or max(module.kernel_size) > 3)
        and not isinstance(module, _InWhole)
    ]
    for module in slow:
        kind = type(module)
        module.__class__ = type(f"Whole{kind.__name__}", (_InWhole, kind), {})
    return len(slow)
