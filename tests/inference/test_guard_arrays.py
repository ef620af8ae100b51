"""The first guards' network, in numpy: old releases are read with it as when they were made."""

import io
import zipfile

import numpy as np
import pytest

from osteon.inference import guard_arrays
from osteon.inference.guard_arrays import parse_array_network
from osteon.inference.guard_network import read_fitted, run_network

NAME = "guards-1.npz"

BEFORE = np.array([[0.384, -9.3198], [3.7507, -8.3239], [2.7915, -8.8002]])


def draw_looks(n: int, side: int = 64) -> np.ndarray:
    """Draw squares with a bright bar each, by arithmetic alone."""
    y, x = np.mgrid[0:side, 0:side]
    bars = [np.exp(-(((x - 20 - 4 * k) / (5 + k)) ** 2)) * (0.7 + 0.3 * y / side) for k in range(n)]
    return np.rint(255 * np.stack(bars)).astype(np.uint8)


def test_it_answers_what_it_answered_when_it_was_released():
    """The logits of three drawn squares, as Osteon gave them before there was a second network."""
    logits = run_network(draw_looks(3), parse_array_network(read_fitted(NAME)))
    assert logits == pytest.approx(BEFORE, abs=0.02)


def test_the_arrays_do_what_the_convolutions_of_the_textbook_do():
    """The first maps, by hand: multiply, add, cut off what is negative, go on by two."""
    network = parse_array_network(read_fitted(NAME))
    film = draw_looks(1)[0].astype(np.float32)
    film = (film - film.mean()) / (film.std() + guard_arrays.NOISE_FLOOR)
    padded = np.pad(film, 2)
    kernel, shift = network.kernels[0], network.shifts[0]
    by_hand = max(0.0, float((kernel[3, 0] * padded[20:25, 14:19]).sum() + shift[3]))
    layer = guard_arrays._convolve(film[np.newaxis], kernel, shift)
    assert layer.shape == (16, 32, 32)
    assert layer[3, 10, 7] == pytest.approx(by_hand, abs=1e-4)


def test_nothing_is_unpickled():
    """A weight that is a pickle is refused, whatever is in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in zipfile.ZipFile(io.BytesIO(read_fitted(NAME))).namelist():
            member = io.BytesIO()
            np.save(member, np.array([{}], dtype=object), allow_pickle=True)
            archive.writestr(name, member.getvalue())
    with pytest.raises(ValueError, match="pickle"):
        parse_array_network(packed.getvalue())
