"""From stored value to grey: modality, VOI and presentation, PS3.3 C.11 and PS3.4 N.2.

Every step maps one value to one value, so all of them run once over the 2^n values that a film can
store, and the film itself is looked up in the result. Nothing is rounded on the way.

Order: modality LUT or rescale, VOI LUT or window, inversion of MONOCHROME1 last; padding is black
whatever the steps made of it. A VOI in which the film cannot be seen is not applied, and named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.errors import UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.depth import Codes
from osteon.radiographs.dicom.elements import Header
from osteon.radiographs.dicom.facts import XA_AND_RF
from osteon.radiographs.dicom.tables import read_table
from osteon.radiographs.dicom.values import read_code, read_numbers, read_uid
from osteon.radiographs.dicom.windows import (
    Histogram,
    count_values,
    list_windows,
    say_what_hides,
    say_what_is_cut,
)
from osteon.terms import Floats, Reason

ROBUST_SHARE: Final = 0.005
"""Share of the unpadded pixels that may be cut at either end where no VOI is given.

Dead pixels, lead letters and metal are fewer and would otherwise take most of the range for
themselves; cortex, the brightest bone, covers more of a film than half a percent."""

_SAMPLED: Final = 65_536
"""So many pixels, spread over a film, say whether it can be seen."""

_Values = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]
_Notes = tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lookup:
    """The greys of a film's codes.

    Attributes:
        greys: Of every code, in [0, 1]; 1 is white, and bone is bright.
        notes: What the header contradicts.
    """

    greys: Floats
    notes: _Notes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Voi:
    """One way that the file offers to show the film."""

    name: str
    greys: _Values


def build_lookup(header: Header, stored: _Values, codes: Codes, is_padding: _Mask) -> Lookup:
    """Return the grey of every code that the film can hold.

    Args:
        header: The data set.
        stored: The stored value of every code.
        codes: The film's pixels.
        is_padding: Which codes are no part of the picture.

    Returns:
        As many greys as there are codes.

    Raises:
        UnreadableFilm: If a LUT or a rescale is there that cannot be applied.
        UnsupportedRadiograph: If nothing says which grey is which.
    """  # noqa: DOC502 — the functions called raise them
    is_inverse, polarity = _find_polarity(header)
    step = max(1, int((codes.size / _SAMPLED) ** 0.5))
    some = codes[::step, ::step]
    if is_padding[some].all():
        some = codes
    values, modality = _apply_modality(header, stored, count_values(some, stored, is_padding))
    greys, voi = _apply_voi(
        header, values, count_values(some, values, is_padding), is_inverse=is_inverse
    )
    if greys is None:
        greys = _stretch(values, codes, is_padding, header.source)
    if is_inverse:
        greys = 1.0 - greys
    # PS3.3 C.7.5.1.1.2: padding is no part of the picture; what surrounds a film is black here.
    lookup: Floats = np.where(is_padding, 0.0, greys).astype(np.float32)
    return Lookup(greys=lookup, notes=(*polarity, *modality, *voi))


def _find_polarity(header: Header) -> tuple[bool, _Notes]:
    """Return whether larger values are darker.

    Raises:
        UnsupportedRadiograph: If the header contradicts itself, or speaks of optical density.
    """
    is_inverse = read_code(header, tags.PHOTOMETRIC_INTERPRETATION) == "MONOCHROME1"
    shape = read_code(header, tags.PRESENTATION_LUT_SHAPE)
    # PS3.3 C.8.11.3.1.2: INVERSE belongs to MONOCHROME1, and says again what that says; IDENTITY
    # belongs to MONOCHROME2, and many write it beside MONOCHROME1 all the same.
    if shape == "LIN OD" or (shape == "INVERSE" and not is_inverse):
        raise UnsupportedRadiograph(
            header.source,
            "must say in one way which grey is bone",
            found=f"PresentationLUTShape {shape} with MONOCHROME{1 if is_inverse else 2}",
            advice="Correct the header at its source.",
            code="polarity",
        )
    return is_inverse, (_IDENTITY,) if is_inverse and shape == "IDENTITY" else ()


_IDENTITY: Final = Reason(
    code="polarity",
    text="PresentationLUTShape says IDENTITY beside MONOCHROME1, to which INVERSE belongs; the "
    "film was inverted once, as MONOCHROME1 says.",
)


def _apply_modality(header: Header, stored: _Values, film: Histogram) -> tuple[_Values, _Notes]:
    """Apply the modality LUT, or the rescale, PS3.3 C.11.1.

    Raises:
        UnreadableFilm: If there is one that cannot be applied.
    """
    # PS3.3 C.8.7.1.1.2: in XA and RF it leads back to the beam's intensity, not to a picture.
    relation = read_code(header, tags.PIXEL_INTENSITY_RELATIONSHIP)
    if read_uid(header, tags.SOP_CLASS_UID) in XA_AND_RF and relation in {"LOG", "DISP"}:
        return stored, ()
    # PS3.3 C.11.1.1.1: the first value is as signed as the pixels are.
    is_signed = bool(stored.min() < 0)
    table = read_table(header, tags.MODALITY_LUT_SEQUENCE, used=film.used, is_signed=is_signed)
    said = [
        tag
        for tag in (tags.RESCALE_SLOPE, tags.RESCALE_INTERCEPT)
        if tag in header.elements and len(header.elements[tag].value)
    ]
    if table is not None:
        return table.look_up(stored), (*table.notes, *((_BOTH,) if said else ()))
    if not said:
        return stored, ()
    slope = read_numbers(header, tags.RESCALE_SLOPE)
    intercept = read_numbers(header, tags.RESCALE_INTERCEPT)
    is_half = len(said) == 1
    if is_half:  # PS3.3 C.11.1: each needs the other; nothing else than the neutral one is meant
        slope, intercept = slope or (1.0,), intercept or (0.0,)
    is_read = all(read_numbers(header, tag) for tag in said)
    if not is_read or slope[0] == 0.0:
        raise UnreadableFilm(
            header.source,
            "must have a RescaleSlope and a RescaleIntercept that are numbers, the slope not 0",
            advice="The header is damaged: send the film again, or leave it out.",
            code="rescale",
        )
    return stored * slope[0] + intercept[0], (_HALF,) if is_half else ()


_BOTH: Final = Reason(
    code="rescale",
    text="There are a modality LUT and a rescale, and one of them may be; the LUT was applied.",
)
_HALF: Final = Reason(
    code="rescale",
    text="RescaleSlope or RescaleIntercept is missing; the other was applied alone.",
)


def _apply_voi(
    header: Header, values: _Values, film: Histogram, *, is_inverse: bool
) -> tuple[_Values | None, _Notes]:
    """Return greys by the first VOI in which the film can be seen: the LUT, then the windows."""
    # PS3.3 C.11.2.1.1: SS where what comes out of the modality transformation may be signed.
    is_signed = bool(values.min() < 0)
    table = read_table(header, tags.VOI_LUT_SEQUENCE, used=film.used, is_signed=is_signed)
    notes: _Notes = ()
    offers: list[_Voi] = []
    if table is not None:
        notes = table.notes
        offers = [_Voi(name="VOI LUT", greys=table.look_up(values) / table.largest)]
    hidden = _list_hidden(offers, film, is_inverse=is_inverse)
    if len(hidden) == len(offers):
        windows, more = list_windows(header)
        notes = (*notes, *more)
        offers += [_Voi(name=str(window), greys=window.apply(values)) for window in windows]
        hidden = _list_hidden(offers, film, is_inverse=is_inverse)
    chosen = offers[len(hidden)] if len(hidden) < len(offers) else None
    instead = "the film's own range of values" if chosen is None else f"the {chosen.name}"
    set_aside = [
        Reason(code="voi", text=f"The {voi.name} {hides}; {instead} was taken instead.")
        for voi, hides in zip(offers, hidden, strict=False)
    ]
    if chosen is None:
        return None, (*notes, *set_aside)
    greys = chosen.greys[film.codes]
    cut = say_what_is_cut(1.0 - greys if is_inverse else greys, film)
    if cut is not None:
        set_aside.append(Reason(code="voi", text=f"The {chosen.name} {cut}; it was followed."))
    return chosen.greys, (*notes, *set_aside)


def _list_hidden(offers: Sequence[_Voi], film: Histogram, *, is_inverse: bool) -> list[str]:
    """Return what hides the film in each VOI before the first that shows it."""
    hidden: list[str] = []
    for voi in offers:
        greys = voi.greys[film.codes]
        hides = say_what_hides(1.0 - greys if is_inverse else greys, film)
        if hides is None:
            break
        hidden.append(hides)
    return hidden


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
            code="blank",
        )
    low = float(values[order][np.searchsorted(shares, ROBUST_SHARE)])
    high = float(values[order][np.searchsorted(shares, 1.0 - ROBUST_SHARE)])
    if low == high:
        low, high = float(present.min()), float(present.max())
    return np.clip((values - low) / (high - low), 0.0, 1.0)
