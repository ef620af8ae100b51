"""A small drawn collection, and one training run on it, shared by the tests of the jobs."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, write_manifest
from osteon.jobs.training import TrainingReport, TrainingRequest, train
from osteon.learning.devices import Machine
from tests.films import list_film

TINY = {
    "preparation.rows": "16",
    "preparation.columns": "16",
    "schedule.epochs": "3",
    "schedule.batch": "8",
    "augmentation.rotation_degrees": "0",
}
ONE_THREAD = Machine(accelerator="cpu", threads=1)


def draw_film(folder: Path, name: str, *, has_fracture: bool, seed: int) -> None:
    """Draw grey noise; a fracture is a dark bar across it, wherever it lies."""
    chance = np.random.default_rng(seed)
    pixels = chance.integers(120, 200, size=(24, 24), dtype=np.uint8)
    if has_fracture:
        row = chance.integers(4, 18)
        pixels[row : row + 4] = 0
    Image.fromarray(pixels).save(folder / name)


@pytest.fixture(scope="session")
def manifest_path(tmp_path_factory) -> Path:
    """Sixty drawn films: 36 to train, 12 to tune, 12 to test; half of each with a fracture."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for number in range(60):
        name, has_fracture = f"film{number:02}.png", number % 2 == 0
        draw_film(folder, name, has_fracture=has_fracture, seed=number)
        split = "train" if number < 36 else "tune" if number < 48 else "test"
        facts = {"has_fracture": has_fracture, "split": split, "body_region": ("hand",)}
        if has_fracture:
            facts["boxes"] = ((0.0, 4.0, 24.0, 12.0),)
        rows.append(list_film(folder, name, collection="drawn", **facts))
    path = folder.parent / f"{folder.name}.parquet"
    write_manifest(Manifest(rows=tuple(rows), root=folder, salt="s"), path)
    return path


@pytest.fixture(scope="session")
def trained(manifest_path, tmp_path_factory) -> TrainingReport:
    """A finished run on them."""
    out = tmp_path_factory.mktemp("runs") / "first"
    return train(
        TrainingRequest(
            recipe="demo", overrides=TINY, manifest=manifest_path, out=out, machine=ONE_THREAD
        )
    )
