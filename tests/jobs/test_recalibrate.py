"""A hospital's own films calibrate and certify a release anew; what it promised before is kept."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.collection.splits import Shares, split_manifest
from osteon.errors import (
    InvertedAnswers,
    LeakFound,
    ManifestFault,
    MeasurementFault,
    SettingsFault,
)
from osteon.inference.detector import Detector
from osteon.jobs.read import ReadingRequest, read_films
from osteon.jobs.recalibrate import RecalibrationRequest, recalibrate_release
from osteon.release import FindingCalibrator, read_release
from osteon.reports.pages.model_card import build_model_card
from osteon.reports.pages.release_card import describe_card
from osteon.runs import hash_manifest
from tests.films import list_film
from tests.releases import build_release, draw_spot
from tests.rows import audited

BOX = (30, 40, 54, 70)


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """A hundred films of a hospital: a fracture is a bright spot, mostly; nothing is split."""
    folder = tmp_path_factory.mktemp("local")
    chance = np.random.default_rng(11)
    rows = []
    for number in range(100):
        has_fracture = number % 2 == 0
        film = draw_spot(box=None)
        grey = int(np.clip(chance.normal(232 if has_fracture else 214, 10), 0, 255))
        film[BOX[1] : BOX[3], BOX[0] : BOX[2]] = grey
        film[0, :8] = [int(bit) * 40 for bit in f"{number:08b}"]  # no two films are alike
        name = f"{number:03}.png"
        Image.fromarray(film).save(folder / name)
        boxes = ((30.0, 40.0, 54.0, 70.0),) if has_fracture else ()
        facts = {"has_fracture": has_fracture, "boxes": boxes, "collection": "local"}
        rows.append(list_film(folder, name, **facts))
    path = folder.parent / f"{folder.name}.parquet"
    write_manifest(audited(Manifest(rows=tuple(rows), root=folder)), path)
    return path


@pytest.fixture
def release(tmp_path):
    """A release whose findings were rated elsewhere."""
    finding = FindingCalibrator(
        of_film=1.0, of_peak=1.0, intercept=-1.0, fitted_on="tune", n_findings=90, n_right=40
    )
    card = {"evidence": {"method": "in the network", "scale": 0.25, "threshold": 0.1}}
    card["evidence"]["finding"] = finding
    return build_release(tmp_path, card=card)


def rewrite(manifest, path, change):
    rows = tuple(change(place, row) for place, row in enumerate(manifest.rows))
    write_manifest(Manifest(rows=rows, root=manifest.root), path)
    return path


def request(tmp_path, release, manifest, **changes):
    given = {"release": release, "manifest": manifest, "out": tmp_path / "site.osteon"}
    return RecalibrationRequest(**(given | changes))


def test_the_network_stays_and_both_calibrations_are_kept(release, local, tmp_path):
    """Network, self-test, guards and scale are the release's; `site` holds its old promises."""
    report = recalibrate_release(request(tmp_path, release, local))
    old, new = read_release(release), read_release(report.release)
    assert new.model == old.model
    np.testing.assert_array_equal(new.self_test.logits, old.self_test.logits)
    assert new.card.guards == old.card.guards
    assert new.card.evidence.scale == old.card.evidence.scale
    assert new.card.trained_on == old.card.trained_on
    assert new.card.site.calibrator == old.card.calibrator
    assert new.card.site.operating_points == old.card.operating_points
    assert new.card.site.tested_on == old.card.tested_on
    assert new.card.calibrator != old.card.calibrator
    assert new.card.tested_on.collection == "local"
    assert new.card.name == "site"
    assert 'Calibrated again on the collection "local"' in new.card.notes[0]
    assert new.card.site.release == f"{old.card.name} {old.card.version}"
    with Detector.load(report.release, threads=1) as detector:
        assert detector.read(draw_spot()).probability is not None


def test_films_that_are_not_split_are_split_as_osteon_split_would(release, local, tmp_path):
    """Half calibrate and half certify, by groups, and always the same ones."""
    report = recalibrate_release(request(tmp_path, release, local))
    assert not report.was_split
    by_hand = split_manifest(
        read_manifest(local), shares=Shares(train=0, tune=50, test=50), salt="recalibrate"
    ).manifest
    assert report.card.tested_on.manifest_sha256 == hash_manifest(by_hand)
    assert report.card.tuned_on.n_films == report.card.tested_on.n_films == 50
    split = tmp_path / "split.parquet"
    write_manifest(by_hand, split)
    same = recalibrate_release(
        request(tmp_path, release, split, out=tmp_path / "same.osteon", name="site")
    )
    assert same.was_split
    assert same.release.read_bytes() == report.release.read_bytes()


