"""One small pattern that fills a part of a picture like tiles, whatever the size of a tile.

A JPEG block that was repeated and then resized no longer repeats every 8 pixels, nor exactly. Its
spectrum still does: all of it stands on multiples of one frequency. Anatomy, noise, text and the
noise of another JPEG stand everywhere; the ticks of a ruler stand on multiples too, and are told
by lines that are all alike inwards.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.terms import Floats

_SHARE: Final = 0.55
"""Of the spectrum that must stand on the comb in the lines at the edge."""

_SHARE_INWARDS: Final = 0.5
"""The same in the lines further in."""

_STRUCTURE: Final = 0.5
"""Of 255: mean step from pixel to pixel; below it JPEG and rounding make patterns of their own."""

_PERIODS: Final = (2.1, 26.0)
"""Of the pattern in pixels: a block of 8 at a quarter of its size, or three times as large."""

_MIN_REPEATS: Final = 16
_WIDEST: Final = 1024
"""Pixels of a line that are looked at; more would cost time and tell nothing new."""

_LIKE_AGAIN: Final = 0.65
_RISE: Final = 0.15
"""Lines must become unlike and then like again: ticks of several lengths only become unlike."""

_DEEPEST: Final = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class Lattice:
    """A pattern that repeats itself along a line.

    Attributes:
        period: In pixels.
    """

    period: float

    def is_in(self, lines: Floats) -> bool:
        """Return whether it goes on in these lines.

        Args:
            lines: Greys in [0, 255], shape `(lines, pixels)`.
        """
        power = _measure_power(_transform(lines))
        base = np.array([2 * (len(power) - 1) / self.period])
        return bool(power.any() and _measure_shares(power, base)[0] >= _SHARE_INWARDS)

    def is_two_dimensional(self, lines: Floats) -> bool:
        """Return whether it repeats itself inwards too, and differs between: tiles, not stripes.

        Args:
            lines: Greys in [0, 255], shape `(lines, pixels)`, all of them in the pattern.
        """
        spectrum = _transform(lines[-_DEEPEST:])
        n = spectrum.shape[1]
        at = np.rint(np.arange(1, n) * (2 * (n - 1) / self.period)).astype(np.intp)
        near = np.unique(np.concatenate([at - 1, at, at + 1]))
        comb = spectrum[:, near[(near > 0) & (near < n)]]
        lags = range(1, 3 * len(comb) // 4)
        alike = np.array([_compare(comb[:-lag], comb[lag:]) for lag in lags])
        is_again = (alike >= _LIKE_AGAIN) & (alike - np.minimum.accumulate(alike) >= _RISE)
        return bool(is_again.any())


def measure_lattice(lines: Floats) -> Lattice | None:
    """Return the pattern that some lines repeat from their beginning to their end; None for none.

    Args:
        lines: Greys in [0, 255], shape `(lines, pixels)`.
    """
    if np.abs(np.diff(lines, axis=1)).mean() < _STRUCTURE:
        return None
    power = _measure_power(_transform(lines))
    n = 2 * (len(power) - 1)
    # The strongest frequency is one of the comb, and the first of a comb is found from any.
    strongest = int(np.argmax(power)) + np.linspace(-0.75, 0.75, 13)
    bases = (strongest / np.arange(1, 13)[:, None]).ravel()
    n_repeats = max(n / _PERIODS[1], _MIN_REPEATS)
    bases = bases[(bases >= n_repeats) & (bases <= n / _PERIODS[0])]
    if not len(bases):
        return None
    shares = _measure_shares(power, bases)
    # A finer comb covers more of any spectrum: what noise alone would give does not count.
    best = int(np.argmax(shares - 3 / bases))
    return Lattice(period=float(n / bases[best])) if shares[best] >= _SHARE else None


def _transform(lines: Floats) -> npt.NDArray[Any]:
    """Return the spectrum of each line's steps: slow changes of grey count little."""
    steps = np.diff(lines, axis=1)
    n = min(steps.shape[1], _WIDEST) // 2 * 2
    start = (steps.shape[1] - n) // 2
    window = np.hanning(n).astype(np.float32)
    return np.fft.rfft(steps[:, start : start + n] * window, axis=1)


def _measure_power(spectrum: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.asarray((np.abs(spectrum) ** 2).sum(axis=0), dtype=np.float64)


def _measure_shares(
    power: npt.NDArray[np.float64], bases: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the share of a spectrum that stands beside the multiples of each frequency."""
    n = len(power)
    summed = np.concatenate([[0.0], np.cumsum(power)])
    at = np.rint(bases[:, None] * np.arange(1, int(n / bases.min()) + 2)).astype(np.intp)
    low, high = np.clip(at - 1, 0, n), np.clip(at + 2, 0, n)
    found = (summed[high] - summed[low]).sum(axis=1)
    return np.asarray(found / max(summed[-1], 1e-9))


def _compare(some: npt.NDArray[Any], others: npt.NDArray[Any]) -> float:
    """Return how alike two sets of lines are, from -1 to 1."""
    size = np.sqrt((np.abs(some) ** 2).sum() * (np.abs(others) ** 2).sum())
    return float((some * others.conj()).sum().real / max(size, 1e-9))
