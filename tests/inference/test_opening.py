"""Whatever a person hands in becomes a film for the network, or a reason why not."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from tests.dicoms import draw_values, encode_film
from tests.releases import draw_spot

from osteon.errors import FilmFault, TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.inference.opening import build_order, open_film, open_in_order, open_one
from osteon.release import Preparation
from osteon.sandbox import Limits, WorkerPool
from osteon.terms import Radiograph

HOW = Preparation(rows=64, columns=64)


@pytest.fixture(scope="module")
def pool():
    """Two children that decode."""
    with WorkerPool(workers=2) as children:
        yield children


def encode(film, kind="PNG"):
    held = io.BytesIO()
    Image.fromarray(film).save(held, kind)
    return held.getvalue()


def opened(film):
    return open_film(build_order(film, HOW, Limits()))


def test_a_film_is_the_same_in_every_form(tmp_path, pool):
    """Path, text, bytes, array and radiograph give the same pixels and the same looks."""
    film = draw_spot()
    content = encode(film)
    (tmp_path / "film.png").write_bytes(content)
    radiograph = Radiograph(pixels=film.astype(np.float32) / np.float32(255), source="mine")
    forms = [
        (tmp_path / "film.png", str(tmp_path / "film.png")),
        (str(tmp_path / "film.png"), str(tmp_path / "film.png")),
        (content, "bytes"),
        (bytearray(content), "bytes"),
        (memoryview(content), "bytes"),
        (film, "array"),
        (film.astype(np.uint16), "array"),
        (film / 255, "array"),
        (radiograph, "mine"),
    ]
    expected = opened(film)
    for form, source in forms:
        said, result = open_one(form, pool, HOW)
        assert said == source
        assert not isinstance(result, FilmFault), result
        assert np.array_equal(result.pixels, expected.pixels)
        assert (result.rows, result.columns) == film.shape
        assert np.array_equal(result.looks, expected.looks)
        assert result.instance is None


@pytest.mark.parametrize("is_file", [False, True])
def test_a_dicom_film_brings_its_identifiers(pool, is_file):
    """As bytes or as a Dataset, a DICOM film says which instance of which study it is."""
    content = encode_film(draw_values())
    ds = pydicom.dcmread(io.BytesIO(content))
    films = [content, ds] if is_file else [content, pydicom.Dataset(ds)]
    if not is_file:
        films[1].file_meta = ds.file_meta
    for film, source in zip(films, ("bytes", "dataset"), strict=True):
        said, result = open_one(film, pool, HOW)
        assert said == source
        assert result.instance.sop_instance_uid == "1.2.3.1"
        assert result.instance.study_instance_uid == "1.2.3.2"
        assert result.instance.series_instance_uid == "1.2.3.3"


@pytest.mark.parametrize(
    ("film", "fault", "match"),
    [
        (Path("nowhere.png"), UnreadableFilm, "nowhere"),
        ("", UnreadableFilm, ""),
        ("a\0b", UnreadableFilm, ""),
        (b"", UnreadableFilm, ""),
        (b"some text, and no film", UnreadableFilm, ""),
        (encode(draw_spot())[:-40], TruncatedFilm, ""),
        (encode(draw_spot(), "JPEG")[:-300], TruncatedFilm, ""),
        (np.zeros((4, 40)), UnsupportedRadiograph, "16 pixels"),
        (np.zeros((0, 0)), UnsupportedRadiograph, ""),
        (np.full((40, 40), np.nan), UnsupportedRadiograph, ""),
        (np.full((40, 40), 300.0), UnsupportedRadiograph, ""),
        (np.full((40, 40), -1), UnsupportedRadiograph, "negative"),
        (pydicom.Dataset(), FilmFault, ""),
        (Radiograph(pixels=np.full((40, 40), np.nan, np.float32), source="r"), FilmFault, "r: "),
        (Radiograph(pixels=np.zeros((4, 4, 4), np.float32), source="r"), FilmFault, "r: "),
    ],
)
def test_a_bad_film_is_told_as_a_fault(pool, film, fault, match):
    """Every kind of bad film has a typed reason, and nothing is raised."""
    _, result = open_one(film, pool, HOW)
    assert isinstance(result, fault)
    assert match in str(result)


def test_a_folder_is_no_film(pool, tmp_path):
    """A folder is told as such."""
    _, result = open_one(tmp_path, pool, HOW)
    assert isinstance(result, UnreadableFilm)


def test_a_file_beyond_the_limit_is_refused_unread():
    """Bytes count before they are looked at, and pixels before they are decoded."""
    with WorkerPool(workers=1, limits=Limits(file_bytes=1000, max_pixels=5000)) as small:
        assert "1,000 bytes" in str(open_one(bytes(1001), small, HOW)[1])
        many = open_one(encode(draw_spot()), small, HOW)[1]
        assert isinstance(many, UnsupportedRadiograph)
        assert isinstance(open_one(draw_spot(), small, HOW)[1], UnsupportedRadiograph)


def test_many_films_come_in_order_and_good_ones_are_unharmed(tmp_path, pool):
    """One bad film among good ones is one fault, at its place."""
    films = [draw_spot(100 + n, 90) for n in range(24)]
    handed = [encode(film) if n % 2 else film for n, film in enumerate(films)]
    handed[5], handed[17] = b"nonsense", tmp_path
    results = list(open_in_order(iter(handed), pool, HOW))
    assert [said for said, _ in results][5] == "bytes"
    for number, (_, result) in enumerate(results):
        if number in {5, 17}:
            assert isinstance(result, FilmFault)
        else:
            assert result.rows == 100 + number


def test_films_are_taken_only_a_few_ahead(pool):
    """Of ten thousand films, those that are read next are held, and no more."""
    taken = []

    def hand_in():
        for number in range(10_000):
            taken.append(number)
            yield draw_spot(40, 40)

    stream = open_in_order(hand_in(), pool, HOW)
    for _ in range(3):
        next(stream)
    assert len(taken) < 40
    stream.close()
    assert len(taken) < 40


def test_a_film_that_changes_hands_is_not_shared():
    """What the caller does to the array afterwards does not reach the film."""
    film = draw_spot().astype(np.float32) / np.float32(255)
    order = build_order(film, HOW, Limits())
    before = open_film(order).pixels
    film[:] = 0
    assert np.array_equal(open_film(order).pixels, before)