def test_findings_are_rated_anew_where_a_reader_boxed_them(release, local, tmp_path):
    """Boxes of the hospital's tune films replace how likely a finding was elsewhere."""
    report = recalibrate_release(request(tmp_path, release, local))
    old, new = read_release(release).card.evidence, report.card.evidence
    unboxed = rewrite(
        read_manifest(local), tmp_path / "unboxed.parquet", lambda _, row: replace(row, boxes=())
    )
    without = recalibrate_release(
        request(tmp_path, release, unboxed, out=tmp_path / "without.osteon")
    )
    assert without.card.evidence.finding == old.finding
    assert without.card.evidence.picture == new.picture  # which needs no boxes
    assert any("fitted on the films that the release" in note for note in without.card.notes)
    assert new.finding != old.finding
    assert new.threshold == old.threshold
    assert (new.finding.fitted_on, new.finding.n_films) == ("tune", 25)
    assert (new.picture.fitted_on, new.picture.n_fractured, new.picture.n_normal) == (
        "tune",
        25,
        25,
    )


def test_a_second_hospital_keeps_what_was_released(release, local, tmp_path):
    """Calibrated twice, the card still holds the release's own promises."""
    first = recalibrate_release(request(tmp_path, release, local))
    manifest = read_manifest(local)
    other = tmp_path / "other.parquet"
    write_manifest(Manifest(rows=manifest.rows[:80], root=manifest.root), other)
    second = recalibrate_release(
        request(tmp_path, first.release, other, out=tmp_path / "second.osteon")
    )
    assert second.card.calibrator != first.card.calibrator
    assert second.card.site == first.card.site


def test_too_few_films_promise_nothing(release, local, tmp_path):
    """Twenty-five films of a class cannot prove 0.90 of them; the card says how many more."""
    report = recalibrate_release(request(tmp_path, release, local))
    point = report.card.operating_points.high_sensitivity
    assert (point.threshold, point.n_films, point.n_more) == (None, 25, 4)
    assert (report.card.calibrator.fitted_on, point.certified_on) == ("tune", "test")
    assert (report.card.tuned_on.split, report.card.tested_on.split) == ("tune", "test")
    fewer = request(tmp_path, release, local, promises={"sensitivity": 0.8, "specificity": 0.8})
    assert recalibrate_release(fewer).card.operating_points.high_sensitivity.threshold is not None


def test_films_that_say_nothing_or_the_opposite_are_refused(release, local, tmp_path):
    """Ten films, labels at random and labels the other way round: each has its own words."""
    manifest = read_manifest(local)
    few = Manifest(rows=manifest.rows[:10], root=manifest.root)
    write_manifest(few, tmp_path / "few.parquet")
    with pytest.raises(MeasurementFault, match="Bring more films"):
        recalibrate_release(request(tmp_path, release, tmp_path / "few.parquet"))
    flipped = rewrite(
        manifest,
        tmp_path / "flipped.parquet",
        lambda _, row: replace(row, has_fracture=not row.has_fracture, boxes=()),
    )
    with pytest.raises(InvertedAnswers, match="has_fracture the right way round"):
        recalibrate_release(request(tmp_path, release, flipped))
    assert not (tmp_path / "site.osteon").exists()


def test_the_collection_it_was_made_of_is_refused(local, tmp_path):
    """A release knows its own collection again, and a hospital's is not that."""
    manifest = read_manifest(local)
    films = {
        "split": "test",
        "collection": "local",
        "manifest_sha256": hash_manifest(manifest),
        "n_films": 100,
        "n_fractured": 50,
        "n_groups": 100,
    }
    own = build_release(tmp_path, card={"tested_on": films})
    with pytest.raises(LeakFound, match="the collection it was made of"):
        recalibrate_release(request(tmp_path, own, local))


def test_the_release_itself_is_never_written_over(release, local, tmp_path):
    """The new release is another file, and films that are split have a tune and a test split."""
    with pytest.raises(SettingsFault, match="another file than the release"):
        recalibrate_release(request(tmp_path, release, local, out=release))
    trained = rewrite(
        read_manifest(local), tmp_path / "train.parquet", lambda _, row: replace(row, split="train")
    )
    with pytest.raises(ManifestFault, match="no tune and no test"):
        recalibrate_release(request(tmp_path, release, trained))


LOW = {"sensitivity": 0.8, "specificity": 0.8}
"""What twenty-five films of a class can prove."""


@pytest.fixture
def unaudited(local, tmp_path):
    """The same films as `osteon import` lists them: nobody looked for copies."""
    path = tmp_path / "unaudited.parquet"
    return rewrite(read_manifest(local), path, lambda _, row: replace(row, audit=None))


