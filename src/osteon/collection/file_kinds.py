"""What a file is, by how it starts and never by its name: a film, or something known that is none.

A film from a CD has no ending (`IM00001`), a UID for one (`1.2.840.113704.1`), or a wrong one. So
the first bytes decide; a name decides only where they say nothing, for a film that is damaged.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from osteon.radiographs.dicom import is_dicom
from osteon.radiographs.films import FILM_SUFFIXES
from osteon.radiographs.raster import FILM_SUFFIXES as RASTER_SUFFIXES

HEAD_BYTES: Final = 4096
"""So much of a file is looked at."""

_RASTERS: Final = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"II*\0",
    b"MM\0*",
    b"II+\0",  # BigTIFF: not read, but named as a film that is not
    b"MM\0+",
    b"GIF87a",
    b"GIF89a",
)
# A bitmap starts with two letters only; its header's length is one of these.
_BITMAP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

_KNOWN: Final = (
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "a WebP picture, which Osteon does not read"),
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n"), "a JPEG 2000 picture outside DICOM"),
    (re.compile(rb"\xff\x4f\xff\x51"), "a JPEG 2000 picture outside DICOM"),
    (re.compile(rb"\0\0\0\x0cJXL |\xff\x0a"), "a JPEG XL picture, which Osteon does not read"),
    (
        re.compile(rb"....ftyp(?:heic|heix|mif1|msf1|avif|avis)", re.DOTALL),
        "a HEIF or AVIF picture, which Osteon does not read",
    ),
    (re.compile(rb"8BPS"), "a Photoshop file, which Osteon does not read"),
    (re.compile(rb"P[2-6]\s"), "a PNM picture, which Osteon does not read"),
    (re.compile(rb"\x5c\x01\0\0|n[i+]1\0"), "a NIfTI volume, which Osteon does not read"),
    (re.compile(rb"NRRD000"), "an NRRD volume, which Osteon does not read"),
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive; unpack it first"),
    (re.compile(rb"\x1f\x8b"), "a gzip archive; unpack it first"),
)
"""How other files start that a person may take for films, and what is said of them."""

_MEDIA_STORAGE_SOP_CLASS: Final = re.compile(rb"\x02\x00\x02\x00UI(..)", re.DOTALL)
_SOP_CLASS: Final = re.compile(
    rb"\x08\x00\x16\x00(?:UI(..)|(..)\x00\x00)|\x00\x08\x00\x16UI(..)", re.DOTALL
)
# PS3.4 B.5 and PS3.3 F: storage classes whose instances hold no picture, by the UID's start.
_NO_PICTURE: Final = (
    ("1.2.840.10008.5.1.4.1.1.88.59", "a DICOM selection of objects, without a picture"),
    ("1.2.840.10008.5.1.4.1.1.88.", "a DICOM structured report, without a picture"),
    ("1.2.840.10008.5.1.4.1.1.104.1", "a PDF in DICOM, without a picture"),
    ("1.2.840.10008.5.1.4.1.1.104.", "a document in DICOM, without a picture"),
    ("1.2.840.10008.5.1.4.1.1.11.", "a DICOM presentation state, without a picture"),
    ("1.2.840.10008.5.1.4.1.1.9.", "a DICOM waveform, without a picture"),
    ("1.2.840.10008.5.1.4.1.1.66.4", ""),  # a segmentation: the decoder names it
    ("1.2.840.10008.5.1.4.1.1.66", "DICOM raw or spatial data, without a picture"),
    ("1.2.840.10008.5.1.4.1.1.481.1", ""),  # a radiotherapy image: the decoder names it
    ("1.2.840.10008.5.1.4.1.1.481.2", ""),  # a dose, in pixels: the decoder names it
    ("1.2.840.10008.5.1.4.1.1.481.", "a radiotherapy object, without a picture"),
)
_INDEX_CLASS: Final = "1.2.840.10008.1.3.10"
_MIN_ELEMENTS: Final = 3
_LAST_GROUP: Final = 0x7FE0
_UNDEFINED: Final = 0xFFFF_FFFF
# PS3.5 7.1.2: these have two reserved bytes and a length of four
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileKind:
    """What a file is.

    Attributes:
        sort: "film", to be opened as one whatever will be found; "object", DICOM that holds no
            picture; "index", the table of contents of a disc; or "other".
        what: What it is, in words; empty for films, and where nobody knows.
    """

    sort: Literal["film", "object", "index", "other"]
    what: str = ""


FILM: Final = FileKind(sort="film")
_INDEX: Final = FileKind(sort="index", what="a DICOMDIR, the index of a disc")


def identify_file(path: Path) -> FileKind:
    """Return what a file is; one that is named like a film and damaged is a film.

    Args:
        path: A plain file.

    Returns:
        Its kind. A file that cannot be opened, and is named like a film, is a film too: its
        reading will say why.

    Raises:
        OSError: If its name says nothing, and it cannot be opened.
    """
    suffix = path.suffix.lower()
    if suffix in RASTER_SUFFIXES:
        return FILM  # not opened: whatever it holds, its reading says so
    is_named_film = suffix in FILM_SUFFIXES
    try:
        with path.open("rb") as file:
            kind = identify_head(file.read(HEAD_BYTES), name=path.name)
    except OSError:
        if is_named_film:
            return FILM
        raise
    return FILM if is_named_film and kind.sort == "other" else kind


def identify_head(head: bytes, *, name: str = "") -> FileKind:
    """Return what a file is by its first bytes.

    Args:
        head: The file's first `HEAD_BYTES`, or all of it.
        name: Its name, by which some indices of discs are told.
    """
    if head[128:132] == b"DICM" or (is_dicom(head) and _starts_with_elements(head)):
        return _INDEX if name.casefold() == "dicomdir" else _identify_dicom(head)
    if head.startswith(_RASTERS) or _is_bitmap(head):
        return FILM
    what = next((what for start, what in _KNOWN if start.match(head)), "")
    return FileKind(sort="other", what=what)


def _identify_dicom(head: bytes) -> FileKind:
    uid = _read_sop_class(head)
    if uid.startswith(_INDEX_CLASS):
        return _INDEX
    what = next((what for start, what in _NO_PICTURE if uid.startswith(start)), "")
    return FileKind(sort="object", what=what) if what else FILM


def _read_sop_class(head: bytes) -> str:
    """Return the SOP Class UID; empty where the file's start does not tell."""
    match = _MEDIA_STORAGE_SOP_CLASS.search(head) or _SOP_CLASS.search(head)
    if match is None:
        return ""
    is_big = head[match.start() : match.start() + 4] == b"\x00\x08\x00\x16"
    size = next(group for group in match.groups() if group is not None)
    length = int.from_bytes(size, "big" if is_big else "little")
    value = head[match.end() : match.end() + min(length, 64)]  # PS3.5 9.1: at most 64 characters
    return value.rstrip(b"\0 ").decode("ascii", "replace")


