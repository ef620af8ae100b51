"""Networks of other people become releases, or are refused with what to do about it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.errors import ManifestFault, MeasurementFault, ReleaseInverted, SettingsFault
from osteon.inference.detector import Detector
from osteon.jobs.adopt import AdoptRequest, adopt_network
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import prepare
from osteon.release import read_release
from osteon.release.card import UNKNOWN_FILMS
from tests.films import list_film
from tests.foreign import answer_by_hand, build_foreign, declare, write_toml

LIMBS = (1, 2, 3, 8, 9, 10, 11, 12)
"""Seeds of drawn films that the guards let pass."""


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Sixty drawn films: those with a fracture are brighter, mostly."""
    folder = tmp_path_factory.mktemp("films")
    chance = np.random.default_rng(3)
    limbs = [draw_phantom(seed, has_fracture=False).radiograph.pixels for seed in LIMBS]
    rows = []
    for number in range(60):
        has_fracture = number % 2 == 0
        limb = limbs[number % len(limbs)]
        wanted = chance.normal(0.28 if has_fracture else 0.2, 0.03)
        grey = np.rint(255 * np.clip(limb * wanted / limb.mean(), 0, 1)).astype(np.uint8)
        name = f"{number:02}.png"
        Image.fromarray(grey).save(folder / name, compress_level=1)
        split = "tune" if number < 30 else "test"
        facts = {"has_fracture": has_fracture, "split": split, "collection": "drawn"}
        rows.append(list_film(folder, name, **facts))
    path = folder.parent / f"{folder.name}.parquet"
    write_manifest(Manifest(rows=tuple(rows), root=folder), path)
    return path


def request(tmp_path, manifest, *, how=None, **changes):
    recipe = write_toml(how or declare(), tmp_path / "adopt.toml")
    model = build_foreign(tmp_path / "model.onnx")
    given = {"model": model, "recipe": recipe, "manifest": manifest, "out": tmp_path / "x.osteon"}
    return AdoptRequest(**(given | changes))


@pytest.fixture(scope="module")
def adopted(labelled, tmp_path_factory):
    return adopt_network(request(tmp_path_factory.mktemp("adopted"), labelled))


def test_an_adopted_network_is_a_release_like_ours(adopted, labelled):
    """It is loaded, reads, and gives the probability that its calibrator makes of its logit."""
    manifest = read_manifest(labelled)
    film = manifest.films_path(manifest.rows[0])
    with Detector.load(adopted.release, threads=1) as detector:
        reading = detector.read(film)
        card = detector.card
    films = prepare(read_film(film), card.preparation)[np.newaxis]
    by_hand = card.calibrator.calibrate(answer_by_hand(films))[0]
    assert reading.probability == pytest.approx(by_hand, abs=1e-4)
    assert reading.evidence.shape == (manifest.rows[0].rows, manifest.rows[0].columns)
    assert card.evidence.method == "occlusion"
    assert adopted.figure.is_file()
    assert adopted.largest_difference < 1e-5
    assert adopted.n_compared == 30


def test_what_cannot_be_known_of_it_is_said(adopted):
    """The card names the file it came from, and says that its training films are unknown."""
    card = adopted.card
    assert card.recipe == "adopted"
    assert card.trained_on is None
    assert UNKNOWN_FILMS in card.notes
    assert any("model.onnx (SHA-256 " in note and '"fractured"' in note for note in card.notes)
    assert (card.licence, card.attribution) == ("not stated", "not stated")
    assert (card.films.train, card.films.tune + card.films.test) == (0, 60)
    assert not card.learnt.is_known


def test_films_that_it_learnt_from_are_named_by_whoever_knows_them(labelled, tmp_path):
    """Those among the labelled films are left out, and the release knows all of them again."""
    manifest = read_manifest(labelled)
    # Three films of one limb, of which there are eight: the others look like them.
    learnt = tuple(replace(row, split=None) for row in manifest.rows[:24:8])
    write_manifest(Manifest(rows=learnt, root=manifest.root), tmp_path / "learnt.parquet")
    report = adopt_network(request(tmp_path, labelled, learnt=tmp_path / "learnt.parquet"))
    card = report.card
    found = {"is_known": True, "n_films": 60, "n_learnt": 8, "n_related": 0, "are_left_out": True}
    assert card.learnt.model_dump() == found
    used = card.tuned_on.n_films + card.tested_on.n_films + sum(report.not_read.values())
    assert used == 52
    assert card.trained_on.n_films == card.films.train == 3
    assert UNKNOWN_FILMS not in card.notes
    assert "a manifest that its adopter gave" in card.notes[0]
    assert read_release(report.release).films.has_training


def test_it_is_calibrated_on_tune_and_certified_on_test(adopted):
    """Thirty films calibrate; fifteen of a class cannot prove 0.90, and the card says so."""
    card = adopted.card
    n_read = card.tuned_on.n_films + card.tested_on.n_films + sum(adopted.not_read.values())
    assert n_read == 60
    assert card.calibrator.fitted_on == "tune"
    point = card.operating_points.high_sensitivity
    assert point.threshold is None
    assert point.n_more == 29 - point.n_films
    assert point.certified_on == "test"


def test_equal_films_and_networks_give_equal_bytes(adopted, labelled, tmp_path):
    """A release can be made again, byte for byte."""
    again = adopt_network(request(tmp_path, labelled))
    assert again.release.read_bytes() == adopted.release.read_bytes()


def test_a_flipped_polarity_is_caught_with_its_remedy(labelled, tmp_path):
    """Where the other class was declared, the films say so, and the refusal says what to write."""
    flipped = request(tmp_path, labelled, how=declare(output__positive="normal"))
    with pytest.raises(ReleaseInverted) as refused:
        adopt_network(flipped)
    words = str(refused.value)
    assert words.startswith('adopt.toml, output.positive: "normal" must be the class that means')
    assert 'Set positive = "fractured"' in words
    assert "AUROC 0." in words
    assert "tune films" in words
    assert not flipped.out.exists()


def test_films_that_cannot_tell_are_not_guessed_from(labelled, tmp_path):
    """Where the labels have nothing to do with the answers, no direction is made up."""
    manifest = read_manifest(labelled)
    rows = [replace(row, has_fracture=place % 4 < 2) for place, row in enumerate(manifest.rows)]
    other = tmp_path / "other.parquet"
    write_manifest(Manifest(rows=tuple(rows), root=manifest.root), other)
    with pytest.raises(MeasurementFault, match="Osteon does not guess"):
        adopt_network(request(tmp_path, other))


def test_films_that_are_not_split_are_refused(labelled, tmp_path):
    """The same films cannot calibrate and certify."""
    manifest = read_manifest(labelled)
    other = tmp_path / "other.parquet"
    rows = tuple(replace(row, split=None) for row in manifest.rows)
    write_manifest(Manifest(rows=rows, root=manifest.root), other)
    with pytest.raises(ManifestFault, match="needs a tune split"):
        adopt_network(request(tmp_path, other))


def test_a_false_word_in_the_recipe_is_refused_before_films_are_read(labelled, tmp_path):
    """A layout that the network contradicts, and a file that is no release, cost no film."""
    with pytest.raises(SettingsFault, match=r"--recipe, preparation and input\.layout"):
        adopt_network(request(tmp_path, labelled, how=declare(input__layout="NCHW")))
    with pytest.raises(SettingsFault, match=r"ends in \.osteon"):
        adopt_network(request(tmp_path, labelled, out=tmp_path / "x.onnx"))
