"""Flaws and their summary."""

from pathlib import Path

from osteon.collection.flaws import build_flaw, choose_split_column, read_split, summarise_audit
from osteon.collection.manifest import Manifest
from osteon.terms import ManifestRow


def row(path: str, **facts: object) -> ManifestRow:
    return ManifestRow(
        path=path,
        film_id=path * 16,
        sha256=path * 64,
        rows=1,
        columns=1,
        has_fracture=True,
        **facts,
    )


def test_a_flaw_names_its_films_in_order():
    """Films and their ids stand in the order of the paths, whatever order they were found in."""
    flaw = build_flaw("rule", [row("b"), row("a")], evidence={}, advice="Look.")
    assert flaw.films == ("a", "b")
    assert flaw.film_ids == ("a" * 16, "b" * 16)


def test_a_films_split_is_its_own_or_the_published_one_and_only_if_it_is_whole():
    """The manifest's own splits win over the published ones; a broken film stands in none."""
    published = row("a", published_split="test")
    placed = row("b", published_split="test", split="train")
    broken = row("c", split="train", state="truncated")
    assert choose_split_column(Manifest(rows=(published,), root=Path())) == "published_split"
    assert choose_split_column(Manifest(rows=(published, placed), root=Path())) == "split"
    assert choose_split_column(Manifest(rows=(row("d"),), root=Path())) is None
    assert read_split(placed, "split") == "train"
    assert read_split(placed, "published_split") == "test"
    assert read_split(broken, "split") is None


def test_a_collection_without_splits_has_no_leak_shares():
    """Where nothing is split, the summary claims nothing about leaks."""
    summary = summarise_audit(Manifest(rows=(row("a"),), root=Path()), ())
    assert (summary.split_column, summary.leaks, summary.rules) == (None, {}, {})
