"""Manifest and cache → batches on the device. No film is decoded here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from osteon.collection.cache import Cache
from osteon.collection.manifest import Manifest
from osteon.learning.data.augment import change_greys, draw_warps, warp
from osteon.learning.data.box_targets import find_outlines, move_boxes, place_outlines
from osteon.learning.data.sampling import Draw
from osteon.learning.recipes import AugmentationSettings
from osteon.radiographs.masks import draw_mask
from osteon.radiographs.preparation import fit_letterbox
from osteon.release import Preparation
from osteon.terms import ManifestRow, Split

MASK_STEP: Final = 2
"""Pixels of network input along a cell of a kept mask."""

VISIBLE: Final = 0.3
"""Share of some cell of its mask that a warped film must still show to be called fractured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where the fractures of a split's films lie, in pixels of the network's input.

    Attributes:
        masks: Of the films that have outlines, uint8, shape `(masks, 1, rows, columns)`.
        mask_of: Which of them is a film's, shape `(films,)`; -1 where it has none. Where a reader
            drew boxes alone, the mask is the boxes.
        centres: The middles `(x, y)` of each film's fractures, shape `(fractures, 2)` each.
        outlines: The corners of each film's fractures, shape `(corners, 2)` each.
    """

    masks: Tensor
    mask_of: Tensor
    centres: tuple[Tensor, ...]
    outlines: tuple[tuple[Tensor, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmStack:
    """The films of one split, ready to be gathered.

    Attributes:
        pixels: uint8, shape `(films, 1, rows, columns)`; on the device where that is a GPU.
        has_fracture: Bool, shape `(films,)`, on the same device.
        paths: Their paths in the manifest, in the same order.
        how: The preparation that made the pixels.
        has_hardware: Bool, shape `(films,)`, on the CPU; False where nobody said.
        fitted: Columns and rows that each film takes up in the network's input, float32, shape
            `(films, 2)`, on the CPU.
        places: None where they were not asked for.
    """

    pixels: Tensor
    has_fracture: Tensor
    paths: tuple[str, ...]
    how: Preparation
    has_hardware: Tensor
    fitted: Tensor
    places: Places | None = None

    def __len__(self) -> int:
        """Return the number of films."""
        return len(self.paths)


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one step learns from.

    Attributes:
        films: In [0, 1], shape `(films, channels, rows, columns)`.
        references: 1 where the film, as it was changed, shows a fracture; shape `(films,)`.
        masks: Shares in [0, 1], shape `(films, 1, rows / 2, columns / 2)`; None without places.
        is_outlined: Whether a film's mask says all: it has no fracture, or its fractures have
            outlines; bool, shape `(films,)`; None without places.
        boxes: Of the fractures that the films still show, in pixels of the network's input, shape
            `(films, most, 4)`; None without places.
        is_box: Which of them stand for one, bool, shape `(films, most)`; None without places.
        twins: Places in the batch of one film that was changed in two ways, shape `(pairs, 2)`;
            None without.
    """

    films: Tensor
    references: Tensor
    masks: Tensor | None = None
    is_outlined: Tensor | None = None
    boxes: Tensor | None = None
    is_box: Tensor | None = None
    twins: Tensor | None = None


def stack_films(
    manifest: Manifest,
    cache: Cache,
    split: Split,
    *,
    device: torch.device,
    with_places: bool = False,
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
        has_hardware=torch.tensor([bool(row.hardware) for row in rows], dtype=torch.bool),
        fitted=_find_fitted(rows, cache.how),
        places=_stack_places(rows, cache.how, device) if with_places else None,
    )


def _find_fitted(rows: list[ManifestRow], how: Preparation) -> Tensor:
    places = [fit_letterbox(row.rows, row.columns, how) for row in rows]
    sizes = [(place.columns, place.rows) for place in places]
    return torch.tensor(sizes, dtype=torch.float32).reshape(-1, 2)


