"""The audit's benchmark counts what is missed and what is wrong, on drawn films."""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osteon.audit.duplicates.descriptors import measure_fingerprint
from osteon.audit.duplicates.index import build_table
from osteon.audit.duplicates.search import Link
from osteon.collection.manifest import Manifest, write_manifest
from osteon.phantoms.phantom import draw_phantom
from osteon.terms import ManifestRow
from tests.scripts import load_script

N_FILMS = 6

benchmark = load_script("audit")
films, planted, hashed, growth, tables = (
    load_script(f"audit_{part}") for part in ("films", "planted", "hashes", "growth", "tables")
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of drawn films, all of one region and view."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for number in range(N_FILMS):
        drawn = draw_phantom(number, has_fracture=False, rows=256, columns=200 - 5 * number)
        grey = np.rint(drawn.radiograph.pixels * 255).astype(np.uint8)
        name = f"{number}.png"
        Image.fromarray(grey).save(folder / name)
        sha256 = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        rows.append(
            ManifestRow(
                path=name,
                film_id=sha256[:16],
                sha256=sha256,
                rows=grey.shape[0],
                columns=grey.shape[1],
                has_fracture=False,
                body_region=("hand",),
                view=("frontal",),
            )
        )
    path = folder / "manifest.parquet"
    write_manifest(Manifest(rows=tuple(rows), root=folder), path)
    return path


@pytest.fixture(scope="module")
def originals(manifest: Path):
    return films.read_originals(manifest, N_FILMS, workers=1)


def make_link(a: int, b: int, matrix: np.ndarray) -> Link:
    across, down = (tuple(float(value) for value in row) for row in matrix[:2])
    return Link(
        a=a,
        b=b,
        angle_deg=0.0,
        is_mirrored=False,
        scale=1.0,
        is_inverted=False,
        matrix=(across, down),
        residual=0.1,
        overlap=1.0,
    )


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["audit.py", *words])
    benchmark.main()


def test_planted_copies_are_sought_and_every_table_is_written(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """From a manifest come recall and precision with intervals, hard pairs and anchors."""
    words = ("--films", str(manifest), "--n", "6", "--pairs", "6", "--kinds", "1")
    run(monkeypatch, "planted", *words, "--workers", "1", "-o", str(tmp_path))
    page = (tmp_path / "planted.md").read_text("utf-8")
    for row in ("| all copies | 12 |", "| single steps | 6 |", "| turned | 90° |", "| combined |"):
        assert row in page
    for row in ("| pHash | 10 (usual", "| pHash, 8 orientations |", "| imagededup, CNN |"):
        assert row in page
    assert "6 hard pairs" in page
    assert "| turned | 90° | 100.00 % (60.97–100.00) | 0 | 0 | 0 |" in page
    raw = json.loads((tmp_path / "planted.json").read_text("utf-8"))
    assert raw["union"]["n_copies"] == 12
    assert [kind["strength"] for kind in raw["kinds"]] == ["90°", "every step at once"]


def test_a_link_between_two_pictures_counts_against_precision(originals):
    """One right link and one wrong one are a precision of one half."""
    kind = planted.Kind("turned", "by nothing", {})
    copies = planted.plant(originals, kind, seed=1, workers=1)
    first, second = originals.chosen[:2]
    n = len(originals.rows)
    links = [make_link(first, n, np.eye(3)), make_link(second, n, np.eye(3))]
    asked = [(first, n), (second, n)]
    hashes = hashed.measure_hashes(originals.greys)
    found = planted.judge(originals, kind, copies, asked, links, hashes)
    assert found.is_hit.tolist() == [True] + [False] * (len(originals.chosen) - 1)
    assert found.n_false.sum() == 1
    assert len(found.missed) == len(originals.chosen) - 1
    assert found.false_links[0]["a"] == originals.rows[second].path
    assert "| 2 | 50.00 % (9.45–90.55) |" in tables.tell_overall([found])
    assert found.errors[0] == pytest.approx([0.0, 0.0, 0.0], abs=1e-3)


def test_films_of_one_picture_are_not_measured_twice(manifest: Path, originals):
    """A link to a copy that the collection holds already is no false link."""
    kind = planted.Kind("turned", "by nothing", {})
    copies = planted.plant(originals, kind, seed=1, workers=1)
    first, second = originals.chosen[:2]
    pictures = originals.pictures.copy()
    pictures[second] = pictures[first]
    joined = replace(originals, pictures=pictures)
    n = len(originals.rows)
    hashes = hashed.measure_hashes(originals.greys)
    link = make_link(second, n, np.eye(3))
    found = planted.judge(joined, kind, copies, [(second, n)], [link], hashes)
    assert found.is_hit[0]
    assert not found.n_false.any()


def test_the_error_is_of_the_transform_and_not_of_the_picture():
    """A link that is turned by 3° too much and 2 % too large is off by so much."""
    turn = np.deg2rad(30.0)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, sin, 5.0], [-sin, cos, 7.0], [0.0, 0.0, 1.0]])
    link = replace(make_link(0, 1, matrix), angle_deg=33.0, scale=1.02)
    degrees, percent, aside = planted.measure_error(link, matrix, (200, 100))
    assert (degrees, percent, aside) == pytest.approx((3.0, 2.0, 0.0), abs=1e-6)


