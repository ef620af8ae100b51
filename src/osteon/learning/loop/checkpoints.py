"""Checkpoints: never half-written, never of another run, never a pickle that runs code."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from osteon.errors import CheckpointMismatch, NothingToResume, OutputFault
from osteon.files import open_whole

CHECKPOINT_VERSION = 1


def write_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint beside its place and move it there whole.

    Args:
        state: Tensors, numbers, strings, lists and dicts of them.
        path: The checkpoint's file.

    Raises:
        OutputFault: If it cannot be written; the one that stood there is left as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.*.partial"):
            left.unlink()  # by a training that was killed; only one writes here
        with open_whole(path) as file:
            torch.save({"version": CHECKPOINT_VERSION, **state}, file)
    except (OSError, RuntimeError) as fault:  # torch reports a full disk as a RuntimeError
        raise OutputFault(
            str(path),
            "the checkpoint must be writable",
            found=type(fault).__name__,
            advice="Free some space or choose another folder, then go on with --resume.",
        ) from fault


def read_checkpoint(path: Path, *, identity: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a checkpoint's state, on the CPU.

    Args:
        path: The checkpoint's file.
        identity: What it must have been made with, such as hashes of the recipe and the manifest.

    Raises:
        NothingToResume: If there is no such file.
        CheckpointMismatch: If it is broken, or was made with something else.
    """
    if not path.is_file():
        raise NothingToResume(
            str(path), "a checkpoint is needed here", advice="Train without --resume first."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of what it then refuses
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as fault:
        raise CheckpointMismatch(
            str(path), "a checkpoint that Osteon wrote is needed", found=type(fault).__name__
        ) from fault
    if state.get("version") != CHECKPOINT_VERSION:
        raise CheckpointMismatch(
            str(path),
            f"checkpoint version {CHECKPOINT_VERSION} is needed",
            found=state.get("version"),
        )
    for what, expected in (identity or {}).items():
        if state["identity"][what] != expected:
            raise CheckpointMismatch(
                str(path),
                f"the checkpoint must belong to this {what}",
                found=f"another {what}",
                advice=f"Continue with the {what} it was made with, or choose another run folder.",
            )
    return state
