"""Drawn radiographs with known fractures, for the demo and the tests.

They are drawn, not taken: nothing measured on them says anything about patients.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from osteon.geometry import Box, Polygon
from osteon.phantoms.anatomy import Anatomy, choose_anatomy
from osteon.phantoms.bones import Bone, along_across, attenuate, window
from osteon.phantoms.film import cloud, collimate, expose, mark_side, soft_tissue
from osteon.phantoms.fractures import (
    Fracture,
    attenuate_broken,
    choose_fracture,
    cut_polygon,
    outline,
)
from osteon.phantoms.lookalikes import (
    Lookalikes,
    choose_lookalikes,
    fold_skin,
    screw_plate,
    shade_bone,
)
from osteon.terms import Floats, Radiograph

SIZES: Final[tuple[tuple[int, int], ...]] = (
    (454, 373),
    (373, 454),
    (454, 373),
    (400, 320),
    (320, 400),
    (448, 336),
    (384, 384),
)
"""(rows, columns) among which a film's size is chosen, whatever it shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phantom:
    """One drawn film, and what is known about it.

    Attributes:
        radiograph: The film.
        has_fracture: Whether a fracture was drawn.
        boxes: Around each fracture, in the film's pixels.
        polygons: Around each fracture, in the film's pixels.
        body_region: "forearm", "leg", "thigh", "arm", "hand" or "finger".
        view: "frontal", "lateral" or "oblique".
        hardware: Whether a plate with screws was drawn.
        fracture_type: How the bone broke; None where it did not.
        patient_key: Shared by the films of one drawn patient.
    """

    radiograph: Radiograph
    has_fracture: bool
    boxes: tuple[Box, ...]
    polygons: tuple[Polygon, ...]
    body_region: str
    view: str
    hardware: bool
    fracture_type: str | None
    patient_key: str


def draw_phantom(
    seed: int,
    *,
    has_fracture: bool,
    rows: int | None = None,
    columns: int | None = None,
    patient: int | None = None,
) -> Phantom:
    """Draw one radiograph.

    Everything but the fracture is chosen before it and apart from it: the same seed with and
    without a fracture is the same limb, pose, exposure, marker and noise.

    Args:
        seed: Of this film.
        has_fracture: Whether to break a bone.
        rows: Height in pixels; chosen from `SIZES` where it or `columns` is None.
        columns: Width in pixels.
        patient: Seed of the patient, whose films show the same limb; the film's own if None.

    Returns:
        The film, with what is known about it.
    """
    patient = seed if patient is None else patient
    body = np.random.default_rng([1, patient])
    pose, light, luck = (np.random.default_rng([stream, seed]) for stream in (2, 3, 4))
    n_rows, n_columns = SIZES[int(pose.integers(len(SIZES)))]
    if rows is not None and columns is not None:
        n_rows, n_columns = rows, columns
    anatomy = choose_anatomy(n_rows, n_columns, body, pose)
    side = str(body.choice(["L", "R"]))
    view = str(pose.choice(["frontal", "lateral", "oblique"]))
    marks = choose_lookalikes(anatomy, n_rows, n_columns, pose)
    broken = _choose_breaks(anatomy, n_rows, n_columns, luck) if has_fracture else {}

    beam = _draw_tissue(anatomy, marks, n_rows, n_columns, light)
    spongy = 1 + np.float32(0.22) * cloud(n_rows, n_columns, light, grain=3.0)
    for index, bone in enumerate(anatomy.bones):
        fracture = broken.get(index)
        _add_bone(beam, index, bone, marks=marks, fracture=fracture, spongy=spongy)
    grey = mark_side(collimate(expose(beam, light), pose), side, pose)
    # Eight bits, as any film in a collection has.
    pixels = (np.rint(grey * 255) / 255).astype(np.float32)
    polygons = tuple(
        cut_polygon(outline(anatomy.bones[index], fracture), n_rows, n_columns)
        for index, fracture in broken.items()
    )
    return Phantom(
        radiograph=Radiograph(pixels=pixels, source=f"phantom {seed}"),
        has_fracture=has_fracture,
        boxes=tuple(Box.around(polygon) for polygon in polygons),
        polygons=polygons,
        body_region=anatomy.body_region,
        view=view,
        hardware=marks.plate is not None,
        fracture_type="+".join(fracture.kind for fracture in broken.values()) or None,
        patient_key=f"phantom-{patient:06d}",
    )


def _choose_breaks(
    anatomy: Anatomy, n_rows: int, n_columns: int, luck: np.random.Generator
) -> dict[int, Fracture]:
    """Choose which bones break, and how, where the film shows it."""
    shown: dict[int, float] = {}
    for index in anatomy.breakable:
        bone = anatomy.bones[index]
        room = 1.5 * bone.half_width + 4.0
        places = []
        for s in (np.linspace(-0.78, 0.78, 27) * bone.half_length).tolist():
            x, y = bone.point(s, 0.0)
            if room < x < n_columns - room and room < y < n_rows - room:
                places.append(s)
        if places:
            shown[index] = float(luck.choice(places))
    # Neighbours often break together, as the two bones of a forearm do.
    n_broken = min(2 if luck.random() < 0.4 else 1, len(shown))
    first = int(luck.integers(len(shown) - n_broken + 1))
    chosen = list(shown)[first : first + n_broken]
    return {index: choose_fracture(anatomy.bones[index], shown[index], luck) for index in chosen}


def _draw_tissue(
    anatomy: Anatomy, marks: Lookalikes, n_rows: int, n_columns: int, light: np.random.Generator
) -> Floats:
    tissue = soft_tissue(
        anatomy.sleeves, n_rows, n_columns, density=float(light.uniform(0.45, 0.9))
    )
    muscle = cloud(n_rows, n_columns, light, grain=38.0)
    return fold_skin(marks, tissue * (1 + np.float32(0.05) * muscle))


def _add_bone(
    beam: Floats,
    index: int,
    bone: Bone,
    *,
    marks: Lookalikes,
    fracture: Fracture | None,
    spongy: Floats,
) -> None:
    # The one place that writes into an array it was given: the film under construction.
    margin = 0.45 * bone.half_length if fracture is not None else 4.0
    grid = window(bone, *beam.shape, margin=margin)
    if grid is None:
        return
    texture = spongy[grid.rows, grid.columns]

    def draw(s: Floats, u: Floats) -> Floats:
        return attenuate(bone, s, u, spongy=texture) * shade_bone(index, bone, marks, s, u)

    s, u = along_across(bone, grid.x, grid.y)
    drawn = draw(s, u) if fracture is None else attenuate_broken(bone, fracture, grid, draw)
    if marks.plate == index:
        drawn = drawn + screw_plate(bone, s, u)
    beam[grid.rows, grid.columns] += drawn
