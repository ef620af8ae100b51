"""DICOM instances become radiographs, or say why not.

Read tolerantly: CR, DX, single-frame RF and XA, and secondary captures that are grey. Refused by
name: everything else. Names, Patient IDs, dates and free text never leave this room; a refusal
shows what the pixels are, never whose.

| step | where |
|---|---|
| bytes to elements, bounded | `elements`, `walk` |
| is it a radiograph, and what does it say of itself | `facts` |
| how its pixels are stored, what shape they have, which are none | `formats`, `padding` |
| pixel data to stored values | `pixels`, `frames`, `codestreams`, `codecs`, `depth` |
| stored values to grey | `lookup`, `tables`, `windows` |

Where a header contradicts itself or its pixels, the pixels are measured, and the contradiction is a
note of the film; where they cannot settle it, the film is refused. `docs/dicom.md` has the table.
"""

from dataclasses import dataclass

import numpy as np

from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.datasets import write_dataset
from osteon.radiographs.dicom.depth import has_wrong_sign, refuse_sign
from osteon.radiographs.dicom.elements import Header, is_dicom, parse_header
from osteon.radiographs.dicom.facts import (
    InstanceFacts,
    note_frames,
    read_facts,
    refuse_other_objects,
)
from osteon.radiographs.dicom.formats import read_pixel_aspect, read_pixel_format
from osteon.radiographs.dicom.lookup import build_lookup
from osteon.radiographs.dicom.padding import mark_padding, read_padding
from osteon.radiographs.dicom.pixels import decode_pixels
from osteon.radiographs.dicom.values import read_text, read_whole
from osteon.radiographs.patients import build_pseudonym
from osteon.radiographs.torn import refuse_torn
from osteon.terms import Radiograph

__all__ = [
    "DicomFilm",
    "InstanceFacts",
    "decode_dicom",
    "is_dicom",
    "pseudonym_of_patient",
    "size_of_dicom",
    "write_dataset",
]

MAX_PIXELS = 64_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class DicomFilm:
    """A film, and what its header says about it.

    Attributes:
        radiograph: The film.
        instance: The header's facts.
    """

    radiograph: Radiograph
    instance: InstanceFacts


def decode_dicom(
    data: bytes, *, source: str, max_pixels: int = MAX_PIXELS, allow_torn: bool = False
) -> DicomFilm:
    """Decode one DICOM instance; see the module's notes.

    Safe to call from several threads at once.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it; starts every refusal.
        max_pixels: Films with more pixels are refused from the header alone, before decoding.
        allow_torn: Whether a film is returned of which a part was made up before it was saved.

    Returns:
        The film at full depth, float32 in [0, 1], bright bone, and its facts.

    Raises:
        UnreadableFilm: If the bytes are no DICOM, contradict themselves, or will not decode.
        TruncatedFilm: If a part of the file is missing.
        TornFilm: If a part of the picture was made up before it was saved.
        UnsupportedRadiograph: If it is no radiograph for reading, or beyond a limit.
    """
    header = parse_header(data, source=source)
    refuse_other_objects(header)
    how = read_pixel_format(header, max_pixels=max_pixels)
    aspect, shape_notes = read_pixel_aspect(header)
    padding = read_padding(header, how)
    film = decode_pixels(header, how, padding, max_pixels=max_pixels)
    # One value for every code; the last code is padding that has none.
    stored = np.arange((1 << how.bits_stored) + 1, dtype=np.float64)
    if film.is_signed:  # two's complement: the upper half is negative
        stored[stored.size // 2 :] -= 1 << how.bits_stored
    is_padding, padding_notes = mark_padding(padding, stored, film.codes)
    if has_wrong_sign(film.codes, is_padding, bits=how.bits_stored, is_signed=film.is_signed):
        refuse_sign(source, is_signed=film.is_signed)
    lookup = build_lookup(header, stored, film.codes, is_padding)
    notes = (
        *header.notes,
        *note_frames(header),
        *how.notes,
        *shape_notes,
        *film.notes,
        *padding_notes,
        *lookup.notes,
    )
    pixels = lookup.greys[film.codes]
    if not allow_torn:
        refuse_torn(pixels, source=source)
    return DicomFilm(
        radiograph=Radiograph(pixels=pixels, source=source, notes=notes, pixel_aspect=aspect),
        instance=read_facts(header),
    )


def size_of_dicom(data: bytes) -> tuple[int, int]:
    """Return rows and columns as the header claims them, without decoding; 0 where it is silent.

    Args:
        data: The whole file.

    Returns:
        Rows and columns.

    Raises:
        FilmFault: If the header itself cannot be read.
    """
    header = parse_header(data, source="film")
    return read_whole(header, tags.ROWS) or 0, read_whole(header, tags.COLUMNS) or 0


def pseudonym_of_patient(data: bytes, salt: str) -> str | None:
    """Return a pseudonym of the patient; the Patient ID itself goes no further than this.

    Args:
        data: The whole file.
        salt: A secret; equal salts turn equal patients into equal pseudonyms.

    Returns:
        16 hex digits, or None where no patient is named.

    Raises:
        FilmFault: If the header cannot be read.
    """
    return _pseudonym(parse_header(data, source="film"), salt)


def _pseudonym(header: Header, salt: str) -> str | None:
    return build_pseudonym(read_text(header, tags.PATIENT_ID) or "", salt)
