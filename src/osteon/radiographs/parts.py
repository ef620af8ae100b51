"""Whether all of a picture stands in its file, where the decoder would not say.

Pillow leaves black what a file of few strips, of few rows, or of a frame that is smaller than its
canvas does not fill, and says nothing. JPEG has its own ways: see `jpegs`.
"""

import zlib
from typing import Final

from PIL import ImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from osteon.terms import Floats

_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # PNG 1.2, 11.2.2: samples by colour type
_PASSES: Final = (  # PNG 1.2, 8.2 (Adam7): first column and row, steps between them
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)),
    (0, 1, 1, 2),
)
_ROWS_PER_STRIP, _STRIP_OFFSETS, _TILE_OFFSETS = 278, 273, 324  # TIFF 6.0, section 8 and 15
_WIDTH, _LENGTH = 256, 257
_TILE_WIDTH, _TILE_LENGTH, _SAMPLES, _PLANES = 322, 323, 277, 284


def find_missing_strips(image: ImageFile.ImageFile) -> str | None:
    """Return what a file's directory leaves out of its picture, in words; None for nothing.

    Args:
        image: The file, opened and not decoded.
    """
    if isinstance(image, TiffImageFile):
        return _find_missing_strips_of_tiff(image)
    if isinstance(image, GifImageFile) and image.tile and image.tile[0][1] != (0, 0, *image.size):
        return "a frame that is smaller than its canvas"
    return None


def _find_missing_strips_of_tiff(image: TiffImageFile) -> str | None:
    tags = image.tag_v2

    def number(tag: int, otherwise: int) -> int:
        found = tags.get(tag, otherwise)
        return found if isinstance(found, int) else -1

    # The image's own size is the upright one already.
    columns, rows = number(_WIDTH, image.width), number(_LENGTH, image.height)
    n_needed = number(_SAMPLES, 1) if number(_PLANES, 1) == 2 else 1
    wide, high = number(_TILE_WIDTH, columns), number(_TILE_LENGTH, rows)
    n_rows = number(_ROWS_PER_STRIP, rows)
    offsets = tags.get(_TILE_OFFSETS, tags.get(_STRIP_OFFSETS, ()))
    if min(columns, rows, n_needed, wide, high, n_rows) < 0 or not isinstance(offsets, tuple):
        return "a size, or a list of strips, that is no number"
    if _TILE_OFFSETS in tags:
        n_needed *= -(-columns // max(1, wide)) * -(-rows // max(1, high))
    else:
        n_needed *= -(-rows // max(1, min(rows, n_rows)))
    n_there = len(offsets)
    return f"{n_there} of {n_needed} strips" if n_there < n_needed else None


def find_missing_rows(image: ImageFile.ImageFile, data: bytes, stored: Floats) -> str | None:
    """Return how much of a PNG's picture is there, in words; None where all of it is.

    Args:
        image: The file, decoded.
        data: The same file, whole.
        stored: What it decoded to; only where the last row is of one grey could rows be missing.
    """
    if not isinstance(image, PngImageFile) or (stored[-1] != stored[-1, 0]).any():
        return None
    n_needed, n_there = _count_bytes(data), _count_inflated(data)
    if n_there >= n_needed:
        return None
    return f"{n_there:,} of {n_needed:,} bytes of the picture"


def _count_bytes(data: bytes) -> int:
    """Return how long a PNG's picture is before it is compressed (PNG 1.2, 7.2 and 8)."""
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    depth, kind, is_interlaced = data[24], data[25], bool(data[28])
    bits = depth * _CHANNELS.get(kind, 1)
    passes = _PASSES if is_interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, step_x, step_y in passes:
        columns, rows = -(-(width - left) // step_x), -(-(height - top) // step_y)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _count_inflated(data: bytes) -> int:
    """Return how many bytes a PNG's IDAT chunks inflate to; no more than a film is kept."""
    inflate = zlib.decompressobj()
    at, total = 8, 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            rest = data[at + 8 : at + 8 + length]
            while rest and not inflate.eof:
                total += len(inflate.decompress(rest, 1 << 20))
                rest = inflate.unconsumed_tail
        at += 12 + length
    return total + len(inflate.flush())
