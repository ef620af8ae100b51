"""How a film's values are stored, as its header says, and what shape its pixels have.

What a header says in two ways must agree. Where it does not, and one of the two cannot be, the
other counts and the film carries a note; where both could be, the film is refused.
"""

from dataclasses import dataclass
from typing import Final

from osteon.errors import UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.densities import LONGEST, SQUARE
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.elements import Header
from osteon.radiographs.dicom.values import read_numbers, read_whole
from osteon.radiographs.raster import refuse_size
from osteon.terms import Reason

APART: Final = 0.1
"""Two attributes may differ by so much, and the first counts: it changes no shape that matters."""

_RESEND: Final = "The header is damaged: send the film again, or leave it out."


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelFormat:
    """How a film's values are stored, PS3.3 C.7.6.3.

    Attributes:
        rows: Height in pixels.
        columns: Width in pixels.
        bits_allocated: 8 or 16.
        bits_stored: Bits that hold the value.
        high_bit: Place of the highest of them.
        is_signed: Whether they are two's complement.
        notes: What the header contradicts.
    """

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    notes: tuple[Reason, ...] = ()


def read_pixel_format(header: Header, *, max_pixels: int) -> PixelFormat:
    """Read how the pixels are stored, and refuse what cannot be decoded safely.

    Args:
        header: The data set.
        max_pixels: Films with more pixels are refused.

    Returns:
        The format.

    Raises:
        UnreadableFilm: If the header contradicts itself, or does not say.
        UnsupportedRadiograph: If the film is too large, too small, or of another depth.
    """
    rows = _need(header, tags.ROWS)
    columns = _need(header, tags.COLUMNS)
    refuse_size(rows, columns, header.source, max_pixels=max_pixels)
    allocated = _need(header, tags.BITS_ALLOCATED)
    stored = read_whole(header, tags.BITS_STORED)
    stored = allocated if stored is None else stored
    _refuse_bits(allocated, stored, header.source)
    high = read_whole(header, tags.HIGH_BIT)
    notes = []
    # PS3.3 C.7.6.3: one less than BitsStored; older files shift the value up in its cell.
    if high is not None and not stored - 1 <= high < allocated:
        notes.append(_note_high_bit(high, stored, allocated))
        high = None
    return PixelFormat(
        rows=rows,
        columns=columns,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        is_signed=read_whole(header, tags.PIXEL_REPRESENTATION) == 1,
        notes=tuple(notes),
    )


def read_pixel_aspect(header: Header) -> tuple[float, tuple[Reason, ...]]:
    """Return the height of a pixel over its width, and what is contradicted about it.

    Args:
        header: The data set.

    Returns:
        1 where they are square, or nothing says that they are not.

    Raises:
        UnsupportedRadiograph: If two attributes disagree, or one says what cannot be.
    """
    said: dict[int, tuple[float, ...]] = {}
    notes: tuple[Reason, ...] = ()
    for tag in (*_SPACINGS, tags.PIXEL_ASPECT_RATIO):
        numbers = read_numbers(header, tag)
        # PS3.3 10.7.1.3: first between rows, then between columns; C.7.6.3.1.7: the vertical size,
        # then the horizontal one. Zeros say that nobody knows.
        if len(numbers) == 2 and min(numbers) > 0.0:
            said[tag] = numbers
    ratio = header.elements.get(tags.PIXEL_ASPECT_RATIO)
    if not said and ratio is not None and bytes(ratio.value).strip(b" \0\\"):
        return 1.0, (_NO_ASPECT,)
    aspects = {
        tag: 1.0 if abs(high / wide - 1.0) < SQUARE else high / wide
        for tag, (high, wide) in said.items()
    }
    # What programs write that know nothing; no film has pixels of a millimetre.
    known = {tag: aspect for tag, aspect in aspects.items() if said[tag] != (1.0, 1.0)} or aspects
    lowest, highest = min(known.values(), default=1.0), max(known.values(), default=1.0)
    found = ", ".join(f"{tags.NAMES[tag]} {aspect:.4g}" for tag, aspect in aspects.items())
    if highest > (1.0 + APART) * lowest or not 1 / LONGEST <= lowest <= highest <= LONGEST:
        raise UnsupportedRadiograph(
            header.source,
            "must say in one way what shape its pixels have",
            found=found,
            advice="Height over width of a pixel: correct the header at its source.",
            code="pixel-aspect",
        )
    first = next(iter(known.values()), 1.0)
    if any(abs(aspect / first - 1.0) > 2 * SQUARE for aspect in aspects.values()):
        text = f"The header says in two ways how high a pixel is, over its width ({found})"
        notes = (Reason(code="pixel-aspect", text=f"{text}; {first:.4g} was taken."),)
    return first, notes


# What was measured in the patient or at the detector goes before what was not measured.
_SPACINGS: Final = (
    tags.PIXEL_SPACING,
    tags.IMAGER_PIXEL_SPACING,
    tags.NOMINAL_SCANNED_PIXEL_SPACING,
)
_NO_ASPECT: Final = Reason(
    code="pixel-aspect",
    text="PixelAspectRatio says nothing that can be: the pixels were taken for square.",
)


def _need(header: Header, tag: int) -> int:
    """Return a whole number that a film cannot do without.

    Raises:
        UnreadableFilm: If it is missing.
    """
    number = read_whole(header, tag)
    if number is None:
        raise UnreadableFilm(
            header.source,
            f"must say its {tags.NAMES[tag]}",
            advice="The file is damaged: send it again, or leave it out.",
        )
    return number


def _refuse_bits(allocated: int, stored: int, source: str) -> None:
    """Refuse depths that are no film's.

    Raises:
        UnsupportedRadiograph: If cells have another size than 8 or 16 bits.
        UnreadableFilm: If the value does not fit its cell.
    """
    if allocated not in {8, 16}:
        raise UnsupportedRadiograph(
            source,
            "must keep its pixels in 8 or 16 bits",
            found=f"{allocated} bits",
            advice="Export it with 16 bits.",
            code="bits-allocated",
        )
    if not 2 <= stored <= allocated:
        raise UnreadableFilm(
            source,
            "must have BitsStored that fit BitsAllocated",
            found=f"{stored} of {allocated}",
            advice=_RESEND,
            code="bits-stored",
        )


def _note_high_bit(high: int, stored: int, allocated: int) -> Reason:
    return Reason(
        code="high-bit",
        text=f"HighBit {high} is impossible with BitsStored {stored} of {allocated}; "
        f"{stored - 1} was taken, as the values fit it.",
    )
