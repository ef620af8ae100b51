"""A 2-D array of greys becomes a radiograph; what its numbers mean stands in `greys`."""

from typing import Any

import numpy as np
import numpy.typing as npt

from osteon.errors import UnsupportedRadiograph
from osteon.radiographs.greys import unit_from_deep, unit_from_float
from osteon.radiographs.raster import MIN_SIDE
from osteon.radiographs.torn import refuse_torn
from osteon.terms import Radiograph


def build_radiograph(
    pixels: npt.NDArray[Any], *, source: str, max_pixels: int = 64_000_000
) -> Radiograph:
    """Return the radiograph that an array holds.

    Args:
        pixels: Shape `(rows, columns)`; bright bone. Whole numbers of up to 8 bits are over 255,
            deeper ones over the smallest 2^n - 1 that holds the brightest; floats lie in [0, 1].
        source: How the film is spoken of.
        max_pixels: Larger arrays are refused.

    Returns:
        The radiograph; it shares no memory with the array.

    Raises:
        UnsupportedRadiograph: If the array is not one grey picture, or nothing says which values
            are black and white.
        TornFilm: If a part of the film is made up.
    """
    is_number = pixels.dtype.kind in "buif"
    if pixels.ndim != 2 or not is_number:
        raise UnsupportedRadiograph(
            source,
            "must have the shape (rows, columns) and hold greys",
            found=f"shape {pixels.shape} of {pixels.dtype}",
            advice="Take one channel, or average them, if the film is grey.",
        )
    if not (min(pixels.shape) >= MIN_SIDE and pixels.size <= max_pixels):
        raise UnsupportedRadiograph(
            source,
            f"must be at least {MIN_SIDE} pixels on each side and at most {max_pixels:,} in all",
            found=f"{pixels.shape[1]} x {pixels.shape[0]}",
        )
    if pixels.dtype.kind == "f":
        grey = unit_from_float(pixels, source)
    else:
        whole = pixels.astype(np.uint8) if pixels.dtype.kind == "b" else pixels
        grey = unit_from_deep(whole, source)
    refuse_torn(grey, source=source)
    return Radiograph(pixels=grey, source=source)
