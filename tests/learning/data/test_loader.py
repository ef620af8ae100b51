"""Batches on the device are what `prepare` gives, in an order that a resumed run repeats."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from osteon.collection.cache import Cache
from osteon.collection.manifest import Manifest
from osteon.learning.data.loader import (
    reading_batches,
    reduce_films,
    stack_films,
    training_batch,
)
from osteon.learning.data.sampling import Draw
from osteon.learning.recipes import AugmentationSettings
from osteon.radiographs.preparation import prepare
from osteon.release import Preparation
from osteon.terms import ManifestRow, Radiograph

HOW = Preparation(rows=16, columns=16, channels=3)
CPU = torch.device("cpu")


def films(n):
    return np.random.default_rng(0).integers(0, 256, (n, 16, 16), dtype=np.uint8)


def whole(*films):
    return Draw(films=torch.tensor(films), close=torch.zeros(len(films), dtype=torch.bool))


def row(number, split):
    sha256 = f"{number:064x}"
    return ManifestRow(
        path=f"{number:02}.png",
        film_id=sha256[:16],
        sha256=sha256,
        rows=16,
        columns=16,
        has_fracture=number % 3 == 0,
        split=split,
    )


@pytest.fixture
def stack():
    """Ten films: even ones to train. The cache holds them in another order than the manifest."""
    manifest = Manifest(
        rows=tuple(row(n, "train" if n % 2 == 0 else "tune") for n in range(10)), root=Path()
    )
    backwards = tuple(f"{n:02}.png" for n in reversed(range(10)))
    cache = Cache(pixels=films(10)[::-1], paths=backwards, set_aside=(), how=HOW)
    return stack_films(manifest, cache, "train", device=CPU)


def test_a_split_s_films_keep_their_own_pixels_and_references(stack):
    """Each film of the stack has its own pixels and label, whatever the cache's order."""
    assert stack.paths == ("00.png", "02.png", "04.png", "06.png", "08.png")
    assert stack.has_fracture.tolist() == [True, False, False, True, False]
    assert np.array_equal(stack.pixels[:, 0].numpy(), films(10)[::2])


def test_training_and_reading_see_exactly_what_prepare_gives(stack):
    """Without augmentation a training batch, a reading batch and `prepare` agree to the bit."""
    pixels = films(10)[4]
    expected = prepare(Radiograph(pixels=pixels.astype(np.float32) / 255, source="x"), HOW)
    generator = torch.Generator().manual_seed(0)
    trained = training_batch(stack, whole(2, 0), AugmentationSettings(), generator)
    read, _ = next(iter(reading_batches(stack, 4)))
    assert np.array_equal(read[2].numpy(), expected)
    np.testing.assert_allclose(trained.films[0].numpy(), expected, atol=1e-5)
    assert trained.references.tolist() == [0.0, 1.0]
    assert trained.masks is None


SIDE = 64
LETTERBOX = Preparation(rows=SIDE, columns=SIDE)
BOX = (60.0, 20.0, 92.0, 36.0)  # of a film of 64 rows and 128 columns


@pytest.fixture
def outlined():
    """Three films of 64 x 128: an outlined fracture that is bright, none, and one not outlined."""
    x0, y0, x1, y1 = BOX
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    known = {"rows": 64, "columns": 128, "split": "train"}
    rows = (
        replace(row(0, "train"), **known, boxes=(BOX,), polygons=(corners,), hardware=True),
        replace(row(1, "train"), **known),
        replace(row(3, "train"), **known),
    )
    pixels = np.zeros((3, SIDE, SIDE), dtype=np.uint8)
    pixels[0, 26:34, 30:46] = 255  # the box, where a letterboxed film shows it
    cache = Cache(pixels=pixels, paths=tuple(r.path for r in rows), set_aside=(), how=LETTERBOX)
    manifest = Manifest(rows=rows, root=Path())
    return stack_films(manifest, cache, "train", device=CPU, with_places=True)


