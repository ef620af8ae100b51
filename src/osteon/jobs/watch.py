"""Folders that films arrive in → a reading of each, for as long as somebody wants it.

What was read is known from `readings.jsonl` and from nowhere else: a watch that ended, however it
ended, is taken up there.

Works with the base install alone.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from osteon.errors import FolderNotFound, SettingsFault
from osteon.inference.detector import Detector
from osteon.jobs.arrivals import Arrivals, Pace
from osteon.jobs.film_contents import (
    FilmContent,
    FilmKey,
    build_key,
    key_records,
    look_at_content,
    stamp_file,
)
from osteon.jobs.read import (
    DECISIONS,
    ReadingRequest,
    Tell,
    describe_promises,
    load_detector,
    refuse_shared_folder,
)
from osteon.jobs.reading_folder import claim_folders, take_up_earlier
from osteon.jobs.reading_writer import ReadingWriter
from osteon.reports.readings import ReadingFiles, ReadingRecord
from osteon.terms import Decision, Reading
from osteon.wording import spell

AT_ONCE: Final = 64
"""Films that are read before the folders are looked at again."""

LOOKING_SHARE: Final = 0.2
"""Of the time, at most, that is spent on looking: a large folder on a slow share takes long."""

NAP_S: Final = 0.2
"""A wish to end is noticed within this."""

Warn = Callable[[str], None]
"""Called with what the person must know while the watch goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchReport:
    """What was read while the folders were watched.

    Attributes:
        release: Name and version of the release.
        counts: Films per decision, in the order of `DECISIONS`.
        n_overlays: Pictures that were drawn.
        n_earlier: Readings that were there when the watch began.
        n_arriving: Films that did not stand still yet when it ended.
        n_unfinished: Files whose names say that they are not finished.
        remarks: What a reader of the decisions must know of the release's promises.
    """

    release: str
    counts: dict[Decision, int]
    n_overlays: int
    n_earlier: int
    n_arriving: int
    n_unfinished: int
    remarks: tuple[str, ...] = ()


def watch_folders(
    request: ReadingRequest,
    *,
    is_over: Callable[[], bool],
    tell: Tell = lambda _: None,
    warn: Warn = lambda _: None,
    pace: Pace | None = None,
) -> WatchReport:
    """Read the films in folders, and those that arrive there, until it is over.

    Readings that are there already stay: a film is read again only if its content has changed.

    Args:
        request: What a person asked for; its films are folders.
        is_over: Asked between two films. A film that is being read then is read the next time.
        tell: Told each reading.
        warn: Told when a folder cannot be opened, and when it can be again.
        pace: How long is waited for what; `Pace()` if not given.

    Raises:
        FolderNotFound: If there is no such folder or release.
        SettingsFault: If there is no place for the readings.
        ReleaseFault: If the release cannot be trusted.
        OutputFault: If a result cannot be written, or what is there cannot be gone on with.
    """
    lines = _check_watch(request)
    counts: Counter[Decision] = Counter()
    n_overlays = 0
    with ExitStack() as held:
        detector = held.enter_context(load_detector(request))
        detector.warm_up()
        held.enter_context(claim_folders(lines.parent, request.overlays))
        earlier = take_up_earlier(lines, release_sha256=detector.release_sha256)
        files = ReadingFiles(lines=lines, table=request.table, earlier=earlier, is_live=True)
        writer = held.enter_context(
            ReadingWriter(files, pictures=request.overlays, earlier=earlier)
        )
        arrivals = Arrivals(request.films, own=request.outputs, pace=pace or Pace())
        watch = _Watch(detector, writer, arrivals, known=set(key_records(earlier)))
        for record in watch.run(is_over, warn):
            counts[record.decision] += 1
            n_overlays += record.overlay is not None
            tell(record)
        card = detector.card
    return WatchReport(
        release=f"{card.name} {card.version}",
        counts={decision: counts[decision] for decision in DECISIONS},
        n_overlays=n_overlays,
        n_earlier=len(earlier),
        n_arriving=arrivals.count_arriving(),
        n_unfinished=arrivals.n_unfinished,
        remarks=tuple(describe_promises(card)),
    )


