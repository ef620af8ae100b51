"""The long limbs that are drawn, bone by bone: forearm, leg, thigh and upper arm.

Sizes are in multiples of `w`, half the width of the limb's main shaft: a limb keeps its
proportions on a film of any size. `focus` is the place on the main bone that lies in the middle of
the film, from -1 at its upper end to 1 at its lower one.
"""

import math

import numpy as np

from osteon.phantoms.bones import Bone
from osteon.phantoms.frame import Frame, Sleeve

Parts = tuple[list[Bone], int, list[Sleeve]]
"""Every bone, how many of them (the first ones) are long bones that may break, and soft tissue."""


def lay_forearm(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    """Lay radius and ulna, the wrist and what the film shows of hand and elbow."""
    w = f.width * float(body.uniform(0.054, 0.07))
    half = w * float(body.uniform(7.6, 10.2))
    apart = w * float(body.uniform(1.3, 1.75))
    longer = w * float(body.uniform(0.9, 1.8))
    a = -half * float(pose.uniform(-1.0, 1.0))
    bow = w * float(body.uniform(0.2, 0.9))
    radius = f.bone(
        a, -apart, half=(half, w), flares=(1.3, 1.95), bow=-bow, thick=0.36, front=0.3 * w
    )
    ulna = f.bone(
        a - longer,
        apart,
        half=(half, w * float(body.uniform(0.78, 0.92))),
        flares=(1.9, 1.25),
        bow=bow * 0.3,
        front=-0.5 * w,
        thick=0.36,
    )
    humerus = f.bone(
        a - half - w * 7.4,
        float(body.normal(0, 0.3)) * w,
        half=(w * 6.4, w * 1.25),
        flares=(1.0, 2.5),
        thick=0.34,
        knuckle=w * 0.7,
        tilt=float(pose.normal(0, 0.08)),
    )
    wrist = a + half
    carpals = _lay_carpals(f, body, w, wrist)
    flesh = [
        f.sleeve(a, 0.0, half * 1.6, (apart + w * 4.2, apart + w * 2.2)),
        f.sleeve(wrist + w * 6, -w * 0.4, w * 9, (apart + w * 2.0, w * 6)),
    ]
    return [radius, ulna, humerus, *carpals, *_lay_metacarpals(f, body, w, wrist)], 2, flesh


def _lay_carpals(f: Frame, body: np.random.Generator, w: float, wrist: float) -> list[Bone]:
    carpals = []
    for row, count in enumerate((3, 4)):
        for k in range(count):
            size = w * float(body.uniform(0.7, 1.05))
            jolt = body.normal(0, 0.13, size=2) * w
            carpals.append(
                f.bone(
                    wrist + w * (1.15 + 1.75 * row) + float(jolt[0]),
                    (k - (count - 1) / 2) * w * 1.75 - w * 0.4 + float(jolt[1]),
                    half=(size, size * float(body.uniform(0.75, 1.05))),
                    flares=(1.0, 1.0),
                    front=float(body.normal(0, 0.4)) * w,
                    thick=0.2,
                    hardness=0.6,
                    roundness=0.95,
                    rough=2.2,
                    tilt=float(body.normal(0, 0.5)),
                )
            )
    return carpals


def _lay_metacarpals(f: Frame, body: np.random.Generator, w: float, wrist: float) -> list[Bone]:
    bones = []
    for b in (-1.5, -0.5, 0.5, 1.5):
        half = w * 4.2 * float(body.uniform(0.86, 1.1))
        bones.append(
            f.bone(
                wrist + w * 4.2 + half,
                b * w * 1.9 - w * 0.4,
                half=(half, w * 0.52),
                flares=(1.75, 1.6),
                tilt=b * 0.05,
                front=float(body.normal(0, 0.3)) * w,
                hardness=0.7,
            )
        )
    return bones


def lay_leg(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    """Lay tibia and fibula, the ankle and what the film shows of the knee."""
    w = f.width * float(body.uniform(0.066, 0.09))
    half = w * float(body.uniform(7.0, 9.6))
    apart = w * float(body.uniform(1.5, 2.2))
    a = -half * float(pose.uniform(-1.0, 0.8))
    tibia = f.bone(
        a,
        -w * 0.4,
        half=(half, w),
        flares=(2.1, 1.55),
        bow=w * float(body.normal(0.2, 0.25)),
        thick=0.36,
    )
    fibula = f.bone(
        a + w * float(body.uniform(0.5, 1.4)),
        apart - w * 0.4,
        half=(half * 0.97, w * float(body.uniform(0.36, 0.5))),
        flares=(1.9, 1.8),
        bow=w * float(body.normal(-0.2, 0.2)),
        front=-w * float(body.uniform(1.0, 1.5)),
        thick=0.45,
        hardness=0.8,
    )
    talus = f.bone(
        a + half + w * 1.6,
        0.0,
        half=(w * 1.1, w * float(body.uniform(1.25, 1.5))),
        flares=(1.0, 1.1),
        thick=0.14,
        hardness=0.75,
        roundness=0.7,
        rough=2.0,
    )
    heel = f.bone(
        a + half + w * 3.6,
        0.0,
        half=(w * float(body.uniform(1.6, 2.2)), w * 1.35),
        flares=(1.1, 1.2),
        front=-w * 1.6,
        thick=0.14,
        hardness=0.6,
        roundness=0.9,
        rough=2.0,
        tilt=float(pose.normal(0, 0.15)),
    )
    femur = f.bone(
        a - half - w * 6.7,
        -w * 0.3,
        half=(w * 6.2, w * 1.2),
        flares=(1.0, 2.0),
        thick=0.3,
        knuckle=w * 1.1,
        tilt=float(pose.normal(0, 0.05)),
    )
    flesh = [f.sleeve(a, 0.1 * w, half * 1.5, (apart + w * 3.0, apart + w * 1.1))]
    return [tibia, fibula, talus, heel, femur], 2, flesh


def lay_thigh(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    """Lay the femur, and what the film shows of knee and hip."""
    w = f.width * float(body.uniform(0.066, 0.09))
    half = w * float(body.uniform(8.0, 11.0))
    a = -half * float(pose.uniform(-0.85, 1.0))
    b = f.width * float(pose.normal(0, 0.05))
    femur = f.bone(
        a,
        b,
        half=(half, w),
        flares=(1.7, 2.3),
        bow=w * float(body.normal(0, 0.5)),
        thick=0.38,
        knuckle=w * 1.2,
    )
    knee, hip = a + half, a - half
    tibia = f.bone(
        knee + w * 6.9,
        b,
        half=(w * 6.5, w * float(body.uniform(0.95, 1.15))),
        flares=(2.05, 1.0),
        thick=0.3,
        tilt=float(pose.normal(0, 0.05)),
    )
    fibula = f.bone(
        knee + w * 7.6,
        b + w * float(body.uniform(1.7, 2.3)),
        half=(w * 6.2, w * 0.4),
        flares=(1.9, 1.0),
        front=-w,
        thick=0.4,
        hardness=0.7,
    )
    patella = f.bone(
        knee - w * float(body.uniform(1.2, 2.4)),
        b,
        half=(w * float(body.uniform(0.9, 1.2)), w * 0.95),
        flares=(1.0, 1.0),
        front=w * 2.3,
        thick=0.1,
        hardness=0.35,
        roundness=0.95,
        rough=1.6,
    )
    flesh = [f.sleeve(a, b * 0.5, half * 1.7, (w * 6.0, w * 3.6))]
    return [femur, tibia, fibula, patella, *_lay_hip(f, body, w, (hip, b))], 1, flesh


def _lay_hip(f: Frame, body: np.random.Generator, w: float, top: tuple[float, float]) -> list[Bone]:
    """Lay neck, head and socket above a femur's upper end."""
    hip, b = top
    steep = float(body.uniform(0.75, 1.05))
    reach = w * float(body.uniform(2.6, 3.4))
    neck = f.bone(
        hip + w * 1.0 - reach * 0.45 * math.cos(steep),
        b + reach * 0.5 * math.sin(steep),
        half=(reach * 0.7, w * 0.95),
        flares=(1.1, 1.2),
        tilt=-steep,
        thick=0.2,
        hardness=0.5,
    )
    head = f.bone(
        hip + w * 1.0 - reach * math.cos(steep),
        b + reach * math.sin(steep),
        half=(w * 1.5, w * 1.5),
        flares=(1.0, 1.0),
        thick=0.12,
        hardness=0.5,
        roundness=1.0,
        rough=0.4,
    )
    pelvis = f.bone(
        hip - reach * math.cos(steep) - w * 2.6,
        b + reach * math.sin(steep) + w * 2.6,
        half=(w * 5.2, w * 2.6),
        flares=(1.3, 0.9),
        tilt=0.5,
        thick=0.12,
        hardness=0.55,
        roundness=1.2,
        rough=2.0,
    )
    return [neck, head, pelvis]


def lay_arm(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    """Lay the humerus, and what the film shows of shoulder and elbow."""
    w = f.width * float(body.uniform(0.062, 0.08))
    half = w * float(body.uniform(8.0, 10.8))
    a = -half * float(pose.uniform(-0.9, 1.0))
    b = f.width * float(pose.normal(0, 0.05))
    humerus = f.bone(
        a,
        b,
        half=(half, w),
        flares=(2.0, 2.1),
        thick=0.34,
        knuckle=w * 0.8,
        bow=w * float(body.normal(0, 0.25)),
    )
    top, elbow = a - half, a + half
    socket = f.bone(
        top + w * float(body.uniform(-0.1, 0.9)),
        b + w * float(body.uniform(3.8, 4.6)),
        half=(w * 2.8, w * 1.1),
        flares=(1.5, 0.7),
        thick=0.2,
        hardness=0.65,
        tilt=float(body.normal(0.2, 0.12)),
        rough=2.0,
    )
    head = f.bone(
        top + w * 1.5,
        b + w * 0.55,
        half=(w * 2.0, w * float(body.uniform(1.6, 1.9))),
        flares=(1.0, 1.0),
        thick=0.12,
        hardness=0.42,
        roundness=1.1,
        rough=0.6,
    )
    clavicle = f.bone(
        top - w * float(body.uniform(1.4, 2.2)),
        b + w * 6.5,
        half=(w * 5.0, w * 0.6),
        flares=(1.5, 1.3),
        tilt=float(body.normal(1.75, 0.12)),
        bow=w * float(body.normal(0, 0.8)),
        thick=0.3,
        hardness=0.6,
    )
    forearm = [
        f.bone(
            elbow + w * (6.0 - higher),
            b + beside * w,
            half=(w * 5.6, w * 0.8),
            flares=(upper, 1.0),
            tilt=float(pose.normal(0, 0.05)),
            front=-0.3 * beside * w,
            thick=0.36,
        )
        for beside, upper, higher in ((-1.2, 1.4, 0.0), (1.0, 1.9, float(body.uniform(0.8, 1.5))))
    ]
    flesh = [f.sleeve(a, b - w * 0.2, half * 1.7, (w * 5.0, w * 2.8))]
    return [humerus, socket, head, clavicle, *forearm], 1, flesh
