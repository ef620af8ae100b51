"""Boxes lie where the moved film shows the fracture that they go round."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from osteon.collection.cache import Cache
from osteon.collection.manifest import Manifest
from osteon.learning.data.box_targets import move_boxes, place_outlines
from osteon.learning.data.loader import reduce_batch, stack_films, training_batch
from osteon.learning.data.sampling import Draw
from osteon.learning.recipes import AugmentationSettings
from osteon.release import Preparation
from osteon.terms import ManifestRow

SIDE = 128
HOW = Preparation(rows=SIDE, columns=SIDE)
TRIANGLE = ((120.0, 30.0), (180.0, 50.0), (130.0, 90.0))  # of a film of 128 rows, 256 columns
STILL = torch.eye(3)[None]
ROW = ManifestRow(
    path="0.png",
    film_id="0" * 16,
    sha256="0" * 64,
    rows=128,
    columns=256,
    has_fracture=True,
    split="train",
    boxes=((120.0, 30.0, 180.0, 90.0),),
    polygons=(TRIANGLE,),
)


@pytest.fixture
def stack():
    """A film with a triangular fracture, and one without."""
    rows = (ROW, replace(ROW, path="1.png", has_fracture=False, boxes=(), polygons=()))
    cache = Cache(
        pixels=np.zeros((2, SIDE, SIDE), np.uint8),
        paths=tuple(row.path for row in rows),
        set_aside=(),
        how=HOW,
    )
    manifest = Manifest(rows=rows, root=Path())
    return stack_films(manifest, cache, "train", device=torch.device("cpu"), with_places=True)


def extents(mask, threshold=0.4):
    """Edges of a mask's cells, in pixels of the input: a cell is two of them wide."""
    rows, columns = (mask[0] > threshold).nonzero().unbind(1)
    corners = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    return 2.0 * torch.stack(corners).float()


@pytest.mark.parametrize(
    "how",
    [
        AugmentationSettings(),
        AugmentationSettings(rotation_degrees=180),
        AugmentationSettings(horizontal_flip=True, vertical_flip=True),
        AugmentationSettings(zoom=(0.6, 1.4), shift_share=0.1, shear_degrees=20),
        AugmentationSettings(turned_share=1.0, horizontal_flip=True),
    ],
)
def test_a_moved_box_is_the_extent_of_the_moved_mask(stack, how):
    """Turned, mirrored, zoomed and sheared: the box ends where the mask does, to two cells."""
    drawn = Draw(films=torch.zeros(24, dtype=torch.int64), close=torch.zeros(24, dtype=torch.bool))
    batch = training_batch(stack, drawn, how, torch.Generator().manual_seed(2))
    assert bool(batch.is_box.all())
    for mask, box in zip(batch.masks, batch.boxes[:, 0], strict=True):
        torch.testing.assert_close(box, extents(mask), atol=4.0, rtol=0)


def test_the_box_of_a_turned_fracture_is_not_the_turned_box(stack):
    """At 45 degrees a triangle's box is smaller than that of its turned box."""
    turn = torch.tensor([[0.7071, -0.7071, 40.0], [0.7071, 0.7071, -20.0], [0.0, 0.0, 1.0]])[None]
    triangle, _ = move_boxes([place_outlines(ROW, HOW)], turn, (SIDE, SIDE))
    corners, _ = move_boxes([place_outlines(replace(ROW, polygons=()), HOW)], turn, (SIDE, SIDE))

    def area(box):
        return float((box[0, 0, 2] - box[0, 0, 0]) * (box[0, 0, 3] - box[0, 0, 1]))

    assert area(triangle) < 0.8 * area(corners)


def test_a_still_film_s_box_is_the_manifest_s_in_the_letterbox():
    """Half the size, and 32 rows down: edges stay edges."""
    found, is_box = move_boxes([place_outlines(ROW, HOW)], STILL, (SIDE, SIDE))
    assert is_box.tolist() == [[True]]
    torch.testing.assert_close(found[0, 0], torch.tensor([60.0, 47.0, 90.0, 77.0]))


@pytest.mark.parametrize(("shift", "kept"), [(-50.0, True), (-85.0, False)])
def test_a_close_up_crops_boxes_and_drops_what_is_mostly_outside(shift, kept):
    """A box of which two thirds are left is cropped at the edge; of one sixth is dropped."""
    moved = torch.tensor([[1.0, 0.0, shift - 20.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])[None]
    moved[0, 0, 2] = shift - 20.0 if kept else shift
    found, is_box = move_boxes([place_outlines(ROW, HOW)], moved, (SIDE, SIDE))
    assert bool(is_box[0, 0]) is kept
    if kept:
        assert found[0, 0].tolist() == pytest.approx([0.0, 47.0, 20.0, 77.0], abs=1e-3)


def test_films_without_fractures_have_no_boxes(stack):
    """Beside a film with one box, a normal film has room for one, and none."""
    drawn = Draw(films=torch.tensor([1, 0]), close=torch.zeros(2, dtype=torch.bool))
    batch = training_batch(stack, drawn, AugmentationSettings(), torch.Generator())
    assert batch.is_box.tolist() == [[False], [True]]


def test_a_reduced_batch_s_boxes_are_reduced_with_its_films(stack):
    """Half of 128 pixels is 64: so are the boxes."""
    drawn = Draw(films=torch.tensor([0]), close=torch.zeros(1, dtype=torch.bool))
    batch = training_batch(stack, drawn, AugmentationSettings(), torch.Generator())
    small = reduce_batch(batch, 0.5)
    assert small.films.shape[-2:] == (64, 64)
    torch.testing.assert_close(small.boxes, batch.boxes / 2)
