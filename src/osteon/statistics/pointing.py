"""The pointing game: does the evidence's highest point lie in a fracture?"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from osteon.statistics.detection import MarkedFilm
from osteon.statistics.films import number_groups
from osteon.statistics.proportions import Metric, Share, measure_share
from osteon.statistics.resampling import sum_by_group
from osteon.statistics.weights import Statistic, share_statistic

MARGIN: Final = 0.05
"""Of a film's long side: how far beside a box still counts, where it is not played strictly."""

POINTING: Final = Share(
    name="pointing game",
    also_called="",
    numerator=(1, 0, 0, 0),
    denominator=(1, 1, 0, 0),
    undefined="no film has a box",
)


def measure_pointing(
    films: Sequence[MarkedFilm], *, margin: float = 0.0, confidence: float = 0.95, seed: int = 0
) -> Metric:
    """Return the share of boxed films whose highest evidence lies in a box.

    Args:
        films: Those without a box are left out.
        margin: How far beside the box still counts, as a share of the film's long side; 0 is the
            strict game. Distances are straight lines, so that corners are round.
        confidence: For example 0.95.
        seed: Of the resampling of groups.

    Reference:
        Zhang et al., Int. J. Comput. Vis. 126 (2018) 1084.
    """
    boxed = [film for film in films if film.boxes]
    hits = [is_pointed(film, margin=margin) for film in boxed]
    cells = np.array([(hit, not hit, 0, 0) for hit in hits], dtype=np.int64).reshape(-1, 4)
    counts = sum_by_group(cells, number_groups([film.group for film in boxed]))
    return measure_share(POINTING, counts, confidence=confidence, seed=seed)


def weigh_pointing(films: Sequence[MarkedFilm], *, margin: float = 0.0) -> Statistic:
    """Return the same share as a number that can be weighed, for paired differences.

    Args:
        films: As for `measure_pointing`.
        margin: As for `measure_pointing`.
    """
    return share_statistic(
        [is_pointed(film, margin=margin) for film in films],
        [bool(film.boxes) for film in films],
        [film.group for film in films],
    )


def is_pointed(film: MarkedFilm, *, margin: float = 0.0) -> bool:
    """Return whether the highest evidence lies in a box, or near enough to one.

    Args:
        film: Evidence that stands out nowhere has no highest point, and points at nothing.
        margin: As for `measure_pointing`.
    """
    if film.peak is None:
        return False
    x, y = film.peak
    reach = margin * max(film.rows, film.columns)
    for x0, y0, x1, y1 in film.boxes:
        if x0 <= x < x1 and y0 <= y < y1:
            return True
        aside = max(x0 - x, x - x1, 0.0), max(y0 - y, y - y1, 0.0)
        if reach > 0 and float(np.hypot(*aside)) <= reach:
            return True
    return False
