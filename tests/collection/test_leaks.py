"""Leaks: groups on both sides of a split."""

from tests.rows import collection, film

from osteon.collection.leaks import find_any_leaks, find_leaks


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


def test_an_audits_copies_in_two_splits_are_a_leak_that_no_group_shows():
    """Two placed films that an audit calls one picture leak, whatever their groups say."""
    manifest = collection(
        film("a.png", group="g1", split="train"), film("b.png", group="g2", split="test")
    )
    assert not find_leaks(manifest)
    (leak,) = find_leaks(manifest, pictures={"a.png": "a.png", "b.png": "a.png"})
    assert (leak.rule, leak.films) == ("copies-across-splits", ("a.png", "b.png"))


def test_copies_of_one_patient_are_copies_where_an_audit_knows_them():
    """In one patient's group, an audit tells copies in two splits from different films."""
    manifest = collection(
        film("a.png", patient_key="p", group="g", split="train"),
        film("b.png", patient_key="p", group="g", split="test"),
        film("c.png", patient_key="p", group="g", split="train"),
    )
    across = {"a.png": "a.png", "b.png": "a.png", "c.png": "c.png"}
    within = {"a.png": "a.png", "b.png": "b.png", "c.png": "a.png"}
    assert [leak.rule for leak in find_leaks(manifest)] == ["patient-across-splits"]
    (leak,) = find_leaks(manifest, pictures=across)
    assert leak.rule == "copies-across-splits"
    (leak,) = find_leaks(manifest, pictures=within)
    assert leak.rule == "patient-across-splits"


def test_patients_joined_by_a_copy_in_one_split_are_a_patients_leak():
    """Where the only copy stays in one split, what crosses is the patient."""
    manifest = collection(
        film("a.png", patient_key="p", split="train"),
        film("b.png", patient_key="q", split="train"),
        film("c.png", patient_key="q", split="test"),
    )
    (leak,) = find_leaks(manifest, pictures={"a.png": "a.png", "b.png": "a.png", "c.png": "c.png"})
    assert leak.rule == "patient-across-splits"
    assert leak.films == ("a.png", "b.png", "c.png")


def test_a_published_split_is_asked_with_an_audits_copies_too():
    """Copies that only an audit knows are found in the published splits as well."""
    manifest = collection(
        film("a.png", published_split="train"), film("b.png", published_split="test")
    )
    (leak,) = find_any_leaks(manifest, pictures={"a.png": "a.png", "b.png": "a.png"})
    assert leak.evidence["split_column"] == "published_split"
