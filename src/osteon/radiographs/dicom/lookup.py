"""From stored value to grey: modality, VOI and presentation, PS3.3 C.11 and PS3.4 N.2.

Every step maps one value to one value, so all of them run once over the 2^n values that a film can
store, and the film itself is looked up in the result. Nothing is rounded on the way.

Order: modality LUT or rescale, VOI LUT or window, inversion of MONOCHROME1 last; padding is black
whatever the steps made of it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.errors import UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.elements import Header, parse_first_item
from osteon.radiographs.dicom.facts import XA_AND_RF
from osteon.radiographs.dicom.pixels import Codes, PixelFormat
from osteon.radiographs.dicom.values import read_code, read_numbers, read_uid, read_whole
from osteon.terms import Floats

ROBUST_SHARE: Final = 0.005
"""Share of the unpadded pixels that may be cut at either end where no VOI is given.

Dead pixels, lead letters and metal are fewer and would otherwise take most of the range for
themselves; cortex, the brightest bone, covers more of a film than half a percent."""

_Values = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """A LUT, PS3.3 C.11.1.1: entries, the value of the first, and the largest they can hold."""

    entries: _Values
    first: int
    largest: int


def build_lookup(header: Header, how: PixelFormat, codes: Codes) -> Floats:
    """Return the grey of every code that the film can hold.

    Args:
        header: The data set.
        how: Its pixel format.
        codes: Its pixels; asked only where no VOI is given.

    Returns:
        Shape `(2 ** bits_stored,)`, in [0, 1]; 1 is white, and bone is bright.

    Raises:
        UnreadableFilm: If a LUT or a rescale is there that cannot be applied.
        UnsupportedRadiograph: If nothing says which grey is which.
    """  # noqa: DOC502 — the functions called raise them
    is_inverse = _find_polarity(header)
    stored = np.arange(1 << how.bits_stored, dtype=np.float64)
    if how.is_signed:  # two's complement: the upper half is negative
        stored[stored.size // 2 :] -= stored.size
    is_padding = _find_padding(header, how, stored)
    values = _apply_modality(header, how, stored)
    greys = _apply_voi(header, how, values)
    if greys is None:
        greys = _stretch(values, codes, is_padding, header.source)
    if is_inverse:
        greys = 1.0 - greys
    # PS3.3 C.7.5.1.1.2: padding is no part of the picture; what surrounds a film is black here.
    lookup: Floats = np.where(is_padding, 0.0, greys).astype(np.float32)
    return lookup


def _find_polarity(header: Header) -> bool:
    """Return whether larger values are darker.

    Raises:
        UnsupportedRadiograph: If the header contradicts itself, or speaks of optical density.
    """
    is_inverse = read_code(header, tags.PHOTOMETRIC_INTERPRETATION) == "MONOCHROME1"
    shape = read_code(header, tags.PRESENTATION_LUT_SHAPE)
    # PS3.3 C.8.11.3.1.2: INVERSE belongs to MONOCHROME1, and says again what that says. IDENTITY
    # is written beside either, and "other than to account for" the photometric interpretation.
    if shape == "LIN OD" or (shape == "INVERSE" and not is_inverse):
        raise UnsupportedRadiograph(
            header.source,
            "must say in one way which grey is bone",
            found=f"PresentationLUTShape {shape} with MONOCHROME{1 if is_inverse else 2}",
            advice="Correct the header at its source.",
        )
    return is_inverse


def _find_padding(header: Header, how: PixelFormat, stored: _Values) -> _Mask:
    value = read_whole(header, tags.PIXEL_PADDING_VALUE, is_signed=how.is_signed)
    limit = read_whole(header, tags.PIXEL_PADDING_RANGE_LIMIT, is_signed=how.is_signed)
    if value is None:
        return np.zeros(stored.shape, dtype=np.bool_)
    low, high = sorted((value, value if limit is None else limit))
    return np.asarray((low <= stored) & (stored <= high))


def _apply_modality(header: Header, how: PixelFormat, stored: _Values) -> _Values:
    """Apply the modality LUT, or the rescale, PS3.3 C.11.1.

    Raises:
        UnreadableFilm: If there is one that cannot be applied.
    """
    # PS3.3 C.8.7.1.1.2: in XA and RF it leads back to the beam's intensity, not to a picture.
    relation = read_code(header, tags.PIXEL_INTENSITY_RELATIONSHIP)
    if read_uid(header, tags.SOP_CLASS_UID) in XA_AND_RF and relation in {"LOG", "DISP"}:
        return stored
    table = _read_table(header, tags.MODALITY_LUT_SEQUENCE, is_signed=how.is_signed)
    if table is not None:
        return _look_up(table, stored)
    slope, intercept = (
        read_numbers(header, tag) or (None if tag in header.elements else (neutral,))
        for tag, neutral in ((tags.RESCALE_SLOPE, 1.0), (tags.RESCALE_INTERCEPT, 0.0))
    )
    is_empty = not any(
        len(header.elements[tag].value) if tag in header.elements else 0
        for tag in (tags.RESCALE_SLOPE, tags.RESCALE_INTERCEPT)
    )
    if is_empty:
        return stored
    if slope is None or intercept is None or slope[0] == 0.0:
        raise UnreadableFilm(
            header.source,
            "must have a RescaleSlope and a RescaleIntercept that are numbers, the slope not 0",
            advice="The header is damaged: send the film again, or leave it out.",
        )
    return stored * slope[0] + intercept[0]


def _apply_voi(header: Header, how: PixelFormat, values: _Values) -> _Values | None:
    """Return greys by the first VOI LUT or window, PS3.3 C.11.2; None where there is none."""
    is_signed = how.is_signed or bool(values.min() < 0)
    table = _read_table(header, tags.VOI_LUT_SEQUENCE, is_signed=is_signed)
    if table is not None:
        return _look_up(table, values) / table.largest
    centers = read_numbers(header, tags.WINDOW_CENTER)
    widths = read_numbers(header, tags.WINDOW_WIDTH)
    function = read_code(header, tags.VOI_LUT_FUNCTION) or "LINEAR"
    # A window that shows nothing, such as the width 0 that some writers leave, is none.
    least = 1.0 if function == "LINEAR" else np.nextafter(0.0, 1.0)
    if not centers or not widths or widths[0] < least:
        return None
    return _apply_window(values, centers[0], widths[0], function)


def _apply_window(values: _Values, center: float, width: float, function: str) -> _Values:
    if function == "SIGMOID":  # PS3.3 C.11.2.1.3.1
        with np.errstate(over="ignore"):
            return np.asarray(1.0 / (1.0 + np.exp(-4.0 * (values - center) / width)))
    if function == "LINEAR_EXACT":  # PS3.3 C.11.2.1.3.2
        return np.clip((values - center) / width + 0.5, 0.0, 1.0)
    # PS3.3 C.11.2.1.2.1, also for a function that nobody defined. A width of 1 is a threshold.
    if width == 1.0:
        return np.where(values > center - 0.5, 1.0, 0.0)
    return np.clip((values - (center - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def _stretch(values: _Values, codes: Codes, is_padding: _Mask, source: str) -> _Values:
    """Spread the greys over the robust range of the pixels that are no padding.

    Raises:
        UnsupportedRadiograph: If they are all of one grey.
    """
    counts = np.bincount(codes.reshape(-1), minlength=values.size)
    counts[is_padding] = 0
    order = np.argsort(values, kind="stable")
    shares = np.cumsum(counts[order]) / max(int(counts.sum()), 1)
    present = values[counts > 0]
    if not present.size or present.min() == present.max():
        raise UnsupportedRadiograph(
            source,
            "must show more than one grey",
            found="one grey",
            advice="Leave it out: nothing can be seen in it.",
        )
    low = float(values[order][np.searchsorted(shares, ROBUST_SHARE)])
    high = float(values[order][np.searchsorted(shares, 1.0 - ROBUST_SHARE)])
    if low == high:
        low, high = float(present.min()), float(present.max())
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _read_table(header: Header, tag: int, *, is_signed: bool) -> _Table | None:
    """Return the first LUT of a sequence; None where there is none.

    Raises:
        UnreadableFilm: If there is one that cannot be applied.
    """
    item = parse_first_item(header, tag)
    if item is None:
        return None
    descriptor = read_numbers(item, tags.LUT_DESCRIPTOR, is_signed=is_signed)
    data = item.elements.get(tags.LUT_DATA)
    if len(descriptor) == 3 and data is not None:
        # PS3.3 C.11.1.1.1: 0 stands for 65,536, and only the second number can be negative.
        n_entries = int(descriptor[0]) % 65536 or 65536
        bits = int(descriptor[2])
        order = "<" if data.coding.is_little else ">"
        is_bytes = bits <= 8 and len(data.value) < 2 * n_entries
        kind = "u1" if is_bytes else f"{order}u2"
        n_bytes = n_entries * np.dtype(kind).itemsize
        if 8 <= bits <= 16 and len(data.value) >= n_bytes:
            entries = np.frombuffer(data.value[:n_bytes], dtype=kind).astype(np.float64)
            largest = (1 << bits) - 1
            return _Table(
                entries=np.minimum(entries, largest), first=int(descriptor[1]), largest=largest
            )
    raise UnreadableFilm(
        header.source,
        "must hold its look-up tables whole",
        advice="The header is damaged: send the film again, or leave it out.",
    )


def _look_up(table: _Table, values: _Values) -> _Values:
    # PS3.3 C.11.1.1.1: what lies outside the table has the value of its nearest end.
    at = np.rint(values).astype(np.int64) - table.first
    return table.entries[np.clip(at, 0, table.entries.size - 1)]
