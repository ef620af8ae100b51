"""Three decisions are counted as three: doubt is neither a miss nor a false alarm."""

import numpy as np
import pytest
from tests.releases import certify

from osteon.errors import MeasurementFault
from osteon.evaluation.decisions import CALLED, decide_films, measure_decisions
from osteon.release import CertifiedThreshold, OperatingPoints
from osteon.statistics.metrics import measure

POINTS = OperatingPoints(
    high_sensitivity=certify("sensitivity", 0.90, 131, 129, 0.2),
    high_specificity=certify("specificity", 0.95, 269, 264, 0.8),
)
PROBABILITIES = np.array([0.9, 0.8, 0.5, 0.1, 0.85, 0.3, 0.2, 0.19, 0.05, 0.01])
TRUTHS = np.arange(10) < 4
GROUPS = [str(place // 2) for place in range(10)]


def test_films_are_counted_by_hand():
    """Of four fractures two are found, one left in doubt, one missed; of six others 1, 2 and 3."""
    told = measure_decisions(PROBABILITIES, TRUTHS, GROUPS, points=POINTS, n_not_read=(1, 2))
    assert [told.count(True, called) for called in CALLED] == [2, 1, 1]
    assert [told.count(False, called) for called in CALLED] == [1, 2, 3]
    assert (told.not_cleared.numerator, told.not_cleared.denominator) == (3, 4)
    assert (told.not_accused.numerator, told.not_accused.denominator) == (5, 6)
    assert [share.numerator for share in told.called] == [3, 3, 4]
    assert [share.denominator for share in told.right_of_called] == [3, 3, 4]
    assert [share.numerator for share in told.right_of_called] == [2, 1, 3]
    assert (told.n_films, told.n_groups, told.n_fractured, told.n_not_read) == (10, 5, 4, (1, 2))
    assert told.cuts == (0.2, 0.8)


def test_nothing_takes_doubt_for_one_of_two():
    """There is no accuracy, no F1, no sensitivity: each number says which decision it counts."""
    names = {
        metric.name
        for metric in measure_decisions(PROBABILITIES, TRUTHS, GROUPS, points=POINTS).listed
    }
    assert not names & {"accuracy", "f1", "sensitivity", "specificity", "ppv", "npv"}
    assert all(name == "auroc" or any(called in name for called in CALLED) for name in names)


def test_each_share_is_that_of_its_own_threshold():
    """Values and intervals are those that the two limits give alone."""
    told = measure_decisions(PROBABILITIES, TRUTHS, GROUPS, points=POINTS)
    low, high = (measure(PROBABILITIES, TRUTHS, GROUPS, threshold=cut) for cut in (0.2, 0.8))
    pairs = (
        (told.not_cleared, low.sensitivity),
        (told.normal[-1], low.specificity),
        (told.fractured[0], high.sensitivity),
        (told.not_accused, high.specificity),
        (told.auroc, low.auroc),
    )
    for mine, theirs in pairs:
        assert (mine.value, mine.interval) == (theirs.value, theirs.interval)
    for shares in (told.fractured, told.normal, told.called):
        assert sum(share.value for share in shares) == pytest.approx(1)


def test_a_release_that_promises_nothing_leaves_all_in_doubt():
    """No film is called, and what is said of called films is undefined with its reason."""
    none = {"threshold": None, "lower_bound": None, "n_films": 20, "n_kept": 20, "n_more": 9}
    points = OperatingPoints(
        high_sensitivity=CertifiedThreshold(
            promise="sensitivity", at_least=0.9, certified_on="test", **none
        ),
        high_specificity=CertifiedThreshold(
            promise="specificity", at_least=0.95, certified_on="test", **none
        ),
    )
    told = measure_decisions(PROBABILITIES, TRUTHS, GROUPS, points=points)
    assert [share.value for share in told.called] == [0, 1, 0]
    accused, doubtful, cleared = told.right_of_called
    assert accused.value is None
    assert cleared.reason == "no film was called so"
    assert doubtful.value == 0.4


def test_what_is_no_probability_is_refused():
    """A logit is not taken for one, and lists of two lengths are not joined."""
    with pytest.raises(MeasurementFault, match="probability"):
        decide_films([0.5, 1.2], POINTS)
    with pytest.raises(MeasurementFault, match="one per film"):
        measure_decisions(PROBABILITIES, TRUTHS, GROUPS[:-1], points=POINTS)
