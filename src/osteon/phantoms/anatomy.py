"""Which bones a drawn film shows, and where they lie in it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from osteon.phantoms.bones import Bone
from osteon.phantoms.frame import Frame, Sleeve
from osteon.phantoms.hands import lay_finger, lay_hand
from osteon.phantoms.limbs import Parts, lay_arm, lay_forearm, lay_leg, lay_thigh

VIEWS: Final = MappingProxyType({"frontal": 0.0, "oblique": 0.5, "lateral": 1.0})
"""How far a limb is turned in each view, as a share of how far it is turned at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """A part of the body that is drawn.

    Attributes:
        lay: Lays its bones in a frame, with chance for the body and for the pose.
        turned: By how many degrees a lateral view turns it: less than 90 where its bones would
            otherwise hide one another.
        zoom: How closely a film shows it, from least to most.
    """

    lay: Callable[[Frame, np.random.Generator, np.random.Generator], Parts]
    turned: float
    zoom: tuple[float, float]


REGIONS: Final[Mapping[str, Region]] = MappingProxyType(
    {
        "forearm": Region(lay=lay_forearm, turned=60, zoom=(0.85, 1.4)),
        "leg": Region(lay=lay_leg, turned=60, zoom=(0.8, 1.3)),
        "thigh": Region(lay=lay_thigh, turned=80, zoom=(0.85, 1.35)),
        "arm": Region(lay=lay_arm, turned=55, zoom=(0.85, 1.35)),
        "hand": Region(lay=lay_hand, turned=42, zoom=(1.0, 1.75)),
        "finger": Region(lay=lay_finger, turned=80, zoom=(0.8, 1.25)),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Anatomy:
    """What lies on the film.

    Attributes:
        body_region: "forearm", "leg", "thigh", "arm", "hand" or "finger".
        bones: Every bone.
        breakable: Indices of the long bones, in which a fracture may be drawn.
        sleeves: The soft tissue.
    """

    body_region: str
    bones: tuple[Bone, ...]
    breakable: tuple[int, ...]
    sleeves: tuple[Sleeve, ...]


def choose_anatomy(
    n_rows: int, n_columns: int, view: str, body: np.random.Generator, pose: np.random.Generator
) -> Anatomy:
    """Choose a limb and lay it on the film, along its longer side.

    Args:
        n_rows: Height of the film.
        n_columns: Width of the film.
        view: One of `VIEWS`.
        body: Source of chance for what belongs to the patient.
        pose: Source of chance for how the limb lies on this film.

    Returns:
        The bones and the soft tissue, in film pixels.
    """
    body_region = str(body.choice(list(REGIONS)))
    region = REGIONS[body_region]
    is_upright = n_rows >= n_columns
    angle = (0.0 if is_upright else math.pi / 2) + float(pose.normal(0, 0.13))
    angle += math.pi * float(pose.integers(0, 2)) * (pose.random() < 0.25)
    short, long = min(n_rows, n_columns), max(n_rows, n_columns)
    shift = pose.normal(0, 0.04, size=2) * short
    side = float(pose.choice([-1.0, 1.0]))
    turn = side * region.turned * VIEWS[view] + float(pose.normal(0, 7))
    zoom = float(pose.uniform(*region.zoom))
    frame = Frame(
        x=n_columns / 2 + float(shift[0]),
        y=n_rows / 2 + float(shift[1]),
        angle=angle,
        length=float(long) * zoom,
        width=float(short) * zoom,
        turn=math.radians(turn),
        body=body,
    )
    bones, n_breakable, sleeves = region.lay(frame, body, pose)
    return Anatomy(
        body_region=body_region,
        bones=tuple(bones),
        breakable=tuple(range(n_breakable)),
        sleeves=tuple(sleeves),
    )
