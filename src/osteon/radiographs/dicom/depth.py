"""Decoded samples become codes: the bits that hold a value, and a film whose bits lie is refused.

A code is the low `bits_stored` bits of a value, unsigned. One more code stands for padding that
these bits cannot hold. BitsStored, HighBit and PixelRepresentation are believed as far as the
samples allow: a mask that cuts off bits in use, or a sign under which the greys leap, would show
another picture.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.errors import UnreadableFilm
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.codecs import Samples
from osteon.radiographs.dicom.codestreams import CodeStream
from osteon.radiographs.dicom.elements import Header
from osteon.radiographs.dicom.formats import PixelFormat
from osteon.radiographs.dicom.padding import Padding
from osteon.radiographs.dicom.values import read_whole
from osteon.terms import Reason

Codes = npt.NDArray[np.uint16]
"""Stored values of a film as codes; `1 << bits_stored` is padding that these cannot hold."""

OVERSHOOT: Final = 0.25
"""Share of the range by which a lossy frame may miss it: ringing at an edge comes to a tenth."""

FAR_SHARE: Final = 0.001
"""Share of pixels that may miss it by more."""

LEAP_SHARE: Final = 0.001
"""Share of neighbours that fit only under the other sign, from which on the sign is wrong."""

OTHERS_SHARE: Final = 0.005
"""Share of pixels that either half of the codes must have beside its most common one."""

_SAMPLED: Final = 200_000
_RESEND: Final = "Correct the header at its source, or export the film again."


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StoredPixels:
    """A film's stored values.

    Attributes:
        codes: Shape `(rows, columns)`.
        is_signed: Whether the codes are two's complement.
        notes: What was contradicted.
    """

    codes: Codes
    is_signed: bool
    notes: tuple[Reason, ...] = ()


def fit_cells(
    samples: Samples, how: PixelFormat, header: Header, padding: Padding | None
) -> StoredPixels:
    """Take the value out of cells that may hold more: native and RLE pixels, PS3.5 8.1.1.

    Args:
        samples: One whole cell each.
        how: The pixel format.
        header: The data set, for overlays in the bits that the value leaves free.
        padding: What is no part of the picture.

    Returns:
        The codes.

    Raises:
        UnreadableFilm: If bits are in use that no attribute accounts for.
    """
    cells = samples.astype(np.uint16, copy=False)
    stored, shift = how.bits_stored, how.high_bit + 1 - how.bits_stored
    white = (1 << stored) - 1
    notes: tuple[Reason, ...] = ()
    if shift and _is_low_in_cell(cells, how, header):
        notes, shift = (_note_shift(how),), 0
    if int(cells.max()) >> (shift + stored) == 0:
        codes = cells >> np.uint16(shift) if shift else cells
        return StoredPixels(codes=codes, is_signed=how.is_signed, notes=notes)
    codes = (cells >> np.uint16(shift)) & np.uint16(white)
    above = cells >> np.uint16(shift + stored)
    is_free = above == 0
    # PS3.5 8.1.1: a sign may go on in the bits above it.
    is_negative = codes >> np.uint16(stored - 1) == 1
    is_negative &= above == (1 << (how.bits_allocated - shift - stored)) - 1
    if how.is_signed:
        is_free |= is_negative
    elif (
        is_negative.any()
        and (is_negative | (is_free & (codes >> np.uint16(stored - 1) == 0))).all()
    ):
        refuse_sign(header.source, is_signed=False)
    if not is_free.all() and padding is not None:
        whole = cells.astype(np.int32)
        whole = _extend(whole, how.bits_allocated) if how.is_signed else whole
        is_padding = padding.holds(whole) & ~is_free
        if is_padding.any():
            codes = np.where(is_padding, np.uint16(white + 1), codes)
            is_free |= is_padding
    used = int(np.bitwise_or.reduce(above[~is_free], axis=None)) << (shift + stored)
    if used & ~_find_overlay_bits(header):
        _refuse_depth(header.source, stored, used.bit_length())
    return StoredPixels(codes=codes, is_signed=how.is_signed, notes=notes)


def fit_stream(
    samples: Samples, stream: CodeStream, how: PixelFormat, header: Header
) -> StoredPixels:
    """Take the values of a code stream, which masks nothing: what goes beyond is clipped.

    Args:
        samples: As the decoder gave them.
        stream: What the stream says of itself.
        how: The pixel format.
        header: The data set.

    Returns:
        The codes.

    Raises:
        UnreadableFilm: If the values go far beyond what BitsStored can hold.
    """
    stored = how.bits_stored
    notes = (_note_depth(stream, stored),) if stream.precision <= 8 < stored else ()
    brightest = int(samples.max())
    if not stream.is_signed and brightest < 1 << stored:
        codes = samples.astype(np.uint16, copy=False)
        return StoredPixels(codes=codes, is_signed=how.is_signed, notes=notes)
    values, is_signed = _sign_values(samples, stream, how)
    if is_signed != how.is_signed:
        notes = (*notes, _NOTE_SIGN)
    low, high = (
        (-(1 << (stored - 1)), (1 << (stored - 1)) - 1) if is_signed else (0, (1 << stored) - 1)
    )
    lowest, highest = int(values.min()), int(values.max())
    if lowest < low or highest > high:
        used = max(highest.bit_length(), (-lowest - 1).bit_length() if lowest < 0 else 0)
        overlays = _find_overlay_bits(header)
        is_overlay = not is_signed and not (highest >> stored << stored) & ~overlays
        if not is_overlay:
            margin = OVERSHOOT * (1 << stored)
            far = np.count_nonzero((values < low - margin) | (values > high + margin))
            if far > FAR_SHARE * values.size:
                _refuse_depth(header.source, stored, used + is_signed)
            values = np.clip(values, low, high)
            notes = (*notes, _note_clip(stream, stored))
    codes = (values & ((1 << stored) - 1)).astype(np.uint16)
    return StoredPixels(codes=codes, is_signed=is_signed, notes=notes)


def has_wrong_sign(
    codes: Codes, is_padding: npt.NDArray[np.bool_], *, bits: int, is_signed: bool
) -> bool:
    """Return whether the greys leap where the sign turns, and would not under the other sign.

    Neighbouring pixels whose highest bits differ are close in value under one sign, and nearly the
    whole range apart under the other. A film's greys run through the middle of its range somewhere;
    where that is always a leap, PixelRepresentation says the wrong thing.

    Args:
        codes: Shape `(rows, columns)`.
        is_padding: By code.
        bits: That hold the value.
        is_signed: As the header says.
    """
    step = max(1, codes.size // _SAMPLED)
    some = codes[::step].astype(np.int32)
    half = 1 << (bits - 1)
    left, right = some[:, :-1], some[:, 1:]
    is_pair = ((left >= half) != (right >= half)) & ~is_padding[left] & ~is_padding[right]
    apart = np.abs(left - right)[is_pair]  # as unsigned; as signed it is the range less that
    only_signed = int(np.count_nonzero(apart > 1.5 * half))
    only_unsigned = int(np.count_nonzero(apart < 0.5 * half))
    for_it, against = (only_signed, only_unsigned) if is_signed else (only_unsigned, only_signed)
    if against < LEAP_SHARE * left.size or against < 10 * for_it:
        return False
    # A white letter on a dark film leaps, too; but it is of one grey.
    counts = np.bincount(some.reshape(-1), minlength=is_padding.size)
    counts[is_padding] = 0
    others = min(int(part.sum() - part.max()) for part in (counts[:half], counts[half:]))
    return others > OTHERS_SHARE * some.size


def refuse_sign(source: str, *, is_signed: bool) -> None:
    """Refuse a film whose PixelRepresentation its pixels contradict.

    Args:
        source: Where it came from.
        is_signed: What the header says.

    Raises:
        UnreadableFilm: Always.
    """
    raise UnreadableFilm(
        source,
        "must have a PixelRepresentation that its pixels bear out",
        found="1, over values that are not signed"
        if is_signed
        else "0, over values that are signed",
        advice=_RESEND,
        code="pixel-representation",
    )


def _is_low_in_cell(cells: Codes, how: PixelFormat, header: Header) -> bool:
    """Return whether values that should be shifted up lie in the low bits of their cells.

    Shifted down, a film without anything in the bits above would be next to black.
    """
    values = cells.astype(np.int32)
    low, high = 0, (1 << how.bits_stored) - 1
    if how.is_signed:
        values = _extend(values, how.bits_allocated)
        low, high = -(high + 1) // 2, high // 2
    shifted_out = (1 << (how.high_bit + 1 - how.bits_stored)) - 1
    return (
        low <= int(values.min()) and int(values.max()) <= high
    ) and not shifted_out & _find_overlay_bits(header)


def _find_overlay_bits(header: Header) -> int:
    """Return the bits of a cell that overlays are declared to lie in, PS3.3 C.9.2 (retired)."""
    places = (
        read_whole(header, tag) for tag in tags.OVERLAY_BIT_POSITIONS if tag in header.elements
    )
    return sum(1 << place for place in set(places) if place is not None and 0 < place < 16)


def _sign_values(
    samples: Samples, stream: CodeStream, how: PixelFormat
) -> tuple[npt.NDArray[Any], bool]:
    """Return the values of samples with their sign, and whether they have one."""
    stored, width = how.bits_stored, 8 * samples.dtype.itemsize
    values = samples.astype(np.int32)
    if stream.is_signed:
        values = _extend(values, width)  # the decoder made them fill its cells
        if how.is_signed or int(values.min()) >= 0:
            return values, how.is_signed
        # PS3.5 8.2.4: sign and depth are the header's. A stream may say otherwise and be right.
        unsigned = (values & ((1 << stored) - 1)).astype(np.uint16)
        no_padding = np.zeros(1 << stored, np.bool_)
        if has_wrong_sign(unsigned, no_padding, bits=stored, is_signed=False):
            return values, True
        is_small = int(values.min()) > -OVERSHOOT * (1 << stored)
        return (values, False) if is_small else (unsigned.astype(np.int32), False)
    if not how.is_signed:
        return values, False
    is_deeper = stream.precision > stored and int(values.max()) >> stored
    return _extend(values, stream.precision if is_deeper else stored), True


def _extend(values: npt.NDArray[Any], bits: int) -> npt.NDArray[Any]:
    """Return two's complement of so many bits with its sign."""
    half = 1 << (bits - 1)
    return ((values & (2 * half - 1)) ^ half) - half


