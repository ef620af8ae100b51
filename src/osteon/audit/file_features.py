"""What can be known of a film without looking at bones: its file, its frame and its greys.

A label that follows from these follows from how the films were gathered; see `shortcut`.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from PIL import ImageFile
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from osteon.audit.sizes import fit_long_side
from osteon.radiographs.dicom import is_dicom
from osteon.radiographs.raster import open_raster
from osteon.terms import Pixels8

MAX_SIDE: Final = 1024
"""Larger films are reduced to this before they are measured; for sharpness they are cut to it."""

_BAND_TOLERANCE: Final = 16
"""Greys between the darkest and the brightest pixel of a line that still counts as constant."""

_BLACK: Final = 3
_WHITE: Final = 252
"""At and beyond these a pixel is black or white: compression blurs 0 and 255 by a few greys."""

# ITU-T T.81, table K.1: the luminance table that libjpeg scales by quality.
_LUMINANCE: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
).ravel()
_QUALITIES: Final = np.arange(1, 101)
# jcparam.c of libjpeg: jpeg_quality_scaling and jpeg_add_quant_table.
_SCALES: Final = np.where(_QUALITIES < 50, 5000 // _QUALITIES, 200 - 2 * _QUALITIES)
_TABLES: Final = np.clip((_LUMINANCE * _SCALES[:, None] + 50) // 100, 1, 255)

_GREYS: Final = np.arange(256, dtype=np.int64)

_CHROMA: Final = ("4:4:4", "4:2:2", "4:2:0")
"""By the number that Pillow gives a subsampling."""

# What a file may carry beside the picture, by Pillow's name: it tells which program wrote it.
_METADATA: Final = (
    ("jfif", "JFIF"),
    ("exif", "Exif"),
    ("adobe", "Adobe"),
    ("icc_profile", "ICC profile"),
    ("photoshop", "Photoshop"),
    ("xmp", "XMP"),
    ("mpf", "MPF"),
    ("comment", "comment"),
    ("gamma", "gamma"),
    ("srgb", "sRGB"),
    ("transparency", "transparency"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmFacts:
    """One film, as somebody sees it who looks at no bone.

    Attributes:
        n_bytes: Of the file.
        container: "JPEG", "PNG", ...: what the file is, whatever its name.
        mode: As stored, in Pillow's words: "L", "RGB", "I;16", ...
        rows: Height of the upright film in pixels.
        columns: Width of the upright film in pixels.
        aspect: Columns over rows.
        bits_per_pixel: Of the file, headers included.
        jpeg_quality: libjpeg's quality, 1 to 100, whose luminance table is nearest; None where
            the file is no JPEG.
        jpeg_tables: "libjpeg" where that table is met exactly, else "other"; None as above.
        jpeg_chroma: Subsampling of the colours: "4:2:0", ..., "grey" or "other"; None as above.
        is_progressive: Whether a JPEG comes in several scans; None as above.
        density: Pixels per unit as the file claims, such as "72x72 per inch"; None where it does
            not claim any.
        metadata: What stands beside the picture, such as "JFIF, Exif"; "" for nothing.
        border_grey: Median of the outermost pixels, 0 to 255.
        border_above_below: Share of the rows that are bands of one grey at the top and bottom.
        border_left_right: Share of the columns that are bands of one grey at the left and right.
        mean_grey: Over all pixels, 0 to 255.
        spread_grey: Standard deviation over all pixels.
        black_share: Share of the pixels that are black.
        white_share: Share of the pixels that are white.
        n_greys: Different greys that occur, 1 to 256.
        sharpness: Variance of the Laplacian over the variance of grey; None for one grey only.
    """

    n_bytes: int
    container: str
    mode: str
    rows: int
    columns: int
    aspect: float
    bits_per_pixel: float
    jpeg_quality: int | None
    jpeg_tables: str | None
    jpeg_chroma: str | None
    is_progressive: bool | None
    density: str | None
    metadata: str
    border_grey: int
    border_above_below: float
    border_left_right: float
    mean_grey: float
    spread_grey: float
    black_share: float
    white_share: float
    n_greys: int
    sharpness: float | None


def measure_facts(data: bytes, grey: Pixels8) -> FilmFacts:
    """Measure one film that was decoded already; of the file only the header is read again.

    Of a DICOM file nothing of the encoding is told: its container alone.

    Args:
        data: The whole file.
        grey: The film that it decodes to, upright, shape `(rows, columns)`, 0 black to 255 white.

    Returns:
        The facts, plain values; they depend on nothing but the two arguments.

    Raises:
        UnreadableFilm: If the bytes are no picture.
        UnsupportedRadiograph: If the file holds several.
    """
    image = None if is_dicom(data) else open_raster(data, source="film")
    info = {} if image is None else image.info
    rows, columns = grey.shape
    quality, tables = _estimate_quality(image) if isinstance(image, JpegImageFile) else (None, None)
    small = fit_long_side(grey, MAX_SIDE)
    above_below, left_right = _measure_bands(small)
    counts = np.bincount(small.ravel(), minlength=256)
    # Sums of whole numbers: a dot product's last digit is another on another processor.
    n, total, squares = (int((counts * _GREYS**power).sum()) for power in range(3))
    return FilmFacts(
        n_bytes=len(data),
        container="DICOM" if image is None else image.format or "",
        mode="" if image is None else image.mode,
        rows=rows,
        columns=columns,
        aspect=columns / rows,
        bits_per_pixel=8 * len(data) / (rows * columns),
        jpeg_quality=quality,
        jpeg_tables=tables,
        jpeg_chroma=_name_chroma(image) if isinstance(image, JpegImageFile) else None,
        is_progressive="progressive" in info if isinstance(image, JpegImageFile) else None,
        density=None if image is None else _describe_density(image),
        metadata=", ".join(word for key, word in _METADATA if key in info),
        border_grey=_measure_border(small),
        border_above_below=above_below,
        border_left_right=left_right,
        mean_grey=total / n,
        spread_grey=math.sqrt(n * squares - total**2) / n,
        black_share=int(counts[: _BLACK + 1].sum()) / n,
        white_share=int(counts[_WHITE:].sum()) / n,
        n_greys=int(np.count_nonzero(counts)),
        sharpness=_measure_sharpness(grey),
    )


def _estimate_quality(image: JpegImageFile) -> tuple[int | None, str | None]:
    table = image.quantization.get(0)
    if table is None:
        return None, None
    distances = np.abs(_TABLES - np.asarray(table)).sum(axis=1)
    # The best of equal tables: libjpeg's 1 and 2, for example, are both full of 255.
    nearest = int(_QUALITIES.size - 1 - np.argmin(distances[::-1]))
    return int(_QUALITIES[nearest]), "libjpeg" if distances[nearest] == 0 else "other"


def _name_chroma(image: ImageFile.ImageFile) -> str:
    if image.mode == "L":
        return "grey"
    number = get_sampling(image)
    return _CHROMA[number] if 0 <= number < len(_CHROMA) else "other"


def _describe_density(image: ImageFile.ImageFile) -> str | None:
    # JFIF 1.02, APP0: units 1 are inches, 2 centimetres; 0 gives the shape of a pixel only.
    if "jfif_density" in image.info:
        across, down = image.info["jfif_density"]
        unit = {1: " per inch", 2: " per cm"}.get(image.info.get("jfif_unit", 0), "")
        return f"{across}x{down}{unit}"
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None  # none, or one that says nothing
    return f"{across:.0f}x{down:.0f} per inch"


def _measure_border(grey: Pixels8) -> int:
    frame = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return int(np.median(frame))


def _measure_bands(grey: Pixels8) -> tuple[float, float]:
    """Return the share of rows, and of columns, that are bands of one grey at the edges."""
    return (
        _share_of_bands(grey.max(axis=1) - grey.min(axis=1)),
        _share_of_bands(grey.max(axis=0) - grey.min(axis=0)),
    )


def _share_of_bands(reach: Pixels8) -> float:
    changing = np.flatnonzero(reach > _BAND_TOLERANCE)
    if not changing.size:
        return 1.0
    return float(reach.size - 1 - changing[-1] + changing[0]) / reach.size


def _measure_sharpness(grey: Pixels8) -> float | None:
    # Reducing would replace the film's own sharpness; a part from the middle keeps it.
    top, left = (max(0, (side - MAX_SIDE) // 2) for side in grey.shape)
    part = np.ascontiguousarray(grey[top : top + MAX_SIDE, left : left + MAX_SIDE])
    _, spread = cv2.meanStdDev(part)
    if spread.item() == 0:
        return None
    _, edges = cv2.meanStdDev(cv2.Laplacian(part, cv2.CV_16S))
    return float((edges.item() / spread.item()) ** 2)
