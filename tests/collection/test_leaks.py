"""Leaks: groups on both sides of a split."""

import hashlib
from pathlib import Path
from typing import Any

from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.terms import ManifestRow


def film(path: str, *, content: str | None = None, **facts: Any) -> ManifestRow:
    sha256 = hashlib.sha256((content or path).encode()).hexdigest()
    known = {"rows": 100, "columns": 80, "has_fracture": True} | facts
    return ManifestRow(path=path, film_id=sha256[:16], sha256=sha256, **known)


def collection(*rows: ManifestRow) -> Manifest:
    return Manifest(rows=rows, root=Path("films"))


def test_copies_in_two_splits_are_one_leak_with_its_share_of_the_test_split():
    """Three copies in train and test are one leak, which says how much of the test split it is."""
    (leak,) = find_leaks(
        collection(
            film("a.png", content="wrist", split="train"),
            film("b.png", content="wrist", split="train"),
            film("c.png", content="wrist", split="test"),
            *(film(f"t{number}.png", split="test") for number in range(3)),
        )
    )
    assert leak.rule == "copies-across-splits"
    assert leak.films == ("a.png", "b.png", "c.png")
    assert leak.evidence["splits"] == {"train": 2, "test": 1}
    assert leak.evidence["split_of_film"] == ["train", "train", "test"]
    assert (leak.evidence["test_films"], leak.evidence["test_films_total"]) == (1, 4)
    assert leak.evidence["share_of_test"] == 0.25


def test_a_group_made_elsewhere_leaks_too():
    """Films that only the group column ties are a leak when they stand in two splits."""
    (leak,) = find_leaks(
        collection(film("a.png", group="g", split="tune"), film("b.png", group="g", split="train"))
    )
    assert leak.rule == "copies-across-splits"
    assert leak.evidence["share_of_test"] is None


def test_one_patient_in_two_splits_has_a_name_of_its_own():
    """Different films of one patient in two splits are a patient's leak, not a copy's."""
    rows = [
        film("a.png", patient_key="p", split="train"),
        film("b.png", patient_key="p", split="test"),
    ]
    (leak,) = find_leaks(collection(*rows))
    assert leak.rule == "patient-across-splits"
    copies = [film(row.path, content="x", patient_key="p", split=row.split) for row in rows]
    (leak,) = find_leaks(collection(*copies))
    assert leak.rule == "copies-across-splits"


def test_published_splits_and_films_without_a_place_do_not_leak():
    """Training asks about the splits it uses: published ones and unplaced films do not count."""
    assert not find_leaks(
        collection(
            film("a.png", content="x", published_split="train"),
            film("b.png", content="x", published_split="test"),
            film("c.png", content="y", split="train"),
            film("d.png", content="y"),
            film("e.png", content="y", split="test", state="truncated"),
        )
    )
