"""Two films in one frame: the frame is the same, so what is in it is compared by itself.

A viewer's screenshots lie on one another by their frames, whatever film each shows, and also where
one film was moved or enlarged between two screenshots. So where two films agree in what is drawn
and not in bone, the part in which they differ is cut out of both and compared anew, without the
keypoints that the frame explains.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.audit.duplicates.descriptors import STEPS_PER_UNIT, Fingerprint, measure_fingerprint
from osteon.audit.duplicates.pose import Matrix
from osteon.audit.duplicates.registration import (
    DOUBT,
    FINE_LIMIT,
    LIMIT,
    Alignment,
    align_films,
    align_finely,
    has_more_to_show,
    map_films,
)
from osteon.terms import Pixels8

MIN_SIDE: Final = 96
"""A part with a shorter side, in the film's own pixels, shows too little to be compared."""

_LARGEST: Final = 0.97
"""Share of a film's sides from which its part is the whole film, which was compared already."""

_SAME_PLACE_PX: Final = 4.0
_LIKENESS: Final = 0.75

Found = tuple[Alignment, Matrix, float, float]
"""How the parts lie on one another; the same in the films' own pixels: matrix, angle and scale."""


def compare_inside(films: tuple[Pixels8, Pixels8], whole: Alignment) -> Found | None:
    """Compare what two films show in a frame that both have.

    Args:
        films: The one and the other, shapes `(rows, columns)`.
        whole: How they lie on one another by their frame.

    Returns:
        How the parts lie on one another; None where these are two pictures, or too small to tell.
    """
    windows = _find_windows(films, whole)
    if windows is None:
        return None
    parts = _cut(films[0], windows[0]), _cut(films[1], windows[1])
    moved = _between(whole, films, windows)
    a, b = _leave_out_common(measure_fingerprint(parts[0]), measure_fingerprint(parts[1]), moved)
    found = align_films(a, b)
    if found is None or found.fit.score < DOUBT:
        return None
    if has_more_to_show(a, b):
        found = align_finely(parts[0], parts[1], found)
        if found is None or found.fit.score < FINE_LIMIT:
            return None
    elif found.fit.score < LIMIT:
        return None
    if not found.fit.is_confirmed:
        return None
    matrix, angle, scale = map_films(found, parts[0].shape, parts[1].shape)
    corner_a, corner_b = (np.array(window[:2], np.float64) for window in windows)
    matrix[:, 2] += corner_b - matrix[:, :2] @ corner_a
    return found, matrix, angle, scale


_Window = tuple[int, int, int, int]


def _cut(film: Pixels8, window: _Window) -> Pixels8:
    left, top, right, bottom = window
    return np.ascontiguousarray(film[top:bottom, left:right])


def _find_windows(
    films: tuple[Pixels8, Pixels8], whole: Alignment
) -> tuple[_Window, _Window] | None:
    """Return the part of each film in which they differ, in its own pixels."""
    confirmed = whole.fit.confirmed
    if confirmed is None or confirmed.window is None:
        return None
    left, top, right, bottom = confirmed.window
    corners = np.array([[left, right, left, right], [top, top, bottom, bottom]], np.float64)
    places = (corners, whole.pose.matrix @ np.vstack([corners, np.ones(4)]))
    windows = []
    for film, shape, place in zip(films, whole.shape, places, strict=True):
        scale = np.array([[film.shape[1] / shape[1]], [film.shape[0] / shape[0]]])
        ends = np.stack([place.min(axis=1), place.max(axis=1)], axis=1) * scale
        sides = np.array([[film.shape[1]], [film.shape[0]]])
        (x0, x1), (y0, y1) = np.clip(np.rint(ends), 0, sides).astype(int).tolist()
        is_small = min(x1 - x0, y1 - y0) < MIN_SIDE
        is_whole = x1 - x0 > _LARGEST * film.shape[1] and y1 - y0 > _LARGEST * film.shape[0]
        if is_small or is_whole:
            return None
        windows.append((x0, y0, x1, y1))
    return windows[0], windows[1]


def _between(
    whole: Alignment, films: tuple[Pixels8, Pixels8], windows: tuple[_Window, _Window]
) -> Matrix:
    """Return the frame's alignment from one part's pixels to the other's."""
    matrix, _, _ = map_films(whole, films[0].shape, films[1].shape)
    corner_a, corner_b = (np.array(window[:2], np.float64) for window in windows)
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ corner_a - corner_b
    return moved


def _leave_out_common(
    a: Fingerprint, b: Fingerprint, moved: Matrix
) -> tuple[Fingerprint, Fingerprint]:
    """Leave out keypoints that both have where the frame puts them: letters over the film."""
    if not len(a.keypoints) or not len(b.keypoints):
        return a, b
    (scale_a, scale_b) = (
        np.array([own.picture.shape[1] / own.columns, own.picture.shape[0] / own.rows])
        for own in (a, b)
    )
    there = (a.keypoints[:, :2] / scale_a) @ moved[:, :2].T + moved[:, 2]
    away = np.linalg.norm(there[:, None] * scale_b - b.keypoints[None, :, :2], axis=2)
    product = a.components.astype(np.float32) @ b.components.astype(np.float32).T
    is_common = (away < _SAME_PLACE_PX) & (product / STEPS_PER_UNIT**2 > _LIKENESS)
    return _keep(a, ~is_common.any(axis=1)), _keep(b, ~is_common.any(axis=0))


def _keep(film: Fingerprint, kept: npt.NDArray[np.bool_]) -> Fingerprint:
    return replace(film, keypoints=film.keypoints[kept], components=film.components[kept])
