"""A run folder: what was asked, what it was made from, where its parts lie; and its history."""

import csv
import hashlib
import json
import math
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from osteon.collection.manifest import Manifest
from osteon.errors import RunFault
from osteon.files import write_whole
from osteon.phantoms.collection import PHANTOM_MANUFACTURER
from osteon.terms import ManifestRow
from osteon.wording import DO_NOT_SHARE, DRAWN, say_count

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
        """
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
    """
    write_whole(path, text.encode())


def hash_manifest(manifest: Manifest) -> str:
    """Return the SHA-256 of what a training learns from: films, labels, splits, by path."""
    digest = hashlib.sha256()
    for row in manifest.rows:
        digest.update(f"{row.path}\0{row.sha256}\0{row.has_fracture}\0{row.split}\n".encode())
    return digest.hexdigest()


def describe_differences(
    theirs: Sequence[ManifestRow], ours: Sequence[ManifestRow], names: tuple[str, str]
) -> Iterator[str]:
    """Yield how two manifests differ in what a training learns from, in words.

    Args:
        theirs: Films of the one.
        ours: Films of the other.
        names: What they are called, such as "its manifest" and "the benchmark's".
    """
    its, mine = ({row.path: row for row in rows} for rows in (theirs, ours))
    kinds = [
        (f"only in {names[0]}", its.keys() - mine.keys()),
        (f"only in {names[1]}", mine.keys() - its.keys()),
    ]
    for what, fact in (
        ("of other content", "sha256"),
        ("with another label", "has_fracture"),
        ("in another split", "split"),
    ):
        both = its.keys() & mine.keys()
        kinds.append(
            (what, {one for one in both if getattr(its[one], fact) != getattr(mine[one], fact)})
        )
    for what, paths in kinds:
        if paths:
            yield f"{say_count(len(paths), 'film')} {what}, such as {min(paths)}"


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


def describe_run(facts: dict[str, Any]) -> tuple[str, ...]:
    """Return what a reader of a run's numbers must know: phantoms, leaks that were allowed."""
    notes = []
    if facts.get("drawn_phantoms"):
        notes.append(
            "The network learnt from drawn phantoms, not patients: the numbers show that the "
            "software works, and nothing about fractures."
        )
    if facts.get("leaks_allowed"):
        notes.append(
            f"Trained with --allow-leak: {facts['leaks_allowed']} groups of copies stand in "
            f"several splits, among them {facts['test_films_in_leaks']} films of the test split. "
            "The numbers reward remembering pictures and are inflated."
        )
    return tuple(notes)


LAST = 5
"""Epochs that count as the end of a run."""

PARTING = 0.05
"""Tune loss this share above its best is no noise of one epoch, if it stays there."""

