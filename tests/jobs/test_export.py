"""A run becomes a release whose numbers are its own, and which others can rebuild."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from osteon.audit.audit_file import build_search_record
from osteon.collection.flaws import build_flaw
from osteon.collection.manifest import read_manifest, write_manifest
from osteon.collection.recognition import recognise_files
from osteon.collection.splits import describe_split
from osteon.errors import LeakFound, ManifestFault, SettingsFault
from osteon.inference.detector import Detector
from osteon.jobs.audit import write_audit
from osteon.jobs.evaluate import EvaluationRequest, evaluate
from osteon.jobs.evaluate_release import ValidationRequest, validate_release
from osteon.jobs.export import ExportRequest, export_release
from osteon.release import read_release
from osteon.reports.pages.model_card import build_model_card
from osteon.reports.pages.release_card import describe_card


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


def test_the_release_lists_its_films_unless_it_is_told_not_to(
    exported, trained_on_limbs, limbs_path, tmp_path
):
    """Each film is known by its file and role; without the list the card says that none is."""
    release = read_release(exported.release)
    listed = exported.card.films
    assert (listed.train, listed.tune, listed.test, listed.n_without_look) == (48, 32, 120, 0)
    learnt = {row.path for row in read_manifest(limbs_path).rows if row.split != "test"}
    assert recognise_files(read_manifest(limbs_path).rows, release.films) == learnt
    silent = export_release(
        ExportRequest(run=trained_on_limbs.run, out=tmp_path / "silent.osteon", without_films=True)
    )
    assert read_release(silent.release).films is None
    told = {
        name: " ".join(line for section in describe_card(card) for line in section.sentences)
        for name, card in (("listed", exported.card), ("silent", silent.card))
    }
    assert "48 of train, 32 of tune, 120 of test" in told["listed"]
    assert "whoever has a film can ask whether it is among them" in told["listed"]
    assert "does not say which films it learnt from" in told["silent"]


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
    assert "External validation only if it learnt from none of them" in report.notes[0]


@pytest.fixture
def unaudited(trained_on_limbs, tmp_path):
    """The same run on films that nobody searched for copies: an older Osteon left no stamps."""
    return copy_run(trained_on_limbs.run, tmp_path / "run", lambda row: replace(row, audit=None))


def copy_run(run, folder, change):
    shutil.copytree(run, folder)
    manifest = read_manifest(folder / "manifest.parquet")
    rows = tuple(change(row) for row in manifest.rows)
    write_manifest(replace(manifest, rows=rows), folder / "manifest.parquet")
    return folder


def audit_run(run, folder, *flaws):
    """What an audit of the run's own manifest found."""
    manifest = read_manifest(run / "manifest.parquet")
    searched = build_search_record(
        [row.film_id for row in manifest.rows], date="2026-11-29", osteon="0.1.0", limits={}
    )
    write_audit(flaws, manifest, folder, searched=searched)
    return folder


def test_a_run_that_nobody_audited_certifies_nothing_unless_it_is_told_to(unaudited, tmp_path):
    """The release is calibrated and promises nothing; told to, it promises and says on what."""
    bare = export_release(ExportRequest(run=unaudited, out=tmp_path / "bare.osteon")).card
    assert bare.operating_points.cuts == (None, None)
    assert bare.operating_points.high_sensitivity.n_films == 0
    assert (bare.independence.copies_looked_for, bare.is_certified_unaudited) == (False, False)
    told = export_release(
        ExportRequest(run=unaudited, out=tmp_path / "told.osteon", unaudited=True)
    ).card
    assert None not in told.operating_points.cuts
    assert read_release(tmp_path / "told.osteon").card.is_certified_unaudited


