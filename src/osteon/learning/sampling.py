"""Which films an epoch shows, and in what order: the same on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from osteon.learning.recipes import SamplingSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """Films in the order in which they are shown.

    Attributes:
        films: Their numbers in the stack, shape `(films,)`.
        close: Which are shown as close-ups, bool, of the same shape.
    """

    films: Tensor
    close: Tensor

    def __len__(self) -> int:
        """Return the number of films drawn."""
        return len(self.films)

    def __getitem__(self, chosen: Tensor | slice) -> "Draw":
        """Return some of the draw."""
        return Draw(films=self.films[chosen], close=self.close[chosen])


def draw_films(
    has_fracture: Tensor,
    has_hardware: Tensor,
    how: SamplingSettings,
    *,
    seed: int,
    epoch: int,
) -> Draw:
    """Return what an epoch shows: every film once, or films drawn as the recipe asks.

    Args:
        has_fracture: Bool, shape `(films,)`.
        has_hardware: Of the same shape.
        how: The recipe's sampling.
        seed: The recipe's.
        epoch: Counted from 1.
    """
    if not how.films:
        order = order_films(len(has_fracture), seed=seed, epoch=epoch)
        return Draw(films=order, close=torch.zeros(len(order), dtype=torch.bool))
    generator = torch.Generator().manual_seed(step_seed(seed, epoch, 0))
    weight = torch.where(has_hardware.cpu(), how.hardware_weight, 1.0)
    is_fractured = has_fracture.cpu()
    n_fractured = round(how.films * how.fractured_share)
    drawn = [
        torch.multinomial(weight * of_class, n, replacement=True, generator=generator)
        for of_class, n in ((is_fractured, n_fractured), (~is_fractured, how.films - n_fractured))
    ]
    order = torch.randperm(how.films, generator=generator)
    close = torch.rand(how.films, generator=generator) < how.close_share
    return Draw(films=torch.cat(drawn)[order], close=close)


def split_draw(draw: Draw, batch: int, *, rank: int = 0, world: int = 1) -> Sequence[Draw]:
    """Return this device's share of every batch of an epoch; see `split_order`."""
    places = split_order(torch.arange(len(draw)), batch, rank=rank, world=world)
    return [draw[chosen] for chosen in places]


def order_films(n_films: int, *, seed: int, epoch: int) -> Tensor:
    """Return the order of an epoch: the same for the same seed and epoch, on every machine."""
    generator = torch.Generator().manual_seed(step_seed(seed, epoch, 0))
    return torch.randperm(n_films, generator=generator)


def split_order(order: Tensor, batch: int, *, rank: int = 0, world: int = 1) -> Sequence[Tensor]:
    """Return this device's share of every batch of an epoch.

    A last batch with fewer than two films per device is left out: batch statistics need two.
    """
    batches = [b for b in torch.split(order, batch) if len(b) >= 2 * world]
    return [b[: len(b) // world * world][rank::world] for b in batches]


def step_seed(seed: int, epoch: int, step: int) -> int:
    """Return the seed of one step, so that a resumed run draws what the killed one would have."""
    return (seed * 1_000_003 + epoch) * 1_000_003 + step
