"""Shortcuts: labels that can be guessed without looking at bones."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from threadpoolctl import threadpool_limits

from osteon.audit.file_features import FilmFacts, measure_facts
from osteon.audit.shortcuts.model import ShortcutAuroc
from osteon.audit.shortcuts.search import (
    MIN_FILMS,
    Carrier,
    Shortcut,
    build_shortcut_evidence,
    build_shortcut_flaw,
    measure_shortcut,
    measure_shortcuts,
)
from osteon.collection.manifest import Manifest
from osteon.phantoms.phantom import draw_phantom
from osteon.terms import Flaw, ManifestRow

Facts = dict[str, FilmFacts]
N_PHANTOMS = 80


@cache
def draw(seed: int) -> Image.Image:
    film = draw_phantom(seed, has_fracture=seed % 2 == 0, rows=96, columns=80).radiograph
    return Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8))


def save_phantoms(save: Callable[[Image.Image, int], bytes]) -> tuple[Manifest, Facts]:
    """Every even phantom is fractured; `save` is given the picture and its number."""
    rows, facts = [], {}
    for seed in range(N_PHANTOMS):
        data = save(draw(seed), seed)
        sha256 = hashlib.sha256(data).hexdigest()
        facts[sha256] = measure_facts(data, np.asarray(Image.open(io.BytesIO(data)).convert("L")))
        rows.append(build_row(seed, sha256, has_fracture=seed % 2 == 0))
    return Manifest(rows=tuple(rows), root=Path()), facts


def build_row(number: int, sha256: str, **known: object) -> ManifestRow:
    known.setdefault("has_fracture", number % 2 == 0)
    return ManifestRow(
        path=f"{number:04}.jpg", film_id=sha256[:16], sha256=sha256, rows=96, columns=80, **known
    )


def save_jpeg(film: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    film.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def draw_facts(luck: np.random.Generator) -> FilmFacts:
    """Facts of a film that was never taken: numbers by chance."""
    rows, columns = luck.integers(200, 600, size=2).tolist()
    n_bytes = int(luck.integers(5_000, 50_000))
    mean, spread, sharpness = luck.random(3).tolist()
    return FilmFacts(
        n_bytes=n_bytes,
        container="JPEG",
        mode=str(luck.choice(["L", "RGB"])),
        rows=rows,
        columns=columns,
        aspect=columns / rows,
        bits_per_pixel=8 * n_bytes / (rows * columns),
        jpeg_quality=int(luck.integers(60, 95)),
        jpeg_tables="libjpeg",
        jpeg_chroma="4:2:0",
        is_progressive=False,
        density=None,
        metadata="JFIF",
        border_grey=int(luck.integers(256)),
        border_above_below=0.0,
        border_left_right=0.0,
        mean_grey=255 * mean,
        spread_grey=90 * spread,
        black_share=0.1,
        white_share=0.1,
        n_greys=200,
        sharpness=sharpness,
    )


def draw_collection(n_films: int, *, seed: int = 1, n_copies: int = 1) -> tuple[Manifest, Facts]:
    """Labels and facts by chance; copies share them all, and nothing but `group` ties them."""
    luck = np.random.default_rng(seed)
    rows, facts = [], {}
    for number in range(n_films):
        own, label = draw_facts(luck), bool(luck.random() < 0.5)
        for copy in range(n_copies):
            index = number * n_copies + copy
            sha256 = hashlib.sha256(f"{seed} {index}".encode()).hexdigest()
            facts[sha256] = own
            rows.append(build_row(index, sha256, has_fracture=label, group=f"p{number}"))
    return Manifest(rows=tuple(rows), root=Path()), facts


def find_shortcuts(manifest: Manifest, facts: Facts) -> list[Flaw]:
    """What the audit's rule yields of the collections that were measured."""
    measured = measure_shortcuts(manifest, facts)
    return [build_shortcut_flaw(shortcut) for shortcut in measured if shortcut.is_flaw]


def test_a_planted_quality_is_found_and_named_first():
    """Fractured films saved at another JPEG quality are a flaw, and the quality leads its list."""
    manifest, facts = save_phantoms(lambda film, n: save_jpeg(film, 80 if n % 2 else 88))
    (flaw,) = find_shortcuts(manifest, facts)
    assert (flaw.rule, len(flaw.films)) == ("shortcut", N_PHANTOMS)
    assert flaw.evidence["auroc"]["low"] > 0.8
    first = flaw.evidence["features"][0]
    assert (first["name"], first["auroc"]) == ("jpeg_quality", 1.0)
    assert first["fractured"]["quartiles"] == [88, 88, 88]
    assert first["not_fractured"]["quartiles"] == [80, 80, 80]
    assert flaw.advice.startswith("The label follows JPEG quality")


