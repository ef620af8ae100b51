"""The frame of a drawn limb: bones and soft tissue are placed along and across it."""

import math
from dataclasses import dataclass

from osteon.radiographs.drawing.bones import Bone


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
    """

    x: float
    y: float
    angle: float
    half_length: float
    half_widths: tuple[float, float]
    depth: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The limb's own frame: `a` runs along it, `b` across, both 0 in its middle."""

    x: float
    y: float
    angle: float
    length: float
    width: float

    def bone(
        self,
        a: float,
        b: float,
        *,
        half: tuple[float, float],
        flares: tuple[float, float],
        **more: float,
    ) -> Bone:
        """Place a bone; `half` is its half length and half width, `more` its tilt and so on."""
        half_length, half_width = half
        cortex = half_width * more.pop("thick", 0.32)
        # The brightest place is the inside of the cortex; it takes `hardness` of the beam.
        depth = 2.0 * math.sqrt(2.0 * half_width * cortex)
        x, y = self.at(a, b)
        return Bone(
            x=x,
            y=y,
            angle=self.angle + more.pop("tilt", 0.0),
            half_length=half_length,
            half_width=half_width,
            flares=flares,
            cortex=cortex,
            density=more.pop("hardness", 1.0) / depth,
            **more,
        )

    def at(self, a: float, b: float) -> tuple[float, float]:
        """Return the film's (x, y) of a place on the limb."""
        sine, cosine = math.sin(self.angle), math.cos(self.angle)
        return self.x + a * sine + b * cosine, self.y + a * cosine - b * sine

    def sleeve(
        self, a: float, b: float, half_length: float, widths: tuple[float, float], **more: float
    ) -> Sleeve:
        """Place soft tissue; `more` is its tilt and depth."""
        x, y = self.at(a, b)
        return Sleeve(
            x=x,
            y=y,
            angle=self.angle + more.pop("tilt", 0.0),
            half_length=half_length,
            half_widths=widths,
            **more,
        )
