"""The shape of a picture file's pixels, where its header says that they are not square.

A scanner that feeds film and reads it at two rates, or a fax, writes two densities: pixels per
unit along a row and down a column. JFIF, PNG (pHYs), TIFF, BMP and EXIF can say it, each in its
unit, and only the ratio counts here.
"""

from collections.abc import Sequence
from typing import Final

from PIL import ImageFile

from osteon.terms import Reason

SIDEWAYS: Final = frozenset({5, 6, 7, 8})
"""Orientations that exchange rows and columns (EXIF 2.32, 4.6.4 A, tag 274)."""

SQUARE: Final = 0.01
"""Pixels whose sides differ by less count as square: 0.143 and 0.144 mm are one size, rounded."""

LONGEST: Final = 4.0
"""No pixel of a film is so many times as long as it is wide; what says so means something else."""


def read_density_aspect(
    image: ImageFile.ImageFile, orientation: int
) -> tuple[float, tuple[Reason, ...]]:
    """Return the height of a pixel of the upright film over its width, and what was decided.

    Args:
        image: The file, opened.
        orientation: How its stored picture lies, as EXIF counts it.

    Returns:
        1 where pixels are square, or the header does not say that they are not.
    """
    info = image.info
    # JFIF 1.02: units 0 say that the densities are only a ratio. Pillow keeps PNG's apart.
    said = info.get("jfif_density") if info.get("jfif_unit") == 0 else info.get("dpi")
    across, down = _read_pair(said or info.get("aspect") or info.get("resolution"))
    if not (across > 0 and down > 0) or abs(across / down - 1) < SQUARE:
        return 1.0, ()
    aspect = down / across if orientation in SIDEWAYS else across / down
    found = f"{across:g} pixels across and {down:g} down"
    if not 1 / LONGEST <= aspect <= LONGEST:
        text = f"The file says that {found} are of one length, which no film has; not followed."
        return 1.0, (Reason(code="pixel-aspect", text=text),)
    text = f"The file says that {found} are of one length: its pixels were made square."
    return aspect, (Reason(code="pixel-aspect", text=text),)


def _read_pair(said: object) -> tuple[float, float]:
    """Return two densities; zeros where there are none."""
    if not isinstance(said, Sequence) or len(said) != 2:
        return 0.0, 0.0
    try:
        across, down = (float(one) for one in said)
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0, 0.0
    return across, down
