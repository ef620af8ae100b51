"""The training loop, read top to bottom."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import ReduceLROnPlateau

from osteon.errors import TrainingDiverged
from osteon.evaluation.auroc import measure_auroc
from osteon.evaluation.history import HistoryRow, find_peak
from osteon.learning.checkpoints import read_checkpoint, write_checkpoint
from osteon.learning.loader import (
    FilmStack,
    order_films,
    reading_batches,
    split_order,
    step_seed,
    training_batch,
)
from osteon.learning.networks import FractureNetwork, freeze_backbone
from osteon.learning.recipes import OptimiserSettings, Recipe
from osteon.terms import Progress, no_progress

SECONDS_BETWEEN_CHECKPOINTS = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Listeners:
    """Who wants to know while a training goes on.

    Attributes:
        progress: Told of every step.
        epoch_ended: Given the history so far after every epoch.
        wants_stop: Asked after every step; True ends the training with a checkpoint.
    """

    progress: Progress = no_progress
    epoch_ended: Callable[[tuple[HistoryRow, ...]], None] = lambda _: None
    wants_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainingOutcome:
    """How a training ended.

    Attributes:
        history: One row per finished epoch.
        best_epoch: The epoch with the highest tune AUROC; 0 where none finished.
        ended: "all epochs", "no better tune AUROC" or "stopped".
    """

    history: tuple[HistoryRow, ...]
    best_epoch: int
    ended: str


@dataclass(slots=True)
class _Partial:
    """What an unfinished epoch has summed so far."""

    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    references: list[Tensor] = field(default_factory=list)


class Training:
    """Weights, optimiser and schedule on their way through the epochs; held by one run folder."""

    def __init__(
        self,
        recipe: Recipe,
        network: FractureNetwork,
        *,
        fabric: Fabric,
        folder: Path,
        identity: dict[str, str],
    ) -> None:
        self.recipe = recipe
        self.network = network
        self.fabric = fabric
        self.folder = folder
        self.identity = identity
        network.to(fabric.device).to(memory_format=torch.channels_last)
        optimiser = build_optimiser(network, recipe.optimiser)
        runnable: Any = torch.compile(network) if fabric.device.type == "cuda" else network
        self.wrapped, self.optimiser = fabric.setup(runnable, optimiser)
        self.plateau = ReduceLROnPlateau(
            self.optimiser,
            factor=0.5,
            patience=recipe.schedule.halve_after,
            min_lr=recipe.schedule.learning_rate_floor,
        )
        self.epoch = 1  # the one that runs, or comes next
        self.partial = _Partial()
        self.history: tuple[HistoryRow, ...] = ()
        self.best_epoch = 0

    def run(self, train: FilmStack, tune: FilmStack, listeners: Listeners) -> TrainingOutcome:
        """Train until the epochs are done, tune AUROC stops rising, or somebody wants to stop.

        Ends with the best weights in the network.

        Raises:
            TrainingDiverged: If the loss is not a finite number; names the batch.
            OutputFault: If a checkpoint cannot be written.
        """  # noqa: DOC502 — raised by the functions called
        weights = class_weights(train.has_fracture, balanced=self.recipe.class_weights)
        ended = self._why_to_end()
        while not ended:
            self._start_epoch()
            if not self._train_epoch(train, weights, listeners):
                ended = "stopped"
                break
            self._close_epoch(tune, weights)
            listeners.epoch_ended(self.history)
            ended = self._why_to_end()
        self._restore_best()
        return TrainingOutcome(history=self.history, best_epoch=self.best_epoch, ended=ended)

    def resume(self) -> None:
        """Continue where the last checkpoint stands.

        Raises:
            NothingToResume: If there is none.
            CheckpointMismatch: If it belongs to another recipe or manifest.
        """  # noqa: DOC502 — raised by the functions called
        state = read_checkpoint(self.folder / "last.ckpt", identity=self.identity)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.plateau.load_state_dict(state["plateau"])
        self.epoch = state["epoch"]
        self.partial = _Partial(**state["partial"])
        self.history = tuple(HistoryRow(**row) for row in state["history"])
        self.best_epoch = state["best_epoch"]

    def _why_to_end(self) -> str:
        schedule = self.recipe.schedule
        if self.epoch > schedule.epochs:
            return "all epochs"
        waited = self.epoch - 1 - self.best_epoch
        return "no better tune AUROC" if self.history and waited >= schedule.patience else ""

    def _start_epoch(self) -> None:
        schedule = self.recipe.schedule
        frozen = self.epoch <= schedule.frozen_epochs
        self.network.train()
        freeze_backbone(self.network, frozen=frozen)
        thaws = self.epoch == schedule.frozen_epochs + 1 > 1 and self.partial.step == 0
        if thaws and schedule.fine_tune_learning_rate:
            for group in self.optimiser.param_groups:
                group["lr"] = schedule.fine_tune_learning_rate

    def _train_epoch(self, train: FilmStack, weights: Tensor, listeners: Listeners) -> bool:
        schedule, partial = self.recipe.schedule, self.partial
        order = order_films(len(train), seed=schedule.seed, epoch=self.epoch)
        batches = split_order(
            order, schedule.batch, rank=self.fabric.global_rank, world=self.fabric.world_size
        )
        what = f"epoch {self.epoch} of {schedule.epochs}"
        last_written = time.monotonic()
        for step in range(partial.step, len(batches)):
            started = time.monotonic()
            loss, logits, references = self._step(train, batches[step], weights, step=step)
            partial.losses.append(loss)
            partial.logits.append(logits)
            partial.references.append(references)
            partial.step = step + 1
            partial.seconds += time.monotonic() - started
            listeners.progress(what, step + 1, len(batches))
            if self._agreed(wanted=listeners.wants_stop()):
                self._write_last()
                return False
            if time.monotonic() - last_written > SECONDS_BETWEEN_CHECKPOINTS:
                self._write_last()
                last_written = time.monotonic()
        return True

    def _step(
        self, train: FilmStack, films: Tensor, weights: Tensor, *, step: int
    ) -> tuple[float, Tensor, Tensor]:
        seed = step_seed(self.recipe.schedule.seed, self.epoch, step + 1)
        torch.manual_seed(
            seed
        )  # dropout; drawn anew at each step, so that a resumed run repeats it
        generator = torch.Generator().manual_seed(seed)
        pixels, references = training_batch(train, films, self.recipe.augmentation, generator)
        logits = self.wrapped(pixels).float()
        loss = weighted_loss(logits, references, weights)
        value = loss.item()
        if not np.isfinite(value):
            self._name_batch(train, films, step=step, loss=value)
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        self.optimiser.step()
        return value, logits.detach().cpu(), references.cpu()

    def _close_epoch(self, tune: FilmStack, weights: Tensor) -> None:
        partial = self.partial
        # batch statistics differ a little between devices: one of them speaks for all
        tune_logits, tune_references = self.fabric.broadcast(self.read(tune))
        train_logits, train_references = self._gathered(partial)
        row = HistoryRow(
            epoch=self.epoch,
            train_loss=float(np.mean(partial.losses)),
            train_auroc=auroc_or_nan(train_logits, train_references),
            tune_loss=weighted_loss(tune_logits, tune_references, weights.cpu()).item(),
            tune_auroc=auroc_or_nan(tune_logits, tune_references),
            learning_rate=self.optimiser.param_groups[0]["lr"],
            seconds=partial.seconds,
        )
        self.history = (*self.history, row)
        self.plateau.step(row.tune_loss)
        best = find_peak(self.history)
        self.epoch += 1
        self.partial = _Partial()
        if best is None or best.epoch == row.epoch:
            self.best_epoch = row.epoch
            self._write(self._weights(), "best.ckpt")
        self._write_last()

    @torch.no_grad()
    def read(self, stack: FilmStack) -> tuple[Tensor, Tensor]:
        """Return logits and references of a split's films, shape `(films,)` each, on the CPU."""
        self.network.eval()
        pairs = [
            (self.wrapped(pixels).float().cpu(), references.cpu())
            for pixels, references in reading_batches(stack, 4 * self.recipe.schedule.batch)
        ]
        return torch.cat([p[0] for p in pairs]), torch.cat([p[1] for p in pairs])

    def _agreed(self, *, wanted: bool) -> bool:
        """Return whether any device wants it, so that all do the same."""
        if self.fabric.world_size == 1:
            return wanted
        strategy: Any = self.fabric.strategy
        return bool(strategy.reduce_boolean_decision(wanted, all=False))

    def _gathered(self, partial: _Partial) -> tuple[Tensor, Tensor]:
        logits, references = torch.cat(partial.logits), torch.cat(partial.references)
        if self.fabric.world_size == 1:
            return logits, references
        gathered = self.fabric.all_gather((logits, references))
        return gathered[0].flatten().cpu(), gathered[1].flatten().cpu()

    def _weights(self) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "network": self.network.state_dict(),
        }

    def _write_last(self) -> None:
        self._write(
            {
                **self._weights(),
                "optimiser": self.optimiser.state_dict(),
                "plateau": self.plateau.state_dict(),
                "partial": asdict(self.partial),
                "history": [asdict(row) for row in self.history],
            },
            "last.ckpt",
        )

    def _write(self, state: dict[str, Any], name: str) -> None:
        if self.fabric.is_global_zero:
            write_checkpoint(state, self.folder / name)
        self.fabric.barrier()

    def _restore_best(self) -> None:
        if self.best_epoch:
            state = read_checkpoint(self.folder / "best.ckpt", identity=self.identity)
            self.network.load_state_dict(state["network"])

    def _name_batch(self, train: FilmStack, films: Tensor, *, step: int, loss: float) -> None:
        paths = [train.paths[i] for i in films.tolist()]
        raise TrainingDiverged(
            f"epoch {self.epoch}, step {step + 1}",
            "the loss must be a finite number",
            found=loss,
            advice=f"The batch held {', '.join(paths)}. Lower optimiser.learning_rate, or train "
            "with --precision 32-true; the last checkpoint is from before this step.",
        )


