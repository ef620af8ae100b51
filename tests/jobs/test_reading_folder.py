"""A folder of readings holds those of one run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from osteon.errors import OutputFault
from osteon.jobs.reading import ReadingRequest, read_films
from osteon.jobs.reading_folder import LOCK_NAME, claim_folders, clear_earlier
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
