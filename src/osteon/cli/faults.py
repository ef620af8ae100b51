"""What a fault says on the command line, and the exit code it leaves: one table.

0 is fine, 1 is a bug of ours, 2 is something the person can change, 130 is Ctrl-C.
"""

import errno
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from osteon.errors import MissingExtra, OsteonError, OutputFault

FINE, OUR_BUG, THE_INPUT, STOPPED, PIPE_CLOSED = 0, 1, 2, 130, 141

EXTRA_OF: Mapping[str, str] = MappingProxyType(
    {
        "polars": "audit",
        "scipy": "audit",
        "sklearn": "audit",
        "matplotlib": "audit",
        "kagglehub": "audit",
        "cv2": "audit",
        "faiss": "audit",
        "jinja2": "audit",
        "markupsafe": "audit",
        "threadpoolctl": "audit",
        "torch": "train",
        "torchvision": "train",
        "timm": "train",
        "kornia": "train",
        "captum": "train",
        "lightning_fabric": "train",
        "safetensors": "train",
        "onnx": "train",
        "onnxscript": "train",
        "tomli_w": "audit",
    }
)
"""Import name of a package that the base install lacks → the extra that brings it."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How a command ends.

    Attributes:
        exit_code: What the shell sees.
        words: What stands on standard error; empty for silence.
    """

    exit_code: int
    words: str


def translate(fault: BaseException) -> Verdict:
    """Return what a fault means to the person at the command line."""
    for kind, words in TABLE:
        if isinstance(fault, kind) and (verdict := words(fault)) is not None:
            return verdict
    return _our_bug(fault)


def _the_input(fault: BaseException) -> Verdict:
    return Verdict(exit_code=THE_INPUT, words=str(fault))


def _missing_extra(fault: BaseException) -> Verdict | None:
    package = (getattr(fault, "name", None) or "").partition(".")[0]
    extra = EXTRA_OF.get(package)
    if extra is None:
        return None
    return _the_input(
        MissingExtra(
            package,
            "must be installed for this command",
            advice=f'Install it with: pip install "osteon[{extra}]"',
        )
    )


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


def _stopped(_: BaseException) -> Verdict:
    words = (
        "Stopped by you. What was finished is whole and kept. "
        "A training goes on with `osteon train --resume RUN`; an audit, a benchmark and a download "
        "go on with the same command."
    )
    return Verdict(exit_code=STOPPED, words=words)


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
    (ModuleNotFoundError, _missing_extra),
    (KeyboardInterrupt, _stopped),
    (BrokenPipeError, _pipe_closed),
    (OSError, _place),
    (MemoryError, _memory),
    (BaseException, _our_bug),
)
"""Searched from the top; an entry that returns None leaves the fault to the next."""
