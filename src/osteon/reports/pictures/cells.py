"""A film in its cell of a sheet, as large as it fits, and boxes on it."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from osteon.geometry import Box
from osteon.reports.pictures.galleries import NIGHT
from osteon.terms import Pixels8


@dataclass(frozen=True, kw_only=True, slots=True)
class Laid:
    """Where a picture lies on its sheet.

    Attributes:
        left: Of its corner, in inches.
        top: Of its corner, in inches.
        scale: Inches per pixel.
    """

    left: float
    top: float
    scale: float


def lay_film(axes: Axes, picture: Pixels8, cell: tuple[float, float, float, float]) -> Laid:
    """Draw a picture on a dark cell; the limits of the axes are its own afterwards.

    Args:
        axes: In inches, from the top left corner.
        picture: Shape `(rows, columns, 3)`.
        cell: Left, top, width and height, in inches.
    """
    x, y, wide, high = cell
    axes.add_patch(Rectangle((x, y), wide, high, facecolor=NIGHT, lw=0))
    rows, columns = picture.shape[:2]
    scale = min(wide / columns, high / rows)
    left, top = x + (wide - columns * scale) / 2, y + (high - rows * scale) / 2
    axes.imshow(
        picture,
        extent=(left, left + columns * scale, top + rows * scale, top),
        aspect="auto",
        interpolation="antialiased",
        zorder=2,
    )
    return Laid(left=left, top=top, scale=scale)


def draw_box(axes: Axes, box: Box, laid: Laid, *, colour: str, is_dashed: bool = False) -> None:
    """Draw the outline of a box.

    Args:
        axes: Those of the picture.
        box: In pixels of the picture.
        laid: Where the picture lies.
        colour: Of the line.
        is_dashed: Whether it is drawn in dashes.
    """
    x0, y0, x1, y1 = box
    axes.add_patch(
        Rectangle(
            (laid.left + x0 * laid.scale, laid.top + y0 * laid.scale),
            (x1 - x0) * laid.scale,
            (y1 - y0) * laid.scale,
            fill=False,
            edgecolor=colour,
            lw=1.3,
            ls="--" if is_dashed else "-",
            zorder=3,
        )
    )
