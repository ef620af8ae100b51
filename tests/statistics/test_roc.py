import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from osteon.errors import OneClassOnly
from osteon.statistics.metrics import count_confusion
from osteon.statistics.roc import roc_points

films = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=2, max_size=40).filter(
    lambda rows: 0 < sum(yes for _, yes in rows) < len(rows)
)


def test_curve_by_hand():
    """Fractures at 3 and 1, others at 1 and 0: up, diagonally through the tie, then across."""
    curve = roc_points(np.array([3.0, 1.0, 1.0, 0.0]), np.array([True, True, False, False]))
    assert curve.false_positive_share.tolist() == [0, 0, 0.5, 1]
    assert curve.sensitivity.tolist() == [0, 0.5, 1, 1]
    assert curve.thresholds.tolist() == [np.inf, 3, 1, 0]
    assert curve.band is None


@given(films)
def test_every_point_is_what_its_threshold_counts(rows):
    """Each point is the confusion at its threshold, and the area below is the AUROC."""
    logits = np.array([x for x, _ in rows], float)
    truths = np.array([yes for _, yes in rows])
    curve = roc_points(logits, truths)
    for across, up, threshold in zip(
        curve.false_positive_share, curve.sensitivity, curve.thresholds, strict=True
    ):
        counted = count_confusion(logits, truths, threshold)
        assert up == pytest.approx(counted.true_positives / truths.sum())
        assert across == pytest.approx(counted.false_positives / (~truths).sum())
    area = np.trapezoid(curve.sensitivity, curve.false_positive_share)
    assert area == pytest.approx(roc_auc_score(truths, logits))


def test_the_band_surrounds_the_curve():
    """The band of resampled groups lies around the curve and stays in [0, 1]."""
    rng = np.random.default_rng(0)
    truths = rng.random(300) < 0.5
    curve = roc_points(
        rng.normal(size=300) + truths, truths, groups=[str(place // 3) for place in range(300)]
    )
    band = curve.band
    assert band is not None
    middle = np.interp(band.false_positive_share, curve.false_positive_share, curve.sensitivity)
    inner = slice(5, 95)
    assert (band.low[inner] <= middle[inner] + 0.02).all()
    assert (band.high[inner] >= middle[inner] - 0.02).all()
    assert 0.05 < (band.high - band.low)[inner].mean() < 0.4
    assert band.low.min() >= 0
    assert band.high.max() <= 1


def test_a_band_needs_both_classes_in_most_resamples():
    """Two groups, one of each class, are too few for a band; the curve stands without one."""
    curve = roc_points(
        np.array([1.0, 2.0, 0.0]), np.array([True, False, False]), groups=["a", "b", "b"]
    )
    assert curve.band is None or curve.band.low.min() >= 0


def test_one_class_has_no_curve():
    """Films that are all alike have no curve, and the refusal says what was found."""
    with pytest.raises(OneClassOnly, match="2 fractured of 2"):
        roc_points(np.array([1.0, 2.0]), np.array([True, True]))
