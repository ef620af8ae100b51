"""`osteon train`: what begins a run, and that its folder alone goes on with one."""

import pytest

from osteon.cli.app import run
from osteon.cli.models import _name_run


def test_a_run_is_named_once_in_either_form(tmp_path):
    """`train RECIPE MANIFEST -o RUN --resume` and `train --resume RUN` mean one run."""
    manifest = tmp_path / "films.parquet"
    assert _name_run("demo", manifest, tmp_path, resume=True) == (tmp_path, "demo")
    assert _name_run("demo", manifest, tmp_path, resume=False) == (tmp_path, "demo")
    assert _name_run(str(tmp_path), None, None, resume=True) == (tmp_path, None)
    assert _name_run(None, None, tmp_path, resume=True) == (tmp_path, None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["train"], "RECIPE MANIFEST -o RUN"),
        (["train", "demo", "films.parquet"], "-o RUN"),
        (["train", "--resume"], "must be given to go on with a run"),
        (["train", "runs/first"], "MANIFEST -o RUN"),
    ],
)
def test_what_is_missing_is_named(asked, said, capsys):
    """A person learns what begins a run, and how one goes on."""
    assert run(asked) == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    """Without a run there is nothing to take recipe and films from."""
    assert run(["train", "--resume", str(tmp_path / "none")]) == 2
    assert "a run is needed here" in " ".join(capsys.readouterr().err.split())