def test_what_tells_no_more_than_chance_is_not_blamed():
    """Where regions give the label away and files do not, no advice asks for other files."""
    nothing = ShortcutAuroc(value=0.55, low=0.48, high=0.62, confidence=0.95, method="m")
    sure = replace(nothing, value=0.73, low=0.66, high=0.80)
    carriers = tuple(
        Carrier(name=name, auroc=0.6, drop=drop, fractured={}, not_fractured={})
        for name, drop in (("body_region", 0.12), ("border_grey", 0.02))
    )
    told = {"n_left_out": 0, "n_fractured": 0, "n_groups": 0, "collection": "c", "rows": ()}
    shortcut = Shortcut(auroc=sure, file=nothing, covariates=sure, features=carriers, **told)
    assert "body region" in build_shortcut_flaw(shortcut).advice
    assert "border" not in build_shortcut_flaw(shortcut).advice
    both = build_shortcut_flaw(replace(shortcut, file=sure)).advice
    assert "border" in both
    assert "body region" in both
    other = build_shortcut_flaw(replace(shortcut, file=sure, covariates=nothing)).advice
    assert "body region" not in other
    assert "border" in other


def test_a_planted_size_is_found_and_named_first():
    """Most fractured films a little wider than the others: the width leads the list."""

    def save(film: Image.Image, number: int) -> bytes:
        width = 84 if number % 2 == 0 and number % 10 else 80
        return save_jpeg(film.resize((width, 96)), 85)

    (flaw,) = find_shortcuts(*save_phantoms(save))
    assert flaw.evidence["features"][0]["name"] in {"columns", "aspect"}


def test_a_planted_format_is_found_with_its_shares():
    """Classes of two formats are told apart, and each class has the shares of its formats."""

    def save(film: Image.Image, number: int) -> bytes:
        stream = io.BytesIO()
        film.save(stream, "PNG" if number % 2 == 0 else "BMP")
        return stream.getvalue()

    (flaw,) = find_shortcuts(*save_phantoms(save))
    features = {own["name"]: own for own in flaw.evidence["features"]}
    assert features["container"]["auroc"] == 1.0
    assert features["container"]["fractured"]["shares"] == {"BMP": 0.0, "PNG": 1.0}


def test_phantoms_saved_alike_have_no_shortcut():
    """Where both classes went the same way, the interval holds one half and nothing is reported."""
    manifest, facts = save_phantoms(lambda film, _: save_jpeg(film, 85))
    assert not find_shortcuts(manifest, facts)
    (measured,) = measure_shortcuts(manifest, facts)
    assert measured.auroc.low <= 0.5 <= measured.auroc.high
    assert not measured.is_flaw


@pytest.mark.parametrize("seed", range(2))
def test_copies_do_not_leak_over_folds(seed):
    """Labels by chance cannot be guessed from copies of the same film, if groups stay whole."""
    manifest, facts = draw_collection(60, seed=seed, n_copies=8)
    (measured,) = measure_shortcuts(manifest, facts)
    assert measured.n_groups == 60
    assert measured.auroc.low <= 0.5 <= measured.auroc.high
    apart = replace(manifest, rows=tuple(replace(row, group=None) for row in manifest.rows))
    (leaking,) = measure_shortcuts(apart, facts)
    assert leaking.auroc.value > 0.9, "the test shows nothing unless copies would leak"


def test_identical_files_and_films_of_one_patient_stay_together():
    """Without groups, the same bytes or the same patient still tie films."""
    manifest, facts = draw_collection(60, n_copies=8)
    first = {row.group: row.sha256 for row in reversed(manifest.rows)}
    identical = [replace(row, sha256=first[row.group], group=None) for row in manifest.rows]
    patients = [replace(row, patient_key=row.group, group=None) for row in manifest.rows]
    for rows in (identical, patients):
        (measured,) = measure_shortcuts(replace(manifest, rows=tuple(rows)), facts)
        assert measured.n_groups == 60
        # Apart they would be guessed at 0.98; sixty random labels stray from 0.5 by 0.1.
        assert measured.auroc.value < 0.8


def test_what_chance_explains_is_no_flaw():
    """A handful of films above the limit, with an interval that reaches one half, is no flaw."""
    manifest, facts = draw_collection(100)
    (measured,) = measure_shortcuts(manifest, facts)
    by_chance = replace(measured.auroc, value=0.7, low=0.48, high=0.85)
    beyond = replace(measured.auroc, value=0.7, low=0.52, high=0.85)
    assert not replace(measured, auroc=by_chance).is_flaw
    assert replace(measured, auroc=beyond).is_flaw


