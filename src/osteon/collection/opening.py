"""What a collection asks of a film's file, done in the child process that opens it.

Light on purpose: every child imports it.
"""

import errno
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import ExifTags, Image

from osteon.errors import FilmFault, TornFilm, TruncatedFilm, UnsupportedRadiograph
from osteon.radiographs.densities import SIDEWAYS
from osteon.radiographs.dicom import (
    InstanceFacts,
    decode_dicom,
    is_dicom,
    pseudonym_of_patient,
    size_of_dicom,
)
from osteon.radiographs.raster import check_file_size, decode_raster, read_film_bytes
from osteon.terms import State


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What a file shows when it is opened.

    Attributes:
        sha256: Of the file, 64 hex digits; empty where there is none that can be read.
        state: Whether it decodes whole.
        rows: Height of the film in pixels; 0 where it is unreadable.
        columns: Width of the film in pixels; 0 where it is unreadable.
        pixel_aspect: Height of a pixel over its width; None where they are square.
        reason: Why it is not readable.
        instance: What a DICOM header says.
        patient_key: The pseudonym of a DICOM header's patient.
    """

    sha256: str
    state: State
    rows: int = 0
    columns: int = 0
    pixel_aspect: float | None = None
    reason: str | None = None
    instance: InstanceFacts | None = None
    patient_key: str | None = None


def open_film(path: Path, *, patient_salt: str = "") -> Opening:
    """Open one film, whatever it holds.

    Args:
        path: The film.
        patient_salt: Makes the pseudonym of a DICOM header's patient.

    Returns:
        What it shows.

    Raises:
        UnsupportedRadiograph: If the file is too large for a film: it is not even hashed here,
            where computing time is limited, but by `open_lost_film`.
    """
    try:
        check_file_size(path)
        sha256 = hash_file(path)
    except (OSError, ValueError) as fault:  # ValueError: a NUL in a table's path
        is_absent = isinstance(fault, FileNotFoundError | NotADirectoryError)
        is_absent |= getattr(fault, "errno", None) == errno.ENAMETOOLONG  # nobody has such a file
        reason = "no such file" if is_absent else "cannot be opened"
        return Opening(sha256="", state="unreadable", reason=reason)
    try:
        return _open_whole(path, sha256, patient_salt)
    except TornFilm as fault:
        # What its header says holds: the film is its patient's, and stands in one group with them.
        known = _open_whole(path, sha256, patient_salt, allow_torn=True)
        return replace(known, state="torn", reason=say_why(fault))
    except TruncatedFilm as fault:
        rows, columns = _read_size(path)
        return Opening(
            sha256=sha256, state="truncated", rows=rows, columns=columns, reason=say_why(fault)
        )
    except FilmFault as fault:
        return Opening(sha256=sha256, state="unreadable", reason=say_why(fault))


def open_lost_film(path: Path, fault: FilmFault) -> Opening:
    """Say of a film what can be said where the process that opened it was lost.

    Args:
        path: The film.
        fault: What became of the process.

    Returns:
        The hash and the reason; the file is read, and not looked into.
    """
    try:
        sha256 = hash_file(path)
    except (OSError, ValueError):
        sha256 = ""
    return Opening(sha256=sha256, state="unreadable", reason=say_why(fault))


def hash_file(path: Path) -> str:
    """Return a file's SHA-256 in hex.

    Args:
        path: The file; read piece by piece.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def say_why(fault: FilmFault) -> str:
    """Return a fault without its address, for a row whose path says where.

    Args:
        fault: Of one film.
    """
    kind = "unsupported: " if isinstance(fault, UnsupportedRadiograph) else ""
    found = f"; found {fault.found}" if fault.found else ""
    return f"{kind}{fault.must}{found}"


def _open_whole(path: Path, sha256: str, patient_salt: str, *, allow_torn: bool = False) -> Opening:
    data = read_film_bytes(path)
    if not is_dicom(data):
        film = decode_raster(data, source=str(path), allow_torn=allow_torn)
        return Opening(
            sha256=sha256,
            state="readable",
            rows=film.rows,
            columns=film.columns,
            pixel_aspect=None if film.pixel_aspect == 1.0 else film.pixel_aspect,
        )
    found = decode_dicom(data, source=str(path), allow_torn=allow_torn)
    aspect = found.radiograph.pixel_aspect
    return Opening(
        sha256=sha256,
        state="readable",
        rows=found.radiograph.rows,
        columns=found.radiograph.columns,
        pixel_aspect=None if aspect == 1.0 else aspect,
        instance=found.instance,
        patient_key=pseudonym_of_patient(data, patient_salt),
    )


def _read_size(path: Path) -> tuple[int, int]:
    """Return rows and columns as a cut film's header claims them; 0 where it does not say."""
    try:
        data = read_film_bytes(path)
        if is_dicom(data):
            return size_of_dicom(data)
    except FilmFault:
        return 0, 0
    try:
        with Image.open(path) as image:
            width, height = image.size
            is_sideways = image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS
    except (OSError, SyntaxError, ValueError):
        return 0, 0
    return (width, height) if is_sideways else (height, width)
