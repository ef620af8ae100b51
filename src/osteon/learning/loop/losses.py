"""What a network is asked for: the film's label, and where masks are at hand, the places."""

import torch
from torch import Tensor
from torch.nn import functional as F

from osteon.learning.data.loader import Batch
from osteon.learning.loop.box_loss import measure_box_losses
from osteon.learning.networks.fracture_network import Look
from osteon.learning.recipes import LossSettings


def class_weights(has_fracture: Tensor, *, balanced: bool) -> Tensor:
    """Return the loss weights of a film without and with a fracture: n / (2 · n of its class)."""
    if not balanced:
        return torch.ones(2, device=has_fracture.device)
    counts = torch.stack([(~has_fracture).sum(), has_fracture.sum()])
    return len(has_fracture) / (2.0 * counts)


def weighted_loss(logits: Tensor, references: Tensor, weights: Tensor) -> Tensor:
    """Return binary cross-entropy on logits, each film weighed by its class (Keras' mean)."""
    weight = torch.where(references > 0.5, weights[1], weights[0])
    return F.binary_cross_entropy_with_logits(logits, references, weight=weight)


def whole_loss(look: Look, batch: Batch, weights: Tensor, how: LossSettings) -> Tensor:
    """Return the loss of the films, of each branch, and of the places.

    Args:
        look: What the network says.
        batch: What is true.
        weights: Of a film without and with a fracture.
        how: What counts how much.
    """
    parts = list(weigh_losses(look, batch, weights, how).values())
    return torch.stack(parts).sum()


def weigh_losses(look: Look, batch: Batch, weights: Tensor, how: LossSettings) -> dict[str, Tensor]:
    """Return the parts of the loss by name, each times its weight.

    Args:
        look: What the network says.
        batch: What is true.
        weights: Of a film without and with a fracture.
        how: What counts how much.
    """
    parts = {"film": weighted_loss(look.logits.float(), batch.references, weights)}
    for number, branch in enumerate(look.branches, 1):
        loss = weighted_loss(branch.float(), batch.references, weights)
        parts[f"branch {number}"] = how.branch_weight * loss
    if batch.twins is not None and how.consistency_weight:
        one, other = look.logits.float()[batch.twins].unbind(dim=1)
        parts["consistency"] = how.consistency_weight * ((one - other) ** 2).mean()
    if look.marks is None or batch.masks is None or batch.is_outlined is None:
        return parts
    size = look.marks.shape[-2:]
    wanted = F.interpolate(batch.masks, size=size, mode="area").squeeze(1)[batch.is_outlined]
    marks = look.marks[batch.is_outlined]
    parts["focal"] = how.focal_weight * focal_loss(marks, wanted)
    parts["dice"] = how.dice_weight * dice_loss(marks, wanted)
    if look.boxes is not None and batch.boxes is not None and batch.is_box is not None:
        of_boxes = measure_box_losses(look.boxes, batch.boxes, batch.is_box, batch.is_outlined)
        parts["box score"] = how.box_weight * how.box_score_weight * of_boxes.score
        parts["box overlap"] = how.box_weight * how.box_overlap_weight * of_boxes.overlap
        parts["box sides"] = how.box_weight * how.box_sides_weight * of_boxes.sides
    return parts


def focal_loss(marks: Tensor, wanted: Tensor) -> Tensor:
    """Return the focal loss of soft targets, summed over cells, per cell of fracture.

    Args:
        marks: Logits, shape `(films, rows, columns)`.
        wanted: Shares in [0, 1], of the same shape.

    Reference:
        Quality focal loss, Li et al., NeurIPS 2020: the share is the target, and how far the
        probability is from it, squared, is the weight.
    """
    error = (torch.sigmoid(marks) - wanted) ** 2
    every = error * F.binary_cross_entropy_with_logits(marks, wanted, reduction="none")
    return every.sum() / wanted.sum().clamp(min=1.0)


def dice_loss(marks: Tensor, wanted: Tensor) -> Tensor:
    """Return one minus the overlap (Dice) of map and mask, mean over films that have a mask."""
    shown = torch.sigmoid(marks).flatten(1)
    wanted = wanted.flatten(1)
    has_mask = wanted.sum(dim=1) > 0
    both = 2.0 * (shown * wanted).sum(dim=1) + 1.0
    overlap = both / (shown.sum(dim=1) + wanted.sum(dim=1) + 1.0)
    return ((1.0 - overlap) * has_mask).sum() / has_mask.sum().clamp(min=1)
