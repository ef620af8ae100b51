"""Who takes part in a benchmark, and who is sent away, with the reason."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.releases import build_card, build_release
from tests.rows import collection, film

from osteon.errors import LeakFound, ManifestFault, SettingsFault
from osteon.evaluation.benchmark.entrants import (
    OTHER_COLLECTION,
    OTHER_PROMISES,
    check_films,
    choose_manifest,
    find_entrants,
)
from osteon.release.card import UNKNOWN_FILMS, Films
from osteon.runs import hash_manifest

ROWS = (
    film("a.png", split="train", group="g1", collection="drawn"),
    film("b.png", split="tune", group="g2", collection="drawn"),
    film("c.png", split="test", group="g3", collection="drawn"),
    film("d.png", split="test", group="g4", collection="drawn"),
)


def describe(manifest_sha256: str, name: str = "drawn") -> Films:
    return Films(
        split="train",
        collection=name,
        manifest_sha256=manifest_sha256,
        n_films=4,
        n_fractured=2,
        n_groups=4,
    )


def find(folder: Path, *, names: tuple[str, ...] = (), **card: object):
    path = build_release(folder, card=card)
    return find_entrants([path], names, collection(*ROWS))[0]


def test_a_run_on_the_same_split_is_welcome():
    """Where the films lie does not matter, and neither does their order."""
    check_films(ROWS, collection(*ROWS), where="runs/a")


def test_a_run_that_learnt_from_a_test_film_is_refused_with_its_name():
    """The film is found by its content, whatever it is called there."""
    learnt = replace(ROWS[2], path="renamed.png", split="train")
    with pytest.raises(LeakFound, match=r"1 of 2 that it has, such as c\.png"):
        check_films((*ROWS[:2], learnt), collection(*ROWS), where="runs/a")


def test_a_run_that_learnt_from_a_copy_of_a_test_film_is_refused():
    """Groups are those of the benchmark's own manifest."""
    copy = film("copy.png", split="train", group="g3", collection="drawn")
    ours = collection(*ROWS, replace(copy, split=None))
    with pytest.raises(LeakFound, match=r"1 of 2 that it has, such as c\.png"):
        check_films((*ROWS[:2], replace(copy, group="other")), ours, where="runs/a")


def test_another_split_is_told_film_by_film():
    """What differs is named and counted."""
    theirs = (replace(ROWS[0], split="tune"), *ROWS[1:3], film("e.png", split="test"))
    with pytest.raises(ManifestFault) as told:
        check_films(theirs, collection(*ROWS), where="runs/a")
    said = str(told.value)
    assert "1 film only in its manifest, such as e.png" in said
    assert "1 film only in the benchmark's, such as d.png" in said
    assert "1 film in another split, such as a.png" in said


def test_a_release_of_the_same_manifest_needs_no_word(tmp_path):
    """Its films are these, split as these."""
    ours = describe(hash_manifest(collection(*ROWS)))
    found = find(tmp_path, trained_on=ours, tested_on=ours, trained_on_phantoms=False)
    assert (found.name, found.kind, found.notes, found.epochs) == ("bright", "release", (), None)


def test_a_release_of_the_same_collection_otherwise_split_is_refused(tmp_path):
    """Its file lists no films, so nobody can tell whether it knows a test film."""
    with pytest.raises(LeakFound, match="nobody can tell"):
        find(tmp_path, trained_on=describe("1" * 64))


def test_a_release_of_another_collection_is_measured_and_said_to_be(tmp_path):
    """That is external validation."""
    found = find(tmp_path, trained_on=describe("1" * 64, "elsewhere"))
    assert found.notes == (OTHER_COLLECTION,)


def test_an_adopted_release_is_said_to_have_unknown_films(tmp_path):
    """What it learnt from is written nowhere."""
    assert build_card().trained_on is None
    assert find(tmp_path).notes == (UNKNOWN_FILMS, OTHER_PROMISES)


def test_models_need_names_of_their_own(tmp_path):
    """Two of a name would write the same row; a path is no name."""
    path = build_release(tmp_path)
    manifest = collection(*ROWS)
    with pytest.raises(SettingsFault, match="a name of its own; found 'bright'"):
        find_entrants([path, path], (), manifest)
    with pytest.raises(SettingsFault, match="must be given 2 times"):
        find_entrants([path, path], ("one",), manifest)
    with pytest.raises(SettingsFault, match="must be able to name a file"):
        find_entrants([path], ("a/b",), manifest)


def test_releases_alone_need_a_collection(tmp_path):
    """A release does not bring its films."""
    with pytest.raises(SettingsFault, match="--collection"):
        choose_manifest([build_release(tmp_path)], None)
