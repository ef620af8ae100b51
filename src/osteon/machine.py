"""The machine: its cores, its memory, its processor, and what is installed."""

import ctypes
import os
import platform
from importlib import metadata
from pathlib import Path


def count_cores() -> int:
    """Return the cores that this process may use, which may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def name_cpu() -> str:
    """Return the processor's name as its maker writes it, as far as the system tells."""
    table = Path("/proc/cpuinfo")
    if table.is_file():
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def measure_memory() -> int | None:
    """Return the machine's memory in bytes; None where the system does not say."""
    if platform.system() == "Windows":
        return _windows_memory()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API; the two names that are read keep their own."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total_physical", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 6),
    )


def _windows_memory() -> int | None:
    status = _MemoryStatus()
    status.size = ctypes.sizeof(status)
    kernel = ctypes.CDLL("kernel32")
    is_told = kernel.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total_physical) if is_told else None


def find_version(package: str) -> str | None:
    """Return the version of an installed package; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
