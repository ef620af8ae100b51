"""Which cells answer for a fracture, and what a wrong box costs."""

import math

import pytest
import torch

from osteon.learning.heads.boxes import BINS, BoxOutputs, choose_boxes, list_middles
from osteon.learning.loop.box_loss import (
    CELLS_A_BOX,
    assign_cells,
    complete_iou,
    measure_box_losses,
    measure_iou,
)

CPU = torch.device("cpu")


def outputs(films=1, side=64, score=-4.0, cells_away=2):
    """What a head says of films of which every cell draws a box of the same size."""
    fine, coarse = (list_middles(side // s, side // s, s, device=CPU) for s in (4, 8))
    n = len(fine) + len(coarse)
    sides = torch.full((films, n, 4, BINS), -60.0)
    sides[..., cells_away] = 0.0
    return BoxOutputs(
        scores=torch.full((films, n), score),
        sides=sides.requires_grad_(),
        middles=torch.cat([fine, coarse]),
        strides=torch.cat([torch.full((len(fine),), 4.0), torch.full((len(coarse),), 8.0)]),
        peaks=torch.zeros(films, 2),
    )


def boxes(*of_films):
    most = max([1, *(len(of_film) for of_film in of_films)])
    found = torch.zeros(len(of_films), most, 4)
    for film, of_film in enumerate(of_films):
        for number, box in enumerate(of_film):
            found[film, number] = torch.tensor(box)
    return found, torch.tensor([[n < len(f) for n in range(most)] for f in of_films])


def test_iou_and_complete_iou_worked_by_hand():
    """A square of 4 against one moved by 2: IoU 1/3; the middles' distance costs 4/52 more."""
    ours, theirs = torch.tensor([[0.0, 0, 4, 4]]), torch.tensor([[2.0, 0, 6, 4]])
    assert float(measure_iou(ours, theirs)) == pytest.approx(8 / 24, abs=1e-5)
    assert float(complete_iou(ours, theirs)) == pytest.approx(1 / 3 - 4 / 52, abs=1e-5)
    tall = torch.tensor([[0.0, 0, 2, 8]])
    differ = 4 / math.pi**2 * (math.atan(1) - math.atan(0.25)) ** 2
    iou = 8 / 24
    weight = differ / (1 - iou + differ)
    off = (1.0**2 + 2.0**2) / (4.0**2 + 8.0**2)
    expected = iou - off - weight * differ
    assert float(complete_iou(ours, tall)) == pytest.approx(expected, abs=1e-4)


def test_chosen_cells_lie_inside_the_box_and_are_ten_at_most():
    """Of 64 cells in a box ten answer; each one's middle lies in it."""
    said = outputs()
    goal, is_box = boxes([(8.0, 16.0, 40.0, 48.0)])
    chosen = assign_cells(said, goal, is_box)
    assert len(chosen.cells) == CELLS_A_BOX
    x, y = said.middles[chosen.cells].unbind(1)
    assert bool(((x > 8) & (x < 40) & (y > 16) & (y < 48)).all())


def test_the_cell_whose_box_meets_the_fracture_best_is_asked_for_the_highest_score():
    """A cell whose own box is exactly the fracture's is asked for an IoU of one."""
    said = outputs()  # two cells to every side: 16 pixels at stride 4, 32 at stride 8
    goal, is_box = boxes([(18.0, 18.0, 34.0, 34.0)])  # the box of the cell whose middle is (26, 26)
    chosen = assign_cells(said, goal, is_box)
    best = int(chosen.targets.argmax())
    assert said.middles[chosen.cells[best]].tolist() == [26.0, 26.0]
    assert float(chosen.targets.max()) == pytest.approx(1.0, abs=1e-4)
    others = chosen.targets[chosen.cells != chosen.cells[best]]
    assert float(others.max()) < 0.5


def test_a_better_scored_cell_is_chosen_among_equals():
    """Of two cells whose boxes meet the fracture alike, the better scored one is asked for more."""
    said = outputs()
    goal, is_box = boxes([(20.0, 18.0, 36.0, 34.0)])  # as near to (26, 26) as to (30, 26)
    cells = [
        int(((said.middles == torch.tensor(m)).all(1) & (said.strides == 4)).nonzero())
        for m in ([26.0, 26.0], [30.0, 26.0])
    ]
    said.scores[0, cells[1]] = 0.0
    chosen = assign_cells(said, goal, is_box)
    asked = {int(c): float(t) for c, t in zip(chosen.cells, chosen.targets, strict=True)}
    assert asked[cells[1]] > 2 * asked[cells[0]]


def test_a_box_smaller_than_a_cell_still_has_a_cell():
    """A fracture of 2 x 2 pixels between the middles of cells is learnt too."""
    chosen = assign_cells(outputs(), *boxes([(7.0, 7.0, 9.0, 9.0)]))
    assert len(chosen.cells) >= 1


def test_a_cell_answers_for_one_box_alone():
    """Where two fractures overlap no cell is chosen twice, and each keeps some."""
    said = outputs()
    goal, is_box = boxes([(8.0, 8.0, 24.0, 24.0), (12.0, 12.0, 28.0, 28.0)])
    chosen = assign_cells(said, goal, is_box)
    assert len(set(chosen.cells.tolist())) == len(chosen.cells)
    assert set(chosen.boxes.tolist()) == {0, 1}


def test_films_of_a_batch_do_not_touch_one_another():
    """A film's cells are the same alone and beside others."""
    alone = assign_cells(outputs(), *boxes([(8.0, 16.0, 40.0, 48.0)]))
    both = assign_cells(
        outputs(films=3), *boxes([(30.0, 30.0, 60.0, 44.0)], [], [(8.0, 16.0, 40.0, 48.0)])
    )
    here = both.films == 2
    assert torch.equal(both.cells[here], alone.cells)
    assert torch.equal(both.targets[here], alone.targets)
    assert not (both.films == 1).any()


def test_the_loss_of_one_box_worked_by_hand():
    """One cell asked for, all sides half a cell too long: every part has a number of its own."""
    said = outputs(side=8, score=0.0, cells_away=1)  # four cells at stride 4, one at stride 8
    goal, is_box = boxes([(1.0, 1.0, 3.0, 3.0)])  # round the middle (2, 2), two pixels a side
    loss = measure_box_losses(said, goal, is_box, torch.tensor([True]))
    # the cell's own box is (-2, -2, 6, 6): IoU 4 / 64, below 0.0625 it is asked for that alone
    asked = 4 / 64
    ln2 = math.log(2)
    assert float(loss.score.detach()) == pytest.approx(
        5 * ln2, rel=1e-4
    )  # BCE at 1/2 is ln 2 for any goal
    assert float(loss.overlap.detach()) == pytest.approx((1 - asked) * asked, rel=1e-3)
    # a side lies 1 pixel, a quarter of a cell, away: 3/4 on bin 0 (log p = -60), 1/4 on bin 1
    assert float(loss.sides.detach()) == pytest.approx(0.75 * 60 * asked, rel=1e-3)


def test_nothing_is_asked_of_films_whose_fractures_have_no_boxes():
    """Whatever the head says of such a film, the loss is the same; of a normal film it is not."""
    goal, is_box = boxes([(8.0, 16.0, 40.0, 48.0)], [])
    costs = {}
    for known in (True, False):
        for score in (-5.0, 5.0):
            said = outputs(films=2)
            said.scores[1] = score
            loss = measure_box_losses(said, goal, is_box, torch.tensor([True, known]))
            costs[known, score] = float(loss.score.detach())
    assert costs[False, -5.0] == costs[False, 5.0]
    assert costs[True, -5.0] < costs[True, 5.0]


def test_a_batch_without_fractures_costs_scores_alone():
    """No box, no sides; and the gradient is a number."""
    said = outputs(films=2)
    said = said._replace(scores=said.scores.requires_grad_())
    loss = measure_box_losses(said, *boxes([], []), torch.tensor([True, True]))
    sum(loss).backward()
    assert float(loss.overlap.detach()) == float(loss.sides.detach()) == 0.0
    assert bool(said.scores.grad.isfinite().all())


def test_learning_draws_the_best_box_over_the_fracture():
    """Two hundred steps on one film bring its best-scored box to an IoU above 0.9."""
    said = outputs(score=-4.0, cells_away=3)
    scores = said.scores.clone().requires_grad_()
    sides = (said.sides.detach() / 30).requires_grad_()
    goal, is_box = boxes([(13.0, 22.0, 39.0, 35.0)])
    optimiser = torch.optim.Adam([scores, sides], lr=0.1)
    for _ in range(200):
        said = said._replace(scores=scores, sides=sides)
        loss = measure_box_losses(said, goal, is_box, torch.tensor([True]))
        optimiser.zero_grad()
        (loss.score + 7.5 * loss.overlap + 1.5 * loss.sides).backward()
        optimiser.step()
    best = choose_boxes(said._replace(scores=scores, sides=sides), 1)[0, 0].detach()
    assert float(measure_iou(best[None, :4], goal[0])) > 0.9
    assert float(best[4]) > 0.8
