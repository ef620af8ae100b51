"""Where a network looked, computed inside its own forward pass, without a backward one.

Grad-CAM (Selvaraju et al., ICCV 2017) weighs each channel of the last feature map by the mean
gradient of the logit over its places, and keeps what speaks for the class. A network that ends in
global pooling and a small head has that gradient in closed form: the head's layers, walked
backwards. So the exported graph gives the map beside the logit, for the cost of a few small
products. Where features are pooled by their mean or by their maximum, the mean gradient over the
places is the gradient at the pooled feature over their number, for both alike.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor, nn

from osteon.errors import SettingsFault
from osteon.learning.heads.boxes import choose_boxes
from osteon.learning.networks.dropout import Dropout
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.networks.localiser import LocalisingNetwork

N_BOXES: Final = 300
"""How many of a film's best-scored boxes a graph gives, overlapping ones among them."""

_PROBE_FILMS = 2


class ExplainedNetwork(nn.Module):
    """A network whose forward pass gives the logits and, where it can, the evidence.

    Args:
        network: The trained network.
        shape: `(channels, rows, columns)` of its films.
    """

    def __init__(self, network: FractureNetwork, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.network = network
        self.has_map = isinstance(network, LocalisingNetwork)
        self.has_evidence = self.has_map or _has_closed_form(network, shape)
        self.has_boxes = isinstance(network, LocalisingNetwork) and network.boxes is not None

    @property
    def output_names(self) -> list[str]:
        """What the forward pass returns, in its order."""
        names = ["evidence"] * self.has_evidence + ["boxes"] * self.has_boxes
        return ["logits", *names]

    def forward(self, films: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return logits, shape `(films,)`, and evidence, shape `(films, rows, columns)`.

        Args:
            films: Shape `(films, channels, rows, columns)`, in [0, 1].

        Returns:
            Both, or the logits alone where the network has no closed form. The evidence is the
            network's own map where it learnt one, in probabilities, and Grad-CAM elsewhere. A
            network with a box head gives its best-scored boxes too; see `look_at_map`.
        """
        if not self.has_evidence:
            return self.network(films)  # type: ignore[no-any-return]
        if self.has_map:
            return look_at_map(self.network, films)
        features, pooled = _split_features(self.network, films)
        logits, slope = _walk_head(self.network.head, pooled)
        n_places = features.shape[2] * features.shape[3]
        if pooled.shape[1] == features.shape[1]:
            weights = slope / n_places
        else:  # a head that takes every place apart: the mean over the places, channel by channel
            weights = slope.reshape(-1, features.shape[1], n_places).mean(dim=2)
        evidence = torch.relu((weights[:, :, None, None] * features).sum(dim=1))
        return logits.flatten(), evidence


def look_at_map(network: FractureNetwork, films: Tensor) -> tuple[Tensor, ...]:
    """Return logits, and the map that a network learnt from masks as probabilities.

    Args:
        network: A `LocalisingNetwork`.
        films: Shape `(films, channels, rows, columns)`, in [0, 1].

    Returns:
        Both, and where the network has a box head its `N_BOXES` best-scored boxes `(x0, y0, x1, y1,
        score)`, in pixels of its input, overlapping ones among them, shape `(films, boxes, 5)`.
    """
    look = network.look(films)
    assert look.marks is not None
    if look.boxes is None:
        return look.logits, torch.sigmoid(look.marks)
    return look.logits, torch.sigmoid(look.marks), choose_boxes(look.boxes, N_BOXES)


def measure_grad_cam(network: FractureNetwork, films: Tensor) -> tuple[Tensor, Tensor]:
    """Return logits and Grad-CAM by a backward pass: what the closed form is checked against.

    Args:
        network: The trained network, in evaluation mode.
        films: Shape `(films, channels, rows, columns)`, in [0, 1].
    """
    with torch.no_grad():
        features = _feature_map(network)((films - network.mean) / network.std)
    with torch.enable_grad():
        features.requires_grad_()
        logits = network.head(_pool(network)(features)).flatten()
        (gradient,) = torch.autograd.grad(logits.sum(), features)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    return logits.detach(), torch.relu((weights * features).sum(dim=1)).detach()


def _split_features(network: FractureNetwork, films: Tensor) -> tuple[Tensor, Tensor]:
    features = _feature_map(network)((films - network.mean) / network.std)
    return features, _pool(network)(features)


def _feature_map(network: FractureNetwork) -> Callable[[Tensor], Tensor]:
    """Return what makes the last feature map of a normalised film."""
    backbone = network.backbone
    if isinstance(backbone, nn.Sequential):
        return backbone[: _place_of_pooling(backbone)]
    return _method(backbone, "forward_features")


def _pool(network: FractureNetwork) -> Callable[[Tensor], Tensor]:
    """Return what makes the head's input of the last feature map."""
    backbone = network.backbone
    if isinstance(backbone, nn.Sequential):
        return backbone[_place_of_pooling(backbone) :]

    return partial(_method(backbone, "forward_head"), pre_logits=True)


def _method(backbone: nn.Module, name: str) -> Callable[..., Tensor]:
    method: Any = getattr(backbone, name)  # timm's networks share methods, and no class
    return method  # type: ignore[no-any-return]


def _place_of_pooling(backbone: nn.Sequential) -> int:
    """Return how many layers of a backbone of ours come before its features are pooled."""
    ends = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Flatten)
    return next(place for place, layer in enumerate(backbone) if isinstance(layer, ends))


@torch.no_grad()
def _has_closed_form(network: FractureNetwork, shape: tuple[int, int, int]) -> bool:
    """Say whether features are a map that is pooled by its mean, its maximum, or not at all."""
    if isinstance(network.backbone, nn.Sequential):
        return True
    if not all(hasattr(network.backbone, name) for name in ("forward_features", "forward_head")):
        return False
    films = torch.rand(_PROBE_FILMS, *shape, generator=torch.Generator().manual_seed(0))
    features, pooled = _split_features(network, films)
    if features.ndim != 4 or pooled.ndim != 2 or pooled.shape[1] != features.shape[1]:
        return False
    means, peaks = features.mean(dim=(2, 3)), features.amax(dim=(2, 3))
    return any(torch.allclose(pooled, of, rtol=1e-4, atol=1e-5) for of in (means, peaks))


def _walk_head(head: nn.Module, pooled: Tensor) -> tuple[Tensor, Tensor]:
    """Return a head's logits and their gradient with respect to its input."""
    layers = list(head) if isinstance(head, nn.Sequential) else [head]
    backwards: list[Callable[[Tensor], Tensor]] = []
    value = pooled
    for layer in layers:
        backwards.append(_gradient_of(layer, value))
        value = layer(value)
    slope = torch.ones_like(value)
    for step in reversed(backwards):
        slope = step(slope)
    return value, slope


def _gradient_of(layer: nn.Module, at: Tensor) -> Callable[[Tensor], Tensor]:
    if isinstance(layer, nn.Linear):
        return lambda slope: slope @ layer.weight
    if isinstance(layer, nn.BatchNorm1d):
        assert layer.running_var is not None
        scale = layer.weight / torch.sqrt(layer.running_var + layer.eps)
        return lambda slope: slope * scale
    if isinstance(layer, nn.ReLU):
        return lambda slope: slope * (at > 0)
    if isinstance(layer, nn.Dropout | Dropout | nn.Identity):
        return lambda slope: slope
    raise SettingsFault(
        "network.head",
        "evidence needs a head of linear, batch-norm, ReLU and dropout layers",
        found=type(layer).__name__,
        advice="Add the layer's gradient to learning/evidence.py.",
    )
