r"""Standard streams that stop no command: closed ones swallow, narrow ones escape.

A terminal or a pipe may be in cp932, cp1252 or ASCII, and a film may be called anything. What a
stream cannot write is escaped (`\u80f8`) and nothing is lost; files are in UTF-8 wherever they
are written. A stream that was closed (`>&-`) becomes one that nobody reads.
"""

import contextlib
import os
import sys
from typing import TextIO


def prepare_streams() -> None:
    """Make this process's streams fit for whatever is said; once, at its beginning."""
    _fill_descriptors()
    for name in ("stdout", "stderr"):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            silence = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 — to the end
            setattr(sys, name, silence)
        else:
            escape_unwritable(stream)


def escape_unwritable(stream: TextIO) -> None:
    """Let a stream escape what its encoding lacks, instead of failing or dropping it.

    Args:
        stream: Any; one that is no file of text is left as it is.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def is_unicode(stream: TextIO) -> bool:
    """Return whether a stream can write every letter.

    Args:
        stream: Any.
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().startswith("utf")


def read_standard_input() -> bytes:
    """Return all that a pipe or a file gives, as bytes; nothing where standard input is closed."""
    if sys.stdin is None:
        return b""
    buffer = getattr(sys.stdin, "buffer", None)  # a stand-in may have none
    return buffer.read() if buffer else sys.stdin.read().encode("utf-8", "surrogateescape")


def _fill_descriptors() -> None:
    """Open what was closed among the first three on nothing.

    The next file that is opened would get the number, and all that is printed would land in it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with contextlib.suppress(OSError):
                nothing = os.open(os.devnull, os.O_RDWR)
                if nothing != number:
                    os.dup2(nothing, number)
                    os.close(nothing)
                os.set_inheritable(number, True)
