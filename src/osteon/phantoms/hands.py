"""The hand and the finger that are drawn, bone by bone; sizes as in `limbs`."""

import math

import numpy as np

from osteon.phantoms.bones import Bone
from osteon.phantoms.frame import Frame, Sleeve
from osteon.phantoms.limbs import Parts

_PHALANGES = ((5.6, 1.0), (3.7, 0.92), (2.3, 0.82), (1.5, 0.72))
"""Half length and half width of a finger's bones, from the palm on."""


def lay_hand(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    """Lay four fingers, the thumb, the wrist and the ends of the forearm."""
    w = f.width * float(body.uniform(0.034, 0.043))
    palm = f.length * float(pose.uniform(-0.1, 0.26))
    shift = f.width * float(pose.normal(0, 0.1))
    spread, fan = float(pose.uniform(0.02, 0.11)), float(body.uniform(3.9, 4.6))
    long_bones: list[Bone] = []
    small: list[Bone] = []
    flesh = [f.sleeve(palm - w * 2.0, shift, w * 12.0, (w * 9.2, w * 7.0), depth=0.42)]
    for k in range(4):
        b = shift + (k - 1.5) * w * fan
        share = (0.86, 0.97, 1.0, 0.93)[k] * float(body.uniform(0.92, 1.08))
        tilt = -(k - 1.5) * spread + float(pose.normal(0, 0.03))
        ray, sleeve = _lay_ray(f, (palm, b), tilt, w * share, body=body, pose=pose)
        long_bones += ray[:2]
        small += ray[2:]
        flesh.append(sleeve)
    side = 1 if body.random() < 0.5 else -1
    steep = side * float(pose.uniform(0.35, 0.85))
    thumb = (palm + w * 1.5, shift + side * w * fan * 1.5)
    ray, sleeve = _lay_ray(f, thumb, -steep, w * 0.95, body=body, pose=pose, n_bones=3)
    wrist = _lay_wrist(f, body, w, (palm, shift))
    return [*long_bones, *ray[:2], *small, *ray[2:], *wrist], len(long_bones) + 2, [*flesh, sleeve]


def _lay_ray(  # noqa: PLR0913 — where it starts and what draws its lots
    f: Frame,
    start: tuple[float, float],
    tilt: float,
    w: float,
    *,
    body: np.random.Generator,
    pose: np.random.Generator,
    n_bones: int = 4,
) -> tuple[list[Bone], Sleeve]:
    """Lay one finger with its metacarpal, upwards; its joints are bent and turned a little."""
    a, b = start
    first, bones = a, []
    bent = float(pose.uniform(0.0, 0.5))
    for number, (size, thin) in enumerate(_PHALANGES[:n_bones]):
        # A bent finger points out of the film, and the film shows it shorter.
        shown = math.cos(bent * number * float(pose.uniform(0.2, 0.8)))
        half = size * w * shown * float(body.uniform(0.92, 1.08)) * (0.72 if n_bones < 4 else 1)
        thick = w * thin * float(body.uniform(0.9, 1.12)) * (1.2 if n_bones < 4 else 1)
        a -= half * math.cos(tilt)
        b -= half * math.sin(tilt)
        bones.append(
            f.bone(
                a,
                b,
                half=(half, thick),
                flares=(1.45, 1.7),
                tilt=tilt,
                thick=0.4,
                hardness=0.85,
                front=w * float(body.normal(0, 0.4)),
                roundness=float(body.uniform(0.45, 0.7)),
                rough=1.2,
            )
        )
        joint = half + w * float(pose.uniform(0.35, 0.75))
        a -= joint * math.cos(tilt)
        b -= joint * math.sin(tilt)
        tilt += float(pose.normal(0, 0.07))
    reach = math.hypot(first - a, start[1] - b) / 2
    towards = math.atan2(start[1] - b, first - a)
    sleeve = f.sleeve((first + a) / 2, (b + start[1]) / 2, reach, (w * 1.9, w * 2.4), tilt=towards)
    return bones, sleeve


def _lay_wrist(
    f: Frame, body: np.random.Generator, w: float, palm: tuple[float, float]
) -> list[Bone]:
    """Lay two rows of carpals, and radius and ulna below them."""
    start, middle = palm
    bones = []
    for row, count in enumerate((4, 3)):
        for k in range(count):
            size = w * float(body.uniform(1.15, 1.65))
            jolt = body.normal(0, 0.3, size=2) * w
            bones.append(
                f.bone(
                    start + w * (1.9 + 2.6 * row) + float(jolt[0]),
                    middle + (k - (count - 1) / 2) * w * 2.9 + float(jolt[1]),
                    half=(size, size * float(body.uniform(0.75, 1.05))),
                    flares=(1.0, 1.0),
                    front=w * float(body.normal(0, 0.8)),
                    thick=0.2,
                    hardness=0.58,
                    roundness=0.95,
                    rough=2.4,
                    tilt=float(body.normal(0, 0.6)),
                )
            )
    for beside, wide, flare in ((-2.4, 1.9, 1.9), (2.7, 1.5, 1.4)):
        end = start + w * (6.4 + float(body.uniform(0.0, 1.0)))
        bones.append(
            f.bone(
                end + w * 12.0,
                middle + w * beside * float(body.uniform(0.85, 1.15)),
                half=(w * 12.0, w * wide),
                flares=(flare, 1.0),
                thick=0.36,
                front=w * float(body.normal(0, 0.5)),
            )
        )
    return bones


def lay_finger(f: Frame, body: np.random.Generator, pose: np.random.Generator) -> Parts:
    """Lay a finger, and often a neighbour or two at the film's edge."""
    w = f.width * float(body.uniform(0.072, 0.1))
    tip = f.length * float(pose.uniform(0.3, 0.62))
    middle = f.width * float(pose.normal(0, 0.06))
    bones, rest, sleeve = _lay_phalanges(f, (tip, middle), w, body=body, pose=pose)
    flesh = [sleeve, f.sleeve(tip + w * 4, middle, w * 6, (w * 2.4, w * 4.4))]
    for side in (-1, 1):
        beside = middle + side * w * float(pose.uniform(4.2, 5.4))
        lower = tip + w * float(body.normal(0.4, 1.2))
        thin = w * float(body.uniform(0.85, 1.05))
        more, below, skin = _lay_phalanges(f, (lower, beside), thin, body=body, pose=pose)
        if pose.random() < 0.4:
            rest += [*more, *below]
            flesh.append(skin)
    return [*bones, *rest], 3, flesh


def _lay_phalanges(
    f: Frame,
    start: tuple[float, float],
    w: float,
    *,
    body: np.random.Generator,
    pose: np.random.Generator,
) -> tuple[list[Bone], list[Bone], Sleeve]:
    """Lay a finger's three bones upwards from its base, and the metacarpal below it."""
    a, b = start
    tilt, bend = float(pose.normal(0, 0.08)), float(pose.normal(0, 0.06))
    bones = []
    for size, thin in ((2.5, 1.0), (1.6, 0.86), (1.05, 0.7)):
        half = w * size * float(body.uniform(0.88, 1.12)) * float(pose.uniform(0.88, 1.0))
        wide = w * thin * float(body.uniform(0.9, 1.1))
        bones.append(
            f.bone(
                a - half * math.cos(tilt),
                b - half * math.sin(tilt),
                half=(half, wide),
                tilt=tilt,
                flares=(1.45, 1.6),
                thick=0.36,
                knuckle=w * float(body.uniform(0.1, 0.3)),
                rough=1.2,
            )
        )
        step = 2 * half + w * float(pose.uniform(0.22, 0.5))
        a -= step * math.cos(tilt)
        b -= step * math.sin(tilt)
        tilt += bend + float(pose.normal(0, 0.03))
    below = f.bone(
        start[0] + w * (3.4 + float(pose.uniform(0.0, 0.3))),
        start[1],
        half=(w * 3.2, w * float(body.uniform(1.0, 1.25))),
        flares=(1.7, 1.2),
        thick=0.36,
        tilt=float(pose.normal(0, 0.08)),
    )
    reach = math.hypot(start[0] - a, start[1] - b) / 2 + w * 0.4
    towards = math.atan2(start[1] - b, start[0] - a)
    skin = f.sleeve((start[0] + a) / 2, (start[1] + b) / 2, reach, (w * 1.7, w * 2.4), tilt=towards)
    return bones, [below], skin
