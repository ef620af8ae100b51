import json
from pathlib import Path

import pytest

from osteon.errors import NoFilms, OutputFault
from osteon.jobs.demo import DemoRequest, run_demo
from osteon.jobs.demo_report import DemoReport, describe_hunt
from osteon.phantoms.copies import PlantedCopy
from osteon.release import read_release
from tests.packages import has_default_release
from tests.rows import flaw

SMALL = {"preparation.rows": "32", "preparation.columns": "32", "schedule.epochs": "1"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one demo on drawn films ran, for all tests of this file."""
    out = tmp_path_factory.mktemp("demo")
    run_demo(DemoRequest(out=out, n_phantoms=80, overrides=SMALL))
    return out


@pytest.fixture(scope="module")
def again(drawn: Path) -> DemoReport:
    """The same demo, run a second time."""
    return run_demo(DemoRequest(out=drawn, n_phantoms=80, overrides=SMALL))


def test_the_demo_goes_from_nothing_to_figures(drawn):
    """Without films the demo draws some, and leaves a run, numbers, figures and a note."""
    folder = drawn / "phantoms"
    assert (folder / "run" / "models" / "best_model.onnx").is_file()
    assert (folder / "run" / "results" / "metrics.json").is_file()
    assert (folder / "audit.json").is_file()
    facts = json.loads((folder / "run" / "run.json").read_text())
    assert facts["copies_looked_for"] is True


def test_a_second_demo_keeps_what_was_done(again):
    """Run again, every stage that leaves a file is kept, and the answer is the same."""
    kept = ["draw", "import", "audit", "clean", "split", "train", "release"]
    done = ["draw", "import", "audit", "clean", "split", "train", "evaluate", "release", "read"]
    assert [stage.name for stage in again.stages] == done
    assert [stage.name for stage in again.stages if stage.was_kept] == kept
    assert again.is_drawn
    assert all(figure.is_file() for figure in again.figures)
    assert {f.name for f in again.figures} >= {"roc_curve.png", "confusion_matrix.png"}
    assert len(again.look_at) == 5
    assert all(Path(one.what).exists() for one in again.look_at)


def test_drawings_are_read_by_the_network_that_learnt_from_drawings(again):
    """The demo's own release reads test films, never osteon-1: that one is named for real films."""
    words = {stage.name: stage.words for stage in again.stages}
    assert words["read"].startswith("demo, version 1 on ")
    assert not any("osteon-1" in told for told in words.values())
    lines = (again.readings / "readings.csv").read_text().splitlines()
    assert 1 < len(lines) <= 21
    assert len(list((again.readings / "overlays").iterdir())) >= 1
    assert again.next_commands[0].what == "osteon read YOUR_FILM"
    assert "osteon-1" in again.next_commands[0].why


def test_no_drawing_is_turned_away_as_no_limb(again):
    """The guards were fitted to films: a release of drawings reads what looks like none to them."""
    assert read_release(again.folder / "demo.osteon").card.guards.on_stranger == "read"
    lines = (again.readings / "readings.jsonl").read_text().splitlines()
    readings = [json.loads(line) for line in lines]
    assert all("decision" in reading for reading in readings)
    turned_away = [reading for reading in readings if reading["decision"] == "not read"]
    codes = {code for reading in turned_away for code in reading["reason_codes"]}
    assert "out-of-scope" not in codes


def test_what_the_demo_says_of_its_network_carries_counts_and_intervals(again):
    """Each share in the stage's words has its denominator and its interval."""
    words = {stage.name: stage.words for stage in again.stages}["evaluate"]
    metrics = again.evaluation.metrics
    assert f"of {metrics.sensitivity.denominator} with a fracture" in words
    assert f"of {metrics.specificity.denominator} without" in words
    assert words.count(" to ") == 3


def test_the_audit_names_the_hidden_copies_and_no_other_film(drawn):
    """What the audit of the drawn films found is what was hidden among them, to the film."""
    audit = json.loads((drawn / "phantoms" / "audit.json").read_text())
    copied = {frozenset(flaw["films"]) for flaw in audit["flaws"] if flaw["rule"] == "same-picture"}
    told = (drawn / "phantoms" / "phantoms" / "README.txt").read_text(encoding="utf-8")
    hidden = {
        frozenset(line.split(",")[0].split("  is "))
        for line in told.splitlines()
        if "  is " in line
    }
    assert len(hidden) == 4
    assert copied == hidden


def name_films(*numbers: int) -> list[str]:
    return [f"films/phantom-{number:05d}.png" for number in numbers]


def test_a_hunt_is_told_as_it_went():
    """A missed copy is not found, and a film that was taken for a copy wrongly is counted."""
    copies = [
        PlantedCopy(number=10, original=1, change="mirrored", has_other_label=True),
        PlantedCopy(number=11, original=2, change="cropped", has_other_label=False),
    ]
    flaws = [
        flaw("same-picture", *name_films(1, 5, 10)),
        flaw("same-picture-two-labels", *name_films(1, 5, 10)),
        flaw("same-picture", *name_films(6, 7)),
        flaw("outlier", *name_films(2, 11)),
    ]
    assert describe_hunt(copies, flaws, n_films=10) == (
        "1 of 2 hidden copies found, and 1 of 1 wrong labels among them; of the 10 different "
        "films 3 were taken for copies"
    )
    assert describe_hunt(copies, [], n_films=10).startswith(
        "0 of 2 hidden copies found, and 0 of 1"
    )


def test_a_demo_resumes_where_it_was_stopped(drawn):
    """A demo that was killed before its first epoch ended trains again, and keeps what came before.

    Its release is made again too: the one that is there holds another network.
    """
    folder = drawn / "phantoms"
    (folder / "run" / "run.json").unlink()
    (folder / "run" / "checkpoints" / "last.ckpt").unlink()
    (folder / "demo.osteon").write_bytes(b"of an earlier network")
    report = run_demo(DemoRequest(out=drawn, n_phantoms=80, overrides=SMALL))
    kept = {stage.name: stage.was_kept for stage in report.stages}
    assert kept["split"]
    assert not kept["train"]
    assert not kept["release"]


def test_a_training_that_was_stopped_is_not_taken_for_a_finished_one(drawn):
    """Ctrl-C leaves a network of the epochs so far: the next demo trains on, and says so."""
    facts = drawn / "phantoms" / "run" / "run.json"
    told = json.loads(facts.read_text())
    assert told["ended"] == "all epochs"
    facts.write_text(json.dumps({**told, "ended": "stopped"}))
    report = run_demo(DemoRequest(out=drawn, n_phantoms=80, overrides=SMALL))
    assert not {stage.name: stage.was_kept for stage in report.stages}["train"]
    assert json.loads(facts.read_text())["ended"] == "all epochs"


def test_a_demo_of_other_films_does_not_take_the_folder(drawn):
    """Another number of films, or another recipe, is another demo."""
    with pytest.raises(OutputFault, match="choose another folder"):
        run_demo(DemoRequest(out=drawn, n_phantoms=90, overrides=SMALL))


def test_the_demo_takes_a_person_s_own_films(drawn):
    """With DATA nothing is drawn, the films stay where they are, and the next step is theirs."""
    data = drawn / "phantoms" / "phantoms"
    before = sorted(data.rglob("*"))
    report = run_demo(DemoRequest(out=drawn / "own", data=data, overrides=SMALL))
    assert not report.is_drawn
    assert report.stages[0].name == "import"
    assert sorted(data.rglob("*")) == before
    assert json.loads((report.folder / "demo.json").read_text())["data"] == str(data.resolve())
    assert report.next_commands[1].what.startswith("osteon train seed-cnn4")
    read = {stage.name: stage.words for stage in report.stages}["read"]
    assert ("osteon-1" in read) or not has_default_release()


def test_a_folder_without_films_is_refused(tmp_path):
    """A folder that holds no film ends the demo with the import's own words."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoFilms):
        run_demo(DemoRequest(out=tmp_path / "out", data=tmp_path / "empty"))
