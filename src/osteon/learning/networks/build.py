"""Name → network: films in [0, 1] go in, one logit of a fracture per film comes out."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from osteon.errors import SettingsFault, SourceUnreachable
from osteon.learning.networks.dropout import Dropout
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.networks.localiser import LocalisingNetwork
from osteon.learning.recipes import NetworkSettings, Recipe

BATCH_NORMS: dict[str, dict[str, Any]] = {
    "keras": {"eps": 1e-3, "momentum": 0.01},
    "torch": {"eps": 1e-5, "momentum": 0.1},
}
"""Keras writes momentum as the share that is kept (0.99), torch as the share that is new."""


class SqueezeExcite(nn.Module):
    """Channel attention (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, each channel weighed by what all of them show."""
        pooled = features.mean(dim=(2, 3), keepdim=True)
        weight = torch.sigmoid(self.excite(torch.relu(self.squeeze(pooled))))
        return features * weight


class ConvBlockAttention(nn.Module):
    """Channel, then spatial attention (CBAM; Woo et al., ECCV 2018)."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.shared = nn.Sequential(
            nn.Conv2d(channels, channels // reduction, 1),
            nn.ReLU(),
            nn.Conv2d(channels // reduction, channels, 1),
        )
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features, weighed by channel and by place."""
        mean = features.mean(dim=(2, 3), keepdim=True)
        peak = features.amax(dim=(2, 3), keepdim=True)
        features = features * torch.sigmoid(self.shared(mean) + self.shared(peak))
        places = torch.cat(
            [features.mean(dim=1, keepdim=True), features.amax(dim=1, keepdim=True)], dim=1
        )
        return features * torch.sigmoid(self.spatial(places))


def build_network(
    recipe: Recipe, *, init_weights: Path | None = None, download: bool = True
) -> FractureNetwork:
    """Return the network that a recipe names.

    Args:
        recipe: The recipe.
        init_weights: A safetensors file of ImageNet weights with timm's keys, not a download.
        download: Fetch pretrained weights where the recipe wants them; False for a network whose
            weights come from a checkpoint anyway.

    Raises:
        SettingsFault: If the network cannot be built, or the weights do not belong to it.
        SourceUnreachable: If pretrained weights could not be downloaded.
    """
    settings, how = recipe.network, recipe.preparation
    backbone: nn.Module
    head: nn.Module
    if init_weights is not None and settings.name != "timm":
        raise SettingsFault(
            "--init-weights", "only timm's networks take pretrained weights", found=recipe.name
        )
    if settings.name == "cnn4":
        norm = BATCH_NORMS[settings.batch_norm]
        backbone = _build_cnn4(how.channels, settings, norm)
        head = _build_cnn4_head(norm, dropout=settings.dropout)
        return _keras_initialised(_assemble(backbone, head, settings))
    if settings.name == "cnn2":
        backbone, head = _build_cnn2(how.channels, (how.rows, how.columns))
        return _keras_initialised(_assemble(backbone, head, settings))
    return _build_timm(recipe, init_weights, download=download and init_weights is None)


def _assemble(backbone: nn.Module, head: nn.Module, settings: NetworkSettings) -> FractureNetwork:
    return FractureNetwork(backbone, head, mean=settings.mean, std=settings.std)


def _build_cnn4(channels: int, settings: NetworkSettings, norm: dict[str, Any]) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    width_in = channels
    for block, (width, n_convolutions) in enumerate(((32, 2), (64, 2), (128, 2), (256, 1)), 1):
        for step in range(1, n_convolutions + 1):
            layers[f"conv{block}_{step}"] = nn.Conv2d(width_in, width, 3, padding=1)
            layers[f"norm{block}_{step}"] = nn.BatchNorm2d(width, **norm)
            layers[f"relu{block}_{step}"] = nn.ReLU(inplace=True)
            width_in = width
        if settings.attention == "squeeze-excite":
            layers[f"attention{block}"] = SqueezeExcite(width)
        elif settings.attention == "cbam":
            layers[f"attention{block}"] = ConvBlockAttention(width)
        layers[f"pool{block}"] = nn.MaxPool2d(2)
        if settings.dropout:
            layers[f"drop{block}"] = Dropout(0.25)
    is_mean = settings.pooling == "average"
    layers[settings.pooling] = nn.AdaptiveAvgPool2d(1) if is_mean else nn.AdaptiveMaxPool2d(1)
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)


def _build_cnn4_head(norm: dict[str, Any], *, dropout: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    width_in = 256
    for width in (256, 128):
        layers += [
            nn.Linear(width_in, width),
            nn.BatchNorm1d(width, **norm),
            nn.ReLU(),
            *([Dropout(0.5)] if dropout else []),
        ]
        width_in = width
    return nn.Sequential(*layers, nn.Linear(width_in, 1))


def _build_cnn2(channels: int, sides: tuple[int, int]) -> tuple[nn.Module, nn.Module]:
    backbone = nn.Sequential(
        nn.Conv2d(channels, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
    rows, columns = (((side - 2) // 2 - 2) // 2 for side in sides)
    head = nn.Sequential(
        Dropout(0.5), nn.Linear(64 * rows * columns, 128), nn.ReLU(), nn.Linear(128, 1)
    )
    return backbone, head


def _keras_initialised(network: FractureNetwork) -> FractureNetwork:
    """Start weights as Keras does: Glorot uniform, biases zero."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def _build_timm(recipe: Recipe, init_weights: Path | None, *, download: bool) -> FractureNetwork:
    settings, how = recipe.network, recipe.preparation
    arguments: dict[str, Any] = dict(settings.arguments)
    if settings.model.startswith("vit"):
        arguments.setdefault("img_size", how.rows)
    pretrained = settings.pretrained and download
    known = timm.get_pretrained_cfg(settings.model) if pretrained else None
    if pretrained and timm.is_model(settings.model) and not (known and known.has_weights):
        raise SettingsFault(
            f"recipe {recipe.name}, network.pretrained",
            "timm has no ImageNet weights for this network",
            found=settings.model,
            advice="Give a file of them, --init-weights FILE (safetensors with timm's keys), or "
            "start from random weights: --set network.pretrained=false.",
        )
    try:
        backbone: Any = timm.create_model(
            settings.model, num_classes=0, in_chans=how.channels, pretrained=pretrained, **arguments
        )
    except (RuntimeError, ValueError, TypeError) as fault:
        raise SettingsFault(
            f"recipe {recipe.name}, network",
            "timm must be able to build this network",
            found=settings.model,
        ) from fault
    except Exception as fault:
        # huggingface_hub and urllib raise a family of their own for a machine without internet
        raise SourceUnreachable(
            f"recipe {recipe.name}, network.pretrained",
            "the ImageNet weights could not be downloaded",
            found=type(fault).__name__,
            advice=f"Fetch model.safetensors of https://huggingface.co/{known.hf_hub_id} elsewhere "
            "and give it: --init-weights FILE. Or start from random weights: "
            "--set network.pretrained=false."
            if known and known.hf_hub_id
            else "Give --init-weights FILE (safetensors with timm's keys), or start from random "
            "weights: --set network.pretrained=false.",
        ) from fault
    mean, std = settings.mean, settings.std
    if pretrained:  # downloaded weights expect the normalisation they were trained with
        mean = sum(backbone.pretrained_cfg["mean"]) / 3
        std = sum(backbone.pretrained_cfg["std"]) / 3
    if init_weights is not None:
        _load_weights(backbone, init_weights, channels=how.channels)
    if settings.linear_first_block:
        backbone.blocks[0][0].bn1.act = nn.Identity()
    if settings.localiser_width:
        return LocalisingNetwork(
            backbone,
            width=settings.localiser_width,
            mean=mean,
            std=std,
            with_boxes=settings.box_head,
        )
    # timm names the width behind a pooled network's extra convolutions apart
    features: int = getattr(backbone, "head_hidden_size", None) or backbone.num_features
    head = nn.Sequential(nn.Dropout(0.2), nn.Linear(features, 1))
    return FractureNetwork(backbone, head, mean=mean, std=std)


def _load_weights(backbone: nn.Module, file: Path, *, channels: int) -> None:
    """Put ImageNet weights into a backbone; the classifier is left out, a grey stem sums RGB.

    Raises:
        SettingsFault: If the file is no safetensors file, or its keys are another network's.
    """
    where = f"--init-weights {file.name}"
    try:
        weights = load_file(str(file))
    except Exception as fault:
        raise SettingsFault(
            where, "a readable safetensors file is needed", found=type(fault).__name__
        ) from fault
    wanted = backbone.state_dict()
    missing = sorted(set(wanted) - set(weights))
    if missing:
        raise SettingsFault(
            where,
            "its keys must be those of this timm network",
            found=f"{len(missing)} of {len(wanted)} missing, first {missing[0]}",
        )
    chosen = {key: weights[key].float() for key in wanted if wanted[key].is_floating_point()}
    for key, value in chosen.items():
        is_stem = value.ndim == 4 and value.shape[1] == 3 and wanted[key].shape[1] == 1
        if is_stem and channels == 1:
            chosen[key] = value.sum(dim=1, keepdim=True)
        if chosen[key].shape != wanted[key].shape:
            raise SettingsFault(
                where,
                f"{key} must have shape {tuple(wanted[key].shape)}",
                found=tuple(chosen[key].shape),
            )
    backbone.load_state_dict({**wanted, **chosen})
