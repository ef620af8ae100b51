"""A small drawn collection, and one training run on it, shared by the tests of the jobs."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, write_manifest
from osteon.jobs.train import TrainingReport, TrainingRequest, train
from osteon.learning.devices import Machine
from osteon.phantoms.phantom import draw_phantom
from tests.films import list_film
from tests.rows import audited

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
    write_manifest(audited(Manifest(rows=tuple(rows), root=folder, salt="s")), path)
    return path


@pytest.fixture(scope="session")
def trained(manifest_path, tmp_path_factory) -> TrainingReport:
    """A finished run on them."""
    out = tmp_path_factory.mktemp("runs") / "first"
    return train(
        TrainingRequest(
            recipe="cnn4-small", overrides=TINY, manifest=manifest_path, out=out, machine=ONE_THREAD
        )
    )


@pytest.fixture(scope="session")
def limbs_path(tmp_path_factory) -> Path:
    """Drawn limbs that the guards let pass, 200 films: 48 to train, 32 to tune, 120 to test.

    A "fracture" is a dark bar, which a small network learns in no time, and it is boxed.
    """
    folder = tmp_path_factory.mktemp("limbs")
    limbs = [
        draw_phantom(seed, has_fracture=False, rows=120, columns=100).radiograph.pixels
        for seed in (1, 11, 18, 19, 20, 25, 26, 29, 36, 58)
    ]
    rows = []
    for number in range(200):
        name, has_fracture = f"limb{number:03}.png", number % 2 == 0
        chance = np.random.default_rng(number)
        pixels = np.rint(limbs[number // 2 % 10] * 235).astype(np.int64)
        pixels = pixels + chance.integers(0, 6, pixels.shape)
        facts = {"has_fracture": has_fracture, "body_region": ("hand",)}
        if has_fracture:
            top = int(chance.integers(30, 80))
            pixels[top : top + 14] //= 2
            facts["boxes"] = ((0.0, float(top), 100.0, top + 14.0),)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name)
        split = "train" if number < 48 else "tune" if number < 80 else "test"
        rows.append(list_film(folder, name, collection="limbs", split=split, **facts))
    path = folder.parent / f"{folder.name}.parquet"
    write_manifest(audited(Manifest(rows=tuple(rows), root=folder, salt="s")), path)
    return path


@pytest.fixture(scope="session")
def trained_on_limbs(limbs_path, tmp_path_factory) -> TrainingReport:
    """A finished run on them."""
    out = tmp_path_factory.mktemp("runs") / "limbs"
    small = TINY | {
        "preparation.rows": "48",
        "preparation.columns": "48",
        "schedule.epochs": "8",
        "optimiser.learning_rate": "0.003",
    }
    return train(
        TrainingRequest(
            recipe="cnn4-small", overrides=small, manifest=limbs_path, out=out, machine=ONE_THREAD
        )
    )
