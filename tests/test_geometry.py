"""Boxes keep their place whatever is done to the picture, and find the way back."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.geometry import Box, Letterbox
from osteon.sandbox.wire import pack, unpack

sides = st.floats(0, 100).map(lambda value: round(value, 2))
boxes = st.tuples(sides, sides, sides, sides).map(
    lambda b: Box(min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)


def test_a_box_is_its_four_numbers():
    """It equals a tuple, is unpacked as one, and is a list in JSON, as before there were boxes."""
    box = Box(1.0, 2.0, 3.5, 4.0)
    assert box == (1.0, 2.0, 3.5, 4.0)
    assert hash(box) == hash((1.0, 2.0, 3.5, 4.0))
    assert json.dumps(box) == "[1.0, 2.0, 3.5, 4.0]"


def test_a_box_comes_back_from_the_sandbox_as_a_box():
    """What a child process found can be scaled and clipped by its parent."""
    frames = [np.frombuffer(part, dtype=np.uint8) for part in pack((Box(1, 2, 3, 4),))]
    (box,) = unpack(frames, packages=frozenset())
    assert isinstance(box, Box)
    assert box == (1, 2, 3, 4)


@given(boxes, boxes)
def test_overlap_is_the_same_from_both_sides_and_one_with_itself(one, other):
    """IoU is symmetric, lies in [0, 1], and a box overlaps itself wholly."""
    assert one.overlap(other) == pytest.approx(other.overlap(one))
    assert 0 <= one.overlap(other) <= 1
    assert one.overlap(one) == pytest.approx(1)


@given(boxes, st.floats(0.1, 10), st.floats(0.1, 10))
def test_a_scaled_box_overlaps_as_it_did(box, across, down):
    """Both axes apart: what is shared is a share, in pixels that are no squares too."""
    other = box.grow(1, 2)
    scaled = box.scale(across, down).overlap(other.scale(across, down))
    assert scaled == pytest.approx(box.overlap(other))


@given(boxes, st.floats(0.5, 4))
def test_a_stretched_box_keeps_its_centre(box, by):
    """Each side is multiplied, about the middle."""
    stretched = box.stretch(by)
    assert stretched.centre == pytest.approx(box.centre)
    assert stretched.x1 - stretched.x0 == pytest.approx(by * (box.x1 - box.x0))


@given(boxes)
def test_a_clipped_box_lies_in_the_picture(box):
    """What lies outside is cut off, and what is inside stays."""
    assert box.clip(50, 40).is_within(50, 40)
    assert box.clip(200, 200) == box


@pytest.mark.parametrize(
    "box", [(-1.5, 0, 10, 10), (0, -1.5, 10, 10), (0, 0, 21.5, 10), (0, 0, 10, 31.5)]
)
def test_a_box_beyond_any_border_is_not_within(box):
    """Each of the four borders counts, and the slack at each of them."""
    assert not Box(*box).is_within(20, 30)
    assert not Box(*box).is_within(20, 30, 1.0)
    assert Box(*box).is_within(20, 30, 1.5)


def test_the_first_row_and_column_belong_to_a_box_and_its_ends_do_not():
    """Ends are exclusive, so boxes side by side share no point."""
    box = Box(1, 2, 3, 4)
    assert box.has((1, 2))
    assert not box.has((3, 3))
    assert not box.has((2, 4))


@given(boxes)
def test_a_box_is_the_box_around_its_corners(box):
    """Four corners, and nothing lost."""
    assert Box.around(box.corners) == box


@given(boxes, st.integers(101, 300), st.integers(101, 300), st.integers(0, 9))
def test_a_box_finds_its_way_back_from_the_network_s_input(box, rows, columns, top):
    """There and back is where it was, if it lies on the film."""
    place = Letterbox(
        source_rows=rows, source_columns=columns, top=top, left=3, rows=64, columns=32
    )
    assert place.to_source(place.to_network(box)) == pytest.approx(box)
    assert place.area() == (3, top, 35, top + 64)
