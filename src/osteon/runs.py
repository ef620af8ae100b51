"""A run folder: what was asked, what it was made from, and where its parts lie."""

import hashlib
import json
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from osteon.collection.manifest import Manifest
from osteon.errors import RunFault
from osteon.files import write_whole
from osteon.phantoms.collection import PHANTOM_MANUFACTURER
from osteon.wording import DO_NOT_SHARE, DRAWN

PACKAGES = ("osteon", "numpy", "onnxruntime", "torch", "torchvision", "timm", "kornia", "pillow")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFolder:
    """The parts of `runs/NAME`, which need not exist yet."""

    path: Path

    @property
    def recipe(self) -> Path:
        """What was asked, with every default filled in."""
        return self.path / "recipe.toml"

    @property
    def manifest(self) -> Path:
        """The films it used, with split and content hash."""
        return self.path / "manifest.parquet"

    @property
    def facts(self) -> Path:
        """Versions, hashes, machine, and how the training ended."""
        return self.path / "run.json"

    @property
    def history(self) -> Path:
        """One line per epoch."""
        return self.path / "history.csv"

    @property
    def checkpoints(self) -> Path:
        """Holds `best.ckpt` and `last.ckpt`."""
        return self.path / "checkpoints"

    @property
    def network(self) -> Path:
        """What is evaluated."""
        return self.path / "models" / "best_model.onnx"

    @property
    def operating_point(self) -> Path:
        """The threshold, and the films it was chosen on."""
        return self.path / "operating_point.json"

    def read_facts(self) -> dict[str, Any]:
        """Return the contents of `run.json`.

        Raises:
            RunFault: If this is no run folder.
        """  # noqa: DOC502 — raised by the function called
        return read_json(self.facts)


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file of a run.

    Raises:
        RunFault: If it is missing or not JSON.
    """
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise RunFault(
            str(path),
            "a file that `osteon train` wrote is needed here",
            found=type(fault).__name__,
            advice="Is this the folder of a finished run?",
        ) from fault
    return facts


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        OutputFault: If the place cannot be written.
    """  # noqa: DOC502 — raised by the function called
    write_whole(path, text.encode())


def hash_manifest(manifest: Manifest) -> str:
    """Return the SHA-256 of what a training learns from: films, labels, splits, by path."""
    digest = hashlib.sha256()
    for row in manifest.rows:
        digest.update(f"{row.path}\0{row.sha256}\0{row.has_fracture}\0{row.split}\n".encode())
    return digest.hexdigest()


def is_drawn(manifest: Manifest) -> bool:
    """Return whether a collection holds drawn phantoms, which say nothing about patients."""
    return any(row.manufacturer == PHANTOM_MANUFACTURER for row in manifest.rows)


def footnote_pictures(manifest: Manifest) -> str:
    """Return what is written below pictures of a collection's films.

    Args:
        manifest: The films that are shown; a single one that is not drawn is a patient's.
    """
    are_drawn = all(row.manufacturer == PHANTOM_MANUFACTURER for row in manifest.rows)
    return DRAWN if are_drawn else DO_NOT_SHARE


def describe_versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    found = {"python": platform.python_version(), "system": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
