"""Manifest and cache → batches on the device. No film is decoded here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from osteon.collection.cache import Cache
from osteon.collection.manifest import Manifest
from osteon.learning.augment import augment
from osteon.learning.recipes import AugmentationSettings
from osteon.release import Preparation
from osteon.terms import Split


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmStack:
    """The films of one split, ready to be gathered.

    Attributes:
        pixels: uint8, shape `(films, 1, rows, columns)`; on the device where that is a GPU.
        has_fracture: Bool, shape `(films,)`, on the same device.
        paths: Their paths in the manifest, in the same order.
        how: The preparation that made the pixels.
    """

    pixels: Tensor
    has_fracture: Tensor
    paths: tuple[str, ...]
    how: Preparation

    def __len__(self) -> int:
        """Return the number of films."""
        return len(self.paths)


def stack_films(
    manifest: Manifest, cache: Cache, split: Split, *, device: torch.device
) -> FilmStack:
    """Return the readable films of a split as tensors; a GPU takes them whole."""
    place = {path: row for row, path in enumerate(cache.paths)}
    rows = [row for row in manifest.rows if row.split == split and row.path in place]
    chosen = np.array([place[row.path] for row in rows], dtype=np.int64)
    pixels = torch.from_numpy(cache.pixels[chosen]).unsqueeze(1)
    labels = torch.tensor([row.has_fracture for row in rows], dtype=torch.bool)
    return FilmStack(
        pixels=pixels.to(device),
        has_fracture=labels.to(device),
        paths=tuple(row.path for row in rows),
        how=cache.how,
    )


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


def training_batch(
    stack: FilmStack, films: Tensor, how: AugmentationSettings, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return augmented films `(films, channels, rows, columns)` in [0, 1], and their references."""
    films = films.to(stack.pixels.device)
    pixels = _scaled(stack.pixels.index_select(0, films))
    return (
        _expanded(augment(pixels, how, generator), stack.how),
        stack.has_fracture.index_select(0, films).float(),
    )


def reading_batches(stack: FilmStack, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all films in order, unchanged, with their references."""
    for start in range(0, len(stack), batch):
        pixels = _scaled(stack.pixels[start : start + batch])
        yield _expanded(pixels, stack.how), stack.has_fracture[start : start + batch].float()


def _scaled(pixels: Tensor) -> Tensor:
    return pixels.float() / 255.0  # as radiographs.prepare does; a test holds the two together


def _expanded(films: Tensor, how: Preparation) -> Tensor:
    expanded = films.expand(-1, how.channels, -1, -1)
    return expanded.contiguous(memory_format=torch.channels_last)
