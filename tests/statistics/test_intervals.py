import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from osteon.errors import MeasurementFault
from osteon.statistics.intervals import Proportion, percentile_interval, wilson_interval

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_nothing_of_nothing_is_no_number():
    """A share of no films has neither a value nor an interval."""
    nothing = Proportion(hits=0, n=0)
    assert nothing.value is None
    assert nothing.interval() is None


def test_more_hits_than_films_are_refused():
    """A share above one is a mistake, and is refused."""
    with pytest.raises(MeasurementFault, match="0 <= hits <= n"):
        Proportion(hits=3, n=2)


def test_wilson_by_hand():
    """Eight of ten, worked by hand: (0.8 + 0.19207 +- 0.30421) / 1.38415 is 0.4902 to 0.9433."""
    interval = Proportion(hits=8, n=10).interval()
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.4902, 0.9433)
    assert (interval.method, interval.confidence) == ("Wilson", 0.95)


@given(counts, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_agrees_with_scipy(count, confidence):
    """Wilson's interval is the one that scipy gives."""
    hits, n = count
    interval = Proportion(hits=hits, n=n).interval(confidence)
    yardstick = binomtest(hits, n).proportion_ci(confidence, method="wilson")
    assert interval is not None
    assert interval.low == pytest.approx(yardstick.low, abs=1e-9)
    assert interval.high == pytest.approx(yardstick.high, abs=1e-9)


@given(counts)
def test_wilson_holds_the_share_and_keeps_a_width(count):
    """The interval holds the share, stays inside [0, 1], and never shrinks to a point."""
    share = Proportion(hits=count[0], n=count[1])
    interval = share.interval()
    assert interval is not None
    assert 0 <= interval.low <= share.value <= interval.high <= 1
    assert interval.low < interval.high


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_a_confidence_is_a_share(confidence):
    """A confidence of 95 is a slip of the pen, and is refused."""
    with pytest.raises(MeasurementFault, match="between 0 and 1"):
        wilson_interval(0.5, n=10, confidence=confidence)


def test_percentiles_leave_out_undefined_resamples():
    """Resamples without the class say nothing, and are left out."""
    values = np.append(np.linspace(0, 1, 1001), [np.nan] * 10)
    interval = percentile_interval(values, confidence=0.9, method="m")
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.05, 0.95))


@pytest.mark.parametrize(
    "values", [np.ones(9), np.full(4, np.nan), np.array([0.1, np.nan, np.nan]), np.array([])]
)
def test_resamples_that_say_nothing_give_no_interval(values):
    """Where all resamples agree, or most are undefined, there is no interval to read off."""
    assert percentile_interval(values, confidence=0.95, method="m") is None
