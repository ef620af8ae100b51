"""The training loop, read top to bottom."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel

from osteon.errors import TrainingDiverged
from osteon.learning.data.loader import (
    Batch,
    FilmStack,
    reading_batches,
    reduce_batch,
    reduce_films,
    training_batch,
)
from osteon.learning.data.sampling import (
    Draw,
    draw_films,
    measure_hardness,
    repeat_films,
    split_draw,
    step_seed,
)
from osteon.learning.loop.checkpoints import read_checkpoint, write_checkpoint
from osteon.learning.loop.losses import class_weights, weighted_loss, whole_loss
from osteon.learning.loop.rates import average_weights, build_optimiser, set_rates
from osteon.learning.networks.depthwise import keep_depthwise_whole
from osteon.learning.networks.fracture_network import FractureNetwork, Look, freeze_backbone
from osteon.learning.recipes import Recipe
from osteon.runs import HistoryRow, find_peak
from osteon.statistics.auroc import measure_auroc
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
    films: list[Tensor] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)
    references: list[Tensor] = field(default_factory=list)


class _Looking(nn.Module):
    """A network as a training sees it: every answer that it learns by, in one pass."""

    def __init__(self, network: FractureNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, films: Tensor) -> Look:
        """Return what the network says of films."""
        return self.network.look(films)


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
        keep_depthwise_whole(network)
        network.to(fabric.device).to(memory_format=torch.channels_last)
        optimiser = build_optimiser(network, recipe.optimiser)
        looking = _Looking(network)
        runnable: Any = torch.compile(looking) if fabric.device.type == "cuda" else looking
        self.wrapped, self.optimiser = fabric.setup(runnable, optimiser)
        self.plateau = ReduceLROnPlateau(
            self.optimiser,
            factor=0.5,
            patience=recipe.schedule.halve_after,
            min_lr=recipe.schedule.learning_rate_floor,
        )
        self.average: AveragedModel | None = None
        if recipe.schedule.average:
            self.average = average_weights(network, recipe.schedule)
        self.epoch = 1  # the one that runs, or comes next
        self.partial = _Partial()
        self.history: tuple[HistoryRow, ...] = ()
        self.best_epoch = 0
        self.hardness: Tensor | None = None  # of each film, as the last finished epoch left it

    def run(self, train: FilmStack, tune: FilmStack, listeners: Listeners) -> TrainingOutcome:
        """Train until the epochs are done, tune AUROC stops rising, or somebody wants to stop.

        Ends with the best weights in the network.

        Raises:
            TrainingDiverged: If the loss is not a finite number; names the batch.
            OutputFault: If a checkpoint cannot be written.
        """
        weights = class_weights(train.has_fracture, balanced=self.recipe.class_weights)
        ended = self._why_to_end()
        while not ended:
            self._start_epoch()
            if not self._train_epoch(train, weights, listeners):
                ended = "stopped"
                break
            self._close_epoch(train, tune, weights)
            listeners.epoch_ended(self.history)
            ended = self._why_to_end()
        self._restore_best()
        return TrainingOutcome(history=self.history, best_epoch=self.best_epoch, ended=ended)

    def resume(self) -> None:
        """Continue where the last checkpoint stands.

        Raises:
            NothingToResume: If there is none.
            CheckpointMismatch: If it belongs to another recipe or manifest.
        """
        state = read_checkpoint(self.folder / "last.ckpt", identity=self.identity)
        self.network.load_state_dict(state["live"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.plateau.load_state_dict(state["plateau"])
        self.epoch = state["epoch"]
        self.partial = _Partial(**state["partial"])
        self.history = tuple(HistoryRow(**row) for row in state["history"])
        self.best_epoch = state["best_epoch"]
        self.hardness = state.get("hardness")

    def _why_to_end(self) -> str:
        schedule = self.recipe.schedule
        if self.epoch > schedule.epochs:
            return "all epochs"
        waited = self.epoch - 1 - max(self.best_epoch, schedule.small_epochs)
        return "no better tune AUROC" if self.history and waited >= schedule.patience else ""

    def _start_epoch(self) -> None:
        schedule = self.recipe.schedule
        frozen = self.epoch <= schedule.frozen_epochs
        self.network.train()
        freeze_backbone(self.network, frozen=frozen, stages=self.recipe.network.frozen_stages)
        thaws = self.epoch == schedule.frozen_epochs + 1 > 1 and self.partial.step == 0
        if thaws and schedule.fine_tune_learning_rate:
            for group in self.optimiser.param_groups:
                group["lr"] = schedule.fine_tune_learning_rate

    def _train_epoch(self, train: FilmStack, weights: Tensor, listeners: Listeners) -> bool:
        schedule, partial = self.recipe.schedule, self.partial
        sampling = self.recipe.sampling
        hard_now = self.epoch > sampling.hard_after * schedule.epochs and sampling.hard_share
        drawn = draw_films(
            train.has_fracture,
            train.has_hardware,
            sampling,
            seed=schedule.seed,
            epoch=self.epoch,
            hardness=self.hardness if hard_now else None,
        )
        batches = split_draw(
            drawn, schedule.batch, rank=self.fabric.global_rank, world=self.fabric.world_size
        )
        what = f"epoch {self.epoch} of {schedule.epochs}"
        last_written = time.monotonic()
        for step in range(partial.step, len(batches)):
            started = time.monotonic()
            if schedule.one_cycle:
                done = (self.epoch - 1 + step / len(batches)) / schedule.epochs
                set_rates(self.optimiser, self.recipe.optimiser, share_done=done)
            self._step(train, batches[step], weights, step=step)
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

    def _step(self, train: FilmStack, drawn: Draw, weights: Tensor, *, step: int) -> None:
        seed = step_seed(self.recipe.schedule.seed, self.epoch, step + 1)
        torch.manual_seed(
            seed
        )  # dropout; drawn anew at each step, so that a resumed run repeats it
        generator = torch.Generator().manual_seed(seed)
        twins = None
        if self.recipe.loss.consistency_weight:
            drawn, twins = repeat_films(drawn, self.recipe.loss.consistency_films)
        batch = training_batch(train, drawn, self.recipe.augmentation, generator, twins=twins)
        look, loss = self._look(batch, weights)
        value = loss.item()
        if not np.isfinite(value):
            self._name_batch(train, drawn.films, step=step, loss=value)
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        self.optimiser.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        self.partial.losses.append(value)
        self.partial.films.append(drawn.films)
        self.partial.logits.append(look.logits.detach().float().cpu())
        self.partial.references.append(batch.references.cpu())

    def _look(self, batch: Batch, weights: Tensor) -> tuple[Look, Tensor]:
        schedule = self.recipe.schedule
        if self.epoch <= schedule.small_epochs:
            batch = reduce_batch(batch, schedule.small_share)
        look = Look(*self.wrapped(batch.films))
        loss = whole_loss(look, batch, weights, self.recipe.loss)
        return look, loss

    def _close_epoch(self, train: FilmStack, tune: FilmStack, weights: Tensor) -> None:
        partial = self.partial
        # batch statistics differ a little between devices: one of them speaks for all
        tune_logits, tune_references = self.fabric.broadcast(self.read(tune))
        films, train_logits, train_references = self._gathered(partial)
        if self.recipe.sampling.hard_share:
            self.hardness = measure_hardness(self.hardness, films, train_logits, n_films=len(train))
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
        if not self.recipe.schedule.one_cycle:
            self.plateau.step(row.tune_loss)
        best = find_peak(self.history[self.recipe.schedule.small_epochs :])
        self.epoch += 1
        self.partial = _Partial()
        if row.epoch > self.recipe.schedule.small_epochs and (
            best is None or best.epoch == row.epoch
        ):
            self.best_epoch = row.epoch
            self._write(self._weights(), "best.ckpt")
        self._write_last()

    @torch.no_grad()
    def read(self, stack: FilmStack) -> tuple[Tensor, Tensor]:
        """Return logits and references of a split's films, shape `(films,)` each, on the CPU."""
        schedule = self.recipe.schedule
        is_small = self.epoch <= schedule.small_epochs
        reader: Any = self.network if self.average is None else self.average.module
        reader.eval()
        with self.fabric.autocast():
            pairs = [
                (
                    reader(reduce_films(films, schedule.small_share) if is_small else films),
                    references.cpu(),
                )
                for films, references in reading_batches(stack, 4 * schedule.batch)
            ]
        return torch.cat([p[0].float().cpu() for p in pairs]), torch.cat([p[1] for p in pairs])

    def _agreed(self, *, wanted: bool) -> bool:
        """Return whether any device wants it, so that all do the same."""
        if self.fabric.world_size == 1:
            return wanted
        strategy: Any = self.fabric.strategy
        return bool(strategy.reduce_boolean_decision(wanted, all=False))

    def _gathered(self, partial: _Partial) -> tuple[Tensor, Tensor, Tensor]:
        shown = (partial.films, partial.logits, partial.references)
        films, logits, references = (torch.cat(part) for part in shown)
        if self.fabric.world_size == 1:
            return films, logits, references
        gathered = self.fabric.all_gather((films, logits, references))
        return tuple(part.flatten().cpu() for part in gathered)

    def _weights(self) -> dict[str, Any]:
        return {
            "identity": self.identity,
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "network": (self.network if self.average is None else self.average.module).state_dict(),
        }

    def _write_last(self) -> None:
        self._write(
            {
                **self._weights(),
                "live": self.network.state_dict(),
                "average": self.average.state_dict() if self.average is not None else None,
                "optimiser": self.optimiser.state_dict(),
                "plateau": self.plateau.state_dict(),
                "partial": asdict(self.partial),
                "hardness": self.hardness,
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


def auroc_or_nan(logits: Tensor, references: Tensor) -> float:
    """Return the AUROC, or not a number where all films are alike."""
    auroc = measure_auroc(logits.double().numpy(), references.numpy() > 0.5)
    return float("nan") if auroc is None else auroc.value
