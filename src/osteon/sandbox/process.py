"""The process in which films are decoded: it waits for a film, works, answers, and waits again.

It gets its module path and its limits as arguments, and does the work that its parent names: a
function, pickled by reference. What comes from the parent is trusted; what goes back is not
(`wire`). It ends with its parent, whose end closes the pipe.
"""

import io
import json
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Final, Literal

from osteon.errors import OsteonError
from osteon.sandbox.limits import (
    Limits,
    forbid_writing,
    limit_memory,
    measure_memory,
    start_clock,
    stop_clock,
)
from osteon.sandbox.wire import Frame, pack, receive_bytes, send

Kind = Literal["ready", "unimportable", "result", "fault", "memory", "bug"]
"""What a child answers: it has the work, or cannot import it; the film's result, or one of the
project's faults; there was not enough memory; or an exception that nobody foresaw."""

Answer = tuple[Kind, Any, bool]
"""What it is, the result, fault or place of the bug, and whether the child should be replaced."""

_LARGE: Final = 1 << 16  # bytes that are worth a frame of their own: those are not copied
_MAX_MESSAGE_BYTES: Final = 1 << 40  # the parent has refused what is too large for a film
_TIRED: Final = 4  # memory that is not given back: this part of what a film may use is too much


class _Packer(pickle.Pickler):
    def __init__(self, file: BinaryIO, frames: list[Frame]) -> None:
        super().__init__(file, protocol=5)
        self._frames = frames

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not bytes or len(obj) < _LARGE:
            return None
        self._frames.append(obj)
        return len(self._frames) - 1


class _Unpacker(pickle.Unpickler):  # noqa: S301 — of what the parent wrote
    def __init__(self, frames: list[bytes]) -> None:
        super().__init__(io.BytesIO(frames[0]))
        self._frames = frames

    def persistent_load(self, pid: Any) -> bytes:
        return self._frames[int(pid)]


def pack_order(order: object) -> list[Frame]:
    """Make the frames of what a parent tells a child; large bytes are not copied.

    Args:
        order: Anything that can be pickled.
    """
    frames: list[Frame] = [b""]
    file = io.BytesIO()
    _Packer(file, frames).dump(order)
    frames[0] = file.getvalue()
    return frames


def main() -> None:
    """Work until the parent is gone. The process's last argument is its limits, as JSON."""
    forbid_writing()
    limits = Limits(**json.loads(sys.argv[-1]))
    # Native code writes what it likes to standard output, so answers go where it does not look.
    answers = os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    with suppress(EOFError, BrokenPipeError):
        serve(sys.stdin.buffer, answers, limits)
    os._exit(0)  # nothing is worth saving, and a decoder's clean-up may be what hangs


def serve(orders: BinaryIO, answers: BinaryIO, limits: Limits) -> None:
    """Answer orders until there are no more.

    An order is `("work", pickled function)`, or `("films", folder, items)`: the folder that
    relative paths start from, and what the function is called with, one after the other. Each film
    has an answer of its own, so it is known which was being read when a child ends.

    Args:
        orders: Where they come from.
        answers: Where each is answered.
        limits: What the work on a film may use.

    Raises:
        EOFError: When the parent is gone.
    """
    work: Callable[[Any], object] = _do_nothing
    at_rest, folder = 0, ""
    while True:
        order = _Unpacker(receive_bytes(orders, max_bytes=_MAX_MESSAGE_BYTES)).load()
        if order[0] == "work":
            work, answer = _learn(order[1])
            at_rest = limit_memory(limits)
            send(answers, answer)
            continue
        if order[1] != folder:
            folder = order[1]
            with suppress(OSError):
                os.chdir(folder)
        for item in order[2]:
            send(answers, _do(work, item, limits, at_rest))


def _learn(told: bytes) -> tuple[Callable[[Any], object], list[Frame]]:
    try:
        return pickle.loads(told), pack(("ready", None, False))  # noqa: S301 — from the parent
    except Exception as fault:  # noqa: BLE001 — a module may raise what it likes when it is imported
        return _do_nothing, pack(("unimportable", type(fault).__name__, False))


def _do(work: Callable[[Any], object], item: object, limits: Limits, at_rest: int) -> list[Frame]:
    start_clock(limits)
    try:
        kind, body = _try(work, item)
        needs_recycling = (
            kind == "memory" or measure_memory() - at_rest > limits.memory_bytes // _TIRED
        )
        return pack((kind, body, needs_recycling))
    except TypeError:  # what `pack` says of a result that is not plain data
        return pack(("bug", f"a result of type {type(body).__name__}", False))
    finally:
        stop_clock()


def _try(work: Callable[[Any], object], item: object) -> tuple[Kind, object]:
    try:
        return "result", work(item)
    except OsteonError as fault:
        return "fault", fault
    except MemoryError:
        return "memory", None
    except Exception as fault:  # noqa: BLE001 — whatever a film does to a decoder, one film is lost
        return "bug", _name_place(fault)


def _name_place(fault: Exception) -> str:
    """Return an exception's class and the line of ours that it passed last: never its text."""
    place, trace = "", fault.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.startswith("osteon.") and module != __name__:
            place = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(fault).__name__}{place}"


def _do_nothing(item: object) -> None:
    """Stand for the work until there is one."""
    del item