def build_optimiser(network: FractureNetwork, how: OptimiserSettings) -> torch.optim.Optimizer:
    """Return the optimiser that a recipe names, over all weights."""
    common: dict[str, Any] = {"lr": how.learning_rate, "eps": how.epsilon}
    if how.name == "adamw":
        return torch.optim.AdamW(network.parameters(), weight_decay=how.weight_decay, **common)
    return torch.optim.Adam(network.parameters(), **common)


def class_weights(has_fracture: Tensor, *, balanced: bool) -> Tensor:
    """Return the loss weights of a film without and with a fracture: n / (2 · n of its class)."""
    if not balanced:
        return torch.ones(2, device=has_fracture.device)
    counts = torch.stack([(~has_fracture).sum(), has_fracture.sum()])
    return len(has_fracture) / (2.0 * counts)


def weighted_loss(logits: Tensor, references: Tensor, weights: Tensor) -> Tensor:
    """Return binary cross-entropy on logits, each film weighed by its class (Keras' mean)."""
    weight = torch.where(references > 0.5, weights[1], weights[0])
    return F.binary_cross_entropy_with_logits(logits, references, weight=weight)


def auroc_or_nan(logits: Tensor, references: Tensor) -> float:
    """Return the AUROC, or not a number where all films are alike."""
    auroc = measure_auroc(logits.double().numpy(), references.numpy() > 0.5)
    return float("nan") if auroc is None else auroc.value
