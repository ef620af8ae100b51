"""The children of a pool: hired when they are needed, handed out one caller each, replaced."""

import os
import threading
from typing import Final

from osteon.errors import DecoderUnavailable
from osteon.sandbox.limits import Limits
from osteon.sandbox.process import Answer
from osteon.sandbox.wire import Frame
from osteon.sandbox.worker import Watch, Worker

_START_S: Final = 120.0  # to start and import the work, from a slow disk
_TICK_S: Final = 0.5


class Workforce:
    """Children of one process. Safe to use from several of its threads.

    Args:
        workers: Children at most.
        limits: What the work on one film may use.

    Attributes:
        pid: Of the process that they belong to.
    """

    def __init__(self, workers: int, limits: Limits) -> None:
        self.pid = os.getpid()
        self._limits = limits
        self._seats = threading.BoundedSemaphore(workers)
        self._lock = threading.Lock()
        self._free: list[Worker] = []
        self._all: set[Worker] = set()
        self._watch = Watch(min(_TICK_S, limits.wall_s / 4))
        self._is_shut_down = False

    def warm_up(self, told: bytes) -> None:
        """Start one child, if there is none, without waiting for it.

        Args:
            told: Its work, pickled.
        """
        with self._lock:
            if not self._all and not self._is_shut_down:
                self._free.append(self._spawn(told))

    def take(self, told: bytes) -> Worker:
        """Wait for a child that is free, and see that it has its work.

        Args:
            told: The work, pickled.

        Returns:
            A child, for the caller alone until it is given back.

        Raises:
            DecoderUnavailable: If a new child does not start, or cannot import the work.
        """
        self._seats.acquire()
        try:
            return self._prepare(told)
        except BaseException:
            self._seats.release()
            raise

    def ask(
        self, child: Worker, order: list[Frame], n_films: int, *, packages: frozenset[str]
    ) -> list[Answer | None]:
        """Give films to a child that was taken, wait for its answers, and give the child back.

        Args:
            child: Replaced at once if it ends, or wants to.
            order: The films.
            n_films: How many they are.
            packages: Whose records may come back.

        Returns:
            The answers to the first films, as far as the child came; the last is None if it ended
            over that film.
        """
        answers: list[Answer | None] = []
        is_fit = is_over = False
        try:
            self._watch.start(child, self._limits.wall_s)
            is_fit = child.ask(order)
            if not is_fit:
                answers.append(None)
            while is_fit and len(answers) < n_films:
                self._watch.start(child, self._limits.wall_s)
                answers.append(answer := child.hear(packages=packages))
                is_fit = answer is not None and not answer[2]
            is_over = True
        finally:
            self._watch.stop(child)
            # A caller that was interrupted leaves answers behind that nobody will hear.
            self._give_back(child, is_fit=is_over and is_fit, is_lost=is_over and not is_fit)
        return answers

    def shut_down(self) -> None:
        """End all children; none is hired any more."""
        if self.pid != os.getpid():
            return  # a forked copy: they are another's
        with self._lock:
            self._is_shut_down = True
            children, self._all = self._all, set()
        self._watch.end()
        for child in children:
            child.end()

    def _prepare(self, told: bytes) -> Worker:
        while True:
            with self._lock:
                if self._is_shut_down:
                    raise DecoderUnavailable("a pool of processes", "must be open", found="closed")
                self._free.sort(key=lambda child: child.told == told)
                is_new = not self._free
                child = self._spawn(told) if is_new else self._free.pop()
            if self._is_ready(child, told):
                return child
            self._let_go(child)
            if is_new:
                raise DecoderUnavailable(
                    "a process that decodes films",
                    "must start",
                    found=child.signal_name or "one that ended before its first film",
                    advice="Free some memory, and see that Osteon is installed whole.",
                )

    def _is_ready(self, child: Worker, told: bytes) -> bool:
        if child.told == told and child.is_ready:
            return child.is_alive
        self._watch.start(child, _START_S)
        try:
            # A child that was hired for another work has yet to say that it has that one.
            if child.told != told and (child.is_ready or child.hear() is not None):
                child.tell(told)
            answer = child.hear()
        finally:
            self._watch.stop(child)
        if answer is not None and answer[0] == "unimportable":
            self._let_go(child)
            raise DecoderUnavailable(
                "a process that decodes films",
                "must be able to import the work that it is given",
                found=answer[1],
                advice="Put the function at the top level of a module that can be imported.",
            )
        child.is_ready = answer is not None
        return child.is_ready

    def _spawn(self, told: bytes) -> Worker:
        child = Worker(self._limits)
        child.tell(told)
        self._all.add(child)
        return child

    def _let_go(self, child: Worker) -> None:
        child.end()
        with self._lock:
            self._all.discard(child)

    def _give_back(self, child: Worker, *, is_fit: bool, is_lost: bool) -> None:
        if not is_fit:
            self._let_go(child)
        with self._lock:
            if self._is_shut_down:
                child.end()
            elif is_fit:
                self._free.append(child)
            elif is_lost and child.told is not None:
                # Now and not when the next film comes: starting is what takes time.
                self._free.append(self._spawn(child.told))
        self._seats.release()
