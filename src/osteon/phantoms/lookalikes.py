"""What is on a film and may be taken for a fracture: drawn with and without one alike."""

import math
from dataclasses import dataclass

import numpy as np

from osteon.phantoms.anatomy import Anatomy
from osteon.phantoms.bones import Bone
from osteon.terms import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookalikes:
    """Lines that are no fractures.

    Attributes:
        canal: A nutrient canal: bone, place along it, side, length; None where none shows.
        growth_plate: Place of the growth plates, in half lengths of a bone; None in adults.
        scar: Place of growth-arrest lines, likewise.
        fold: A skin fold: place (x, y), direction in radians, strength; None where there is none.
        plate: The bone that carries a metal plate; None where none does.
    """

    canal: tuple[int, float, float, float] | None
    growth_plate: float | None
    scar: float | None
    fold: tuple[float, float, float, float] | None
    plate: int | None


def choose_lookalikes(
    anatomy: Anatomy, n_rows: int, n_columns: int, rng: np.random.Generator
) -> Lookalikes:
    """Choose what may mislead on one film.

    Args:
        anatomy: What lies on the film.
        n_rows: Height of the film.
        n_columns: Width of the film.
        rng: Source of chance.

    Returns:
        The lookalikes.
    """
    bone_index = int(rng.choice(anatomy.breakable))
    bone = anatomy.bones[bone_index]
    canal = (
        bone_index,
        float(rng.uniform(-0.4, 0.4)) * bone.half_length,
        float(rng.choice([-1.0, 1.0])),
        float(rng.uniform(0.12, 0.22)) * bone.half_length,
    )
    fold = (
        float(rng.uniform(0.2, 0.8)) * n_columns,
        float(rng.uniform(0.2, 0.8)) * n_rows,
        float(rng.uniform(0, math.pi)),
        float(rng.uniform(0.03, 0.08)),
    )
    chances = rng.random(5)
    return Lookalikes(
        canal=canal if chances[0] < 0.4 else None,
        growth_plate=float(rng.uniform(0.84, 0.9)) if chances[1] < 0.2 else None,
        scar=float(rng.uniform(0.72, 0.86)) if chances[2] < 0.2 else None,
        fold=fold if chances[3] < 0.3 else None,
        plate=int(rng.choice(anatomy.breakable)) if chances[4] < 0.06 else None,
    )


def shade_bone(bone_index: int, bone: Bone, marks: Lookalikes, s: Floats, u: Floats) -> Floats:
    """Return by how much the marks on a bone change its attenuation, around 1."""
    shade: Floats = np.ones_like(s)
    reach = np.abs(s).astype(np.float32, copy=False) / np.float32(bone.half_length)
    half_length = np.float32(bone.half_length)
    if marks.growth_plate is not None:
        # Wavy and smooth, with a dense rim on both sides: unlike a fresh fracture.
        wave = np.float32(0.012) * np.cos(u * np.float32(5.0 / bone.half_width))
        width = np.float32((1.0 + 0.05 * bone.half_width) / bone.half_length)
        line = ((reach - np.float32(marks.growth_plate) + wave) / width).astype(np.float32)
        shade += np.float32(0.22) * _bell(line / np.float32(3.0))
        shade -= np.float32(0.68) * _bell(line)
    if marks.scar is not None:
        shade += np.float32(0.16) * _bell((reach - np.float32(marks.scar)) * half_length)
    if marks.canal is not None and marks.canal[0] == bone_index:
        _, middle, side, length = marks.canal
        ahead = (s - np.float32(middle)) / np.float32(length)
        path: Floats = (ahead * np.float32(-0.35) + np.float32(0.75)) * np.float32(
            side * bone.half_width
        )
        along = np.clip(np.float32(1.4) - np.abs(ahead), 0, 1)
        shade -= np.float32(0.32) * along * _bell((u - path) / np.float32(1.2))
    return shade


def fold_skin(marks: Lookalikes, tissue: Floats) -> Floats:
    """Return the soft tissue with its skin fold: a soft line that runs on beyond the bone."""
    if marks.fold is None:
        return tissue
    x0, y0, angle, strength = marks.fold
    y = np.arange(tissue.shape[0], dtype=np.float32)[:, np.newaxis] - np.float32(y0)
    x = np.arange(tissue.shape[1], dtype=np.float32)[np.newaxis] - np.float32(x0)
    ahead = x * np.float32(math.cos(angle)) + y * np.float32(math.sin(angle))
    aside = y * np.float32(math.cos(angle)) - x * np.float32(math.sin(angle))
    aside = aside + ahead * ahead * np.float32(0.0012)
    # Sharp on one side and fading on the other, as where two layers of skin begin to overlap.
    step = np.clip(aside / 3 + np.float32(0.5), 0, 1) * np.exp(-np.maximum(aside, 0) / 14)
    folded: Floats = tissue + np.float32(strength) * step * (tissue > 0)
    return folded


def screw_plate(bone: Bone, s: Floats, u: Floats) -> Floats:
    """Return how much of the beam a metal plate with screws takes, as an exponent."""
    side, half = np.float32(0.92 * bone.half_width), np.float32(0.5)
    length = np.float32(bone.half_length * 0.42)
    thick = np.float32(max(bone.half_width * 0.13, 1.6))
    beside = np.clip(thick - np.abs(u - side) + half, 0, 1)
    plate = np.clip(length - np.abs(s) + half, 0, 1) * beside
    pitch = length / 3
    along = np.abs((s + pitch / 2) % pitch - pitch / 2)
    shaft = np.clip(thick * np.float32(0.7) - along + half, 0, 1)
    across = np.clip(side - u, 0, 1) * np.clip(u + np.float32(1.15) * side, 0, 1)
    inside = np.clip(length * np.float32(0.9) - np.abs(s), 0, 1)
    metal: Floats = np.float32(1.6) * np.maximum(plate, shaft * across * inside)
    return metal


def _bell(distance: Floats) -> Floats:
    bell: Floats = np.exp(-distance * distance)
    return bell
