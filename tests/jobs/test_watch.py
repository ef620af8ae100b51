"""What arrives in a folder is read once, whole, whatever ends the watch and how often."""

import hashlib
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from osteon.errors import FolderNotFound, SettingsFault
from osteon.inference.detector import Detector
from osteon.jobs.arrivals import Pace
from osteon.jobs.read import ReadingRequest, read_films
from osteon.jobs.watch import watch_folders
from tests.releases import build_release, draw_spot

QUICK = Pace(look_s=0.02, settle_s=0.2, patience_s=1.0)
LONGEST_S = 60.0


@pytest.fixture
def release(tmp_path):
    """A release whose guards let everything pass."""
    return build_release(tmp_path)


@pytest.fixture
def request_(tmp_path, release):
    """A folder to watch, empty."""
    (tmp_path / "films").mkdir()
    out = tmp_path / "out"
    return ReadingRequest(
        films=[tmp_path / "films"],
        release=release,
        threads=1,
        lines=out / "readings.jsonl",
        table=out / "readings.csv",
        overlays=out / "overlays",
    )


def draw(path: Path, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_spot(**options)).save(path)
    return path


class Person:
    """Does things while a folder is watched, one after each condition, and ends the watch.

    Args:
        deeds: Pairs of a condition and what is done when it holds.
    """

    def __init__(self, *deeds) -> None:
        self.deeds = list(deeds)
        self.told = []
        self.warned = []
        self.until = time.monotonic() + LONGEST_S

    def is_over(self) -> bool:
        assert time.monotonic() < self.until, f"waited in vain; told {self.told}"
        if self.deeds and self.deeds[0][0](self):
            self.deeds.pop(0)[1]()
        return not self.deeds

    def watch(self, request, pace=QUICK):
        return watch_folders(
            request,
            is_over=self.is_over,
            tell=lambda record: self.told.append(Path(record.path).name),
            warn=self.warned.append,
            pace=pace,
        )


def nothing() -> None:
    """End the watch."""


def told(n: int):
    return lambda person: len(person.told) >= n


def after(seconds: float):
    """Hold when so much time has passed since it was asked first."""
    since = []

    def has_passed(_: Person) -> bool:
        since.append(time.monotonic())
        return since[-1] - since[0] >= seconds

    return has_passed


def list_lines(request) -> list[dict]:
    return [json.loads(line) for line in request.lines.read_text("utf-8").splitlines()]


def list_names(request) -> list[str]:
    return [Path(line["path"]).name for line in list_lines(request)]


def test_films_are_read_as_they_arrive(request_, tmp_path):
    """What is there, what comes into folders below, and nothing twice; the table grows live."""
    films = request_.films[0]
    draw(films / "a.png")
    rows = []

    def count_rows():
        rows.append(len(request_.table.read_text().splitlines()))
        draw(films / "deep" / "er" / "b.png", box=None)
        (films / "note.txt").write_text("no film")

    person = Person((told(1), count_rows), (told(2), nothing))
    report = person.watch(request_)
    assert rows == [2]
    assert person.told == ["a.png", "b.png"] == list_names(request_)
    assert report.counts == {"fracture": 1, "doubt": 0, "no fracture": 1, "not read": 0}
    assert (report.n_overlays, report.n_earlier, report.n_arriving) == (2, 0, 0)
    assert len(request_.table.read_text().splitlines()) == 3
    assert sorted(path.name for path in request_.overlays.iterdir()) == ["a.png", "b.png"]


