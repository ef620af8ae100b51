"""A film of any kind becomes a radiograph: DICOM or raster, by content and never by name."""

from pathlib import Path
from typing import Final

from osteon.radiographs.dicom import decode_dicom, is_dicom
from osteon.radiographs.raster import FILM_SUFFIXES as RASTER_SUFFIXES
from osteon.radiographs.raster import decode_raster, read_film_bytes
from osteon.terms import Radiograph

FILM_SUFFIXES: Final = RASTER_SUFFIXES | {".dcm", ".dicom", ".dic"}
"""File name endings, in lower case, under which films are looked for; DICOM often has none."""


def decode_film(data: bytes, *, source: str, max_pixels: int = 64_000_000) -> Radiograph:
    """Decode one film whose bytes are in hand already.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it; starts every refusal.
        max_pixels: Films with more pixels are refused from the header alone, before decoding.

    Returns:
        The radiograph, upright, float32 in [0, 1], bright bone.

    Raises:
        UnreadableFilm: If the bytes are no film, or will not decode.
        TruncatedFilm: If a part of the film is missing.
        UnsupportedRadiograph: If it is too large, too small, or not what is read here.
    """
    if is_dicom(data):
        return decode_dicom(data, source=source, max_pixels=max_pixels).radiograph
    return decode_raster(data, source=source, max_pixels=max_pixels)


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
