"""Work on many films at once, with results in the films' order and little in memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

import cv2

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_AHEAD: Final = 4
"""Items per thread that are begun before their turn: enough that no thread waits for a slow one."""


def work_in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, workers: int | None = None
) -> Iterator[_Result]:
    """Yield `work(item)` in the items' order, computed in threads, a few items ahead.

    Threads suffice: decoders and OpenCV run outside Python's interpreter lock. Looking only a few
    items ahead keeps memory small however many films wait.

    Args:
        work: Must be safe to call from several threads.
        items: Taken one by one, as threads become free.
        workers: Threads; None for one on each core.

    Yields:
        The results; a fault of `work` is raised when its turn comes.
    """
    n_threads = workers or os.cpu_count() or 1
    ahead: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="films")
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > _AHEAD * n_threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV from starting threads of its own: there is one film on each core already."""
    n_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(n_threads)
