"""A recipe and a collection become a run folder with a network that can be read with."""

import hashlib
import json
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from osteon.collection.cache import Cache, build_cache
from osteon.collection.groups import choose_counted, take_each_file_once
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.collection.splits import describe_split
from osteon.collection.stamps import describe_independence
from osteon.errors import LeakFound, ManifestFault, OneClassOnly, OutputFault
from osteon.evaluation.operating_point import OperatingPoint, choose_threshold
from osteon.history import HistoryRow
from osteon.inference.network import Network
from osteon.learning.data.loader import FilmStack, stack_films
from osteon.learning.devices import Machine, build_fabric
from osteon.learning.export.onnx import export_onnx
from osteon.learning.loop.checkpoints import continue_recipe
from osteon.learning.loop.training import Listeners, Training, TrainingOutcome
from osteon.learning.networks.build import build_network
from osteon.learning.recipes import Recipe, find_recipe, name_evidence, write_recipe
from osteon.machine import name_cpu
from osteon.radiographs.preparation import scale_pixels
from osteon.release import NetworkCard
from osteon.release.card import Independence
from osteon.runs import RunFolder, describe_versions, hash_manifest, is_drawn, write_text
from osteon.terms import SPLITS, Flaw, ManifestRow, Progress, Split, no_progress

FILMS_FOR_PARITY = 256
LEARNT_FROM: tuple[Split, ...] = ("train", "tune")
HISTORY_COLUMNS = tuple(HistoryRow.__dataclass_fields__)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingRequest:
    """What a person asked for.

    Attributes:
        recipe: Name of a recipe of the package, or a TOML file.
        overrides: Recipe keys with dots, and their TOML values; a run that goes on needs none.
        manifest: The collection, split.
        films: Where its films lie, if not where the manifest says.
        out: The run folder.
        resume: Continue a run that was stopped.
        init_weights: ImageNet weights from a file instead of a download.
        allow_leak: Train although copies cross the splits; every result will say so.
        machine: Where to train.
    """

    recipe: str
    manifest: Path
    out: Path
    overrides: Mapping[str, str] = field(default_factory=dict)
    films: Path | None = None
    resume: bool = False
    init_weights: Path | None = None
    allow_leak: bool = False
    machine: Machine = field(default_factory=Machine)


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingReport:
    """How a training went.

    Attributes:
        run: Its folder.
        ended: "all epochs", "no better tune AUROC" or "stopped".
        history: One row per finished epoch.
        best_epoch: Its weights are in the exported network; 0 where no epoch was finished.
        network: The exported network; None where no epoch was finished.
        operating_point: Chosen on tune; None likewise.
        n_set_aside: Films of the manifest that could not be used.
        n_leaks: Groups that cross the splits, allowed by the person.
        n_copies: Files of train and tune that are equal to another of them, byte for byte: a film
            is learnt from once.
        independence: Of the placed films: did one audit search all of them for copies?
    """

    run: Path
    ended: str
    history: tuple[HistoryRow, ...]
    best_epoch: int
    network: Path | None
    operating_point: OperatingPoint | None
    n_set_aside: int
    n_leaks: int
    n_copies: int
    independence: Independence


