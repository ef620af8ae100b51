"""Pictures whose copies stand under both labels."""

from tests.rows import collection, film

from osteon.audit.rules.two_labels import find_two_labels


def test_a_picture_under_two_labels_is_named_with_all_its_copies_and_links():
    """All copies are listed, also those that agree; pictures of one label are no flaw."""
    manifest = collection(
        film("a.png"),
        film("b.png", has_fracture=False),
        film("c.png"),
        film("d.png"),
        film("e.png"),
        film("broken.png", state="unreadable", has_fracture=False),
    )
    pictures = dict.fromkeys(("a.png", "b.png", "c.png"), "a.png")
    pictures |= dict.fromkeys(("d.png", "e.png"), "d.png")
    links = {"a.png": [{"a": "a.png", "b": "b.png"}], "d.png": [{"a": "d.png", "b": "e.png"}]}
    (flaw,) = find_two_labels(manifest, pictures, links=links)
    assert (flaw.rule, flaw.films) == ("same-picture-two-labels", ("a.png", "b.png", "c.png"))
    assert flaw.evidence == {
        "n_fractured": 2,
        "n_not_fractured": 1,
        "has_fracture": [True, False, True],
        "links": links["a.png"],
    }


def test_without_links_the_evidence_holds_none():
    """Where only files were compared, nothing was laid on anything."""
    manifest = collection(film("a.png"), film("b.png", has_fracture=False))
    (flaw,) = find_two_labels(manifest, dict.fromkeys(("a.png", "b.png"), "a.png"))
    assert flaw.evidence["links"] == []
