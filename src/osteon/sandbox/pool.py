"""The pool of child processes: what callers use.

Promised: whatever bytes a film has, the caller gets a result or one of the project's errors. A
child that crashes, or uses more memory or time than `Limits` says, is replaced; other films do not
notice. What comes back is plain data (`wire`): nothing that a child sends is run.

Not promised: a child that a film has taken over keeps the rights of the person who started it, the
network among them; it does not see the environment's secrets, and writes no file while it keeps to
its limits. On Windows only the time by the clock is limited.

Children are programs of their own that speak through pipes, so a script needs no
`if __name__ == "__main__"`, and a notebook or several threads may call. They start when they are
needed, and end with the pool or with the program.
"""

import logging
import os
import pickle
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import islice, takewhile
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from osteon.errors import (
    DecoderUnavailable,
    FilmFault,
    OsteonError,
    UnreadableFilm,
    UnsupportedRadiograph,
)
from osteon.sandbox.limits import Limits
from osteon.sandbox.process import Answer, pack_order
from osteon.sandbox.worker import Worker
from osteon.sandbox.workforce import Workforce

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_BATCH: Final = 4
"""Films that a child is given at once in a stream, so that it need not wait for its parent."""

_AHEAD: Final = 2
"""Batches per child that are begun before their turn: enough that none waits for a slow one."""

_DEFAULT: Final = Limits()
_LOG: Final = logging.getLogger(__name__)
_CPU_SIGNALS: Final = frozenset({"SIGPROF", "SIGXCPU"})
_HARMFUL: Final = "The film is damaged, or made to do harm: fetch it again, or leave it out."
_OUR_BUG: Final = "This is Osteon's fault and not yours: please report it. Leave the film out."


class WorkerPool:
    """Child processes that work on films, one film each at a time.

    Safe to use from several threads. A copy of it in a forked process has children of its own.

    Args:
        workers: Children at most; None for one on each core.
        limits: What the work on one film may use. `file_bytes` is held here for films that come as
            bytes, and `max_pixels` by the work alone.

    Attributes:
        workers: Children at most.
        limits: What the work on one film may use.
    """

    def __init__(self, *, workers: int | None = None, limits: Limits = _DEFAULT) -> None:
        self.workers = workers or os.cpu_count() or 1
        self.limits = limits
        self._losses: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._start_over()

    def __enter__(self) -> Self:
        """Return the pool, which ends with the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the children."""
        self.close()

    @property
    def losses(self) -> dict[str, int]:
        """Films so far that no child had an answer for, by cause.

        Causes: "time" (of computing), "clock", "memory", "end" of the child, and "bug", an
        exception that nobody foresaw.
        """
        with self._counting:
            return dict(self._losses)

    def warm_up(self, work: Callable[[Any], object]) -> None:
        """Start one child already, without waiting for it.

        Args:
            work: What `call` will be asked to do.
        """
        self._workforce_here().warm_up(_pickle(work))

    def call(self, work: Callable[[_Item], _Result], item: _Item, *, name: str = "") -> _Result:
        """Work on one film in a child, and wait for it.

        Args:
            work: A function at a module's top level, or a `partial` of one. Children import it
                before their time is counted. It returns what `wire` names.
            item: What it is called with; pickled. Relative paths start from the current folder.
            name: Of the film, for refusals; empty to take it from the item.

        Returns:
            What the work returned.

        Raises:
            UnsupportedRadiograph: If the film's bytes are too many.
            FilmFault: What the work raised, or what became of the child.
            DecoderUnavailable: If no child can be started, or none can import the work.
            OsteonError: Any other that the work raised.
        """
        (outcome,) = self._call_each(work, [item], [name or name_film(item)])
        if isinstance(outcome, OsteonError):
            raise outcome
        return outcome

    def map_in_order(
        self,
        work: Callable[[_Item], _Result],
        items: Iterable[_Item],
        *,
        name: Callable[[_Item], str] | None = None,
    ) -> Iterator[_Result | FilmFault]:
        """Yield what the work makes of each film, in the films' order, a few films ahead.

        Args:
            work: As for `call`.
            items: Taken one by one, as children become free.
            name: Of a film, for refusals; None to take it from the item.

        Yields:
            Results; for a film that is at fault, its fault.

        Raises:
            DecoderUnavailable: If no child can be started, or none can import the work.
            OsteonError: Any that the work raised and that is no film's fault.
        """
        names = name or name_film
        ahead: deque[Future[list[_Result | OsteonError]]] = deque()
        threads = ThreadPoolExecutor(self.workers, thread_name_prefix="films")
        try:
            for batch in _cut(items, n_single=2 * self.workers):
                said = [names(item) for item in batch]
                ahead.append(threads.submit(self._call_each, work, batch, said))
                if len(ahead) > _AHEAD * self.workers:
                    yield from _raise_others(ahead.popleft().result())
            while ahead:
                yield from _raise_others(ahead.popleft().result())
        finally:
            threads.shutdown(cancel_futures=True)

    def close(self) -> None:
        """End the children. What they are working on for other threads is lost."""
        self._workforce.shut_down()

    def _start_over(self) -> None:
        self._workforce = Workforce(self.workers, self.limits)
        weakref.finalize(self, self._workforce.shut_down)

    def _workforce_here(self) -> Workforce:
        if self._workforce.pid != os.getpid():  # a forked copy of the program
            self._counting = threading.Lock()
            self._start_over()
        return self._workforce

    def _call_each(
        self, work: Callable[[_Item], _Result], items: Sequence[_Item], names: Sequence[str]
    ) -> list[_Result | OsteonError]:
        """Work on films one after the other in a child, or in several if one ends."""
        told, packages = _pickle(work), frozenset({"osteon", _package_of(work)})
        outcomes: list[_Result | OsteonError] = []
        while len(outcomes) < len(items):
            rest = items[len(outcomes) :]
            if _count_bytes(rest[0]) > self.limits.file_bytes:
                outcomes.append(self._refuse_size(rest[0], names[len(outcomes)]))
                continue
            rest = list(takewhile(lambda i: _count_bytes(i) <= self.limits.file_bytes, rest))
            order = pack_order(("films", _folder_here(), rest))
            crew = self._workforce_here()
            child = crew.take(told)
            answers = crew.ask(child, order, len(rest), packages=packages)
            outcomes += [
                self._open(answer, child, names[number])
                for number, answer in enumerate(answers, start=len(outcomes))
            ]
        return outcomes

    def _refuse_size(self, item: object, source: str) -> FilmFault:
        return UnsupportedRadiograph(
            source,
            f"must be a file of at most {self.limits.file_bytes:,} bytes",
            found=f"{_count_bytes(item):,} bytes",
            advice="Reduce the film, or raise the limit.",
        )

    def _open(self, answer: Answer | None, child: Worker, source: str) -> Any:
        """Return a film's result, or its fault."""
        if answer is None:
            return self._explain_end(child, source)
        kind, body, _ = answer
        if kind == "result" or (kind == "fault" and isinstance(body, OsteonError)):
            return body
        if kind == "memory":
            return self._lose("memory", source, _say_memory(self.limits))
        # A bug of ours: seen in the log, though one film must not stop the others.
        _LOG.error("a film raised what nobody foresaw: %s", body)
        return self._lose("bug", source, "must decode", found=f"{body}", advice=_OUR_BUG)

    def _explain_end(self, child: Worker, source: str) -> UnreadableFilm:
        if child.is_late:
            must = f"must decode within {self.limits.wall_s:g} s"
            return self._lose("clock", source, must, found="a decoder still at work")
        if child.signal_name in _CPU_SIGNALS:
            must = f"must decode within {self.limits.cpu_s:g} s of computing"
            return self._lose("time", source, must, found="a decoder still at work")
        found = f"a decoder that ended ({child.signal_name or 'without an answer'})"
        return self._lose("end", source, "must decode", found=found)

    def _lose(
        self,
        cause: str,
        source: str,
        must: str,
        *,
        found: str | None = None,
        advice: str = _HARMFUL,
    ) -> UnreadableFilm:
        with self._counting:
            self._losses[cause] += 1
        return UnreadableFilm(source, must, found=found, advice=advice)


