"""The film that drawn bones end up on: soft tissue, scatter, noise, collimation, side marker."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from osteon.phantoms.bones import look_up
from osteon.phantoms.frame import Sleeve
from osteon.terms import Floats


def cloud(
    n_rows: int, n_columns: int, rng: np.random.Generator, *, grain: tuple[float, float]
) -> Floats:
    """Return smooth noise of mean 0; its grains are so many pixels high and wide."""
    down, across = grain
    shape = max(int(n_rows / down) + 2, 2), max(int(n_columns / across) + 2, 2)
    coarse = rng.standard_normal(shape, dtype=np.float32)
    return _resize(coarse, n_rows, n_columns)


def streaks(n_rows: int, n_columns: int, rng: np.random.Generator, *, grain: float) -> Floats:
    """Return smooth noise whose grains are several times longer along the film than across it."""
    longer = float(rng.uniform(1.8, 4.0))
    is_upright = n_rows >= n_columns
    shape = (grain * longer, grain) if is_upright else (grain, grain * longer)
    return cloud(n_rows, n_columns, rng, grain=shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Collimation:
    """What of a film the beam reached: a rectangle, often a little rotated.

    Attributes:
        turn: By how much, in radians.
        margins: What is dark at the left, right, top and bottom, as shares of the film; below 0
            where the beam reached beyond it.
    """

    turn: float
    margins: tuple[float, float, float, float]

    def reach(self, x: Floats, y: Floats, n_rows: int, n_columns: int) -> Floats:
        """Return how many pixels inside the beam each place is; below 0 outside."""
        sine, cosine = np.float32(math.sin(self.turn)), np.float32(math.cos(self.turn))
        dx, dy = x - np.float32(n_columns / 2), y - np.float32(n_rows / 2)
        left, right, top, bottom = (np.float32(0.5 - margin) for margin in self.margins)
        across, down = dx * cosine - dy * sine, dx * sine + dy * cosine
        inside: Floats = np.minimum(
            np.minimum(across + n_columns * left, n_columns * right - across),
            np.minimum(down + n_rows * top, n_rows * bottom - down),
        )
        return inside


def choose_collimation(rng: np.random.Generator) -> Collimation:
    """Choose what of a film the beam reaches: all of it on every fourth."""
    if rng.random() < 0.25:
        return Collimation(turn=0.0, margins=(-1.0, -1.0, -1.0, -1.0))
    turn = float(rng.normal(0, 0.035))
    left, right, top, bottom = (float(margin) for margin in rng.uniform(-0.03, 0.09, size=4))
    return Collimation(turn=turn, margins=(left, right, top, bottom))


def soft_tissue(
    sleeves: tuple[Sleeve, ...], n_rows: int, n_columns: int, *, density: float
) -> Floats:
    """Return how much of the beam the soft tissue takes, as an exponent.

    Args:
        sleeves: The tubes it is made of.
        n_rows: Height of the film.
        n_columns: Width of the film.
        density: Attenuation in the middle of the widest tube.

    Returns:
        Shape `(n_rows, n_columns)`, 0 in the air.
    """
    # It is smooth, so half the resolution shows the same and takes a quarter of the time.
    rows, columns = (n_rows + 1) // 2, (n_columns + 1) // 2
    y = np.arange(rows, dtype=np.float32)[:, np.newaxis] * 2
    x = np.arange(columns, dtype=np.float32)[np.newaxis] * 2
    depth = np.zeros((rows, columns), dtype=np.float32)
    widest = max(max(sleeve.half_widths) * sleeve.depth for sleeve in sleeves)
    for sleeve in sleeves:
        sine, cosine = np.float32(math.sin(sleeve.angle)), np.float32(math.cos(sleeve.angle))
        dx, dy = x - np.float32(sleeve.x), y - np.float32(sleeve.y)
        t = np.clip((dx * sine + dy * cosine) / np.float32(sleeve.half_length), -1.2, 1.2)
        u = dx * cosine - dy * sine
        top, bottom = sleeve.half_widths
        half = np.float32((top + bottom) / 2) + np.float32((bottom - top) / 2) * t
        half *= np.sqrt(np.maximum(1 - np.clip((np.abs(t) - 0.6) / 0.55, 0, 1) ** 2, 0))
        half *= look_up(sleeve.swell, t.astype(np.float32))
        # Fat under the skin takes about half of what muscle takes.
        skin = np.sqrt(np.maximum(half * half - u * u, 0))
        muscle = np.sqrt(np.maximum((half * np.float32(0.88)) ** 2 - u * u, 0))
        through = np.float32(0.45 * sleeve.depth) * skin + np.float32(0.55 * sleeve.depth) * muscle
        np.maximum(depth, through, out=depth)
    return _resize(depth * np.float32(density / widest), n_rows, n_columns)


def expose(attenuation: Floats, rng: np.random.Generator) -> Floats:
    """Return the film that a beam through this attenuation leaves: bright bone, in [0, 1].

    Args:
        attenuation: Of everything in the beam, as an exponent, shape `(rows, columns)`.
        rng: Source of chance: scatter, dose, contrast.

    Returns:
        Grey values of the same shape, float32 in [0, 1].
    """
    n_rows, n_columns = attenuation.shape
    beam = np.exp(-attenuation)
    blurred = _resize(_resize(beam, n_rows // 24 + 1, n_columns // 24 + 1), n_rows, n_columns)
    share = np.float32(rng.uniform(0.06, 0.28))
    beam = beam * (1 - share) + blurred * share
    # The heel effect: one side of the beam is stronger.
    lean = rng.normal(0, 0.07, size=2)
    beam *= (
        1
        + np.linspace(-lean[0], lean[0], n_rows, dtype=np.float32)[:, np.newaxis]
        + np.linspace(-lean[1], lean[1], n_columns, dtype=np.float32)[np.newaxis]
    )
    # Quantum noise is Poisson: its spread is the root of what arrives. The screen blurs it.
    quanta = np.float32(10.0 ** rng.uniform(3.4, 4.4))
    grains = rng.standard_normal(attenuation.shape, dtype=np.float32)
    grains[1:] += np.float32(0.6) * grains[:-1]
    grains[:, 1:] += np.float32(0.6) * grains[:, :-1]
    beam += grains * np.sqrt(np.maximum(beam, 0) / quanta)
    density = -np.log(np.maximum(beam, np.float32(0.02)))
    density += np.float32(max(rng.uniform(-0.6, 0.9), 0.0)) * (density - _blur(density, 4))
    dark = np.float32(rng.uniform(0.0, 0.16))
    # Metal is brighter than any bone and rare, so it does not set the exposure.
    bony = np.quantile(density[::5, ::5], 0.97)
    bright = np.float32(bony * rng.uniform(1.02, 1.3))
    grey = np.clip((density + dark) / (bright + dark), 0, 1)
    film: Floats = grey ** np.float32(rng.uniform(0.7, 1.4))
    return film


def collimate(grey: Floats, beam: Collimation) -> Floats:
    """Return the film with what the beam did not reach dark."""
    n_rows, n_columns = grey.shape
    y = np.arange(n_rows, dtype=np.float32)[:, np.newaxis]
    x = np.arange(n_columns, dtype=np.float32)[np.newaxis]
    inside = beam.reach(x, y, n_rows, n_columns)
    collimated: Floats = grey * np.clip(inside / 2 + np.float32(0.5), np.float32(0.04), 1)
    return collimated


# Strokes of the side markers, in a unit square.
_STROKES = {
    "L": (((0.2, 0.1), (0.2, 0.9), (0.75, 0.9)),),
    "R": (
        ((0.2, 0.92), (0.2, 0.1), (0.6, 0.1), (0.75, 0.22), (0.75, 0.38), (0.6, 0.5), (0.2, 0.5)),
        ((0.5, 0.5), (0.8, 0.92)),
    ),
}


def mark_side(grey: Floats, side: str, rng: np.random.Generator) -> Floats:
    """Return the film with a lead letter near one of its corners."""
    n_rows, n_columns = grey.shape
    size = int(min(n_rows, n_columns) * rng.uniform(0.055, 0.085)) + 8
    # Drawn four times too large and reduced, so that slanting strokes have no steps.
    letter = Image.new("L", (4 * size, 4 * size))
    draw = ImageDraw.Draw(letter)
    for stroke in _STROKES[side]:
        points = [(size * (0.6 + 2.8 * x), size * (0.6 + 2.8 * y)) for x, y in stroke]
        draw.line(points, fill=255, width=max(int(size * 0.42), 1), joint="curve")
    turned = letter.rotate(float(rng.normal(0, 8)), resample=Image.Resampling.BILINEAR)
    lead = np.asarray(turned.resize((size, size), Image.Resampling.BOX), dtype=np.float32) / 255
    low, high = 0.03, 0.16
    y, x = (rng.uniform(low, high, size=2) * (n_rows, n_columns)).astype(int)
    top = int(y) if rng.random() < 0.5 else n_rows - size - int(y)
    left = int(x) if rng.random() < 0.5 else n_columns - size - int(x)
    marked = grey.copy()
    place = marked[top : top + size, left : left + size]
    place += (np.float32(rng.uniform(0.8, 1.0)) - place) * lead
    return marked


def _blur(field: Floats, radius: int) -> Floats:
    """Return a field without what is finer than a radius in pixels."""
    n_rows, n_columns = field.shape
    coarse = Image.fromarray(field).reduce(radius)
    return np.array(coarse.resize((n_columns, n_rows), Image.Resampling.BILINEAR))


def _resize(field: Floats, n_rows: int, n_columns: int) -> Floats:
    return np.array(Image.fromarray(field).resize((n_columns, n_rows), Image.Resampling.BILINEAR))
