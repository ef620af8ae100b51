"""Which copies of its films does a release know again, and which strangers does it take for them?

    python benchmarks/recognition.py split.parquet --other other.parquet

Each twelfth film of the split is copied in the ways that films are passed on, and each copy is held
against the list that a release of the split would hold. Films of other groups that would be taken
for one another are counted in the split itself; with `--other`, films of another collection that
would be left out. Prints a table in Markdown; ends with 0.
"""

import io
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image

from osteon.collection.groups import take_each_file_once
from osteon.collection.manifest import Manifest, read_manifest
from osteon.errors import FilmFault
from osteon.radiographs.films import read_grey
from osteon.radiographs.raster import read_film_bytes
from osteon.radiographs.recognition import (
    MAX_DISTANCE,
    Looks,
    count_bits,
    measure_likenesses,
    measure_look,
)
from osteon.statistics.intervals import Proportion
from osteon.terms import ManifestRow, Pixels8

EVERY: Final = 12
"""Films between two that are copied."""

Change = Callable[[Pixels8], Pixels8]


def save_again(quality: int) -> Change:
    """Return a change that saves a film as JPEG."""

    def change(grey: Pixels8) -> Pixels8:
        buffer = io.BytesIO()
        Image.fromarray(grey).save(buffer, "JPEG", quality=quality)
        return np.asarray(Image.open(buffer))

    return change


def resize(grey: Pixels8, size: tuple[int, int]) -> Pixels8:
    """Return a film of another size, (columns, rows)."""
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS))


def curve(power: float, low: float = 0.0, high: float = 1.0) -> Change:
    """Return a change of greys: a window, and a power of what is in it."""
    greys = np.clip((np.arange(256) / 255 - low) / (high - low), 0, 1) ** power
    return lambda grey: np.rint(255 * greys).astype(np.uint8)[grey]


def cut(share: float) -> Change:
    """Return a change that cuts a share of each side away."""

    def change(grey: Pixels8) -> Pixels8:
        down, across = (round(side * share) for side in grey.shape)
        return grey[down : grey.shape[0] - down, across : grey.shape[1] - across]

    return change


def turn(degrees: float) -> Change:
    """Return a change that turns a film, with black corners."""
    return lambda grey: np.asarray(Image.fromarray(grey).rotate(degrees, Image.Resampling.BILINEAR))


def pad(grey: Pixels8) -> Pixels8:
    """Return a film padded with black to a square."""
    side, (rows, columns) = max(grey.shape), grey.shape
    padded = np.zeros((side, side), np.uint8)
    top, left = (side - rows) // 2, (side - columns) // 2
    padded[top : top + rows, left : left + columns] = grey
    return padded


def write_on(grey: Pixels8) -> Pixels8:
    """Return a film with a white label over a fifth of its width."""
    labelled = grey.copy()
    labelled[5 : 5 + grey.shape[0] // 12, 5 : 5 + grey.shape[1] // 5] = 255
    return labelled


CHANGES: Final[dict[str, Change]] = {
    "saved as JPEG at 75": save_again(75),
    "saved as JPEG at 25": save_again(25),
    "half its size": lambda grey: resize(grey, (grey.shape[1] // 2, grey.shape[0] // 2)),
    "squeezed to 224 x 224": lambda grey: resize(grey, (224, 224)),
    "blurred, sigma 2": lambda grey: np.asarray(cv2.GaussianBlur(grey, (0, 0), 2)),
    "mirrored": lambda grey: np.ascontiguousarray(grey[:, ::-1]),
    "turned by 90 degrees": lambda grey: np.ascontiguousarray(np.rot90(grey)),
    "a negative": lambda grey: 255 - grey,
    "brighter": lambda grey: (0.8 * grey + 38).astype(np.uint8),
    "gamma 0.7": curve(0.7),
    "gamma 1.5": curve(1.5),
    "a window of 60 % of the greys": curve(1.0, 0.15, 0.75),
    "CLAHE": lambda grey: np.asarray(cv2.createCLAHE(2.0, (8, 8)).apply(grey)),
    "padded to a square": pad,
    "cut by 1 % of each side": cut(0.01),
    "cut by 2 %": cut(0.02),
    "cut by 5 %": cut(0.05),
    "turned by 1 degree": turn(1),
    "turned by 3 degrees": turn(3),
    "a white label over it": write_on,
    "equalised": lambda grey: np.asarray(cv2.equalizeHist(grey)),
}


def open_films(manifest: Manifest, *, placed: bool) -> list[tuple[ManifestRow, Pixels8]]:
    """Return films that open, each file once: the placed ones, or all."""
    films = []
    for row in take_each_file_once(manifest.rows):
        if row.state != "readable" or (placed and row.split is None):
            continue
        try:
            data = read_film_bytes(manifest.films_path(row))
            films.append((row, read_grey(data, source=row.path)))
        except FilmFault:
            continue
    return films


def nearest(grey: Pixels8, looks: Looks) -> np.ndarray:
    """Return in how many bits a film differs from each look, however it is turned."""
    likenesses = measure_likenesses(grey)
    if not len(likenesses):
        return np.full(len(looks), np.inf)
    return count_bits(likenesses, looks).min(axis=0)


def describe(name: str, hits: Sequence[bool]) -> str:
    """Return a share as a row of the table."""
    share = Proportion(hits=int(sum(hits)), n=len(hits))
    low, high = share.interval().low, share.interval().high
    return (
        f"| {name} | {100 * share.hits / share.n:.1f} % | {share.hits:,} of {share.n:,} | "
        f"{100 * low:.1f} to {100 * high:.1f} % |"
    )


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code."""
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--other", type=Path)
    asked = parser.parse_args(arguments)
    films = [
        (row, grey, look)
        for row, grey in open_films(read_manifest(asked.manifest), placed=True)
        if len(look := measure_look(grey))
    ]
    looks = np.concatenate([look for _, _, look in films])
    groups = np.array([row.group or row.sha256 for row, _, _ in films])
    print(
        "| copy, or other film | known again | films | 95 % interval |\n| --- | --- | --- | --- |"
    )
    for name, change in CHANGES.items():
        hits = [
            bool(nearest(change(grey), looks[place : place + 1])[0] <= MAX_DISTANCE)
            for place, (_, grey, _) in enumerate(films)
            if place % EVERY == 0
        ]
        print(describe(name, hits), flush=True)
    strangers = [
        bool((nearest(grey, looks)[groups != groups[place]] <= MAX_DISTANCE).any())
        for place, (_, grey, _) in enumerate(films)
    ]
    print(describe("a film of another group", strangers), flush=True)
    if asked.other is not None:
        others = open_films(read_manifest(asked.other), placed=False)
        found = [bool((nearest(grey, looks) <= MAX_DISTANCE).any()) for _, grey in others]
        print(describe("a film of the other collection", found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
