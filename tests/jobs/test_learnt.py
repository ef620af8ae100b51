"""Films that a release learnt from prove nothing about it: every command leaves them out, aloud."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.collection.recognition import build_list, identify_own_films
from osteon.errors import LeakFound
from osteon.evaluation.benchmark.measure import SampleSizes
from osteon.jobs.benchmark import BenchmarkRequest, run_benchmark
from osteon.jobs.evaluate_release import ValidationRequest, validate_release
from osteon.jobs.recalibrate import RecalibrationRequest, recalibrate_release
from osteon.release import read_release
from osteon.release.card import Films, LearntCount
from osteon.reports.pages.learnt import NOT_LISTED, say_learnt
from osteon.reports.pages.release_card import describe_card
from tests.films import draw_film, list_film
from tests.releases import build_release
from tests.rows import audited

N_LEARNT, N_FILMS = 16, 80
LITTLE = SampleSizes(n_timed=2, n_turned=4, n_covered=2)


def draw_spotted(number):
    """Draw a film like no other, with a spot that is brighter, mostly, where it is a fracture."""
    has_fracture = number % 2 == 0
    film = (draw_film(number, (120, 90)) // 4 + 50).astype(np.uint8)
    grey = np.random.default_rng(number).normal(232 if has_fracture else 214, 10)
    film[40:70, 30:54] = int(np.clip(grey, 0, 255))
    return film, has_fracture


@pytest.fixture(scope="module")
def learnt_from(tmp_path_factory):
    """The films that the network learnt from, as they were: PNG files."""
    folder = tmp_path_factory.mktemp("own")
    rows = []
    for number in range(N_LEARNT):
        film, has_fracture = draw_spotted(number)
        name = f"{number:02}.png"
        Image.fromarray(film).save(folder / name)
        facts = {"has_fracture": has_fracture, "split": "tune" if number < 3 else "train"}
        rows.append(list_film(folder, name, collection="own", **facts))
    return Manifest(rows=tuple(rows), root=folder)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A hospital's eighty films: sixteen are exports of those, saved again; one is a relative."""
    folder = tmp_path_factory.mktemp("site")
    rows = []
    for number in range(N_FILMS):
        film, has_fracture = draw_spotted(number)
        name = f"{number:02}.{'jpg' if number < N_LEARNT else 'png'}"
        Image.fromarray(film).save(folder / name, quality=80)
        patient = "p" if number in {0, N_LEARNT} else f"p{number}"
        facts = {"has_fracture": has_fracture, "collection": "site", "patient_key": patient}
        rows.append(list_film(folder, name, **facts))
    path = folder.parent / "site.parquet"
    write_manifest(audited(Manifest(rows=tuple(rows), root=folder)), path)
    return path


@pytest.fixture(scope="module")
def knowing(learnt_from, tmp_path_factory):
    """A release that lists the films it learnt from."""
    films = build_list(identify_own_films(learnt_from))
    own = Films(
        split="train",
        collection="own",
        manifest_sha256="1" * 64,
        n_films=N_LEARNT,
        n_fractured=N_LEARNT // 2,
        n_groups=N_LEARNT,
    )
    folder = tmp_path_factory.mktemp("knowing")
    return build_release(folder, name="knowing.osteon", films=films, card={"trained_on": own})


def rewrite(manifest, path, change):
    rows = tuple(kept for row in manifest.rows if (kept := change(row)) is not None)
    write_manifest(replace(manifest, rows=rows), path)
    return path


def number_of(row):
    return int(row.path[:2])


FOUND = LearntCount(is_known=True, n_films=N_FILMS, n_learnt=N_LEARNT, n_related=1)


def test_a_hospital_is_not_certified_on_films_of_the_training(knowing, site, tmp_path):
    """Re-saved copies, and a film of one copy's patient, neither calibrate nor certify."""
    report = recalibrate_release(
        RecalibrationRequest(release=knowing, manifest=site, out=tmp_path / "site.osteon")
    )
    card = report.card
    assert card.learnt == FOUND
    used = card.tuned_on.n_films + card.tested_on.n_films + sum(report.not_read.values())
    assert used == N_FILMS - N_LEARNT - 1
    assert card.independence.n_films == used
    said = "\n".join(line for section in describe_card(card) for line in section.sentences)
    assert "16 of 80 films were learnt from by the release, and 1 more shares a group" in said
    old, new = read_release(knowing), read_release(report.release)
    assert new.card.learnt == FOUND
    np.testing.assert_array_equal(new.films.looks, old.films.looks)
    assert new.card.films == old.card.films
    own = validate_release(
        ValidationRequest(release=report.release, manifest=site, out=tmp_path / "results")
    )
    assert own.learnt.n_learnt == N_LEARNT


