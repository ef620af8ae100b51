"""Random changes to training films: drawn for each film, applied to a whole batch on its device."""

import math

import torch
from kornia.geometry.transform import get_affine_matrix2d, warp_affine
from torch import Tensor

from osteon.learning.recipes import AugmentationSettings


def augment(films: Tensor, how: AugmentationSettings, generator: torch.Generator) -> Tensor:
    """Return randomly changed films: one warp and one brightness factor each, edges repeated.

    All geometric changes are one affine map, so that a film is interpolated once, not eight times.

    Args:
        films: Grey values in [0, 1], shape `(films, 1, rows, columns)`, on any device.
        how: What may change, and how far.
        generator: On the CPU, so that every device draws the same changes.

    Returns:
        Films of the same shape, on the same device, in [0, 1].
    """
    matrices = draw_warps(films.shape[0], films.shape[-2:], how, generator).to(films.device)
    rows, columns = films.shape[-2:]
    warped = warp_affine(
        films, matrices[:, :2], (rows, columns), padding_mode="border", align_corners=True
    )
    low, high = how.brightness
    factor = _draw(films.shape[0], low, high, generator).to(films.device)
    return (warped * factor[:, None, None, None]).clamp(0.0, 1.0)


def draw_warps(
    n_films: int, size: torch.Size, how: AugmentationSettings, generator: torch.Generator
) -> Tensor:
    """Return one random affine map per film, shape `(films, 3, 3)`, in pixels."""
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
    matrices: Tensor = get_affine_matrix2d(
        shift, centre, zoom * flips, angle, sx=shear, sy=torch.zeros_like(shear)
    )
    return matrices


def _draw(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)
