"""A film that kills its decoder is one film lost."""

import logging
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
from PIL import Image
from tests.sandbox import deeds

from osteon.errors import (
    DecoderUnavailable,
    FilmFault,
    MissingExtra,
    TruncatedFilm,
    UnreadableFilm,
    UnsupportedRadiograph,
)
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import fit_pixels
from osteon.radiographs.raster import decode_raster
from osteon.release import Preparation
from osteon.sandbox import Limits, WorkerPool

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX systems")

TIGHT = Limits(memory_bytes=128 << 20, cpu_s=0.5, wall_s=30.0, file_bytes=1 << 20)


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(workers=2, limits=TIGHT) as pool:
        yield pool


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_what_work_returns_comes_back(pool, tmp_path):
    """Plain data, records and arrays come back as they were."""
    thing = (None, True, -3, 2.5, float("inf"), "κάταγμα", b"\0\xff", ["a"], {1: ("b",)}, tmp_path)
    assert pool.call(deeds.echo, thing) == thing
    seen = pool.call(deeds.see, tmp_path)
    assert seen.path == tmp_path
    assert seen.pixels.dtype == np.uint16
    np.testing.assert_array_equal(seen.pixels, np.full((3, 2), 7))


def test_a_large_picture_comes_back_whole():
    """An array of many megabytes passes the pipe bit for bit, and may be written to."""
    with WorkerPool(workers=1) as pool:
        picture = pool.call(deeds.draw, 5_000)
        np.testing.assert_array_equal(picture, deeds.draw(5_000))
        picture[0, 0] = 1.0
        data = np.arange(3 << 20, dtype=np.uint32).tobytes()
        assert pool.call(deeds.echo, data) == data


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGHUP"])
def test_a_child_that_is_killed_costs_one_film(pool, name):
    """The film is unreadable, its refusal says why, and the next film is read."""
    before = pool.losses.get("end", 0)
    with pytest.raises(UnreadableFilm, match=rf"^wrist.png: must decode; found .*{name}"):
        pool.call(deeds.die, name, name="wrist.png")
    assert pool.losses["end"] == before + 1
    assert pool.call(deeds.die, "no signal") == "no signal"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_what_is_meant_for_the_parent_costs_no_film(pool, name):
    """Ctrl-C and the end of a service reach every process; a film is read to its end all the same.

    The child ends with its parent.
    """
    assert pool.call(deeds.stay, name, name="wrist.png") == name


def test_a_child_that_leaves_costs_one_film(pool):
    """A decoder that ends the process without a word is noticed."""
    with pytest.raises(UnreadableFilm, match="without an answer"):
        pool.call(deeds.leave, "hand.png")
    assert pool.call(deeds.echo, "hand.png") == "hand.png"


def test_good_films_around_a_bad_one_are_unaffected_and_in_order(pool):
    """Of 101 films one crashes its decoder: 100 results and one fault, each in its place."""
    films = [f"film-{k}" for k in range(50)] + ["SIGSEGV"] + [f"film-{k}" for k in range(50, 100)]
    results = list(pool.map_in_order(deeds.die, films))
    assert isinstance(results[50], UnreadableFilm)
    assert results[50].where == "SIGSEGV"
    assert results[:50] + results[51:] == films[:50] + films[51:]


def test_films_are_taken_a_few_at_a_time(pool):
    """A stream of films without end is read as far as the results are asked for."""
    taken = []

    def films():
        while True:
            taken.append(len(taken))
            yield len(taken)

    results = pool.map_in_order(deeds.echo, films())
    assert [next(results) for _ in range(20)] == list(range(1, 21))
    results.close()
    assert len(taken) < 50


def test_a_film_that_is_interrupted_leaves_no_answer_behind():
    """After Ctrl-C in the middle of a film, the next answer belongs to the next film."""
    with WorkerPool(workers=1) as pool:
        pool.call(deeds.sleep, 0.0)
        main = threading.main_thread().ident
        timer = threading.Timer(0.2, signal.pthread_kill, [main, signal.SIGINT])
        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job may ignore it
        try:
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                pool.call(deeds.sleep, 1.0)
            timer.join()
        finally:
            signal.signal(signal.SIGINT, before)
        assert pool.call(deeds.sleep, 0.0) == 0.0
        assert pool.losses == {}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its memory")
def test_a_film_that_needs_too_much_memory_is_refused(pool):
    """Much memory, or much out of a small deflated file, is refused; what fits is not."""
    with pytest.raises(UnreadableFilm, match="128 MiB of memory"):
        pool.call(deeds.fill_memory, 2_000, name="film")
    with pytest.raises(UnreadableFilm, match="128 MiB of memory"):
        pool.call(deeds.inflate, zlib.compress(bytes(150 << 20)), name="film")
    assert pool.call(deeds.fill_memory, 64) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process uses")
def test_a_child_that_keeps_memory_is_replaced():
    """A leaking decoder does not starve the films after its own."""
    with WorkerPool(workers=1, limits=TIGHT) as pool:
        pids = [pool.call(deeds.keep_memory, 20) for _ in range(8)]
    assert len(set(pids)) > 1
    assert pids[0] == pids[1]


