"""A film, a copy laid on it, and marks, as the audit's page shows them."""

import numpy as np
import pytest
from tests.audits import draw, make_copy

from osteon.reports.pictures.film import align_film, draw_boxes, draw_film, hold_film


@pytest.mark.parametrize(
    "change",
    [
        {"angle_deg": 0.0},
        {"angle_deg": 90.0},
        {"angle_deg": 33.0, "scale": 1.4},
        {"angle_deg": -128.0, "is_mirrored": True},
        {"angle_deg": 12.0, "scale": 0.75, "is_inverted": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("long_side", [150, 240, 70])
def test_a_copy_laid_on_its_film_equals_it(change, long_side):
    """A known turn, mirror, size and inversion is undone, whatever the size of the picture."""
    film = draw()
    copy, matrix = make_copy(film, **change)
    laid, shown = align_film(
        hold_film(copy),
        hold_film(film),
        matrix=matrix,
        is_inverted=change.get("is_inverted", False),
        long_side=long_side,
    )
    still = draw_film(hold_film(film), long_side=long_side)
    assert laid.shape == still.shape
    assert shown.all()
    inner = (slice(4, -4), slice(4, -4))  # at the very edge the copy's black shines through
    off = np.abs(laid[inner].astype(float) - still[inner].astype(float))
    assert off.mean() < 1.0
    assert off.max() < 8


def test_what_a_copy_does_not_show_is_said():
    """Beside the copy there is nothing to compare."""
    film = hold_film(draw())
    _, shown = align_film(film, film, matrix=[[1, 0, 55], [0, 1, 0]], is_inverted=False)
    assert shown[:, :80].all()
    assert not shown[:, 95:].any()


def test_a_box_is_drawn_where_it_stands():
    """Yellow on the film's edge of the box, and room beside the film for a box that leaves it."""
    film = hold_film(np.zeros((100, 100), np.uint8))
    inside = draw_boxes(film, [(20, 30, 60, 80)], long_side=100)
    yellow = np.argwhere(inside[:, :, 0] > 200)
    assert yellow.min(axis=0).tolist() == [30, 20]
    assert yellow.max(axis=0).tolist() == [80, 60]
    outside = draw_boxes(film, [(80, 30, 125, 80)], long_side=125)
    assert outside.shape == (100, 125, 3)
    assert outside[50, 110].tolist() == [52, 74, 104]
    assert outside[50, 50].tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [(1, 1), (16, 3000), (3000, 16), (1400, 1300)])
def test_a_film_of_any_shape_is_shown(size):
    """A film of one pixel, a strip and a large film all become small pictures."""
    film = hold_film(np.full(size, 90, np.uint8))
    assert max(draw_film(film).shape) == 240
    laid, shown = align_film(film, film, matrix=[[1, 0, 0], [0, 1, 0]], is_inverted=False)
    assert shown.all()
    assert abs(int(laid[laid.shape[0] // 2, laid.shape[1] // 2]) - 90) <= 1
    assert max(draw_boxes(film, [(0.0, 0.0, 1e9, 1e9)]).shape) == 240
