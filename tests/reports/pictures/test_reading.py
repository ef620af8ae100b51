"""A reading shows itself: as a picture, as HTML, as JSON."""

import json
from dataclasses import asdict, replace

import pytest
from PIL import Image
from tests.releases import build_release

import osteon
from osteon.inference.detector import Detector
from osteon.reports.readings import build_record
from osteon.terms import Finding


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    with Detector.load(build_release(tmp_path_factory.mktemp("release"))) as held:
        yield held


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.png"
    greys = Image.linear_gradient("L").resize((96, 96))
    greys.save(path)
    return path


def test_a_reading_is_plain_json(detector, film):
    """A program stores a reading without knowing NumPy; the map is not in it."""
    reading = detector.read(film)
    plain = json.loads(reading.to_json())
    assert plain == reading.to_dict()
    assert plain["source"] == str(film)
    assert plain["decision"] == reading.decision
    assert len(plain["release_sha256"]) == 64
    assert plain["read_at"].endswith("+00:00")
    assert "evidence" not in plain


def test_a_best_place_is_told_from_a_finding_in_every_form(detector, film):
    """A program that reads the boxes learns which of them is none of the findings."""
    best = Finding(box=(1.0, 2.0, 30.0, 40.0), probability=0.2, is_best_place=True)
    reading = replace(detector.read(film), findings=(best, replace(best, is_best_place=False)))
    record = asdict(build_record(reading, film))
    for told in (reading.to_dict(), record):
        assert [found["is_best_place"] for found in told["findings"]] == [True, False]


def test_a_reading_says_itself_in_one_line(detector, film):
    """A notebook or a log is not filled with the numbers of a map."""
    text = repr(detector.read(film))
    assert "\n" not in text
    assert len(text) < 200 + len(str(film))
    assert str(film) in text


def test_a_reading_plots_and_saves_its_film(detector, film, tmp_path):
    """The picture is the film with what was read; it is the same in a file."""
    reading = detector.read(film)
    picture = reading.plot()
    reading.save_overlay(tmp_path / "seen.png")
    with Image.open(tmp_path / "seen.png") as saved:
        assert saved.size == picture.size
        assert saved.tobytes() == picture.tobytes()
    assert reading._repr_html_().startswith("<img ")


def test_a_film_that_is_gone_is_told_in_words(detector, film):
    """A notebook shows words where the film cannot be opened any more."""
    reading = detector.read(film)
    film.unlink()
    assert "<p>" in reading._repr_html_()
    with pytest.raises(osteon.errors.FilmFault):
        reading.plot()
