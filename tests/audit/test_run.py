"""The audit: each rule finds its flaw, and nothing in a clean collection."""

import json
import time
from collections import Counter
from dataclasses import replace

import pytest
from tests.rows import collection, film

from osteon.audit.run import RULES, find_flaws
from osteon.collection.flaws import summarise_audit
from osteon.terms import Flaw, ManifestRow


def audit(*rows: ManifestRow) -> tuple[Flaw, ...]:
    return find_flaws(collection(*rows))


def test_a_clean_collection_has_no_flaws():
    """Whole, different, agreeing films in separate splits have no flaw."""
    assert not audit(
        film(
            "a.png",
            split="train",
            has_fracture_in_table=True,
            annotation_rows=100,
            annotation_columns=80,
            boxes=((0.0, 0.0, 80.0, 100.0),),
            polygons=(((1.0, 1.0), (5.0, 1.0), (5.0, 5.0)),),
        ),
        film("b.png", split="test", has_fracture=False, has_fracture_in_table=False),
    )


@pytest.mark.parametrize("state", ["unreadable", "truncated", "torn"])
def test_films_that_are_not_whole_are_named_with_their_reason(state):
    """A film that does not decode whole is a flaw, with the reason the import gave."""
    (flaw,) = audit(film("a.png", state=state, state_reason="ends early"), film("b.png"))
    assert (flaw.rule, flaw.films) == (state, ("a.png",))
    assert flaw.evidence == {"reason": "ends early"}


def test_identical_files_are_one_flaw_per_set():
    """Three copies are one flaw that lists all three; empty files are no pictures to repeat."""
    (flaw,) = audit(
        film("c.png", content="x"),
        film("a.png", content="x"),
        film("b.png", content="x"),
        film("e.png", content="", state="readable"),
    )
    assert flaw.rule == "identical-files"
    assert flaw.films == ("a.png", "b.png", "c.png")
    assert len(set(flaw.film_ids)) == 1
    unreadable = [film(name, content="x", state="unreadable") for name in ("a.png", "b.png")]
    assert {flaw.rule for flaw in audit(*unreadable)} == {"unreadable"}


def test_one_picture_under_two_labels():
    """Copies under both labels are a flaw that says which film carries which label."""
    flaws = audit(film("a.png", content="x"), film("b.png", content="x", has_fracture=False))
    flaw = next(flaw for flaw in flaws if flaw.rule == "same-picture-two-labels")
    assert flaw.evidence == {
        "n_fractured": 1,
        "n_not_fractured": 1,
        "has_fracture": [True, False],
        "links": [],
    }


def test_published_splits_are_looked_at_where_there_are_no_others():
    """A collection that was not split yet is asked about the splits it was published with."""
    rows = [
        film("a.png", content="x", published_split="train"),
        film("b.png", content="x", published_split="test"),
    ]
    flaw = next(flaw for flaw in audit(*rows) if flaw.rule == "copies-across-splits")
    assert flaw.evidence["split_column"] == "published_split"
    own = [replace(row, split="train") for row in rows]
    assert all(flaw.rule != "copies-across-splits" for flaw in audit(*own))


def test_a_table_that_contradicts_the_folder():
    """Where folder and table disagree, the audit says what each of them claims."""
    (flaw,) = audit(film("a.png", has_fracture_in_table=False))
    assert flaw.rule == "label-contradicts-folder"
    assert flaw.evidence == {"has_fracture_by_folder": True, "has_fracture_in_table": False}


def test_an_annotation_made_on_another_size():
    """An annotation of another size is a flaw; turned by a quarter, it says so."""
    (flaw,) = audit(film("a.png", annotation_rows=80, annotation_columns=100))
    assert flaw.rule == "annotation-size-mismatch"
    assert flaw.evidence["is_transposed"] is True


@pytest.mark.parametrize(
    ("box", "is_outside"),
    [
        ((-1.0, 0.0, 81.0, 101.0), False),
        ((-1.5, 0.0, 10.0, 10.0), True),
        ((0.0, 0.0, 82.0, 10.0), True),
        ((0.0, 0.0, 10.0, 102.0), True),
        ((0.0, -2.0, 10.0, 10.0), True),
    ],
)
def test_a_box_outside_its_film(box, is_outside):
    """A box, or a polygon, that reaches more than a pixel beyond the film is a flaw."""
    flaws = audit(film("a.png", boxes=(box,)))
    assert [flaw.rule for flaw in flaws] == ["box-outside-film"] * is_outside
    left, top, right, bottom = box
    polygon = ((left, top), (right, top), (right, bottom))
    assert len(audit(film("a.png", polygons=(polygon,)))) == is_outside


def test_a_box_on_a_film_without_a_fracture():
    """A marked fracture on a film without one is a contradiction."""
    (flaw,) = audit(film("a.png", has_fracture=False, boxes=((1.0, 1.0, 5.0, 5.0),)))
    assert flaw.rule == "box-on-negative"


def test_missing_boxes_count_only_where_most_fractures_are_marked():
    """One unmarked fracture among marked ones is a flaw; a collection without boxes is not."""
    marked = [film(f"{n}.png", boxes=((1.0, 1.0, 5.0, 5.0),), collection="A") for n in range(3)]
    unmarked = [film(f"plain{n}.png", collection="B") for n in range(9)]
    (flaw,) = audit(*marked, *unmarked, film("bare.png", collection="A"))
    assert (flaw.rule, flaw.films) == ("no-box-on-positive", ("bare.png",))
    assert flaw.evidence == {"n_without": 1, "n_fractured": 4}


def test_ten_thousand_identical_films_do_not_explode():
    """Ten thousand copies are a handful of flaws, found in seconds and not in pairs."""
    rows = [
        film(
            f"{number:05}.png",
            content="black",
            has_fracture=number % 2 == 0,
            published_split=("train", "test")[number % 2],
        )
        for number in range(10_000)
    ]
    start = time.perf_counter()
    flaws = audit(*rows)
    assert time.perf_counter() - start < 5
    assert Counter(flaw.rule for flaw in flaws) == {
        "identical-files": 1,
        "same-picture-two-labels": 1,
        "copies-across-splits": 1,
    }


def test_the_evidence_is_plain_json_and_the_summary_counts_it():
    """Every flaw goes through JSON unchanged, and the summary's shares keep their denominators."""
    manifest = collection(
        film("a.png", content="x", published_split="train"),
        film("b.png", content="x", published_split="test", has_fracture=False),
        film("c.png", published_split="test", boxes=((-9.0, 0.0, 4.0, 4.0),)),
        film("d.png", state="truncated", published_split="test"),
    )
    flaws = find_flaws(manifest)
    for flaw in flaws:
        assert json.loads(json.dumps(flaw.evidence)) == flaw.evidence
        assert flaw.advice.endswith(".")
    summary = summarise_audit(manifest, flaws)
    assert (summary.n_films, summary.n_distinct_files, summary.n_readable) == (4, 3, 3)
    assert (summary.leaks["test"].n_leaking, summary.leaks["test"].n_films) == (1, 2)
    assert summary.leaks["test"].share == 0.5
    assert summary.rules["copies-across-splits"].n_films == 2
    assert set(summary.rules) <= {rule.name for rule in RULES if rule.find}


def test_the_order_of_the_rows_plays_no_part():
    """The same films listed in another order have the same flaws."""
    rows = [film(f"{n}.png", content=str(n % 3), split=("train", "test")[n % 2]) for n in range(9)]
    assert audit(*rows) == audit(*reversed(rows))