def train(
    request: TrainingRequest,
    *,
    progress: Progress = no_progress,
    epoch_ended: Callable[[HistoryRow], None] = lambda _: None,
) -> TrainingReport:
    """Train a network, export the best weights, and choose its operating point on tune.

    Args:
        request: What was asked.
        progress: Told of every step of long work.
        epoch_ended: Given each epoch's row as it ends.

    Raises:
        SettingsFault: If the recipe or an option is impossible.
        ManifestFault: If the collection has no splits to train on.
        OneClassOnly: If a split holds films of one class only.
        LeakFound: If copies cross the splits, unless that was allowed.
        OutputFault: If the run folder is taken, or cannot be written.
        NothingToResume: If there is no run to resume.
        CheckpointMismatch: If the run to resume is of another recipe or collection.
        TrainingDiverged: If the loss is not a finite number.
        ParityBroken: If the exported network disagrees with the trained one.
    """  # noqa: DOC502 — raised by the functions called
    run = RunFolder(path=request.out)
    recipe = _choose_recipe(request)
    manifest = read_manifest(request.manifest, films=request.films)
    leaks = _check_collection(manifest, request)
    if run.facts.exists() and not request.resume:
        raise OutputFault(
            str(request.out),
            "the run folder must be new",
            found="a run",
            advice="Continue it with --resume, or choose another name.",
        )
    training = _start(request, recipe, manifest)
    training.fabric.barrier()  # nobody writes before every process has seen that the run is new
    with training.fabric.rank_zero_first():
        cache = build_cache(
            manifest, recipe.preparation, request.out.parent / "cache", progress=progress
        )
    stacks = _stack(
        manifest,
        cache,
        training.fabric.device,
        with_places=bool(recipe.network.localiser_width),
    )
    facts = {
        **_describe(recipe, manifest, cache, leaks),
        "machine": {
            "device": str(training.fabric.device),
            "cpu": name_cpu(),
            "devices": training.fabric.world_size,
            "precision": str(training.fabric._precision.precision),  # noqa: SLF001 — no public name
            "threads": torch.get_num_threads(),
        },
    }
    if training.fabric.is_global_zero:
        write_text(run.recipe, write_recipe(recipe))
        write_manifest(manifest, run.manifest)
        _write_facts(run, {**facts, "ended": "not yet"})
    outcome = _learn(training, stacks, run, progress=progress, epoch_ended=epoch_ended)
    point = None
    if outcome.best_epoch and training.fabric.is_global_zero:
        point = _export(training, recipe, manifest, cache, run)
    if training.fabric.is_global_zero:
        _write_facts(run, {**facts, "ended": outcome.ended, "best_epoch": outcome.best_epoch})
    return TrainingReport(
        run=request.out,
        ended=outcome.ended,
        history=outcome.history,
        best_epoch=outcome.best_epoch,
        network=run.network if point else None,
        operating_point=point,
        n_set_aside=len(cache.set_aside),
        n_leaks=len(leaks),
        n_copies=sum(
            count.n_copies for count in describe_split(manifest) if count.split in LEARNT_FROM
        ),
        independence=_describe_independence(manifest, leaks),
    )


def _choose_recipe(request: TrainingRequest) -> Recipe:
    asked, run = find_recipe(request.recipe, request.overrides), RunFolder(path=request.out)
    if not (request.resume and run.recipe.is_file()):
        return asked
    begun = find_recipe(str(run.recipe))
    return continue_recipe(asked, begun, is_changed=bool(request.overrides), where=str(run.recipe))


def _check_collection(manifest: Manifest, request: TrainingRequest) -> tuple[Flaw, ...]:
    where = str(request.manifest)
    if not any(row.split for row in manifest.rows):
        raise ManifestFault(
            where,
            "films must be placed in train and tune",
            found="no splits",
            advice="Run `osteon split` first.",
        )
    leaks = find_leaks(manifest)
    if leaks and not request.allow_leak:
        raise LeakFound(
            where,
            "films of one group must be in one split",
            found=f"{len(leaks)} groups in several, such as {', '.join(leaks[0].films[:3])}",
            advice="Run `osteon split` without --keep-published, or train with --allow-leak: every "
            "result will then say that its numbers are inflated.",
        )
    return leaks


def _start(request: TrainingRequest, recipe: Recipe, manifest: Manifest) -> Training:
    fabric = build_fabric(request.machine)
    fabric.launch()
    torch.manual_seed(recipe.schedule.seed)
    network = build_network(recipe, init_weights=request.init_weights, download=not request.resume)
    training = Training(
        recipe,
        network,
        fabric=fabric,
        folder=RunFolder(path=request.out).checkpoints,
        identity={
            "recipe": hashlib.sha256(write_recipe(recipe).encode()).hexdigest(),
            "collection": hash_manifest(manifest),
        },
    )
    if request.resume:
        training.resume()
    return training


def _stack(
    manifest: Manifest, cache: Cache, device: torch.device, *, with_places: bool
) -> tuple[FilmStack, FilmStack]:
    stacks = []
    for split in LEARNT_FROM:
        stack = stack_films(
            replace(manifest, rows=_choose_cached(manifest, cache, split)),
            cache,
            split,
            device=device,
            with_places=with_places and split == "train",
        )
        n_fractured = int(stack.has_fracture.sum())
        if not 0 < n_fractured < len(stack):
            raise OneClassOnly(
                f"{split} split",
                "films with a fracture and films without are needed",
                found=f"{n_fractured} fractured of {len(stack)} readable films",
            )
        stacks.append(stack)
    return stacks[0], stacks[1]


