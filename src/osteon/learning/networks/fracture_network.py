"""What every network of ours is: films in, one logit of a fracture each out."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from osteon.learning.heads.boxes import BoxOutputs


class Look(NamedTuple):
    """What a network says while it learns.

    Attributes:
        logits: Of a fracture on each film, shape `(films,)`.
        marks: Logits of a fracture in each cell, shape `(films, rows, columns)`; None where the
            network does not learn places.
        branches: Logits that were added to make `logits`, each of which learns by itself too.
        boxes: What each cell says of a box round it; None where the network has no box head.
    """

    logits: Tensor
    marks: Tensor | None = None
    branches: tuple[Tensor, ...] = ()
    boxes: BoxOutputs | None = None


class FractureNetwork(nn.Module):
    """A backbone between the two things that must never differ between training and reading.

    In front, grey values are normalised; behind, one logit of `osteon.release.POSITIVE_CLASS` comes
    out. Both travel inside the exported graph.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, head: nn.Module, *, mean: float, std: float) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))

    def forward(self, films: Tensor) -> Tensor:
        """Return logits, shape `(films,)`, of films, shape `(films, channels, rows, columns)`."""
        features = self.backbone((films - self.mean) / self.std)
        with take_out_of_autocast(features):
            return self.head(features.float()).flatten()  # type: ignore[no-any-return]

    def look(self, films: Tensor) -> Look:
        """Return what `forward` returns, as what a training learns from."""
        return Look(self(films))


def take_out_of_autocast(features: Tensor) -> AbstractContextManager[Any]:
    """Let a head run in 32 bits: bf16 logits have 8, and films would tie that 32 tell apart."""
    if torch.is_autocast_enabled(features.device.type):
        return torch.autocast(features.device.type, enabled=False)
    return nullcontext()


def freeze_backbone(network: FractureNetwork, *, frozen: bool, stages: int = 0) -> None:
    """Let only the head learn, or everything; what is frozen keeps its batch statistics too.

    Args:
        network: Changed in place.
        frozen: Whether the whole backbone rests.
        stages: How many of its first stages rest in any case (timm's networks only).
    """
    for parameter in network.backbone.parameters():
        parameter.requires_grad_(not frozen)
    network.backbone.train(mode=not frozen and network.training)
    for module in _early_modules(network.backbone, stages):
        module.requires_grad_(requires_grad=False)
        module.train(mode=False)


def _early_modules(backbone: nn.Module, stages: int) -> list[nn.Module]:
    """Return what holds weights in a timm network up to the end of a stage, in its order."""
    if not stages:
        return []
    info: Any = backbone.feature_info
    end: str = (info.get_dicts() if hasattr(info, "get_dicts") else list(info))[stages - 1][
        "module"
    ]
    # timm's batch norms hold their activation as a child: what owns weights is not always a leaf
    owners = [
        (name, module)
        for name, module in backbone.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    last = max(i for i, (name, _) in enumerate(owners) if f"{name}.".startswith(f"{end}."))
    return [module for _, module in owners[: last + 1]]
