"""What films show: copies in groups, labels and splits that cross them, another collection's."""

from collections import Counter

import numpy as np
import pytest
from tests.films import draw_film, list_films, turn_film, write_film

from osteon.audit.examination import examine_films
from osteon.audit.films import look_at_films
from osteon.audit.run import find_flaws
from osteon.collection.flaws import summarise_audit
from osteon.collection.manifest import Manifest
from osteon.terms import Flaw


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Nine films of four pictures.

    Picture one: itself, an identical file, the same pixels as TIFF, a turned copy under the other
    label and in another split, and a mirrored one. Two others stand alone; the fourth is twice
    the same file, under two labels.
    """
    root = tmp_path_factory.mktemp("films")
    one = draw_film(1)
    write_film(root / "one.png", one)
    (root / "one again.png").write_bytes((root / "one.png").read_bytes())
    write_film(root / "one.tif", one)
    write_film(root / "one turned.png", turn_film(one, 37))
    write_film(root / "one mirrored.png", turn_film(one, -110, is_mirrored=True))
    write_film(root / "two.png", draw_film(2))
    write_film(root / "three.png", draw_film(3))
    write_film(root / "four.png", draw_film(4))
    (root / "four again.png").write_bytes((root / "four.png").read_bytes())
    facts: dict[str, dict[str, object]] = {
        path.name: {"published_split": "train", "collection": "drawn"} for path in root.iterdir()
    }
    facts["one turned.png"] |= {"has_fracture": True, "published_split": "test"}
    facts["four again.png"] |= {"has_fracture": True}
    facts["three.png"] |= {"published_split": "test"}
    return list_films(root, facts)


@pytest.fixture(scope="module")
def flaws(collection: Manifest) -> tuple[Flaw, ...]:
    return audit(collection)


def audit(manifest: Manifest, other: Manifest | None = None, **how) -> tuple[Flaw, ...]:
    theirs = None if other is None else (other, look_at_films(other))
    seen = examine_films(manifest, look_at_films(manifest), other=theirs, **how)
    return find_flaws(manifest, seen)


def only(flaws, rule):
    return [flaw for flaw in flaws if flaw.rule == rule]


def test_one_flaw_tells_a_whole_group(flaws):
    """All members are listed, identical files and identical pixels included."""
    (group,) = only(flaws, "same-picture")
    assert group.films == (
        "one again.png",
        "one mirrored.png",
        "one turned.png",
        "one.png",
        "one.tif",
    )
    evidence = group.evidence
    assert (evidence["n_films"], evidence["n_files"]) == (5, 4)
    assert (evidence["n_fractured"], evidence["n_not_fractured"]) == (1, 4)
    assert evidence["n_links"] == len(evidence["links"]) >= 2
    assert {link[end] for link in evidence["links"] for end in "ab"} == {
        "one again.png",
        "one mirrored.png",
        "one turned.png",
    }


def test_a_link_says_how_one_film_became_the_other(flaws):
    """The mirror and the turn are told, and the matrix lays one film on the other."""
    (group,) = only(flaws, "same-picture")
    for link in group.evidence["links"]:
        assert link["is_mirrored"] == ("one mirrored.png" in {link["a"], link["b"]})
        assert not link["is_inverted"]
        assert link["scale"] == pytest.approx(1, abs=0.01)
        assert 0 <= link["residual"] < 0.1
        assert 0.5 < link["overlap"] <= 1
        matrix = np.array(link["matrix"])
        assert matrix.shape == (2, 3)
        assert np.linalg.det(matrix[:, :2]) * (-1 if link["is_mirrored"] else 1) > 0.95


def test_identical_pixels_are_told_apart_from_identical_files(flaws):
    """Two files of one picture are identical pixels; two names of one file are identical files."""
    (pixels,) = only(flaws, "identical-pixels")
    assert pixels.films == ("one again.png", "one.png", "one.tif")
    assert (pixels.evidence["n_films"], pixels.evidence["n_files"]) == (3, 2)
    assert [flaw.films for flaw in only(flaws, "identical-files")] == [
        ("four again.png", "four.png"),
        ("one again.png", "one.png"),
    ]


def test_copies_under_two_labels_are_one_flaw_for_each_picture(flaws):
    """A turned copy under another label is found, with links; identical files have none."""
    four, one = only(flaws, "same-picture-two-labels")
    assert (four.films, four.evidence["links"]) == (("four again.png", "four.png"), [])
    assert len(one.films) == 5
    assert one.evidence["has_fracture"] == [path == "one turned.png" for path in one.films]
    assert len(one.evidence["links"]) >= 2


def test_a_turned_copy_in_another_split_is_a_leak(collection, flaws):
    """The published splits are asked, and the summary counts the films and their share."""
    (leak,) = only(flaws, "copies-across-splits")
    assert leak.evidence["splits"] == {"train": 4, "test": 1}
    assert leak.evidence["share_of_test"] == 0.5
    seen = examine_films(collection, look_at_films(collection))
    summary = summarise_audit(collection, flaws, seen.summarise())
    assert (summary.n_pictures, summary.n_not_seen) == (4, 0)
    assert summary.leaks["test"].n_leaking == 1
    assert summary.shortcut == {}


def test_groups_keep_copies_together(collection):
    """Every film has a group, and the copies of a picture share theirs."""
    seen = examine_films(collection, look_at_films(collection))
    groups = {row.path: row.group for row in seen.grouped.rows}
    sizes = sorted(Counter(groups.values()).values())
    assert sizes == [1, 1, 2, 5]
    assert seen.pictures["one.tif"] == "one again.png"


def test_nothing_depends_on_workers_or_the_order_of_rows(collection, flaws):
    """One worker or three, rows forwards or backwards: the same flaws."""
    assert audit(collection, workers=1) == audit(collection, workers=3) == flaws
    turned = Manifest(rows=tuple(reversed(collection.rows)), root=collection.root)
    assert audit(turned) == flaws


def test_films_that_cannot_be_seen_are_flaws_and_in_no_group(tmp_path):
    """A copy that is gone is told of, and the groups speak of what is there."""
    film = draw_film(1)
    for name, grey in (("a.png", film), ("b.png", turn_film(film, 20)), ("c.png", draw_film(2))):
        write_film(tmp_path / name, grey)
    manifest = list_films(tmp_path, ["a.png", "b.png", "c.png"])
    (tmp_path / "a.png").unlink()
    flaws = audit(manifest)
    (gone,) = only(flaws, "changed-since-import")
    assert (gone.films, "no such file" in gone.evidence["reason"]) == (("a.png",), True)
    assert not only(flaws, "same-picture")


def test_of_identical_films_the_one_that_is_gone_is_in_no_group_of_copies(tmp_path):
    """The films that are there stand for the picture; the manifest alone still names the other."""
    write_film(tmp_path / "a.png", draw_film(1))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    write_film(tmp_path / "c.png", turn_film(draw_film(1), 30))
    manifest = list_films(tmp_path, ["a.png", "b.png", "c.png"])
    (tmp_path / "a.png").unlink()
    flaws = audit(manifest)
    (group,) = only(flaws, "same-picture")
    assert group.films == ("b.png", "c.png")
    (link,) = group.evidence["links"]
    assert (link["a"], link["b"]) == ("b.png", "c.png")
    assert only(flaws, "identical-files")[0].films == ("a.png", "b.png")


def test_equal_films_on_which_nothing_stands_out_are_met_elsewhere(tmp_path):
    """A blank film is one picture in both collections, though there is nothing to align."""
    blank = np.full((90, 70), 7, dtype=np.uint8)
    for name in ("ours", "theirs"):
        write_film(tmp_path / name / f"{name}.png", blank)
    ours, theirs = (list_films(tmp_path / name, [f"{name}.png"]) for name in ("ours", "theirs"))
    (flaw,) = only(audit(ours, theirs), "copy-in-other-collection")
    assert flaw.evidence["other"] == ["theirs.png"]
    assert flaw.evidence["other_collection"] == "theirs"


def test_another_collection_s_copies_are_told_with_their_films(tmp_path, collection):
    """Copies in the other are one flaw for each of our pictures; equal files and pixels count."""
    other = tmp_path / "other"
    write_film(other / "turned.png", turn_film(draw_film(2), 75))
    write_film(other / "same pixels.bmp", draw_film(3))
    (other / "again.bmp").parent.mkdir(exist_ok=True)
    (other / "again.bmp").write_bytes((other / "same pixels.bmp").read_bytes())
    write_film(other / "new.png", draw_film(50))
    known = {"collection": "elsewhere", "published_split": "tune"}
    names = ("turned.png", "same pixels.bmp", "again.bmp", "new.png")
    theirs = list_films(other, dict.fromkeys(names, known))
    found = only(audit(collection, theirs), "copy-in-other-collection")
    three, two = found
    assert (three.films, two.films) == (("three.png",), ("two.png",))
    assert three.evidence["other"] == ["again.bmp", "same pixels.bmp"]
    assert three.evidence["splits"] == {"test": 1}
    assert three.evidence["other_splits"] == {"tune": 2}
    assert three.evidence["other_collection"] == "elsewhere"
    assert three.evidence["links"][0]["residual"] == 0
    assert two.evidence["links"][0]["a"] == "two.png"
    assert two.evidence["links"][0]["b"] == "turned.png"
    seen = examine_films(
        collection, look_at_films(collection), other=(theirs, look_at_films(theirs))
    )
    against = seen.summarise().against
    assert against is not None
    assert (against.n_films, against.n_with_copy, against.n_other_films) == (9, 2, 4)
    assert (against.n_other_with_copy, against.share) == (3, 2 / 9)


def test_a_collection_that_shares_nothing_has_no_such_flaw(tmp_path, collection):
    """Nothing in common is said as a number, not as a flaw."""
    write_film(tmp_path / "new.png", draw_film(60))
    theirs = list_films(tmp_path, ["new.png"])
    assert not only(audit(collection, theirs), "copy-in-other-collection")
