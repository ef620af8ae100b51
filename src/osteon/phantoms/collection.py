"""A folder of drawn films with a table, laid out as a stranger's collection would be."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from osteon.errors import OutputFault
from osteon.phantoms.anatomy import VIEWS
from osteon.phantoms.copies import PlantedCopy, copy_phantom, plan_copies
from osteon.phantoms.phantom import Phantom, draw_phantom
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

Osteon drew them (osteon.phantoms.phantom) from the seed {seed}, for its demo and its tests. They
show nobody. Nothing measured on them says anything about patients.

films/      {n_films} films, 8-bit grey PNG
labels.csv  one row per film; boxes [[x0, y0, x1, y1], ...] and polygons [[[x, y], ...], ...] are
            in the film's pixels
"""


def write_phantoms(
    folder: Path,
    *,
    n_films: int,
    seed: int,
    n_copies: int = 0,
    progress: Progress = no_progress,
) -> None:
    """Draw a collection: `films/*.png`, `labels.csv` and a `README.txt` that says it is drawn.

    Half of the films, give or take one, show a fracture. Two patients in five have two films, which
    show one limb in two views and agree about the fracture; the others have one.

    Args:
        folder: Where to write; made where it does not exist. Files of an earlier call are replaced.
        n_films: How many different films.
        seed: The same seed gives the same files.
        n_copies: How many changed copies of them to hide among them, as `hide_copies` plans.
        progress: Called once per film.

    Raises:
        OutputFault: If the folder cannot be written to.
    """
    copies = hide_copies(n_films=n_films, n_copies=n_copies, seed=seed)
    n_files = n_films + len(copies)
    try:
        (folder / "films").mkdir(parents=True, exist_ok=True)
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as table:
            writer = csv.writer(table)
            writer.writerow(COLUMNS)
            for number, phantom in enumerate(_draw_films(_plan(n_films, seed), copies, seed)):
                path = name_film(number)
                grey = np.rint(phantom.radiograph.pixels * 255).astype(np.uint8)
                Image.fromarray(grey).save(folder / path, compress_level=1)
                writer.writerow(_row(path, phantom))
                progress("drawing films", number + 1, n_files)
        readme = _README.format(seed=seed, n_films=n_files) + _describe_copies(copies)
        (folder / "README.txt").write_text(readme, encoding="utf-8")
    except OSError as fault:
        raise OutputFault(
            str(folder),
            "must be a folder with room for the drawn films",
            advice=f"They need about {n_files * 0.15:,.0f} MB.",
        ) from fault


def hide_copies(*, n_films: int, n_copies: int, seed: int) -> tuple[PlantedCopy, ...]:
    """Return the copies that `write_phantoms` hides when it is asked for the same."""
    has_fracture = [film.has_fracture for film in _plan(n_films, seed)]
    return plan_copies(has_fracture, n_copies=n_copies, seed=seed)


def name_film(number: int) -> str:
    """Return the path of a film in a drawn collection."""
    return f"films/phantom-{number:05d}.png"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Planned:
    """A film that is to be drawn."""

    patient: int
    has_fracture: bool
    view: str


def _draw_films(
    films: Sequence[_Planned], copies: Sequence[PlantedCopy], seed: int
) -> Iterator[Phantom]:
    def draw(number: int) -> Phantom:
        film = films[number]
        return draw_phantom(
            seed * 1_000_003 + number,
            has_fracture=film.has_fracture,
            patient=film.patient,
            view=film.view,
        )

    yield from (draw(number) for number in range(len(films)))
    # A copy claims to be another patient's: only its picture tells.
    patients = np.random.default_rng([7, seed]).integers(2**31, size=len(copies))
    for copy, patient in zip(copies, patients.tolist(), strict=True):
        yield copy_phantom(draw(copy.original), copy, patient=patient)


def _describe_copies(copies: Sequence[PlantedCopy]) -> str:
    if not copies:
        return ""
    lines = [
        f"{name_film(copy.number)}  is {name_film(copy.original)}, {copy.change}"
        + (", under the wrong label" if copy.has_other_label else "")
        for copy in copies
    ]
    return "\n".join(["", "Copies hidden among them on purpose, for an audit to find:", *lines, ""])


def _plan(n_films: int, seed: int) -> list[_Planned]:
    """Choose each film's patient, whether it shows a fracture, and its view."""
    rng = np.random.default_rng([5, seed])
    films: list[_Planned] = []
    fractured = 0
    while len(films) < n_films:
        patient = int(rng.integers(2**31))
        n_of_patient = min(2 if rng.random() < 0.4 else 1, n_films - len(films))
        # Chance decides while the classes are even; after that the smaller one is filled up.
        lead = 2 * fractured - len(films)
        has_fracture = bool(rng.random() < 0.5) if lead == 0 else lead < 0
        views = rng.permutation(list(VIEWS))[:n_of_patient].tolist()
        films += [_Planned(patient=patient, has_fracture=has_fracture, view=view) for view in views]
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
