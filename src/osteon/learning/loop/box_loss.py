"""What a box head is asked for: which cells answer for a fracture, how well, and how far it goes.

Cells are chosen by how well their own box already meets a fracture (task-aligned assignment: Feng
et al., TOOD, ICCV 2021), so that the best-scored box is the best box.
"""

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from osteon.learning.heads.boxes import BINS, BoxOutputs, decode_boxes

CELLS_A_BOX: Final = 10
"""How many cells answer for one fracture at most."""

_SCORE_POWER: Final = 0.5
_IOU_POWER: Final = 6.0

_LEAST: Final = 0.05
"""Target of a chosen cell whose box does not meet the fracture yet: it must be able to learn."""

_REACH: Final = 16.0
"""Pixels; while no box meets a fracture, cells nearer its middle are chosen first."""

_TINY: Final = 1e-6


class BoxLosses(NamedTuple):
    """The parts of the loss, each per unit of target.

    Attributes:
        score: Cross-entropy of scores against the IoU that a cell's box should be trusted with.
        overlap: One minus complete IoU, of the chosen cells.
        sides: Cross-entropy of the distances (distribution focal loss), of the chosen cells.
    """

    score: Tensor
    overlap: Tensor
    sides: Tensor


class Assignment(NamedTuple):
    """Which cells answer for which fracture.

    Attributes:
        films: Numbers of the films of the chosen cells, shape `(chosen,)`.
        cells: Their numbers.
        boxes: The numbers, on their films, of the fractures that they answer for.
        targets: The IoU that their score should come to, in [0, 1].
    """

    films: Tensor
    cells: Tensor
    boxes: Tensor
    targets: Tensor


def measure_box_losses(
    outputs: BoxOutputs, boxes: Tensor, is_box: Tensor, is_known: Tensor
) -> BoxLosses:
    """Return the loss of a batch.

    Args:
        outputs: What the head says.
        boxes: Fractures, shape `(films, most, 4)`, in pixels of the films that the head saw.
        is_box: Which of them stand for one, bool, shape `(films, most)`.
        is_known: Films of which every fracture has a box, or that have none, bool, shape
            `(films,)`; nothing is asked of the others.
    """
    chosen = assign_cells(outputs, boxes, is_box & is_known[:, None])
    wanted = torch.zeros_like(outputs.scores)
    wanted[chosen.films, chosen.cells] = chosen.targets
    total = chosen.targets.sum().clamp(min=1.0)
    every = F.binary_cross_entropy_with_logits(outputs.scores, wanted, reduction="none")
    score = (every * is_known[:, None]).sum() / total
    sides = outputs.sides[chosen.films, chosen.cells]
    middles, strides = outputs.middles[chosen.cells], outputs.strides[chosen.cells]
    goal = boxes[chosen.films, chosen.boxes]
    found = decode_boxes(sides, middles, strides)
    overlap = ((1.0 - complete_iou(found, goal)) * chosen.targets).sum() / total
    away = torch.cat([middles - goal[:, :2], goal[:, 2:] - middles], dim=1) / strides[:, None]
    of_sides = (_distance_loss(sides, away) * chosen.targets).sum() / total
    return BoxLosses(score=score, overlap=overlap, sides=of_sides)


