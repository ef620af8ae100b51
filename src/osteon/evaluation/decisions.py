"""What a release's three decisions are worth: doubt is neither right nor wrong, but one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from osteon.errors import MeasurementFault
from osteon.release.decisions import Called, OperatingPoints
from osteon.statistics import proportions as shares
from osteon.statistics.films import Groups, References, check_answers, number_groups
from osteon.statistics.intervals import Proportion
from osteon.statistics.metrics import Metric, count_cells, measure
from osteon.statistics.proportions import Share
from osteon.statistics.resampling import sum_by_group

CALLED: Final[tuple[Called, ...]] = ("fracture", "doubt", "no fracture")
"""In the order of columns."""

NOT_CLEARED: Final = 'fractured, not called "no fracture"'
CLEARED: Final = 'normal, called "no fracture"'
NOT_ACCUSED: Final = 'normal, not called "fracture"'
ACCUSED_RIGHTLY: Final = 'fractured, called "fracture"'
IN_DOUBT: Final = 'called "doubt"'


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionMetrics:
    """What films of known reference were called, at a release's two limits.

    Nothing here counts doubt as right or as wrong: there is no accuracy, and no F1.

    Attributes:
        cuts: Probabilities from which a film is in doubt, and called "fracture"; None where the
            release calls no film "no fracture", or none "fracture".
        fractured: Shares of the fractured films that were called each of `CALLED`.
        normal: The same of the others.
        not_cleared: Share of the fractured films that were not called "no fracture".
        not_accused: Share of the others that were not called "fracture".
        called: Shares of all films that were called each of `CALLED`.
        right_of_called: Of the films called "fracture" and "doubt" those with a fracture; of those
            called "no fracture" those without.
        auroc: Share of pairs ranked rightly.
        n_films: Films that were read.
        n_groups: Groups among them.
        n_fractured: Films with a fracture among them.
        n_not_read: Fractured films, and others, that were not read and are in no share.
        prevalence: Share of fractured films.
        interval_method: How the intervals were made, in words.
    """

    cuts: tuple[float | None, float | None]
    fractured: tuple[Metric, Metric, Metric]
    normal: tuple[Metric, Metric, Metric]
    not_cleared: Metric
    not_accused: Metric
    called: tuple[Metric, Metric, Metric]
    right_of_called: tuple[Metric, Metric, Metric]
    auroc: Metric
    n_films: int
    n_groups: int
    n_fractured: int
    n_not_read: tuple[int, int]
    prevalence: Proportion
    interval_method: str

    @property
    def listed(self) -> tuple[Metric, ...]:
        """All of them, in the order in which reports list them."""
        return (
            self.auroc,
            self.not_cleared,
            self.not_accused,
            *self.fractured,
            *self.normal,
            *self.called,
            *self.right_of_called,
        )

    def count(self, reference: bool, called: Called) -> int:  # noqa: FBT001 — a reference is one
        """Return how many films of a reference were called so.

        Args:
            reference: Whether they have a fracture.
            called: What they were called.
        """
        share = (self.fractured if reference else self.normal)[CALLED.index(called)]
        return int(share.numerator or 0)


def measure_decisions(
    probabilities: npt.ArrayLike,
    references: npt.ArrayLike,
    groups: Groups,
    *,
    points: OperatingPoints,
    n_not_read: tuple[int, int] = (0, 0),
) -> DecisionMetrics:
    """Measure what a release calls films whose reference is known.

    Args:
        probabilities: Calibrated, shape `(films,)`, in [0, 1].
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`; intervals resample groups.
        points: The release's.
        n_not_read: Fractured films, and others, that were not read.

    Raises:
        MeasurementFault: If a probability is outside [0, 1], or the lists differ in length.
    """
    answers, truths = check_answers(probabilities, references)
    if len(groups) != truths.size:
        raise MeasurementFault("groups", "must be one per film", found=len(groups))
    called = decide_films(answers, points)
    numbers = number_groups(groups)
    counter, of_all = _Counter(truths, numbers), _Counter(np.ones_like(truths), numbers)
    is_fracture, is_doubt, is_cleared = (
        np.array([one == name for one in called], dtype=bool) for name in CALLED
    )
    whole = measure(answers, truths, groups, threshold=0.5)
    return DecisionMetrics(
        cuts=points.cuts,
        fractured=(
            counter.share(shares.SENSITIVITY, is_fracture, ACCUSED_RIGHTLY),
            counter.share(shares.SENSITIVITY, is_doubt, 'fractured, called "doubt"'),
            counter.share(shares.SENSITIVITY, is_cleared, 'fractured, called "no fracture"'),
        ),
        normal=(
            counter.share(shares.SPECIFICITY, ~is_fracture, 'normal, called "fracture"'),
            counter.share(shares.SPECIFICITY, ~is_doubt, 'normal, called "doubt"'),
            counter.share(shares.SPECIFICITY, ~is_cleared, CLEARED),
        ),
        not_cleared=counter.share(shares.SENSITIVITY, ~is_cleared, NOT_CLEARED),
        not_accused=counter.share(shares.SPECIFICITY, is_fracture, NOT_ACCUSED),
        called=(
            of_all.share(shares.SENSITIVITY, is_fracture, 'called "fracture"'),
            of_all.share(shares.SENSITIVITY, is_doubt, IN_DOUBT),
            of_all.share(shares.SENSITIVITY, is_cleared, 'called "no fracture"'),
        ),
        right_of_called=(
            counter.share(shares.PPV, is_fracture, 'fractured, of those called "fracture"'),
            counter.share(shares.PPV, is_doubt, 'fractured, of those called "doubt"'),
            counter.share(shares.NPV, ~is_cleared, 'normal, of those called "no fracture"'),
        ),
        auroc=whole.auroc,
        n_films=whole.n_films,
        n_groups=whole.n_groups,
        n_fractured=whole.n_fractured,
        n_not_read=n_not_read,
        prevalence=whole.prevalence,
        interval_method=whole.interval_method.replace(", bootstrap for F1", ""),
    )


def decide_films(probabilities: npt.ArrayLike, points: OperatingPoints) -> tuple[Called, ...]:
    """Return what each film is called.

    Args:
        probabilities: Calibrated, shape `(films,)`, in [0, 1].
        points: The release's.

    Raises:
        MeasurementFault: If one of them is no probability.
    """
    return tuple(points.decide(float(one)) for one in np.asarray(probabilities).ravel())


@dataclass(frozen=True, slots=True, eq=False)
class _Counter:
    """Films of known reference, ready to be counted by what they were called."""

    references: References
    numbers: npt.NDArray[np.int64]

    def share(self, share: Share, called: Sequence[bool] | References, name: str) -> Metric:
        """Return a share of films under a name of its own, with its interval by groups."""
        cells = count_cells(np.asarray(called, dtype=np.float64), self.references, 0.5)
        undefined = "no film was called so" if share.needs_prevalence else share.undefined
        counted = replace(share, undefined=undefined)
        metric = shares.measure_share(counted, sum_by_group(cells, self.numbers))
        return replace(metric, name=name, also_called="")
