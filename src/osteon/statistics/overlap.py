"""Whether a place that was marked meets a fracture that was drawn by a reader."""

from collections.abc import Sequence

from osteon.terms import Box

MIN_IOU = 0.3
"""Overlap from which a mark counts where its centre misses the box."""


def is_right(mark: Box, boxes: Sequence[Box]) -> bool:
    """Return whether a mark meets a fracture: its centre lies in a box, or they overlap enough.

    Args:
        mark: In source pixels.
        boxes: Of the film's fractures, in source pixels.

    Example:
        >>> is_right((0, 0, 10, 10), [(4, 4, 6, 6)]), is_right((0, 0, 10, 10), [(7, 7, 30, 30)])
        (True, False)
    """
    x, y = (mark[0] + mark[2]) / 2, (mark[1] + mark[3]) / 2
    return any(
        (box[0] <= x < box[2] and box[1] <= y < box[3]) or measure_iou(mark, box) >= MIN_IOU
        for box in boxes
    )


def measure_iou(one: Box, other: Box) -> float:
    """Return the area that two boxes share over the area they cover together, in [0, 1].

    Args:
        one: A box.
        other: Another.

    Example:
        >>> measure_iou((0, 0, 2, 1), (1, 0, 3, 1))
        0.3333333333333333
    """
    across = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    down = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    shared = across * down
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if areas > shared else 0.0
