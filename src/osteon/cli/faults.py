"""What a fault says on the command line, and the exit code it leaves: one table.

0 is fine, 1 is a bug of ours, 2 is something the person can change, 130 is Ctrl-C.
"""

import errno
import os
import shlex
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from osteon.errors import OsteonError, OutputFault, name_missing_extra

FINE, OUR_BUG, THE_INPUT, STOPPED, PIPE_CLOSED = 0, 1, 2, 130, 141

TRAINS = frozenset({"adopt", "demo", "explain", "export", "summary", "train"})
"""Commands that need the train extra, whatever package they miss first."""

PLACES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        errno.ENOSPC: ("the disk must have room", "Free some space, or choose another folder."),
        errno.EDQUOT: ("your quota must have room", "Free some space, or choose another folder."),
        errno.EROFS: ("must be a place that can be written", "Choose another folder with -o."),
        errno.EACCES: ("must be allowed to you", "Check its permissions, or choose another place."),
        errno.EPERM: ("must be allowed to you", "Check its permissions, or choose another place."),
    }
)
"""Error number of the system → what must hold, and what the person can do."""

RESUMES = frozenset({"train", "read"})
"""Commands that go on with --resume."""

GOES_ON_BY_ITSELF = frozenset({"audit", "benchmark", "demo", "fetch"})
"""Commands that find by themselves what they had done."""

OUT_OPTIONS = ("-o", "--out")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How a command ends.

    Attributes:
        exit_code: What the shell sees.
        words: What stands on standard error; empty for silence.
    """

    exit_code: int
    words: str


def translate(fault: BaseException, *, arguments: Sequence[str] = ()) -> Verdict:
    """Return what a fault means to the person at the command line.

    Args:
        fault: Any.
        arguments: What the person typed behind `osteon`.
    """
    command = arguments[0] if arguments else ""
    if isinstance(fault, KeyboardInterrupt):
        return _stopped(arguments)
    if isinstance(fault, ModuleNotFoundError) and (verdict := _missing_extra(fault, command)):
        return verdict
    for kind, words in TABLE:
        if isinstance(fault, kind) and (verdict := words(fault)) is not None:
            return verdict
    return _our_bug(fault)


def _stopped(arguments: Sequence[str]) -> Verdict:
    words = f"Stopped by you. What was finished is whole and kept. {_say_how_to_go_on(arguments)}"
    return Verdict(exit_code=STOPPED, words=words.rstrip())


def _say_how_to_go_on(arguments: Sequence[str]) -> str:
    """Return how the stopped command goes on; empty where it starts from its beginning."""
    command, *options = arguments or ("",)
    if command in GOES_ON_BY_ITSELF:
        return "It goes on with the same command."
    if command not in RESUMES:
        return ""
    if command == "read" and not any(one.startswith(OUT_OPTIONS) for one in options):
        return "A reading can be resumed where it is kept: name a folder with -o."
    options = [one for one in options if one != "--resume"]
    again = f"It goes on with: {shlex.join(['osteon', command, '--resume', *options])}"
    return f"{again} and the same standard input" if "-" in options else again


def _the_input(fault: BaseException) -> Verdict:
    return Verdict(exit_code=THE_INPUT, words=str(fault))


def _missing_extra(fault: ModuleNotFoundError, command: str) -> Verdict | None:
    brings = "train" if command in TRAINS else None  # which brings what the audit extra brings
    named = name_missing_extra(fault, needed_by="this command", extra=brings)
    return None if named is None else _the_input(named)


def _place(fault: BaseException) -> Verdict | None:
    number = getattr(fault, "errno", None)
    if number is None or number not in PLACES:
        return None
    must, advice = PLACES[number]
    where = getattr(fault, "filename", None) or "the output"
    return _the_input(OutputFault(str(where), must, advice=advice))


def _memory(_: BaseException) -> Verdict:
    return _the_input(
        OsteonError(
            "this machine",
            "must have memory enough for the work",
            advice="Close other programs, or choose a smaller size or batch in the recipe.",
        )
    )


def _pipe_closed(_: BaseException) -> Verdict:
    return Verdict(exit_code=PIPE_CLOSED, words="")


def _our_bug(fault: BaseException) -> Verdict:
    words = (
        f"A bug in Osteon, not in your input: {type(fault).__name__} at {_address(fault)}.\n"
        "Please report this line, the command you ran and what `osteon env` prints. "
        "OSTEON_TRACEBACK=1 before the command shows the whole traceback (it may name files)."
    )
    if os.environ.get("OSTEON_TRACEBACK"):
        words = "".join(traceback.format_exception(fault)) + words
    return Verdict(exit_code=OUR_BUG, words=words)


def _address(fault: BaseException) -> str:
    """Return the deepest line of ours that the fault passed; a stranger's line tells little."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [frame for frame in frames if "osteon" in Path(frame.filename).parts] or frames
    if not ours:
        return "an unknown line"
    last = ours[-1]
    return f"{'/'.join(Path(last.filename).parts[-3:])}:{last.lineno}, in {last.name}"


TABLE: tuple[
    tuple[type[BaseException], Callable[[BaseException], Verdict | None]],
    ...,
] = (
    (OsteonError, _the_input),
    (BrokenPipeError, _pipe_closed),
    (OSError, _place),
    (MemoryError, _memory),
    (BaseException, _our_bug),
)
"""Searched from the top; an entry that returns None leaves the fault to the next."""
