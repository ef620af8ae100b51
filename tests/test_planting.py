"""The copies that the audit is measured on are what their histories say."""

import cv2
import numpy as np
import pytest

from tests.planted import copy_film, draw_bones, planting

PLACES = [(150.0, 90.0), (110.0, 200.0), (190.0, 240.0)]
HISTORIES = {
    "turned and grown": {"angle_deg": 77.0, "keeps_corners": True, "fill": 0},
    "turned a quarter": {"angle_deg": 90.0},
    "mirrored, turned, zoomed": {"angle_deg": -140.0, "is_mirrored": True, "zoom": 0.8},
    "shifted and cropped": {"shift": (0.1, -0.05), "crop": 0.8, "crop_at": (0.3, 0.9)},
    "squeezed and resized": {"side_px": 700, "squeeze": 1.2},
    "all at once": {
        "angle_deg": 33.0,
        "is_mirrored": True,
        "zoom": 1.1,
        "shift": (0.04, 0.06),
        "keeps_corners": True,
        "crop": 0.9,
        "crop_at": (0.5, 0.4),
        "side_px": 320,
        "squeeze": 0.9,
        "contrast": 0.8,
        "brightness": 1.2,
        "gamma": 1.3,
        "blur_px": 0.8,
        "jpeg_quality": 80,
    },
}


def draw_dot(x: float, y: float) -> np.ndarray:
    down, across = np.mgrid[:340, :300]
    return (250 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / 32)).astype(np.uint8)


def find_dot(grey: np.ndarray) -> np.ndarray:
    seen = np.where(grey > 0.3 * grey.max(), grey, 0).astype(np.float64)
    down, across = np.mgrid[: grey.shape[0], : grey.shape[1]]
    return np.array([(seen * across).sum(), (seen * down).sum()]) / seen.sum()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_a_bright_dot_lies_in_the_copy_where_the_matrix_says(history, place):
    """The matrix takes a pixel of the film to the pixel of the copy that shows it."""
    copy, matrix = copy_film(draw_dot(*place), **history)
    np.testing.assert_allclose(find_dot(copy), matrix @ (*place, 1.0), atol=0.35)


def test_turned_is_counter_clockwise_and_mirrored_is_left_for_right():
    """A quarter turn and a mirror give the pixels that numpy gives."""
    film = draw_bones(0)
    np.testing.assert_array_equal(copy_film(film, angle_deg=90.0)[0], np.rot90(film))
    np.testing.assert_array_equal(copy_film(film, is_mirrored=True)[0], film[:, ::-1])
    np.testing.assert_array_equal(copy_film(film, is_inverted=True)[0], 255 - film)


def test_a_film_with_no_history_is_its_own_copy():
    """No step leaves every pixel where it was, as it was."""
    copy, matrix = copy_film(draw_bones(1))
    np.testing.assert_array_equal(copy, draw_bones(1))
    np.testing.assert_array_equal(matrix, np.eye(3)[:2])


def test_a_marker_changes_only_where_it_is_written():
    """Words are written on the copy, and most of it stays as it was."""
    film = draw_bones(1)
    copy, _ = copy_film(film, has_marker=True)
    assert 0.002 < np.mean(copy != film) < 0.1


@pytest.mark.parametrize("n_steps", [1, 3, 6, 12])
def test_a_history_is_drawn_again_from_its_seed(n_steps):
    """One seed gives one history, and another seed another."""
    first, again, other = (
        planting.draw_recipe(np.random.default_rng(seed), n_steps) for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_more_steps_change_more():
    """A history of every step at once differs from no history in every respect."""
    plain = planting.Recipe().as_dict()
    full = planting.draw_recipe(np.random.default_rng(2), 12).as_dict()
    same = {name for name in plain if plain[name] == full[name]}
    assert same <= {"keeps_corners", "fill"}


def test_every_single_step_changes_the_film():
    """No step whose recall is measured is idle."""
    film = draw_bones(3)
    for kind, strength, steps in planting.SINGLES:
        copy, _ = copy_film(film, **steps)
        is_same = copy.shape == film.shape and np.array_equal(copy, film)
        assert not is_same, f"{kind} {strength}"
        assert cv2.countNonZero(copy), f"{kind} {strength}"
