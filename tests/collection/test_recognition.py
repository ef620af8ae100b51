"""Films that a release was made of are known again among others, and others are not."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.films import draw_film, list_film, list_films, write_film

from osteon.collection.manifest import Manifest
from osteon.collection.recognition import (
    Recognised,
    build_list,
    identify_films,
    identify_own_films,
    recognise_files,
    recognise_films,
)

SPLITS = ("train", "tune", "test")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Nine films that a release was made of, three of each split."""
    root = tmp_path_factory.mktemp("own")
    for number in range(9):
        write_film(root / f"{number}.png", draw_film(number))
    facts = {f"{number}.png": {"split": SPLITS[number // 3]} for number in range(9)}
    return list_films(root, facts)


@pytest.fixture(scope="module")
def listed(own):
    """What a release keeps of them."""
    return build_list(identify_own_films(own))


def recognise(manifest, listed):
    rows = manifest.rows
    found = recognise_films(identify_films(manifest, rows), listed)
    return {row.path: one for row, one in zip(rows, found, strict=True)}


def test_copies_of_every_kind_are_known_and_strangers_are_not(own, listed, tmp_path):
    """The same file, the same pixels, a re-saved mirror: known; a film of its own: not."""
    (tmp_path / "file.png").write_bytes((own.root / "0.png").read_bytes())
    Image.fromarray(draw_film(1)).save(tmp_path / "pixels.bmp")
    mirrored = np.ascontiguousarray(draw_film(4)[:, ::-1])
    Image.fromarray(mirrored).resize((150, 180)).save(tmp_path / "look.jpg", quality=70)
    Image.fromarray(draw_film(7)).save(tmp_path / "tested.jpg", quality=80)
    write_film(tmp_path / "stranger.png", draw_film(100))
    names = ("file.png", "pixels.bmp", "look.jpg", "tested.jpg", "stranger.png")
    assert recognise(list_films(tmp_path, names), listed) == {
        "file.png": Recognised(role="train", by="file"),
        "pixels.bmp": Recognised(role="train", by="pixels"),
        "look.jpg": Recognised(role="tune", by="look"),
        "tested.jpg": Recognised(role="test", by="look"),
        "stranger.png": None,
    }


def test_each_of_its_films_keeps_its_role(own, listed):
    """A release's own collection is known file by file, whatever its films look like."""
    found = recognise(own, listed)
    assert {path: one.role for path, one in found.items()} == {
        row.path: row.split for row in own.rows
    }
    assert recognise_files(own.rows, listed) == {f"{number}.png" for number in range(6)}


def test_where_one_film_was_two_things_the_gravest_counts(own):
    """A file that stands in train and in test was learnt from."""
    row = own.rows[0]
    with_leak = replace(own, rows=(row, replace(row, path="again.png", split="test")))
    (own.root / "again.png").write_bytes((own.root / row.path).read_bytes())
    both = build_list(identify_own_films(with_leak))
    assert both.describe().train == both.describe().test == 1
    assert recognise(replace(own, rows=(row,)), both)[row.path].role == "train"


def test_a_film_that_is_gone_or_changed_is_listed_by_its_file(own, tmp_path):
    """Its hash in the manifest is what was learnt from; what lies there now is another film."""
    for number in range(3):
        write_film(tmp_path / f"{number}.png", draw_film(50 + number))
    there = list_films(tmp_path, {f"{number}.png": {"split": "train"} for number in range(3)})
    (tmp_path / "0.png").unlink()
    write_film(tmp_path / "1.png", draw_film(90))
    listed = build_list(identify_own_films(there))
    assert (listed.describe().train, listed.describe().n_without_look) == (3, 2)
    write_film(tmp_path / "again" / "0.png", draw_film(50))
    write_film(tmp_path / "again" / "1.png", draw_film(90))
    found = recognise(list_films(tmp_path / "again", ("0.png", "1.png")), listed)
    assert found["0.png"] == Recognised(role="train", by="file")
    assert found["1.png"] is None


def test_a_collection_without_splits_was_learnt_from_whole(own):
    """Who names the films of a foreign network's training need not have split them."""
    rows = tuple(replace(row, split=None) for row in own.rows)
    assert build_list(identify_own_films(replace(own, rows=rows))).describe().train == 9


def test_blank_films_and_broken_ones_are_like_no_other(tmp_path):
    """Two blank films are no copies by their look, and a file that will not open is its file."""
    for name, grey in (("a.png", 7), ("b.png", 9)):
        Image.fromarray(np.full((60, 50), grey, np.uint8)).save(tmp_path / name)
    first = list_films(tmp_path, {"a.png": {"split": "train"}})
    listed = build_list(identify_own_films(first))
    second = list_films(tmp_path, ("b.png",))
    assert recognise(second, listed)["b.png"] is None
    buffer = io.BytesIO()
    Image.fromarray(draw_film(3)).save(buffer, "PNG")
    (tmp_path / "b.png").write_bytes(buffer.getvalue()[:200])
    assert recognise(Manifest(rows=second.rows, root=tmp_path), listed)["b.png"] is None
    row = replace(list_film(tmp_path, "a.png"), path="gone.png")
    assert recognise(Manifest(rows=(row,), root=tmp_path), listed)["gone.png"].by == "file"
