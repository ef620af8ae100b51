"""The gate of a training that learns boxes: views are fused fairly, and boxes keep their place."""

import numpy as np
import pytest
import torch

from osteon.learning.networks.build import build_network
from osteon.learning.recipes import find_recipe
from tests.rows import film
from tests.scripts import load_script

box_gate = load_script("box_gate")

TINY = {"preparation.rows": "64", "preparation.columns": "64"}
HERE = [10.0, 10.0, 30.0, 30.0]
NEAR = [12.0, 10.0, 32.0, 30.0]
THERE = [40.0, 40.0, 60.0, 50.0]


def boxes(*rows):
    return np.array(rows, dtype=np.float32).reshape(-1, 5)


def test_of_overlapping_boxes_the_best_is_kept():
    """The second box of a place goes; another place stays."""
    found = boxes([*HERE, 0.9], [*NEAR, 0.8], [*THERE, 0.1])
    kept = box_gate.suppress(found, from_iou=0.4, at_most=30)
    assert kept[:, 4].tolist() == pytest.approx([0.9, 0.1])
    assert len(box_gate.suppress(found, from_iou=0.4, at_most=1)) == 1


def test_every_view_has_one_vote():
    """A place that one view marks twice scores no more than one that it marks once."""
    views = [boxes([*HERE, 0.8], [*NEAR, 0.7]), boxes([*THERE, 0.8]), boxes(), boxes()]
    fused = box_gate.fuse(views, from_iou=0.3, at_most=30)
    assert fused[:, 4].tolist() == pytest.approx([0.2, 0.2])


def test_a_place_that_two_views_see_lies_between_them():
    """Sides are the mean of both, weighed by score; the score is the mean over all views."""
    views = [boxes([*HERE, 0.6]), boxes([*NEAR, 0.2]), boxes(), boxes()]
    fused = box_gate.fuse(views, from_iou=0.3, at_most=30)
    assert len(fused) == 1
    assert fused[0].tolist() == pytest.approx([10.5, 10.0, 30.5, 30.0, 0.2], abs=1e-3)


@torch.no_grad()
def test_boxes_of_mirrored_views_are_mirrored_back():
    """A film and its mirror image are seen alike, mirrored: fused boxes, map and logit are."""
    torch.manual_seed(0)
    network = build_network(find_recipe("osteon-2", TINY), download=False).eval()
    picture = torch.rand(1, 1, 64, 64)
    seen = box_gate.see_film(network, picture, (), n_views=4)
    mirrored = box_gate.see_film(network, picture.flip(3), (), n_views=4)
    assert seen.logit == pytest.approx(mirrored.logit, abs=1e-4)
    np.testing.assert_allclose(seen.evidence, mirrored.evidence[:, ::-1], atol=1e-5)
    scores = seen.boxes[:5, 4], mirrored.boxes[:5, 4]
    np.testing.assert_allclose(*scores, atol=1e-4)
    first, other = seen.boxes[0], mirrored.boxes[0]
    assert [64 - other[2], 64 - other[0]] == pytest.approx([first[0], first[2]], abs=0.01)


def test_marks_are_told_in_the_film_s_own_pixels():
    """A film twice the network's size, letterboxed: boxes and the map's peak are scaled back."""
    recipe = find_recipe("osteon-2", TINY)
    evidence = np.zeros((16, 16), dtype=np.float32)
    evidence[8, 4] = 1.0
    seen = box_gate.Seen(
        logit=0.0, evidence=evidence, boxes=boxes([8.0, 24.0, 16.0, 40.0, 0.5]), met=()
    )
    marked = box_gate.mark_film(film("a.png", rows=64, columns=128), seen, recipe)
    assert marked.marks == (((16.0, 16.0, 32.0, 48.0), 0.5),)
    assert marked.peak == pytest.approx((36.0, 36.0))
