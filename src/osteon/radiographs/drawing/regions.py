"""The parts of the body that are drawn, bone by bone.

Sizes are in multiples of `w`, half the width of the region's main shaft: a limb keeps its
proportions on a film of any size.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from osteon.radiographs.drawing.bones import Bone
from osteon.radiographs.drawing.frame import Frame, Sleeve

Parts = tuple[list[Bone], int, list[Sleeve]]
"""Every bone, how many of them (the first ones) are long bones that may break, and soft tissue."""


def _forearm(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    w, half = (
        f.width * float(body.uniform(0.066, 0.082)),
        f.length * float(body.uniform(0.43, 0.55)),
    )
    apart = f.width * float(pose.uniform(0.085, 0.14))
    a = f.length * 0.46 - half - f.width * 0.20 + f.length * float(pose.uniform(-0.05, 0.02))
    bow = w * float(body.uniform(0.2, 0.7))
    radius = f.bone(a, -apart, half=(half, w), flares=(1.25, 2.0), bow=-bow, thick=0.36)
    ulna = f.bone(
        a - w * 0.8,
        apart,
        half=(half, w * 0.85),
        flares=(1.9, 1.25),
        bow=bow * 0.3,
        tilt=float(pose.normal(0, 0.02)),
        thick=0.36,
    )
    carpals = []
    for row, count in enumerate((3, 4)):
        for k in range(count):
            b = (k - (count - 1) / 2) * w * 1.75
            size = w * float(body.uniform(0.72, 0.98))
            carpals.append(
                f.bone(
                    a + half + w * (1.15 + 1.75 * row),
                    b - w * 0.4,
                    half=(size, size * 0.92),
                    flares=(1.0, 1.0),
                    thick=0.2,
                    hardness=0.62,
                    roundness=0.95,
                    tilt=float(body.normal(0, 0.4)),
                )
            )
    hand = [
        f.bone(
            a + half + w * 8.4,
            b * w * 1.9 - w * 0.4,
            half=(w * 4.2, w * 0.52),
            flares=(1.75, 1.6),
            tilt=b * 0.05,
            hardness=0.7,
        )
        for b in (-1.5, -0.5, 0.5, 1.5)
    ]
    flesh = [
        f.sleeve(a, 0.0, half * 1.6, (apart + w * 4.2, apart + w * 2.4)),
        f.sleeve(a + half + w * 6, -w * 0.4, w * 9, (apart + w * 2.2, w * 6)),
    ]
    return [radius, ulna, *carpals, *hand], 2, flesh


def _leg(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    w, half = f.width * float(body.uniform(0.09, 0.115)), f.length * float(body.uniform(0.46, 0.6))
    apart = w * float(pose.uniform(1.5, 2.1))
    a = f.length * float(pose.uniform(-0.02, 0.06)) - half * 0.12
    tibia = f.bone(a, -w * 0.4, half=(half, w), flares=(2.1, 1.55), bow=w * 0.2, thick=0.36)
    fibula = f.bone(
        a + w * 0.9,
        apart - w * 0.4,
        half=(half * 0.97, w * 0.42),
        flares=(1.9, 1.7),
        bow=-w * 0.2,
        thick=0.45,
        hardness=0.8,
    )
    talus = f.bone(
        a + half + w * 1.5,
        0.0,
        half=(w * 1.1, w * 1.45),
        flares=(1.0, 1.1),
        thick=0.14,
        hardness=0.8,
        roundness=0.7,
    )
    femur = f.bone(
        a - half - w * 4.6,
        -w * 0.3,
        half=(w * 4.2, w * 1.25),
        flares=(1.0, 1.95),
        thick=0.3,
        knuckle=w * 1.1,
    )
    flesh = [f.sleeve(a, 0.1 * w, half * 1.5, (apart + w * 2.6, apart + w * 1.0))]
    return [tibia, fibula, talus, femur], 2, flesh


def _thigh(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    w, half = (
        f.width * float(body.uniform(0.088, 0.115)),
        f.length * float(body.uniform(0.48, 0.64)),
    )
    a = -half + f.length * float(pose.uniform(0.26, 0.36))
    b = f.width * float(pose.normal(0, 0.03))
    femur = f.bone(
        a,
        b,
        half=(half, w),
        flares=(1.4, 2.25),
        bow=w * float(body.normal(0, 0.5)),
        thick=0.38,
        knuckle=w * 1.3,
    )
    tibia = f.bone(a + half + w * 5.3, b, half=(w * 5.0, w * 1.05), flares=(2.05, 1.0), thick=0.3)
    fibula = f.bone(
        a + half + w * 6.2,
        b + w * 2.0,
        half=(w * 4.8, w * 0.4),
        flares=(1.9, 1.0),
        thick=0.4,
        hardness=0.7,
    )
    patella = f.bone(
        a + half - w * 1.6,
        b,
        half=(w * 1.0, w * 0.95),
        flares=(1.0, 1.0),
        thick=0.1,
        hardness=0.3,
        roundness=0.95,
    )
    flesh = [f.sleeve(a, b * 0.5, half * 1.7, (w * 5.2, w * 3.6))]
    return [femur, tibia, fibula, patella], 1, flesh


def _arm(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    w, half = (
        f.width * float(body.uniform(0.076, 0.096)),
        f.length * float(body.uniform(0.44, 0.56)),
    )
    a = half - f.length * float(pose.uniform(0.36, 0.42))
    b = f.width * float(pose.normal(0, 0.04))
    humerus = f.bone(
        a,
        b,
        half=(half, w),
        flares=(2.1, 2.0),
        thick=0.34,
        knuckle=w * 0.8,
        bow=w * float(body.normal(0, 0.2)),
    )
    socket = f.bone(
        a - half + w * 0.4,
        b + w * 4.2,
        half=(w * 2.6, w * 1.1),
        flares=(1.5, 0.7),
        thick=0.2,
        hardness=0.7,
        tilt=0.2,
    )
    head = f.bone(
        a - half + w * 1.5,
        b + w * 0.55,
        half=(w * 2.0, w * 1.75),
        flares=(1.0, 1.0),
        thick=0.12,
        hardness=0.42,
        roundness=1.1,
    )
    flesh = [f.sleeve(a, b - w * 0.2, half * 1.6, (w * 5.0, w * 2.7))]
    return [humerus, socket, head], 1, flesh


def _hand(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    w = f.width * float(body.uniform(0.032, 0.039))
    start, spread = f.length * float(pose.uniform(0.16, 0.24)), float(pose.uniform(0.05, 0.1))
    long_bones: list[Bone] = []
    small: list[Bone] = []
    flesh = [f.sleeve(start - w * 2.0, 0.0, w * 12.0, (w * 9.2, w * 7.0), depth=0.42)]
    for k, share in enumerate((0.86, 0.97, 1.0, 0.93)):
        b = (k - 1.5) * w * 4.3
        tilt = -(k - 1.5) * spread
        a, joint = start, w * 0.55
        for size, thin in ((5.6, 1.0), (3.7, 0.92), (2.3, 0.82), (1.5, 0.72)):
            half = size * share * w
            a -= half
            b -= half * math.sin(tilt)
            bone = f.bone(
                a, b, half=(half, w * thin), flares=(1.45, 1.7), tilt=tilt, thick=0.4, hardness=0.85
            )
            (long_bones if size > 2 else small).append(bone)
            a -= half + joint
            b -= (half + joint) * math.sin(tilt)
        tip = (start + a) / 2
        flesh.append(
            f.sleeve(
                tip,
                (b + (k - 1.5) * w * 4.3) / 2,
                abs(start - a) / 2,
                (w * 1.9, w * 2.4),
                tilt=tilt,
            )
        )
    for row, count in enumerate((4, 3)):
        for k in range(count):
            size = w * float(body.uniform(1.25, 1.6))
            small.append(
                f.bone(
                    start + w * (1.7 + 2.7 * row),
                    (k - (count - 1) / 2) * w * 3.0,
                    half=(size, size * 0.95),
                    flares=(1.0, 1.0),
                    thick=0.2,
                    hardness=0.62,
                    roundness=0.95,
                    tilt=float(body.normal(0, 0.4)),
                )
            )
    end = start + w * 6.6 + f.length * 0.2
    small += [
        f.bone(end, b * w, half=(f.length * 0.2, w * 1.7), flares=(1.9, 1.0), thick=0.36)
        for b in (-3.2, 2.9)
    ]
    return [*long_bones, *small], len(long_bones), flesh


def _finger(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    w = f.width * float(body.uniform(0.08, 0.1))
    bones, a, bend = [], f.length * float(pose.uniform(0.36, 0.5)), float(pose.normal(0, 0.05))
    b, tilt, first = 0.0, bend, a
    for size, thin in ((0.215, 1.0), (0.135, 0.85), (0.085, 0.68)):
        half = size * f.length
        bones.append(
            f.bone(
                a - half,
                b - half * math.sin(tilt),
                half=(half, w * thin),
                tilt=tilt,
                flares=(1.45, 1.6),
                thick=0.36,
                knuckle=w * 0.2,
            )
        )
        a -= 2 * half + w * 0.35
        b -= 2 * half * math.sin(tilt)
        tilt += bend
    base = f.bone(first + w * 3.6, 0.0, half=(w * 3.2, w * 1.15), flares=(1.7, 1.2), thick=0.36)
    flesh = [
        f.sleeve((first + a) / 2, b / 2, (first - a) / 2 + w * 0.6, (w * 1.7, w * 2.4), tilt=bend),
        f.sleeve(first + w * 4, 0.0, w * 6, (w * 2.4, w * 3.4)),
    ]
    return [*bones, base], 3, flesh


REGIONS: Final[Mapping[str, Callable[[Frame, np.random.Generator, np.random.Generator], Parts]]] = (
    MappingProxyType(
        {
            "forearm": _forearm,
            "leg": _leg,
            "thigh": _thigh,
            "arm": _arm,
            "hand": _hand,
            "finger": _finger,
        }
    )
)
"""Each lays its bones in a frame, with chance for the body and for the pose."""
