"""Differences between two models on the same films, film by film."""

import pytest
from tests.releases import certify
from tests.rows import collection, film

from osteon.evaluation.benchmark.rows import BenchmarkRow, FilmRecord, Mark, Speed
from osteon.evaluation.comparison import compare_rows
from osteon.release import Measure, Preparation

BOX = (10.0, 10.0, 30.0, 30.0)
N = 24


def build_row(name, *, called, logits=None, marks=None, deletion=None):
    """A model that calls the films as told; even films are fractured, and boxed."""
    films = tuple(
        FilmRecord(
            path=f"f{n:02}.png",
            group=f"g{n // 2}",
            has_fracture=n % 2 == 0,
            logit=n if logits is None else logits[n],
            probability=0.5,
            called=called(n),
            marks=None if marks is None else marks(n),
            peak=(20.0, 20.0) if marks else None,
            deletion=None if deletion is None or n % 2 else deletion,
        )
        for n in range(N)
    )
    return BenchmarkRow(
        key=name, name=name, kind="release", recipe="by hand", preparation=Preparation(),
        epochs=None, n_bytes=1, n_parameters=1, evidence="in the network",
        points=(
            certify("sensitivity", 0.90, 131, 129, 0.2),
            certify("specificity", 0.95, 269, 264, 0.8),
        ),
        speed=Speed(median_ms=1.0, n_films=1, machine="m", threads=1),
        measures=(Measure(name="auroc", value=0.5, n=N),), by_region=(), films=films,
        n_not_read=0, notes=(), missing={},
    )  # fmt: skip


MANIFEST = collection(
    *(
        film(f"f{n:02}.png", has_fracture=n % 2 == 0, boxes=(BOX,) if n % 2 == 0 else ())
        for n in range(N)
    )
)


def compare(one, other):
    found = compare_rows([one, other], other.name, MANIFEST)
    return {difference.measure: difference for difference in found}


def test_a_model_does_not_differ_from_itself():
    """Every difference is zero, and none is called sure."""
    row = build_row("a", called=lambda n: "doubt", marks=lambda _: (Mark(box=BOX, score=0.5),))
    found = compare(row, row.model_copy(update={"name": "b"}))
    assert {one.value for one in found.values()} == {0.0}
    assert all(one.low is None and one.p is None for one in found.values())
    assert found["ap50, fractured films"].n_films == N


def test_shares_differ_by_the_films_that_differ():
    """One model clears six more of twelve normals: half a share more, and surely so."""
    cautious = build_row("cautious", called=lambda _: "doubt")
    bold = build_row("bold", called=lambda n: "no fracture" if n % 4 == 1 else "doubt")
    found = compare(bold, cautious)
    cleared = found['normal, called "no fracture"']
    assert cleared.value == pytest.approx(0.5)
    assert 0 < cleared.low < 0.5 < cleared.high
    assert found['called "doubt"'].value == pytest.approx(-0.25)
    assert found['fractured, not called "no fracture"'].value == 0


def test_marks_are_compared_where_both_models_have_them():
    """Marks that are known of boxed films alone still tell average precision, but no FROC."""
    right = build_row(
        "right",
        called=lambda _: "doubt",
        marks=lambda n: None if n % 2 else (Mark(box=BOX, score=0.5),),
    )
    wrong = build_row(
        "wrong", called=lambda _: "doubt", marks=lambda _: (Mark(box=(50, 50, 60, 60), score=0.5),)
    )
    found = compare(right, wrong)
    assert found["ap50, fractured films"].value == 1.0
    assert "lesions found at 0.5 false marks per film" not in found
    assert "pointing game, strict" in found


def test_areas_are_compared_by_pairs():
    """A model that ranks all pairs rightly gains all that the other loses."""
    good = [float(n % 2 == 0) for n in range(N)]
    mixed = [float(7 * n % N) for n in range(N)]
    better = build_row("better", called=lambda _: "doubt", logits=good)
    worse = build_row("worse", called=lambda _: "doubt", logits=mixed)
    found = compare(better, worse)["auroc"]
    right = sum(mixed[yes] > mixed[no] for yes in range(0, N, 2) for no in range(1, N, 2))
    assert found.value == pytest.approx(1 - right / 144)
    assert found.p < 0.001
    assert found.low < found.value < found.high


def test_the_deletion_test_counts_the_films_that_were_covered():
    """Films that nobody covered add nothing, above or below."""
    one = build_row("one", called=lambda _: "doubt", deletion=0.3)
    other = build_row("other", called=lambda _: "doubt", deletion=0.1)
    assert compare(one, other)["deletion, better than chance by"].value == pytest.approx(0.2)
    none = build_row("none", called=lambda _: "doubt")
    assert "deletion, better than chance by" not in compare(one, none)


def test_a_number_that_a_model_lacks_has_no_difference():
    """A release that promises nothing clears no film: that is no tie in fractures kept."""
    name = 'fractured, not called "no fracture"'
    sure = build_row("b", called=lambda n: "no fracture" if n % 2 else "fracture")
    doubting = build_row("a", called=lambda n: "doubt")
    assert name in compare(doubting, sure)
    silent = doubting.model_copy(update={"missing": {name: "its promise is not certified"}})
    assert name not in compare(silent, sure)
    assert name not in compare(sure.model_copy(update={"name": "c"}), silent)
