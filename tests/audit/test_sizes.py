"""A film is brought to a long side in proportion."""

import numpy as np
import pytest

from osteon.audit.sizes import fit_long_side


@pytest.mark.parametrize(
    ("size", "becomes"),
    [
        ((400, 300), (100, 75)),
        ((300, 400), (75, 100)),
        ((5000, 3), (100, 1)),
        ((100, 40), (100, 40)),
        ((50, 20), (50, 20)),
    ],
)
def test_larger_films_are_reduced_in_proportion_and_others_stay(size, becomes):
    """The long side is met, the short one follows and never vanishes; small films stay."""
    assert fit_long_side(np.full(size, 7, np.uint8), 100).shape == becomes


def test_smaller_films_grow_where_they_are_asked_to():
    """A film of half the size is enlarged, and its greys stay between those it had."""
    grown = fit_long_side(np.array([[10, 200], [10, 200]], np.uint8), 4, grows=True)
    assert grown.shape == (4, 4)
    assert grown[:, 0].tolist() == [10] * 4
    assert sorted(grown[0]) == grown[0].tolist()


def test_a_reduced_film_averages_what_it_held():
    """Every pixel counts: a pixel of the small film is the mean of those that it stands for."""
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 200
    assert set(fit_long_side(checks.astype(np.uint8), 32).ravel().tolist()) == {100}


def test_what_is_returned_can_be_handed_to_opencv():
    """A film that was turned by its strides alone comes back in plain order."""
    turned = np.arange(12, dtype=np.uint8).reshape(3, 4).T
    assert fit_long_side(turned, 9).flags.c_contiguous
    assert np.array_equal(fit_long_side(turned, 9), turned)
