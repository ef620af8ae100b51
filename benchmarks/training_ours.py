"""Osteon's own side of `benchmarks/training.py`, in a process of its own; prints JSON.

    python benchmarks/training_ours.py FOLDER --precision bf16-mixed --read

FOLDER holds `data/train/CLASS/*.jpg`. What is measured is what `osteon train` runs: the same
loader, the same step, the same exported network.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from osteon.collection.cache import Cache, build_cache
from osteon.collection.manifest import Manifest
from osteon.inference.network import Network
from osteon.jobs.import_ import import_films
from osteon.learning.data.loader import FilmStack, stack_films, training_batch
from osteon.learning.data.sampling import draw_films, split_draw
from osteon.learning.devices import Machine, build_fabric
from osteon.learning.export.network import export_onnx
from osteon.learning.loop.training import Listeners, Training
from osteon.learning.networks.build import build_network
from osteon.learning.networks.fracture_network import FractureNetwork
from osteon.learning.recipes import Recipe, SamplingSettings, find_recipe
from osteon.radiographs.preparation import scale_pixels
from osteon.release import NetworkCard

N_WARM_STEPS = 2
SEED_FILMS, SEED_TUNE_FILMS, SEED_EPOCHS = 8_863, 600, 20
"""What the first seed trained on for an hour and a half."""

PASSES_PER_ACTIVATION = 13
"""How often training must move each convolution's output, batch statistics being a barrier.

Forward 5: written by the convolution; read for its statistics; read, normalised and written; read
by the next layer. Backward 8: the slope is written; slope and output are read for two sums; both
are read again and the convolution's slope is written; that is read twice, and the input once.
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--accelerator", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("bf16-mixed", "32-true"), default="32-true")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--read", action="store_true", help="also export, and read with it")
    chosen = parser.parse_args()
    with TemporaryDirectory() as scratch:
        json.dump(measure(chosen, Path(scratch)), sys.stdout)


def measure(chosen: argparse.Namespace, scratch: Path) -> dict[str, float]:
    """Return everything measured, in the order in which a person would do it."""
    side = str(chosen.side)
    recipe = find_recipe("seed-cnn4", {"preparation.rows": side, "preparation.columns": side})
    found = import_films(chosen.folder / "data").manifest
    manifest = replace(found, rows=tuple(replace(row, split="train") for row in found.rows))
    cache, decoding = _decode(manifest, recipe, scratch)
    machine = Machine(accelerator=chosen.accelerator, precision=chosen.precision)
    fabric = build_fabric(machine)
    fabric.launch()
    torch.manual_seed(recipe.schedule.seed)
    network = build_network(recipe)
    stack = stack_films(manifest, cache, "train", device=fabric.device)
    training = Training(recipe, network, fabric=fabric, folder=scratch, identity={})
    measured = {"decoding": decoding, "loader": measure_loader(stack, recipe)}
    if chosen.accelerator == "cuda":
        measured |= measure_seed_training(training, stack)
        measured |= {"bandwidth": measure_bandwidth(), "memory_device": _device_memory()}
        measured["traffic_per_film"] = traffic_per_film(network, stack)
    else:
        measured |= measure_training(training, stack)
    measured["memory_training"] = peak_memory()
    measured["peak_flops"] = measure_peak(chosen.accelerator, chosen.precision)
    if chosen.read:
        measured |= measure_reading(network, recipe, cache, scratch / "network.onnx")
        measured["memory_all"] = peak_memory()
    return measured


def _decode(manifest: Manifest, recipe: Recipe, scratch: Path) -> tuple[Cache, float]:
    started = time.perf_counter()
    cache = build_cache(manifest, recipe.preparation, scratch / "cache")
    return cache, len(cache.paths) / (time.perf_counter() - started)


def measure_loader(stack: FilmStack, recipe: Recipe) -> float:
    """Return films per second that are gathered, augmented and laid out for the network."""
    generator = torch.Generator().manual_seed(0)
    drawn = draw_films(stack.has_fracture, stack.has_hardware, SamplingSettings(), seed=0, epoch=1)
    batches = split_draw(drawn, recipe.schedule.batch)

    def load() -> None:
        for batch in batches:
            training_batch(stack, batch, recipe.augmentation, generator)
        if stack.pixels.is_cuda:
            torch.cuda.synchronize()

    load()
    return sum(map(len, batches)) / fastest(load, times=3)


