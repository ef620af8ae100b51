"""The guards look at any film alike: squeezed to a square, with its light frame and without."""

import numpy as np
import pytest

from osteon.inference.guard_looks import (
    GUARD_SIDE,
    reduce_film,
    squeeze_film,
    take_looks,
    trim_light_frame,
)


def shrink_film(pixels, side=GUARD_SIDE):
    return squeeze_film(reduce_film(pixels, side), side)


@pytest.mark.parametrize("side", [64, GUARD_SIDE])
@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (20, 2000), (3000, 17), (700, 900)])
def test_any_size_is_squeezed_to_one_square(rows, columns, side):
    """Films of any shape are looked at, and every grey has its say: a level film stays level."""
    small = shrink_film(np.full((rows, columns), 0.4, np.float32), side)
    assert small.shape == (side, side)
    assert np.ptp(small) == 0
    assert small[0, 0] == 102


def test_every_pixel_has_a_say():
    """Stripes finer than the squeeze become their mean, and a dot between its samples stays."""
    film = np.zeros((2000, 2000), np.float32)
    film[1003:1011, 1003:1011] = 1.0
    assert shrink_film(film).max() > 0
    film[::2], film[1::2] = 1.0, 0.0
    assert np.abs(shrink_film(film)[4:-4].astype(int) - 127).max() <= 1


def test_a_light_frame_is_cut_off_and_a_dark_one_is_not():
    """Only what is light from end to end is frame, and a film that is light all over keeps all."""
    film = np.full((120, 100), 0.3, np.float32)
    film[:, :30] = 0.97
    film[110:] = 1.0
    assert trim_light_frame(film).shape == (110, 70)
    assert trim_light_frame(1 - film).shape == film.shape
    assert trim_light_frame(np.ones((60, 40), np.float32)).shape == (60, 40)


def test_a_film_in_a_light_frame_is_looked_at_twice():
    """First whole, which decides on scope, then what is inside the frame."""
    film = np.full((200, 200), 0.3, np.float32)
    assert len(take_looks(film, 64)) == 1
    film[:60] = 1.0
    whole, inside = take_looks(film, 64)
    assert whole.max() == 255
    assert inside.max() < 255
    assert whole.shape == inside.shape == (64, 64)
