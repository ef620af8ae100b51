"""From a folder of films to a release with the names of `osteon`, as the commands do it."""

import inspect
import json
from pathlib import Path

import pytest

import osteon
from osteon.cli.app import app, run
from osteon.errors import SettingsFault
from osteon.phantoms.collection import write_phantoms

TINY = {
    "preparation.rows": 32,
    "preparation.columns": 32,
    "schedule.epochs": 2,
    "schedule.batch": 8,
    "augmentation.horizontal_flip": False,
}
MACHINE = {"accelerator": "cpu", "threads": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Drawn films, and whatever is made of them."""
    folder = tmp_path_factory.mktemp("api")
    write_phantoms(folder / "films", n_films=48, seed=1)
    return folder


@pytest.fixture(scope="module")
def split_collection(folder) -> Path:
    osteon.import_films(folder / "films", folder / "manifest.parquet")
    osteon.audit(folder / "manifest.parquet", folder / "audit", workers=1)
    osteon.clean(folder / "manifest.parquet", folder / "audit", folder / "clean.parquet")
    osteon.split(folder / "clean.parquet", folder / "split.parquet", train=50, tune=25, test=25)
    return folder / "split.parquet"


@pytest.fixture(scope="module")
def trained(split_collection, folder):
    epochs = []
    report = osteon.train(
        "demo",
        split_collection,
        str(folder / "run"),
        changes=TINY,
        machine=MACHINE,
        epoch_ended=epochs.append,
    )
    assert [row.epoch for row in epochs] == [1, 2]
    return report


def test_the_steps_write_what_the_commands_write(split_collection, folder):
    """Each step's files are, byte for byte, those of the command of its name."""
    theirs = folder / "theirs"
    theirs.mkdir()
    films, manifest = str(folder / "films"), str(theirs / "manifest.parquet")
    salt = ["--patient-salt", "s"]
    assert run(["import", films, "-o", manifest, *salt]) == 0
    osteon.import_films(films, folder / "salted.parquet", patient_salt="s")
    ours = osteon.Manifest.read(folder / "salted.parquet")
    assert ours == osteon.Manifest.read(manifest)
    clean = ["clean", str(folder / "manifest.parquet"), "--audit", str(folder / "audit")]
    assert run([*clean, "-o", str(folder / "clean2.parquet")]) == 0
    shares = ["--train", "50", "--tune", "25", "--test", "25"]
    places = [str(folder / "clean2.parquet"), "-o", str(folder / "split2.parquet")]
    assert run(["split", *places, *shares]) == 0
    assert split_collection.read_bytes() == (folder / "split2.parquet").read_bytes()


def test_a_manifest_is_read_and_written_by_itself(split_collection, tmp_path):
    """`osteon.Manifest` reads a table and writes it in either form."""
    manifest = osteon.Manifest.read(split_collection)
    assert {row.split for row in manifest.rows} >= {"train", "tune", "test"}
    manifest.write(tmp_path / "again.csv")
    assert osteon.Manifest.read(tmp_path / "again.csv") == manifest


def test_an_import_without_a_place_writes_nothing(folder):
    """What is not asked for is not written."""
    before = sorted(folder.iterdir())
    imported = osteon.import_films(folder / "films")
    assert imported.summary.n_films == len(imported.manifest.rows) == 48
    assert sorted(folder.iterdir()) == before


def test_a_run_is_trained_measured_and_packed(trained, folder):
    """Train, evaluate and export give their jobs' reports, and a release that can be read with."""
    assert json.loads((folder / "run" / "run.json").read_text())["recipe"] == "demo"
    measured = osteon.evaluate(folder / "run", out=folder / "results")
    assert measured.split == "test"
    assert (folder / "results" / "metrics.json").is_file()
    made = osteon.export(
        folder / "run", folder / "first.osteon", sensitivity=0.8, licence="for tests only"
    )
    assert made.card.licence == "for tests only"
    assert made.card.operating_points.high_sensitivity.at_least == pytest.approx(0.8)
    with osteon.Detector.load(folder / "first.osteon") as detector:
        assert detector.card.name == "first"
    elsewhere = osteon.evaluate(
        folder / "first.osteon", folder / "split.parquet", out=folder / "release-results"
    )
    assert elsewhere.split == "test"


def test_a_release_needs_films_and_a_run_has_no_worst(trained, folder):
    """What the command line refuses is refused here, by a fault with an address."""
    with pytest.raises(SettingsFault, match="a release is evaluated on a manifest"):
        osteon.evaluate("osteon-1")
    with pytest.raises(SettingsFault, match="worst"):
        osteon.evaluate(folder / "run", worst=3)
    with pytest.raises(SettingsFault, match="breaks at character 0"):
        osteon.split(folder / "clean.parquet", folder / "x.parquet", same_picture="(")
    with pytest.raises(SettingsFault, match="machine"):
        osteon.train("demo", folder / "split.parquet", folder / "other", machine={"gpu": 1})


NAMED_OTHERWISE = {
    "import_": {"rename_to"},
    "split": {"keep_published", "placed"},
    "evaluate": {"run"},
    "export": {"card"},
    "train": {"change", "accelerator", "devices", "nodes", "precision", "threads"},
    "audit": {"strict"},
    "clean": set(),
}
"""Options of a command that its function lacks, or has under another name."""


@pytest.mark.parametrize("command", NAMED_OTHERWISE)
def test_a_step_takes_what_its_command_takes(command):
    """An option that is added to a command is added here, or said not to be."""
    registered = {c.callback.__name__: c.callback for c in app.registered_commands}
    options = set(inspect.signature(registered[command]).parameters) - {"json_to", "context"}
    name = {"import_": "import_films"}.get(command, command)
    ours = set(inspect.signature(getattr(osteon, name)).parameters)
    assert options - ours == NAMED_OTHERWISE[command]
