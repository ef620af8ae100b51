"""A network's layers, the shapes they give, and how many parameters they hold."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.release import Preparation


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One row of the table.

    Attributes:
        name: Its place in the network, such as "backbone.conv1_1".
        kind: Such as "Conv2d".
        output: Shape for one film, such as "32 × 224 × 224".
        n_parameters: Learnt ones, and running statistics of batch norm, as Keras counts.
    """

    name: str
    kind: str
    output: str
    n_parameters: int


def list_layers(network: FractureNetwork, how: Preparation) -> tuple[Layer, ...]:
    """Return the layers in the order in which a film passes them, each where it does so first.

    Args:
        network: The network; its mode is left as it was.
        how: Gives the size of a film.
    """
    layers: list[Layer] = []
    names = {module: name for name, module in network.named_modules()}

    def note(module: nn.Module, _given: Any, output: Any) -> None:
        if names[module] in {layer.name for layer in layers}:
            return
        shape = " × ".join(str(n) for n in output.shape[1:]) if isinstance(output, Tensor) else ""
        layers.append(
            Layer(
                name=names[module],
                kind=type(module).__name__,
                output=shape,
                n_parameters=count_parameters(module)[0],
            )
        )

    leaves = [module for module in network.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():
            network(torch.zeros(1, how.channels, how.rows, how.columns))
    finally:
        for hook in hooks:
            hook.remove()
        network.train(was_training)
    return tuple(layers)


def count_parameters(module: nn.Module) -> tuple[int, int]:
    """Return all parameters, running statistics of batch norm included, and those that learn."""
    learnt = sum(p.numel() for p in module.parameters())
    running = sum(b.numel() for name, b in module.named_buffers() if "running_" in name)
    return learnt + running, sum(p.numel() for p in module.parameters() if p.requires_grad)
