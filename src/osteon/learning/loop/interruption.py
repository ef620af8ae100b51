"""A training stops politely, and goes on with what it was begun with: its folder holds it all."""

import hashlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from osteon.collection.manifest import Manifest
from osteon.errors import CheckpointMismatch
from osteon.learning.devices import Machine
from osteon.learning.recipes import Recipe, find_recipe
from osteon.runs import RunFolder, describe_differences, hash_manifest

ADVICE: Final = (
    "Leave out what differs: `osteon train --resume RUN` needs nothing else. Or begin another run."
)


@contextmanager
def stopping_politely() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C or SIGTERM into a question for the loop; obey the second."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def remember(number: int, _frame: object) -> None:
        asked.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, remember)
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def describe_weights(path: Path | None) -> dict[str, str] | None:
    """Return what a run remembers of the weights that it began with; None without a file.

    Args:
        path: Of the weights.
    """
    if path is None:
        return None
    with path.open("rb") as file:
        return {"name": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def refuse_differences(
    run: RunFolder,
    *,
    recipe: Recipe,
    manifest: tuple[Manifest, Manifest] | None,
    init_weights: Path | None,
) -> None:
    """Make sure that a run goes on with what it was begun with.

    Args:
        run: The run, with recipe and facts.
        recipe: As it is asked for now.
        manifest: The one that is given now, and the run's; None where none is given.
        init_weights: As they are given now; None where none are.

    Raises:
        CheckpointMismatch: If anything differs; it names each difference.
    """
    told = list(_compare_recipes(recipe, find_recipe(str(run.recipe))))
    if manifest is not None and hash_manifest(manifest[0]) != hash_manifest(manifest[1]):
        given, own = manifest
        found = "; ".join(describe_differences(given.rows, own.rows, ("given", "the run's")))
        told.append(f"another collection: {found}")
    told += _compare_weights(init_weights, run.read_facts() if run.facts.is_file() else {})
    if told:
        raise CheckpointMismatch(
            str(run.path),
            "a run goes on with what it was begun with",
            found="; ".join(told),
            advice=ADVICE,
        )


def choose_machine(asked: Machine, facts: Mapping[str, Any]) -> Machine:
    """Return where to go on: as asked, and as the run began where nobody asked.

    Args:
        asked: Now.
        facts: Of the run. Precision and threads decide the last digit of every weight; how many
            devices and machines there are is asked anew.
    """
    before = facts.get("machine", {})
    kept: dict[str, Any] = {}
    if asked.accelerator == "auto" and before.get("device") == "cpu":
        kept["accelerator"] = "cpu"
    if asked.precision == "auto" and before.get("precision") in {"32-true", "bf16-mixed"}:
        kept["precision"] = before["precision"]
    if asked.threads is None and isinstance(before.get("threads"), int):
        kept["threads"] = before["threads"]
    return asked.model_copy(update=kept)


def _compare_recipes(given: Recipe, own: Recipe) -> Iterator[str]:
    ours, theirs = (dict(_flatten(one.model_dump(mode="json"))) for one in (given, own))
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            yield f"{key} {ours.get(key)!r}, the run's {theirs.get(key)!r}"


def _flatten(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _compare_weights(given: Path | None, facts: Mapping[str, Any]) -> Iterator[str]:
    # An older run does not remember them, and a file that is not there is refused by whoever reads.
    if given is None or not given.is_file() or "init_weights" not in facts:
        return
    own, now = facts["init_weights"], describe_weights(given)
    if now is not None and own is None:
        yield f"--init-weights {given.name}, the run's none"
    elif now is not None and own["sha256"] != now["sha256"]:
        yield (
            f"--init-weights {given.name} (SHA-256 {now['sha256'][:16]}), the run's {own['name']} "
            f"({own['sha256'][:16]})"
        )
