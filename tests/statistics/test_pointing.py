"""The pointing game: strictly inside a box, or near enough to one."""

import pytest

from osteon.statistics.detection import MarkedFilm
from osteon.statistics.pointing import MARGIN, is_pointed, measure_pointing, weigh_pointing

BOX = (40.0, 40.0, 60.0, 50.0)


def point(peak, *, boxes=(BOX,), group=None):
    """Return a film of 100 rows by 80 columns: a margin of 5 % is 5 pixels."""
    return MarkedFilm(marks=(), peak=peak, boxes=tuple(boxes), group=group, rows=100, columns=80)


@pytest.mark.parametrize(
    ("peak", "strictly", "nearly"),
    [
        ((40.0, 40.0), True, True),
        ((60.0, 45.0), False, True),  # the right and lower edges are outside
        ((65.0, 45.0), False, True),
        ((65.1, 45.0), False, False),
        ((63.0, 54.0), False, True),  # 3 aside and 4 below: 5 away
        ((64.0, 54.0), False, False),
        ((0.0, 0.0), False, False),
        (None, False, False),
    ],
)
def test_a_margin_is_a_distance_from_the_box(peak, strictly, nearly):
    """A point counts strictly inside the box, or within 5 % of the long side of it."""
    assert is_pointed(point(peak)) == strictly
    assert is_pointed(point(peak), margin=MARGIN) == nearly


def test_only_boxed_films_play():
    """Films without a fracture are left out, and any of several boxes may be met."""
    films = [
        point((50, 45)),
        point((5, 5), boxes=(BOX, (0, 0, 10, 10))),
        point((1, 1)),
        point((50, 45), boxes=()),
    ]
    found = measure_pointing(films)
    assert (found.numerator, found.denominator) == (2, 3)
    assert found.value == weigh_pointing(films).value == pytest.approx(2 / 3)
    assert measure_pointing([point((1, 1), boxes=())]).value is None


def test_the_interval_is_made_by_groups():
    """Films that stand alone have Wilson's interval; films of groups are resampled."""
    hit, miss = point((50, 45)), point((1, 1))
    alone = measure_pointing([hit, miss, hit]).interval
    grouped = [point((50 * (n % 3 > 0), 45), group=str(n // 2)) for n in range(20)]
    together = measure_pointing(grouped).interval
    assert alone is not None
    assert together is not None
    assert (alone.method, together.method) == ("Wilson", "group bootstrap")
