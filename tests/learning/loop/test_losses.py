"""A loss falls where the network comes nearer to what is true, and asks nothing unknown."""

import pytest
import torch

from osteon.learning.data.loader import Batch
from osteon.learning.heads.boxes import BoxHead
from osteon.learning.loop.losses import (
    dice_loss,
    focal_loss,
    weigh_losses,
    weighted_loss,
    whole_loss,
)
from osteon.learning.networks.fracture_network import Look
from osteon.learning.recipes import LossSettings

ONES = torch.ones(2)


def square(films=1, side=8):
    wanted = torch.zeros(films, side, side)
    wanted[:, 2:4, 2:4] = 1.0
    return wanted


def test_a_map_that_is_right_costs_less_than_one_that_is_empty_or_beside():
    """Right beats silent, silent beats wrong, by both losses of the map."""
    wanted = square()
    right = torch.where(wanted > 0, 4.0, -4.0)
    silent = torch.full_like(wanted, -4.0)
    beside = torch.roll(right, 3, dims=2)
    assert focal_loss(right, wanted) < focal_loss(silent, wanted) < focal_loss(beside, wanted)
    assert dice_loss(right, wanted) < dice_loss(silent, wanted) <= dice_loss(beside, wanted) + 0.05


def test_half_a_cell_of_fracture_is_asked_for_as_a_half():
    """The focal loss of a share of one half is least at a probability of one half."""
    wanted = torch.full((1, 1, 1), 0.5)
    costs = [float(focal_loss(torch.full((1, 1, 1), logit), wanted)) for logit in (-2.0, 0.0, 2.0)]
    assert costs[1] == 0.0
    assert min(costs[0], costs[2]) > 0.1


def test_films_without_a_mask_add_nothing_to_the_overlap():
    """Overlap is asked of films that have a mask; a batch without any costs nothing."""
    marks = torch.randn(3, 8, 8)
    wanted = torch.zeros(3, 8, 8)
    assert float(dice_loss(marks, wanted)) == 0.0
    wanted[0] = square()[0]
    assert float(dice_loss(marks, wanted)) == pytest.approx(float(dice_loss(marks[:1], wanted[:1])))


def test_an_unoutlined_fracture_does_not_teach_that_there_is_nothing():
    """Whatever the map says of such a film, the loss is the same."""
    masks = torch.zeros(2, 1, 8, 8)
    batch = Batch(
        films=torch.zeros(2, 1, 16, 16),
        references=torch.ones(2),
        masks=masks,
        is_outlined=torch.tensor([True, False]),
    )
    costs = []
    for peak in (-5.0, 5.0):
        marks = torch.full((2, 8, 8), -5.0)
        marks[1] = peak
        look = Look(torch.zeros(2), marks, ())
        costs.append(float(whole_loss(look, batch, ONES, LossSettings())))
    assert costs[0] == costs[1]


def test_each_branch_learns_by_itself_at_its_weight():
    """The whole loss is the films' loss, and the branches' times their weight."""
    batch = Batch(films=torch.zeros(2, 1, 16, 16), references=torch.tensor([1.0, 0.0]))
    local, whole = torch.tensor([1.0, -1.0]), torch.tensor([0.5, 2.0])
    how = LossSettings(branch_weight=0.25)
    found = whole_loss(Look(local + whole, None, (local, whole)), batch, ONES, how)
    parts = [weighted_loss(x, batch.references, ONES) for x in (local + whole, local, whole)]
    assert float(found) == pytest.approx(float(parts[0] + 0.25 * (parts[1] + parts[2])))


def boxed_batch():
    """A film with one fracture and one without, seen by a box head that knows nothing."""
    torch.manual_seed(0)
    head = BoxHead(4)
    said = head([torch.rand(2, 4, 8, 8), torch.rand(2, 4, 4, 4)])
    batch = Batch(
        films=torch.zeros(2, 1, 32, 32),
        references=torch.tensor([1.0, 0.0]),
        masks=torch.zeros(2, 1, 16, 16),
        is_outlined=torch.tensor([True, True]),
        boxes=torch.tensor([[[4.0, 4, 20, 20]], [[0.0, 0, 0, 0]]]),
        is_box=torch.tensor([[True], [False]]),
    )
    return Look(torch.zeros(2), torch.zeros(2, 8, 8), (), said), batch


def test_boxes_count_at_the_recipe_s_weights():
    """Each part has its own weight, and all of them one; at none the loss is as without."""
    look, batch = boxed_batch()
    parts = weigh_losses(look, batch, ONES, LossSettings())
    half = weigh_losses(look, batch, ONES, LossSettings(box_weight=0.25, box_sides_weight=3.0))
    assert half["box score"].item() == pytest.approx(parts["box score"].item() / 2)
    assert half["box overlap"].item() == pytest.approx(parts["box overlap"].item() / 2)
    assert half["box sides"].item() == pytest.approx(parts["box sides"].item())
    none = whole_loss(look, batch, ONES, LossSettings(box_weight=0.0))
    without = whole_loss(look._replace(boxes=None), batch, ONES, LossSettings())
    assert none.item() == pytest.approx(without.item())
    total = whole_loss(look, batch, ONES, LossSettings())
    assert total.item() == pytest.approx(sum(part.item() for part in parts.values()))


def test_a_film_shown_twice_is_asked_for_one_logit():
    """The squared difference of the pairs' logits, at its weight; nothing without pairs."""
    batch = Batch(
        films=torch.zeros(4, 1, 16, 16),
        references=torch.tensor([1.0, 0.0, 1.0, 0.0]),
        twins=torch.tensor([[0, 2], [1, 3]]),
    )
    look = Look(torch.tensor([1.0, -1.0, 2.0, 2.0]))
    parts = weigh_losses(look, batch, ONES, LossSettings(consistency_weight=0.5))
    assert parts["consistency"].item() == pytest.approx(0.5 * (1.0 + 9.0) / 2)
    assert "consistency" not in weigh_losses(look, batch, ONES, LossSettings())
