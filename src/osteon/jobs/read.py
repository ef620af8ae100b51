"""Films and folders → one reading each, with a table, and a picture of each where wanted.

Works with the base install alone.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from osteon.errors import NoFilms, SettingsFault
from osteon.inference.bundled import locate_release
from osteon.inference.detector import Detector
from osteon.jobs.film_contents import FilmContent, build_key, key_records, look_at_content
from osteon.jobs.film_lists import (
    FoundFilms,
    describe_passed_over,
    gather_films,
    leave_out,
    lies_in,
)
from osteon.jobs.reading_folder import claim_folders, clear_earlier, take_up_earlier
from osteon.jobs.reading_writer import ReadingWriter
from osteon.release import ReleaseCard
from osteon.reports.readings import ReadingFiles, ReadingRecord
from osteon.terms import Decision, Progress, SetAside, no_progress
from osteon.wording import spell

DECISIONS: Final[tuple[Decision, ...]] = ("fracture", "doubt", "no fracture", "not read")

STANDARD_INPUT: Final = Path("-")
"""How a film that came on standard input is called."""

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
        overlay: The picture of the one film, as a file.
        piped: A film that came on standard input, as bytes; it is read first.
        is_resumed: Whether the readings in `lines` stay, and their films are not read again.
    """

    films: Sequence[Path] = ()
    release: Path | None = None
    threads: int | None = None
    on_inverted: Literal["refuse", "correct"] | None = None
    on_stranger: Literal["refuse", "read"] | None = None
    lines: Path | None = None
    table: Path | None = None
    overlays: Path | None = None
    overlay: Path | None = None
    piped: bytes | None = None
    is_resumed: bool = False

    @property
    def outputs(self) -> tuple[Path, ...]:
        """Where results go; no film lies there."""
        return tuple(path for path in (self.lines, self.table, self.overlays) if path is not None)


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
        n_kept: Readings of an earlier run that was resumed.
        remarks: What a reader of the decisions must know of the release's promises.
    """

    release: str
    counts: dict[Decision, int]
    n_overlays: int
    readings: tuple[ReadingRecord, ...]
    passed_over: tuple[SetAside, ...] = ()
    other_endings: dict[str, int] = field(default_factory=dict)
    n_replaced: int = 0
    n_kept: int = 0
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
        SettingsFault: If one picture is wanted of several films, or a reading is to be resumed
            that was not kept.
        FolderNotFound: If there is no such release.
        ReleaseMissing: If none was named, and this Osteon was built without its own.
        ReleaseFault: If the release cannot be trusted.
        OutputFault: If a result cannot be written, or what is there cannot be gone on with.
    """
    found = leave_out(gather_films(request.films), request.outputs)
    _check_request(request, found)
    with ExitStack() as held:
        detector = held.enter_context(load_detector(request))
        detector.warm_up()
        lines, table, pictures = request.lines, request.table, request.overlays
        held.enter_context(claim_folders(lines and lines.parent, pictures))
        earlier: tuple[ReadingRecord, ...] | None = None
        n_replaced = 0
        if request.is_resumed and lines is not None:
            earlier = take_up_earlier(lines, release_sha256=detector.release_sha256)
        else:
            n_replaced = clear_earlier(lines=lines, table=table, pictures=pictures)
        files = ReadingFiles(lines=lines, table=table, earlier=earlier)
        writer = held.enter_context(
            ReadingWriter(files, pictures=pictures, picture=request.overlay, earlier=earlier or ())
        )
        films = _Films(found.films, earlier or ())
        if request.piped is not None:
            films.put_first(_keep(request.piped, held))
        for reading in detector.read_many(films.list_unread()):
            content, called = films.take_next()
            record = writer.write(
                reading,
                content.path,
                called=called,
                film_sha256=content.sha256 if content.is_unchanged else None,
            )
            films.add(record)
            tell(record)
            progress("reading films", films.n_done, films.n)
        card = detector.card
    records = films.list_records()
    return ReadingReport(
        release=f"{card.name} {card.version}",
        counts=count_decisions(records),
        n_overlays=sum(record.overlay is not None for record in records),
        readings=records,
        passed_over=found.passed_over,
        other_endings=found.other_endings,
        n_replaced=n_replaced,
        n_kept=films.n_kept,
        remarks=tuple(describe_promises(card)),
    )


