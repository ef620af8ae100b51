"""What a decoded picture's values mean as grey, 0 black to 1 white.

| in the file | becomes |
|---|---|
| grey, 4 to 8 bits | itself, over 255 |
| grey, 16 or 32 bits | over the smallest 2^n - 1, n at least 8, that holds the brightest pixel |
| grey, floating point | itself, if it stays within [0, 1]; refused otherwise |
| grey of less than 4 bits | refused: no bone can be told in 4 greys |
| colour, palette, CMYK | ITU-R BT.601 luminance, 0.299 R + 0.587 G + 0.114 B; never one channel |
| transparency | laid over black; left out if it is one value; refused if much is in between |

Neither PNG nor TIFF says how many of 16 bits a film uses, and a film of 12 bits over 65535 would be
black; hence the second row.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from osteon.errors import UnsupportedRadiograph
from osteon.terms import Floats, Reason

TRANSPARENT: Final = Reason(
    code="alpha-ignored",
    text="The file says that its picture is transparent everywhere alike; its colours were read.",
)

_SHINES_THROUGH: Final = 0.02
"""Share of the pixels that may be neither opaque nor clear: the rims of a cut-out are."""

_NEARLY_CLEAR: Final = 13
_BITS_PER_SAMPLE, _SAMPLE_FORMAT = 258, 339  # TIFF 6.0, sections 8 and 19
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
        return _turn_round(unit_from_float(np.asarray(image), source), image)
    if image.mode in {"LA", "PA", "RGBA"} or "transparency" in image.info:
        return _lay_over_black(image.convert("RGBA"), source)
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


def refuse_depth(image: ImageFile.ImageFile, data: bytes, source: str) -> None:
    """Refuse what Pillow would read in another depth, or as another sign, than it was saved in.

    Args:
        image: The file, opened and not decoded.
        data: The same file, whole.
        source: Where it came from; starts the refusal.

    Raises:
        UnsupportedRadiograph: If it is colour, or grey with transparency, of 16 bits a channel,
            of which Pillow keeps 8; if it has hardly any greys; or if 8 bits have a sign.
    """
    depth, n_channels, is_signed = 1 if image.mode == "1" else 8, 1, False
    if isinstance(image, PngImageFile):  # PNG 1.2, 11.2.2: IHDR
        depth, n_channels = data[24], {2: 3, 4: 2, 6: 4}.get(data[25], 1)
    elif isinstance(image, TiffImageFile):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (depth,))
        depth, n_channels = max(bits), len(bits)
        is_signed = depth == 8 and 2 in image.tag_v2.get(_SAMPLE_FORMAT, ())
    if depth > 8 and n_channels > 1:
        raise UnsupportedRadiograph(
            source,
            "must be grey where it is deeper than 8 bits",
            found=f"{n_channels} channels of {depth} bits",
            advice="Save it again as 16-bit grey.",
            code="deep-colour",
        )
    if depth < 4 or is_signed:
        raise UnsupportedRadiograph(
            source,
            "must have 4 bits at least, and no sign",
            found=f"{depth} bits" + " with a sign" * is_signed,
            advice="Save it again from its source as 8-bit or 16-bit grey.",
            code="depth",
        )


def has_one_alpha(image: Image.Image) -> bool:
    """Return whether a decoded picture is transparent everywhere alike, as no film is meant to be.

    Args:
        image: The picture.
    """
    if image.mode not in {"LA", "PA", "RGBA"}:
        return False
    lowest, highest = image.getchannel("A").getextrema()
    return bool(lowest == highest != 255)


def _lay_over_black(rgba: Image.Image, source: str) -> Floats:
    """Return the greys of a picture that may be transparent.

    Raises:
        UnsupportedRadiograph: If much of it is neither opaque nor clear.
    """
    grey, alpha = _unit(rgba.convert("RGB").convert("L")), rgba.getchannel("A")
    counts = np.asarray(alpha.histogram())
    if counts.max() == counts.sum():  # the same everywhere: it says nothing
        return grey
    if counts[_NEARLY_CLEAR:-_NEARLY_CLEAR].sum() > _SHINES_THROUGH * counts.sum():
        raise UnsupportedRadiograph(
            source,
            "must be opaque or clear in nearly all places",
            found="a picture that other pictures shine through",
            advice="Lay it over black or white, as it is meant, and save it as grey.",
            code="transparent",
        )
    return (grey * _unit(alpha)).astype(np.float32)


def _unit(image: Image.Image) -> Floats:
    unit: Floats = np.asarray(image, dtype=np.float32) / np.float32(255.0)
    return unit


def _scale_deep(image: ImageFile.ImageFile, source: str) -> Floats:
    return _turn_round(unit_from_deep(np.asarray(image), source), image)


def _turn_round(grey: Floats, image: ImageFile.ImageFile) -> Floats:
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
