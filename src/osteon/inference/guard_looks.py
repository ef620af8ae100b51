"""What the guards look at: a film squeezed to a small square, with and without its light frame.

It is made where the film was decoded, in a child process; the network looks at it outside.
"""

from typing import Final

import numpy as np
from PIL import Image

from osteon.terms import Floats, Pixels8

GUARD_SIDE: Final = 96
"""The newest network looks at squares of so many pixels a side."""

_LIGHT: Final = 0.9  # nine tenths of a row of a light frame are lighter
_MIN_INSIDE: Final = 0.35


def take_looks(pixels: Floats, side: int) -> Pixels8:
    """Return the squares that a guards' network looks at.

    Args:
        pixels: The film, whole, shape `(rows, columns)`, in [0, 1].
        side: Of the squares, in pixels.

    Returns:
        Shape `(looks, side, side)`: the whole film, and what is inside its light frame if it has
        one.
    """
    film = reduce_film(pixels, side)
    looks = [squeeze_film(film, side)]
    inside = trim_light_frame(film)
    if inside.shape != film.shape:
        looks.append(squeeze_film(inside, side))
    return np.stack(looks)


def reduce_film(pixels: Floats, side: int) -> Floats:
    """Average a film's pixels in blocks, down to two to four times the side; none is left out.

    Args:
        pixels: Shape `(rows, columns)`, in [0, 1].
        side: Of the square that the film will be squeezed to.

    Returns:
        The film, smaller, or as it was where it is small already.
    """
    film = np.ascontiguousarray(pixels, dtype=np.float32)
    rows, columns = (max(1, length // (2 * side)) for length in film.shape)
    if rows == columns == 1:
        return film
    return np.asarray(Image.fromarray(film).reduce((columns, rows)), dtype=np.float32)


def squeeze_film(film: Floats, side: int) -> Pixels8:
    """Squeeze a film to the square that the network looks at.

    Args:
        film: From `reduce_film` or `trim_light_frame`.
        side: Of the square, in pixels.

    Returns:
        Shape `(side, side)`, uint8.
    """
    square = Image.fromarray(film).resize((side, side), Image.Resampling.BILINEAR)
    grey = np.clip(np.asarray(square), 0.0, 1.0) * np.float32(255.0)
    squeezed: Pixels8 = np.rint(grey).astype(np.uint8)
    return squeezed


def trim_light_frame(film: Floats) -> Floats:
    """Cut off the light margins of a film, such as a plate shows beyond a collimated field.

    Args:
        film: Shape `(rows, columns)`, in [0, 1].

    Returns:
        What is inside; the whole height or width where too little of it would be left.
    """
    spans = []
    for axis in (1, 0):
        is_inside = np.quantile(film, 0.1, axis=axis) <= _LIGHT
        inside = np.flatnonzero(is_inside)
        is_frame = inside.size > 0 and inside[-1] + 1 - inside[0] >= _MIN_INSIDE * is_inside.size
        spans.append(slice(int(inside[0]), int(inside[-1]) + 1) if is_frame else slice(None))
    return np.ascontiguousarray(film[spans[0], spans[1]])