@pytest.mark.parametrize("where", ["in Python", "in native code"])
def test_a_film_that_takes_too_much_computing_is_refused(pool, where):
    """The limit holds also inside native code that never comes back."""
    before = os.times()
    with pytest.raises(UnreadableFilm, match=r"^film: must decode within 0.5 s of computing"):
        pool.call(deeds.burn, where, name="film")
    assert os.times().children_user - before.children_user < 1.8
    assert pool.call(deeds.burn, "nowhere") == "nowhere"


def test_the_limit_of_computing_is_each_films_own():
    """A child that has worked on many films still has the whole time for the next."""
    with WorkerPool(workers=1, limits=TIGHT) as pool:
        spent = partial(sum)
        pids = [pool.call(deeds.name_process, k) for k in range(3)]
        for _ in range(12):
            pool.call(spent, range(2_000_000))
        assert pool.call(deeds.name_process, 0) == pids[0]


def test_a_film_that_keeps_waiting_is_refused():
    """A child that computes nothing and never answers is ended by the clock."""
    with WorkerPool(workers=1, limits=Limits(wall_s=0.4)) as pool:
        with pytest.raises(UnreadableFilm, match=r"^film: must decode within 0.4 s; found"):
            pool.call(deeds.sleep, 30.0, name="film")
        assert pool.call(deeds.sleep, 0.0) == 0.0
        assert pool.losses == {"clock": 1}


@pytest.mark.parametrize(
    "words",
    [b"\xff" * 64, struct.pack("<IQ", 1, 1 << 60), struct.pack("<IQ", 1, 5) + b"[1,2]", b""],
    ids=["noise", "a length beyond reason", "no answer", "nothing"],
)
def test_a_child_that_was_taken_over_is_not_believed(words):
    """Whatever it writes instead of an answer, the film is refused and the child replaced."""
    with WorkerPool(workers=1, limits=Limits(wall_s=0.6)) as pool:
        with pytest.raises(UnreadableFilm):
            pool.call(deeds.talk_nonsense, words, name="film")
        assert pool.call(deeds.echo, 5) == 5


def test_our_refusals_come_back_as_they_were(pool):
    """A film's fault is raised with its address; in a stream it is a value; others are raised."""
    with pytest.raises(TruncatedFilm) as raised:
        pool.call(deeds.raise_ours, "film")
    assert (raised.value.where, raised.value.found) == ("film.png", "half of it")
    (fault,) = pool.map_in_order(deeds.raise_ours, ["film"])
    assert isinstance(fault, TruncatedFilm)
    with pytest.raises(MissingExtra):
        list(pool.map_in_order(deeds.raise_ours, ["extra"]))


def test_a_bug_of_ours_is_seen_but_its_words_are_not(pool, caplog):
    """An exception that nobody foresaw is logged and counted by its class, without its text."""
    before = pool.losses.get("bug", 0)
    with (
        caplog.at_level(logging.ERROR),
        pytest.raises(UnreadableFilm, match="report it") as raised,
    ):
        pool.call(deeds.raise_unforeseen, "film")
    said = f"{raised.value} {caplog.text}"
    assert "KeyError" in caplog.text
    assert deeds.SECRET not in said
    assert pool.losses["bug"] == before + 1
    with pytest.raises(UnreadableFilm, match="a result of type dict"):
        pool.call(deeds.return_object, "film")


def test_a_child_writes_no_file(pool, tmp_path):
    """Whatever a film makes its decoder write, no byte of it reaches the disk."""
    with pytest.raises(UnreadableFilm):
        pool.call(deeds.write_text, str(tmp_path / "left behind"))
    assert all(path.stat().st_size == 0 for path in tmp_path.iterdir())


def test_a_decoders_chatter_reaches_nobody(pool, capfd):
    """What native code prints neither disturbs the answers nor shows."""
    assert pool.call(deeds.chatter, "film") == "film"
    said = capfd.readouterr()
    assert said.out + said.err == ""


def test_a_child_does_not_see_the_environments_secrets(monkeypatch):
    """A decoder that was taken over finds no password in its environment."""
    monkeypatch.setenv("PACS_PASSWORD", deeds.SECRET)
    with WorkerPool(workers=1) as pool:
        assert pool.call(os.getenv, "PACS_PASSWORD") is None
        assert pool.call(os.getenv, "PATH")


def test_a_child_computes_with_the_arithmetic_of_its_parent(monkeypatch):
    """Which kernels and how many threads a matrix library takes changes the last digit."""
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    with WorkerPool(workers=1) as pool:
        names = ("OPENBLAS_CORETYPE", "MKL_CBWR", "OMP_NUM_THREADS")
        assert [pool.call(os.getenv, name) for name in names] == ["Haswell", "COMPATIBLE", "1"]


