"""Error analysis: on which kinds of film a model errs, and on which films it errs worst."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osteon.statistics import proportions as shares
from osteon.statistics.films import FilmAnswer, number_groups
from osteon.statistics.metrics import Metric, count_cells
from osteon.statistics.resampling import sum_by_group
from osteon.terms import ManifestRow

NOT_STATED = "not stated"
"""The value of a covariate for films of which the manifest says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Errors:
    """The films called wrongly, the worst first.

    Attributes:
        misses: Fractured films called otherwise, the lowest logit first.
        false_alarms: Other films called fractured, the highest logit first.
        n_in_doubt: Films that a release left in doubt: neither of the two.
    """

    misses: tuple[FilmAnswer, ...]
    false_alarms: tuple[FilmAnswer, ...]
    n_in_doubt: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class SubgroupRow:
    """What was measured on the films that share one value of a covariate.

    Attributes:
        covariate: Such as "body_region".
        value: Such as "hand"; `NOT_STATED` where the manifest says nothing.
        n_films: Films with this value; a film with two values counts under both.
        n_fractured: Those with a fracture.
        sensitivity: With its interval; of a release, of not being called "no fracture".
        specificity: With its interval; of a release, of not being called "fracture".
        misses: Films missed, the worst first.
        false_alarms: Films called without a fracture, the worst first.
        n_in_doubt: Films that a release left in doubt.
    """

    covariate: str
    value: str
    n_films: int
    n_fractured: int
    sensitivity: Metric
    specificity: Metric
    misses: tuple[str, ...]
    false_alarms: tuple[str, ...]
    n_in_doubt: int = 0


def find_errors(
    answers: Sequence[FilmAnswer], *, threshold: float, alarm_from: float | None = None
) -> Errors:
    """Return the films called wrongly, the worst first.

    Args:
        answers: One per film.
        threshold: A film is called fractured where its logit is at or above it.
        alarm_from: Of a release: from where on a film is called so, which is in doubt between the
            two; None: there is no doubt.
    """
    alarm_from = threshold if alarm_from is None else alarm_from
    misses = [film for film in answers if film.has_fracture and film.logit < threshold]
    alarms = [film for film in answers if not film.has_fracture and film.logit >= alarm_from]
    return Errors(
        misses=tuple(sorted(misses, key=lambda film: (film.logit, film.film))),
        false_alarms=tuple(sorted(alarms, key=lambda film: (-film.logit, film.film))),
        n_in_doubt=sum(threshold <= film.logit < alarm_from for film in answers),
    )


def measure_subgroups(
    answers: Sequence[FilmAnswer],
    *,
    threshold: float,
    alarm_from: float | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[SubgroupRow, ...]:
    """Return one row per covariate and value, the largest value first.

    A covariate of which no film says anything is left out. Many rows are many comparisons: a row
    that stands out is a question for more films, not an answer.

    Args:
        answers: One per film.
        threshold: A film is called fractured where its logit is at or above it.
        alarm_from: As for `find_errors`.
        confidence: For example 0.95.
        seed: Of the resampling.
    """
    cuts = (threshold, threshold if alarm_from is None else alarm_from)
    rows = []
    for covariate in dict.fromkeys(name for film in answers for name in film.covariates):
        by_value: dict[str, list[FilmAnswer]] = defaultdict(list)
        for film in answers:
            for value in film.covariates.get(covariate, ()) or (NOT_STATED,):
                by_value[value].append(film)
        if set(by_value) == {NOT_STATED}:
            continue
        for value in sorted(by_value, key=lambda name: (-len(by_value[name]), name)):
            rows.append(  # noqa: PERF401 — the loop says what the rows are ordered by
                _measure_row(
                    (covariate, value),
                    by_value[value],
                    cuts=cuts,
                    confidence=confidence,
                    seed=seed,
                )
            )
    return tuple(rows)


def name_film_size(rows: int, columns: int) -> str:
    """Return a film's size class, by its longer side.

    Args:
        rows: Height in pixels.
        columns: Width in pixels.

    Example:
        >>> name_film_size(373, 454)
        '257 to 512 px'
    """
    longer = max(rows, columns)
    for low, high in ((0, 256), (256, 512), (512, 1024), (1024, 2048)):
        if longer <= high:
            return f"{low + 1} to {high} px" if low else f"up to {high} px"
    return "above 2048 px"


def _measure_row(
    place: tuple[str, str],
    answers: Sequence[FilmAnswer],
    *,
    cuts: tuple[float, float],
    confidence: float,
    seed: int,
) -> SubgroupRow:
    logits = np.array([film.logit for film in answers])
    references = np.array([film.has_fracture for film in answers])
    numbers = number_groups([film.group for film in answers])
    at_low, at_high = (sum_by_group(count_cells(logits, references, cut), numbers) for cut in cuts)
    errors = find_errors(answers, threshold=cuts[0], alarm_from=cuts[1])
    return SubgroupRow(
        covariate=place[0],
        value=place[1],
        n_films=len(answers),
        n_fractured=int(references.sum()),
        sensitivity=shares.measure_share(
            shares.SENSITIVITY, at_low, confidence=confidence, seed=seed
        ),
        specificity=shares.measure_share(
            shares.SPECIFICITY, at_high, confidence=confidence, seed=seed
        ),
        misses=tuple(film.film for film in errors.misses),
        false_alarms=tuple(film.film for film in errors.false_alarms),
        n_in_doubt=errors.n_in_doubt,
    )


def describe_film(row: ManifestRow, logit: float) -> FilmAnswer:
    """Return what the error analysis asks of a film."""
    hardware = {True: ("seen",), False: ("not seen",), None: ()}[row.hardware]
    return FilmAnswer(
        film=row.path,
        logit=logit,
        has_fracture=row.has_fracture,
        group=row.group,
        covariates={
            "body_region": row.body_region,
            "view": row.view,
            "hardware": hardware,
            "film_size": (name_film_size(row.rows, row.columns),),
        },
    )