def test_an_audit_after_the_training_certifies_as_one_before(exported, unaudited, tmp_path):
    """Where it finds no copy and condemns no film, the release promises what it would have."""
    found = audit_run(unaudited, tmp_path / "audit")
    card = export_release(ExportRequest(run=unaudited, out=tmp_path / "a.osteon", audit=found)).card
    assert card.independence.copies_looked_for
    assert card.operating_points == exported.card.operating_points
    assert card.metrics == exported.card.metrics
    assert card.tested_on == exported.card.tested_on


def test_an_audit_that_finds_copies_across_the_splits_certifies_nothing(unaudited, tmp_path):
    """The network has seen the test film; no flag certifies it, only another training."""
    rows = read_manifest(unaudited / "manifest.parquet").rows
    learnt = next(row for row in rows if row.split == "train")
    tested = next(row for row in rows if row.split == "test")
    leak = build_flaw("same-picture", [learnt, tested], evidence={}, advice="")
    found = audit_run(unaudited, tmp_path / "audit", leak)
    card = export_release(
        ExportRequest(run=unaudited, out=tmp_path / "a.osteon", audit=found, unaudited=True)
    ).card
    assert card.operating_points.cuts == (None, None)
    assert card.independence.n_leaks == 1
    assert "Nothing is certified: 1 group of copies or patients stand" in " ".join(card.notes)
    assert "1 film of the test split" in " ".join(card.notes)


def test_test_films_that_an_audit_condemns_certify_nothing_and_are_counted(unaudited, tmp_path):
    """A disputed test film leaves the numbers; a train film has been learnt from, and stays."""
    rows = read_manifest(unaudited / "manifest.parquet").rows
    disputed = [
        next(row for row in rows if row.split == split and not row.has_fracture)
        for split in ("train", "test")
    ]
    flaws = [build_flaw("box-on-negative", [row], evidence={}, advice="") for row in disputed]
    found = audit_run(unaudited, tmp_path / "audit", *flaws)
    card = export_release(ExportRequest(run=unaudited, out=tmp_path / "a.osteon", audit=found)).card
    assert (card.trained_on.n_films, card.tested_on.n_films) == (48, 119)
    assert "1 film of tune and test left out after an audit: box-on-negative 1." in card.notes
    assert card.trained_on.manifest_sha256 == card.tested_on.manifest_sha256


def test_a_copy_byte_for_byte_is_one_film_in_every_count(trained_on_limbs, limbs_path, tmp_path):
    """Run, figure, report and release count the same films; what is missing was not read."""
    manifest = read_manifest(limbs_path)
    first = next(row for row in manifest.rows if row.split == "test")
    folder = tmp_path / "films"
    shutil.copytree(manifest.root, folder)
    shutil.copy(folder / first.path, folder / "twin.png")
    rows = (*manifest.rows, replace(first, path="twin.png"))
    run = copy_run(trained_on_limbs.run, tmp_path / "run", lambda row: row)
    write_manifest(replace(manifest, rows=rows, root=folder), run / "manifest.parquet")
    card = export_release(ExportRequest(run=run, out=tmp_path / "twin.osteon")).card
    report = evaluate(EvaluationRequest(run=run))
    counts = {
        count.split: count for count in describe_split(read_manifest(run / "manifest.parquet"))
    }
    assert card.tested_on.n_films == report.metrics.n_films == counts["test"].n_films == 120
    assert counts["test"].n_copies == 1
    said = " ".join(report.notes)
    assert "1 file equal to another byte for byte: a film is counted once." in said
    assert "Its release refuses what its guards turn away" in said


def test_the_card_counts_what_the_manifest_says_of_the_films(exported):
    """Regions are those of the films; what nobody noted is not recorded, and nothing is claimed."""
    kinds = exported.card.tested_on.kinds
    assert kinds["body_region"] == {"hand": 120}
    assert kinds["view"] == kinds["hardware"] == {"not recorded": 120}
    page = build_model_card(exported.card)
    assert "Regions: hand 120." in page
    for claim in ("shoulder", "growth plates", "spine", "casts"):
        assert claim not in page, claim
    assert "## Intended use\n\nNot stated: whoever made the release left this field empty." in page
