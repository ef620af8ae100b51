"""Batches on the device are what `prepare` gives, in an order that a resumed run repeats."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from osteon.collection.cache import Cache
from osteon.collection.manifest import Manifest
from osteon.learning.loader import (
    order_films,
    reading_batches,
    split_order,
    stack_films,
    step_seed,
    training_batch,
)
from osteon.learning.recipes import AugmentationSettings
from osteon.radiographs.prepare import prepare
from osteon.release import Preparation
from osteon.terms import ManifestRow, Radiograph

HOW = Preparation(rows=16, columns=16, channels=3)
CPU = torch.device("cpu")


def films(n):
    return np.random.default_rng(0).integers(0, 256, (n, 16, 16), dtype=np.uint8)


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
    trained, references = training_batch(
        stack, torch.tensor([2, 0]), AugmentationSettings(), generator
    )
    read, _ = next(iter(reading_batches(stack, 4)))
    assert np.array_equal(read[2].numpy(), expected)
    np.testing.assert_allclose(trained[0].numpy(), expected, atol=1e-5)
    assert references.tolist() == [0.0, 1.0]


@given(st.integers(2, 200), st.integers(6, 40), st.integers(1, 3))
def test_every_device_gets_its_own_share_of_every_batch(n_films, batch, world):
    """Over all devices no film comes twice, shares are equal, and only a rest is left out."""
    order = order_films(n_films, seed=1, epoch=1)
    shares = [split_order(order, batch, rank=rank, world=world) for rank in range(world)]
    assert len({len(share) for share in shares}) == 1
    for parts in zip(*shares, strict=True):
        assert len({len(part) for part in parts}) == 1
        assert len(parts[0]) >= 2
    seen = [film for share in shares for part in share for film in part.tolist()]
    assert len(seen) == len(set(seen))
    n_batches = -(-n_films // batch)
    assert n_films - len(seen) <= n_batches * (world - 1) + 2 * world - 1


def test_an_epoch_s_order_is_the_same_again_and_differs_between_epochs():
    """The order depends on seed and epoch alone."""
    assert torch.equal(order_films(50, seed=1, epoch=2), order_films(50, seed=1, epoch=2))
    assert not torch.equal(order_films(50, seed=1, epoch=2), order_films(50, seed=1, epoch=3))
    seeds = {step_seed(s, e, t) for s in range(3) for e in range(20) for t in range(200)}
    assert len(seeds) == 3 * 20 * 200