RISING = 0.002
"""Tune AUROC gained per epoch over the last epochs, above which a run was still rising."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryRow:
    """One epoch. Not a number where something was not measured.

    Attributes:
        epoch: From 1.
        train_loss: Mean over the training films, as they were augmented.
        train_auroc: On the same.
        tune_loss: Mean over the tune films.
        tune_auroc: On the same.
        learning_rate: Of this epoch.
        seconds: It took.
    """

    epoch: int
    train_loss: float
    train_auroc: float
    tune_loss: float
    tune_auroc: float
    learning_rate: float
    seconds: float


def format_history(history: tuple[HistoryRow, ...]) -> str:
    """Return a history as `history.csv` holds it.

    Args:
        history: One row per epoch.
    """
    columns = [field.name for field in fields(HistoryRow)]
    lines = [",".join(columns)]
    lines += [",".join(str(getattr(row, name)) for name in columns) for row in history]
    return "\n".join(lines) + "\n"


def parse_history(text: str) -> tuple[HistoryRow, ...]:
    """Return the rows of a `history.csv`.

    Args:
        text: The file's text, with a header; further columns are passed over, empty cells are not
            a number.

    Raises:
        RunFault: If a column is missing or a cell is no number.
    """
    names = [field.name for field in fields(HistoryRow)]
    reader = csv.DictReader(text.splitlines())
    missing = [name for name in names if name not in (reader.fieldnames or ())]
    if missing:
        raise RunFault("history.csv", "must have the columns " + ", ".join(names), found=missing)
    rows = []
    for number, line in enumerate(reader, start=2):
        try:
            cells = {name: float(line[name] or "nan") for name in names[1:]}
            rows.append(HistoryRow(epoch=int(line["epoch"]), **cells))
        except (TypeError, ValueError):
            raise RunFault(f"history.csv, line {number}", "must hold numbers", found=line) from None
    return tuple(rows)


def describe_history(rows: Sequence[HistoryRow]) -> tuple[str, ...]:
    """Return whole sentences: where it peaked, whether it overfits, how steady it was, its cost.

    Args:
        rows: One per epoch, in order.

    Returns:
        Sentences with their numbers, for a person.
    """
    if not rows:
        return ("No epoch was finished.",)
    if len(rows) == 1:
        only = rows[0]
        said = (
            f"One epoch only: tune AUROC {_say(only.tune_auroc)}, tune loss"
            f" {_say(only.tune_loss)}; its course cannot be judged."
        )
        return said, _describe_cost(rows)
    sentences = (
        _describe_peak(rows),
        _describe_parting(rows),
        _describe_steadiness(rows),
        _describe_cost(rows),
    )
    return tuple(sentence for sentence in sentences if sentence)


def find_peak(rows: Sequence[HistoryRow]) -> HistoryRow | None:
    """Return the epoch with the highest tune AUROC, the first of equals; None where none has one.

    Args:
        rows: One per epoch.
    """
    measured = [row for row in rows if not math.isnan(row.tune_auroc)]
    return max(measured, key=lambda row: row.tune_auroc, default=None)


def find_parting(rows: Sequence[HistoryRow]) -> HistoryRow | None:
    """Return the epoch from which a training overfits, or None where it does not.

    From there to the end the tune loss stays clearly above its best, for two epochs or more, while
    the training loss has gone on falling.

    Args:
        rows: One per epoch, in order.
    """
    measured = [row for row in rows if not math.isnan(row.tune_loss)]
    if len(measured) < 3:
        return None
    best = min(measured, key=lambda row: row.tune_loss)
    bound = best.tune_loss + PARTING * abs(best.tune_loss)
    after = [row for row in measured if row.epoch > best.epoch]
    parted: list[HistoryRow] = []
    for row in reversed(after):
        if row.tune_loss <= bound:
            break
        parted.append(row)
    if len(parted) < 2:
        return None
    still_learning = np.median([row.train_loss for row in parted]) < best.train_loss
    return parted[-1] if still_learning else None


def _describe_peak(rows: Sequence[HistoryRow]) -> str:
    peak = find_peak(rows)
    if peak is None:
        return "Tune AUROC was never defined: the tune films are all alike."
    said = f"Tune AUROC peaked at {_say(peak.tune_auroc)} in epoch {peak.epoch} of {len(rows)}"
    waited = rows[-1].epoch - peak.epoch
    if waited > 1:
        return f"{said}; the {waited} epochs after it brought nothing better."
    end = [row.tune_auroc for row in rows[-LAST:] if not math.isnan(row.tune_auroc)]
    slope = float(np.polyfit(np.arange(len(end)), end, 1)[0]) if len(end) > 1 else 0.0
    if slope > RISING:
        return f"{said}, and was still rising by {_say(slope)} per epoch: more epochs may help."
    return f"{said}, at the very end, but on a level: more epochs may not help."


def _describe_parting(rows: Sequence[HistoryRow]) -> str:
    last, parting = rows[-1], find_parting(rows)
    if parting is not None:
        best = min(
            (row for row in rows if not math.isnan(row.tune_loss)), key=lambda row: row.tune_loss
        )
        return (
            f"It overfits from epoch {parting.epoch} on: since epoch {best.epoch}"
            f" training loss fell from {_say(best.train_loss)} to {_say(last.train_loss)} while"
            f" tune loss rose from {_say(best.tune_loss)} to {_say(last.tune_loss)}."
        )
    return (
        f"No overfitting is seen: the last epoch has a loss of"
        f" {_say(last.train_loss)} in training and {_say(last.tune_loss)} on tune, an AUROC of"
        f" {_say(last.train_auroc)} and {_say(last.tune_auroc)}."
    )


def _describe_steadiness(rows: Sequence[HistoryRow]) -> str:
    steps = [
        (before.tune_auroc - after.tune_auroc, before.epoch, after.epoch)
        for before, after in pairwise(rows)
        if not math.isnan(before.tune_auroc - after.tune_auroc)
    ]
    if not steps:
        return ""
    drop, left, right = max(steps)
    fell = "Tune AUROC never fell from one epoch to the next"
    if drop > 0:
        fell = f"The largest fall of tune AUROC was {_say(drop)}, from epoch {left} to {right}"
    end = [row.tune_auroc for row in rows[-LAST:] if not math.isnan(row.tune_auroc)]
    if not end:
        return f"{fell}."
    return f"{fell}; over the last {len(end)} it lay between {_say(min(end))} and {_say(max(end))}."


def _describe_cost(rows: Sequence[HistoryRow]) -> str:
    spent = sum(row.seconds for row in rows)
    n_cuts = sum(after.learning_rate < before.learning_rate for before, after in pairwise(rows))
    said = f"{say_count(len(rows), 'epoch')} took {_say_time(spent)}"
    if len(rows) > 1:
        said += f", {_say_time(spent / len(rows))} each"
    if n_cuts:
        how_often = "once" if n_cuts == 1 else f"{n_cuts} times"
        said += (
            f"; the learning rate was lowered {how_often}, from"
            f" {rows[0].learning_rate:.3g} to {rows[-1].learning_rate:.3g}"
        )
    return said + "."


def _say(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.3f}"


def _say_time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