def test_films_that_nobody_searched_for_copies_certify_nothing(release, local, unaudited, tmp_path):
    """Calibrated, but without a threshold; the same films after an audit certify both promises."""
    report = recalibrate_release(request(tmp_path, release, unaudited, promises=LOW))
    card = read_release(report.release).card
    points = card.operating_points
    assert points.cuts == (None, None)
    assert (points.high_sensitivity.n_films, points.high_specificity.n_films) == (0, 0)
    assert not card.independence.copies_looked_for
    assert not card.is_certified_unaudited
    assert "neither promise was certified there" in card.notes[0]
    assert "certified" not in " ".join(card.notes).replace("neither promise was certified", "")
    with Detector.load(report.release, threads=1) as detector:
        assert detector.read(draw_spot()).decision == "doubt"
    audited_report = recalibrate_release(
        request(tmp_path, release, local, out=tmp_path / "audited.osteon", promises=LOW)
    )
    assert None not in audited_report.card.operating_points.cuts
    assert audited_report.card.independence.copies_looked_for
    assert "both promises were certified there" in audited_report.card.notes[0]


def test_what_was_certified_without_an_audit_says_so_for_good(release, unaudited, tmp_path):
    """The release holds it, and what is made of the release later holds it too."""
    report = recalibrate_release(
        request(tmp_path, release, unaudited, promises=LOW, unaudited=True)
    )
    card = read_release(report.release).card
    assert None not in card.operating_points.cuts
    assert card.is_certified_unaudited
    said = "\n".join(line for section in describe_card(card) for line in section.sentences)
    assert "copies were never looked for (--unaudited)" in said
    assert "copies were never looked for (--unaudited)" in build_model_card(card)
    films = read_films(ReadingRequest(films=[unaudited.parent], release=report.release))
    assert "certified although copies were never looked for" in films.remarks[0]
    other = rewrite(
        read_manifest(unaudited),
        tmp_path / "b.parquet",
        lambda n, row: replace(row, view=(str(n),)),
    )
    again = recalibrate_release(request(tmp_path, report.release, other, out=tmp_path / "b.osteon"))
    assert again.card.site.independence is None  # what was released first did not record it


def test_one_film_that_joined_after_the_audit_certifies_nothing(release, local, tmp_path):
    """It may be a copy of any of the others."""
    joined = rewrite(
        read_manifest(local),
        tmp_path / "joined.parquet",
        lambda number, row: replace(row, audit=None) if number == 3 else row,
    )
    card = recalibrate_release(request(tmp_path, release, joined, promises=LOW)).card
    assert card.operating_points.cuts == (None, None)
    assert card.independence.n_not_audited == 1


def test_patients_that_a_table_names_count_once_though_it_names_no_group(release, local, tmp_path):
    """Five films of a patient are one case, where they were split by hand too."""

    def place(number, row):
        patient = f"p{number // 5}"
        split = "tune" if number < 50 else "test"
        return replace(row, patient_key=patient, split=split, group=None)

    table = rewrite(read_manifest(local), tmp_path / "table.parquet", place)
    card = recalibrate_release(request(tmp_path, release, table)).card
    assert card.tested_on.n_films == 50
    assert card.tested_on.n_groups == 10
    assert card.operating_points.high_sensitivity.n_films == 10
    assert card.independence.n_without_patient == 0


def test_a_site_states_what_its_release_is_for_and_nothing_is_claimed_for_it(
    release, local, tmp_path
):
    """What the release said of itself stays with what it was; empty fields stay empty."""
    words = tmp_path / "card.toml"
    words.write_text('intended_use = "Wrists of adults."\nnot_for = ["children"]\n', "utf-8")
    card = recalibrate_release(request(tmp_path, release, local, statement=words)).card
    assert card.statement.intended_use == "Wrists of adults."
    page = build_model_card(card)
    assert "## Intended use\n\nWrists of adults." in page
    assert "- children\n" in page
    assert "## Not tested on\n\n- Not stated" in page
    assert "growth plates" not in page
    assert card.tested_on.kinds["body_region"] == {"not recorded": 50}
    assert "Not recorded of any film: regions, views" in page
    (tmp_path / "wrong.toml").write_text('purpose = "all"\n', "utf-8")
    with pytest.raises(SettingsFault, match="unknown key; known: intended_use"):
        recalibrate_release(request(tmp_path, release, local, statement=tmp_path / "wrong.toml"))


def test_a_second_site_is_not_told_of_the_first_one_s_films(release, local, tmp_path):
    """What was calibrated again elsewhere is over; its sentence leaves with it."""
    first = recalibrate_release(request(tmp_path, release, local))
    manifest = read_manifest(local)
    rows = tuple(replace(row, collection="other") for row in manifest.rows[:80])
    other = tmp_path / "other.parquet"
    write_manifest(Manifest(rows=rows, root=manifest.root), other)
    second = recalibrate_release(
        request(tmp_path, first.release, other, out=tmp_path / "second.osteon")
    )
    told = [note for note in second.card.notes if note.startswith("Calibrated again on")]
    assert len(told) == 1
    assert 'the collection "other"' in told[0]
