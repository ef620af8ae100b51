"""The deletion test: orders, areas and intervals."""

import numpy as np
import pytest

from osteon.errors import MeasurementFault
from osteon.statistics.deletion import (
    CELLS,
    STEPS,
    DeletionCurves,
    cover_cells,
    draw_ranks,
    measure_areas,
    measure_deletion,
    rank_cells,
)


def build_curves(starts, *, share=0.5):
    """Return curves of films that fall in a straight line to a share of where they started."""
    falling = np.linspace(1, share, STEPS + 1)
    deletion = np.outer(starts, falling**4)
    random = np.outer(starts, falling)
    return DeletionCurves(deletion=deletion, insertion=random[:, ::-1] ** 0.5, random=random)


def test_the_most_evident_cell_comes_first():
    """Ranks follow the evidence, each place once."""
    evidence = np.random.default_rng(0).random((CELLS, CELLS))
    ranks = rank_cells(evidence, seed=0)
    assert ranks.flat[evidence.argmax()] == 0
    assert ranks.flat[evidence.argmin()] == CELLS**2 - 1
    assert sorted(ranks.ravel().tolist()) == list(range(CELLS**2))


def test_cells_of_equal_evidence_come_in_no_order_of_their_own():
    """Where a map is zero, the top of the film is not covered before its foot."""
    evidence = np.zeros((CELLS, CELLS))
    evidence[3, 3] = 1
    ranks = rank_cells(evidence, seed=1)
    assert ranks[3, 3] == 0
    halves = ranks[: CELLS // 2].mean(), ranks[CELLS // 2 :].mean()
    assert abs(halves[0] - halves[1]) < 0.25 * CELLS**2
    assert np.array_equal(ranks, rank_cells(evidence, seed=1))
    assert not np.array_equal(draw_ranks(seed=1), draw_ranks(seed=2))


def test_a_random_order_is_of_one_piece_and_favours_no_place():
    """Neighbours come together; over many films each cell is as early as another."""
    orders = np.stack([draw_ranks(seed=seed) for seed in range(400)])
    steps = np.abs(np.diff(orders, axis=2)).mean()
    assert steps < 0.15 * CELLS**2  # strewn one by one, a third of all
    mean = orders.mean(axis=0)
    assert np.abs(mean - (CELLS**2 - 1) / 2).max() < 0.15 * CELLS**2
    early = (orders < CELLS**2 // 4).mean(axis=0)
    assert np.abs(early - 0.25).max() < 0.09


def test_each_step_covers_as_many_cells():
    """From none to all, and what is covered stays covered."""
    film, cover = np.zeros((32, 48)), np.ones((32, 48))
    steps = cover_cells(film, cover, draw_ranks(seed=0))
    shares = steps.mean(axis=(1, 2))
    assert shares.tolist() == pytest.approx([step / STEPS for step in range(STEPS + 1)])
    assert (np.diff(steps, axis=0) >= 0).all()


def test_an_area_by_hand():
    """One that falls to nothing at the first of sixteen steps has half a step's area."""
    curves = np.zeros((1, STEPS + 1))
    curves[0, 0] = 1.0
    assert float(measure_areas(curves)[0]) == pytest.approx(0.5 / STEPS)
    assert float(measure_areas(np.full((1, STEPS + 1), 0.7))[0]) == pytest.approx(0.7)


def test_means_are_over_films_and_gains_film_by_film():
    """Better than chance is a gain above 0, with a narrower interval than the areas have."""
    starts = np.linspace(0.2, 1.0, 40)
    test = measure_deletion(build_curves(starts), [None] * 40)
    assert test.whole.value == pytest.approx(starts.mean())
    assert test.covered.value == pytest.approx(0.5**4 * starts.mean())
    assert test.random.value == pytest.approx(0.75 * starts.mean())
    assert test.deletion_gain.value == pytest.approx(test.random.value - test.deletion.value)
    assert test.deletion_gain.interval.low > 0
    assert test.insertion_gain.interval.low > 0
    width = test.deletion_gain.interval.high - test.deletion_gain.interval.low
    assert width < test.random.interval.high - test.random.interval.low
    assert (test.n_films, test.n_groups) == (40, 40)


def test_copies_of_a_film_do_not_narrow_an_interval():
    """Forty films four times over, in their groups, say what forty say."""
    starts = np.linspace(0.2, 1.0, 40)
    names = [str(number) for number in range(40)]
    alone = measure_deletion(build_curves(starts), names)
    copied = measure_deletion(build_curves(np.tile(starts, 4)), names * 4)
    assert copied.n_groups == 40
    assert copied.deletion.interval.low == pytest.approx(alone.deletion.interval.low)
    assert copied.deletion.interval.high == pytest.approx(alone.deletion.interval.high)


@pytest.mark.parametrize(("n_films", "has_interval"), [(2, False), (9, False), (10, True)])
def test_few_films_have_no_interval(n_films, has_interval):
    """Two films say what they say, and nothing about others: no interval is drawn from them."""
    test = measure_deletion(build_curves(np.linspace(0.5, 0.9, n_films)), [None] * n_films)
    assert test.deletion_gain.value is not None
    assert (test.deletion_gain.interval is not None) == has_interval


def test_one_film_has_no_interval():
    """Resampling cannot move a number of one group."""
    test = measure_deletion(build_curves(np.array([0.8])), ["a"])
    assert test.deletion.value is not None
    assert test.deletion.interval is None


def test_curves_of_other_films_are_refused():
    """As are none at all."""
    with pytest.raises(MeasurementFault, match="same films"):
        measure_deletion(build_curves(np.array([0.8])), ["a", "b"])
    with pytest.raises(MeasurementFault, match="same films"):
        measure_deletion(build_curves(np.array([])), [])
