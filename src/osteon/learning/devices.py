"""What a training runs on: devices, precision, threads, and the C library's allocator."""

import ctypes
import logging
import os
import platform
from typing import Literal

import torch
from lightning_fabric import Fabric

from osteon.errors import SettingsFault
from osteon.settings import Settings

M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4
"""Parameters of mallopt(3)."""

Precision = Literal["auto", "32-true", "bf16-mixed"]


class Machine(Settings):
    """Where to train. A flag, never code.

    Attributes:
        accelerator: "auto" takes a GPU where there is one.
        devices: How many devices on each node.
        nodes: How many machines.
        precision: "auto" is bf16 where the hardware multiplies it faster, else 32 bits.
        threads: CPU threads; None takes every core.
    """

    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: int = 1
    nodes: int = 1
    precision: Precision = "auto"
    threads: int | None = None


def keep_big_tensors() -> bool:
    """Keep glibc from handing big tensors back to the kernel after every training step.

    Page faults took a third to most of a step's time on small machines; measured 1.5 times faster.
    Affects the whole process, so a training calls it and a library user's reading does not.

    Returns:
        Whether the C library is glibc and took the settings.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    never_mapped = library.mallopt(M_MMAP_MAX, 0)
    never_trimmed = library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    return bool(never_mapped and never_trimmed)


def multiplies_bf16(accelerator: str) -> bool:
    """Return whether bf16 arithmetic is faster than 32 bits on this hardware."""
    if accelerator == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if accelerator != "cpu":
        return False
    capability = torch.cpu.get_capabilities()
    return bool(capability.get("avx512_bf16") or capability.get("amx_bf16"))


def build_fabric(machine: Machine) -> Fabric:
    """Return Lightning Fabric for this machine, with threads and allocator set.

    Raises:
        SettingsFault: If the accelerator that was asked for is not here.
    """
    keep_big_tensors()
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    torch.set_num_threads(machine.threads or os.cpu_count() or 1)
    accelerator = machine.accelerator
    if accelerator == "auto":
        accelerator = "cuda" if torch.cuda.is_available() else "cpu"
        if torch.backends.mps.is_available():
            accelerator = "mps"
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present[accelerator]:
        raise SettingsFault(
            "--accelerator",
            "the accelerator must be in this machine and torch must see it",
            found=accelerator,
            advice="`osteon env` lists what is here.",
        )
    precision = machine.precision
    if precision == "auto":
        precision = "bf16-mixed" if multiplies_bf16(accelerator) else "32-true"
    n_devices = machine.devices * machine.nodes
    return Fabric(
        accelerator=accelerator,
        devices=machine.devices,
        num_nodes=machine.nodes,
        precision=precision,
        # a frozen backbone gets no gradient, and plain ddp would wait for it for ever
        strategy="ddp_find_unused_parameters_true" if n_devices > 1 else "auto",
    )
