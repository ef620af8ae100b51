"""Numbers that are weighed by groups: their intervals, and paired differences."""

import numpy as np
import pytest

from osteon.errors import MeasurementFault
from osteon.statistics.weights import (
    measure_difference,
    measure_interval,
    ratio_statistic,
    share_statistic,
)


def test_a_share_is_counted_over_the_films_that_could_count():
    """Two of the three films that count are hits; the fourth changes nothing."""
    share = share_statistic([True, True, False, True], [True, True, True, False], list("abcd"))
    assert share.value == pytest.approx(2 / 3)
    assert share_statistic([True], [False], ["a"]).value is None
    assert share_statistic([], [], []).value is None


def test_a_group_drawn_twice_counts_twice():
    """Weights of groups are weights of all their films."""
    ratio = ratio_statistic([1, 2, 3], [2, 2, 1], ["a", "b", "a"])
    assert ratio.n_groups == 2
    assert ratio.weigh(np.array([[2.0, 1.0]])) == pytest.approx([(2 * 4 + 2) / (2 * 3 + 2)])


def test_films_of_one_group_widen_the_interval():
    """Ten copies of a film say no more than one."""
    hits = np.random.default_rng(0).random(40) < 0.6
    alone = share_statistic(hits.tolist(), [True] * 40, [str(place) for place in range(40)])
    copied = share_statistic(
        np.repeat(hits, 10).tolist(), [True] * 400, [str(place // 10) for place in range(400)]
    )
    narrow, same = measure_interval(alone), measure_interval(copied)
    assert narrow is not None
    assert same is not None
    assert (same.low, same.high) == pytest.approx((narrow.low, narrow.high))


def test_a_paired_difference_is_narrower_than_two_intervals():
    """Models that err on the same films differ surely where their intervals overlap widely."""
    chance = np.random.default_rng(1)
    easy = chance.random(300) < 0.7
    better = easy | (chance.random(300) < 0.2)
    groups = [str(place // 2) for place in range(300)]
    one, other = (share_statistic(hits.tolist(), [True] * 300, groups) for hits in (better, easy))
    found = measure_difference(one, other)
    assert found.value == pytest.approx(better.mean() - easy.mean())
    assert found.interval is not None
    assert found.interval.low > 0
    apart = measure_interval(one), measure_interval(other)
    assert apart[0] is not None
    assert apart[1] is not None
    assert apart[0].low < apart[1].high


def test_a_model_does_not_differ_from_itself():
    """No resample moves the difference of equal answers, so there is no interval."""
    share = share_statistic([True, False, True], [True] * 3, list("abc"))
    found = measure_difference(share, share)
    assert (found.value, found.interval) == (0.0, None)


def test_other_films_cannot_be_paired():
    """A difference of two models on unlike films is refused."""
    one = share_statistic([True, False], [True] * 2, ["a", "b"])
    other = share_statistic([True, False], [True] * 2, ["a", "a"])
    with pytest.raises(MeasurementFault, match="the same films"):
        measure_difference(one, other)
