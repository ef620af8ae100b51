"""Films that the audit's tests draw, write and list."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from osteon.collection.manifest import Manifest
from osteon.terms import ManifestRow, Pixels8

SIZE = (240, 200)


def draw_film(seed: int, size: tuple[int, int] = SIZE) -> Pixels8:
    """Draw a film that no other seed gives: blobs and edges, without symmetry."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (12, 10)).astype(np.float32)
    fine = rng.normal(0, 40, (48, 40)).astype(np.float32)
    grey = sum(cv2.resize(own, size[::-1], interpolation=cv2.INTER_CUBIC) for own in (coarse, fine))
    return np.clip(grey, 0, 255).astype(np.uint8)


def turn_film(grey: Pixels8, angle_deg: float, *, is_mirrored: bool = False) -> Pixels8:
    """Turn a film counter-clockwise, with black corners."""
    rows, columns = grey.shape
    turn = cv2.getRotationMatrix2D(((columns - 1) / 2, (rows - 1) / 2), angle_deg, 1.0)
    film = np.ascontiguousarray(grey[:, ::-1]) if is_mirrored else grey
    return np.asarray(cv2.warpAffine(film, turn, (columns, rows)), dtype=np.uint8)


def write_film(path: Path, grey: Pixels8) -> Path:
    """Write a film where it does not exist yet, in the format that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(grey).save(path)
    return path


def write_classes(root: Path, n_each: int, *, seed: int) -> None:
    """Write two class folders of noise: `fractured/f00.png` on, `not fractured/n00.png` on."""
    rng = np.random.default_rng(seed)
    for name in ("fractured", "not fractured"):
        for number in range(n_each):
            noise = rng.integers(0, 255, (24, 20), dtype=np.uint8)
            write_film(root / name / f"{name[0]}{number:02}.png", noise)


def list_film(root: Path, path: str, **facts: object) -> ManifestRow:
    """Return the manifest's row of a film that was written."""
    sha256 = hashlib.sha256((root / path).read_bytes()).hexdigest()
    with Image.open(root / path) as image:
        columns, rows = image.size
    known = {"rows": rows, "columns": columns, "has_fracture": False} | facts
    return ManifestRow(path=path, film_id=sha256[:16], sha256=sha256, **known)


def list_films(root: Path, facts: dict[str, dict[str, object]] | Sequence[str]) -> Manifest:
    """Return the manifest of films that were written, with what is known of each."""
    known = facts if isinstance(facts, dict) else {name: {} for name in facts}
    rows = tuple(list_film(root, path, **own) for path, own in known.items())
    return Manifest(rows=rows, root=root)
