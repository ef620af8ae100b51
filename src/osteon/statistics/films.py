"""What evaluation is given: one logit and one reference per film, and what else is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from osteon.errors import MeasurementFault

Logits = npt.NDArray[np.floating[Any]]
"""One logit per film, shape `(films,)`, finite; the larger, the more like a fracture."""

References = npt.NDArray[np.bool_]
"""One reference per film, shape `(films,)`; True where a fracture is present."""

Groups = Sequence[str | None]
"""One group per film, shape `(films,)`; None is a film that stands alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmAnswer:
    """What was answered about one film, beside what is true of it.

    Attributes:
        film: The film's id or path, as it is to be named in lists of errors.
        logit: The network's answer; the larger, the more like a fracture.
        has_fracture: The reference.
        group: Films that must stay together share it; None is a film that stands alone.
        covariates: What the manifest knows, such as `{"view": ("frontal", "lateral")}`; a film may
            have several values of one covariate, or none.
    """

    film: str
    logit: float
    has_fracture: bool
    group: str | None = None
    covariates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def check_answers(
    logits: npt.ArrayLike, references: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], References]:
    """Return both as arrays of one shape, or refuse.

    Args:
        logits: One finite number per film, shape `(films,)`.
        references: True where a fracture is present, shape `(films,)`.

    Returns:
        The logits in float64 and the references as booleans, both of shape `(films,)`.

    Raises:
        MeasurementFault: If the two differ in length, or a logit is not a finite number.
    """
    answers = np.asarray(logits, dtype=np.float64)
    truths = np.asarray(references, dtype=np.bool_)
    if answers.ndim != 1 or answers.shape != truths.shape:
        raise MeasurementFault(
            "logits and references",
            "must be two lists of the same length, one entry per film",
            found=(answers.shape, truths.shape),
        )
    n_lost = int(np.count_nonzero(~np.isfinite(answers)))
    if n_lost:
        raise MeasurementFault(
            "logits",
            "must be finite numbers, or no film can be ranked",
            found=f"{n_lost} of {answers.size} not finite",
            advice="Look at the network's weights: a training that diverged leaves such answers.",
        )
    return answers, truths


def number_groups(groups: Groups) -> npt.NDArray[np.int64]:
    """Return a number from 0 for every film's group, in order of first appearance.

    Args:
        groups: One name per film; None is a film that stands alone.

    Returns:
        Group numbers, shape `(films,)`.

    Example:
        >>> number_groups(["a", None, "a", None]).tolist()
        [0, 1, 0, 2]
    """
    seen: dict[str | int, int] = {}
    return np.array(
        [
            seen.setdefault(place if name is None else name, len(seen))
            for place, name in enumerate(groups)
        ],
        dtype=np.int64,
    )
