"""A film's fingerprint: the same at any rotation, in either mirror, and as a negative.

A fingerprint is a set of SIFT keypoints (Lowe, IJCV 60 (2004) 91), taken on a small copy of the
film whose greys were stretched. SIFT is already the same at any rotation and scale, and keypoints
survive crops, corners that were lost and words that were written on. What it does not stand is a
mirror or a negative, and those are settled by algebra rather than by looking four times:

A mirror, a negative, and both together permute the 128 numbers of a descriptor: a mirror turns
round its rows of cells and the sense of its angles; a negative turns all gradients by half a turn,
hence the descriptor's frame, which turns round rows and columns of cells. With the identity these
are a group of four (Klein's), and the 128 numbers fall into 32 orbits of four. The Walsh-Hadamard
transform of each orbit has one sum, which none of the four changes, and three differences, of
which each of the four changes signs only. So the absolute values are the same for a film, its
mirror and its negative, and the signs tell which of the four it was. Nothing is lost but those.
"""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from osteon.audit.sizes import fit_long_side
from osteon.terms import Floats, Pixels8

KEYPOINT_SIDE: Final = 144
"""Long side, in pixels, of the copy on which keypoints are looked for: enough for bones, and what
JPEG, blur and resizing spoil has mostly gone."""

PICTURE_SIDE: Final = 256
"""Long side, in pixels, of the copy that is kept to compare two films pixel by pixel."""

SQUARED_ABOVE: Final = 1.4
"""Long over short side from which a film gets a second fingerprint, squeezed to a square."""

MAX_KEYPOINTS: Final = 100
"""The strongest are kept."""

STEPS_PER_UNIT: Final = 256.0
"""A component of a descriptor is stored as int8, in steps of 1/256; larger ones, which are rare,
are cut at 127 steps."""

_SIGNS: Final = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], np.float32)