def _refuse_depth(source: str, stored: int, used: int) -> None:
    """Refuse a film whose values do not fit BitsStored.

    Raises:
        UnreadableFilm: Always.
    """
    raise UnreadableFilm(
        source,
        "must have BitsStored that hold its values",
        found=f"BitsStored {stored}, and values of {used} bits",
        advice=_RESEND,
        code="bits-stored",
    )


_NOTE_SIGN: Final = Reason(
    code="pixel-representation",
    text="PixelRepresentation says that the values are not signed, and the compressed picture that "
    "they are; the picture counts.",
)


def _note_shift(how: PixelFormat) -> Reason:
    return Reason(
        code="high-bit",
        text=f"HighBit {how.high_bit} says that the {how.bits_stored} bits of a value lie high in "
        "their cell; they lie low, and were taken from there.",
    )


def _note_depth(stream: CodeStream, stored: int) -> Reason:
    return Reason(
        code="frame-depth",
        text=f"The header says {stored} bits, and the compressed picture holds "
        f"{stream.precision}; the picture counts.",
    )


def _note_clip(stream: CodeStream, stored: int) -> Reason:
    return Reason(
        code="frame-depth",
        text=f"The compressed picture holds {stream.precision} bits where the header says "
        f"{stored}; what went beyond was clipped.",
    )