def _choose_cached(manifest: Manifest, cache: Cache, split: Split) -> tuple[ManifestRow, ...]:
    """Return the films of a split that can be used, each file once."""
    cached = set(cache.paths)
    rows = [row for row in manifest.rows if row.split == split and row.path in cached]
    return take_each_file_once(rows)


def _learn(
    training: Training,
    stacks: tuple[FilmStack, FilmStack],
    run: RunFolder,
    *,
    progress: Progress,
    epoch_ended: Callable[[HistoryRow], None],
) -> TrainingOutcome:
    def close_epoch(history: tuple[HistoryRow, ...]) -> None:
        if training.fabric.is_global_zero:
            write_text(run.history, _history_csv(history))
            epoch_ended(history[-1])

    with _stopping_politely() as wants_stop:
        listeners = Listeners(progress=progress, epoch_ended=close_epoch, wants_stop=wants_stop)
        return training.run(*stacks, listeners)


@contextmanager
def _stopping_politely() -> Iterator[Callable[[], bool]]:
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


def _export(
    training: Training, recipe: Recipe, manifest: Manifest, cache: Cache, run: RunFolder
) -> OperatingPoint:
    """Export the best weights, then choose the operating point with what was exported."""
    place = {path: number for number, path in enumerate(cache.paths)}
    tune = _choose_cached(manifest, cache, "tune")
    pixels = cache.pixels[[place[row.path] for row in tune]]
    card = NetworkCard(
        recipe=recipe.name,
        preparation=recipe.preparation,
        evidence=name_evidence(recipe),
        trained_on_phantoms=is_drawn(manifest),
    )
    checked = scale_pixels(pixels[:FILMS_FOR_PARITY], recipe.preparation)
    export_onnx(training.network, card, run.network, films=checked)
    logits = Network.load(run.network).measure_logits(pixels)
    point = choose_threshold(
        logits,
        np.array([row.has_fracture for row in tune]),
        rule=recipe.operating_point,
        chosen_on="tune",
    )
    write_text(run.operating_point, json.dumps(asdict(point), indent=2) + "\n")
    return point


def _describe(
    recipe: Recipe, manifest: Manifest, cache: Cache, leaks: tuple[Flaw, ...]
) -> dict[str, object]:
    held = {count.split: count for count in describe_split(manifest)}
    counts = {
        split: {
            "films": held[split].n_films if split in held else 0,
            "fractured": held[split].n_fractured if split in held else 0,
            "copies_byte_for_byte": held[split].n_copies if split in held else 0,
        }
        for split in SPLITS
    }
    known = _describe_independence(manifest, leaks)
    # Zero leaks of copies that nobody looked for is no number.
    counted = bool(leaks) or known.copies_looked_for
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "recipe": recipe.name,
        "manifest_sha256": hash_manifest(manifest),
        "collections": sorted({row.collection for row in manifest.rows}),
        "drawn_phantoms": is_drawn(manifest),
        "splits": counts,
        "set_aside": [asdict(film) for film in cache.set_aside],
        "copies_looked_for": known.copies_looked_for,
        "audit": known.audit or None,
        "films_without_patient": known.n_without_patient,
        "leaks_allowed": len(leaks) if counted else None,
        "test_films_in_leaks": _count_leaked_test_films(leaks) if counted else None,
        "versions": describe_versions(),
    }


def _describe_independence(manifest: Manifest, leaks: tuple[Flaw, ...]) -> Independence:
    return describe_independence(choose_counted(manifest.rows), n_leaks=len(leaks))


def _count_leaked_test_films(leaks: tuple[Flaw, ...]) -> int:
    return sum(int(flaw.evidence.get("test_films", 0)) for flaw in leaks)


def _write_facts(run: RunFolder, facts: Mapping[str, object]) -> None:
    write_text(run.facts, json.dumps(facts, indent=2) + "\n")


def _history_csv(history: tuple[HistoryRow, ...]) -> str:
    lines = [",".join(HISTORY_COLUMNS)]
    lines += [",".join(str(getattr(row, name)) for name in HISTORY_COLUMNS) for row in history]
    return "\n".join(lines) + "\n"
