"""Checkpoints: never half-written, never of another run, never a pickle that runs code."""

import os
import pickle
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from osteon.errors import CheckpointMismatch, NothingToResume, OutputFault
from osteon.learning.recipes import Recipe

CHECKPOINT_VERSION = 1


def write_checkpoint(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint beside its place and move it there whole.

    Args:
        state: Tensors, numbers, strings, lists and dicts of them.
        path: The checkpoint's file.

    Raises:
        OutputFault: If it cannot be written; the one that stood there is left as it was.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save({"version": CHECKPOINT_VERSION, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as fault:  # torch reports a full disk as a RuntimeError
        with suppress(OSError):
            part.unlink(missing_ok=True)
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


def continue_recipe(asked: Recipe, begun: Recipe, *, is_changed: bool, where: str) -> Recipe:
    """Return the recipe that a stopped run goes on with: the one it was begun with.

    Args:
        asked: What a person names now.
        begun: The run's own, with all that was changed in it.
        is_changed: Whether the person names changes of the recipe now.
        where: The run's recipe; starts a refusal.

    Raises:
        CheckpointMismatch: If the person wants another recipe; the keys that differ are named.
    """
    if asked.name == begun.name and not is_changed:
        return begun
    one, two = (_flatten(recipe.model_dump(mode="json")) for recipe in (asked, begun))
    differing = [key for key in one | two if one.get(key) != two.get(key)]
    if differing:
        raise CheckpointMismatch(
            where,
            "a run goes on with the recipe that it was begun with",
            found=f"another recipe: other values of {', '.join(differing)}",
            advice="Leave --set out and name the same recipe: the run's own recipe.toml is used.",
        )
    return begun


def _flatten(table: Mapping[str, object]) -> dict[str, object]:
    """Return a recipe's values by their keys with dots."""
    flat: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{inner}": one for inner, one in _flatten(value).items()}
        else:
            flat[key] = value
    return flat
