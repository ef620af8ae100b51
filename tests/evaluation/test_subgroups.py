import pytest

from osteon.evaluation.subgroups import (
    NOT_STATED,
    find_errors,
    measure_subgroups,
    name_film_size,
)
from osteon.statistics.films import FilmAnswer


def build_answer(film, logit, has_fracture, **covariates):
    return FilmAnswer(film=film, logit=logit, has_fracture=has_fracture, covariates=covariates)


FILMS = (
    build_answer("a", 2.0, True, view=("frontal",)),
    build_answer("b", -0.5, True, view=("frontal", "lateral")),
    build_answer("c", -3.0, True, view=("lateral",)),
    build_answer("d", 0.5, False, view=("lateral",)),
    build_answer("e", 1.5, False, view=()),
    build_answer("f", -1.0, False, view=("frontal",)),
)


def test_errors_come_worst_first():
    """The surest misses and the surest false alarms come first."""
    errors = find_errors(FILMS, threshold=0)
    assert [film.film for film in errors.misses] == ["c", "b"]
    assert [film.film for film in errors.false_alarms] == ["e", "d"]


def test_a_film_with_two_views_counts_under_both():
    """Subgroups overlap where a film has several values, and a film without one is not lost."""
    rows = {row.value: row for row in measure_subgroups(FILMS, threshold=0)}
    assert list(rows) == ["frontal", "lateral", NOT_STATED]
    lateral = rows["lateral"]
    assert (lateral.n_films, lateral.n_fractured) == (3, 2)
    assert (lateral.sensitivity.numerator, lateral.sensitivity.denominator) == (0, 2)
    assert lateral.specificity.value == 0
    assert (lateral.misses, lateral.false_alarms) == (("c", "b"), ("d",))
    assert rows[NOT_STATED].sensitivity.value is None
    assert rows[NOT_STATED].false_alarms == ("e",)


def test_a_covariate_that_nobody_states_is_left_out():
    """A collection that says nothing of hardware gets no row about it."""
    films = [build_answer("a", 1.0, True, hardware=(), view=("frontal",))]
    assert {row.covariate for row in measure_subgroups(films, threshold=0)} == {"view"}


def test_subgroup_intervals_count_groups():
    """Copies of one film in a subgroup add no certainty there either."""
    copies = [
        FilmAnswer(
            film=str(n), logit=1.0, has_fracture=True, group="g", covariates={"view": ("x",)}
        )
        for n in range(50)
    ]
    (row,) = measure_subgroups(copies, threshold=0)
    assert row.sensitivity.value == 1
    assert row.sensitivity.interval.low < 0.3


@pytest.mark.parametrize(
    ("rows", "columns", "named"),
    [
        (256, 10, "up to 256 px"),
        (10, 257, "257 to 512 px"),
        (2048, 1, "1025 to 2048 px"),
        (2049, 1, "above 2048 px"),
    ],
)
def test_a_film_is_sized_by_its_longer_side(rows, columns, named):
    """The longer side decides a film's size class."""
    assert name_film_size(rows, columns) == named
