"""Average precision and FROC: worked by hand, and against the definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import MeasurementFault
from osteon.geometry import Box
from osteon.statistics.detection import (
    MarkedFilm,
    measure_average_precision,
    measure_froc,
    weigh_average_precision,
    weigh_froc,
)

LEFT, RIGHT, AWAY = (0, 0, 10, 10), (50, 0, 60, 10), (80, 80, 90, 90)


def film(*marks, boxes=(), group=None):
    """Return a film of 100 by 100 pixels with marks (box, score)."""
    return MarkedFilm(
        marks=tuple(marks), peak=None, boxes=tuple(boxes), group=group, rows=100, columns=100
    )


def test_average_precision_by_hand():
    """Right, wrong, right of three boxes: 1/3 at ppv 1, 1/3 at ppv 2/3, the last never reached."""
    films = [
        film((LEFT, 0.9), (AWAY, 0.8), boxes=[LEFT]),
        film((RIGHT, 0.7), boxes=[RIGHT, AWAY]),
    ]
    found = measure_average_precision(films)
    assert found.value == pytest.approx(1 / 3 + 2 / 9)
    assert found.denominator == 3
    assert found.name == "ap50"


def test_a_later_better_ppv_lifts_the_places_before_it():
    """The curve is made to fall: wrong, right, right of two boxes has ppv 2/3 all along."""
    films = [film((AWAY, 0.9), (LEFT, 0.8), (RIGHT, 0.7), boxes=[LEFT, RIGHT])]
    assert measure_average_precision(films).value == pytest.approx(2 / 3)


def test_a_box_is_found_once():
    """A second mark on a found box is a false one, for average precision."""
    twice = [film((LEFT, 0.9), (LEFT, 0.8), (RIGHT, 0.7), boxes=[LEFT, RIGHT])]
    assert measure_average_precision(twice).value == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)


def test_the_overlap_that_is_asked_for_decides():
    """A mark that shares half of its film's box is right at 0.3, and wrong at 0.5."""
    half = (0, 0, 10, 20)
    assert Box(*half).overlap(Box(*LEFT)) == pytest.approx(0.5)
    shifted = (0, 6, 10, 16)
    films = [film((shifted, 0.9), boxes=[LEFT])]
    assert Box(*shifted).overlap(Box(*LEFT)) == pytest.approx(0.25)
    assert measure_average_precision(films, at_iou=0.25).value == 1
    assert measure_average_precision(films, at_iou=0.3).value == 0
    assert measure_average_precision([film((half, 0.9), boxes=[LEFT])]).value == 1
    with pytest.raises(MeasurementFault, match="at_iou"):
        measure_average_precision(films, at_iou=0)


def test_a_mark_takes_the_free_box_that_it_overlaps_most():
    """Two boxes that overlap are both found by two marks, whichever comes first."""
    near = (2, 0, 12, 10)
    films = [film((LEFT, 0.8), (near, 0.9), boxes=[LEFT, near])]
    assert measure_average_precision(films).value == 1


def test_false_marks_on_films_without_a_fracture_cost_precision():
    """The same marks are worth less where films without a fracture are looked at as well."""
    fractured = film((LEFT, 0.5), boxes=[LEFT])
    normal = film((AWAY, 0.9))
    assert measure_average_precision([fractured]).value == 1
    assert measure_average_precision([fractured, normal]).value == pytest.approx(0.5)


@given(st.permutations(range(6)))
def test_equal_scores_count_at_once(order):
    """The order of films does not move the numbers, ties and all."""
    marks = [LEFT, AWAY, LEFT, RIGHT, AWAY, RIGHT]
    films = [film((marks[place], 0.5), boxes=[LEFT]) for place in order]
    assert weigh_average_precision(films).value == pytest.approx(2 / 6 * 2 / 6)
    assert weigh_froc(films, at=0.5).value == 0
    assert weigh_froc(films, at=1.0).value == pytest.approx(2 / 6)


def test_without_boxes_there_is_no_number():
    """Films that nobody boxed have no average precision, and no FROC."""
    found = measure_average_precision([film((LEFT, 0.9))])
    assert (found.value, found.interval, found.reason) == (None, None, "no film has a box")
    with pytest.raises(MeasurementFault, match="boxed fractures"):
        measure_froc([film((LEFT, 0.9))])


def test_films_without_marks_are_found_nothing_on():
    """A model that marks nothing has an average precision of zero, with an interval."""
    films = [film(boxes=[LEFT]), film(boxes=[RIGHT]), film()]
    found = measure_average_precision(films)
    assert found.value == 0
    assert found.interval is not None
    assert found.interval.high > 0.3
    assert measure_froc(films).at[0].value == 0