class _Films:
    """Holds the films of one run: which are to be read, which are on their way, and what was read.

    Args:
        films: In their order.
        earlier: Readings that are there already.
    """

    def __init__(self, films: Sequence[Path], earlier: tuple[ReadingRecord, ...]) -> None:
        self._films = [(path, path) for path in films]
        self._earlier = key_records(earlier)
        self._records: dict[int, ReadingRecord] = {}
        self._ahead: deque[tuple[int, FilmContent]] = deque()
        self._at = -1
        self.n_kept = 0

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self._films)

    @property
    def n_done(self) -> int:
        """How many have a reading."""
        return len(self._records)

    def put_first(self, path: Path) -> None:
        """Add the film that came on standard input."""
        self._films.insert(0, (path, STANDARD_INPUT))

    def list_unread(self) -> Iterator[Path]:
        """Yield the films that have no reading yet, each hashed just before it is opened."""
        for number, (path, called) in enumerate(self._films):
            content = look_at_content(path)
            kept = self._earlier.get(build_key(called, content.sha256))
            if kept is not None:
                self._records[number] = kept
                self.n_kept += 1
                continue
            self._ahead.append((number, content))
            yield path

    def take_next(self) -> tuple[FilmContent, Path]:
        """Return the film whose reading has come: its content, and how it is spoken of."""
        self._at, content = self._ahead.popleft()
        return content, self._films[self._at][1]

    def add(self, record: ReadingRecord) -> None:
        """Take the reading of the film that was taken last."""
        self._records[self._at] = record

    def list_records(self) -> tuple[ReadingRecord, ...]:
        """Return all readings, in the films' order."""
        return tuple(self._records[number] for number in sorted(self._records))


def _check_request(request: ReadingRequest, found: FoundFilms) -> None:
    """Make sure that what is asked for can be done.

    Raises:
        NoFilms: If no film was found.
        SettingsFault: If options contradict each other.
    """
    n = len(found.films) + (request.piped is not None)
    if request.overlay and n != 1:
        raise SettingsFault(
            "--overlay",
            "names one picture, and so needs one film",
            found=n,
            advice="Name a folder, and each film gets a picture in it.",
        )
    refuse_shared_folder(request)
    if request.is_resumed and request.lines is None:
        raise SettingsFault(
            "--resume",
            "needs the folder of the reading that was stopped",
            advice="Name it with -o.",
        )
    if not n:
        raise NoFilms(
            ", ".join(spell(path) for path in request.films) or "films",
            "must hold films",
            found=describe_passed_over(found) or None,
            advice="Name files, or folders with JPEG, PNG, TIFF or DICOM films.",
        )


def refuse_shared_folder(request: ReadingRequest) -> None:
    """Make sure that pictures do not go where the films are.

    Args:
        request: What a person asked for.

    Raises:
        SettingsFault: If a folder of films is to hold the pictures too.
    """
    if request.overlays and any(
        lies_in(path, [request.overlays.resolve()]) for path in request.films
    ):
        raise SettingsFault(
            "--overlay",
            "must be a folder of its own: pictures could take the place of the films in it",
            found=spell(request.overlays),
            advice="Name another folder.",
        )


def load_detector(request: ReadingRequest) -> Detector:
    """Return the detector that a request names.

    Args:
        request: What a person asked for.

    Raises:
        FolderNotFound: If there is no such release.
        ReleaseMissing: If none was named, and this Osteon was built without its own.
        ReleaseFault: If the release cannot be trusted.
    """
    return Detector.load(
        locate_release(request.release),
        threads=request.threads,
        on_inverted=request.on_inverted,
        on_stranger=request.on_stranger,
    )


def count_decisions(records: Iterable[ReadingRecord]) -> dict[Decision, int]:
    """Return films per decision, in the order of `DECISIONS`.

    Args:
        records: Of the films.
    """
    counts = Counter(record.decision for record in records)
    return {decision: counts[decision] for decision in DECISIONS}


def describe_promises(card: ReleaseCard) -> Iterator[str]:
    """Yield what takes the promises behind the decisions away.

    Args:
        card: Of the release.
    """
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