def _stack_places(rows: list[ManifestRow], how: Preparation, device: torch.device) -> Places:
    masks: list[Tensor] = []
    mask_of: list[int] = []
    for row in rows:
        outlines = find_outlines(row)
        mask_of.append(len(masks) if outlines else -1)
        if outlines:
            mask = draw_mask(
                outlines,
                row.rows,
                row.columns,
                how,
                step=MASK_STEP,
                pixel_aspect=row.pixel_aspect or 1.0,
            )
            masks.append(torch.from_numpy(mask.copy()).unsqueeze(0))
    size = (1, how.rows // MASK_STEP, how.columns // MASK_STEP)
    return Places(
        masks=(torch.stack(masks) if masks else torch.zeros((0, *size), dtype=torch.uint8)).to(
            device
        ),
        mask_of=torch.tensor(mask_of, dtype=torch.int64),
        centres=tuple(_find_centres(row, how) for row in rows),
        outlines=tuple(place_outlines(row, how) for row in rows),
    )


def _find_centres(row: ManifestRow, how: Preparation) -> Tensor:
    place = fit_letterbox(row.rows, row.columns, how, pixel_aspect=row.pixel_aspect or 1.0)
    centres = [place.to_network(box).centre for box in row.boxes]
    return torch.tensor(centres, dtype=torch.float32).reshape(-1, 2)


def training_batch(
    stack: FilmStack,
    drawn: Draw,
    how: AugmentationSettings,
    generator: torch.Generator,
    *,
    twins: Tensor | None = None,
) -> Batch:
    """Return drawn films, changed at random, with what they then show.

    Args:
        stack: The films of the split.
        drawn: Which of them.
        how: What may change, and how far.
        generator: On the CPU.
        twins: Places in `drawn` of films that are shown twice, shape `(pairs, 2)`.
    """
    films = drawn.films.to(stack.pixels.device)
    pixels = _scaled(stack.pixels.index_select(0, films))
    rows, columns = size = pixels.shape[-2:]
    centres = _choose_centres(stack, drawn, generator) if drawn.close.any() else None
    matrices = draw_warps(
        len(films), size, how, generator, centres=centres, fitted=stack.fitted[drawn.films]
    )
    references = stack.has_fracture.index_select(0, films).float()
    masks = is_outlined = boxes = is_box = None
    if stack.places is not None:
        has_mask = (stack.places.mask_of[drawn.films] >= 0).to(references.device)
        is_outlined = has_mask | (references == 0)
        masks, references = _warp_masks(stack.places, drawn.films, matrices, references)
        outlines = [stack.places.outlines[film] for film in drawn.films.tolist()]
        boxes, is_box = (
            part.to(references.device) for part in move_boxes(outlines, matrices, (rows, columns))
        )
    pixels = change_greys(warp(pixels, matrices, fill=how.fill), how, generator)
    return Batch(
        films=_expanded(pixels, stack.how),
        references=references,
        masks=masks,
        is_outlined=is_outlined,
        boxes=boxes,
        is_box=is_box,
        twins=twins,
    )


def _choose_centres(stack: FilmStack, drawn: Draw, generator: torch.Generator) -> Tensor:
    """Return what each close-up zooms in on: a fracture, or any place where there is none."""
    rows, columns = stack.how.rows, stack.how.columns
    anywhere = 0.2 + 0.6 * torch.rand(len(drawn.films), 2, generator=generator)
    centres = anywhere * torch.tensor([columns, rows], dtype=torch.float32)
    which = torch.rand(len(drawn.films), generator=generator)
    for number, film in enumerate(drawn.films.tolist()):
        known = stack.places.centres[film] if stack.places is not None else ()
        if len(known):
            centres[number] = known[int(which[number] * len(known))]
    return torch.where(drawn.close[:, None], centres, torch.nan)


def _warp_masks(
    places: Places, films: Tensor, matrices: Tensor, references: Tensor
) -> tuple[Tensor, Tensor]:
    """Return moved masks, and references of what is still in the picture."""
    numbers = places.mask_of[films]
    masks = torch.zeros((len(films), *places.masks.shape[1:]), device=references.device)
    masked = numbers >= 0
    if masked.any():
        kept = _scaled(places.masks.index_select(0, numbers[masked].to(places.masks.device)))
        moved = warp(kept, matrices[masked], step=MASK_STEP)
        here = masked.to(references.device)
        masks[here] = moved
        references[here] *= (moved.flatten(1).amax(dim=1) > VISIBLE).float()
    return masks, references


def reading_batches(stack: FilmStack, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all films in order, unchanged, with their references."""
    for start in range(0, len(stack), batch):
        pixels = _scaled(stack.pixels[start : start + batch])
        yield _expanded(pixels, stack.how), stack.has_fracture[start : start + batch].float()


def reduce_films(films: Tensor, share: float) -> Tensor:
    """Return films at a share of their side, rounded to what 32 divides, each pixel averaged."""
    size = [max(32, 32 * round(side * share / 32)) for side in films.shape[-2:]]
    small = F.interpolate(films, size=size, mode="bilinear", antialias=True)
    return small.contiguous(memory_format=torch.channels_last)


def reduce_batch(batch: Batch, share: float) -> Batch:
    """Return a batch whose films are reduced by `reduce_films`, and boxes with them."""
    films = reduce_films(batch.films, share)
    if batch.boxes is None:
        return replace(batch, films=films)
    rows, columns = (
        new / old for new, old in zip(films.shape[-2:], batch.films.shape[-2:], strict=True)
    )
    by = torch.tensor([columns, rows, columns, rows], device=batch.boxes.device)
    return replace(batch, films=films, boxes=batch.boxes * by)


def _scaled(pixels: Tensor) -> Tensor:
    return pixels.float() / 255.0  # as radiographs.prepare does; a test holds the two together


def _expanded(films: Tensor, how: Preparation) -> Tensor:
    expanded = films.expand(-1, how.channels, -1, -1)
    return expanded.contiguous(memory_format=torch.channels_last)
