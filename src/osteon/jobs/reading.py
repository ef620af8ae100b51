"""Films and folders → one reading each, with a table, and a picture of each where wanted.

Works with the base install alone.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from osteon.errors import FilmFault, NoFilms
from osteon.inference.bundled import locate_release
from osteon.inference.detector import Detector
from osteon.radiographs.dicom import is_dicom
from osteon.radiographs.films import FILM_SUFFIXES
from osteon.radiographs.isolation import ChildPool
from osteon.reports.files import write_whole
from osteon.reports.overlay import OverlayOrder, render_overlay
from osteon.reports.readings import ReadingFiles, ReadingRecord, build_record, spell
from osteon.terms import Decision, Progress, Reading, no_progress

DECISIONS: Final[tuple[Decision, ...]] = ("fracture", "doubt", "no fracture", "not read")

_LITTER: Final = frozenset({"desktop.ini", "thumbs.db", "dicomdir", "__macosx", "@eadir"})
_HEADER_BYTES: Final = 4096
_LONGEST_NAME: Final = 80
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # of Windows

Tell = Callable[[ReadingRecord], None]
"""Called with each film's reading as it comes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingRequest:
    """What a person asked for.

    Attributes:
        films: Files and folders, in the order in which they are to be read.
        release: The release's file, or the name of the one that comes with Osteon; None is that.
        threads: CPU threads; None takes every core.
        on_inverted: What is done about a negative; None as the release says.
        on_stranger: What is done about what looks like no limb; None as the release says.
        lines: Where each reading goes as one line of JSON, as soon as it is there.
        table: Where the readings go as CSV.
        overlays: Folder for a picture of each film.
    """

    films: Sequence[Path]
    release: Path | None = None
    threads: int | None = None
    on_inverted: Literal["refuse", "correct"] | None = None
    on_stranger: Literal["refuse", "read"] | None = None
    lines: Path | None = None
    table: Path | None = None
    overlays: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingReport:
    """What was read.

    Attributes:
        release: Name and version of the release.
        counts: Films per decision, in the order of `DECISIONS`.
        n_overlays: Pictures that were drawn.
        readings: One per film, in the films' order.
    """

    release: str
    counts: dict[Decision, int]
    n_overlays: int
    readings: tuple[ReadingRecord, ...]


def read_films(
    request: ReadingRequest, *, progress: Progress = no_progress, tell: Tell = lambda _: None
) -> ReadingReport:
    """Read films, one after the other, and stop at none.

    Args:
        request: What a person asked for.
        progress: Told how many are done.
        tell: Told each reading.

    Raises:
        NoFilms: If no film was found in the folders.
        FolderNotFound: If there is no such release.
        ReleaseMissing: If none was named, and this Osteon was built without its own.
        ReleaseFault: If the release cannot be trusted.
        OutputFault: If a result cannot be written.
    """  # noqa: DOC502 — loading and writing raise the others
    films = find_films(request.films)
    if not films:
        raise NoFilms(
            ", ".join(spell(path) for path in request.films) or "films",
            "must hold films",
            advice="Name files, or folders with JPEG, PNG, TIFF or DICOM films.",
        )
    with ExitStack() as held:
        detector = held.enter_context(
            Detector.load(
                locate_release(request.release),
                threads=request.threads,
                on_inverted=request.on_inverted,
                on_stranger=request.on_stranger,
            )
        )
        detector.warm_up()
        files = held.enter_context(ReadingFiles(lines=request.lines, table=request.table))
        painter = None
        if request.overlays:
            painter = held.enter_context(ChildPool(workers=1))
            painter.warm_up(render_overlay)
        names = NameGiver()
        records: list[ReadingRecord] = []
        for path, reading in zip(films, detector.read_many(films), strict=True):
            overlay = None
            if painter is not None and request.overlays is not None:
                overlay = _draw(painter, path, reading, request.overlays / names.name(path))
            records.append(build_record(reading, path, overlay=overlay))
            files.add(records[-1])
            tell(records[-1])
            progress("reading films", len(records), len(films))
        card = detector.card
    counts = Counter(record.decision for record in records)
    return ReadingReport(
        release=f"{card.name} {card.version}",
        counts={decision: counts[decision] for decision in DECISIONS},
        n_overlays=sum(record.overlay is not None for record in records),
        readings=tuple(records),
    )


def find_films(paths: Iterable[Path]) -> list[Path]:
    """Return the films that are meant: files as they are named, and those inside folders.

    Args:
        paths: Files and folders. A file is taken whatever its name, and even if it is not there:
            its reading will say so.

    Returns:
        Films in the order of the paths, those of a folder sorted. Links to folders and what is
        hidden are passed over; a file is a film by its name, or as DICOM by its content.
    """
    films: list[Path] = []
    for path in paths:
        films.extend(_walk(path) if path.is_dir() else [path])
    return films


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_litter(name))
        for name in sorted(names):
            path = Path(place, name)
            if not _is_litter(name) and _looks_like_a_film(path):
                yield path


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _looks_like_a_film(path: Path) -> bool:
    if path.suffix.lower() in FILM_SUFFIXES:
        return True
    try:
        if not path.is_file():  # a pipe would keep its reader waiting
            return False
        with path.open("rb") as file:
            return is_dicom(file.read(_HEADER_BYTES))
    except OSError:
        return False


class NameGiver:
    """Gives each film's picture a name of its own that is a plain file name and nothing else."""

    def __init__(self) -> None:
        self._given: set[str] = set()

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


def _draw(painter: ChildPool, path: Path, reading: Reading, picture: Path) -> Path | None:
    """Draw a film's picture; return where it is, or None where the film cannot be shown."""
    try:
        content = painter.call(render_overlay, OverlayOrder(path=path, reading=reading))
    except FilmFault:
        return None  # its reading says why
    write_whole(picture, content)
    return picture
