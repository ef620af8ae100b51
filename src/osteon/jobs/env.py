"""`osteon env`: what this machine is, what training will use here, and how slow it would be."""

import importlib.util
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osteon.machine import count_cores, find_version, measure_memory, name_cpu

if TYPE_CHECKING:
    from osteon.learning.probe import TorchReport

GFLOP_PER_TRAINING_FILM = 12.7
"""`seed-cnn4` at 224×224, forward and backward, counted from its layers."""

SLOW_FILMS_PER_S = 100.0
"""Below this, 20 epochs over 4,000 films take longer than a coffee: a quarter of an hour."""

EXAMPLE_FILMS, EXAMPLE_EPOCHS = 4_000, 20

PACKAGES = (
    "numpy",
    "pillow",
    "onnxruntime",
    "pydantic",
    "polars",
    "scipy",
    "scikit-learn",
    "matplotlib",
    "torch",
    "torchvision",
    "timm",
    "kornia",
    "lightning-fabric",
    "onnx",
)
"""Those whose versions change a result; named in every report of a bug."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What a training would be like here.

    Attributes:
        device: The kind of device it will use.
        precision: Number format of its matrix work.
        threads: CPU threads it will use.
        measured_gflops: Arithmetic of a convolution block, measured just now, in GFLOP/s.
        films_per_second: What that gives for `seed-cnn4` at 224×224.
        example_minutes: What 20 epochs over 4,000 films would take.
        is_slow: Whether a person should be warned.
    """

    device: str
    precision: str
    threads: int
    measured_gflops: float
    films_per_second: float
    example_minutes: float
    is_slow: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """One machine and what is installed on it.

    Attributes:
        osteon: Version of this package.
        python: Version of Python.
        system: Operating system and machine.
        cpu: The processor's name.
        n_cores: Cores this process may use.
        memory_bytes: The machine's memory; None where the system does not say.
        packages: Name → version, None where it is not installed.
        torch: What torch finds; None where it is not installed.
        outlook: What training would be like; None without torch.
        advice: What the person should know, in sentences.
    """

    osteon: str
    python: str
    system: str
    cpu: str
    n_cores: int
    memory_bytes: int | None
    packages: dict[str, str | None]
    torch: "TorchReport | None"
    outlook: Outlook | None
    advice: tuple[str, ...]


def describe_machine(*, seconds: float = 0.5) -> Environment:
    """Return what this machine is and what training would be like on it.

    Args:
        seconds: How long to measure the arithmetic; a warm-up comes on top.
    """
    n_cores = count_cores()
    report, outlook = _look_at_torch(n_cores, seconds)
    return Environment(
        osteon=find_version("osteon") or "unknown",
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        cpu=name_cpu(),
        n_cores=n_cores,
        memory_bytes=measure_memory(),
        packages={name: find_version(name) for name in PACKAGES},
        torch=report,
        outlook=outlook,
        advice=_advise(report, outlook),
    )


def estimate_outlook(flops: float, *, device: str, precision: str, threads: int) -> Outlook:
    """Return what a training would be like, given the arithmetic that was measured.

    Args:
        flops: Floating-point operations per second.
        device: The kind of device it will use.
        precision: Number format of its matrix work.
        threads: CPU threads it will use.
    """
    films_per_second = flops / (GFLOP_PER_TRAINING_FILM * 1e9)
    return Outlook(
        device=device,
        precision=precision,
        threads=threads,
        measured_gflops=flops / 1e9,
        films_per_second=films_per_second,
        example_minutes=EXAMPLE_FILMS * EXAMPLE_EPOCHS / films_per_second / 60,
        is_slow=films_per_second < SLOW_FILMS_PER_S,
    )


def _look_at_torch(n_cores: int, seconds: float) -> "tuple[TorchReport | None, Outlook | None]":
    if importlib.util.find_spec("torch") is None:
        return None, None
    from osteon.learning.probe import measure_flops, probe_torch

    report = probe_torch()
    flops = measure_flops(report.device, report.precision, seconds=seconds)
    outlook = estimate_outlook(
        flops, device=report.device, precision=report.precision, threads=n_cores
    )
    return report, outlook


def _advise(report: "TorchReport | None", outlook: Outlook | None) -> tuple[str, ...]:
    if report is None or outlook is None:
        words = "torch is not installed: this machine can look at results, but not train."
        return (f'{words} Install it with: pip install "osteon[train]"',)
    if not outlook.is_slow:
        return ()
    advice = (
        f"Training would be slow here: about {outlook.films_per_second:.0f} films/s, so "
        f"{EXAMPLE_EPOCHS} epochs over {EXAMPLE_FILMS:,} films take about "
        f"{_say_minutes(outlook.example_minutes)} with seed-cnn4 at 224×224. "
        "A smaller size in the recipe goes faster (96×96: about five times)."
    )
    if outlook.device == "cpu":
        advice += " A GPU goes much faster; torch sees none here."
    return (advice,)


def _say_minutes(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"
