"""A child process as its parent sees it: started, told what to do, asked, and ended when late."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from osteon.errors import DecoderUnavailable
from osteon.sandbox.limits import Limits
from osteon.sandbox.process import Answer, pack_order
from osteon.sandbox.wire import Frame, receive, send, unpack

if sys.platform == "linux":
    import fcntl

# What ends the parent ends the child, and nothing else: Ctrl-C in a terminal and the end of a
# service reach all processes, and a film would seem to have killed its decoder.
_START: Final = (
    "import json, signal, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "[signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]; "
    "from osteon.sandbox.process import main; main()"
)

# Nothing of the environment is a decoder's business but what the system needs to start it, and
# which arithmetic the parent computes with: a child must find the same numbers.
_KEPT: Final = frozenset(
    {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL", "LC_CTYPE"}
)
_KEPT_FAMILIES: Final = ("OPENBLAS_", "OMP_", "MKL_")
_SET: Final[Mapping[str, str]] = MappingProxyType(
    {
        # One film on each core already: threads within a child would only wait for one another.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENCV_FOR_THREADS_NUM": "1",
        "POLARS_MAX_THREADS": "1",
        # The C library of Linux would give a film's memory back and take it again for the next,
        # page by page: half of the time that a large film takes.
        "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
        "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    }
)
_PIPE_BYTES: Final = 1 << 20  # a picture in few pieces; what Linux allows without privilege
_END_S: Final = 5.0


class Worker:
    """One process. Not safe to use from two threads at once, but for `end`.

    Args:
        limits: What the work on one film may use.

    Attributes:
        told: The work that it was told last, pickled; None before.
        is_ready: Whether it said that it has that work.
        is_late: Whether it was ended because its time was over.

    Raises:
        DecoderUnavailable: If the system starts no process.
    """

    def __init__(self, limits: Limits) -> None:
        self.told: bytes | None = None
        self.is_ready = False
        self.is_late = False
        self._max_bytes = limits.memory_bytes
        modules = json.dumps([entry or str(Path.cwd()) for entry in sys.path])
        flags = ("-I", "-B", "-W", "ignore")  # no user's settings, no compiled files, no chatter
        try:
            self._process = subprocess.Popen(  # noqa: S603 — this Python, and code from above
                [sys.executable, *flags, "-c", _START, modules, json.dumps(asdict(limits))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_choose_environment(os.environ),
            )
        except OSError as fault:
            raise DecoderUnavailable(
                sys.executable,
                "must start once more, to decode films apart from this program",
                advice="Free some memory or processes, and try again.",
            ) from fault
        self._orders = cast("Any", self._process.stdin)
        self._answers = cast("Any", self._process.stdout)
        if sys.platform == "linux":
            for pipe in (self._orders, self._answers):
                with suppress(OSError):
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def signal_name(self) -> str | None:
        """The signal that ended it, such as "SIGSEGV"; None where none did."""
        code = self._process.returncode
        if code is None or code >= 0:
            return None
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"

    def tell(self, work: bytes) -> None:
        """Tell it what to do with films; the next answer says whether it can.

        Args:
            work: A function, pickled.
        """
        self.told, self.is_ready = work, False
        with suppress(OSError):  # its end shows when it does not answer
            send(self._orders, pack_order(("work", work)))

    def ask(self, order: Sequence[Frame]) -> bool:
        """Give it films; an answer comes for each.

        Args:
            order: What `pack_order` made.

        Returns:
            Whether it took them; if not, it has ended.
        """
        try:
            send(self._orders, order)
        except (OSError, ValueError):  # ValueError: the pool was closed meanwhile
            self.end()
            return False
        return True

    def hear(self, *, packages: frozenset[str] = frozenset()) -> Answer | None:
        """Wait for the next answer.

        Args:
            packages: Whose records may come.

        Returns:
            The answer; None where there is none, or none that can be understood: then the process
            has ended.
        """
        try:
            answer = unpack(receive(self._answers, max_bytes=self._max_bytes), packages=packages)
            kind, body, needs_recycling = answer
        except EOFError:
            # It is ending by itself: how, the system says.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
        except (OSError, ValueError, TypeError, MemoryError):
            pass
        else:
            return kind, body, needs_recycling
        self.end()
        return None

    def end(self, *, is_late: bool = False) -> None:
        """End the process, whatever it does: it has nothing to lose.

        Args:
            is_late: Whether its time is over. Then whoever waits for it clears up.
        """
        self.is_late |= is_late
        self._process.kill()
        if is_late:
            return
        for pipe in (self._orders, self._answers):
            with suppress(OSError):
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)


class Watch:
    """Ends children whose time is over.

    Time is counted in ticks, so that none passes while the whole program is stopped.

    Args:
        tick_s: How long a tick is.
    """

    def __init__(self, tick_s: float) -> None:
        self._tick_s = tick_s
        self._left_s: dict[Worker, float] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, child: Worker, seconds: float) -> None:
        """Give a child so much time.

        Args:
            child: About to work.
            seconds: By the clock.
        """
        with self._lock:
            self._left_s[child] = seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="films", daemon=True)
                self._thread.start()

    def stop(self, child: Worker) -> None:
        """Count a child's time no longer.

        Args:
            child: At rest, or gone.
        """
        with self._lock:
            self._left_s.pop(child, None)

    def end(self) -> None:
        """Watch no more."""
        self._is_over.set()

    def _run(self) -> None:
        while not self._is_over.wait(self._tick_s):
            with self._lock:
                for child in self._left_s:
                    self._left_s[child] -= self._tick_s
                    if self._left_s[child] < 0:
                        child.end(is_late=True)


def _choose_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a child sees, of those that we see."""
    kept = {
        name: value
        for name, value in ours.items()
        if name in _KEPT or name.startswith(_KEPT_FAMILIES)
    }
    return kept | dict(_SET)