def test_a_score_that_is_no_number_is_refused():
    """A mark that cannot be ranked stops the measurement."""
    with pytest.raises(MeasurementFault, match="finite"):
        measure_average_precision([film((LEFT, float("nan")), boxes=[LEFT])])


def test_froc_by_hand():
    """Four films, three lesions: each threshold's false marks per film and lesions found."""
    films = [
        film((LEFT, 0.9), (LEFT, 0.8), boxes=[LEFT]),  # the second mark on it counts for nothing
        film((AWAY, 0.7), (RIGHT, 0.6), boxes=[RIGHT, LEFT]),
        film((AWAY, 0.5), (LEFT, 0.4)),
        film(),
    ]
    froc = measure_froc(films, at=(0, 0.25, 0.5, 2))
    assert froc.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert froc.false_marks.tolist() == [0, 0, 0, 0.25, 0.25, 0.5, 0.75]
    assert froc.sensitivity == pytest.approx(np.array([0, 1, 1, 1, 2, 2, 2]) / 3)
    assert [one.value for one in froc.at] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 2 / 3])
    assert [one.numerator for one in froc.at] == [1, 2, 2, 2]


def test_a_mark_meets_a_lesion_by_its_centre_or_by_overlap():
    """A wide mark around a small lesion finds it; one beside it does not; one finds one lesion."""
    small = (48, 48, 52, 52)
    wide, beside = (0, 0, 100, 100), (52, 52, 70, 70)
    assert measure_froc([film((wide, 0.9), boxes=[small])], at=(0,)).at[0].value == 1
    assert measure_froc([film((beside, 0.9), boxes=[small])], at=(2,)).at[0].value == 0
    both = [film((wide, 0.9), boxes=[(40, 40, 60, 60), (45, 45, 65, 65)])]
    assert measure_froc(both, at=(0,)).at[0].value == 0.5


def draw_films(seed, n_films=40, noise=0.3):
    """Return films whose marks find many of their boxes, two films to a group."""
    chance = np.random.default_rng(seed)
    films = []
    for number in range(n_films):
        boxes, marks = [], []
        for _ in range(chance.integers(0, 3)):
            x, y = chance.uniform(0, 70, 2)
            boxes.append((x, y, x + 20, y + 20))
            if chance.random() < 0.8:
                dx, dy = chance.normal(0, 4, 2)
                score = 0.6 + noise * chance.normal()
                marks.append(((x + dx, y + dy, x + dx + 20, y + dy + 20), score))
        for _ in range(chance.integers(0, 3)):
            x, y = chance.uniform(0, 70, 2)
            marks.append(((x, y, x + 20, y + 20), 0.4 + noise * chance.normal()))
        films.append(film(*marks, boxes=boxes, group=str(number // 2)))
    return films


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_the_area_of_the_definition(seed):
    """The curve's area agrees with the mean of the best ppv to come over the boxes."""
    films = draw_films(seed)
    told = []
    for one in films:
        free = list(one.boxes)
        for box, score in sorted(one.marks, key=lambda mark: -mark[1]):
            near = [other for other in free if Box(*box).overlap(Box(*other)) >= 0.5]
            if near:
                free.remove(max(near, key=lambda other: Box(*box).overlap(Box(*other))))
            told.append((score, bool(near)))
    hits = np.array([hit for _, hit in sorted(told, reverse=True)])
    ppv = np.cumsum(hits) / np.arange(1, hits.size + 1)
    best = [ppv[place:].max() for place in np.flatnonzero(hits)]
    n_boxes = sum(len(one.boxes) for one in films)
    assert measure_average_precision(films).value == pytest.approx(sum(best) / n_boxes)


@pytest.mark.parametrize("weigh", [weigh_average_precision, weigh_froc])
def test_weights_are_repeated_films(weigh):
    """A group drawn twice gives what its films, named twice, would give."""
    films = draw_films(7, n_films=12)
    weights = np.array([[2.0, 0.0, 1.0, 1.0, 3.0, 1.0]])
    repeated = [
        one
        for place, times in enumerate(weights[0].astype(int))
        for one in films[2 * place : 2 * place + 2] * int(times)
    ]
    assert weigh(films).weigh(weights)[0] == pytest.approx(weigh(repeated).value)


def test_intervals_hold_the_numbers_and_are_the_same_each_time():
    """Intervals lie around their numbers, by groups, and do not hang on chance."""
    films = draw_films(3, n_films=60)
    area, found = measure_average_precision(films), measure_froc(films, at=(0.5,)).at[0]
    for one in (area, found):
        assert one.interval is not None
        assert one.interval.low < one.value < one.interval.high
        assert one.interval.method == "group bootstrap"
    assert measure_average_precision(films) == area