VARIANTS: Final = np.repeat(_SIGNS, 32, axis=1)
"""Signs, shape `(4, 128)`, that take a film's components to those of the film itself, its mirror,
its negative, and its mirrored negative."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fingerprint:
    """What is kept of a film to find it again.

    Attributes:
        keypoints: Shape `(keypoints, 4)`, float32: x and y in pixels of `picture` (centre of the
            first pixel is 0), diameter in the same pixels, angle in degrees, clockwise from the
            x axis. The strongest first.
        components: Shape `(keypoints, 128)`, int8, steps of 1/256: four blocks of 32, the sums
            and the three differences of each orbit.
        picture: The film at a long side of at most `PICTURE_SIDE`, greys stretched, uint8.
        rows: Of the film itself.
        columns: Of the film itself.
        is_squared: Whether the picture was squeezed to a square first.
    """

    keypoints: Floats
    components: npt.NDArray[np.int8]
    picture: Pixels8
    rows: int
    columns: int
    is_squared: bool = False


def measure_fingerprint(grey: Pixels8) -> Fingerprint:
    """Take a film's fingerprint. Safe to call from several threads.

    Args:
        grey: The film, shape `(rows, columns)`.

    Returns:
        The fingerprint. A film on which nothing stands out, such as a black one, has no keypoints.
    """
    # Small films grow: a fingerprint's sizes are in these pixels.
    picture = stretch_greys(fit_long_side(grey, PICTURE_SIDE, grows=True))
    small = stretch_greys(fit_long_side(grey, KEYPOINT_SIDE, grows=True))
    keypoints, components = _find_keypoints(small, picture)
    return Fingerprint(
        keypoints=keypoints,
        components=components,
        picture=picture,
        rows=grey.shape[0],
        columns=grey.shape[1],
    )


def square_fingerprint(film: Fingerprint) -> Fingerprint | None:
    """Take the fingerprint of a long film as it looks once it was squeezed to a square.

    Many scripts squeeze every film to the network's square, and turn it only then: a film twice as
    long as wide is out of proportion by two there, more than keypoints stand.

    Args:
        film: As it is.

    Returns:
        The second fingerprint, or None where the film is nearly square anyway.
    """
    sides = film.picture.shape
    if max(sides) < SQUARED_ABOVE * min(sides):
        return None
    square = (PICTURE_SIDE, PICTURE_SIDE)
    picture = np.asarray(cv2.resize(film.picture, square, interpolation=cv2.INTER_LINEAR), np.uint8)
    keypoints, components = _find_keypoints(fit_long_side(picture, KEYPOINT_SIDE), picture)
    return replace(
        film, keypoints=keypoints, components=components, picture=picture, is_squared=True
    )


def _find_keypoints(small: Pixels8, picture: Pixels8) -> tuple[Floats, npt.NDArray[np.int8]]:
    """Return the strongest keypoints, found on a small copy, in pixels of the picture."""
    # A detector keeps scratch memory of its own: one for each call is what makes threads safe.
    sift = cv2.SIFT.create(
        nfeatures=0,
        nOctaveLayers=3,
        contrastThreshold=0.01,  # bones in fog count: what they are worth is settled by comparing
        edgeThreshold=20,
        sigma=1.6,
        descriptorType=cv2.CV_32F,
        enable_precise_upscale=True,  # without it every keypoint lies a quarter of a pixel off
    )
    found, descriptors = sift.detectAndCompute(small, None)
    if not found:
        return np.zeros((0, 4), np.float32), np.zeros((0, 128), np.int8)
    table = np.array([(*k.pt, k.size, k.angle, k.response) for k in found], dtype=np.float32)
    strongest = np.argsort(-table[:, 4], kind="stable")[:MAX_KEYPOINTS]
    scale = np.array(picture.shape[::-1], np.float32) / np.array(small.shape[::-1], np.float32)
    keypoints = table[strongest, :4]
    keypoints[:, :2] = (keypoints[:, :2] + 0.5) * scale - 0.5
    keypoints[:, 2] *= scale.mean()
    return keypoints, transform_descriptors(np.asarray(descriptors, np.float32)[strongest])


def transform_descriptors(descriptors: Floats) -> npt.NDArray[np.int8]:
    """Return the components of SIFT descriptors, after their square root (RootSIFT).

    Args:
        descriptors: Shape `(keypoints, 128)`, not negative.

    Returns:
        Shape `(keypoints, 128)`, steps of 1/256; each row has length 1 before rounding.

    Reference:
        Arandjelovic & Zisserman, CVPR 2012, for the square root.
    """
    sums = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)
    orbits = np.sqrt(descriptors / sums)[:, _ORBITS]
    components = (orbits @ (_SIGNS.T / 2)).transpose(0, 2, 1).reshape(len(descriptors), 128)
    stepped: npt.NDArray[np.int8] = np.clip(np.rint(components * STEPS_PER_UNIT), -127, 127).astype(
        np.int8
    )
    return stepped


def stretch_greys(grey: Pixels8) -> Pixels8:
    """Stretch a film's greys so that all but the darkest and the brightest hundredth fill 0 to 255.

    Args:
        grey: Shape `(rows, columns)`.
    """
    counts = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    dark, bright = np.searchsorted(counts, [0.01 * grey.size, 0.99 * grey.size])
    spread = max(int(bright) - int(dark), 8)  # a blank film stays blank, and its noise stays noise
    levels = np.clip((np.arange(256) - float(dark)) * (255.0 / spread), 0, 255)
    stretched: Pixels8 = np.rint(levels).astype(np.uint8)[grey]
    return stretched


def _find_orbits() -> npt.NDArray[np.int64]:
    """Return, for each of the 32 orbits, the places of its four numbers in a descriptor."""
    place = np.arange(128)
    row, column, angle = place // 32, place // 8 % 4, place % 8  # OpenCV's order
    mirrored = (3 - row) * 32 + column * 8 + (-angle) % 8
    negative = (3 - row) * 32 + (3 - column) * 8 + angle
    orbits = np.stack([place, mirrored, negative, mirrored[negative]], axis=1)
    found: npt.NDArray[np.int64] = orbits[place == orbits.min(axis=1)]
    return found


_ORBITS: Final = _find_orbits()
