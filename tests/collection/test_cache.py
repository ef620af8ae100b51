import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osteon.collection.cache import build_cache
from osteon.collection.manifest import Manifest
from osteon.errors import ManifestFault, OutputFault
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import fit_pixels
from osteon.release import Preparation
from osteon.terms import ManifestRow

SMALL = Preparation(rows=32, columns=24)


def row_of(root: Path, path: str) -> ManifestRow:
    sha256 = hashlib.sha256((root / path).read_bytes()).hexdigest()
    return ManifestRow(
        path=path, film_id=sha256[:16], sha256=sha256, rows=60, columns=48, has_fracture=False
    )


@pytest.fixture
def manifest(tmp_path) -> Manifest:
    root = tmp_path / "films"
    root.mkdir()
    for k in range(7):
        pixels = draw_phantom(k, has_fracture=k % 2 == 0, rows=60, columns=48).radiograph.pixels
        Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(root / f"{k}.png")
    return Manifest(rows=tuple(row_of(root, f"{k}.png") for k in range(7)), root=root)


def files_in(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def test_a_cached_film_is_what_preparing_it_gives(manifest, tmp_path):
    """Every film stands in the manifest's order, prepared as reading would prepare it."""
    cache = build_cache(manifest, SMALL, tmp_path / "cache")
    assert cache.paths == tuple(row.path for row in manifest.rows)
    assert cache.set_aside == ()
    assert cache.how == SMALL
    assert cache.pixels.shape == (7, 32, 24)
    assert cache.pixels.dtype == np.uint8
    for path, pixels in zip(cache.paths, cache.pixels, strict=True):
        alone = fit_pixels(read_film(manifest.root / path), SMALL)
        np.testing.assert_array_equal(pixels, alone)


def test_the_array_is_memory_mapped_and_cannot_be_changed(manifest, tmp_path):
    """The films stay on disk until they are used, and nobody writes into them."""
    cache = build_cache(manifest, SMALL, tmp_path / "cache")
    assert isinstance(cache.pixels, np.memmap)
    assert not cache.pixels.flags.writeable


def test_a_second_call_decodes_nothing(manifest, tmp_path):
    """What is cached is opened again, even when the films have gone since."""
    seen: list[tuple[str, int, int]] = []
    first = build_cache(
        manifest, SMALL, tmp_path / "cache", progress=lambda *step: seen.append(step)
    )
    assert [done for _, done, _ in seen] == list(range(1, 8))
    assert {total for _, _, total in seen} == {7}
    for row in manifest.rows:
        (manifest.root / row.path).unlink()
    second = build_cache(
        manifest, SMALL, tmp_path / "cache", progress=lambda *step: seen.append(step)
    )
    assert len(seen) == 7
    np.testing.assert_array_equal(first.pixels, second.pixels)


def test_another_preparation_or_another_film_is_another_cache(manifest, tmp_path):
    """Settings, names, contents and states each make a cache of their own."""
    folder = tmp_path / "cache"
    build_cache(manifest, SMALL, folder)
    build_cache(manifest, Preparation(rows=32, columns=24, fit="squash"), folder)
    build_cache(replace(manifest, rows=manifest.rows[:6]), SMALL, folder)
    cut = replace(manifest.rows[0], state="truncated")
    build_cache(replace(manifest, rows=(cut, *manifest.rows[1:])), SMALL, folder)
    assert len(list(folder.glob("*.npy"))) == 4


def test_films_that_cannot_be_used_are_set_aside_with_their_reason(manifest, tmp_path):
    """A missing, a changed, a truncated and an undecodable film never stop the build."""
    root = manifest.root
    (root / "1.png").unlink()
    (root / "2.png").write_bytes((root / "3.png").read_bytes())
    (root / "4.png").write_bytes(b"not a film")
    (root / "6.png").unlink()
    (root / "6.png").mkdir()
    rows = list(manifest.rows)
    rows[4] = row_of(root, "4.png")
    rows[5] = replace(rows[5], state="truncated", state_reason="cut short")
    cache = build_cache(replace(manifest, rows=tuple(rows)), SMALL, tmp_path / "cache")
    assert cache.paths == ("0.png", "3.png")
    assert cache.pixels.shape == (2, 32, 24)
    reasons = {aside.path: aside.reason for aside in cache.set_aside}
    assert list(reasons) == ["1.png", "2.png", "4.png", "5.png", "6.png"]
    assert "missing" in reasons["1.png"]
    assert "changed" in reasons["2.png"]
    assert "JPEG, PNG, TIFF" in reasons["4.png"]
    assert reasons["5.png"] == "cut short"
    assert str(tmp_path) not in " ".join(reasons.values())


def test_a_film_that_came_back_is_cached_at_the_next_call(manifest, tmp_path):
    """A film that was missing, and is there again as it was imported, is no longer set aside."""
    away = tmp_path / "away.png"
    (manifest.root / "2.png").rename(away)
    assert len(build_cache(manifest, SMALL, tmp_path / "cache").set_aside) == 1
    away.rename(manifest.root / "2.png")
    assert build_cache(manifest, SMALL, tmp_path / "cache").set_aside == ()


def test_while_a_cache_is_built_anew_nothing_says_that_it_is_whole(manifest, tmp_path):
    """A rebuild first withdraws the old cache, so that two builds' halves never look like one."""
    away = tmp_path / "away.png"
    (manifest.root / "2.png").rename(away)
    build_cache(manifest, SMALL, tmp_path / "cache")
    away.rename(manifest.root / "2.png")
    tables: list[Path] = []
    build_cache(
        manifest,
        SMALL,
        tmp_path / "cache",
        progress=lambda *_: tables.extend((tmp_path / "cache").glob("*.json")),
    )
    assert tables == []


def test_a_collection_without_one_usable_film_is_a_fault(manifest, tmp_path):
    """Where every film is set aside, no empty cache is made; the fault names a reason."""
    for row in manifest.rows:
        (manifest.root / row.path).unlink()
    with pytest.raises(ManifestFault, match=r"0\.png: the file is missing"):
        build_cache(manifest, SMALL, tmp_path / "cache")
    with pytest.raises(ManifestFault):
        build_cache(replace(manifest, rows=()), SMALL, tmp_path / "cache")
    assert files_in(tmp_path / "cache") == []


def test_a_build_that_is_stopped_leaves_nothing_and_starts_again(manifest, tmp_path):
    """Ctrl-C in the middle leaves no half cache; the next call builds a whole one."""

    def stop(what: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_cache(manifest, SMALL, tmp_path / "cache", progress=stop)
    assert files_in(tmp_path / "cache") == []
    assert len(build_cache(manifest, SMALL, tmp_path / "cache").paths) == 7


def test_what_a_killed_build_left_is_not_taken_for_a_cache(manifest, tmp_path):
    """An array without its table, a damaged table and an old part are built over or swept."""
    folder = tmp_path / "cache"
    build_cache(manifest, SMALL, folder)
    (table,) = folder.glob("*.json")
    (array,) = folder.glob("*.npy")
    whole = array.read_bytes()
    old, young = (folder / f".{array.name}.{age}.partial" for age in ("old", "young"))
    for damage in (None, b"{", b"[]", b'{"paths": ["0.png"], "set_aside": []}'):
        if damage is None:
            table.unlink()
        else:
            table.write_bytes(damage)
        array.write_bytes(whole[:100])
        old.write_bytes(b"half")
        os.utime(old, (time.time() - 7200,) * 2)
        young.write_bytes(b"being written by another process")
        assert len(build_cache(manifest, SMALL, folder).paths) == 7
        assert array.read_bytes() == whole
        assert not old.exists()
        assert young.exists()


def test_a_place_that_cannot_be_written_is_a_fault_of_the_output(manifest, tmp_path):
    """A file where the folder should be is refused with what was found and what is needed."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputFault, match="room for the decoded films") as told:
        build_cache(manifest, SMALL, tmp_path / "taken")
    assert "MB" in told.value.advice


def test_a_full_disk_is_a_fault_of_the_output_and_leaves_nothing(manifest, tmp_path):
    """When the disk is full, the build ends with a fault of the output, and without a part."""
    resource = pytest.importorskip("resource", reason="file size limits are POSIX only")
    folder = tmp_path / "cache"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        with pytest.raises(OutputFault):
            build_cache(manifest, SMALL, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_in(folder) == []


def test_order_holds_when_there_are_many_more_films_than_threads(manifest, tmp_path):
    """Hundreds of films decoded side by side stand in the manifest's order."""
    rows = []
    for k in range(300):
        (manifest.root / f"copy-{k:03d}.png").hardlink_to(manifest.root / f"{k % 7}.png")
        rows.append(replace(manifest.rows[k % 7], path=f"copy-{k:03d}.png"))
    cache = build_cache(replace(manifest, rows=tuple(rows)), SMALL, tmp_path / "cache")
    assert cache.paths == tuple(row.path for row in rows)
    for k in range(7):
        assert (cache.pixels[k::7] == cache.pixels[k]).all()


@pytest.mark.shared
def test_real_films_are_cached_and_truncated_ones_set_aside(shared, tmp_path):
    """Of real films, each is cached or set aside for being cut, and none stops the build."""
    root = shared / "fracatlas" / "images" / "Non_fractured"
    paths = sorted(path.name for path in root.glob("IMG00040[0-9][0-9].jpg"))
    manifest = Manifest(rows=tuple(row_of(root, path) for path in paths), root=root)
    cache = build_cache(manifest, SMALL, tmp_path / "cache")
    assert len(cache.paths) + len(cache.set_aside) == len(paths)
    assert cache.set_aside
    assert {aside.reason for aside in cache.set_aside} == {
        "must hold the whole picture; found a file that was cut short"
    }
