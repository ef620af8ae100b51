"""OpenCV, without threads of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV from starting threads of its own: there is one film on each core already."""
    n_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(n_threads)
