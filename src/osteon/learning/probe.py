"""What torch finds on this machine, and how fast it convolves here, measured."""

import time
from dataclasses import dataclass

import torch
from torch import nn

from osteon.learning.devices import keep_big_tensors, multiplies_bf16

MEASURE_S = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Accelerator:
    """One device that is faster than the CPU.

    Attributes:
        name: As its maker calls it.
        kind: What torch calls its kind: "cuda" (NVIDIA, and AMD through ROCm) or "mps" (Apple).
        memory_bytes: Its own memory; None where it shares the machine's.
    """

    name: str
    kind: str
    memory_bytes: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TorchReport:
    """What torch finds here, and what training will use.

    Attributes:
        version: Of torch.
        built_for: The accelerator software torch was built for, such as "CUDA 13.2"; "CPU" if none.
        accelerators: All there are; empty where there is only the CPU.
        device: The kind of device training will use.
        precision: Number format of matrix work in training: "bf16" where the device computes it
            in hardware, otherwise "fp32".
    """

    version: str
    built_for: str
    accelerators: tuple[Accelerator, ...]
    device: str
    precision: str


def probe_torch() -> TorchReport:
    """Return what torch finds on this machine."""
    accelerators = _find_accelerators()
    device = accelerators[0].kind if accelerators else "cpu"
    return TorchReport(
        version=str(torch.__version__),
        built_for=_built_for(),
        accelerators=accelerators,
        device=device,
        precision="bf16" if multiplies_bf16(device) else "fp32",
    )


def measure_flops(device: str, precision: str, *, seconds: float = MEASURE_S) -> float:
    """Return the arithmetic that training gets out of a device, measured on one block.

    The block is the commonest of the 4-block network: Conv3×3, batch norm, ReLU at 64 channels on
    112×112, forward and backward. Its arithmetic is three times that of the forward convolution;
    batch norm and ReLU cost time and count as none, as they do in a training. The process takes
    the allocator's settings of a training, and keeps them.

    Args:
        device: "cpu", "cuda" or "mps".
        precision: "bf16" or "fp32".
        seconds: How long to measure, after a warm-up.

    Returns:
        Floating-point operations per second.
    """
    keep_big_tensors()
    channels, side = 64, 112
    films = 4 if device == "cpu" else 128
    block = nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()
    )
    block = block.to(device).to(memory_format=torch.channels_last)
    x = torch.rand(films, channels, side, side, device=device)
    x = x.to(memory_format=torch.channels_last).requires_grad_()

    def step() -> None:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"):
            y = block(x)
        y.float().mean().backward()
        if device != "cpu":
            torch.accelerator.synchronize()

    for _ in range(2):
        step()
    n_steps, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        step()
        n_steps += 1
    forward = 2 * films * channels * channels * 9 * side * side
    return 3 * forward * n_steps / (time.perf_counter() - start)


def _find_accelerators() -> tuple[Accelerator, ...]:
    if torch.cuda.is_available():
        cards = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        return tuple(
            Accelerator(name=card.name, kind="cuda", memory_bytes=card.total_memory)
            for card in cards
        )
    if torch.backends.mps.is_available():
        return (Accelerator(name="Apple GPU", kind="mps", memory_bytes=None),)
    return ()


def _built_for() -> str:
    if torch.version.cuda:
        return f"CUDA {torch.version.cuda}"
    return f"ROCm {torch.version.hip}" if torch.version.hip else "CPU"