@pytest.mark.parametrize(
    "how",
    [
        AugmentationSettings(),
        AugmentationSettings(rotation_degrees=180, horizontal_flip=True, vertical_flip=True),
        AugmentationSettings(zoom_share=0.3, shift_share=0.1, shear_degrees=20),
    ],
)
def test_a_mask_moves_as_its_film_does(outlined, how):
    """Whatever the warp, the mask lies where the film shows what it goes round."""
    batch = training_batch(outlined, whole(*[0] * 16), how, torch.Generator().manual_seed(1))
    shown = torch.nn.functional.avg_pool2d(batch.films, 2) > 0.5
    masked = batch.masks > 0.5
    both = (shown & masked).sum((1, 2, 3)) / (shown | masked).sum((1, 2, 3))
    assert float(both.min()) > 0.6
    assert float(both.mean()) > 0.8


def test_a_close_up_brings_the_fracture_to_the_middle_and_enlarges_it(outlined):
    """Zoomed on its fracture, a film shows it in the middle and as many times larger."""
    how = AugmentationSettings(close_zoom=(2.0, 2.0))
    close = Draw(films=torch.tensor([0]), close=torch.tensor([True]))
    batch = training_batch(outlined, close, how, torch.Generator().manual_seed(0))
    assert batch.references.tolist() == [1.0]
    assert float(batch.masks[0, 0, 12:20, 12:20].mean()) > 0.85
    area = float(batch.masks.sum())
    alone = training_batch(outlined, whole(0), how, torch.Generator().manual_seed(0))
    assert area == pytest.approx(4 * float(alone.masks.sum()), rel=0.15)


def test_a_film_whose_fracture_was_moved_out_of_the_picture_is_not_called_fractured(outlined):
    """What a changed film no longer shows is not asked of the network."""
    how = AugmentationSettings(shift_share=0.95)
    batch = training_batch(outlined, whole(*[0] * 32), how, torch.Generator().manual_seed(0))
    shown = batch.masks.flatten(1).amax(1) > 0.3
    assert torch.equal(batch.references > 0.5, shown)
    assert 0 < int(shown.sum()) < 32


def test_a_fracture_without_an_outline_says_nothing_about_places(outlined):
    """Its film still teaches its label; its empty mask is not taken for "nothing here"."""
    batch = training_batch(
        outlined, whole(0, 1, 2), AugmentationSettings(), torch.Generator().manual_seed(0)
    )
    assert batch.is_outlined.tolist() == [True, True, False]
    assert batch.references.tolist() == [1.0, 0.0, 1.0]


def test_boxes_alone_serve_as_masks(outlined):
    """A collection with boxes and no outlines teaches places by its boxes."""
    rows = (replace(row(0, "train"), rows=64, columns=128, boxes=(BOX,)),)
    cache = Cache(
        pixels=np.zeros((1, SIDE, SIDE), np.uint8),
        paths=(rows[0].path,),
        set_aside=(),
        how=LETTERBOX,
    )
    stack = stack_films(
        Manifest(rows=rows, root=Path()), cache, "train", device=CPU, with_places=True
    )
    assert torch.equal(stack.places.masks, outlined.places.masks)


def test_reduced_films_have_sides_that_32_divides():
    """Two thirds of 384 are 256; of a small film never less than 32."""
    assert reduce_films(torch.rand(1, 1, 384, 384), 2 / 3).shape == (1, 1, 256, 256)
    assert reduce_films(torch.rand(1, 1, 160, 96), 2 / 3).shape == (1, 1, 96, 64)
    assert reduce_films(torch.rand(1, 1, 32, 32), 0.1).shape == (1, 1, 32, 32)


def test_fractures_lie_on_films_whose_pixels_are_not_square():
    """A film of 32 rows that stand for 64 is letterboxed as it is seen, and so is its fracture."""
    box = (60.0, 10.0, 92.0, 18.0)
    known = {"rows": 32, "columns": 128, "pixel_aspect": 2.0, "boxes": (box,)}
    manifest = Manifest(rows=(replace(row(0, "train"), **known),), root=Path())
    pixels = np.zeros((1, SIDE, SIDE), dtype=np.uint8)
    cache = Cache(pixels=pixels, paths=("00.png",), set_aside=(), how=LETTERBOX)
    places = stack_films(manifest, cache, "train", device=CPU, with_places=True).places
    assert places.centres[0].tolist() == [[38.0, 30.0]]
    rows, columns = np.nonzero(places.masks[0, 0].numpy() > 127)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (13, 16, 15, 22)
