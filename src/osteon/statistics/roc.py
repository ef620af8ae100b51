"""The ROC curve: every threshold at once, with a band of resampled curves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from osteon.errors import OneClassOnly
from osteon.statistics.films import Groups, Logits, References, check_answers, number_groups
from osteon.statistics.resampling import draw_weights

Curve = npt.NDArray[np.float64]

BAND_RESAMPLES = 500
"""Enough for a drawn band; numbers in tables rest on more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RocBand:
    """Where the curve lies, at each false positive share, with a stated confidence.

    Attributes:
        false_positive_share: Shape `(places,)`, rising from 0 to 1.
        low: Lower end of the sensitivity, shape `(places,)`.
        high: Upper end of the sensitivity, shape `(places,)`.
        confidence: For example 0.95.
    """

    false_positive_share: Curve
    low: Curve
    high: Curve
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RocCurve:
    """The curve's corners, from "call nothing" to "call everything".

    Attributes:
        false_positive_share: 1 - specificity, shape `(points,)`, rising from 0 to 1.
        sensitivity: Shape `(points,)`, rising from 0 to 1.
        thresholds: Films at or above it are called, shape `(points,)`, falling from infinity.
        band: From resampled groups, where it was asked for.
    """

    false_positive_share: Curve
    sensitivity: Curve
    thresholds: Curve
    band: RocBand | None = None


def roc_points(
    logits: Logits,
    references: References,
    *,
    groups: Groups | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> RocCurve:
    """Return the ROC curve, with a band where groups are given.

    Args:
        logits: Shape `(films,)`, finite.
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one; they are resampled together for the band.
        confidence: Of the band, for example 0.95.
        seed: Of the resampling.

    Raises:
        OneClassOnly: If every film has the same reference: there is no curve then.

    Reference:
        Fawcett, Pattern Recognit. Lett. 27 (2006) 861; the band by vertical averaging, section 8.
    """
    answers, truths = check_answers(logits, references)
    if truths.all() or not truths.any():
        raise OneClassOnly(
            "ROC curve",
            "needs films with a fracture and films without",
            found=f"{int(truths.sum())} fractured of {truths.size}",
        )
    order = np.argsort(-answers, kind="stable")
    falling, sorted_truths = answers[order], truths[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(falling)), falling.size - 1)
    ones = np.ones((1, truths.size))
    share_no, share_yes = _weigh(ones, sorted_truths, last_of_tie)
    band = None
    if groups is not None:
        band = _draw_band(
            sorted_truths,
            last_of_tie,
            number_groups(groups)[order],
            confidence=confidence,
            seed=seed,
        )
    return RocCurve(
        false_positive_share=share_no[0],
        sensitivity=share_yes[0],
        thresholds=np.append(np.inf, falling[last_of_tie]),
        band=band,
    )


def _weigh(
    weights: npt.NDArray[np.float64], truths: References, last_of_tie: npt.NDArray[np.int64]
) -> tuple[Curve, Curve]:
    """Return (false positive share, sensitivity) per resample, shape `(resamples, points)`."""
    shares = []
    for side in (~truths, truths):
        summed = np.zeros((len(weights), last_of_tie.size + 1))
        summed[:, 1:] = np.cumsum(weights * side, axis=1)[:, last_of_tie]
        total = summed[:, -1:]
        shares.append(np.divide(summed, total, out=np.full_like(summed, np.nan), where=total > 0))
    return shares[0], shares[1]


def _draw_band(
    truths: References,
    last_of_tie: npt.NDArray[np.int64],
    group_numbers: npt.NDArray[np.int64],
    *,
    confidence: float,
    seed: int,
) -> RocBand | None:
    places = np.linspace(0, 1, 101)
    n_groups = int(group_numbers.max()) + 1
    drawn = []
    for weights in draw_weights(n_groups, seed=seed, resamples=BAND_RESAMPLES):
        across, up = _weigh(weights[:, group_numbers], truths, last_of_tie)
        drawn += [
            np.interp(places, xs, ys)
            for xs, ys in zip(across, up, strict=True)
            if np.isfinite(xs[-1]) and np.isfinite(ys[-1])
        ]
    if 2 * len(drawn) < BAND_RESAMPLES:
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.array(drawn), [tail, 1 - tail], axis=0)
    return RocBand(false_positive_share=places, low=low, high=high, confidence=confidence)
