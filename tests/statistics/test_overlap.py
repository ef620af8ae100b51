"""A mark is right where its centre lies in a box, or they overlap by three tenths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.statistics.overlap import is_right, measure_iou

sides = st.floats(0, 100).map(lambda value: round(value, 2))
boxes = st.tuples(sides, sides, sides, sides).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)


def test_three_tenths_are_enough_and_less_is_not():
    """Two boxes of 10 by 10 that share 4.7 columns overlap by 47 of 153; 4.5 columns are less."""
    assert measure_iou((0, 0, 10, 10), (5.3, 0, 15.3, 10)) == pytest.approx(47 / 153)
    assert is_right((0, 0, 10, 10), [(5.3, 0, 15.3, 10)])
    assert not is_right((0, 0, 10, 10), [(5.5, 0, 15.5, 10)])


def test_any_of_several_boxes_counts_and_none_is_never_met():
    """One of two boxes is enough; a film without boxes has no right mark."""
    assert is_right((0, 0, 2, 2), [(50, 50, 60, 60), (0.5, 0.5, 3, 3)])
    assert not is_right((0, 0, 2, 2), [])


@given(boxes, boxes)
def test_overlap_is_the_same_from_both_sides_and_one_with_itself(one, other):
    """IoU is symmetric, lies in [0, 1], and a box overlaps itself wholly."""
    assert measure_iou(one, other) == pytest.approx(measure_iou(other, one))
    assert 0 <= measure_iou(one, other) <= 1
    assert measure_iou(one, one) == pytest.approx(1)
    assert is_right(one, [one])
