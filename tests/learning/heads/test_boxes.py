"""A box head says, cell by cell, where a fracture's sides are."""

import pytest
import torch

from osteon.learning.heads.boxes import BINS, BoxHead, choose_boxes, decode_boxes, list_middles


@pytest.fixture
def head():
    torch.manual_seed(0)
    return BoxHead(8).eval()


def levels(films=2):
    return [torch.rand(films, 8, 16, 16), torch.rand(films, 8, 8, 8)]


@torch.no_grad()
def test_every_cell_of_both_strides_has_a_score_and_four_sides(head):
    """The finest stride comes first, row by row; the peaks are those of each stride."""
    said = head(levels())
    assert said.scores.shape == (2, 16 * 16 + 8 * 8)
    assert said.sides.shape == (2, 320, 4, BINS)
    assert said.middles[1].tolist() == [6.0, 2.0]
    assert said.middles[256].tolist() == [4.0, 4.0]
    assert said.strides[[255, 256]].tolist() == [4.0, 8.0]
    torch.testing.assert_close(said.peaks[:, 0], said.scores[:, :256].amax(1))
    torch.testing.assert_close(said.peaks[:, 1], said.scores[:, 256:].amax(1))


@torch.no_grad()
def test_at_first_nothing_is_said_to_be_a_fracture(head):
    """Before any training a cell's score is near the share of cells that answer for one."""
    assert float(head(levels()).scores.sigmoid().max()) < 0.01


def test_a_side_is_the_mean_of_its_distances_in_cells():
    """Half of three cells and half of four, at stride 8, is 28 pixels."""
    sides = torch.full((1, 4, BINS), -50.0)
    sides[0, :, 3] = 0.0
    sides[0, 2, 4] = 0.0  # the right side alone is vague
    box = decode_boxes(sides, torch.tensor([[100.0, 60.0]]), torch.tensor([8.0]))
    assert box[0].tolist() == pytest.approx([76.0, 36.0, 128.0, 84.0])


@torch.no_grad()
def test_the_best_scored_boxes_come_first_with_their_own_sides(head):
    """Each chosen box is the one of its cell, and its score a probability."""
    said = head(levels())
    chosen = choose_boxes(said, 5)
    assert chosen.shape == (2, 5, 5)
    cell = int(said.scores[1].argmax())
    expected = decode_boxes(said.sides[1, cell], said.middles[cell], said.strides[cell])
    torch.testing.assert_close(chosen[1, 0, :4], expected)
    torch.testing.assert_close(chosen[1, 0, 4], said.scores[1].max().sigmoid())
    assert bool((chosen[:, :-1, 4] >= chosen[:, 1:, 4]).all())
    assert choose_boxes(said, 1000).shape == (2, 320, 5)


def test_middles_are_where_edges_of_pixels_say():
    """The first cell of stride 4 lies between edges 0 and 4: its middle is at 2."""
    middles = list_middles(2, 3, 4, device=torch.device("cpu"))
    assert middles.tolist() == [[2, 2], [6, 2], [10, 2], [2, 6], [6, 6], [10, 6]]
