"""Drawn bones, and copies of them whose history is known."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from osteon.audit.duplicates.descriptors import Fingerprint, measure_fingerprint
from osteon.phantoms.phantom import draw_phantom
from osteon.terms import Pixels8
from tests.scripts import load_script

SEEDS = (0, 1, 3, 4, 9, 13, 15, 16, 19, 20, 21, 22)
"""Phantoms of six parts of the body, of which no two are alike."""


planting = load_script("planting")


@cache
def draw_bones(seed: int) -> Pixels8:
    """Draw a phantom's film, in greys from 0 to 255."""
    pixels = draw_phantom(seed, has_fracture=False).radiograph.pixels
    film = np.rint(pixels * 255).astype(np.uint8)
    film.setflags(write=False)
    return film


@cache
def print_of(seed: int) -> Fingerprint:
    """Take the fingerprint of a phantom's film."""
    return measure_fingerprint(draw_bones(seed))


def copy_film(film: Pixels8, **steps: Any) -> tuple[Pixels8, npt.NDArray[np.float64]]:
    """Make a copy that is saved without loss unless the steps say otherwise.

    Returns:
        The copy, and the 2 by 3 matrix from the film's pixels to the copy's.
    """
    copy, matrix = planting.plant_copy(film, planting.Recipe(**{"jpeg_quality": 0} | steps))
    return np.ascontiguousarray(copy), matrix[:2]


def places_in(film: Pixels8) -> npt.NDArray[np.float64]:
    """Return pixel centres all over a film, shape `(3, places)`: x, y and 1."""
    rows, columns = film.shape
    y, x = np.mgrid[12 : rows - 12 : 15, 12 : columns - 12 : 15]
    return np.stack([x.ravel(), y.ravel(), np.ones(x.size)]).astype(np.float64)
