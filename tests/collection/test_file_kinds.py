"""A file is what its first bytes say, whatever it is called."""

import io
from pathlib import Path

import pytest
from PIL import Image
from tests.dicoms import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    build_dataset,
    draw_values,
    encode_film,
)

from osteon.collection.file_kinds import FILM, identify_file, identify_head

SR = "1.2.840.10008.5.1.4.1.1.88.33"


def encode_picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("L", (20, 20), 128).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("name", ["IM0001", "film.dcm", "1.2.840.10008.7", "f.IMA", "f.dcm.1"])
def test_a_picture_is_a_film_under_any_name(tmp_path: Path, kind: str, name: str):
    """No ending, a wrong one, or a UID for one: the content decides."""
    (tmp_path / name).write_bytes(encode_picture(kind))
    assert identify_file(tmp_path / name) == FILM


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
@pytest.mark.parametrize("starts_at", [0, 132])
def test_dicom_is_a_film_under_any_name(tmp_path: Path, syntax: str, starts_at: int):
    """With or without the preamble that says so, in any coding."""
    data = encode_film(draw_values(), syntax=syntax)
    (tmp_path / "IM0001").write_bytes(data[starts_at:])
    assert identify_file(tmp_path / "IM0001") == FILM


@pytest.mark.parametrize(
    ("uid", "words"),
    [
        (SR, "structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "a PDF in DICOM"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "presentation state"),
        ("1.2.840.10008.5.1.4.1.1.88.59", "selection of objects"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "radiotherapy"),
    ],
)
@pytest.mark.parametrize("name", ["SR000001", "report.dcm"])
def test_dicom_without_a_picture_is_called_what_it_is(
    tmp_path: Path, uid: str, words: str, name: str
):
    """A report that lies among films is no film that failed."""
    data = encode_film(draw_values(), SOPClassUID=uid)
    (tmp_path / name).write_bytes(data)
    kind = identify_file(tmp_path / name)
    assert kind.sort == "object"
    assert words in kind.what


def test_the_index_of_a_disc_is_one_by_name_or_content(tmp_path: Path):
    """A DICOMDIR that was renamed is one all the same."""
    for name, uid in (("index", "1.2.840.10008.1.3.10"), ("DICOMDIR", SR)):
        (tmp_path / name).write_bytes(encode_film(draw_values(), SOPClassUID=uid))
        assert identify_file(tmp_path / name).sort == "index"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftypheic", "HEIF"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"P5\n20 20\n255\n", "PNM"),
    ],
)
def test_foreign_pictures_and_archives_have_their_names(head: bytes, words: str):
    """A collection of WebP is not `12 other files`."""
    kind = identify_head(head)
    assert kind.sort == "other"
    assert words in kind.what


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"BM is how this letter begins, and it is no bitmap",
        b"\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x07\x00\x00\x00" * 9,
        b"\x08\x00\x09\x00\x01\x00\x00\x00" * 20,
        bytes(range(256)),
        b"film",
    ],
)
def test_other_files_are_no_films(head: bytes):
    """Small numbers and two letters are no proof of anything."""
    kind = identify_head(head)
    assert (kind.sort, kind.what) == ("other", "")


def test_a_damaged_film_is_one_by_its_name(tmp_path: Path):
    """A film that lost its first bytes is opened, so that somebody says what is wrong with it."""
    for name in ("film.JPG", "film.dcm"):
        (tmp_path / name).write_bytes(b"\0" * 40)
        assert identify_file(tmp_path / name) == FILM


def test_what_names_no_class_is_opened_as_a_film():
    """DICOM whose first elements do not say what it is may be a film."""
    ds = build_dataset(draw_values())
    del ds.SOPClassUID
    file = io.BytesIO()
    ds.save_as(file, implicit_vr=True, little_endian=True)
    assert identify_head(file.getvalue()[:4096]) == FILM
