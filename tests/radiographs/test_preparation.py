import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.preparation import (
    choose_tile,
    fit_letterbox,
    fit_pixels,
    prepare,
    square_pixels,
)
from osteon.release import Preparation
from osteon.terms import Radiograph


def radiograph_of(pixels) -> Radiograph:
    return Radiograph(pixels=np.asarray(pixels, dtype=np.float32), source="drawn")


sides = st.integers(16, 700)
preparations = st.builds(
    Preparation,
    rows=st.integers(16, 300),
    columns=st.integers(16, 300),
    fit=st.sampled_from(["squash", "letterbox"]),
)


def test_a_film_of_the_networks_size_passes_unchanged():
    """An 8-bit film that already has the network's size keeps every grey level."""
    levels = (np.arange(32 * 40).reshape(32, 40) % 256).astype(np.uint8)
    fitted = fit_pixels(radiograph_of(levels / 255), Preparation(rows=32, columns=40))
    np.testing.assert_array_equal(fitted, levels)


def test_letterbox_keeps_the_aspect_and_fills_with_black():
    """A film twice as tall as wide stands in the middle, a quarter of black on either side."""
    film = radiograph_of(np.ones((200, 100)))
    fitted = fit_pixels(film, Preparation(rows=64, columns=64, fit="letterbox"))
    assert fitted.dtype == np.uint8
    assert (fitted[:, 16:48] == 255).all()
    assert (fitted[:, :16] == 0).all()
    assert (fitted[:, 48:] == 0).all()


def test_squash_fills_the_whole_input():
    """A film of any aspect is stretched to the whole input."""
    film = radiograph_of(np.ones((200, 100)))
    assert (fit_pixels(film, Preparation(rows=64, columns=64, fit="squash")) == 255).all()


def test_no_source_pixel_is_stepped_over():
    """A dark line one pixel wide still shows after shrinking eight times, wherever it lies."""
    for at in range(200, 208):
        pixels = np.ones((400, 400), dtype=np.float32)
        pixels[at] = 0.0
        fitted = fit_pixels(radiograph_of(pixels), Preparation(rows=50, columns=50))
        assert fitted.min() < 240


def test_resizing_never_rings():
    """Beside a bright edge nothing gets darker than the dark side, or brighter than the bright."""
    pixels = np.full((300, 300), 0.2, dtype=np.float32)
    pixels[:, 150:] = 0.8
    for size in (97, 224, 500):
        fitted = fit_pixels(radiograph_of(pixels), Preparation(rows=size, columns=size))
        assert (fitted.min(), fitted.max()) == (51, 204)


def test_rounding_is_half_to_even():
    """A grey exactly between two levels goes to the even one, so that rounding has no lean."""
    pixels = np.full((16, 16), 0.5, dtype=np.float32)  # 127.5
    assert (fit_pixels(radiograph_of(pixels), Preparation(rows=16, columns=16)) == 128).all()
    pixels = np.full((16, 16), np.float32(126.5) / np.float32(255), dtype=np.float32)
    fitted = fit_pixels(radiograph_of(pixels), Preparation(rows=16, columns=16))
    assert (fitted == np.rint(pixels[0, 0] * np.float32(255))).all()


@pytest.mark.parametrize("fit", ["squash", "letterbox"])
@pytest.mark.parametrize("channels", [1, 3])
def test_network_input_is_the_cached_film_over_255(fit, channels):
    """Reading prepares exactly what training cached, in every channel alike."""
    film = draw_phantom(5, has_fracture=False, rows=120, columns=90).radiograph
    how = Preparation(rows=64, columns=48, channels=channels, fit=fit)
    given_to_network = prepare(film, how)
    assert given_to_network.shape == (channels, 64, 48)
    assert given_to_network.dtype == np.float32
    for channel in given_to_network:
        np.testing.assert_array_equal(
            channel, fit_pixels(film, how).astype(np.float32) / np.float32(255)
        )


def test_the_film_itself_is_left_alone():
    """Preparing changes neither the film nor what a second call gives."""
    film = draw_phantom(6, has_fracture=True, rows=100, columns=80).radiograph
    before = film.pixels.copy()
    how = Preparation(rows=48, columns=48)
    np.testing.assert_array_equal(prepare(film, how), prepare(film, how))
    np.testing.assert_array_equal(film.pixels, before)