def test_relative_paths_start_from_the_current_folder(pool, tmp_path, monkeypatch):
    """A caller that goes to another folder finds the films there."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "film").write_text(name, encoding="utf-8")
        monkeypatch.chdir(tmp_path / name)
        assert pool.call(deeds.read_text, "film") == name


def test_several_threads_may_call_at_once(pool):
    """Each thread gets the answer to its own film."""
    with ThreadPoolExecutor(6) as threads:
        films = [f"film-{k}" if k % 10 else "SIGKILL" for k in range(60)]

        def read(film):
            try:
                return pool.call(deeds.die, film)
            except FilmFault as fault:
                return fault.where

        assert list(threads.map(read, films)) == films


def test_one_pool_does_different_work(pool):
    """Children take up whatever work is asked for, as often as it changes."""
    for k in range(4):
        assert pool.call(deeds.echo, k) == k
        assert pool.call(deeds.sleep, 0) == 0


@pytest.mark.parametrize("work", [lambda film: film, eval("lambda film: film")])
def test_work_that_a_child_cannot_import_is_refused(pool, work):
    """No film is blamed for a function that stands in no module."""
    with pytest.raises(DecoderUnavailable, match="import"):
        pool.call(work, "film")


@pytest.mark.parametrize("how", ["alone", "in a tuple", "in a record"])
def test_a_film_that_is_too_large_is_not_even_sent(pool, how):
    """Bytes beyond the limit are refused by their number, and the films beside are read."""
    data = bytes(2 << 20)
    film = {
        "alone": data,
        "in a tuple": ("film", data),
        "in a record": deeds.Seen(path="film", pixels=data),
    }[how]
    with pytest.raises(UnsupportedRadiograph, match="at most 1,048,576 bytes"):
        pool.call(deeds.echo, film)
    films = [b"a"] * 12 + [film] + [b"b"] * 3
    outcomes = list(pool.map_in_order(deeds.echo, films))
    assert isinstance(outcomes.pop(12), UnsupportedRadiograph)
    assert outcomes == [b"a"] * 12 + [b"b"] * 3


def test_a_closed_pool_is_refused():
    """After its end a pool starts no child, and has none."""
    pool = WorkerPool(workers=1)
    pid = pool.call(deeds.name_process, 0)
    pool.close()
    assert not is_running(pid)
    with pytest.raises(DecoderUnavailable, match="open"):
        pool.call(deeds.echo, 0)


def test_a_child_that_dies_at_rest_is_nobodys_fault():
    """The system may end a process that waits: the next film is read by another."""
    with WorkerPool(workers=1) as pool:
        pid = pool.call(deeds.name_process, 0)
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        assert pool.call(deeds.name_process, 0) != pid
        assert pool.losses == {}


SCRIPT = """
import os, sys
from osteon.sandbox import WorkerPool
pool = WorkerPool(workers=1)
print(pool.call(os.readlink, "/proc/self"), flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("end", ["at its end", "killed"])
def test_a_script_needs_no_main_guard_and_leaves_no_child(end, tmp_path):
    """A plain script may use a pool, and its children are gone when it is."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), end], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    deadline = time.monotonic() + 10
    while is_running(int(done.stdout)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(int(done.stdout))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_a_forked_copy_of_the_program_has_children_of_its_own():
    """The copy reads films, and the original goes on undisturbed."""
    code = (
        "import os, sys; from osteon.sandbox import WorkerPool\n"
        "pool = WorkerPool(workers=1); mine = pool.call(os.readlink, '/proc/self')\n"
        "pid = os.fork()\n"
        "if pid == 0: os._exit(pool.call(os.readlink, '/proc/self') == mine)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "assert pool.call(os.readlink, '/proc/self') == mine\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def png_of(rows: int, columns: int, packed: bytes) -> bytes:
    """Return a 16-bit grey PNG that claims this size."""
    header = struct.pack(">IIBBBBB", columns, rows, 16, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def test_a_picture_that_bursts_is_refused(pool):
    """A PNG that claims billions of pixels, or needs more memory than a film may use."""
    read = partial(decode_raster, source="film")
    with pytest.raises(UnsupportedRadiograph, match="at most 64,000,000 pixels"):
        pool.call(read, png_of(60_000, 60_000, b""))
    with pytest.raises(UnsupportedRadiograph, match="memory"):
        pool.call(read, png_of(6_000, 6_000, zlib.compress(bytes(6_000 * 12_001), 9)))


def test_a_film_is_the_same_as_in_this_process(tmp_path):
    """Decoding apart changes no pixel."""
    path = tmp_path / "film.png"
    grey = np.random.default_rng(0).integers(0, 65_536, (300, 200)).astype(np.uint16)
    Image.fromarray(grey).save(path)
    with WorkerPool(workers=1) as pool:
        film = pool.call(read_film, path)
    np.testing.assert_array_equal(film.pixels, read_film(path).pixels)
    assert film.source == str(path)
    assert fit_pixels(film, Preparation()).dtype == np.uint8


def test_children_start_before_they_are_needed():
    """A pool that was warmed up has its first child already."""
    with WorkerPool(workers=2) as pool:
        pool.warm_up(deeds.name_process)
        pool.warm_up(deeds.name_process)
        assert len({pool.call(deeds.name_process, k) for k in range(3)}) == 1
