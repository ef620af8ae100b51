"""Boxes and outlines in pictures, and where a film lies in a network's input.

x runs along columns and y along rows, in pixels from the top left corner.
"""

from dataclasses import dataclass
from typing import NamedTuple

Point = tuple[float, float]
"""(x, y)."""

Polygon = tuple[Point, ...]
"""Corner points (x, y), in source pixels if not said otherwise; at least three."""


class Box(NamedTuple):
    """A rectangle; x1 and y1 are exclusive. It equals the tuple of its four numbers.

    Attributes:
        x0: Left.
        y0: Top.
        x1: Right.
        y1: Bottom.

    >>> Box(1, 2, 3, 4) == (1, 2, 3, 4)
    True
    """

    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def around(cls, polygon: Polygon) -> "Box":
        """Return the smallest box that holds a polygon's corners."""
        across, down = zip(*polygon, strict=True)
        return cls(min(across), min(down), max(across), max(down))

    @property
    def corners(self) -> Polygon:
        """The corners, clockwise from the top left."""
        x0, y0, x1, y1 = self
        return (x0, y0), (x1, y0), (x1, y1), (x0, y1)

    @property
    def centre(self) -> Point:
        """The point in the middle."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def has(self, point: Point) -> bool:
        """Return whether a point lies in the box."""
        return self.x0 <= point[0] < self.x1 and self.y0 <= point[1] < self.y1

    def scale(self, across: float, down: float) -> "Box":
        """Return the box in a picture that is so many times as wide and as high."""
        return Box(self.x0 * across, self.y0 * down, self.x1 * across, self.y1 * down)

    def grow(self, across: float, down: float) -> "Box":
        """Return the box with so many pixels more on each side."""
        return Box(self.x0 - across, self.y0 - down, self.x1 + across, self.y1 + down)

    def stretch(self, by: float) -> "Box":
        """Return the box with each side multiplied, about its centre.

        >>> Box(2, 2, 4, 6).stretch(2)
        Box(x0=1.0, y0=0.0, x1=5.0, y1=8.0)
        """
        return self.grow((self.x1 - self.x0) * (by - 1) / 2, (self.y1 - self.y0) * (by - 1) / 2)

    def clip(self, columns: float, rows: float) -> "Box":
        """Return what of the box lies in a picture of this size."""
        x0, x1 = (min(max(x, 0.0), float(columns)) for x in (self.x0, self.x1))
        y0, y1 = (min(max(y, 0.0), float(rows)) for y in (self.y0, self.y1))
        return Box(x0, y0, x1, y1)

    def is_within(self, columns: float, rows: float, slack: float = 0.0) -> bool:
        """Return whether no side lies further outside a picture of this size than the slack."""
        is_far = self.x1 > columns + slack or self.y1 > rows + slack
        return min(self.x0, self.y0) >= -slack and not is_far

    def overlap(self, other: "Box") -> float:
        """Return the area that two boxes share over the area they cover together, in [0, 1].

        >>> Box(0, 0, 2, 1).overlap(Box(1, 0, 3, 1))
        0.3333333333333333
        """
        across = max(0.0, min(self.x1, other.x1) - max(self.x0, other.x0))
        down = max(0.0, min(self.y1, other.y1) - max(self.y0, other.y0))
        shared = across * down
        areas = sum((box.x1 - box.x0) * (box.y1 - box.y0) for box in (self, other))
        return shared / (areas - shared) if areas > shared else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Letterbox:
    """Where a film lies in the network's input; maps boxes there and back.

    Attributes:
        source_rows: Height of the film in pixels.
        source_columns: Width of the film in pixels.
        top: Input row at which the film starts.
        left: Input column at which the film starts.
        rows: Height of the film in the input.
        columns: Width of the film in the input.
        pixel_aspect: Height of a source pixel over its width.
    """

    source_rows: int
    source_columns: int
    top: int
    left: int
    rows: int
    columns: int
    pixel_aspect: float = 1.0

    @property
    def square_size(self) -> tuple[float, float]:
        """Height and width of the film in squares, of which a source pixel is one wide."""
        return self.source_rows * self.pixel_aspect, float(self.source_columns)

    def area(self, x_scale: float = 1.0, y_scale: float = 1.0) -> Box:
        """Return the film's box in the input, or in a map of the input that is so much smaller."""
        right, bottom = self.left + self.columns, self.top + self.rows
        return Box(self.left, self.top, right, bottom).scale(x_scale, y_scale)

    def to_source(self, box: Box) -> Box:
        """Map a box from network input to source pixels, cut at the film's border."""
        x_scale, y_scale = self.source_columns / self.columns, self.source_rows / self.rows
        x0, y0, x1, y1 = box
        on_film = Box(x0 - self.left, y0 - self.top, x1 - self.left, y1 - self.top)
        return on_film.scale(x_scale, y_scale).clip(self.source_columns, self.source_rows)

    def to_network(self, box: Box) -> Box:
        """Map a box from source pixels to network input."""
        x0, y0, x1, y1 = box
        return Box(*self.move_point((x0, y0)), *self.move_point((x1, y1)))

    def move_point(self, point: Point) -> Point:
        """Map a point from source pixels to network input."""
        x_scale, y_scale = self.columns / self.source_columns, self.rows / self.source_rows
        return self.left + point[0] * x_scale, self.top + point[1] * y_scale
