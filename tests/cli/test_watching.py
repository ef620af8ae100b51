"""`osteon read --watch`: ended by Ctrl-C or the system it says what it did, and loses nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.processes import find_children, wait_for_the_end_of
from tests.releases import build_release, draw_spot

from osteon.cli.app import run

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture
def release(tmp_path):
    """A release whose guards let everything pass."""
    return build_release(tmp_path)


@pytest.fixture
def films(tmp_path):
    """Twelve films."""
    folder = tmp_path / "my films"
    folder.mkdir()
    for letter in "abcdefghijkl":
        Image.fromarray(draw_spot()).save(folder / f"{letter}.png")
    return folder


@pytest.fixture
def command(films, release, tmp_path):
    """The command that watches them."""
    options = ["--release", str(release), "-o", str(tmp_path / "out"), "--threads", "1"]
    return [sys.executable, "-m", "osteon", "read", "--watch", str(films), *options]


def start(command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def list_names(out: Path) -> list[str]:
    lines = (out / "readings.jsonl").read_text("utf-8").splitlines()
    return [Path(json.loads(line)["path"]).name for line in lines]


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_ends_with_a_summary(command, films, tmp_path, number):
    """The exit code is 0, each film has its line, and no process is left behind."""
    watch = start(command)
    assert watch.stdout.readline() == f"Watching {films}. Ctrl-C ends it.\n"
    said = [watch.stdout.readline() for _ in range(12)]
    assert [line.rpartition("/")[2] for line in said] == [f"{one}.png\n" for one in "abcdefghijkl"]
    children = find_children(watch.pid)
    watch.send_signal(number)
    out, err = watch.communicate(timeout=30)
    assert watch.returncode == 0, err
    assert not err
    assert "fracture 12 doubt 0 no fracture 0 not read 0" in " ".join(out.split())
    assert f"{tmp_path / 'out' / 'readings.jsonl'}" in out
    assert "The same command goes on there" in out
    wait_for_the_end_of(children)


@POSIX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_watch_that_is_ended_between_two_films_loses_and_doubles_none(
    command, films, tmp_path, number
):
    """Whatever ends it, the whole group of processes with it, the next watch reads the rest."""
    watch = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    for _ in range(4):  # the first says what is watched
        assert watch.stdout.readline()
    children = find_children(watch.pid)
    os.killpg(watch.pid, number)
    watch.communicate(timeout=30)
    assert watch.returncode == (-number if number == signal.SIGKILL else 0)
    n_read = len((tmp_path / "out" / "readings.jsonl").read_bytes().splitlines())
    assert 3 <= n_read < 12
    wait_for_the_end_of(children)

    Image.fromarray(draw_spot(box=None)).save(films / "z.png")
    again = start(command)
    for _ in range(1 + 13 - n_read):
        assert again.stdout.readline()
    again.send_signal(signal.SIGTERM)
    out, _ = again.communicate(timeout=30)
    assert f"{n_read} readings were there when the watch began" in out
    assert again.returncode == 0
    assert list_names(tmp_path / "out") == [f"{one}.png" for one in "abcdefghijklz"]
    decisions = {
        json.loads(line)["decision"]
        for line in (tmp_path / "out" / "readings.jsonl").read_text().splitlines()
    }
    assert decisions == {"fracture", "no fracture"}
    assert len((tmp_path / "out" / "readings.csv").read_text().splitlines()) == 14
    assert len(list((tmp_path / "out" / "overlays").iterdir())) == 13


@POSIX
def test_two_watches_do_not_write_into_one_folder(command, capsys):
    """The second is refused, and the first goes on."""
    watch = start(command)
    for _ in range(2):
        assert watch.stdout.readline()
    assert run(command[3:]) == 2
    assert "one run at a time" in capsys.readouterr().err
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=30)
    assert watch.returncode == 0


@POSIX
def test_the_handlers_of_signals_are_put_back(films, release, tmp_path):
    """A program that calls the command line has its own again, also after a refusal."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    shutil.rmtree(films)
    assert run(["read", "--watch", str(films), "--release", str(release), "-o", "x"]) == 2
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "Name one with -o"),
        (["-o", "{out}", "--json", "-"], "--json is for films that are all there"),
        (["-o", "{out}", "--overlay", "one.png"], "--overlay FILE.png is for films"),
    ],
)
def test_what_a_watch_cannot_do_is_said(films, release, tmp_path, options, words, capsys):
    """Options that need the end of a list are refused, and nothing is written."""
    out = tmp_path / "out"
    options = [option.format(out=out) for option in options]
    assert run(["read", "--watch", str(films), "--release", str(release), *options]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not out.exists()