def _is_bitmap(head: bytes) -> bool:
    return (
        head[:2] == b"BM"
        and head[6:10] == bytes(4)
        and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS
    )


def _starts_with_elements(head: bytes) -> bool:
    """Return whether bytes without DICOM's prefix begin with a chain of its elements.

    `is_dicom` asks for one plausible element, which any file of small numbers may have.
    """
    order: Literal["big", "little"] = "big" if head[:2] == b"\x00\x08" else "little"
    at, last, n_seen = 0, -1, 0
    while n_seen < _MIN_ELEMENTS and at + 8 <= len(head):
        group = int.from_bytes(head[at : at + 2], order)
        number = int.from_bytes(head[at + 2 : at + 4], order)
        tag = group << 16 | number
        if tag <= last or group > _LAST_GROUP:
            return False
        vr = head[at + 4 : at + 6]
        if vr in _LONG_VRS:
            start, size = at + 12, head[at + 8 : at + 12]
        elif vr.isalpha() and vr.isupper():
            start, size = at + 8, head[at + 6 : at + 8]
        else:
            start, size = at + 8, head[at + 4 : at + 8]
        length = int.from_bytes(size, order)
        if length == _UNDEFINED:
            return n_seen > 0  # a sequence: an element came before it
        if length % 2:
            return False  # PS3.5 7.1.1: values are of even length
        at, last, n_seen = start + length, tag, n_seen + 1
    # A chain whose next element lies behind the head is one as far as can be seen.
    return n_seen >= _MIN_ELEMENTS or (n_seen > 0 and at > len(head))