@torch.no_grad()
def assign_cells(outputs: BoxOutputs, boxes: Tensor, is_box: Tensor) -> Assignment:
    """Return which cells answer for which fracture.

    A cell may answer where its middle lies in the box, or, for boxes smaller than a cell, within
    half a cell of the finest stride of its middle. Where two boxes want one cell, the one that its
    own box meets better has it.

    Args:
        outputs: What the head says.
        boxes: Fractures, shape `(films, most, 4)`.
        is_box: Which of them stand for one, bool, shape `(films, most)`.
    """
    shape = (*is_box.shape, outputs.scores.shape[1])
    iou, rank, align = (torch.zeros(shape, device=boxes.device) for _ in range(3))
    film, box, cell = _find_inside(outputs, boxes, is_box).nonzero(as_tuple=True)
    goal, middles = boxes[film, box], outputs.middles[cell]
    found = decode_boxes(outputs.sides[film, cell], middles, outputs.strides[cell])
    met = measure_iou(found, goal)
    fit = outputs.scores[film, cell].sigmoid() ** _SCORE_POWER * met**_IOU_POWER
    off = ((goal[:, :2] + goal[:, 2:]) / 2 - middles).norm(dim=1)
    iou[film, box, cell], align[film, box, cell] = met, fit
    rank[film, box, cell] = fit + 1e-12 * torch.exp(-off / _REACH)
    best, places = rank.topk(min(CELLS_A_BOX, shape[2]), dim=2)
    is_chosen = torch.zeros(shape, dtype=torch.bool, device=boxes.device)
    is_chosen.scatter_(2, places, best > 0)
    owner = torch.where(is_chosen, iou, -1.0).argmax(dim=1, keepdim=True)
    is_chosen &= torch.arange(shape[1], device=boxes.device)[None, :, None] == owner
    align, iou = align * is_chosen, iou * is_chosen
    highest = align.amax(dim=2, keepdim=True)
    targets = align / (highest + 1e-30) * iou.amax(dim=2, keepdim=True)
    film, box, cell = is_chosen.nonzero(as_tuple=True)
    return Assignment(film, cell, box, targets[film, box, cell].clamp(min=_LEAST))


def _find_inside(outputs: BoxOutputs, boxes: Tensor, is_box: Tensor) -> Tensor:
    """Return which cells' middles lie in which boxes, bool, shape `(films, most, cells)`."""
    half = outputs.strides.min() / 2
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    reach = (boxes[..., 2:] - boxes[..., :2]) / 2
    off = (outputs.middles - middle[:, :, None]).abs()
    inside = (off < reach[:, :, None]).all(dim=3)
    finest = outputs.strides == outputs.strides.min()
    nearest = (off <= torch.maximum(reach, half)[:, :, None]).all(dim=3) & finest
    return (inside | nearest) & is_box[:, :, None]


def measure_areas(boxes: Tensor) -> Tensor:
    """Return the areas of boxes, shape `(..., 4)`."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return sides[..., 0] * sides[..., 1]


def measure_iou(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return the IoU of boxes, pair by pair; shapes `(..., 4)` that broadcast."""
    start = torch.maximum(ours[..., :2], theirs[..., :2])
    end = torch.minimum(ours[..., 2:], theirs[..., 2:])
    both = (end - start).clamp(min=0.0).prod(dim=-1)
    either = measure_areas(ours) + measure_areas(theirs) - both
    return both / (either + _TINY)


def complete_iou(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return the IoU, less how far the middles are apart and how far the shapes differ.

    Args:
        ours: Boxes, shape `(boxes, 4)`.
        theirs: Of the same shape.

    Reference:
        Zheng et al., Distance-IoU Loss, AAAI 2020.
    """
    iou = measure_iou(ours, theirs)
    start = torch.minimum(ours[:, :2], theirs[:, :2])
    end = torch.maximum(ours[:, 2:], theirs[:, 2:])
    across = ((end - start) ** 2).sum(dim=1) + _TINY
    off = ((ours[:, :2] + ours[:, 2:] - theirs[:, :2] - theirs[:, 2:]) ** 2).sum(dim=1) / 4
    shapes = []
    for boxes in (ours, theirs):
        width, height = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3).unbind(dim=1)
        shapes.append(torch.atan(width / height))
    differ = 4 / math.pi**2 * (shapes[0] - shapes[1]) ** 2
    with torch.no_grad():
        weight = differ / (1 - iou + differ + _TINY)
    return iou - off / across - weight * differ


def _distance_loss(sides: Tensor, away: Tensor) -> Tensor:
    """Return the cross-entropy of distances against the two whole ones next to each."""
    away = away.clamp(0.0, BINS - 1 - 0.01)
    lower = away.long()
    share = away - lower
    known = sides.log_softmax(dim=-1)
    below = known.gather(2, lower[..., None]).squeeze(2)
    above = known.gather(2, lower[..., None] + 1).squeeze(2)
    return -(below * (1 - share) + above * share).mean(dim=1)
