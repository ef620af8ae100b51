"""Covering films while a network is asked: what it answers to is found out."""

import numpy as np
import pytest

from osteon.evaluation.deletion import delete_evidence
from osteon.radiographs.preparation import fit_letterbox
from osteon.release import Preparation
from osteon.statistics.deletion import measure_areas

HOW = Preparation(rows=64, columns=64, fit="letterbox")
PLACE = fit_letterbox(100, 200, HOW)
SPOT = np.s_[30:34, 20:24]


def draw_films(n_films=2):
    """Return letterboxed films, grey with a bright spot."""
    films = np.zeros((n_films, 64, 64), np.uint8)
    films[:, PLACE.top : PLACE.top + PLACE.rows] = 60
    films[:, *SPOT] = 250
    return films


def ask(pixels):
    """Answer with the brightest point of the spot: what a blur takes away."""
    return pixels[:, *SPOT].max(axis=(1, 2)) / 255


def delete(evidence, *, asked=ask, seed=0):
    films = draw_films()
    return delete_evidence(asked, films, [evidence] * 2, places=[PLACE] * 2, seed=seed)


def test_a_map_that_knows_is_told_from_one_that_does_not():
    """The true place falls at the first step; the opposite map holds out to the last."""
    knows = np.zeros((64, 64), np.float32)
    knows[SPOT] = 1
    right, wrong = delete(knows), delete(1 - knows)
    assert measure_areas(right.deletion).max() < measure_areas(right.random).min()
    assert measure_areas(wrong.deletion).min() >= measure_areas(wrong.random).max()
    assert measure_areas(right.insertion).min() > measure_areas(wrong.insertion).max()


def test_curves_begin_and_end_with_the_same_films():
    """The whole film and the covered one are the same, whatever the order."""
    curves = delete(np.random.default_rng(0).random((8, 8)).astype(np.float32))
    whole, covered = curves.deletion[:, 0], curves.deletion[:, -1]
    assert whole.tolist() == pytest.approx(curves.insertion[:, -1].tolist())
    assert covered.tolist() == pytest.approx(curves.insertion[:, 0].tolist())
    assert whole.tolist() == pytest.approx(curves.random[:, 0].tolist())
    assert (covered < 0.5 * whole).all()  # blurred, the spot is gone


def test_only_the_film_is_covered():
    """The black beside a letterboxed film stays as it is, and what is covered keeps its mean."""
    seen = []

    def watch(pixels):
        seen.append(pixels)
        return ask(pixels)

    delete(np.ones((64, 64), np.float32), asked=watch)
    film, last = draw_films()[0], seen[0][-1]
    assert not last[: PLACE.top].any()
    assert not last[PLACE.top + PLACE.rows :].any()
    inside = np.s_[PLACE.top : PLACE.top + PLACE.rows]
    assert last[inside].mean() == pytest.approx(film[inside].mean(), rel=0.05)


def test_every_explanation_of_a_film_meets_the_same_random_order():
    """So that their gains differ by the explanation alone; another seed draws another order."""
    chance = np.random.default_rng(1)
    maps = [chance.random((16, 16)).astype(np.float32) for _ in range(2)]
    one, other = (delete(shown) for shown in maps)
    assert np.array_equal(one.random, other.random)
    assert not np.array_equal(one.random, delete(maps[0], seed=9).random)


def test_a_coarse_map_is_laid_where_the_film_lies():
    """Sixteen cells over the whole input, of which the film covers the middle rows alone."""
    coarse = np.zeros((16, 16), np.float32)
    coarse[30 // 4 : 34 // 4 + 1, 20 // 4 : 24 // 4] = 1
    assert measure_areas(delete(coarse).deletion).max() < 0.45  # it falls to 0.38 at once
