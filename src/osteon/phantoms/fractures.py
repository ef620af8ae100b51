"""How a drawn bone breaks: cracks, buckles, and fragments that moved."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from osteon.geometry import Polygon
from osteon.phantoms.bones import EDGE, Bone, Grid, along_across
from osteon.terms import Floats

Draw = Callable[[Floats, Floats], Floats]

KINDS: Final[Mapping[str, float]] = MappingProxyType(
    {"crack": 0.1, "buckle": 0.08, "gap": 0.2, "step": 0.24, "bend": 0.19, "pieces": 0.19}
)
"""How a bone breaks, and how often so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """A jagged line across a bone.

    Attributes:
        s: Where it crosses the bone's axis.
        slope: How far it climbs along the bone per pixel across it.
        teeth: Offsets along the bone, evenly spread from one side to the other.
        reach: Half the width over which the teeth are spread.
    """

    s: float
    slope: float
    teeth: tuple[float, ...]
    reach: float

    def at(self, u: Floats) -> Floats:
        """Return the line's place along the bone at each place across it."""
        spread = np.linspace(-self.reach, self.reach, len(self.teeth))
        teeth = np.interp(u, spread, self.teeth).astype(np.float32)
        return np.float32(self.s) + np.float32(self.slope) * u + teeth


@dataclass(frozen=True, kw_only=True, slots=True)
class Fragment:
    """A part of a broken bone, between two cuts, and where it went.

    Attributes:
        above: The cut at its upper end; None where the bone's own end is.
        below: The cut at its lower end; None where the bone's own end is.
        along: How far it moved along the bone; positive is downwards.
        across: How far it moved across the bone.
        turn: How far it turned around the fracture, in radians.
    """

    above: Cut | None = None
    below: Cut | None = None
    along: float = 0.0
    across: float = 0.0
    turn: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fracture:
    """A fracture of one bone.

    Attributes:
        kind: In words.
        s: Its middle along the bone.
        fragments: The parts; empty where the bone only cracked or buckled.
        crack: The line of a bone that only cracked.
        depth: Share of the bone that the crack takes out.
        width: Half the crack's width, or the buckle's.
        span: From where to where across the bone the crack runs.
        bulge: By how much of its half width each side of a buckled bone comes out.
    """

    kind: str
    s: float
    fragments: tuple[Fragment, ...] = ()
    crack: Cut | None = None
    depth: float = 0.0
    width: float = 0.0
    span: tuple[float, float] = (0.0, 0.0)
    bulge: tuple[float, float] = (0.0, 0.0)


def choose_fracture(bone: Bone, s: float, rng: np.random.Generator) -> Fracture:
    """Choose how a bone breaks.

    Args:
        bone: The bone.
        s: Where along it.
        rng: Source of chance.

    Returns:
        The fracture.
    """
    half = bone.half_width_at(s)
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    slope = float(
        rng.choice([-1.0, 1.0]) * rng.choice([rng.uniform(0, 0.25), rng.uniform(0.4, 1.1)])
    )
    cut = _choose_cut(s, slope, half, rng)
    side = float(rng.choice([-1.0, 1.0]))
    if kind == "crack":
        inner = float(rng.uniform(0.1, 1.0)) * half
        span = (-1.1 * half, inner) if side > 0 else (-inner, 1.1 * half)
        width, depth = float(rng.uniform(1.3, 2.6)), float(rng.uniform(0.65, 0.95))
        return Fracture(kind=kind, s=s, crack=cut, depth=depth, width=width, span=span)
    if kind == "buckle":
        full, little = float(rng.uniform(0.2, 0.36)), float(rng.uniform(-0.1, 0.2))
        bulge = (full, max(little, 0.0)) if side > 0 else (max(little, 0.0), full)
        return Fracture(kind=kind, s=s, width=float(rng.uniform(0.3, 0.5)) * half, bulge=bulge)
    if kind == "pieces":
        return Fracture(kind=kind, s=s, fragments=_choose_pieces(s, half, side, rng))
    gap, across, turn = (
        float(rng.uniform(0.14, 0.45)) * half + 2.2,
        float(rng.normal(0, 0.1)) * half,
        0.0,
    )
    if kind == "step":
        across, gap = (
            side * float(rng.uniform(0.75, 1.7)) * half,
            float(rng.uniform(-0.4, 0.3)) * half,
        )
    if kind == "bend":
        turn, across = side * float(rng.uniform(0.15, 0.36)), across * 2
    moved = Fragment(above=cut, along=gap, across=across, turn=turn)
    return Fracture(kind=kind, s=s, fragments=(Fragment(below=cut), moved))


def attenuate_broken(bone: Bone, fracture: Fracture, grid: Grid, draw: Draw) -> Floats:
    """Return how much of the beam a broken bone takes; overlapping fragments add up.

    Args:
        bone: The bone, as it was whole.
        fracture: How it broke.
        grid: The window to draw in.
        draw: Attenuation of the whole bone at places `(s, u)` on it.

    Returns:
        Attenuation in the window, as an exponent.
    """
    if fracture.crack is not None:
        s, u = along_across(bone, grid.x, grid.y)
        distance = (s - fracture.crack.at(u)) / np.float32(fracture.width)
        low, high = fracture.span
        within = _ramp(u - np.float32(low)) * _ramp(np.float32(high) - u)
        left = 1 - np.float32(fracture.depth) * within * np.exp(-distance * distance)
        return draw(s, u) * left
    if any(fracture.bulge):
        return _attenuate_buckled(fracture, *along_across(bone, grid.x, grid.y), draw)
    total = np.zeros((grid.y.size, grid.x.size), dtype=np.float32)
    for fragment in fracture.fragments:
        x, y = _undo_move(bone, fracture.s, fragment, grid)
        s, u = along_across(bone, x, y)
        part = draw(s, u)
        if fragment.above is not None:
            part *= _ramp(s - fragment.above.at(u))
        if fragment.below is not None:
            part *= _ramp(fragment.below.at(u) - s)
        total += part
    return total


