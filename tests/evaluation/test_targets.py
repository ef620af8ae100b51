import numpy as np
import pytest

from osteon.errors import SettingsFault
from osteon.evaluation.targets import Target, judge_targets
from osteon.statistics.metrics import measure

TRUTHS = np.arange(200) < 100
FOUND = np.where(np.arange(200) % 100 < 80, 1.0, -1.0) * np.where(TRUTHS, 1, -1)
METRICS = measure(FOUND, TRUTHS, [None] * 200, threshold=0)


@pytest.mark.parametrize(
    ("above", "verdict"),
    [(0.70, "met"), (0.75, "undecided"), (0.85, "undecided"), (0.90, "missed")],
)
def test_a_target_is_judged_by_the_interval(above, verdict):
    """80 of 100, 0.711 to 0.867: a target inside that is undecided, whatever the value says."""
    (result,) = judge_targets([Target(metric="sensitivity", above=above)], METRICS)
    assert result.verdict == verdict
    assert result.measured.value == 0.8


def test_bounds_of_the_interval_decide():
    """The lower end itself is not exceeded, and at the upper end nothing is left above."""
    interval = METRICS.sensitivity.interval
    low, high = judge_targets(
        [
            Target(metric="sensitivity", above=interval.low),
            Target(metric="sensitivity", above=interval.high),
        ],
        METRICS,
    )
    assert (low.verdict, high.verdict) == ("undecided", "missed")


def test_what_has_no_value_is_undecided():
    """A metric that these films leave undefined decides nothing."""
    alike = measure(np.ones(5), np.ones(5, dtype=bool), [None] * 5, threshold=0)
    (result,) = judge_targets([Target(metric="auroc", above=0.85)], alike)
    assert result.verdict == "undecided"


def test_an_unknown_metric_is_refused_with_the_known_ones():
    """A target with a slip of the pen is refused, and the known metrics are named."""
    with pytest.raises(SettingsFault, match=r"targets.recall: must be one of accuracy, sens"):
        judge_targets([Target(metric="recall", above=0.9)], METRICS)