def measure_training(training: Training, stack: FilmStack) -> dict[str, float]:
    """Return films per second of the real loop: gathered, augmented and learnt from."""
    batch = training.recipe.schedule.batch
    n_steps = len(stack) // batch
    ends: list[float] = []
    listeners = Listeners(
        progress=lambda _what, _done, _total: ends.append(time.perf_counter()),
        wants_stop=lambda: len(ends) >= n_steps,
    )
    training.run(stack, stack, listeners)
    steps = np.diff(ends)[N_WARM_STEPS - 1 :]
    return {
        "training": float(batch / np.median(steps)),
        "fit": float(batch * len(steps) / steps.sum()),
    }


def measure_seed_training(training: Training, stack: FilmStack) -> dict[str, float]:
    """Return what the first seed's training would take here, from its second epoch.

    The second, because the first compiles. Reading the tune films and writing checkpoints count.
    """
    ends = [time.perf_counter()]
    listeners = Listeners(
        epoch_ended=lambda _: ends.append(time.perf_counter()), wants_stop=lambda: len(ends) > 2
    )
    training.run(_repeated(stack, SEED_FILMS), _repeated(stack, SEED_TUNE_FILMS), listeners)
    first, second = map(float, np.diff(ends))
    return {
        "training": SEED_FILMS / training.history[1].seconds,
        "fit": SEED_FILMS / second,
        "compiling_s": first - second,
        "seed_training_s": SEED_EPOCHS * second,
    }


def _repeated(stack: FilmStack, n_films: int) -> FilmStack:
    chosen = torch.arange(n_films, device=stack.pixels.device) % len(stack)
    return replace(
        stack,
        pixels=stack.pixels[chosen],
        has_fracture=stack.has_fracture[chosen],
        paths=tuple(stack.paths[i] for i in chosen.tolist()),
    )


def measure_reading(
    network: FractureNetwork, recipe: Recipe, cache: Cache, path: Path
) -> dict[str, float]:
    """Return films per second in batches of 32, and milliseconds for one, of what is exported."""
    card = NetworkCard(recipe=recipe.name, preparation=recipe.preparation)
    export_onnx(network, card, path, films=scale_pixels(cache.pixels[:8], recipe.preparation))
    network = Network.load(path)
    many, one = cache.pixels[:96], cache.pixels[:1]
    network.measure_logits(many[:32])
    network.measure_logits(one)
    return {
        "reading": len(many) / fastest(lambda: network.measure_logits(many), times=1),
        "one_film_ms": 1e3 * fastest(lambda: network.measure_logits(one), times=20, mean=True),
    }


def measure_peak(accelerator: str, precision: str) -> float:
    """Return the FLOP/s of a large matrix product: what the machine's arithmetic can give."""
    n = 4096 if accelerator == "cpu" else 8192
    number = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    a = torch.rand(n, n, device=accelerator).to(number)

    def multiply() -> None:
        a @ a
        if accelerator == "cuda":
            torch.cuda.synchronize()

    multiply()
    return 2 * n**3 / fastest(multiply, times=4)


def measure_bandwidth() -> float:
    """Return the bytes per second that a GPU moves in a copy, read and written both counted."""
    source = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)
        torch.cuda.synchronize()

    copy()
    return 2 * source.numel() / fastest(copy, times=10)


def traffic_per_film(network: FractureNetwork, stack: FilmStack) -> float:
    """Return the bytes that training on one film must move at least, in bf16."""
    n_values = 0

    def count(_module: torch.nn.Module, _given: object, output: torch.Tensor) -> None:
        nonlocal n_values
        n_values += output[0].numel()

    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    hooks = [module.register_forward_hook(count) for module in convolutions]
    rows, columns = stack.pixels.shape[-2:]
    with torch.no_grad():
        network.eval()(
            torch.zeros(1, stack.how.channels, rows, columns, device=stack.pixels.device)
        )
    for hook in hooks:
        hook.remove()
    return 2.0 * PASSES_PER_ACTIVATION * n_values


def fastest(work: Callable[[], object], *, times: int, mean: bool = False) -> float:
    """Return the seconds that `work` takes: the best of some times, or their mean."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return float(np.mean(seconds)) if mean else min(seconds)


def peak_memory() -> float:
    """Return the most memory this process has held so far, in bytes; 0 where nobody counts."""
    if sys.platform == "win32":
        return 0.0
    import resource  # noqa: PLC0415 — there is none on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _device_memory() -> float:
    return float(torch.cuda.max_memory_allocated())


if __name__ == "__main__":
    main()
