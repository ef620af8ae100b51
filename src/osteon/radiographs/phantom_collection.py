"""A folder of drawn films with a table, laid out as a stranger's collection would be."""

import csv
import json
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from osteon.errors import OutputFault
from osteon.radiographs.phantom import Phantom, draw_phantom
from osteon.terms import Progress, no_progress

COLUMNS: Final = (
    "path",
    "label",
    "patient",
    "region",
    "view",
    "hardware",
    "manufacturer",
    "fracture_type",
    "boxes",
    "polygons",
)
"""Columns of `labels.csv`; `boxes` and `polygons` are JSON."""

PHANTOM_MANUFACTURER: Final = "Osteon phantom"
"""What made these films: the manifest carries it, so that every number says they were drawn."""

_README: Final = """\
These films are drawn, not taken.

Osteon drew them (osteon.radiographs.phantom) from the seed {seed}, for its demo and its tests. They
show nobody. Nothing measured on them says anything about patients.

films/      {n_films} films, 8-bit grey PNG
labels.csv  one row per film; boxes [[x0, y0, x1, y1], ...] and polygons [[[x, y], ...], ...] are
            in the film's pixels
"""


def write_phantoms(
    folder: Path, *, n_films: int, seed: int, progress: Progress = no_progress
) -> None:
    """Draw a collection: `films/*.png`, `labels.csv` and a `README.txt` that says it is drawn.

    Half of the films, give or take one, show a fracture. Two patients in five have two films, which
    show one limb and agree about the fracture; the others have one.

    Args:
        folder: Where to write; made where it does not exist. Files of an earlier call are replaced.
        n_films: How many films.
        seed: The same seed gives the same files.
        progress: Called once per film.

    Raises:
        OutputFault: If the folder cannot be written to.
    """
    films = folder / "films"
    try:
        films.mkdir(parents=True, exist_ok=True)
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as table:
            writer = csv.writer(table)
            writer.writerow(COLUMNS)
            for number, (patient, has_fracture) in enumerate(_plan(n_films, seed)):
                phantom = draw_phantom(
                    seed * 1_000_003 + number, has_fracture=has_fracture, patient=patient
                )
                path = f"films/phantom-{number:05d}.png"
                grey = np.rint(phantom.radiograph.pixels * 255).astype(np.uint8)
                Image.fromarray(grey).save(folder / path, compress_level=1)
                writer.writerow(_row(path, phantom))
                progress("drawing films", number + 1, n_films)
        readme = _README.format(seed=seed, n_films=n_films)
        (folder / "README.txt").write_text(readme, encoding="utf-8")
    except OSError as fault:
        raise OutputFault(
            str(folder),
            "must be a folder with room for the drawn films",
            advice=f"They need about {n_films * 0.15:,.0f} MB.",
        ) from fault


def _plan(n_films: int, seed: int) -> list[tuple[int, bool]]:
    """Return each film's patient and whether it shows a fracture."""
    rng = np.random.default_rng([5, seed])
    films: list[tuple[int, bool]] = []
    fractured = 0
    while len(films) < n_films:
        patient = int(rng.integers(2**31))
        n_of_patient = min(2 if rng.random() < 0.4 else 1, n_films - len(films))
        # Chance decides while the classes are even; after that the smaller one is filled up.
        lead = 2 * fractured - len(films)
        has_fracture = bool(rng.random() < 0.5) if lead == 0 else lead < 0
        films += [(patient, has_fracture)] * n_of_patient
        fractured += n_of_patient * has_fracture
    return films


def _row(path: str, phantom: Phantom) -> tuple[str, ...]:
    boxes = [[round(value, 1) for value in box] for box in phantom.boxes]
    polygons = [[[round(x, 1), round(y, 1)] for x, y in corners] for corners in phantom.polygons]
    return (
        path,
        "fracture" if phantom.has_fracture else "no fracture",
        phantom.patient_key,
        phantom.body_region,
        phantom.view,
        "1" if phantom.hardware else "0",
        PHANTOM_MANUFACTURER,
        phantom.fracture_type or "",
        json.dumps(boxes),
        json.dumps(polygons),
    )
