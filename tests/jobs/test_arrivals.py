"""A file has arrived when it stands still and has no name of an unfinished one."""

import os
from pathlib import Path

import pytest

from osteon.jobs.arrivals import Arrivals, Pace, is_unfinished

PACE = Pace(settle_s=2.0, patience_s=30.0)


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def films(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def arrivals(films, clock):
    return Arrivals([films], pace=PACE, clock=clock)


def write(path: Path, content: bytes = b"\xff\xd8\xff", *, at: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def look_later(arrivals, clock, seconds):
    clock.now += seconds
    return [path.name for path in arrivals.look()]


def test_a_file_that_grows_is_waited_for(arrivals, films, clock):
    """Its time starts again with each change of size, or of time alone."""
    film = write(films / "a.jpg")
    assert look_later(arrivals, clock, 0) == []
    assert look_later(arrivals, clock, 1.9) == []
    write(film, b"\xff\xd8\xff\xe0")
    assert look_later(arrivals, clock, 1.0) == []
    assert look_later(arrivals, clock, 1.0) == []
    write(film, b"\xff\xd8\xff\xe1", at=7)
    assert look_later(arrivals, clock, 1.0) == []
    assert look_later(arrivals, clock, 1.9) == []
    assert arrivals.count_arriving() == 1
    assert look_later(arrivals, clock, 0.1) == ["a.jpg"]


def test_a_film_that_was_read_comes_again_only_when_it_changes(arrivals, films, clock):
    """Also one that was taken away and put back is settled anew: its content decides then."""
    film = write(films / "a.jpg")
    look_later(arrivals, clock, 0)
    assert look_later(arrivals, clock, 2) == ["a.jpg"]
    assert look_later(arrivals, clock, 2) == ["a.jpg"]  # nobody has read it yet
    arrivals.settle(film)
    assert look_later(arrivals, clock, 100) == []
    assert arrivals.count_arriving() == 0
    write(film, at=8)
    assert look_later(arrivals, clock, 1) == []
    assert look_later(arrivals, clock, 2) == ["a.jpg"]
    film.unlink()
    assert look_later(arrivals, clock, 2) == []
    write(film, at=8)
    assert look_later(arrivals, clock, 2) == []
    assert look_later(arrivals, clock, 2) == ["a.jpg"]


def test_a_film_that_cannot_be_read_gets_a_second_chance(arrivals, films, clock):
    """It is held until it stood still for long, and after that nobody waits for it."""
    film = write(films / "half.jpg")
    look_later(arrivals, clock, 0)
    assert look_later(arrivals, clock, 2) == ["half.jpg"]
    assert arrivals.hold(film)
    assert look_later(arrivals, clock, 20) == []
    assert arrivals.count_arriving() == 1
    assert look_later(arrivals, clock, 8) == ["half.jpg"]
    assert not arrivals.hold(film)
    write(film, at=9)
    look_later(arrivals, clock, 0)
    assert look_later(arrivals, clock, 2) == ["half.jpg"]
    assert arrivals.hold(film)


def test_folders_below_count_and_what_is_no_film_does_not(arrivals, films, clock):
    """Films by their content or name; notes, hidden files and unfinished names are left."""
    write(films / "deep" / "er" / "IM0001", b"\0" * 128 + b"DICM" + b"\2\0\0\0UL\4\0\0\0\0\0")
    write(films / "deep" / "b.png", b"broken")
    for name in ("note.txt", ".hidden.jpg", "c.jpg.part", "~d.jpg", "e.dcm.tmp", "f.filepart"):
        write(films / name)
    write(films / "note.txt", b"no film")
    look_later(arrivals, clock, 0)
    assert arrivals.n_unfinished == 4
    assert arrivals.count_arriving() == 2
    assert sorted(look_later(arrivals, clock, 2)) == ["IM0001", "b.png"]
    (films / "c.jpg.part").rename(films / "c.jpg")
    assert "c.jpg" not in look_later(arrivals, clock, 1)
    assert "c.jpg" in look_later(arrivals, clock, 2)


@pytest.mark.parametrize(
    "name",
    ["1.2.840.10008.1", "wrist.dcm", "part.jpg", "temp", "a~b.png", "tmp.png", "x.partial.jpg"],
)
def test_an_ordinary_name_is_finished(name):
    """Only the name's end, or a mark at its start, says that a program is still writing."""
    assert not is_unfinished(name)


def test_results_are_no_films(films, clock, tmp_path):
    """Pictures that are drawn into the folder are not read, now or later."""
    drawn = write(films / "read" / "overlays" / "a.jpg")
    write(films / "read" / "other" / "a.jpg")
    arrivals = Arrivals([films], own=[films / "read" / "overlays"], pace=PACE, clock=clock)
    look_later(arrivals, clock, 0)
    write(drawn, at=5)
    look_later(arrivals, clock, 2)
    assert [path.parent.name for path in arrivals.look()] == ["other"]
    assert arrivals.count_arriving() == 1


def test_a_folder_that_is_away_is_said_and_forgets_nothing(films, clock, tmp_path):
    """A share that comes back holds no new films but those that are new."""
    film = write(films / "a.jpg")
    arrivals = Arrivals([films, tmp_path / "other"], pace=PACE, clock=clock)
    (tmp_path / "other").mkdir()
    look_later(arrivals, clock, 0)
    look_later(arrivals, clock, 2)
    arrivals.settle(film)
    films.rename(tmp_path / "away")
    assert look_later(arrivals, clock, 2) == []
    assert arrivals.closed == (films,)
    (tmp_path / "away").rename(films)
    look_later(arrivals, clock, 2)
    assert arrivals.closed == ()
    assert look_later(arrivals, clock, 10) == []


def test_a_file_that_cannot_be_opened_yet_is_waited_for(arrivals, films, clock, monkeypatch):
    """Another program may hold it while it writes."""
    write(films / "IM1", b"\0" * 128 + b"DICM" + b"\2\0\0\0UL\4\0\0\0\0\0")

    def refuse(path):
        raise PermissionError(13, "held by another program", str(path))

    with monkeypatch.context() as patch:
        patch.setattr("osteon.jobs.arrivals.identify_file", refuse)
        look_later(arrivals, clock, 0)
        assert look_later(arrivals, clock, 2) == []
        assert arrivals.count_arriving() == 1
    assert look_later(arrivals, clock, 27) == []
    assert look_later(arrivals, clock, 1) == ["IM1"]
