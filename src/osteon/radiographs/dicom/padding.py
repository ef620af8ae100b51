"""Which stored values are padding, PS3.3 C.7.5.1.1.2: no part of the picture, and black here."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.elements import Header
from osteon.radiographs.dicom.formats import PixelFormat
from osteon.radiographs.dicom.values import read_whole
from osteon.terms import Reason

MIN_PICTURE: Final = 0.01
"""Share of the pixels that padding must leave; where it leaves less, it is none."""

_SAMPLED: Final = 256
"""So many rows and columns, spread over a film, say how much of it is padding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Padding:
    """Values that are no part of the picture.

    Attributes:
        value: PixelPaddingValue.
        limit: PixelPaddingRangeLimit; the value again where there is none.
        notes: What their VR contradicts.
    """

    value: int
    limit: int
    notes: tuple[Reason, ...] = ()

    def holds(self, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Return which of these values are padding."""
        low, high = sorted((self.value, self.limit))
        return np.asarray((low <= values) & (values <= high))


def read_padding(header: Header, how: PixelFormat) -> Padding | None:
    """Return the padding that a header declares; None where it declares none.

    Args:
        header: The data set.
        how: The pixel format: the values are as signed as the pixels are.
    """
    value = _read_value(header, tags.PIXEL_PADDING_VALUE, how)
    if value is None:
        return None
    limit = _read_value(header, tags.PIXEL_PADDING_RANGE_LIMIT, how)
    is_odd = any(
        _has_other_sign(header, tag, how)
        for tag in (tags.PIXEL_PADDING_VALUE, tags.PIXEL_PADDING_RANGE_LIMIT)
    )
    return Padding(
        value=value, limit=value if limit is None else limit, notes=(_SIGN,) if is_odd else ()
    )


def mark_padding(
    padding: Padding | None, stored: npt.NDArray[np.float64], codes: npt.NDArray[np.uint16]
) -> tuple[npt.NDArray[np.bool_], tuple[Reason, ...]]:
    """Return which codes are padding, and what about it cannot be.

    Args:
        padding: As the header declares it.
        stored: The value of every code but the last, which is padding that has none.
        codes: The film's pixels.
    """
    nothing = np.zeros(stored.size, np.bool_)
    nothing[-1] = True
    if padding is None:
        return nothing, ()
    rows, columns = (max(1, side // _SAMPLED) for side in codes.shape)
    some = codes[::rows, ::columns]
    for limit, notes in ((padding.limit, ()), (padding.value, (_RANGE,))):
        is_padding = Padding(value=padding.value, limit=limit).holds(stored) | nothing
        if 1.0 - is_padding[some].mean() >= MIN_PICTURE:
            return is_padding, (*padding.notes, *notes)
    return nothing, (_EVERYTHING,)


def _read_value(header: Header, tag: int, how: PixelFormat) -> int | None:
    number = read_whole(header, tag, is_signed=how.is_signed)
    if number is None:
        return None
    # PS3.3 C.7.5.1.1.2: US or SS as PixelRepresentation says, whatever VR the file writes.
    raw = number & 0xFFFF
    if not how.is_signed:
        return raw
    value = raw - 0x10000 if raw > 0x7FFF else raw
    half = 1 << (how.bits_stored - 1)
    return value - 2 * half if half <= value < 2 * half else value  # only the stored bits of it


def _has_other_sign(header: Header, tag: int, how: PixelFormat) -> bool:
    """Return whether the file's VR gives a value another sign than the pixels have."""
    element = header.elements.get(tag)
    number = read_whole(header, tag, is_signed=how.is_signed)
    return (
        element is not None
        and number is not None
        and number & 0xFFFF > 0x7FFF
        and element.vr == ("US" if how.is_signed else "SS")
    )


_SIGN: Final = Reason(
    code="padding-value",
    text="PixelPaddingValue is not written as signed as the pixels are; it was read as they are.",
)
_RANGE: Final = Reason(
    code="padding-value",
    text="PixelPaddingRangeLimit leaves nothing of the picture; only PixelPaddingValue counts.",
)
_EVERYTHING: Final = Reason(
    code="padding-value",
    text="PixelPaddingValue leaves nothing of the picture; nothing was taken for padding.",
)