def test_a_watch_reads_as_an_ordinary_reading_does(request_, tmp_path):
    """The same films give the same lines and the same table, but for the time."""
    for name in ("a.png", "b.png"):
        draw(request_.films[0] / name)
    Person((told(2), nothing)).watch(request_)
    other = tmp_path / "other"
    ordinary = replace(
        request_,
        lines=other / "readings.jsonl",
        table=other / "readings.csv",
        overlays=other / "overlays",
    )
    read_films(ordinary)
    assert len(request_.table.read_text()) == len(ordinary.table.read_text()) - 2 * len("er")
    for one, two in zip(list_lines(request_), list_lines(ordinary), strict=True):
        changing = {"read_at", "overlay"}
        assert {n: one[n] for n in one if n not in changing} == {
            n: two[n] for n in two if n not in changing
        }


def test_a_half_written_film_is_no_torn_film(request_, tmp_path):
    """One that grows slowly, and one whose writer pauses for longer than a file must stand still.

    Neither has a line before it is whole.
    """
    films = request_.films[0]
    content = draw(tmp_path / "whole.png").read_bytes()
    slow, paused = films / "slow.png", films / "paused.png"

    def grow(n):
        return lambda: slow.write_bytes(content[: n * len(content) // 8])

    steps = [(after(0.1), grow(n)) for n in range(1, 9)]
    person = Person(
        (after(0), lambda: paused.write_bytes(content[:-40])),
        *steps,
        (told(1), lambda: paused.write_bytes(content)),
        (told(2), nothing),
    )
    person.watch(request_, pace=replace(QUICK, patience_s=LONGEST_S))
    assert person.told == ["slow.png", "paused.png"]
    assert {line["decision"] for line in list_lines(request_)} == {"fracture"}


def test_a_film_that_stays_torn_is_reported_once(request_, tmp_path):
    """After a while nobody waits any more: its reading says why."""
    content = draw(tmp_path / "whole.png").read_bytes()
    (request_.films[0] / "torn.png").write_bytes(content[:-40])
    person = Person((told(1), nothing))
    began = time.monotonic()
    report = person.watch(request_)
    assert time.monotonic() - began >= QUICK.patience_s
    assert report.counts["not read"] == 1
    assert list_lines(request_)[0]["reason_codes"] == ["truncated"]
    assert list_lines(request_)[0]["film_sha256"]
    again = Person((after(1.5), nothing))
    assert again.watch(request_).counts["not read"] == 0
    assert again.told == []


def test_a_watch_that_is_started_again_reads_what_is_new(request_, tmp_path):
    """Known by path and content: a changed film of the same name is read again, a touch is not."""
    films = request_.films[0]
    draw(films / "a.png")
    draw(films / "b.png")
    Person((told(2), nothing)).watch(request_)
    draw(films / "b.png", box=None)
    shutil.copy(films / "a.png", films / "c.png")
    (films / "a.png").touch()
    person = Person((told(2), lambda: None), (after(0.6), nothing))
    report = person.watch(request_)
    assert person.told == ["b.png", "c.png"]
    assert report.n_earlier == 2
    assert list_names(request_) == ["a.png", "b.png", "b.png", "c.png"]
    assert len(request_.table.read_text().splitlines()) == 5
    names = [Path(line["overlay"]).name for line in list_lines(request_)]
    assert names == ["a.png", "b.png", "b-2.png", "c.png"]


def test_a_film_that_changes_while_it_is_watched_is_read_again(request_):
    """Both readings stay."""
    film = draw(request_.films[0] / "a.png")
    person = Person((told(1), lambda: draw(film, box=None)), (told(2), nothing))
    report = person.watch(request_)
    assert [line["decision"] for line in list_lines(request_)] == ["fracture", "no fracture"]
    assert report.counts["no fracture"] == 1


def test_an_ordinary_reading_and_a_watch_go_on_with_each_other(request_):
    """Both know films in the same way."""
    films = request_.films[0]
    draw(films / "a.png")
    read_films(request_)
    draw(films / "b.png")
    person = Person((told(1), nothing))
    person.watch(request_)
    assert person.told == ["b.png"]
    draw(films / "c.png")
    assert read_films(replace(request_, is_resumed=True)).n_kept == 2
    assert list_names(request_) == ["a.png", "b.png", "c.png"]


def test_a_line_that_a_crash_cut_off_is_read_again(request_):
    """The film of the cut line has one line, and one row."""
    for name in ("a.png", "b.png"):
        draw(request_.films[0] / name)
    Person((told(2), nothing)).watch(request_)
    request_.lines.write_bytes(request_.lines.read_bytes()[:-30])
    person = Person((told(1), nothing))
    person.watch(request_)
    assert person.told == ["b.png"]
    assert list_names(request_) == ["a.png", "b.png"]
    assert len(request_.table.read_text().splitlines()) == 3


def test_a_film_that_is_read_and_taken_away_keeps_its_reading(request_, monkeypatch):
    """A router empties its folder; what never was there has no line."""
    films = request_.films[0]
    draw(films / "a.png")
    draw(films / "gone.png")
    original = Detector._read_each

    def read_and_remove(self, paths):
        def hand_out():
            for path in paths:
                if path.name == "gone.png":
                    path.unlink()
                yield path

        for reading in original(self, hand_out()):
            Path(reading.source).unlink(missing_ok=True)
            yield reading

    monkeypatch.setattr(Detector, "_read_each", read_and_remove)
    person = Person((told(1), lambda: None), (after(0.5), nothing))
    person.watch(replace(request_, overlays=None))
    (line,) = list_lines(request_)
    assert (Path(line["path"]).name, line["decision"]) == ("a.png", "fracture")
    assert line["film_sha256"] is None


def test_a_film_that_changes_under_its_reading_has_no_line_of_the_old_content(
    request_, monkeypatch
):
    """A hash beside a reading is always that of what was read."""
    film = draw(request_.films[0] / "a.png")
    original = Detector._read_each
    changed = []

    def read_and_change(self, paths):
        for reading in original(self, paths):
            if not changed:
                changed.append(draw(film, box=None))
            yield reading

    monkeypatch.setattr(Detector, "_read_each", read_and_change)
    Person((told(1), nothing)).watch(request_)
    (line,) = list_lines(request_)
    assert line["decision"] == "no fracture"
    assert line["film_sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()


def test_results_may_lie_in_the_folder_that_is_watched(request_):
    """What Osteon drew there is no film."""
    films = request_.films[0]
    request = replace(
        request_,
        lines=films / "readings.jsonl",
        table=films / "readings.csv",
        overlays=films / "overlays",
    )
    draw(films / "a.png")
    person = Person((told(1), lambda: None), (after(0.8), nothing))
    person.watch(request)
    assert person.told == ["a.png"]


def test_a_folder_that_goes_away_is_told_and_waited_for(request_, tmp_path):
    """A share may be away for a night; the watch says so once, and again when it is back."""
    films = request_.films[0]
    draw(films / "a.png")

    def come_back():
        (tmp_path / "away").rename(films)
        draw(films / "b.png")

    person = Person(
        (told(1), lambda: films.rename(tmp_path / "away")),
        (lambda person: person.warned, lambda: None),
        (after(0.3), come_back),
        (told(2), nothing),
    )
    person.watch(request_)
    assert [words.partition(": ")[2] for words in person.warned] == [
        "cannot be opened at present; it is tried again and again",
        "can be opened again",
    ]
    assert person.told == ["a.png", "b.png"]


def test_what_cannot_be_watched_is_said_at_once(request_, tmp_path):
    """No folder, no place for the readings, and pictures among the films."""
    over = {"is_over": lambda: True}
    with pytest.raises(FolderNotFound, match="to be watched"):
        watch_folders(replace(request_, films=[tmp_path / "none"]), **over)
    with pytest.raises(SettingsFault, match="Name one with -o"):
        watch_folders(replace(request_, lines=None), **over)
    with pytest.raises(SettingsFault, match="a folder of its own"):
        watch_folders(replace(request_, overlays=request_.films[0]), **over)
