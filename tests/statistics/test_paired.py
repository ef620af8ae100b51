"""DeLong's paired test of two AUROCs: by its definition, and by groups."""

import numpy as np
import pytest

from osteon.errors import MeasurementFault
from osteon.statistics.auroc import measure_auroc
from osteon.statistics.paired import compare_auroc
from osteon.statistics.resampling import resample_auroc


def draw(seed, n=120, copies=1):
    """Return two models' answers and references; copies of a film are answered nearly alike."""
    chance = np.random.default_rng(seed)
    truths = np.repeat(chance.random(n) < 0.4, copies)
    seen = np.repeat(chance.normal(size=n), copies)
    one, other = (
        np.repeat(chance.normal(size=n), copies) + 0.2 * chance.normal(size=n * copies) + truths
        for _ in range(2)
    )
    return seen + one, np.round(seen + other, 1), truths


def test_the_variance_is_that_of_all_pairs():
    """Worked out over every pair of films, as DeLong define it, the interval is the same."""
    one, other, truths = draw(0)
    shares = []
    for answers in (one, other):
        yes, no = answers[truths], answers[~truths]
        pairs = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
        shares.append((pairs.mean(axis=1), pairs.mean(axis=0)))
    of_yes, of_no = shares[0][0] - shares[1][0], shares[0][1] - shares[1][1]
    spread = np.sqrt(of_yes.var(ddof=1) / of_yes.size + of_no.var(ddof=1) / of_no.size)
    found = compare_auroc(one, other, truths, groups=[None] * truths.size)
    areas = [measure_auroc(answers, truths) for answers in (one, other)]
    assert found.value == pytest.approx(areas[0].value - areas[1].value)
    assert found.interval is not None
    assert found.interval.high - found.interval.low == pytest.approx(2 * 1.959964 * spread)
    assert found.interval.method == "DeLong, paired"


def test_a_difference_is_turned_round_with_the_models():
    """The other way round, it is the same difference with the other sign, as sure as before."""
    one, other, truths = draw(1)
    groups = [str(place // 3) for place in range(truths.size)]
    there = compare_auroc(one, other, truths, groups=groups)
    back = compare_auroc(other, one, truths, groups=groups)
    assert there.value == pytest.approx(-back.value)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.interval.low == pytest.approx(-back.interval.high)


def test_copies_of_films_make_nothing_surer():
    """By groups, four copies of each film give about the interval of one; by films, half of it."""
    one, other, truths = draw(2, copies=4)
    groups = [str(place // 4) for place in range(truths.size)]
    first = slice(None, None, 4)
    widths = [
        found.interval.high - found.interval.low
        for found in (
            compare_auroc(one[first], other[first], truths[first], groups=groups[first]),
            compare_auroc(one, other, truths, groups=groups),
            compare_auroc(one, other, truths, groups=[None] * truths.size),
        )
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.1)
    assert widths[2] < 0.6 * widths[0]


def test_groups_of_both_classes_are_as_sure_as_resampling_says():
    """Where a group holds films of both classes, the interval is that of resampled groups."""
    chance = np.random.default_rng(5)
    groups = np.repeat(np.arange(150), 2)
    truths = np.tile([True, False], 150)
    of_patient = chance.normal(size=(2, 150))[:, groups]
    one, other = 2 * of_patient + 0.3 * chance.normal(size=(2, 300)) + truths
    found = compare_auroc(one, other, truths, groups=[str(group) for group in groups])
    drawn = resample_auroc(one, truths, groups, seed=0) - resample_auroc(
        other, truths, groups, seed=0
    )
    resampled = np.subtract(*np.quantile(drawn, [0.975, 0.025]))
    assert found.interval.high - found.interval.low == pytest.approx(resampled, rel=0.1)
    by_film = compare_auroc(one, other, truths, groups=[None] * 300).interval
    assert by_film.high - by_film.low > 1.5 * resampled


def test_a_model_does_not_differ_from_itself():
    """Models that rank alike have no interval and no test."""
    one, _, truths = draw(3)
    found = compare_auroc(one, 2 * one + 1, truths, groups=[None] * truths.size)
    assert (found.value, found.interval, found.p_value) == (0, None, None)


def test_one_class_has_no_area_to_compare():
    """Without fractured films there is no difference; unlike lengths are refused."""
    answers = np.array([0.1, 0.2])
    found = compare_auroc(answers, answers, np.array([False, False]), groups=[None, None])
    assert found.value is None
    with pytest.raises(MeasurementFault, match="one per film"):
        compare_auroc(answers, answers, np.array([False, True]), groups=[None])
