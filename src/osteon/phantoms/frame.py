"""The frame of a drawn limb: bones and soft tissue are placed along and across it.

A limb is turned about its own axis before the beam crosses it: what lies beside, from the front,
comes to lie before or behind, and a bone shows another outline. No two bones are alike: each gets
its own widths, bends and walls when it is placed.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from osteon.phantoms.bones import Bone, Knots

MOST_KNOTS: Final = 11
"""Places along a long bone at which its outline is its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sleeve:
    """Soft tissue around bones: a tapering tube.

    Attributes:
        x: Column of its middle.
        y: Row of its middle.
        angle: Of its axis, in radians from straight down, towards the right.
        half_length: From its middle to either end.
        half_widths: At its upper and lower end.
        depth: How deep it is, as a share of how wide.
        swell: How many times as wide as a plain tube it is, at even places along it.
    """

    x: float
    y: float
    angle: float
    half_length: float
    half_widths: tuple[float, float]
    depth: float = 1.0
    swell: Knots = (1.0, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """The limb's own frame: `a` runs along it, `b` across, both 0 in its middle.

    Attributes:
        x: Column of its middle.
        y: Row of its middle.
        angle: Of its axis, in radians from straight down, towards the right.
        length: Of the film along it, in pixels, times how closely the film shows it.
        width: Of the film across it, likewise.
        turn: About its own axis, in radians: 0 from the front, a quarter turn from the side.
        body: Source of chance for each bone. A bone takes as much of it in every view.
    """

    x: float
    y: float
    angle: float
    length: float
    width: float
    turn: float
    body: np.random.Generator

    def bone(
        self,
        a: float,
        b: float,
        *,
        half: tuple[float, float],
        flares: tuple[float, float],
        **more: float,
    ) -> Bone:
        """Place a bone; `half` is its half length and half width.

        `more` holds its tilt, bow, knuckle and roundness; how far it lies in `front`; how `thick`
        and how hard its cortex is; how `rough` its outline.
        """
        own = self.body.standard_normal(10)
        side, lateral = math.sin(self.turn), math.sin(self.turn) ** 2
        half_length = half[0]
        half_width = half[1] * (1 + 0.07 * own[0] + 0.07 * own[1] * lateral)
        narrower = 1 - lateral * (0.3 + 0.12 * own[2])
        upper, lower = (
            1 + (flare - 1) * narrower * max(1 + 0.14 * own_flare, 0.4)
            for flare, own_flare in zip(flares, own[3:5], strict=True)
        )
        cortex = half_width * more.pop("thick", 0.32) * float(np.clip(1 + 0.14 * own[5], 0.6, 1.5))
        # The brightest place is the inside of the cortex; it takes `hardness` of the beam.
        depth = 2.0 * math.sqrt(2.0 * half_width * cortex)
        hardness = more.pop("hardness", 1.0) * (1 + 0.06 * own[6])
        tilt = more.pop("tilt", 0.0) * math.cos(self.turn) + 0.018 * own[7]
        bow = more.pop("bow", 0.0) * math.cos(self.turn)
        slender = min(half_length / (8 * half_width), 1.0)
        bow += half_width * (0.15 * own[8] + 0.3 * own[9] * side) * slender
        rough = more.pop("rough", 1.0)
        # A short bone's outline has no room for as many bends.
        n_knots = int(np.clip(3 + 0.9 * half_length / half_width, 4, MOST_KNOTS))
        x, y = self.at(a, b, front=more.pop("front", 0.0))
        return Bone(
            x=x,
            y=y,
            angle=self.angle + tilt,
            half_length=half_length,
            half_width=half_width,
            flares=(upper, lower),
            cortex=cortex,
            bow=bow,
            density=hardness / depth,
            knuckle=more.pop("knuckle", 0.0) * (1 - 0.8 * lateral),
            sway=self._wander(0.0, 0.045 * rough, n_knots=n_knots - 1),
            swell=self._wander(1.0, 0.04 * rough, n_knots=n_knots),
            walls=self._wander(1.0, 0.16, n_knots=n_knots + 1),
            **more,
        )

    def at(self, a: float, b: float, *, front: float = 0.0) -> tuple[float, float]:
        """Return the film's (x, y) of a place on the limb, `front` of its middle plane."""
        across = b * math.cos(self.turn) + front * math.sin(self.turn)
        sine, cosine = math.sin(self.angle), math.cos(self.angle)
        return self.x + a * sine + across * cosine, self.y + a * cosine - across * sine

    def sleeve(
        self, a: float, b: float, half_length: float, widths: tuple[float, float], **more: float
    ) -> Sleeve:
        """Place soft tissue; `more` is its tilt, its depth and how far it lies in `front`."""
        x, y = self.at(a, b, front=more.pop("front", 0.0))
        return Sleeve(
            x=x,
            y=y,
            angle=self.angle + more.pop("tilt", 0.0) * math.cos(self.turn),
            half_length=half_length,
            half_widths=widths,
            swell=self._wander(1.0, 0.05, n_knots=7),
            **more,
        )

    def _wander(self, mean: float, spread: float, *, n_knots: int) -> Knots:
        """Return an outline of this view: as the limb turns, one of its two becomes the other."""
        front, side = self.body.standard_normal((2, MOST_KNOTS + 1))[:, :n_knots]
        seen = math.cos(self.turn) * front + math.sin(self.turn) * side
        return tuple(float(value) for value in mean + spread * np.clip(seen, -2.5, 2.5))
