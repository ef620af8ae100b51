"""Random changes to training films: drawn for each film, applied to a whole batch on its device."""

import math

import torch
from kornia.geometry.transform import get_affine_matrix2d, warp_affine
from torch import Tensor
from torch.nn import functional as F

from osteon.learning.recipes import AugmentationSettings, Fill

Range = tuple[float, float]
UNCHANGED: Range = (1.0, 1.0)


def augment(films: Tensor, how: AugmentationSettings, generator: torch.Generator) -> Tensor:
    """Return randomly changed films: one warp and one brightness factor each.

    All geometric changes are one affine map, so that a film is interpolated once, not eight times.

    Args:
        films: Grey values in [0, 1], shape `(films, 1, rows, columns)`, on any device.
        how: What may change, and how far.
        generator: On the CPU, so that every device draws the same changes.

    Returns:
        Films of the same shape, on the same device, in [0, 1].
    """
    matrices = draw_warps(films.shape[0], films.shape[-2:], how, generator)
    return change_greys(warp(films, matrices, fill=how.fill), how, generator)


def warp(films: Tensor, matrices: Tensor, *, fill: Fill = "black", step: int = 1) -> Tensor:
    """Return films moved by one affine map each.

    Args:
        films: Shape `(films, 1, rows, columns)`.
        matrices: In pixels of the network's input, shape `(films, 3, 3)`.
        fill: What comes in from outside: the edge, repeated, or black.
        step: How many of these pixels lie along one of `films`: 2 for masks of half the side.

    Returns:
        Of the same shape.
    """
    if step > 1:
        matrices = _in_cells(matrices, step)
    rows, columns = films.shape[-2:]
    moved: Tensor = warp_affine(
        films,
        matrices.to(films.device)[:, :2],
        (rows, columns),
        padding_mode="border" if fill == "edge" else "zeros",
        align_corners=True,
    )
    return moved


def change_greys(films: Tensor, how: AugmentationSettings, generator: torch.Generator) -> Tensor:
    """Return films with other grey values and another sharpness, in [0, 1].

    Args:
        films: Grey values in [0, 1], shape `(films, 1, rows, columns)`.
        how: What may change, and how far; what may not is not drawn.
        generator: On the CPU.
    """
    factor = _draw(films.shape[0], *how.brightness, generator)
    changed = (films * _of_films(factor, films)).clamp(0.0, 1.0)
    if how.gamma != UNCHANGED:
        power = _draw_share(films.shape[0], how.gamma, generator)
        changed = changed ** _of_films(power, films)
    if how.cap != UNCHANGED:
        level = _draw(films.shape[0], *how.cap, generator)
        level[torch.rand(films.shape[0], generator=generator) < 0.5] = 1.0
        level = _of_films(level, films)
        changed = torch.minimum(changed, level) / level
    if how.coarsen != UNCHANGED:
        share = float(_draw(1, *how.coarsen, generator))
        chosen = torch.rand(films.shape[0], generator=generator) < 0.5
        changed = torch.where(_of_films(chosen, films), _coarsen(changed, share), changed)
    return changed


def draw_warps(
    n_films: int,
    size: torch.Size,
    how: AugmentationSettings,
    generator: torch.Generator,
    *,
    centres: Tensor | None = None,
    fitted: Tensor | None = None,
) -> Tensor:
    """Return one random affine map per film, shape `(films, 3, 3)`, in pixels.

    Args:
        n_films: How many.
        size: Rows and columns of a film.
        how: What may change, and how far.
        generator: On the CPU.
        centres: For close-ups, the `(x, y)` that comes to the middle and is zoomed in on, shape
            `(films, 2)`; not a number where a film stays whole.
        fitted: Columns and rows that each film takes up in the letterbox, shape `(films, 2)`;
            needed where `how.turned_share` is not 0.
    """
    rows, columns = size
    angle = _draw(n_films, -how.rotation_degrees, how.rotation_degrees, generator)
    zoom = _draw(2 * n_films, 1 - how.zoom_share, 1 + how.zoom_share, generator).view(n_films, 2)
    shift = _draw(2 * n_films, -how.shift_share, how.shift_share, generator).view(n_films, 2)
    shift = shift * torch.tensor([columns, rows])
    shear = _draw(
        n_films, -math.radians(how.shear_degrees), math.radians(how.shear_degrees), generator
    )
    flips = torch.ones(n_films, 2)
    for axis, wanted in enumerate((how.horizontal_flip, how.vertical_flip)):
        drawn = torch.rand(n_films, generator=generator) < 0.5
        if wanted:
            flips[drawn, axis] = -1.0
    centre = torch.tensor([(columns - 1) / 2, (rows - 1) / 2]).expand(n_films, 2)
    if how.zoom != UNCHANGED:
        zoom = zoom * _draw_share(n_films, how.zoom, generator)[:, None]
    if how.turned_share and fitted is not None:
        turned = torch.rand(n_films, generator=generator)[:, None] < how.turned_share
        angle = torch.where(turned[:, 0], _draw(n_films, -180.0, 180.0, generator), angle)
        zoom = torch.where(turned, _fit_turned(fitted, angle, (rows, columns)), zoom)
        shift, shear = shift * ~turned, shear * ~turned[:, 0]
    if centres is not None:
        close = ~centres[:, :1].isnan()
        nearer = _draw_share(n_films, how.close_zoom, generator)[:, None]
        zoom = torch.where(close, nearer, zoom)
        shift = torch.where(close, centre - centres + 2 * shift, shift)
        centre = torch.where(close, centres, centre)
    matrices: Tensor = get_affine_matrix2d(
        shift, centre, zoom * flips, angle, sx=shear, sy=torch.zeros_like(shear)
    )
    return matrices


def _fit_turned(fitted: Tensor, angle: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the zoom at which the letterbox shows all of a turned film, shape `(films, 2)`."""
    along, across = torch.deg2rad(angle).cos().abs(), torch.deg2rad(angle).sin().abs()
    width, height = fitted.unbind(dim=1)
    zoom = torch.minimum(
        size[1] / (width * along + height * across), size[0] / (width * across + height * along)
    )
    return zoom[:, None].expand(-1, 2)


def _draw(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)


def _draw_share(n: int, between: Range, generator: torch.Generator) -> Tensor:
    """Return factors, of which as many lie between 1/2 and 1 as between 1 and 2."""
    low, high = between
    return torch.exp(_draw(n, math.log(low), math.log(high), generator))


def _of_films(values: Tensor, films: Tensor) -> Tensor:
    return values.to(films.device)[:, None, None, None]


def _in_cells(matrices: Tensor, step: int) -> Tensor:
    """Return maps of pixels as maps of cells; the middle of cell 0 is pixel (step - 1) / 2."""
    to_cells = torch.tensor([[1.0, 0.0, -(step - 1) / 2], [0.0, 1.0, -(step - 1) / 2]]) / step
    to_cells = torch.cat([to_cells, torch.tensor([[0.0, 0.0, 1.0]])])
    to_cells = to_cells.to(matrices)
    moved: Tensor = to_cells @ matrices @ torch.linalg.inv(to_cells)
    return moved


def _coarsen(films: Tensor, share: float) -> Tensor:
    size = films.shape[-2:]
    less = [max(1, round(side * share)) for side in size]
    small = F.interpolate(films, size=less, mode="bilinear", antialias=True)
    return F.interpolate(small, size=size, mode="bilinear", align_corners=False).clamp(0.0, 1.0)
