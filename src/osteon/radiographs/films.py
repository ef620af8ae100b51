"""A film of any kind becomes a radiograph: DICOM or raster, by content and never by name."""

from pathlib import Path
from typing import Final

import numpy as np

from osteon.geometry import Box
from osteon.radiographs.dicom import decode_dicom, is_dicom
from osteon.radiographs.preparation import square_box, square_pixels
from osteon.radiographs.raster import FILM_SUFFIXES as RASTER_SUFFIXES
from osteon.radiographs.raster import decode_raster, read_film_bytes
from osteon.radiographs.torn import find_tear
from osteon.terms import Pixels8, Radiograph

FILM_SUFFIXES: Final = RASTER_SUFFIXES | {".dcm", ".dicom", ".dic"}
"""File name endings, in lower case, under which films are looked for; DICOM often has none."""


def decode_film(
    data: bytes, *, source: str, max_pixels: int = 64_000_000, allow_torn: bool = False
) -> Radiograph:
    """Decode one film whose bytes are in hand already.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it; starts every refusal.
        max_pixels: Films with more pixels are refused from the header alone, before decoding.
        allow_torn: Whether a film is returned of which a part was made up before it was saved.

    Returns:
        The radiograph, upright, float32 in [0, 1], bright bone.

    Raises:
        UnreadableFilm: If the bytes are no film, or will not decode.
        TruncatedFilm: If a part of the film is missing.
        TornFilm: If a part of it was made up before it was saved.
        UnsupportedRadiograph: If it is too large, too small, or not what is read here.
    """
    if is_dicom(data):
        return decode_dicom(
            data, source=source, max_pixels=max_pixels, allow_torn=allow_torn
        ).radiograph
    return decode_raster(data, source=source, max_pixels=max_pixels, allow_torn=allow_torn)


def read_grey(data: bytes, *, source: str) -> Pixels8:
    """Decode a film as copies are compared: upright, with square pixels, 8-bit grey.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it.

    Returns:
        Shape `(rows, columns)`, 0 black to 255 white.

    Raises:
        UnreadableFilm: If the bytes are no picture, or will not decode.
        TruncatedFilm: If a part of the picture is missing.
        UnsupportedRadiograph: If it is too large, too small, or not one grey picture.
    """
    return square_grey(decode_film(data, source=source))


def square_grey(film: Radiograph) -> Pixels8:
    """Return a radiograph as 8-bit grey with square pixels, shape `(rows, columns)`.

    Args:
        film: Of any pixel aspect.
    """
    levels = square_pixels(film.pixels, film.pixel_aspect) * np.float32(255)
    return np.asarray(np.rint(levels, out=levels), dtype=np.uint8)


def read_torn_grey(data: bytes, *, source: str) -> tuple[Pixels8, Box | None]:
    """Decode a film that may be torn, for a person who wants to see where it is.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it.

    Returns:
        The film as `read_grey` returns it, and the part that is made up, in pixels; None where
        the film is whole.

    Raises:
        FilmFault: As `read_grey` does, but for the tear.
    """
    film = decode_film(data, source=source, allow_torn=True)
    tear = find_tear(film.pixels)
    box = None if tear is None else square_box(tear.box, film.pixel_aspect)
    return square_grey(film), box


def read_film(path: Path, *, max_pixels: int = 64_000_000) -> Radiograph:
    """Read one film from a file.

    Args:
        path: The film.
        max_pixels: Films with more pixels are refused from the header alone, before decoding.

    Returns:
        The radiograph, upright, float32 in [0, 1], bright bone.

    Raises:
        UnreadableFilm: If the file is missing, empty, no film, or will not decode.
        TruncatedFilm: If a part of the film is missing.
        UnsupportedRadiograph: If it is too large, too small, or not what is read here.
    """
    data = read_film_bytes(path, max_pixels=max_pixels)
    return decode_film(data, source=str(path), max_pixels=max_pixels)
