"""A run becomes a release whose numbers are its own, and which others can rebuild."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from osteon.collection.manifest import read_manifest, write_manifest
from osteon.errors import LeakFound, ManifestFault, SettingsFault
from osteon.inference.detector import Detector
from osteon.jobs.exporting import ExportRequest, export_release
from osteon.jobs.validating import ValidationRequest, validate_release
from osteon.release import read_release


@pytest.fixture(scope="module")
def exported(trained_on_limbs, tmp_path_factory):
    out = tmp_path_factory.mktemp("release") / "limbs.osteon"
    return export_release(ExportRequest(run=trained_on_limbs.run, out=out))


def measure_of(measures, name):
    (found,) = [measure for measure in measures if measure.name == name]
    return found


def test_the_card_tells_the_films_apart(exported):
    """What was learnt from, what chose and what certified stand apart, with counts."""
    card = exported.card
    counts = [films.n_films for films in (card.trained_on, card.tuned_on, card.tested_on)]
    assert counts == [48, 32, 120]
    assert [card.calibrator.fitted_on, card.operating_points.high_sensitivity.certified_on] == [
        "tune",
        "test",
    ]
    assert exported.not_read == {}
    assert exported.n_compared == 200


def test_the_promises_are_certified_on_the_test_films(exported):
    """Sixty films of each class certify both promises, which then hold on these very films."""
    points = exported.card.operating_points
    assert points.high_sensitivity.n_films == points.high_specificity.n_films == 60
    low, high = points.cuts
    assert low is not None
    assert high is not None
    kept = measure_of(exported.card.metrics, 'fractured, not called "no fracture"')
    assert kept.hits / kept.n >= 0.9
    spared = measure_of(exported.card.metrics, 'normal, not called "fracture"')
    assert spared.hits / spared.n >= 0.95


def test_the_same_run_gives_the_same_bytes(exported, trained_on_limbs, tmp_path):
    """Exported again, the release is the same file."""
    again = export_release(ExportRequest(run=trained_on_limbs.run, out=tmp_path / "limbs.osteon"))
    assert again.release.read_bytes() == exported.release.read_bytes()


def test_the_release_reads_what_it_was_measured_on(exported, limbs_path):
    """The card's sensitivity is counted again from readings of the test films' files."""
    manifest = read_manifest(limbs_path)
    rows = [row for row in manifest.rows if row.split == "test" and row.has_fracture]
    with Detector.load(exported.release) as detector:
        readings = list(detector.read_many(manifest.films_path(row) for row in rows))
    found = sum(reading.decision != "no fracture" for reading in readings)
    kept = measure_of(exported.card.metrics, 'fractured, not called "no fracture"')
    assert (found, len(rows)) == (kept.hits, kept.n)


def test_findings_lie_on_what_was_learnt(exported, limbs_path):
    """Most films with a bar have a finding whose box meets it."""
    manifest = read_manifest(limbs_path)
    rows = [row for row in manifest.rows if row.split == "test" and row.has_fracture][:20]
    with Detector.load(exported.release) as detector:
        readings = list(detector.read_many(manifest.films_path(row) for row in rows))
    met = 0
    for row, reading in zip(rows, readings, strict=True):
        assert reading.evidence.shape == (row.rows, row.columns)
        assert 0 <= reading.evidence.min() <= reading.evidence.max() <= 1
        top, bottom = row.boxes[0][1], row.boxes[0][3]
        met += any(finding.box[1] < bottom and finding.box[3] > top for finding in reading.findings)
    assert met >= 15


def test_a_network_in_fewer_bits_says_what_it_cost(exported, trained_on_limbs, tmp_path):
    """A smaller network is smaller, and its card names the loss, the sizes and the latencies."""
    for precision in ("fp16", "int8"):
        report = export_release(
            ExportRequest(
                run=trained_on_limbs.run, out=tmp_path / f"{precision}.osteon", precision=precision
            )
        )
        told = report.card.precision
        assert told.name == precision
        assert told.n_bytes < told.full_bytes == exported.card.precision.n_bytes
        assert told.auroc_lost <= 0.005
        assert told.latency.one_film_ms > 0
        full, small = (
            read_release(one).self_test.logits for one in (exported.release, report.release)
        )
        assert np.abs(full - small).max() < 1.0


def test_a_run_without_test_films_cannot_be_released(trained, tmp_path):
    """A release is certified on films that chose nothing."""
    manifest = read_manifest(trained.run / "manifest.parquet")
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("recipe.toml", "run.json"):
        (bare / name).write_bytes((trained.run / name).read_bytes())
    kept = tuple(row for row in manifest.rows if row.split != "test")
    write_manifest(replace(manifest, rows=kept), bare / "manifest.parquet")
    with pytest.raises(ManifestFault, match="certified on a test split"):
        export_release(ExportRequest(run=bare, out=tmp_path / "bare.osteon"))


def test_a_release_is_called_osteon(trained_on_limbs, tmp_path):
    """Another file name is refused before any work."""
    with pytest.raises(SettingsFault, match=r"ends in \.osteon"):
        export_release(ExportRequest(run=trained_on_limbs.run, out=tmp_path / "limbs.zip"))


def test_a_release_is_measured_on_its_own_test_films_alone(exported, limbs_path, tmp_path):
    """Its test split gives the card's numbers again; the films it learnt from are refused."""
    request = ValidationRequest(release=exported.release, manifest=limbs_path, out=tmp_path / "v")
    report = validate_release(request)
    assert report.split == "test"
    assert report.measures == exported.card.metrics
    assert report.groups.certified_it
    assert report.sheets == ()  # a gallery of films is made where a person wants one
    assert sum(report.decisions.values()) == 120
    told = json.loads((report.results / "metrics.json").read_text())["metrics"]
    with (report.results / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    fractured = [row for row in rows if row["has_fracture"] == "True"]
    called = [row for row in fractured if row["decision"] != "no fracture"]
    assert (told["not_cleared"]["numerator"], len(fractured)) == (len(called), 60)
    evidence = exported.card.evidence
    assert (evidence.picture.n_fractured, evidence.picture.n_normal) == (16, 16)
    assert (report.results / "reliability.png").is_file()
    with pytest.raises(LeakFound, match="not learnt from"):
        validate_release(
            request.__class__(release=exported.release, manifest=limbs_path, split="train")
        )


def test_films_that_were_not_read_are_counted_apart(exported, limbs_path, tmp_path):
    """External films that are gone are named with their reason, and no number holds them."""
    manifest = read_manifest(limbs_path)
    rows = [replace(row, split=None) for row in manifest.rows if row.split == "test"]
    gone = replace(rows[0], path="gone.png", sha256="0" * 64, film_id="0" * 16)
    write_manifest(replace(manifest, rows=(*rows, gone), salt=None), tmp_path / "other.parquet")
    report = validate_release(
        ValidationRequest(
            release=exported.release,
            manifest=tmp_path / "other.parquet",
            films=limbs_path.parent / limbs_path.stem,
            out=tmp_path / "v",
        )
    )
    assert report.split == "all"
    assert report.metrics.n_films == 120
    assert sum(report.not_read.values()) == 1
    assert "External validation" in report.notes[0]
