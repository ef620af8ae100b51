"""Two checkouts' times are compared film by film."""

from pathlib import Path

import numpy as np

from tests.scripts import load_script

before_after = load_script("reading_before")


def test_the_ratio_is_that_of_most_films():
    """Nine films take a tenth longer, one thrice as long: 1.1, and the interval has it."""
    before = np.linspace(20.0, 200.0, 10)
    after = before * np.where(np.arange(10) == 4, 3.0, 1.1)
    ratio, low, high = before_after.compare(before, after)
    assert ratio == np.median(after / before)
    assert low <= 1.1 <= high
    assert before_after.compare(after, before)[0] < 1


def test_films_are_chosen_from_the_whole_folder():
    """The first and the last are among them, and none twice."""
    films = [Path(f"{number:03}.jpg") for number in range(100)]
    chosen = before_after.choose_evenly(films, 12)
    assert (chosen[0], chosen[-1], len(set(chosen))) == (films[0], films[-1], 12)
    assert before_after.choose_evenly(films[:3], 12) == films[:3]
