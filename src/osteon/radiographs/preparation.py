"""A radiograph becomes network input. This is the only preprocessing that exists.

The cache keeps what `fit_pixels` returns, and reading a film calls `prepare`, which is the same
thing over 255: training and reading cannot prepare a film differently.
"""

import numpy as np
from PIL import Image

from osteon.geometry import Box, Letterbox
from osteon.release import Preparation
from osteon.terms import Floats, Pixels8, Radiograph


def fit_letterbox(
    rows: int, columns: int, how: Preparation, *, pixel_aspect: float = 1.0
) -> Letterbox:
    """Say where a film of this size will lie in the network's input.

    Args:
        rows: Height of the film in pixels.
        columns: Width of the film in pixels.
        how: The preparation.
        pixel_aspect: Height of a pixel over its width.

    Returns:
        The whole input for "squash"; for "letterbox" the largest rectangle of the film's aspect,
        centred (an odd pixel of fill goes below or to the right), at least one pixel wide.
    """
    fit_rows, fit_columns = how.rows, how.columns
    if how.fit == "letterbox":
        high = rows * pixel_aspect  # in widths of a pixel; exact where pixels are square
        scale = min(how.rows / high, how.columns / columns)
        fit_rows = min(max(round(high * scale), 1), how.rows)
        fit_columns = min(max(round(columns * scale), 1), how.columns)
    return Letterbox(
        source_rows=rows,
        source_columns=columns,
        top=(how.rows - fit_rows) // 2,
        left=(how.columns - fit_columns) // 2,
        rows=fit_rows,
        columns=fit_columns,
        pixel_aspect=pixel_aspect,
    )


def fit_pixels(radiograph: Radiograph, how: Preparation) -> Pixels8:
    """Bring a film to the network's size: what the cache keeps.

    The resize runs in float with a triangle filter that widens as the film shrinks. It averages
    every source pixel, so a thin fracture line fades but is never stepped over; and having no
    negative lobes it cannot ring, as bicubic and Lanczos do: a dark seam beside bright cortex is
    what a fracture looks like. Rounding happens once, at the end, half to even.

    Args:
        radiograph: The film.
        how: The preparation.

    Returns:
        Shape `(rows, columns)`, uint8; letterbox fill is 0.
    """
    place = fit_letterbox(
        radiograph.rows, radiograph.columns, how, pixel_aspect=radiograph.pixel_aspect
    )
    pixels = np.ascontiguousarray(radiograph.pixels, dtype=np.float32)
    resized = Image.fromarray(pixels).resize((place.columns, place.rows), Image.Resampling.BILINEAR)
    film = np.rint(np.clip(np.asarray(resized), 0.0, 1.0) * np.float32(255.0)).astype(np.uint8)
    fitted = np.zeros((how.rows, how.columns), dtype=np.uint8)
    fitted[place.top : place.top + place.rows, place.left : place.left + place.columns] = film
    return fitted


def choose_tile(radiograph: Radiograph, long_side: int) -> Preparation:
    """Return the preparation that shows a whole film to a person, with square pixels.

    Args:
        radiograph: The film.
        long_side: Pixels along its longer side.
    """
    high, wide = radiograph.rows * radiograph.pixel_aspect, float(radiograph.columns)
    scale = long_side / max(high, wide)
    return Preparation(
        rows=max(16, round(high * scale)), columns=max(16, round(wide * scale)), fit="squash"
    )


def square_pixels(layer: Floats, pixel_aspect: float) -> Floats:
    """Return a film, or a map of it, with pixels that are as high as wide: for looking at.

    Args:
        layer: Shape `(rows, columns)`, in [0, 1].
        pixel_aspect: Height of a pixel over its width.

    Returns:
        The same, where pixels are square; else enlarged along the coarser axis.
    """
    if pixel_aspect == 1.0:
        return layer
    rows, columns = layer.shape
    size = (
        max(1, round(columns * max(1.0, 1.0 / pixel_aspect))),
        max(1, round(rows * max(1.0, pixel_aspect))),
    )
    picture = Image.fromarray(np.ascontiguousarray(layer, dtype=np.float32))
    squared = picture.resize(size, Image.Resampling.BILINEAR)
    return np.clip(np.asarray(squared, dtype=np.float32), 0.0, 1.0)


def square_box(box: Box, pixel_aspect: float) -> Box:
    """Map a box from source pixels to those of `square_pixels`.

    Args:
        box: In source pixels.
        pixel_aspect: Height of a source pixel over its width.
    """
    wide, high = max(1.0, 1.0 / pixel_aspect), max(1.0, pixel_aspect)
    return Box(*box).scale(wide, high)


def unsquare_box(box: Box, pixel_aspect: float) -> Box:
    """Map a box from the pixels of `square_pixels` to those of the source.

    Args:
        box: In square pixels.
        pixel_aspect: Height of a source pixel over its width.
    """
    wide, high = max(1.0, 1.0 / pixel_aspect), max(1.0, pixel_aspect)
    return Box(box[0] / wide, box[1] / high, box[2] / wide, box[3] / high)


def prepare(radiograph: Radiograph, how: Preparation) -> Floats:
    """Make network input of one film: `fit_pixels` over 255, in every channel alike.

    Args:
        radiograph: The film.
        how: The preparation.

    Returns:
        Shape `(channels, rows, columns)`, float32 in [0, 1].
    """
    prepared: Floats = scale_pixels(fit_pixels(radiograph, how)[np.newaxis], how)[0]
    return prepared


def scale_pixels(pixels: Pixels8, how: Preparation) -> Floats:
    """Make network input of films that `fit_pixels` has brought to size.

    Args:
        pixels: Shape `(films, rows, columns)`, uint8.
        how: The preparation.

    Returns:
        Shape `(films, channels, rows, columns)`, float32 in [0, 1].
    """
    scaled: Floats = pixels.astype(np.float32) / np.float32(255.0)
    return np.repeat(scaled[:, np.newaxis], how.channels, axis=1)
