"""Whether a place that was marked meets a fracture that was drawn by a reader."""

from collections.abc import Sequence

from osteon.geometry import Box

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
    marked = Box(*mark)
    return any(
        box.has(marked.centre) or box.overlap(marked) >= MIN_IOU for box in map(Box._make, boxes)
    )
