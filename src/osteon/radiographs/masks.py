"""Outlines that a reader drew become masks of the network's input."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from osteon.radiographs.preparation import fit_letterbox
from osteon.release import Preparation
from osteon.terms import Pixels8

_FINER: Final = 4
"""Masks are drawn this much finer than the network's input, so that their edges are shares."""

Outline = Sequence[tuple[float, float]]
"""Corners `(x, y)` in source pixels."""


def draw_mask(
    outlines: Sequence[Outline],
    rows: int,
    columns: int,
    how: Preparation,
    *,
    step: int = 1,
    pixel_aspect: float = 1.0,
) -> Pixels8:
    """Draw outlines where a prepared film shows what they go round.

    Args:
        outlines: In source pixels; none gives an empty mask.
        rows: Height of the film in source pixels.
        columns: Width of the film in source pixels.
        how: The preparation.
        step: Pixels of network input along a cell of the mask.
        pixel_aspect: Height of a source pixel over its width.

    Returns:
        Shape `(how.rows / step, how.columns / step)`, uint8: the share of each cell inside, of 255.
    """
    size = how.columns // step, how.rows // step
    if not outlines:
        return np.zeros((size[1], size[0]), np.uint8)
    place = fit_letterbox(rows, columns, how, pixel_aspect=pixel_aspect)
    fine = Image.new("L", (size[0] * step * _FINER, size[1] * step * _FINER))
    pen = ImageDraw.Draw(fine)
    for outline in outlines:
        corners = [place.move_point(corner) for corner in outline]
        # Pillow's corners are the middles of pixels
        pen.polygon([(x * _FINER - 0.5, y * _FINER - 0.5) for x, y in corners], fill=255)
    return np.asarray(fine.resize(size, Image.Resampling.BOX))
