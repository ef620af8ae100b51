"""A report's file appears whole or not at all."""

import contextlib
import os
from pathlib import Path

from osteon.errors import OutputFault


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there, so that no reader meets half of it.

    Args:
        path: Where; its folder is made where there is none.
        content: What.

    Raises:
        OutputFault: If the place cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as fault:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise OutputFault(
            str(path),
            "must be a place that can be written",
            found=os.strerror(fault.errno) if fault.errno else None,
            advice="Free some space there, or name another folder.",
        ) from None
