"""Drawn radiographs with known fractures, for the demo and the tests.

They are drawn, not taken: nothing measured on them says anything about patients.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from osteon.geometry import Box, Polygon
from osteon.phantoms.anatomy import VIEWS, Anatomy, choose_anatomy
from osteon.phantoms.bones import Bone, along_across, attenuate, window
from osteon.phantoms.film import (
    Collimation,
    choose_collimation,
    cloud,
    collimate,
    expose,
    mark_side,
    soft_tissue,
    streaks,
)
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
    view: str | None = None,
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
        view: "frontal", "lateral" or "oblique"; chosen if None.

    Returns:
        The film, with what is known about it.
    """
    patient = seed if patient is None else patient
    body = np.random.default_rng([1, patient])
    pose, light, luck = (np.random.default_rng([stream, seed]) for stream in (2, 3, 4))
    n_rows, n_columns = SIZES[int(pose.integers(len(SIZES)))]
    if rows is not None and columns is not None:
        n_rows, n_columns = rows, columns
    chosen_view = str(pose.choice(list(VIEWS)))
    view = view or chosen_view
    side = str(body.choice(["L", "R"]))
    anatomy = choose_anatomy(n_rows, n_columns, view, body, pose)
    marks = choose_lookalikes(anatomy, n_rows, n_columns, pose)
    collimation = choose_collimation(pose)
    broken = _choose_breaks(anatomy, collimation, n_rows, n_columns, luck) if has_fracture else {}

    beam = _draw_tissue(anatomy, marks, n_rows, n_columns, light)
    spongy = _draw_sponge(n_rows, n_columns, light)
    for index, bone in enumerate(anatomy.bones):
        fracture = broken.get(index)
        _add_bone(beam, index, bone, marks=marks, fracture=fracture, spongy=spongy)
    grey = mark_side(collimate(expose(beam, light), collimation), side, pose)
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
    anatomy: Anatomy,
    collimation: Collimation,
    n_rows: int,
    n_columns: int,
    luck: np.random.Generator,
) -> dict[int, Fracture]:
    """Choose which bones break, and how, where the film shows it."""
    shown: dict[int, float] = {}
    clearest = (-np.inf, 0, 0.0)
    for index in anatomy.breakable:
        bone = anatomy.bones[index]
        places = np.linspace(-0.78, 0.78, 27, dtype=np.float32) * np.float32(bone.half_length)
        x, y = bone.points(places, np.zeros_like(places))
        edges = np.stack([x, n_columns - x, y, n_rows - y])
        clear = np.minimum(edges.min(axis=0), collimation.reach(x, y, n_rows, n_columns))
        best = int(clear.argmax())
        clearest = max(clearest, (float(clear[best]), index, float(places[best])))
        seen = places[clear > _room(bone)]
        if seen.size:
            shown[index] = float(luck.choice(seen))
    if not shown:
        shown[clearest[1]] = clearest[2]
    # Neighbours often break together, as the two bones of a forearm do.
    n_broken = min(2 if luck.random() < 0.4 else 1, len(shown))
    first = int(luck.integers(len(shown) - n_broken + 1))
    chosen = list(shown)[first : first + n_broken]
    return {index: choose_fracture(anatomy.bones[index], shown[index], luck) for index in chosen}


def _room(bone: Bone) -> float:
    """Return how far from what the film does not show a fracture's middle must lie."""
    return 1.5 * bone.half_width + 4.0


def _draw_sponge(n_rows: int, n_columns: int, light: np.random.Generator) -> Floats:
    """Return the texture of this film's bones, around 1: trabeculae, and what is coarser."""
    fine = cloud(n_rows, n_columns, light, grain=(float(light.uniform(2.2, 3.8)),) * 2)
    strands = streaks(n_rows, n_columns, light, grain=float(light.uniform(3.5, 6.0)))
    patches = streaks(n_rows, n_columns, light, grain=float(light.uniform(10.0, 18.0)))
    fine_share, coarse_share = light.uniform(0.12, 0.24), light.uniform(0.08, 0.2)
    sponge: Floats = (
        1
        + np.float32(fine_share) * fine
        + np.float32(coarse_share) * strands
        + np.float32(0.14) * patches
    )
    return sponge


def _draw_tissue(
    anatomy: Anatomy, marks: Lookalikes, n_rows: int, n_columns: int, light: np.random.Generator
) -> Floats:
    tissue = soft_tissue(
        anatomy.sleeves, n_rows, n_columns, density=float(light.uniform(0.35, 0.95))
    )
    muscle = streaks(n_rows, n_columns, light, grain=float(light.uniform(22.0, 46.0)))
    strands = streaks(n_rows, n_columns, light, grain=float(light.uniform(7.0, 14.0)))
    uneven = np.float32(light.uniform(0.03, 0.1)) * muscle
    uneven += np.float32(light.uniform(0.015, 0.045)) * strands
    return fold_skin(marks, tissue * (1 + uneven))


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
