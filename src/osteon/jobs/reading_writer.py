"""A reading on its way to disk: its picture first, then its line and its row.

In this order, so that a line always names a picture that is there, and a run that is killed between
the two reads the film again and draws the same picture again.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from osteon.errors import FilmFault
from osteon.files import write_whole
from osteon.reports.pictures.overlay import OverlayOrder, render_overlay
from osteon.reports.readings import ReadingFiles, ReadingRecord, build_record
from osteon.sandbox import WorkerPool
from osteon.terms import Reading

_LONGEST_NAME: Final = 80
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # of Windows


class ReadingWriter:
    """Writes readings while they come.

    Args:
        files: For lines and table; opened and closed with the writer.
        pictures: Folder for a picture of each film, or None.
        picture: The picture of the one film, as a file, or None.
        earlier: Readings whose pictures stay.
    """

    def __init__(
        self,
        files: ReadingFiles,
        *,
        pictures: Path | None,
        picture: Path | None = None,
        earlier: Sequence[ReadingRecord] = (),
    ) -> None:
        self._files, self._pictures, self._picture = files, pictures, picture
        self._names = NameGiver(Path(one.overlay).name for one in earlier if one.overlay)
        self._painter: WorkerPool | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open the files, and start the process that draws, where something is to be drawn.

        Raises:
            OutputFault: If a file cannot be written.
        """
        with ExitStack() as opened:
            opened.enter_context(self._files)
            if self._pictures or self._picture:
                self._painter = opened.enter_context(WorkerPool(workers=1))
                self._painter.warm_up(render_overlay)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process, and close the files."""
        self._open.__exit__(kind, fault, trace)

    def write(
        self, reading: Reading, path: Path, *, called: Path, film_sha256: str | None
    ) -> ReadingRecord:
        """Write one reading, and return its record.

        Args:
            reading: The reading.
            path: Where its film lies.
            called: How the film is spoken of.
            film_sha256: Of the film's file.

        Raises:
            OutputFault: If a result cannot be written.
        """
        overlay = None
        if self._painter is not None:
            picture = self._picture or (self._pictures or Path()) / self._names.name(called)
            overlay = _draw(self._painter, path, reading, picture)
        record = build_record(reading, called, overlay=overlay, film_sha256=film_sha256)
        self._files.add(record)
        return record


class NameGiver:
    """Gives each film's picture a name of its own that is a plain file name and nothing else.

    Args:
        given: Names that are given already.
    """

    def __init__(self, given: Iterable[str] = ()) -> None:
        self._given = {name.removesuffix(".png").lower() for name in given}

    def name(self, path: Path) -> str:
        """Return a name that was not given before, whatever the film's own name says.

        Args:
            path: Of the film.
        """
        stem = _UNSAFE.sub("_", path.stem).strip("._-")[:_LONGEST_NAME] or "film"
        if _DEVICE.match(stem):
            stem = f"film-{stem}"
        name, number = stem, 1
        while name.lower() in self._given:  # as some disks see it, a.png is A.PNG
            number += 1
            name = f"{stem}-{number}"
        self._given.add(name.lower())
        return f"{name}.png"


def _draw(painter: WorkerPool, path: Path, reading: Reading, picture: Path) -> Path | None:
    """Draw a film's picture; return where it is, or None where the film cannot be shown."""
    try:
        content = painter.call(render_overlay, OverlayOrder(path=path, reading=reading))
    except FilmFault:
        return None  # its reading says why
    write_whole(picture, content)
    return picture
