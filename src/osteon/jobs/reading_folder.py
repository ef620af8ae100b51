"""The folder that readings go to holds those of one run: never of two at once, never of two mixed.

While a run writes, the folder is locked, and a second run is refused before it reads a film. A run
into a folder that holds readings already replaces them whole: lines, table and pictures. A resumed
run keeps them and goes on behind them.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from osteon.errors import OutputFault
from osteon.reports.readings import ReadingRecord, parse_record

try:
    import fcntl
except ImportError:  # Windows: the lock's file is made, and must not be there
    fcntl = None  # type: ignore[assignment]

LOCK_NAME: Final = ".osteon-read.lock"
"""The file in a folder that says that a run writes there."""

_LINE_STARTS: Final = b'{"path": "'


@contextlib.contextmanager
def claim_folders(*folders: Path | None) -> Iterator[None]:
    """Hold folders for one run.

    Args:
        folders: Made where they are missing; None is none.

    Raises:
        OutputFault: If a folder cannot be written, or another run holds it.
    """
    wanted = dict.fromkeys(folder for folder in folders if folder is not None)
    with contextlib.ExitStack() as held:
        for folder in wanted:
            held.enter_context(_lock(folder))
        yield


def clear_earlier(*, lines: Path | None, table: Path | None, pictures: Path | None) -> int:
    """Take away what an earlier run left where this one writes.

    Pictures are taken away where the earlier run's lines name them; other files stay.

    Args:
        lines: The file of JSON lines.
        table: The table.
        pictures: The folder of pictures.

    Returns:
        How many readings were there.

    Raises:
        OutputFault: If they cannot be removed.
    """
    earlier = [] if lines is None else _read_earlier(lines)
    if not earlier:
        return 0
    names = {Path(name).name for name in earlier if name}
    gone = [pictures / name for name in sorted(names)] if pictures is not None else []
    try:
        for path in (lines, table, *gone):
            if path is not None:
                path.unlink(missing_ok=True)
    except OSError as fault:
        raise OutputFault(
            str(lines), "must be a file that can be replaced", advice="Name another folder."
        ) from fault
    return len(earlier)


def take_up_earlier(lines: Path, *, release_sha256: str) -> tuple[ReadingRecord, ...]:
    """Return the readings of an earlier run; a last line that a crash cut off is taken away.

    Args:
        lines: The file of JSON lines; it may be missing.
        release_sha256: Of the release that goes on.

    Returns:
        What was read, in order. The film of a line that was cut is not among it.

    Raises:
        OutputFault: If the file holds something else, cannot be mended, or was written by another
            release.
    """
    try:
        content = lines.read_bytes() if lines.exists() else b""
    except OSError as fault:
        raise OutputFault(str(lines), "must be a file that can be read") from fault
    records = tuple(_parse_lines(lines, content))
    strange = next((one for one in records if one.release_sha256 != release_sha256), None)
    if strange is not None:
        raise OutputFault(
            str(lines),
            "must be readings of the release that goes on with them",
            found=f"{strange.release}, of another file",
            advice="Name that release with --release, or another folder with -o.",
        )
    n_whole = content.rfind(b"\n") + 1
    if n_whole < len(content):
        _cut(lines, n_whole)
    return records


def _parse_lines(lines: Path, content: bytes) -> Iterator[ReadingRecord]:
    """Yield the readings of a file of lines, but for a last line that is unfinished.

    Raises:
        OutputFault: If a line is something else.
    """  # noqa: DOC501 — that is what `_refuse_line` returns
    *whole, rest = content.split(b"\n")
    for number, line in enumerate(whole, start=1):
        try:
            yield parse_record(line)
        except ValueError as fault:
            raise _refuse_line(lines, number) from fault
    if rest.strip(b"\0") and rest[: len(_LINE_STARTS)] != _LINE_STARTS[: len(rest)]:
        raise _refuse_line(lines, len(whole) + 1)


def _refuse_line(lines: Path, number: int) -> OutputFault:
    return OutputFault(
        str(lines),
        "must hold readings, to go on behind them",
        found=f"something else in line {number:,}",
        advice="Name another folder with -o.",
    )


def _cut(lines: Path, length: int) -> None:
    """Shorten a file.

    Raises:
        OutputFault: If it cannot be written.
    """
    try:
        os.truncate(lines, length)
    except OSError as fault:
        raise OutputFault(str(lines), "must be a file that can be written") from fault


def _read_earlier(lines: Path) -> list[str | None]:
    """Return the picture of each reading that was written before; none where there are none."""
    try:
        whole, _, _ = lines.read_bytes().rpartition(b"\n")  # a crash may have cut the last line
        told = [json.loads(line) for line in whole.split(b"\n") if line.strip()]
        return [one["overlay"] for one in told]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # none, or no readings of ours: the file is replaced, nothing else is touched


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold one folder; a run that was killed holds it no longer.

    Raises:
        OutputFault: If it cannot be written, or another run holds it.
    """
    path = folder / LOCK_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = _take(path)
    except BlockingIOError as fault:
        raise OutputFault(
            str(folder),
            "must be written by one run at a time; another `osteon read` writes there",
            advice="Wait for it, or name another folder.",
        ) from fault
    except OSError as fault:
        raise OutputFault(
            str(folder),
            "must be a place that can be written",
            advice="Free some space there, or name another folder.",
        ) from fault
    try:
        yield
    finally:
        # Removed while it is held: whoever opened it meanwhile sees that it is gone (`_take`).
        if fcntl is not None:
            path.unlink(missing_ok=True)
        os.close(held)
        if fcntl is None:
            path.unlink(missing_ok=True)


def _take(path: Path) -> int:
    """Return a descriptor that holds the lock.

    Raises:
        BlockingIOError: If another run holds it.
        OSError: If the place cannot be written.
    """
    if fcntl is None:
        try:
            return os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR)
        except FileExistsError as fault:
            raise BlockingIOError from fault
    while True:
        held = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(held).st_ino == path.stat().st_ino:
                return held
        except FileNotFoundError:
            pass  # its holder has just removed it
        except OSError:
            os.close(held)
            raise
        os.close(held)
