"""Whether probabilities keep their word on each kind of film: on hands, on hips, with hardware."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.evaluation.subgroups import NOT_STATED
from osteon.statistics.calibration_error import Reliability, measure_calibration
from osteon.statistics.films import Groups, check_answers

FEWEST: Final = 10
"""Films of each class below which a kind of film is left out: its error would be noise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubgroupCalibration:
    """How far probabilities are from what came true on films that share one value.

    Attributes:
        value: Such as "hand"; `NOT_STATED` where the manifest says nothing.
        n_films: Films with this value; a film with two values counts under both.
        n_fractured: Those with a fracture.
        reliability: On these films.
    """

    value: str
    n_films: int
    n_fractured: int
    reliability: Reliability


def measure_subgroup_calibration(
    probabilities: npt.ArrayLike,
    references: npt.ArrayLike,
    groups: Groups,
    *,
    values: Sequence[tuple[str, ...]],
    fewest: int = FEWEST,
    seed: int = 0,
) -> tuple[SubgroupCalibration, ...]:
    """Return the calibration on each kind of film, the most frequent kind first.

    The corrected error (`Reliability.ece_corrected`) is the one to compare between kinds: chance
    lifts the plain one, and most where there are few films.

    Args:
        probabilities: Shape `(films,)`, in [0, 1].
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`.
        values: Of one covariate, such as `("hand",)`, shape `(films,)`; a film may have several.
        fewest: Films of each class below which a kind is left out.
        seed: Of the resampling.

    Raises:
        MeasurementFault: If a probability is outside [0, 1].
    """
    answers, truths = check_answers(probabilities, references)
    places: dict[str, list[int]] = defaultdict(list)
    for place, of_film in enumerate(values):
        for value in of_film or (NOT_STATED,):
            places[value].append(place)
    measured = []
    for value in sorted(places, key=lambda name: (-len(places[name]), name)):
        held = np.array(places[value])
        n_fractured = int(truths[held].sum())
        if min(n_fractured, held.size - n_fractured) < fewest:
            continue
        measured.append(
            SubgroupCalibration(
                value=value,
                n_films=held.size,
                n_fractured=n_fractured,
                reliability=measure_calibration(
                    answers[held], truths[held], [groups[place] for place in held], seed=seed
                ),
            )
        )
    return tuple(measured)
