"""Resampling of groups: films of one patient, or copies of one picture, come and go together."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from osteon.statistics.films import References

RESAMPLES = 2_000
CHUNK = 100
"""Resamples held in memory at once: 100 of 10,000 films are 8 MB."""

METHOD = "group bootstrap"


def sum_by_group(
    cells: npt.NDArray[np.int64], group_numbers: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return each group's sums.

    Args:
        cells: Counts per film, shape `(films, kinds)`.
        group_numbers: From `number_groups`, shape `(films,)`.

    Returns:
        Counts per group, shape `(groups, kinds)`.
    """
    n_groups = int(group_numbers.max(initial=-1)) + 1
    sums = np.zeros((n_groups, cells.shape[1]), dtype=np.int64)
    np.add.at(sums, group_numbers, cells)
    return sums


def resample_counts(
    counts: npt.NDArray[np.int64], *, seed: int, resamples: int = RESAMPLES
) -> npt.NDArray[np.int64]:
    """Return the totals of resampled groups: as many groups, drawn with replacement.

    Groups with equal counts cannot be told apart, so they are drawn as one kind (a multinomial
    over the kinds); ten thousand films on their own are four kinds.

    Args:
        counts: Counts per group, shape `(groups, kinds)`.
        seed: Equal seeds give equal resamples.
        resamples: How many.

    Returns:
        Totals, shape `(resamples, kinds)`.
    """
    n_groups, n_kinds = counts.shape
    if not n_groups:
        return np.zeros((resamples, n_kinds), dtype=np.int64)
    alike, n_alike = np.unique(counts, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(n_groups, n_alike / n_groups, size=resamples)
    return drawn @ alike


def draw_weights(
    n_groups: int, *, seed: int, resamples: int = RESAMPLES
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield how often each group is drawn, `CHUNK` resamples at a time.

    Args:
        n_groups: Groups to draw from, at least 1.
        seed: Equal seeds give equal resamples.
        resamples: How many in all.

    Yields:
        Weights, shape `(up to CHUNK, groups)`; each row sums to `n_groups`.
    """
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, CHUNK):
        n = min(CHUNK, resamples - start)
        drawn = rng.integers(n_groups, size=(n, n_groups))
        drawn += np.arange(n)[:, None] * n_groups  # each resample counts into bins of its own
        counted = np.bincount(drawn.ravel(), minlength=n * n_groups)
        yield counted.reshape(n, n_groups).astype(np.float64)


def resample_auroc(
    logits: npt.NDArray[np.float64],
    references: References,
    group_numbers: npt.NDArray[np.int64],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> npt.NDArray[np.float64]:
    """Return the AUROC of resampled groups.

    The films are sorted once; each resample only weighs them.

    Args:
        logits: Shape `(films,)`.
        references: True where a fracture is present, shape `(films,)`.
        group_numbers: From `number_groups`, shape `(films,)`.
        seed: Equal seeds give equal resamples.
        resamples: How many.

    Returns:
        One AUROC per resample, shape `(resamples,)`; NaN where a class was not drawn.
    """
    order = np.argsort(logits[~references], kind="stable")
    others = logits[~references][order]
    groups_no = group_numbers[~references][order]
    groups_yes = group_numbers[references]
    below = np.searchsorted(others, logits[references], side="left")
    up_to = np.searchsorted(others, logits[references], side="right")
    n_groups = int(group_numbers.max(initial=-1)) + 1
    areas = []
    for weights in draw_weights(n_groups, seed=seed, resamples=resamples):
        of_yes = weights[:, groups_yes]
        ranked = np.zeros((len(weights), others.size + 1))
        np.cumsum(weights[:, groups_no], axis=1, out=ranked[:, 1:])
        # A pair is right where the other film lies below; a tie counts half.
        right = (of_yes * (ranked[:, below] + ranked[:, up_to])).sum(axis=1) / 2
        pairs = of_yes.sum(axis=1) * ranked[:, -1]
        areas.append(np.divide(right, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))
    return np.concatenate(areas)
