"""Files that are written: whole or not at all, and with a reason where they cannot be."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

from osteon.errors import OutputFault

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there, so that no reader meets half of it.

    Args:
        path: Where; its folder is made where there is none.
        content: What.

    Raises:
        OutputFault: If the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open_whole(path, must_last=False) as file:
            file.write(content)
    except OSError as fault:
        refuse_output(path, fault)


@contextmanager
def open_whole(path: Path, *, must_last: bool = True) -> Iterator[BinaryIO]:
    """Open a new file that takes its place only if everything was written.

    Until then it is called `.NAME.….partial`; whatever is raised meanwhile removes it. A device or
    a pipe at the place is written to as it is.

    Args:
        path: The place, in a folder that exists.
        must_last: Whether to wait until the disk has it, so that a power cut leaves it whole.

    Yields:
        The file, open for bytes.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        with path.open("wb") as device:
            yield device
        return
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("xb") as file:
            yield file
            if must_last:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents.

    Raises:
        OutputFault: If that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        refuse_output(folder, fault)


def refuse_taken(folder: Path) -> None:
    """Refuse a target that exists already, even empty, even as a broken link.

    Raises:
        OutputFault: If it does.
    """
    if os.path.lexists(folder):
        raise OutputFault(
            str(folder), "must not exist yet", advice="Choose another folder, or remove this one."
        )


def refuse_output(path: Path, fault: OSError) -> NoReturn:
    """Say in our words that the operating system would not write.

    Raises:
        OutputFault: Always.
    """
    if fault.errno in _FULL:
        advice = "Free some space, or choose a folder on another disk, and run it again."
        raise OutputFault(str(path), "the disk must have room for it", advice=advice) from fault
    raise OutputFault(
        str(path),
        "must be a place that can be written",
        found=os.strerror(fault.errno) if fault.errno else None,
        advice="Check the folder's owner and permissions, or choose another folder.",
    ) from fault
