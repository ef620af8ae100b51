"""A folder of readings holds those of one run, also where that was stopped and resumed."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from osteon.errors import OutputFault, SettingsFault
from osteon.jobs.read import ReadingRequest, read_films
from osteon.jobs.reading_folder import LOCK_NAME, claim_folders, clear_earlier, take_up_earlier
from tests.processes import find_children, wait_for_the_end_of
from tests.releases import build_release, draw_spot

HOLD = """
import sys, pathlib
from osteon.jobs.reading_folder import claim_folders
with claim_folders(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def release(tmp_path):
    """A release whose guards let everything pass."""
    return build_release(tmp_path)


def order(tmp_path: Path, release: Path, *names: str) -> ReadingRequest:
    films = [tmp_path / name for name in names]
    for film in films:
        Image.fromarray(draw_spot()).save(film)
    out = tmp_path / "out"
    return ReadingRequest(
        films=films,
        release=release,
        threads=1,
        lines=out / "readings.jsonl",
        table=out / "readings.csv",
        overlays=out / "overlays",
    )


def test_two_runs_at_once_do_not_mix(tmp_path: Path, release: Path):
    """The second is refused while the first writes, and nothing of the first's is touched."""
    request = order(tmp_path, release, "a.png")
    seen = []

    def read_again(_: object) -> None:
        with pytest.raises(OutputFault, match="one run at a time"):
            read_films(order(tmp_path, release, "b.png"))
        seen.append(1)

    read_films(request, tell=read_again)
    assert seen == [1]
    assert len(request.lines.read_text().splitlines()) == 1
    assert not list((tmp_path / "out").rglob(LOCK_NAME))


def test_a_later_run_replaces_an_earlier_one_whole(tmp_path: Path, release: Path):
    """Lines, table and pictures are those of the second; other files stay."""
    read_films(order(tmp_path, release, "a.png", "b.png"))
    (tmp_path / "out" / "overlays" / "mine.png").write_bytes(b"mine")
    (tmp_path / "out" / "note.txt").write_text("mine")
    request = order(tmp_path, release, "c.png")
    report = read_films(request)
    assert report.n_replaced == 2
    assert [Path(json.loads(request.lines.read_text())["path"]).name] == ["c.png"]
    assert len(request.table.read_text().splitlines()) == 2
    assert sorted(path.name for path in request.overlays.iterdir()) == ["c.png", "mine.png"]
    assert (tmp_path / "out" / "note.txt").is_file()


def test_what_is_no_reading_is_not_cleared(tmp_path: Path):
    """A file of that name that somebody else wrote names no picture to take away."""
    lines, pictures = tmp_path / "readings.jsonl", tmp_path / "overlays"
    pictures.mkdir()
    (pictures / "x.png").write_bytes(b"")
    for text in ("", "no JSON\n", '{"overlay": "x.png"\n', '["x.png"]\n', '{"path": "x"}\n'):
        lines.write_text(text)
        assert clear_earlier(lines=lines, table=None, pictures=pictures) == 0
    assert (pictures / "x.png").is_file()


def test_a_run_that_a_crash_cut_off_is_replaced_whole(tmp_path: Path, release: Path):
    """Its pictures go too, though its last line is no JSON."""
    read_films(order(tmp_path, release, "a.png", "b.png"))
    request = order(tmp_path, release, "c.png")
    request.lines.write_bytes(request.lines.read_bytes() + b'{"path": "')
    assert read_films(request).n_replaced == 2
    assert [path.name for path in request.overlays.iterdir()] == ["c.png"]


def test_a_killed_run_holds_its_folder_no_longer(tmp_path: Path):
    """Another process's hold counts, and ends with it, however that ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(OutputFault, match="one run at a time"), claim_folders(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with claim_folders(tmp_path, None, tmp_path):  # one folder may be asked for twice
        assert (tmp_path / LOCK_NAME).is_file()
    assert not (tmp_path / LOCK_NAME).exists()


def test_without_locks_of_the_system_a_file_holds_the_folder(tmp_path: Path, monkeypatch):
    """As on Windows."""
    monkeypatch.setattr("osteon.jobs.reading_folder.fcntl", None)
    with (
        claim_folders(tmp_path),
        pytest.raises(OutputFault, match="one run at a time"),
        claim_folders(tmp_path),
    ):
        pass
    with claim_folders(tmp_path):
        pass


class Stop(Exception):
    """Stands for whatever ends a run between two films."""


def stop_after(n: int):
    """Return what is told of readings, and stops the run after so many."""
    told = []

    def tell(record: object) -> None:
        told.append(record)
        if len(told) == n:
            raise Stop

    return tell


def read_lines(request: ReadingRequest) -> list[dict]:
    return [json.loads(line) for line in request.lines.read_text("utf-8").splitlines()]


def list_names(request: ReadingRequest) -> list[str]:
    return [Path(line["path"]).name for line in read_lines(request)]


FOUR = ("a.png", "b.png", "c.png", "d.png")
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


def test_a_resumed_reading_ends_as_one_that_was_never_stopped(tmp_path: Path, release: Path):
    """Lines, table and pictures are the same but for the time, and no film is read twice."""
    request = order(tmp_path, release, *FOUR)
    whole = read_films(request)
    outputs = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(Stop):
        read_films(request, tell=stop_after(2))
    assert list_names(request) == ["a.png", "b.png"]
    told, steps = [], []
    report = read_films(
        replace(request, is_resumed=True),
        tell=told.append,
        progress=lambda *step: steps.append(step),
    )
    assert [Path(record.path).name for record in told] == ["c.png", "d.png"]
    assert (report.n_kept, report.n_replaced, report.n_overlays) == (2, 0, 4)
    assert report.counts == whole.counts
    assert steps[-1] == ("reading films", 4, 4)
    again = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert list(again) == list(outputs)
    for path, content in outputs.items():
        assert TIME.sub(b"now", again[path]) == TIME.sub(b"now", content), path
    assert read_films(replace(request, is_resumed=True)).n_kept == 4


def test_a_film_is_known_by_its_path_and_its_content(tmp_path: Path, release: Path):
    """A changed film of the same name is read again, its copy is another film, a touch is nothing.

    A film that is missing is no reason for a second line; once it is there, it is read.
    """
    request = replace(order(tmp_path, release, "a.png", "b.png"), is_resumed=True)
    gone = tmp_path / "gone.png"
    request = replace(request, films=[*request.films, gone])
    assert read_films(request).n_kept == 0  # nothing there yet: the flag does no harm
    (tmp_path / "a.png").touch()
    assert read_films(request).n_kept == 3
    assert list_names(request) == ["a.png", "b.png", "gone.png"]
    Image.fromarray(draw_spot(box=None)).save(tmp_path / "b.png")
    gone.write_bytes((tmp_path / "a.png").read_bytes())
    report = read_films(request)
    assert report.n_kept == 1
    assert list_names(request) == ["a.png", "b.png", "gone.png", "b.png", "gone.png"]
    decisions = [line["decision"] for line in read_lines(request)]
    assert decisions == ["fracture", "fracture", "not read", "no fracture", "fracture"]
    assert [record.decision for record in report.readings] == [
        "fracture",
        "no fracture",
        "fracture",
    ]
    hashes = [line["film_sha256"] for line in read_lines(request)]
    assert hashes[2] is None
    assert hashes[0] == hashes[4] != hashes[3]
    pictures = [line["overlay"] and Path(line["overlay"]).name for line in read_lines(request)]
    assert pictures == ["a.png", "b.png", None, "b-2.png", "gone.png"]


def test_a_film_is_the_same_from_another_folder(tmp_path: Path, release: Path, monkeypatch):
    """A relative path and the whole one lead to one film."""
    request = order(tmp_path, release, "a.png")
    read_films(request)
    monkeypatch.chdir(tmp_path)
    report = read_films(replace(request, films=[Path("a.png")], is_resumed=True))
    assert report.n_kept == 1


@pytest.mark.parametrize("left", [1, 9, 10, 60, -1])
def test_a_line_that_a_crash_cut_off_is_read_again(tmp_path: Path, release: Path, left: int):
    """Wherever it was cut, and also where the disk filled it up with zeros."""
    request = replace(order(tmp_path, release, "a.png", "b.png"), is_resumed=True)
    read_films(request)
    first, second = request.lines.read_bytes().splitlines(keepends=True)
    for tail in (second[:left], b"\0" * 50):
        request.lines.write_bytes(first + tail)
        assert read_films(request).n_kept == 1
        assert list_names(request) == ["a.png", "b.png"]
        rows = list(csv.DictReader(request.table.read_text("utf-8").splitlines()))
        assert [Path(row["path"]).name for row in rows] == ["a.png", "b.png"]
        assert sorted(path.name for path in request.overlays.iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    "content", [b"hello", b"hello\n", b'{"path": "x"}\n', b"[1]\n", b"\n", b'{"other": ', b"\xff\n"]
)
def test_what_holds_no_readings_is_not_gone_on_with(tmp_path: Path, release: Path, content: bytes):
    """Somebody else's file is refused, and stays as it is."""
    request = replace(order(tmp_path, release, "a.png"), is_resumed=True)
    request.lines.parent.mkdir()
    request.lines.write_bytes(content)
    with pytest.raises(OutputFault, match="something else in line 1"):
        read_films(request)
    assert request.lines.read_bytes() == content


def test_readings_of_two_releases_do_not_mix(tmp_path: Path, release: Path):
    """A reading is resumed with the release that began it, to the byte of its file."""
    request = order(tmp_path, release, "a.png")
    read_films(request)
    (tmp_path / "other").mkdir()
    other = build_release(tmp_path / "other", card={"version": "1.0.1"})
    with pytest.raises(OutputFault, match="of the release that goes on with them"):
        read_films(replace(request, release=other, is_resumed=True))
    assert len(read_lines(request)) == 1
    with pytest.raises(OutputFault, match=r"bright 1\.0\.0"):
        take_up_earlier(request.lines, release_sha256="0" * 64)


def test_a_reading_that_was_not_kept_cannot_be_resumed(tmp_path: Path, release: Path):
    """The person is told to name its folder."""
    request = order(tmp_path, release, "a.png")
    with pytest.raises(SettingsFault, match="Name it with -o"):
        read_films(replace(request, lines=None, is_resumed=True))


def test_what_was_drawn_is_not_read(tmp_path: Path, release: Path):
    """A folder that holds its own results has as many films the second time as the first."""
    out = tmp_path / "read"
    request = replace(
        order(tmp_path, release, "a.png", "b.png"),
        films=[tmp_path],
        lines=out / "readings.jsonl",
        table=out / "readings.csv",
        overlays=out / "overlays",
    )
    for is_resumed in (False, False, True):
        report = read_films(replace(request, is_resumed=is_resumed))
        assert list_names(request) == ["a.png", "b.png"]
        assert len(report.readings) == 2
    assert any("2 pictures among them" in one.reason for one in report.passed_over)


def test_pictures_do_not_take_the_place_of_films(tmp_path: Path, release: Path):
    """A picture is called as its film: in the film's folder it would overwrite it."""
    request = order(tmp_path, release, "a.png")
    content = (tmp_path / "a.png").read_bytes()
    for films in ([tmp_path], [tmp_path / "a.png"]):
        with pytest.raises(SettingsFault, match="a folder of its own"):
            read_films(replace(request, films=films, overlays=tmp_path))
    assert (tmp_path / "a.png").read_bytes() == content


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_reading_loses_and_doubles_nothing(tmp_path: Path, release: Path, number: int):
    """Killed between any two films and resumed, each film has one line, and no process is left."""
    names = [f"{letter}.png" for letter in "abcdefghijklmnopqrst"]
    request = order(tmp_path, release, *names)
    command = [sys.executable, "-m", "osteon", "read", *map(str, request.films)]
    command += ["--release", str(release), "-o", str(tmp_path / "out"), "--threads", "1"]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(3):
        assert killed.stdout.readline()
    children = find_children(killed.pid)
    killed.send_signal(number)
    _, said = killed.communicate()
    assert killed.returncode == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert f"It goes on with: osteon read --resume {request.films[0]}".encode() in said
        assert b"train" not in said
    n_before = len(request.lines.read_bytes().splitlines())
    assert 3 <= n_before < len(names)
    wait_for_the_end_of(children)
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    assert f"Kept: {n_before} readings of the run that was resumed" in done.stdout
    assert list_names(request) == names
    assert len(request.table.read_text().splitlines()) == len(names) + 1
    assert sorted(path.name for path in request.overlays.iterdir()) == names
