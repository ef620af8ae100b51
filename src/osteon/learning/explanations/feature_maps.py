"""The maps inside a network that an explanation looks at: found, tapped, and left as they were."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from osteon.errors import SettingsFault
from osteon.learning.networks.fracture_network import FractureNetwork


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MapLayer:
    """A layer whose output is a map, or tokens that lie on a grid.

    Attributes:
        module: The layer.
        grid: `(rows, columns)` of its map.
        has_tokens: Whether it gives tokens, shape `(films, tokens, width)`, and no map.
        n_others: Tokens before those of the grid, such as the class token.
    """

    module: nn.Module
    grid: tuple[int, int]
    has_tokens: bool = False
    n_others: int = 0


class Tap(nn.Module):
    """Passes a map on unchanged, and keeps it."""

    seen: Tensor

    def forward(self, features: Tensor) -> Tensor:
        """Keep a map, shape `(films, width, rows, columns)`, and return it."""
        self.seen = features
        return features


@contextmanager
def tap_layer(layer: MapLayer) -> Iterator[Tap]:
    """Let what a layer gives run through a tap, for as long as the context lasts.

    Args:
        layer: Of the network that is asked within the context.

    Yields:
        The tap; what passes it is a map, also where the layer gives tokens.
    """
    tap = Tap()

    def divert(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        if not layer.has_tokens:
            return tap(output).clone()  # type: ignore[no-any-return]  # layers behind may work in place
        others, placed = output[:, : layer.n_others], output[:, layer.n_others :]
        films, _, width = placed.shape
        on_grid = placed.transpose(1, 2).reshape(films, width, *layer.grid)
        return torch.cat([others, tap(on_grid).flatten(2).transpose(1, 2)], dim=1)

    handle = layer.module.register_forward_hook(divert)
    try:
        yield tap
    finally:
        handle.remove()


def find_map_layers(network: FractureNetwork, film: Tensor) -> tuple[MapLayer, ...]:
    """Return the layers that end a stage of the network, the last map behind them all at the end.

    A stage ends where timm says so, or, in a network of ours, where the map shrinks; only what all
    paths run through counts, no layer inside a branch. Of a transformer the last block's output is
    left out: where the class token alone is read, the other tokens have no say behind it.

    Args:
        network: In evaluation mode.
        film: Any, shape `(1, channels, rows, columns)`.

    Raises:
        SettingsFault: If the network has neither maps with channels first nor tokens on a grid.
    """
    backbone = network.backbone
    tokens = _find_token_layers(backbone)
    if tokens:
        return tokens
    is_channels_first = getattr(backbone, "output_fmt", "NCHW") == "NCHW"
    ends = _name_stages(backbone)
    children = {name for name, _ in backbone.named_children()}
    found = [
        (name, MapLayer(module=module, grid=grid))
        for name, module, grid in _watch(network, film)
        if is_channels_first and name in children | ends
    ]
    if not found:
        raise SettingsFault(
            "--method",
            "needs a network with maps, channels first, or with tokens on a grid",
            found=type(backbone).__name__,
            advice="Occlusion and LIME explain any network.",
        )
    last = found[-1][1]
    # of each size, the layer that comes last
    stages = {layer.grid: layer for name, layer in found if not ends or name in ends}
    return (*(layer for grid, layer in stages.items() if grid != last.grid), last)


def _find_token_layers(backbone: nn.Module) -> tuple[MapLayer, ...]:
    blocks, patches = getattr(backbone, "blocks", None), getattr(backbone, "patch_embed", None)
    grid = getattr(patches, "grid_size", None)
    if grid is None or not isinstance(blocks, nn.Sequential) or len(blocks) < 2:
        return ()
    n_others: Any = getattr(backbone, "num_prefix_tokens", 0)
    return tuple(
        MapLayer(
            module=block, grid=(int(grid[0]), int(grid[1])), has_tokens=True, n_others=int(n_others)
        )
        for block in blocks[:-1]
    )


def _name_stages(backbone: nn.Module) -> frozenset[str]:
    """Return timm's names of the layers that end a stage; none for networks of ours."""
    described: Any = getattr(backbone, "feature_info", ())
    listed = described.get_dicts() if hasattr(described, "get_dicts") else list(described)
    return frozenset(stage["module"] for stage in listed if stage["module"])


@torch.no_grad()
def _watch(network: FractureNetwork, film: Tensor) -> list[tuple[str, nn.Module, tuple[int, int]]]:
    """Return the backbone's layers that give a map of more than one place, as they end."""
    seen: list[tuple[str, nn.Module, tuple[int, int]]] = []

    def note(name: str, module: nn.Module, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output[0, 0].numel() > 1:
            seen.append((name, module, (int(output.shape[2]), int(output.shape[3]))))

    def watch(name: str, module: nn.Module) -> Any:
        return module.register_forward_hook(lambda held, _inputs, output: note(name, held, output))

    handles = [watch(name, module) for name, module in network.backbone.named_modules() if name]
    try:
        network(film)
    finally:
        for handle in handles:
            handle.remove()
    return seen
