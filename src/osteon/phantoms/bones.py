"""One drawn bone: a hollow tube that the beam crosses.

A tube's projection is bright at its edges, where the beam runs along the cortex, and darker over
the medulla: that, not an outline, is what makes drawn bones look like bones. All lengths are in
pixels of the film; along a bone runs `s` (0 at its middle), across it `u`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from osteon.terms import Floats

EDGE: float = 1.3
"""Width over which a cut edge fades, so that no edge is jagged."""

Knots = tuple[float, ...]
"""Values at even places along a bone, from its upper to its lower end."""

_FINE: Final = 256
"""Steps along a bone in which what lies between its knots is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bone:
    """A long bone.

    Attributes:
        x: Column of its middle.
        y: Row of its middle.
        angle: Of its axis, in radians from straight down, towards the right.
        half_length: From its middle to either end.
        half_width: At the middle of the shaft.
        flares: How many times wider the two ends are than the shaft.
        cortex: Thickness of the cortex at the middle of the shaft.
        bow: How far the middle bends sideways.
        density: Attenuation of cortex per pixel of depth.
        knuckle: Depth of the groove in the middle of the lower end, as of condyles.
        roundness: Length of each rounded end, in half widths.
        sway: How far its axis wanders from the bow, in half widths.
        swell: How many times as wide as the tube of its kind it is.
        walls: How many times as thick as `cortex` its cortex is.
    """

    x: float
    y: float
    angle: float
    half_length: float
    half_width: float
    flares: tuple[float, float]
    cortex: float
    bow: float = 0.0
    density: float = 0.02
    knuckle: float = 0.0
    roundness: float = 0.55
    sway: Knots = (0.0, 0.0)
    swell: Knots = (1.0, 1.0)
    walls: Knots = (1.0, 1.0)

    def point(self, s: float, u: float) -> tuple[float, float]:
        """Return the (x, y) of a place on the bone."""
        x, y = self.points(np.array([s], dtype=np.float32), np.array([u], dtype=np.float32))
        return float(x[0]), float(y[0])

    def points(self, s: Floats, u: Floats) -> tuple[Floats, Floats]:
        """Return the x and the y of places on the bone."""
        sine, cosine = np.float32(math.sin(self.angle)), np.float32(math.cos(self.angle))
        across = u + _find_axis(self, s)
        x: Floats = np.float32(self.x) + s * sine + across * cosine
        y: Floats = np.float32(self.y) + s * cosine - across * sine
        return x, y

    def half_width_at(self, s: float) -> float:
        """Return the half width at a place along the bone, its rounded ends left aside."""
        return float(_half_width(self, np.array([s], dtype=np.float32))[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """A window of a film: the pixels among which one bone is drawn.

    Attributes:
        rows: The window's rows in the film.
        columns: The window's columns in the film.
        x: Column of each pixel, shape `(1, columns)`.
        y: Row of each pixel, shape `(rows, 1)`.
    """

    rows: slice
    columns: slice
    x: Floats
    y: Floats


def window(bone: Bone, n_rows: int, n_columns: int, *, margin: float) -> Grid | None:
    """Return the window that holds a bone and a margin; None where it lies outside the film."""
    wide = max(*bone.flares, 1.0) * max(bone.swell) + max(map(abs, bone.sway))
    reach_u = bone.half_width * wide + abs(bone.bow) + margin
    reach_s = bone.half_length + margin
    sine, cosine = abs(math.sin(bone.angle)), abs(math.cos(bone.angle))
    reach_x, reach_y = reach_s * sine + reach_u * cosine, reach_s * cosine + reach_u * sine
    left, right = max(int(bone.x - reach_x), 0), min(int(bone.x + reach_x) + 1, n_columns)
    top, bottom = max(int(bone.y - reach_y), 0), min(int(bone.y + reach_y) + 1, n_rows)
    if left >= right or top >= bottom:
        return None
    return Grid(
        rows=slice(top, bottom),
        columns=slice(left, right),
        x=np.arange(left, right, dtype=np.float32)[np.newaxis],
        y=np.arange(top, bottom, dtype=np.float32)[:, np.newaxis],
    )


def along_across(bone: Bone, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return each pixel's place on the bone, `(s, u)`."""
    sine, cosine = np.float32(math.sin(bone.angle)), np.float32(math.cos(bone.angle))
    dx, dy = x - np.float32(bone.x), y - np.float32(bone.y)
    s = dx * sine + dy * cosine
    u = dx * cosine - dy * sine
    u -= _find_axis(bone, s)
    return s, u


def attenuate(bone: Bone, s: Floats, u: Floats, *, spongy: Floats) -> Floats:
    """Return how much of the beam a whole bone takes, as an exponent.

    Args:
        bone: The bone.
        s: Places along it.
        u: Places across it, of the same shape.
        spongy: Texture of its inside, around 1, of the same shape.

    Returns:
        Attenuation of the same shape, 0 outside the bone.
    """
    if bone.knuckle:
        lower = _fifth(np.clip(s / np.float32(bone.half_length), 0, 1))
        valley = np.exp(-((u / np.float32(bone.half_width * 0.45)) ** 2))
        s = s + np.float32(bone.knuckle) * lower * valley
    outer = _half_width(bone, s)
    t = np.minimum(np.abs(s) / np.float32(bone.half_length), 1)
    cap = bone.roundness * bone.half_width / bone.half_length
    rounding = np.clip((t - np.float32(1 - cap)) / np.float32(cap), 0, 1)
    outer *= np.sqrt(np.maximum(1 - rounding * rounding, 0))
    cortex = np.float32(bone.cortex) * (1 - np.float32(0.78) * t * t)
    cortex *= look_up(bone.walls, s / np.float32(bone.half_length))
    inner = np.maximum(outer - cortex, 0)
    across = u * u
    whole = np.sqrt(np.maximum(outer * outer - across, 0))
    marrow = np.sqrt(np.maximum(inner * inner - across, 0))
    # Spongy bone fills the ends; the shaft holds fat.
    towards_end = t * t * t
    fill = np.float32(0.12) + np.float32(0.32) * towards_end * t
    fill *= 1 + (spongy - 1) * np.minimum(towards_end + np.float32(0.25), 1)
    taken: Floats = np.float32(bone.density) * (whole - marrow + fill * marrow)
    return taken * (1 + np.float32(0.3) * (spongy - 1))


def _half_width(bone: Bone, s: Floats) -> Floats:
    t = s / np.float32(bone.half_length)
    upper, lower = (np.float32(flare - 1.0) for flare in bone.flares)
    # A steep power keeps the shaft slender and lets only the ends flare.
    ends = upper * _fifth(np.clip(-t, 0, 1)) + lower * _fifth(np.clip(t, 0, 1))
    return np.float32(bone.half_width) * (1 + ends) * look_up(bone.swell, t)


def _find_axis(bone: Bone, s: Floats) -> Floats:
    """Return how far the axis lies beside the straight line between the bone's ends."""
    t = s / np.float32(bone.half_length)
    axis: Floats = np.float32(bone.bow) * (1 - t * t)
    axis += np.float32(bone.half_width) * look_up(bone.sway, t)
    return axis


def look_up(knots: Knots, t: Floats) -> Floats:
    """Return what lies between knots, smoothly, at places from -1 to 1; beyond them the last."""
    steps = np.clip(t * np.float32(_FINE / 2) + np.float32(_FINE / 2), 0, _FINE).astype(np.int32)
    found: Floats = _smooth(knots).take(steps)
    return found


@lru_cache(maxsize=256)  # each bone's knots are asked for several times over
def _smooth(knots: Knots) -> Floats:
    at = np.linspace(0.0, len(knots) - 1.0, _FINE + 1)
    lower = np.minimum(at.astype(np.intp), len(knots) - 2)
    share = (1.0 - np.cos(np.pi * (at - lower))) / 2
    values = np.array(knots)
    return np.asarray(values[lower] * (1 - share) + values[lower + 1] * share, np.float32)


def _fifth(t: Floats) -> Floats:
    square = t * t  # three products take a tenth of the time of a power
    return square * square * t
