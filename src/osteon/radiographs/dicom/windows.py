"""Windows, PS3.3 C.11.2.1.2 and C.11.2.1.3, and whether a film can be seen through one.

A window, or a VOI LUT, is made by a person or a program for a film; on another film, or on values
of another depth, it shows nothing, and a network answers to nothing as surely as to a film. What
the limits below were chosen from stands in `docs/dicom.md`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.elements import Header
from osteon.radiographs.dicom.values import read_code, read_numbers
from osteon.terms import Reason

MIN_SPAN: Final = 0.5
"""Share of the greys that the middle 99 % of the pixels must span."""

MIN_BETWEEN: Final = 0.05
"""Share of the pixels that must be neither black nor white."""

MIN_KEPT: Final = 0.4
"""Share of the film's values that must keep greys of their own, where the bright end is cut off."""

MAX_CUT: Final = 0.3
"""Share of the film's values that may be white, if so many pixels have them:"""

MAX_WHITE: Final = 0.05

DOUBTFUL: Final = 0.65
"""Share of the film's values that must keep greys of their own, or the reading says how many do."""

_MIDDLE: Final = (0.005, 0.995)
_FUNCTIONS: Final = frozenset({"LINEAR", "LINEAR_EXACT", "SIGMOID"})

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A window that can be applied.

    Attributes:
        center: In output units of the modality transformation.
        width: In the same units.
        function: "LINEAR", "LINEAR_EXACT" or "SIGMOID".
    """

    center: float
    width: float
    function: str

    def __str__(self) -> str:
        """Return its numbers, for a reason."""
        return f"window (center {self.center:g}, width {self.width:g})"

    def apply(self, values: Values) -> Values:
        """Return greys of values."""
        if self.function == "SIGMOID":  # PS3.3 C.11.2.1.3.1
            with np.errstate(over="ignore"):
                return np.asarray(1.0 / (1.0 + np.exp(-4.0 * (values - self.center) / self.width)))
        if self.function == "LINEAR_EXACT":  # PS3.3 C.11.2.1.3.2
            return np.clip((values - self.center) / self.width + 0.5, 0.0, 1.0)
        # PS3.3 C.11.2.1.2.1. A width of 1 is a threshold.
        if self.width == 1.0:
            return np.where(values > self.center - 0.5, 1.0, 0.0)
        return np.clip((values - (self.center - 0.5)) / (self.width - 1.0) + 0.5, 0.0, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Histogram:
    """How often a film has each value; of some of its pixels, none of them padding.

    Attributes:
        codes: That occur, in the order of their values.
        values: Of these codes, rising.
        weights: Shares of the pixels, in the same order.
    """

    codes: npt.NDArray[np.int64]
    values: Values
    weights: Values

    @property
    def used(self) -> tuple[int, int]:
        """The lowest and the highest value."""
        return int(np.floor(self.values[0])), int(np.ceil(self.values[-1]))


def list_windows(header: Header) -> tuple[tuple[Window, ...], tuple[Reason, ...]]:
    """Return the windows that can be applied, in the file's order, and what is wrong with others.

    Args:
        header: The data set.
    """
    centers = read_numbers(header, tags.WINDOW_CENTER)
    widths = read_numbers(header, tags.WINDOW_WIDTH)
    is_there = any(
        tag in header.elements and bytes(header.elements[tag].value).strip(b" \0\\")
        for tag in (tags.WINDOW_CENTER, tags.WINDOW_WIDTH)
    )
    if not is_there:
        return (), ()
    notes: list[Reason] = []
    said = read_code(header, tags.VOI_LUT_FUNCTION) or "LINEAR"
    function = said if said in _FUNCTIONS else "LINEAR"  # PS3.3 C.11.2.1.3: the default
    if said != function:
        text = f"VOILUTFunction {said} is not defined; the window was taken for linear."
        notes.append(Reason(code="voi-lut-function", text=text))
    # PS3.3 C.11.2.1.2.1, C.11.2.1.3: at least 1 for LINEAR, more than 0 for the others.
    least = 1.0 if function == "LINEAR" else np.nextafter(0.0, 1.0)
    pairs = list(zip(centers, widths, strict=False))
    windows = tuple(
        Window(center=center, width=width, function=function)
        for center, width in pairs
        if width >= least
    )
    if len(windows) < max(1, len(pairs)):
        none = next((pair for pair in pairs if pair[1] < least), None)
        found = f"center {none[0]:g}, width {none[1]:g}" if none else "no two numbers"
        notes.append(Reason(code="voi", text=f"The window ({found}) is none, and was left out."))
    return windows, tuple(notes)


def count_values(
    codes: npt.NDArray[np.uint16], values: Values, is_padding: npt.NDArray[np.bool_]
) -> Histogram:
    """Count a film's values.

    Args:
        codes: Its pixels, not all of them padding.
        values: Of each code.
        is_padding: By code.
    """
    counts = np.bincount(codes.reshape(-1), minlength=values.size)
    counts[is_padding] = 0
    present = np.flatnonzero(counts)
    present = present[np.argsort(values[present], kind="stable")]
    return Histogram(codes=present, values=values[present], weights=counts[present] / counts.sum())


def say_what_hides(greys: Values, film: Histogram) -> str | None:
    """Return why a film cannot be seen in these greys; None where it can.

    Args:
        greys: Of each code that occurs, in the histogram's order; 1 is white, bone is bright.
        film: The histogram.
    """
    low, high = film.values[_at(film.weights, _MIDDLE)]
    if low == high:  # a film of one grey cannot be seen in any
        return None
    order = np.argsort(greys, kind="stable")
    dark, bright = greys[order][_at(film.weights[order], _MIDDLE)]
    if bright - dark < MIN_SPAN:
        return "leaves the film nearly one grey"
    is_black, is_white = greys <= 0.002, greys >= 0.998
    if film.weights[~is_black & ~is_white].sum() < MIN_BETWEEN:
        return "leaves nearly nothing between black and white"
    kept = _measure_range(film.values, ~is_black & ~is_white, low, high)
    cut = _measure_range(film.values, is_white, low, high)
    if kept < MIN_KEPT and cut > MAX_CUT and film.weights[is_white].sum() > MAX_WHITE:
        return "makes all that is bright in the film white"
    return None


def say_what_is_cut(greys: Values, film: Histogram) -> str | None:
    """Return how much of a film these greys cut off, where it is so much that a reader must know.

    Args:
        greys: As in `say_what_hides`, by which the film can be seen.
        film: The histogram.
    """
    low, high = film.values[_at(film.weights, _MIDDLE)]
    is_black, is_white = greys <= 0.002, greys >= 0.998
    if low == high or _measure_range(film.values, ~is_black & ~is_white, low, high) >= DOUBTFUL:
        return None
    dark, bright = (100 * film.weights[one].sum() for one in (is_black, is_white))
    return f"makes {dark:.0f} % of the film black and {bright:.0f} % white, of many values each"


def _at(weights: Values, shares: tuple[float, float]) -> npt.NDArray[np.int64]:
    """Return where the running sum of weights reaches these shares."""
    found = np.searchsorted(np.cumsum(weights), shares)
    return np.minimum(found, weights.size - 1)


def _measure_range(values: Values, is_one: npt.NDArray[np.bool_], low: float, high: float) -> float:
    """Return what share of the range from low to high lies between values that are of a kind."""
    some = values[is_one & (low <= values) & (values <= high)]
    return float(np.ptp(some) / (high - low)) if some.size else 0.0