class _Watch:
    """Holds what is needed to read what arrives, and which films were read.

    Args:
        detector: Reads.
        writer: Writes.
        arrivals: Says what has arrived.
        known: Films that were read already.
    """

    def __init__(
        self,
        detector: Detector,
        writer: ReadingWriter,
        arrivals: Arrivals,
        *,
        known: set[FilmKey],
    ) -> None:
        self._detector, self._writer, self._arrivals = detector, writer, arrivals
        self._known = known

    def run(self, is_over: Callable[[], bool], warn: Warn) -> Iterator[ReadingRecord]:
        """Yield the record of each film as it is read."""
        closed: tuple[Path, ...] = ()
        while not is_over():
            began = time.monotonic()
            ready = self._arrivals.look()
            took_s = time.monotonic() - began
            closed = _tell_of_closed(closed, self._arrivals.closed, warn)
            yield from self._read(ready[:AT_ONCE], is_over)
            if len(ready) <= AT_ONCE:
                _nap(max(self._arrivals.pace.look_s, took_s / LOOKING_SHARE - took_s), is_over)

    def _read(self, paths: Sequence[Path], is_over: Callable[[], bool]) -> Iterator[ReadingRecord]:
        ahead: deque[FilmContent] = deque()
        for reading in self._detector.read_many(self._list_unread(paths, ahead)):
            if is_over():
                return  # who ended the watch may have ended the film's decoder too
            record = self._write(reading, ahead.popleft())
            if record is not None:
                yield record

    def _list_unread(self, paths: Sequence[Path], ahead: deque[FilmContent]) -> Iterator[Path]:
        """Yield the films that were not read, each hashed just before it is opened."""
        for path in paths:
            content = look_at_content(path)
            if not self._arrivals.is_still(path, content.stamp):
                continue
            if build_key(path, content.sha256) in self._known:
                self._arrivals.settle(path)
                continue
            ahead.append(content)
            yield path

    def _write(self, reading: Reading, content: FilmContent) -> ReadingRecord | None:
        """Write a reading; return None where the film is to be read again."""
        path, sha256 = content.path, content.sha256
        is_unread = reading.decision == "not read"
        if not content.is_unchanged:
            if is_unread or stamp_file(path) is not None:
                return None  # it changed, or went before it was opened
            sha256 = None  # it was read, and then taken away
        elif is_unread and self._arrivals.hold(path):
            return None
        record = self._writer.write(reading, path, called=path, film_sha256=sha256)
        self._known.add(build_key(path, sha256))
        self._arrivals.settle(path)
        return record


def _check_watch(request: ReadingRequest) -> Path:
    """Return where the lines go, if what is asked for can be done.

    Raises:
        FolderNotFound: If there is no such folder.
        SettingsFault: If there is no place for the readings.
    """
    for folder in request.films:
        if not folder.is_dir():
            raise FolderNotFound(
                spell(folder), "must be a folder, to be watched", advice="Name one that is there."
            )
    if request.lines is None:
        raise SettingsFault(
            "--watch",
            "needs a folder for its readings: from them it knows what it has read",
            advice="Name one with -o.",
        )
    refuse_shared_folder(request)
    return request.lines


def _tell_of_closed(
    before: tuple[Path, ...], now: tuple[Path, ...], warn: Warn
) -> tuple[Path, ...]:
    """Say which folders have gone and which have come back; return those that are gone."""
    for folder in now:
        if folder not in before:
            warn(f"{spell(folder)}: cannot be opened at present; it is tried again and again")
    for folder in before:
        if folder not in now:
            warn(f"{spell(folder)}: can be opened again")
    return now


def _nap(seconds: float, is_over: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not is_over() and (left := until - time.monotonic()) > 0:
        time.sleep(min(NAP_S, left))
