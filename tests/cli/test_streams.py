"""No stream stops a command: what it lacks is escaped, closed ones swallow."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from tests.releases import build_release, draw_spot

from osteon.cli.progress import shown_progress
from osteon.cli.streams import escape_unwritable, is_unicode
from osteon.cli.words import STANDARD_OUTPUT, console_for, say, show_table, write_json

MAIN = "import sys; from osteon.cli import main; sys.argv[0] = 'osteon'; main()"
CLOSING = (
    "import os, sys; [os.close(int(n)) for n in sys.argv[1]]; os.execv(sys.argv[2], sys.argv[2:])"
)


@pytest.fixture
def folder(tmp_path):
    """Films with names of several scripts, one of them cut short; and a release."""
    films = tmp_path / "films"
    films.mkdir()
    for name in ("a.png", "胸部 骨折.png", "é.png"):
        Image.fromarray(draw_spot()).save(films / name)
    if sys.platform == "linux":
        shown = (films / "a.png").read_bytes()
        Path(os.fsdecode(os.fsencode(films) + b"/\xff.png")).write_bytes(shown)
    (films / "cut.png").write_bytes((films / "a.png").read_bytes()[:-20])
    build_release(tmp_path)
    return tmp_path


def call(folder: Path, *arguments: str, closed: str = "", **rest):
    command = [sys.executable, "-c", MAIN, *arguments]
    if closed:
        command = [sys.executable, "-c", CLOSING, closed, *command]
    return subprocess.run(command, cwd=folder, check=False, **rest)


READ = ("read", "films", "--release", "bright.osteon", "--threads", "1", "-o", "out")


@pytest.mark.parametrize("encoding", ["cp932", "cp1252", "ascii", "ascii:ignore", "latin-1:strict"])
def test_a_narrow_console_loses_nothing(folder: Path, encoding: str):
    """Every film is read and told; what the encoding lacks is escaped; files are in UTF-8."""
    done = call(folder, *READ, capture_output=True, env=os.environ | {"PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode(encoding.partition(":")[0])
    n_films = len(list((folder / "films").iterdir()))
    assert said.count(".png") >= n_films
    if encoding != "cp932":
        assert "\\u80f8\\u90e8 \\u9aa8\\u6298.png" in said
    lines = (folder / "out" / "readings.jsonl").read_bytes().decode("utf-8").splitlines()
    assert len(lines) == n_films
    assert "films/胸部 骨折.png" in [json.loads(line)["path"] for line in lines]


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_json_on_a_narrow_console_is_json(folder: Path, encoding: str):
    """JSON's own escapes stand for what the stream lacks; names come back whole."""
    done = call(
        folder,
        *READ[:-2],
        "--json",
        "-",
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    told = json.loads(done.stdout.decode(encoding))
    assert "films/胸部 骨折.png" in [reading["path"] for reading in told["readings"]]


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
@pytest.mark.parametrize("closed", ["1", "2", "12", "012"])
def test_closed_streams_swallow(folder: Path, closed: str):
    """Without standard output or error, films are read and written all the same."""
    done = call(folder, *READ, closed=closed)
    assert done.returncode == 0
    n_films = len(list((folder / "films").iterdir()))
    for name in ("readings.jsonl", "readings.csv"):
        text = (folder / "out" / name).read_text("utf-8")
        assert len(text.splitlines()) == n_films + name.endswith("csv")
        assert "Research use" not in text


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
def test_a_closed_standard_input_is_an_empty_list(folder: Path):
    """`osteon read - <&-` says that there is no film."""
    done = call(folder, "read", "-", closed="0", capture_output=True, text=True)
    assert done.returncode == 2
    assert "must hold films" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")  # noqa: PTH110
@pytest.mark.parametrize("arguments", [("--help",), ("read", "nowhere.png")])
def test_a_full_disk_behind_the_output_is_told_in_one_line(folder: Path, arguments):
    """No traceback, neither at once nor when Python flushes at its end."""
    with Path("/dev/full").open("w") as full:
        done = call(folder, *arguments, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "the output: the disk must have room. Free some space, or choose another folder."
    ]


@pytest.mark.skipif(os.name != "posix", reason="pipes close in this way on POSIX only")
def test_a_reader_that_leaves_early_ends_a_reading_quietly(folder: Path):
    """`osteon read films -o out | head -1`: no word, and the table holds what was read."""
    command = [sys.executable, "-c", MAIN, *READ]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reading:
        reading.stdout.readline()
        reading.stdout.close()
        assert reading.stderr.read() == b""
        assert reading.wait() in {0, 141}  # it may have said all before its reader left
    assert len((folder / "out" / "readings.csv").read_text("utf-8").splitlines()) >= 2


@pytest.mark.parametrize("encoding", ["cp932", "cp1252", "ascii"])
def test_tables_sentences_and_bars_fit_a_narrow_terminal(encoding: str, monkeypatch):
    """Nothing that a command draws fails where the terminal has few letters."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    escape_unwritable(stream)
    monkeypatch.setattr(sys, "stdout", stream)
    say(console_for(), "– × … 胸 \U0001f9b4 \udcff")
    show_table(console_for(), ("胸", "n"), [("é", None)])
    now = [0.0]
    console = Console(file=stream, force_terminal=True, width=80)
    with shown_progress(console, clock=lambda: now[0]) as tell:
        tell("胸", 1, 9)
        now[0] = 2.0
        tell("胸", 2, 9)
    stream.flush()
    said = raw.getvalue().decode(encoding)
    assert "\\U0001f9b4 \\udcff" in said
    assert "2/9" in said


def test_json_files_hold_any_name_in_utf_8(tmp_path: Path):
    """Half a letter becomes JSON's escape of it, and comes back as the same name."""
    name = os.fsdecode(b"a\xff.png") if os.name == "posix" else "a\udcff.png"
    write_json({"path": name, "other": "胸"}, tmp_path / "x.json")
    data = (tmp_path / "x.json").read_bytes()
    assert json.loads(data) == {"path": name, "other": "胸"}
    assert "胸".encode() in data


def test_json_goes_out_in_ascii_where_the_stream_is_narrow(monkeypatch):
    """Also letters beyond the first plane, whose Python escape is no JSON."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252"))
    write_json({"path": "é \U0001f9b4"}, STANDARD_OUTPUT)
    assert json.loads(raw.getvalue()) == {"path": "é \U0001f9b4"}
    assert not is_unicode(sys.stdout)
