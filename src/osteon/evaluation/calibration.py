"""A calibrator is learnt from films: by the method that errs least on films it has not seen.

Every fit is drawn a little to the middle, as though films had been seen that contradict it. Films
that a network parts without a fault would otherwise give probabilities of 0 and 1.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.isotonic import isotonic_regression

from osteon.errors import InvertedAnswers, OneClassOnly
from osteon.release.calibrator import Calibrator, Knot, Method, Trial
from osteon.statistics.auroc import measure_auroc
from osteon.statistics.films import Groups, Logits, References, check_answers, number_groups

Floats64 = npt.NDArray[np.float64]
Ints64 = npt.NDArray[np.int64]

FOLDS: Final = 5

ENOUGH: Final[dict[Method, int]] = {"temperature": 0, "platt": 5, "isotonic": 100}
"""Groups of the rarer class from which a method is tried, the simplest method first. With 5, every
fold holds one. Below 100, choosing isotonic costs more than its freedom gains (decision 26)."""


def fit_calibrator(
    logits: Logits,
    references: References,
    groups: Groups,
    *,
    fitted_on: str = "tune",
    method: Method | None = None,
) -> Calibrator:
    """Learn how logits become probabilities.

    Args:
        logits: Shape `(films,)`, finite.
        references: True where a fracture is present, shape `(films,)`.
        groups: Films that belong together share one, shape `(films,)`; folds keep them together.
        fitted_on: The films' name, such as "tune"; never "test".
        method: None lets the films choose: the least mean squared error (Brier) over `FOLDS`
            folds, the simpler method where two are equal. Methods that need more films than there
            are (see `ENOUGH`) are not tried; a method that is asked for by name is always fitted.

    Returns:
        The calibrator, which never gives a higher logit a lower probability.

    Raises:
        OneClassOnly: If the films are all alike.
        InvertedAnswers: If fractured films do not have the higher logits: nothing that keeps the
            order of the answers could calibrate them.
    """
    answers, truths = check_answers(logits, references)
    area = measure_auroc(answers, truths)
    if area is None:
        raise OneClassOnly(
            f"calibration on {fitted_on}",
            "needs films with a fracture and films without",
            found=f"{int(truths.sum())} fractured of {truths.size}",
        )
    numbers = number_groups(groups)
    tried = (method,) if method else _list_candidates(truths, numbers)
    usable = _fit_all(tried, answers, truths)
    if not usable and method is None:
        usable = _fit_all(("platt",), answers, truths)  # logits may all lie on one side of zero
    if area.value <= 0.5 or not usable:
        raise InvertedAnswers(
            f"calibration on {fitted_on}",
            "fractured films must have the higher logits, by rank and by " + " or ".join(tried),
            found=f"AUROC {area.value:.3f} on {truths.size} films",
            advice="Where a high answer means no fracture, declare the positive class the other"
            " way round; else the network knows nothing about these films.",
        )
    trials = _try_all(tuple(usable), answers, truths, numbers) if len(usable) > 1 else ()
    chosen = min(trials, key=lambda trial: trial.brier).method if trials else next(iter(usable))
    return usable[chosen].model_copy(update={"fitted_on": fitted_on, "trials": trials})


def _list_candidates(truths: References, numbers: Ints64) -> tuple[Method, ...]:
    n_rarer = min(np.unique(numbers[side]).size for side in (truths, ~truths))
    return tuple(name for name, enough in ENOUGH.items() if n_rarer >= enough)


def _fit_all(
    methods: tuple[Method, ...], answers: Floats64, truths: References
) -> dict[Method, Calibrator]:
    fits = {name: _fit(name, answers, truths) for name in methods}
    return {name: fit for name, fit in fits.items() if fit is not None}


def _try_all(
    methods: tuple[Method, ...], answers: Floats64, truths: References, numbers: Ints64
) -> tuple[Trial, ...]:
    """Measure methods on films they were not fitted on, leaving out those that failed a fold."""
    errors = {name: np.full(truths.size, np.nan) for name in methods}
    for held in _deal_folds(truths, numbers):
        for name in methods:
            fit = _fit(name, answers[~held], truths[~held])
            if fit is not None:
                errors[name][held] = (fit.calibrate(answers[held]) - truths[held]) ** 2
    return tuple(
        Trial(method=name, brier=float(error.mean()))
        for name, error in errors.items()
        if not np.isnan(error).any()
    )


def _deal_folds(truths: References, numbers: Ints64) -> Iterator[References]:
    """Yield which films each fold holds back; groups are dealt in turn, fractured ones first."""
    n_groups = int(numbers.max()) + 1
    has_fracture = np.bincount(numbers, weights=truths, minlength=n_groups) > 0
    dealt = np.argsort(~has_fracture, kind="stable")
    fold = np.empty(n_groups, dtype=np.int64)
    fold[dealt] = np.arange(n_groups) % FOLDS
    for place in range(FOLDS):
        yield fold[numbers] == place


def _fit(method: Method, answers: Floats64, truths: References) -> Calibrator | None:
    """Return the calibrator; None where the best one would invert the answers or level them."""
    if method == "isotonic":
        knots = _fit_isotonic(answers, truths)
        if knots[0].probability == knots[-1].probability:
            return None
        line, corners = (1.0, 0.0), knots
    else:
        line, corners = _fit_sigmoid(answers, truths, has_intercept=method == "platt"), ()
        if not line[0] > 0:
            return None
    return Calibrator(
        method=method,
        slope=line[0],
        intercept=line[1],
        knots=corners,
        fitted_on="",
        n_films=truths.size,
        n_fractured=int(truths.sum()),
    )


def _fit_sigmoid(
    answers: Floats64, truths: References, *, has_intercept: bool
) -> tuple[float, float]:
    """Return slope and intercept of the likeliest sigmoid, by Newton's method.

    The films' references are drawn to the middle by one film of each class, so that the likeliest
    slope is finite even where the classes lie wholly apart.

    Reference:
        Platt, in Advances in Large Margin Classifiers (2000) 61, equation 6 for the targets;
        Lin, Lin & Weng, Mach. Learn. 68 (2007) 267 for halving a step that goes too far.
    """
    n_yes = int(truths.sum())
    n_no = truths.size - n_yes
    targets = np.where(truths, (n_yes + 1) / (n_yes + 2), 1 / (n_no + 2))
    centre = float(answers.mean()) if has_intercept else 0.0
    spread = float(np.sqrt(((answers - centre) ** 2).mean())) or 1.0
    columns = np.stack([(answers - centre) / spread, np.ones_like(answers)])[: 1 + has_intercept]
    weights = np.zeros(len(columns))
    loss = _cross_entropy(weights, columns, targets)
    for _ in range(100):
        held = expit((weights[:, None] * columns).sum(axis=0))
        slant = ((held - targets) * columns).sum(axis=1)
        bend = (columns[:, None] * columns[None] * (held * (1 - held))).sum(axis=2)
        step = np.linalg.solve(bend + 1e-12 * np.eye(len(bend)), slant)
        while (next_loss := _cross_entropy(weights - step, columns, targets)) > loss:
            step = step / 2
            if np.abs(step).max() < 1e-12:
                break
        weights, loss = weights - step, next_loss
        if np.abs(step).max() < 1e-10:
            break
    slope = float(weights[0]) / spread
    return slope, float(weights[1]) - slope * centre if has_intercept else 0.0


def _cross_entropy(weights: Floats64, columns: Floats64, targets: Floats64) -> float:
    straight = (weights[:, None] * columns).sum(axis=0)
    return float((np.logaddexp(0, straight) - targets * straight).sum())


def _fit_isotonic(answers: Floats64, truths: References) -> tuple[Knot, ...]:
    """Return the corners of the rising steps that fit best, the steps joined by straight lines.

    One imagined fracture below all films and one imagined normal above them keep every step off
    0 and 1: a lowest step of n normals stands at 1 / (n + 1).

    Reference:
        Zadrozny & Elkan, Proc. KDD (2002) 694.
    """
    levels, place = np.unique(answers, return_inverse=True)
    at_level = np.bincount(place)
    shares = np.bincount(place, weights=truths) / at_level
    heights = isotonic_regression(
        np.concatenate([[1.0], shares, [0.0]]),
        sample_weight=np.concatenate([[1], at_level, [1]]).astype(np.float64),
    )[1:-1]
    starts = np.flatnonzero(np.diff(heights, prepend=-1.0))
    ends = [*starts[1:] - 1, levels.size - 1]
    corners = sorted({int(place) for place in (*starts, *ends)})
    return tuple(
        Knot(logit=float(levels[corner]), probability=float(heights[corner])) for corner in corners
    )
