"""Where the boxes of fractures lie on films that were turned, mirrored or cropped."""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from osteon.geometry import Box, Polygon
from osteon.learning.loop.box_loss import measure_areas
from osteon.radiographs.preparation import fit_letterbox
from osteon.release import Preparation
from osteon.terms import ManifestRow

SHOWN: Final = 1 / 3
"""Share of a moved box that must still lie in the picture for it to be asked for."""


def find_outlines(row: ManifestRow) -> tuple[Polygon, ...]:
    """Return what goes round each fracture of a film: its outlines, or else its boxes' corners."""
    return row.polygons or tuple(Box(*box).corners for box in row.boxes)


def place_outlines(row: ManifestRow, how: Preparation) -> tuple[Tensor, ...]:
    """Return the corners of each fracture of a film, in pixels of the network's input.

    Args:
        row: The film.
        how: The preparation.

    Returns:
        Shape `(corners, 2)` each, in edges of pixels.
    """
    place = fit_letterbox(row.rows, row.columns, how)
    return tuple(
        torch.tensor([place.move_point(corner) for corner in outline], dtype=torch.float32)
        for outline in find_outlines(row)
    )


def move_boxes(
    outlines: Sequence[Sequence[Tensor]], matrices: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Return the extents of moved outlines: a turned fracture's box is not its turned box.

    Args:
        outlines: Of each film, each of shape `(corners, 2)`, in edges of pixels.
        matrices: The films' maps, of middles of pixels, shape `(films, 3, 3)`.
        size: Rows and columns of the picture, at which boxes are cropped.

    Returns:
        Boxes `(x0, y0, x1, y1)`, shape `(films, most, 4)`, and which of them stand for one, bool,
        shape `(films, most)`. A box of which less than `SHOWN` lies in the picture is left out.
    """
    rows, columns = size
    moved = [
        [_find_extent(outline, matrix) for outline in of_film]
        for of_film, matrix in zip(outlines, matrices.cpu(), strict=True)
    ]
    most = max([1, *(len(of_film) for of_film in moved)])
    whole = torch.zeros(len(moved), most, 4)
    for film, of_film in enumerate(moved):
        for number, box in enumerate(of_film):
            whole[film, number] = box
    limit = torch.tensor([columns, rows, columns, rows], dtype=torch.float32)
    shown = torch.minimum(whole.clamp(min=0.0), limit)
    return shown, measure_areas(shown) > SHOWN * measure_areas(whole)


def _find_extent(outline: Tensor, matrix: Tensor) -> Tensor:
    # middles of pixels have whole numbers in the map, edges of pixels in an outline
    corners = (outline - 0.5) @ matrix[:2, :2].T + matrix[:2, 2] + 0.5
    return torch.cat([corners.amin(dim=0), corners.amax(dim=0)])