def name_film(item: object) -> str:
    """Return how to speak of a film: by its path, if it has one.

    Args:
        item: A path, a record with a `path` or a `source`, a pair that starts with such, or bytes.
    """
    if isinstance(item, str | PurePath):
        return str(item)
    if isinstance(item, tuple | list) and item:
        return name_film(item[0])
    known = getattr(item, "path", None) or getattr(item, "source", None)
    return "a film" if known is None else str(known)


def _cut(items: Iterable[_Item], *, n_single: int) -> Iterator[list[_Item]]:
    """Cut a stream into batches, the first of one film each: few films are for all children."""
    stream = iter(items)
    yield from ([item] for item in islice(stream, n_single))
    while batch := list(islice(stream, _BATCH)):
        yield batch


def _raise_others(outcomes: list[_Result | OsteonError]) -> Iterator[_Result | FilmFault]:
    for outcome in outcomes:
        if isinstance(outcome, OsteonError) and not isinstance(outcome, FilmFault):
            raise outcome
        yield outcome


def _count_bytes(item: object) -> int:
    """Return how many bytes a film has that comes as bytes: alone, in a tuple or in a record."""
    if isinstance(item, tuple):
        return sum(_count_bytes(part) for part in item)
    if is_dataclass(item) and not isinstance(item, type):
        return sum(_count_bytes(getattr(item, field.name)) for field in fields(item))
    return len(item) if isinstance(item, bytes) else 0


def _say_memory(limits: Limits) -> str:
    return f"must decode in {limits.memory_bytes / 2**20:,.0f} MiB of memory"


def _folder_here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return os.curdir  # the folder is gone; absolute paths still work


def _pickle(work: Callable[[Any], object]) -> bytes:
    try:
        return pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError) as fault:
        raise DecoderUnavailable(
            "a process that decodes films",
            "must be given a function that it can import",
            found=getattr(work, "__qualname__", type(work).__name__),
            advice="Put the function at the top level of a module.",
        ) from fault


def _package_of(work: Callable[[Any], object]) -> str:
    while isinstance(work, partial):
        work = work.func
    return work.__module__.partition(".")[0]