def _attenuate_buckled(fracture: Fracture, s: Floats, u: Floats, draw: Draw) -> Floats:
    distance = (s - np.float32(fracture.s)) / np.float32(fracture.width)
    near = np.exp(-distance * distance)
    left, right = (np.float32(bulge) for bulge in fracture.bulge)
    wider = 1 + near * np.where(u > 0, right, left)
    # What was pushed together is denser.
    return draw(s, u / wider) * (1 + np.float32(0.22) * near)


def outline(bone: Bone, fracture: Fracture, *, margin: float = 3.0) -> Polygon:
    """Return the corner points of a fracture in film pixels, its broken ends included."""
    corners: list[tuple[float, float]] = []
    if fracture.crack is not None:
        low, high = fracture.span
        half = bone.half_width_at(fracture.s)
        ends = (max(low, -half), min(high, half))
        corners = _band(bone, fracture.s, Fragment(), fracture.crack, ends, margin + 1.0)
    if any(fracture.bulge):
        half = bone.half_width_at(fracture.s)
        left, right = ((1 + bulge) * half for bulge in fracture.bulge)
        line = Cut(s=fracture.s, slope=0.0, teeth=(0.0, 0.0), reach=half)
        reach = margin + 1.5 * fracture.width
        corners = _band(bone, fracture.s, Fragment(), line, (-left, right), reach)
    for fragment in fracture.fragments:
        for cut in (fragment.above, fragment.below):
            if cut is not None:
                half = bone.half_width_at(cut.s)
                corners += _band(bone, fracture.s, fragment, cut, (-half, half), margin)
    return _hull(corners)


def cut_polygon(polygon: Polygon, n_rows: int, n_columns: int) -> Polygon:
    """Return a polygon with every corner moved onto the film."""
    return tuple(
        (min(max(x, 0.0), float(n_columns)), min(max(y, 0.0), float(n_rows))) for x, y in polygon
    )


def _choose_cut(s: float, slope: float, half: float, rng: np.random.Generator) -> Cut:
    teeth = rng.normal(0.0, 0.10 * half + 0.5, size=9)
    return Cut(s=s, slope=slope, teeth=tuple(float(t) for t in teeth), reach=1.3 * half)


def _choose_pieces(
    s: float, half: float, side: float, rng: np.random.Generator
) -> tuple[Fragment, ...]:
    # A wedge: two cuts that meet at one side of the bone and part towards the other.
    opening = float(rng.uniform(0.45, 0.95))
    upper = _choose_cut(s - opening * half, -side * opening, half, rng)
    lower = _choose_cut(s + opening * half, side * opening, half, rng)
    wedge = Fragment(
        above=upper,
        below=lower,
        across=side * float(rng.uniform(0.35, 0.9)) * half,
        turn=float(rng.normal(0, 0.15)),
    )
    across, turn = float(rng.normal(0, 0.25)) * half, float(rng.normal(0, 0.1))
    moved = Fragment(
        above=lower, along=float(rng.uniform(0.1, 0.4)) * half, across=across, turn=turn
    )
    return Fragment(below=upper), wedge, moved


def _ramp(distance: Floats) -> Floats:
    inside: Floats = np.clip(distance / np.float32(EDGE) + np.float32(0.5), 0, 1)
    return inside


def _undo_move(bone: Bone, s: float, fragment: Fragment, grid: Grid) -> tuple[Floats, Floats]:
    """Return where each pixel's fragment lay before it moved."""
    px, py = bone.point(s, 0.0)
    to_x, to_y = _shift(bone, fragment)
    dx, dy = grid.x - np.float32(px + to_x), grid.y - np.float32(py + to_y)
    sine, cosine = np.float32(math.sin(-fragment.turn)), np.float32(math.cos(-fragment.turn))
    return dx * cosine - dy * sine + np.float32(px), dx * sine + dy * cosine + np.float32(py)


def _shift(bone: Bone, fragment: Fragment) -> tuple[float, float]:
    sine, cosine = math.sin(bone.angle), math.cos(bone.angle)
    x = fragment.along * sine + fragment.across * cosine
    return x, fragment.along * cosine - fragment.across * sine


def _band(
    bone: Bone, s: float, fragment: Fragment, cut: Cut, ends: tuple[float, float], margin: float
) -> list[tuple[float, float]]:
    """Return points around one cut of one fragment, where the fragment went."""
    px, py = bone.point(s, 0.0)
    to_x, to_y = _shift(bone, fragment)
    sine, cosine = math.sin(fragment.turn), math.cos(fragment.turn)
    across = np.linspace(ends[0] - margin, ends[1] + margin, 9, dtype=np.float32)
    points = []
    for u, middle in zip(across.tolist(), cut.at(across).tolist(), strict=True):
        for place in (middle - margin, middle + margin):
            x, y = bone.point(place, u)
            dx, dy = x - px, y - py
            points.append(
                (px + to_x + dx * cosine - dy * sine, py + to_y + dx * sine + dy * cosine)
            )
    return points


def _hull(points: list[tuple[float, float]]) -> Polygon:
    """Return the convex hull: Andrew, Information Processing Letters 9 (1979) 216."""
    ordered = sorted(points)
    chains: list[tuple[float, float]] = []
    for run in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for x, y in run:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2], chain[-1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                chain.pop()
            chain.append((x, y))
        chains += chain[:-1]
    return tuple(chains)
