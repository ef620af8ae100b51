"""The guards' networks: each that was ever released stays, and is known by its bytes."""

import hashlib

import numpy as np
import pytest

from osteon.inference import guard_network
from osteon.inference.guard_looks import GUARD_SIDE
from osteon.inference.guard_network import (
    GREY,
    NETWORKS,
    hash_guard_network,
    hash_guard_networks,
    load_guard_network,
    read_fitted,
    run_network,
    standardise,
)


def draw_looks(n: int, side: int = GUARD_SIDE) -> np.ndarray:
    chance = np.random.default_rng(1)
    return chance.integers(0, 256, (n, side, side), dtype=np.uint8)


@pytest.mark.parametrize("name", NETWORKS)
def test_one_film_or_many_give_one_answer(name):
    """A film's logits do not depend on its company, whichever network is asked."""
    sha256 = hashlib.sha256(read_fitted(name)).hexdigest()
    network = load_guard_network(sha256)
    looks = draw_looks(3, network.side)
    together = run_network(looks, network)
    assert together.shape == (3, 2)
    assert np.array_equal(together[1:2], run_network(looks[1:2], network))


def test_releases_find_the_network_that_their_limits_were_fitted_to():
    """Both networks are known by the hash of their file, the newest last."""
    known = hash_guard_networks()
    assert list(known.values()) == ["guards-1.npz", "guards-2.onnx"]
    assert list(known)[-1] == hash_guard_network()
    assert load_guard_network(next(iter(known))).side == 64


def test_brightness_and_contrast_are_taken_off():
    """A fainter and lighter film is given the same greys, and a level one stays level."""
    film = draw_looks(1)
    fainter = (60 + film // 2).astype(np.uint8)
    assert np.abs(standardise(film) - standardise(fainter)).max() < 8
    assert np.array_equal(standardise(np.full((1, 9, 9), 3, np.uint8)), np.full((1, 9, 9), GREY))


def test_the_networks_are_small():
    """They are part of the base install."""
    sizes = {name: len(read_fitted(name)) for name in guard_network.NETWORKS}
    assert sizes["guards-1.npz"] < 300_000
    assert 100_000 < sizes["guards-2.onnx"] < 3_000_000
