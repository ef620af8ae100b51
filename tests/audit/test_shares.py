"""A share of few trials has a wide interval."""

import pytest
from scipy.stats import binomtest

from osteon.audit.shares import bound_share


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 40), (7, 20), (40, 40), (99, 100)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_is_wilsons(hits, n, confidence):
    """It is the one that scipy gives, and exactly 0 or 1 where the share is."""
    low, high = bound_share(hits / n, n, confidence=confidence)
    yardstick = binomtest(hits, n).proportion_ci(confidence, method="wilson")
    assert (low, high) == pytest.approx((yardstick.low, yardstick.high), abs=1e-12)
    assert (low == 0) == (hits == 0)
    assert (high == 1) == (hits == n)