def test_eight_orientations_see_a_quarter_turn_that_a_plain_hash_does_not(originals):
    """A film turned by 90° is far from itself, and near over eight orientations."""
    hashes = hashed.measure_hashes(originals.greys)
    turned = [np.ascontiguousarray(np.rot90(originals.greys[n])) for n in originals.chosen]
    far = hashed.measure_distances(originals, turned, hashes).own
    assert np.median(far[0]) > 16
    assert far[1].max() <= 4


def test_the_anchor_is_given_the_widest_distance_that_keeps_it_precise():
    """Beyond it, wrong films are more than one in a hundred."""
    none = {"anchor": "pHash", "n_nearest_others": 0, "n_hard": 0}
    swept = [
        none | {"distance": 0, "n_found": 50},
        none | {"distance": 1, "n_found": 99, "n_hard": 1},
        none | {"distance": 2, "n_found": 100, "n_nearest_others": 2},
    ]
    assert hashed.choose_distance(swept, "pHash") == swept[1]
    assert hashed.choose_distance(swept, "another") is None


def test_made_films_hold_copies_that_the_search_proposes(originals, tmp_path: Path):
    """The copies among made fingerprints are found again, and the others are not alike."""
    table = build_table(measure_fingerprint(grey) for grey in originals.greys)
    base = tmp_path / "base.npz"
    np.savez(base, **{name: getattr(table, name) for name in table.__slots__})
    process = [sys.executable, growth.__file__, str(base), "300", "1"]
    done = growth.subprocess.run(process, check=True, capture_output=True, text=True)
    measured = json.loads(done.stdout)
    assert (measured["n_planted"], measured["n_found"]) == (3, 3)
    assert measured["n_pairs"] < 30
    assert measured["peak_bytes"] > measured["table_bytes"] > 0
    page = growth.tell_growth([measured, measured | {"n": 600}])
    assert "| 300 |" in page
    assert "planted pairs proposed" in page


def test_the_exponent_is_the_slope_on_logarithms():
    """Ten times the films in sixteen times the time grow by 1.2."""
    sizes = [{"n": n, "scaled_s": 3e-5 * n**1.2} for n in (1_000, 10_000, 100_000)]
    assert growth.fit_exponent(sizes) == pytest.approx(1.2)


def test_the_films_that_limits_were_chosen_on_are_refused(manifest: Path):
    """No more than the first 500 may be measured on."""
    with pytest.raises(ValueError, match="at most 500"):
        films.read_originals(manifest, 501, workers=1)


def test_speed_tells_the_shares_of_an_audit(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Every part has a share of the time."""
    run(monkeypatch, "speed", str(manifest), "--rounds", "1", "-o", str(tmp_path))
    page = (tmp_path / "speed.md").read_text("utf-8")
    for part in ("decoding", "lettering", "fingerprint", "search", "compare", "the page"):
        assert f"| share: {part} |" in page
    assert "| films | 6 |" in page


def test_hard_pairs_are_of_different_films_of_one_region_and_view(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each pair is compared once, and how many are called one picture has an interval."""
    run(monkeypatch, "hard", "--films", str(manifest), "--n", "9", "-o", str(tmp_path))
    pairs = json.loads((tmp_path / "hard.json").read_text("utf-8"))["pairs"]
    assert len({frozenset((pair["a"], pair["b"])) for pair in pairs}) == 9
    page = (tmp_path / "hard.md").read_text("utf-8")
    assert "9 hard pairs: 0 called one picture, 0.00 % (0.00–29.91)" in page
