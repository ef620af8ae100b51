"""What the reading of one film may use, and how a child process is held to it.

| limit | how | where |
|---|---|---|
| memory | RLIMIT_DATA: what the child had before films, and `memory_bytes` more | Linux |
| CPU time | an interval timer whose signal ends the process, also inside native code | POSIX |
| writing | RLIMIT_FSIZE 0: no byte goes into any file; RLIMIT_CORE 0: no core dump either | POSIX |
| wall time | the parent ends a child that is late (`isolation`) | everywhere |
| file size, pixels | the reader, before it decodes | everywhere |

RLIMIT_DATA and not RLIMIT_AS, because libraries map hundreds of megabytes that they never touch.
These stop a decoder that runs wild. They do not stop code that a film smuggled into the child: it
could lift its own limits, all but the wall time.
"""

import math
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

if sys.platform != "win32":
    import resource

_STATM: Final = "/proc/self/statm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the reading of one film may use.

    Attributes:
        memory_bytes: Above what the child needs without a film.
        cpu_s: CPU time, the system's on the child's behalf included.
        wall_s: Time by the clock, while this program runs; generous, for disks that are slow.
        file_bytes: Of the film's file.
        max_pixels: Of the film; checked in its header, before anything is decoded.
    """

    memory_bytes: int = 1 << 30
    cpu_s: float = 5.0
    wall_s: float = 60.0
    file_bytes: int = 256 << 20
    max_pixels: int = 64_000_000


def forbid_writing() -> None:
    """Let this process put no byte into any file from now on, and let its clock end it."""
    if sys.platform == "win32":
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # a parent may have left it ignored


def limit_memory(limits: Limits) -> int:
    """Let this process use as much memory as it has now, and `memory_bytes` more.

    Args:
        limits: What a film may use.

    Returns:
        Bytes that are in use now; 0 where the system does not say.
    """
    used = measure_memory()
    if sys.platform != "win32":
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        allowed = used + limits.memory_bytes
        soft = allowed if hard == resource.RLIM_INFINITY else min(allowed, hard)
        # Systems other than Linux may refuse what is less than they have mapped already.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    return used


def measure_memory() -> int:
    """Return the bytes of private memory that this process has; 0 where the system does not say."""
    try:
        with open(_STATM, "rb", buffering=0) as file:  # noqa: PTH123 — once for each film
            pages = int(file.read(256).split()[5])  # proc(5): data + stack
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def start_clock(limits: Limits) -> None:
    """End this process after so much more CPU time, unless `stop_clock` comes first.

    Args:
        limits: What a film may use.
    """
    if sys.platform == "win32":
        return
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_s)
    # Whole seconds only, hence the second net, should a decoder touch the timer.
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(time.process_time() + limits.cpu_s) + 1
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def stop_clock() -> None:
    """Count CPU time no longer."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, 0.0)
