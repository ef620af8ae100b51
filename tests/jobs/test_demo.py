import json
from pathlib import Path

import pytest

from osteon.errors import NoFilms, OutputFault
from osteon.jobs.demo import DemoRequest, Stage, run_demo
from tests.packages import has_default_release

SMALL = {"preparation.rows": "32", "preparation.columns": "32", "schedule.epochs": "1"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one demo on drawn films ran, for all tests of this file."""
    out = tmp_path_factory.mktemp("demo")
    run_demo(DemoRequest(out=out, n_phantoms=80, overrides=SMALL))
    return out


def test_the_demo_goes_from_nothing_to_figures(drawn):
    """Without films the demo draws some, and leaves a run, numbers, figures and a note."""
    folder = drawn / "phantoms"
    assert (folder / "run" / "models" / "best_model.onnx").is_file()
    assert (folder / "run" / "results" / "metrics.json").is_file()
    assert (folder / "audit.json").is_file()
    facts = json.loads((folder / "run" / "run.json").read_text())
    assert facts["copies_looked_for"] is True


def test_a_second_demo_keeps_what_was_done(drawn):
    """Run again, every stage but the last is kept, and the answer is the same."""
    stages: list[Stage] = []
    report = run_demo(
        DemoRequest(out=drawn, n_phantoms=80, overrides=SMALL), stage_ended=stages.append
    )
    names = ["draw", "import", "audit", "clean", "split", "train", "evaluate", "read"]
    assert [s.name for s in stages] == names
    assert [s.was_kept for s in stages] == [True] * 6 + [False] * 2
    assert report.is_drawn
    assert len(report.next_commands) == 3
    assert all(figure.is_file() for figure in report.figures)
    assert {f.name for f in report.figures} >= {"roc_curve.png", "confusion_matrix.png"}


def test_the_demo_reads_drawings_with_the_default_model_and_says_so(drawn):
    """The last stage reads twenty films or fewer with what comes with Osteon, or says it cannot."""
    stages: list[Stage] = []
    report = run_demo(
        DemoRequest(out=drawn, n_phantoms=80, overrides=SMALL), stage_ended=stages.append
    )
    if not has_default_release():
        assert "did not come with this Osteon" in stages[-1].words
        assert report.readings is None
        return
    assert "drawings, not patients" in stages[-1].words
    lines = (report.readings / "readings.csv").read_text().splitlines()
    assert 1 < len(lines) <= 21
    assert len(list((report.readings / "overlays").iterdir())) == len(lines) - 1


def test_a_demo_goes_on_where_it_was_stopped(drawn):
    """A demo that was killed while it trained trains on, and keeps what came before."""
    run = drawn / "phantoms" / "run"
    (run / "operating_point.json").unlink()
    (run / "checkpoints" / "last.ckpt").unlink()
    stages: list[Stage] = []
    run_demo(DemoRequest(out=drawn, n_phantoms=80, overrides=SMALL), stage_ended=stages.append)
    assert {s.name: s.was_kept for s in stages}["split"]
    assert not {s.name: s.was_kept for s in stages}["train"]


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
    assert report.next_commands[1].startswith("osteon train seed-cnn4")


def test_a_folder_without_films_is_refused(tmp_path):
    """A folder that holds no film ends the demo with the import's own words."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoFilms):
        run_demo(DemoRequest(out=tmp_path / "out", data=tmp_path / "empty"))
