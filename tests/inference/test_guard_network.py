"""The guards' network looks at any film alike, and does what convolutions do."""

import io
import zipfile

import numpy as np
import pytest

from osteon.inference import guard_network
from osteon.inference.guard_network import (
    SIDE,
    load_guard_network,
    parse_guard_network,
    read_fitted,
    reduce_film,
    run_network,
    squeeze_film,
    standardise,
    trim_light_frame,
)
from osteon.phantoms.phantom import draw_phantom
from osteon.terms import Floats


def draw_film(seed: int) -> Floats:
    return draw_phantom(seed, has_fracture=seed % 2 == 0).radiograph.pixels


def shrink_film(pixels):
    return squeeze_film(reduce_film(pixels))


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (20, 2000), (3000, 17), (700, 900)])
def test_any_size_is_squeezed_to_one_square(rows, columns):
    """Films of any shape are looked at, and every grey has its say: a level film stays level."""
    small = shrink_film(np.full((rows, columns), 0.4, np.float32))
    assert small.shape == (SIDE, SIDE)
    assert np.ptp(small) == 0
    assert abs(int(small[0, 0]) - 102) <= 0


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


def test_the_arrays_do_what_the_convolutions_of_the_textbook_do():
    """The first maps, by hand: multiply, add, cut off what is negative, go on by two."""
    network = load_guard_network()
    small = shrink_film(draw_film(5))
    film = np.pad(standardise(small[np.newaxis])[0], 2)
    kernel, shift = network.kernels[0], network.shifts[0]
    by_hand = max(0.0, float((kernel[3, 0] * film[20:25, 14:19]).sum() + shift[3]))
    layer = guard_network._convolve(standardise(small[np.newaxis]), kernel, shift)
    assert layer.shape == (16, 32, 32)
    assert layer[3, 10, 7] == pytest.approx(by_hand, abs=1e-4)


def test_one_film_or_many_give_one_answer():
    """A film's logits do not depend on its company."""
    small = np.stack([shrink_film(draw_film(seed)) for seed in range(3)])
    together = run_network(small, load_guard_network())
    alone = run_network(small[1:2], load_guard_network())
    assert np.array_equal(together[1:2], alone)


def test_nothing_is_unpickled():
    """A weight that is a pickle is refused, whatever is in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in zipfile.ZipFile(io.BytesIO(read_fitted("guards.npz"))).namelist():
            member = io.BytesIO()
            np.save(member, np.array([{}], dtype=object), allow_pickle=True)
            archive.writestr(name, member.getvalue())
    with pytest.raises(ValueError, match="pickle"):
        parse_guard_network(packed.getvalue())


def test_the_weights_are_small():
    """They are part of the base install."""
    assert len(read_fitted("guards.npz")) < 300_000
