"""Copies hidden among drawn films, for an audit to find: which, of which film, and how changed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from osteon.geometry import Box, Polygon
from osteon.phantoms.fractures import cut_polygon
from osteon.phantoms.phantom import Phantom
from osteon.terms import Floats, Radiograph

Matrix = npt.NDArray[np.float64]
"""Shape `(3, 3)`: takes a place `(x, y, 1)` on a film to its place on the copy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlantedCopy:
    """A copy that was hidden.

    Attributes:
        number: Of the copy among the films.
        original: Number of the film that it is a copy of.
        change: How it differs from that film; one of `CHANGES`.
        has_other_label: Whether it carries the wrong label: a fracture called none.
    """

    number: int
    original: int
    change: str
    has_other_label: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """Where places go, given a film's rows, columns and what must stay; the power of its greys."""

    move: Callable[[int, int, Box], tuple[Matrix, int, int]]
    power: float = 1.0


def plan_copies(
    has_fracture: Sequence[bool], *, n_copies: int, seed: int
) -> tuple[PlantedCopy, ...]:
    """Choose which films are copied, and how; every fourth copy carries the wrong label.

    Args:
        has_fracture: Of each film that may be copied.
        n_copies: How many; as many as there are fractured films at most.
        seed: The same seed gives the same copies.

    Returns:
        The copies, numbered on from the films.
    """
    rng = np.random.default_rng([6, seed])
    fractured = rng.permutation(np.flatnonzero(has_fracture)).tolist()
    whole = rng.permutation(np.flatnonzero(~np.array(has_fracture))).tolist()
    copies = []
    for k in range(min(n_copies, len(fractured))):
        has_other_label = k % 4 == 0
        pool = fractured if has_other_label or k % 2 or not whole else whole
        copies.append(
            PlantedCopy(
                number=len(has_fracture) + k,
                original=int(pool.pop()),
                change=list(CHANGES)[k % len(CHANGES)],
                has_other_label=has_other_label,
            )
        )
    return tuple(copies)


def copy_phantom(phantom: Phantom, copy: PlantedCopy, *, patient: int) -> Phantom:
    """Return the copy of a film, its outlines moved with it.

    Args:
        phantom: The film.
        copy: How it is changed and labelled.
        patient: Whose film it claims to be.
    """
    change = CHANGES[copy.change]
    film = phantom.radiograph
    middle = film.columns / 2, film.rows / 2
    spared = Box.around(
        tuple(corner for outline in phantom.polygons for corner in outline) or (middle,)
    )
    matrix, n_rows, n_columns = change.move(film.rows, film.columns, spared)
    pixels = _move_pixels(film.pixels, matrix, n_rows, n_columns) ** np.float32(change.power)
    radiograph = Radiograph(
        pixels=(np.rint(pixels * 255) / 255).astype(np.float32), source=f"{film.source}, copied"
    )
    moved = replace(phantom, radiograph=radiograph, patient_key=f"phantom-{patient:06d}")
    if copy.has_other_label:
        return replace(moved, has_fracture=False, boxes=(), polygons=(), fracture_type=None)
    polygons = tuple(
        cut_polygon(_move_polygon(polygon, matrix), n_rows, n_columns)
        for polygon in phantom.polygons
    )
    return replace(moved, polygons=polygons, boxes=tuple(Box.around(p) for p in polygons))


def _move_pixels(pixels: Floats, matrix: Matrix, n_rows: int, n_columns: int) -> Floats:
    back = np.linalg.inv(matrix)
    moved = Image.fromarray(pixels).transform(
        (n_columns, n_rows),
        Image.Transform.AFFINE,
        tuple(float(value) for value in back[:2].ravel()),
        resample=Image.Resampling.BICUBIC,
    )
    return np.clip(np.asarray(moved, dtype=np.float32), 0, 1)


def _move_polygon(polygon: Polygon, matrix: Matrix) -> Polygon:
    corners = np.array([(x, y, 1.0) for x, y in polygon]) @ matrix[:2].T
    return tuple((float(x), float(y)) for x, y in corners)


def _keep(n_rows: int, n_columns: int, _: Box) -> tuple[Matrix, int, int]:
    return np.eye(3), n_rows, n_columns


def _mirror(n_rows: int, n_columns: int, _: Box) -> tuple[Matrix, int, int]:
    return np.array([[-1.0, 0, n_columns], [0, 1, 0], [0, 0, 1]]), n_rows, n_columns


def _turn_quarter(n_rows: int, n_columns: int, _: Box) -> tuple[Matrix, int, int]:
    return np.array([[0.0, -1, n_rows], [1, 0, 0], [0, 0, 1]]), n_columns, n_rows


def _tilt(n_rows: int, n_columns: int, _: Box) -> tuple[Matrix, int, int]:
    """Turn about the middle, on a film that holds all of it."""
    cosine, sine = math.cos(math.radians(8)), math.sin(math.radians(8))
    columns = math.ceil(n_columns * cosine + n_rows * sine)
    rows = math.ceil(n_rows * cosine + n_columns * sine)
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0], [0, 0, 1]])
    turn[:2, 2] = np.array([columns, rows]) / 2 - turn[:2, :2] @ np.array([n_columns, n_rows]) / 2
    return turn, rows, columns


def _reduce(n_rows: int, n_columns: int, _: Box) -> tuple[Matrix, int, int]:
    return np.diag([0.7, 0.7, 1.0]), round(n_rows * 0.7), round(n_columns * 0.7)


def _crop(n_rows: int, n_columns: int, spared: Box) -> tuple[Matrix, int, int]:
    """Cut each side by up to a fourteenth, but not into what must stay."""
    x0, y0, x1, y1 = spared
    left, right = (min(round(n_columns * 0.07), int(most)) for most in (x0, n_columns - x1))
    top, bottom = (min(round(n_rows * 0.07), int(most)) for most in (y0, n_rows - y1))
    shift = np.array([[1.0, 0, -left], [0, 1, -top], [0, 0, 1]])
    return shift, n_rows - top - bottom, n_columns - left - right


CHANGES: Final[Mapping[str, _Change]] = MappingProxyType(
    {
        "mirrored": _Change(move=_mirror),
        "turned by 90 degrees": _Change(move=_turn_quarter),
        "turned by 8 degrees": _Change(move=_tilt),
        "reduced to 70 %": _Change(move=_reduce),
        "cropped": _Change(move=_crop),
        "brightened": _Change(move=_keep, power=0.75),
    }
)
"""How a copy differs from its film."""
