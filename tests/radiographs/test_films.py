"""A film is what its content says, whatever its name."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.dicoms import draw_values, encode_film

from osteon.errors import UnreadableFilm
from osteon.radiographs.films import decode_film, read_film


def test_dicom_and_png_are_told_apart_by_content(tmp_path: Path):
    """A DICOM film called .png and a PNG called .dcm."""
    values = draw_values()
    buffer = io.BytesIO()
    Image.fromarray((values >> 4).astype(np.uint8)).save(buffer, "PNG")
    (tmp_path / "a.png").write_bytes(encode_film(values))
    (tmp_path / "b.dcm").write_bytes(buffer.getvalue())
    first, second = (read_film(tmp_path / name).pixels for name in ("a.png", "b.dcm"))
    np.testing.assert_allclose(first, second, atol=1 / 255)


def test_a_tiff_in_the_preamble_does_not_hide_a_dicom_film():
    """PS3.10 7.1: the preamble may be another format's start, and is never looked at."""
    data = encode_film(draw_values())
    disguised = b"II*\0" + data[4:]
    np.testing.assert_array_equal(
        decode_film(disguised, source="a").pixels, decode_film(data, source="b").pixels
    )


def test_what_is_neither_is_unreadable():
    """With the name that the person gave."""
    with pytest.raises(UnreadableFilm, match=r"letter\.txt"):
        decode_film(b"Dear colleague", source="letter.txt")