def test_a_release_that_knows_nothing_of_its_films_says_so(site, tmp_path):
    """Certified as before, with a sentence that nothing was compared."""
    report = recalibrate_release(
        RecalibrationRequest(
            release=build_release(tmp_path), manifest=site, out=tmp_path / "site.osteon"
        )
    )
    assert report.card.learnt == LearntCount(is_known=False)
    assert say_learnt(report.card.learnt) == (NOT_LISTED,)
    assert report.card.films is None
    assert read_release(report.release).films is None


def test_a_collection_of_nearly_nothing_but_its_films_is_refused(knowing, site, tmp_path):
    """What little is left of the training's own collection is not believed to be new."""
    mostly = rewrite(
        read_manifest(site),
        tmp_path / "mostly.parquet",
        lambda row: row if number_of(row) < N_LEARNT or number_of(row) == 20 else None,
    )
    asked = RecalibrationRequest(release=knowing, manifest=mostly, out=tmp_path / "site.osteon")
    with pytest.raises(LeakFound, match=r"16 of 17 films that it learnt from"):
        recalibrate_release(asked)
    with pytest.raises(LeakFound, match=r"--with-learnt measures these too"):
        validate_release(ValidationRequest(release=knowing, manifest=mostly, out=tmp_path))
    assert not asked.out.exists()


def test_a_split_of_nothing_but_its_films_is_refused(knowing, site, tmp_path):
    """Without a film to calibrate with, the refusal names the split and why it is empty."""
    placed = rewrite(
        read_manifest(site),
        tmp_path / "placed.parquet",
        lambda row: replace(row, split="tune" if number_of(row) < N_LEARNT + 1 else "test"),
    )
    with pytest.raises(LeakFound, match=r"not learnt from; found 'none in tune'"):
        recalibrate_release(
            RecalibrationRequest(release=knowing, manifest=placed, out=tmp_path / "site.osteon")
        )


def test_they_are_left_out_of_an_evaluation_unless_they_are_asked_for(knowing, site, tmp_path):
    """The default leaves them out and says how many; with them, every result says so."""
    request = ValidationRequest(release=knowing, manifest=site, out=tmp_path / "without")
    report = validate_release(request)
    assert report.learnt == FOUND
    n_read = report.metrics.n_films + sum(report.not_read.values())
    assert n_read == N_FILMS - N_LEARNT - 1
    predictions = (tmp_path / "without" / "predictions.csv").read_text("utf-8")
    assert ".jpg" not in predictions
    assert "left out" in " ".join(report.notes)
    with_learnt = validate_release(replace(request, out=tmp_path / "with", with_learnt=True))
    assert with_learnt.learnt == FOUND.model_copy(update={"are_left_out": False})
    assert ".jpg" in (tmp_path / "with" / "predictions.csv").read_text("utf-8")
    told = (tmp_path / "with" / "classification_report.txt").read_text("utf-8")
    assert "among these numbers, which flatter it" in " ".join(told.split())


def test_a_benchmark_is_run_on_films_that_no_release_learnt_from(knowing, site, tmp_path):
    """A film that one model learnt from is left out for all, and the page says how many."""
    tested = rewrite(
        read_manifest(site), tmp_path / "test.parquet", lambda row: replace(row, split="test")
    )
    stranger = build_release(tmp_path, name="stranger.osteon")
    request = BenchmarkRequest(
        models=(knowing, stranger), out=tmp_path / "benchmark", collection=tested, effort=LITTLE
    )
    done = run_benchmark(request)
    assert (done.benchmark.n_films, done.benchmark.n_learnt) == (63, 17)
    assert not done.benchmark.is_sample
    for row in done.benchmark.rows:
        assert not [film.path for film in row.films if film.path.endswith("jpg")]
    page = done.table.read_text("utf-8")
    assert "17 others left out, which one of the releases learnt from." in page
    assert "- **knowing**: 16 of 80 films were learnt from by the release" in page
    assert f"- **stranger**: {NOT_LISTED}" in page
    everything = run_benchmark(request.model_copy(update={"with_learnt": True}))
    assert (everything.benchmark.n_films, everything.benchmark.n_learnt) == (80, 0)
    assert "they are among these numbers, which flatter it" in everything.table.read_text("utf-8")
