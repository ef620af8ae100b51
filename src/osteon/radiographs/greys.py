"""What a decoded picture's values mean as grey, 0 black to 1 white.

| in the file | becomes |
|---|---|
| grey, 1 to 8 bits | itself, over 255 |
| grey, 16 or 32 bits | over the smallest 2^n - 1, n at least 8, that holds the brightest pixel |
| grey, floating point | itself, if it stays within [0, 1]; refused otherwise |
| colour, palette, CMYK | ITU-R BT.601 luminance, 0.299 R + 0.587 G + 0.114 B; never one channel |
| transparency | laid over black; left out where all of the picture is transparent |

Neither PNG nor TIFF says how many of 16 bits a film uses, and a film of 12 bits over 65535 would be
black; hence the second row.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from osteon.errors import UnsupportedRadiograph
from osteon.terms import Floats

_PHOTOMETRIC_INTERPRETATION: Final = 262  # TIFF 6.0, section 8; 0 is WhiteIsZero


def extract_grey(image: ImageFile.ImageFile, source: str) -> Floats:
    """Return a decoded picture's grey values.

    Args:
        image: The picture, already decoded.
        source: Where it came from; starts every refusal.

    Returns:
        Shape `(rows, columns)`, float32 in [0, 1], as stored (EXIF orientation not applied).

    Raises:
        UnsupportedRadiograph: If nothing says which values are black and white, or the picture is
            of a kind that radiographs are not saved as.
    """
    if image.mode.startswith("I"):
        return _scale_deep(image, source)
    if image.mode == "F":
        return unit_from_float(np.asarray(image), source)
    if image.mode in {"LA", "PA", "RGBA"} or "transparency" in image.info:
        rgba = image.convert("RGBA")
        if is_all_clear(image):
            return _unit(rgba.convert("RGB").convert("L"))
        over_black = _unit(rgba.convert("RGB").convert("L")) * _unit(rgba.getchannel("A"))
        return over_black.astype(np.float32)
    if image.mode in {"1", "L", "RGB"}:
        return _unit(image.convert("L"))
    if image.mode in {"P", "CMYK", "YCbCr"}:
        return _unit(image.convert("RGB").convert("L"))
    raise UnsupportedRadiograph(
        source,
        "must be grey, colour, palette or CMYK",
        found=f"mode {image.mode}",
        advice="Save it again as 8-bit or 16-bit grey.",
    )


def is_all_clear(image: Image.Image) -> bool:
    """Return whether a decoded picture is transparent everywhere, which no film is meant to be.

    Args:
        image: The picture.
    """
    if image.mode not in {"LA", "PA", "RGBA"}:
        return False
    return image.getchannel("A").getextrema() == (0, 0)


def _unit(image: Image.Image) -> Floats:
    unit: Floats = np.asarray(image, dtype=np.float32) / np.float32(255.0)
    return unit


def _scale_deep(image: ImageFile.ImageFile, source: str) -> Floats:
    grey = unit_from_deep(np.asarray(image), source)
    # The decoder turns WhiteIsZero round for up to 8 bits, and leaves deeper films as they are.
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    is_white_zero = tags.get(_PHOTOMETRIC_INTERPRETATION) == 0
    return np.float32(1.0) - grey if is_white_zero else grey


def unit_from_deep(values: npt.NDArray[Any], source: str) -> Floats:
    """Return whole numbers over the smallest 2^n - 1, n at least 8, that holds the brightest.

    Args:
        values: Whole numbers, shape `(rows, columns)`.
        source: Starts the refusal.

    Raises:
        UnsupportedRadiograph: If a value is negative.
    """
    brightest = int(values.max())
    if int(values.min()) < 0:
        raise UnsupportedRadiograph(
            source,
            "must not hold negative grey values",
            found=int(values.min()),
            advice="Nothing says which value is black: save it again as 8-bit or 16-bit grey.",
        )
    white = 2 ** max(brightest.bit_length(), 8) - 1
    if white < 2**24:  # exact in 32 bits, and so is the quotient's rounding: no copy in 64
        return values.astype(np.float32) / np.float32(white)
    grey: Floats = (values / white).astype(np.float32)
    return grey


def unit_from_float(values: npt.ArrayLike, source: str) -> Floats:
    """Return greys that lie within [0, 1] already.

    Args:
        values: Grey values, shape `(rows, columns)`.
        source: Starts the refusal.

    Raises:
        UnsupportedRadiograph: If one lies outside, or is no number.
    """
    grey = np.array(values, dtype=np.float32)
    # Written so that a NaN is refused too.
    if not (grey.min() >= 0.0 and grey.max() <= 1.0):
        raise UnsupportedRadiograph(
            source,
            "must keep floating-point greys within [0, 1]",
            advice="Nothing says which value is white: save it again as 8-bit or 16-bit grey.",
        )
    return grey