def test_what_the_manifest_says_is_told_from_what_the_file_says():
    """Metal that only broken bones have is found in the covariates, and not in the file."""
    manifest, facts = draw_collection(200)
    rows = [
        replace(row, hardware=row.has_fracture and n % 5 > 0, body_region=("leg", "hip"))
        for n, row in enumerate(manifest.rows)
    ]
    (measured,) = measure_shortcuts(replace(manifest, rows=tuple(rows)), facts)
    assert measured.covariates.low > 0.8
    assert measured.file.low <= 0.5 <= measured.file.high
    assert measured.features[0].name == "hardware"
    assert measured.features[0].not_fractured["shares"] == {"no": 1.0, "yes": 0.0}
    assert "report results for each value" in build_shortcut_flaw(measured).advice


def test_the_label_is_not_guessed_from_what_exists_on_its_account():
    """Boxes, types, splits and annotations that only fractured films have are no clue."""
    manifest, facts = draw_collection(100)
    known = {
        "published_split": "train",
        "split": "train",
        "boxes": ((1.0, 1.0, 2.0, 2.0),),
        "fracture_type": "spiral",
        "annotation_rows": 96,
        "annotation_columns": 80,
    }
    rows = [replace(row, **known) if row.has_fracture else row for row in manifest.rows]
    assert not find_shortcuts(replace(manifest, rows=tuple(rows)), facts)


def test_order_and_threads_do_not_matter():
    """The order of rows and facts, and the number of threads, change nothing."""
    manifest, facts = draw_collection(80, n_copies=2)
    backwards = replace(manifest, rows=manifest.rows[::-1])
    with threadpool_limits(1):
        once = measure_shortcuts(manifest, facts)
    with threadpool_limits(2):
        assert measure_shortcuts(backwards, dict(reversed(facts.items()))) == once


def test_each_collection_is_judged_by_itself():
    """Of two collections in one manifest, the one with a shortcut is named, with its films only."""
    manifest, facts = draw_collection(60)
    planted, planted_facts = draw_collection(60, seed=2)
    told = {
        row.sha256: replace(planted_facts[row.sha256], n_greys=250 if row.has_fracture else 90)
        for row in planted.rows
    }
    rows = [replace(row, collection="plain") for row in manifest.rows]
    rows += [
        replace(row, collection="told", path=f"b/{row.path}", group=f"b{row.group}")
        for row in planted.rows
    ]
    both = replace(manifest, rows=tuple(rows))
    (flaw,) = find_shortcuts(both, facts | told)
    assert {path[:2] for path in flaw.films} == {"b/"}
    assert [one.collection for one in measure_shortcuts(both, facts | told)] == ["plain", "told"]


def test_films_without_facts_are_counted_and_broken_ones_are_not_measured():
    """A film that could not be opened is left out and counted; a truncated one has no part."""
    manifest, facts = draw_collection(100)
    broken = replace(manifest.rows[0], state="truncated")
    manifest = replace(manifest, rows=(broken, *manifest.rows[1:]))
    for row in manifest.rows[10:15]:
        del facts[row.sha256]
    measured = measure_shortcut(manifest, facts, collection="")
    assert (len(measured.rows), measured.n_left_out) == (94, 5)


def test_too_few_films_or_groups_say_nothing():
    """One class, a handful of films or a handful of groups give no measurement, not a bad one."""
    manifest, facts = draw_collection(200)
    negatives = tuple(row for row in manifest.rows if not row.has_fracture)
    positives = tuple(row for row in manifest.rows if row.has_fracture)
    few = replace(manifest, rows=negatives + positives[: MIN_FILMS - 1])
    enough = replace(manifest, rows=negatives + positives[:MIN_FILMS])
    same = tuple(replace(row, group=f"p{n % 4}") for n, row in enumerate(positives))
    for poor in (few, replace(few, rows=negatives), replace(few, rows=negatives + same)):
        assert measure_shortcuts(poor, facts) == ()
    assert measure_shortcuts(replace(few, rows=()), facts) == ()
    assert measure_shortcut(enough, facts, collection="") is not None


def test_films_that_are_all_alike_give_one_half():
    """Where no fact differs, the AUROC is one half, no feature is named, and nothing breaks."""
    manifest, facts = draw_collection(100)
    alike = dict.fromkeys(facts, next(iter(facts.values())))
    (measured,) = measure_shortcuts(manifest, alike)
    assert (measured.auroc.value, measured.features, measured.is_flaw) == (0.5, (), False)


def test_the_evidence_is_plain_json():
    """Evidence goes through JSON unchanged, also of films with facts that are not known."""
    manifest, facts = draw_collection(100)
    holes = {
        sha256: replace(own, jpeg_quality=None, density=None if n % 3 else "72x72 per inch")
        for n, (sha256, own) in enumerate(facts.items())
    }
    (measured,) = measure_shortcuts(manifest, holes)
    evidence = build_shortcut_evidence(measured)
    assert json.loads(json.dumps(evidence, allow_nan=False)) == evidence
    assert (evidence["limit"], evidence["covariates"]) == (0.65, None)
    assert [own["drop"] for own in evidence["features"]] == sorted(
        (own["drop"] for own in evidence["features"]), reverse=True
    )
