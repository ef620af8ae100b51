"""Which bones a drawn film shows, and where they lie in it."""

import math
from dataclasses import dataclass

import numpy as np

from osteon.radiographs.drawing.bones import Bone
from osteon.radiographs.drawing.frame import Frame, Sleeve
from osteon.radiographs.drawing.regions import REGIONS


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
    n_rows: int, n_columns: int, body: np.random.Generator, pose: np.random.Generator
) -> Anatomy:
    """Choose a limb and lay it on the film, along its longer side.

    Args:
        n_rows: Height of the film.
        n_columns: Width of the film.
        body: Source of chance for what belongs to the patient.
        pose: Source of chance for how the limb lies on this film.

    Returns:
        The bones and the soft tissue, in film pixels.
    """
    body_region = str(body.choice(list(REGIONS)))
    is_upright = n_rows >= n_columns
    angle = (0.0 if is_upright else math.pi / 2) + float(pose.normal(0, 0.11))
    angle += math.pi * float(pose.integers(0, 2)) * (pose.random() < 0.15)
    short, long = min(n_rows, n_columns), max(n_rows, n_columns)
    shift = pose.normal(0, 0.03, size=2) * short
    frame = Frame(
        x=n_columns / 2 + float(shift[0]),
        y=n_rows / 2 + float(shift[1]),
        angle=angle,
        length=float(long),
        width=float(short) * float(pose.uniform(0.92, 1.12)),
    )
    bones, n_breakable, sleeves = REGIONS[body_region](frame, body, pose)
    return Anatomy(
        body_region=body_region,
        bones=tuple(bones),
        breakable=tuple(range(n_breakable)),
        sleeves=tuple(sleeves),
    )
