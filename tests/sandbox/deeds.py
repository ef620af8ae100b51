"""What films might do to the process that decodes them: work for the pool's tests."""

import os
import signal
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from osteon.errors import MissingExtra, TruncatedFilm

SECRET = "Doe^Jane 1970-01-01"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A record of the tests' own."""

    path: Path
    pixels: np.ndarray


def echo(item):
    return item


def see(path):
    return Seen(path=path, pixels=np.full((3, 2), 7, np.uint16))


def draw(rows):
    return np.arange(rows * 1_000, dtype=np.float32).reshape(rows, 1_000)


def read_text(name):
    return Path(name).read_text("utf-8")


def write_text(name):
    with Path(name).open("w", encoding="utf-8") as file:
        file.write("a film was here")


def chatter(item):
    os.write(1, b"a decoder says hello on standard output\n")
    os.write(2, b"and on standard error\n")
    return item


def die(name):
    """End by the signal of this name; be an ordinary film under any other."""
    number = getattr(signal, name, None)
    if number is not None:
        os.kill(os.getpid(), number)
        time.sleep(10)
    return name


def stay(name):
    """Be sent the signal of this name, and go on."""
    os.kill(os.getpid(), getattr(signal, name))
    return name


def leave(item):
    os._exit(0)


def fill_memory(n_mebibytes):
    return int(np.ones(n_mebibytes << 20, np.uint8)[-1])


def keep_memory(n_mebibytes, kept=[]):  # noqa: B006 — a leak is what is wanted
    kept.append(np.ones(n_mebibytes << 20, np.uint8))
    return os.getpid()


def inflate(data):
    return len(zlib.decompress(data))


def burn(where):
    if where == "in Python":
        while True:
            pass
    if where == "in native code":
        return (3**2**27) % 7  # one multiplication that takes minutes
    return where


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def raise_unforeseen(item):
    raise KeyError(SECRET)


def raise_ours(kind):
    if kind == "film":
        raise TruncatedFilm("film.png", "must hold the whole picture", found="half of it")
    raise MissingExtra("cv2", "must be installed")


def return_object(item):
    return {"a set": {1, 2}}


def talk_nonsense(item):
    """Write where answers are expected, as code that took the process over could."""
    for descriptor in range(3, 16):
        try:
            os.write(descriptor, item)
        except OSError:
            continue
    time.sleep(10)


def name_process(item):
    return os.getpid()
