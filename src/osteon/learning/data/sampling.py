"""Which films an epoch shows, and in what order: the same on every machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from osteon.learning.recipes import SamplingSettings

HARDEST: Final = 2.0
"""Loss above which a film is not drawn any oftener: its label may be what is wrong."""


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
    hardness: Tensor | None = None,
) -> Draw:
    """Return what an epoch shows: every film once, or films drawn as the recipe asks.

    Args:
        has_fracture: Bool, shape `(films,)`.
        has_hardware: Of the same shape.
        how: The recipe's sampling.
        seed: The recipe's.
        epoch: Counted from 1.
        hardness: Of each film, not negative, shape `(films,)`: films without a fracture are drawn
            by it as `how.hard_share` says; None draws none so.
    """
    if not how.films:
        order = order_films(len(has_fracture), seed=seed, epoch=epoch)
        return Draw(films=order, close=torch.zeros(len(order), dtype=torch.bool))
    generator = torch.Generator().manual_seed(step_seed(seed, epoch, 0))
    weight = torch.where(has_hardware.cpu(), how.hardware_weight, 1.0)
    is_fractured = has_fracture.cpu()
    n_fractured = round(how.films * how.fractured_share)
    n_others = how.films - n_fractured
    n_hard = 0 if hardness is None else round(n_others * how.hard_share)
    wanted = [(weight * is_fractured, n_fractured), (weight * ~is_fractured, n_others - n_hard)]
    if hardness is not None:
        wanted.append((weight * ~is_fractured * hardness, n_hard))
    drawn = [
        torch.multinomial(of_class, n, replacement=True, generator=generator)
        for of_class, n in wanted
        if n
    ]
    order = torch.randperm(how.films, generator=generator)
    close = torch.rand(how.films, generator=generator) < how.close_share
    return Draw(films=torch.cat(drawn)[order], close=close)


def measure_hardness(
    before: Tensor | None, films: Tensor, logits: Tensor, *, n_films: int
) -> Tensor:
    """Return how hard it was to see that films show no fracture, when they were last seen.

    Args:
        before: Of all films, as it was; None at first, when all are alike.
        films: Numbers of the films that an epoch showed, shape `(shown,)`; some repeatedly.
        logits: What the network said of them.
        n_films: In the stack.

    Returns:
        Cross-entropy, at most `HARDEST`, shape `(films,)`; the mean of an epoch's, where a film
        was shown repeatedly. A film that was never shown is as hard as those that were, on average.
    """
    losses = F.softplus(logits.double()).clamp(max=HARDEST).numpy()
    places = films.numpy()
    times = np.bincount(places, minlength=n_films)
    sums = np.bincount(places, weights=losses, minlength=n_films)
    usual = float(losses.mean()) if len(losses) else 1.0
    hardness = np.full(n_films, usual) if before is None else before.double().numpy().copy()
    hardness[times > 0] = sums[times > 0] / times[times > 0]
    return torch.from_numpy(hardness)


def repeat_films(draw: Draw, n_films: int) -> tuple[Draw, Tensor]:
    """Return a batch with some of its whole films once more at its end, and the pairs' places.

    Args:
        draw: The batch.
        n_films: How many are repeated, where it has as many that are no close-ups.

    Returns:
        The longer batch, and the places of the pairs in it, shape `(pairs, 2)`.
    """
    chosen = (~draw.close).nonzero().flatten()[:n_films]
    longer = Draw(
        films=torch.cat([draw.films, draw.films[chosen]]),
        close=torch.cat([draw.close, draw.close[chosen]]),
    )
    return longer, torch.stack([chosen, len(draw) + torch.arange(len(chosen))], dim=1)


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