@given(rows=sides, columns=sides, how=preparations)
def test_a_film_lies_wholly_inside_the_input(rows, columns, how):
    """Any film lies inside the input, centred to the pixel, and touches two opposite sides."""
    place = fit_letterbox(rows, columns, how)
    below = how.rows - place.top - place.rows
    right = how.columns - place.left - place.columns
    assert 0 <= below - place.top <= 1
    assert 0 <= right - place.left <= 1
    assert place.rows == how.rows or place.columns == how.columns
    assert min(place.rows, place.columns) >= 1


@given(rows=sides, columns=sides, how=preparations, corners=st.tuples(*[st.floats(0, 1)] * 4))
def test_a_box_comes_back_to_where_it_was(rows, columns, how, corners):
    """A box mapped into the input and back is the same box."""
    box = (corners[0] * columns, corners[1] * rows, corners[2] * columns, corners[3] * rows)
    place = fit_letterbox(rows, columns, how)
    np.testing.assert_allclose(place.to_source(place.to_network(box)), box, atol=1e-6)


def test_a_box_that_reaches_into_the_fill_is_cut_at_the_film():
    """A box found partly in the letterbox fill ends at the film's border."""
    place = fit_letterbox(200, 100, Preparation(rows=64, columns=64, fit="letterbox"))
    assert place.to_source((0.0, 0.0, 64.0, 32.0)) == (0.0, 0.0, 100.0, 100.0)


def test_a_mark_on_the_film_is_found_through_its_placement():
    """A bright square is found in the input where its placement says."""
    pixels = np.zeros((300, 180), dtype=np.float32)
    pixels[60:120, 30:90] = 1.0
    how = Preparation(rows=100, columns=100)
    x0, y0, x1, y1 = fit_letterbox(300, 180, how).to_network((30, 60, 90, 120))
    ys, xs = np.nonzero(fit_pixels(radiograph_of(pixels), how) > 127)
    np.testing.assert_allclose(
        (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1), (x0, y0, x1, y1), atol=1.0
    )


@given(
    rows=sides,
    columns=sides,
    how=preparations,
    aspect=st.floats(0.25, 4.0),
    box=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_boxes_come_back_to_the_stored_pixels(rows, columns, how, aspect, box):
    """There and back, whatever shape a pixel has."""
    place = fit_letterbox(rows, columns, how, pixel_aspect=aspect)
    source = tuple(share * side for share, side in zip(box, (columns, rows) * 2, strict=True))
    assert place.to_source(place.to_network(source)) == pytest.approx(source, abs=1e-6)


@pytest.mark.parametrize("aspect", [0.5, 1.55, 3.0])
def test_a_film_with_pixels_that_are_not_square_lies_as_one_with_square_ones(aspect):
    """A circle on the patient is a circle in the network's input, in whatever pixels it came."""
    how = Preparation(rows=96, columns=96)
    square = draw_circle(240, 180)
    stored = draw_circle(round(240 / aspect), 180)
    one = fit_pixels(radiograph_of(square), how).astype(int)
    other = fit_pixels(
        Radiograph(pixels=stored, source="drawn", pixel_aspect=240 / stored.shape[0]), how
    ).astype(int)
    assert np.abs(one - other).mean() < 3
    place = fit_letterbox(*stored.shape, how, pixel_aspect=240 / stored.shape[0])
    assert (place.rows, place.columns) == (96, 72)
    assert place.square_size == pytest.approx((240, 180))
    squashed = fit_pixels(radiograph_of(stored), how).astype(int)
    assert np.abs(one - squashed).mean() > 10


def draw_circle(rows, columns):
    y, x = np.mgrid[:rows, :columns] + 0.5
    apart = np.hypot(y / rows * 240 - 120, x / columns * 180 - 90)
    return np.asarray(np.clip((75 - apart) / 30, 0, 1), dtype=np.float32)


def test_a_film_is_shown_with_square_pixels():
    """Enlarged along the coarser axis; as it is where its pixels are square."""
    layer = draw_circle(60, 180)
    assert square_pixels(layer, 1.0) is layer
    shown = square_pixels(layer, 4.0)
    assert shown.shape == (240, 180)
    assert np.abs(shown - draw_circle(240, 180)).max() < 0.1
    assert square_pixels(layer, 0.5).shape == (60, 360)
    tile = choose_tile(Radiograph(pixels=layer, source="", pixel_aspect=4.0), 120)
    assert (tile.rows, tile.columns) == (120, 90)
