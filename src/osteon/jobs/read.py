"""Films and folders → one reading each, with a table, and a picture of each where wanted.

Works with the base install alone.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from osteon.errors import FilmFault, NoFilms, SettingsFault
from osteon.files import write_whole
from osteon.inference.bundled import locate_release
from osteon.inference.detector import Detector
from osteon.jobs.film_lists import describe_passed_over, gather_films
from osteon.jobs.reading_folder import claim_folders, clear_earlier
from osteon.release import ReleaseCard
from osteon.reports.pictures.overlay import OverlayOrder, render_overlay
from osteon.reports.readings import ReadingFiles, ReadingRecord, build_record
from osteon.sandbox import ChildPool
from osteon.terms import Decision, Progress, Reading, SetAside, no_progress
from osteon.wording import spell

DECISIONS: Final[tuple[Decision, ...]] = ("fracture", "doubt", "no fracture", "not read")

STANDARD_INPUT: Final = Path("-")
"""How a film that came on standard input is called."""

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
        lines: Where each reading goes as one line of JSON, as soon as it is there.
        table: Where the readings go as CSV.
        overlays: Folder for a picture of each film.
        overlay: The picture of the one film, as a file.
        piped: A film that came on standard input, as bytes; it is read first.
    """

    films: Sequence[Path] = ()
    release: Path | None = None
    threads: int | None = None
    on_inverted: Literal["refuse", "correct"] | None = None
    lines: Path | None = None
    table: Path | None = None
    overlays: Path | None = None
    overlay: Path | None = None
    piped: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingReport:
    """What was read.

    Attributes:
        release: Name and version of the release.
        counts: Films per decision, in the order of `DECISIONS`.
        n_overlays: Pictures that were drawn.
        readings: One per film, in the films' order.
        passed_over: Links, locked folders, indices and foreign pictures, and why.
        other_endings: How many other files lay in the folders, by their endings.
        n_replaced: Readings of an earlier run that were in the same place, and are no more.
        remarks: What a reader of the decisions must know of the release's promises.
    """

    release: str
    counts: dict[Decision, int]
    n_overlays: int
    readings: tuple[ReadingRecord, ...]
    passed_over: tuple[SetAside, ...] = ()
    other_endings: dict[str, int] = field(default_factory=dict)
    n_replaced: int = 0
    remarks: tuple[str, ...] = ()


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
        SettingsFault: If one picture is wanted of several films.
        FolderNotFound: If there is no such release.
        ReleaseMissing: If none was named, and this Osteon was built without its own.
        ReleaseFault: If the release cannot be trusted.
        OutputFault: If a result cannot be written.
    """
    found = gather_films(request.films)
    films = found.films
    if request.overlay and len(films) + (request.piped is not None) != 1:
        raise SettingsFault(
            "--overlay",
            "names one picture, and so needs one film",
            found=len(films),
            advice="Name a folder, and each film gets a picture in it.",
        )
    if not films and request.piped is None:
        raise NoFilms(
            ", ".join(spell(path) for path in request.films) or "films",
            "must hold films",
            found=describe_passed_over(found) or None,
            advice="Name files, or folders with JPEG, PNG, TIFF or DICOM films.",
        )
    with ExitStack() as held:
        detector = held.enter_context(
            Detector.load(
                locate_release(request.release),
                threads=request.threads,
                on_inverted=request.on_inverted,
            )
        )
        detector.warm_up()
        lines, table, overlays = request.lines, request.table, request.overlays
        held.enter_context(claim_folders(lines and lines.parent, overlays))
        n_replaced = clear_earlier(lines=lines, table=table, pictures=overlays)
        files = held.enter_context(ReadingFiles(lines=lines, table=table))
        if request.piped is not None:
            films = (_keep(request.piped, held), *films)
        painter = None
        if request.overlays or request.overlay:
            painter = held.enter_context(ChildPool(workers=1))
            painter.warm_up(render_overlay)
        names = NameGiver()
        records: list[ReadingRecord] = []
        for path, reading in zip(films, detector.read_many(films), strict=True):
            overlay = None
            called = STANDARD_INPUT if request.piped is not None and not records else path
            if painter is not None:
                folder = request.overlays or Path()
                picture = request.overlay or folder / names.name(called)
                overlay = _draw(painter, path, reading, picture)
            records.append(build_record(reading, called, overlay=overlay))
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
        passed_over=found.passed_over,
        other_endings=found.other_endings,
        n_replaced=n_replaced,
        remarks=tuple(_say_promises(card)),
    )


def _say_promises(card: ReleaseCard) -> Iterator[str]:
    """Yield what takes the promises behind the decisions away."""
    if card.is_certified_unaudited:
        yield (
            "Its promises were certified although copies were never looked for (--unaudited): they "
            "may not hold."
        )
    if card.operating_points.cuts == (None, None):
        yield 'It promises nothing, and so it answers "doubt" to every film.'


def find_films(paths: Iterable[Path]) -> list[Path]:
    """Return the films that are meant; `gather_films` also says what was passed over.

    Args:
        paths: Files and folders.
    """
    return list(gather_films(paths).films)


def _keep(content: bytes, held: ExitStack) -> Path:
    """Return a file with a film's bytes, which is gone when the reading ends."""
    folder = Path(held.enter_context(TemporaryDirectory(prefix="osteon-")))
    path = folder / "standard-input"
    path.write_bytes(content)
    return path


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
