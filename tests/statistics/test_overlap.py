"""A mark is right where its centre lies in a box, or they overlap by three tenths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.geometry import Box
from osteon.statistics.overlap import is_right

sides = st.floats(0, 100).map(lambda value: round(value, 2))
boxes = st.tuples(sides, sides, sides, sides).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)


def test_three_tenths_are_enough_and_less_is_not():
    """Two boxes of 10 by 10 that share 4.7 columns overlap by 47 of 153; 4.5 columns are less."""
    assert Box(0, 0, 10, 10).overlap(Box(5.3, 0, 15.3, 10)) == pytest.approx(47 / 153)
    assert is_right((0, 0, 10, 10), [(5.3, 0, 15.3, 10)])
    assert not is_right((0, 0, 10, 10), [(5.5, 0, 15.5, 10)])


def test_any_of_several_boxes_counts_and_none_is_never_met():
    """One of two boxes is enough; a film without boxes has no right mark."""
    assert is_right((0, 0, 2, 2), [(50, 50, 60, 60), (0.5, 0.5, 3, 3)])
    assert not is_right((0, 0, 2, 2), [])


@given(boxes)
def test_a_mark_that_is_the_box_itself_is_right(box):
    """Nothing is as right as the reader's own box."""
    assert is_right(box, [box])
