"""Which copy stands for its picture."""

import pytest
from tests.rows import film

from osteon.audit.representatives import choose_representatives


@pytest.mark.parametrize(
    ("splits", "chosen"),
    [
        ((None, None, None), {"a": "c", "b": "c"}),
        (("train", None, None), {"b": "a", "c": "a"}),
        (("train", "train", None), {"a": "b", "c": "b"}),
        (("train", "test", None), {}),
        (("train", "train", "test"), {"a": "b"}),
    ],
)
def test_a_copy_stands_for_no_film_of_another_split(splits, chosen):
    """Each split keeps a copy of its own; an unplaced film follows one split, never one of two."""
    rows = [
        film(name, split=split, columns=10 + n)
        for n, (name, split) in enumerate(zip("abc", splits, strict=True))
    ]
    assert choose_representatives(rows, dict.fromkeys("abc", "a"), file_bytes={}) == chosen


def test_films_without_a_picture_stay():
    """A film that no picture was named for stands for nobody and leaves for nobody."""
    assert not choose_representatives([film("a"), film("b")], {}, file_bytes={})
