import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.films import write_classes

from osteon.cli.app import app, run

EXAMPLES = {
    "env": "osteon env",
    "fetch": "osteon fetch",
    "import": "osteon import",
    "merge": "osteon merge",
    "audit": "osteon audit",
    "clean": "osteon clean",
    "split": "osteon split",
    "train": "osteon train",
    "evaluate": "osteon evaluate",
    "summary": "osteon summary",
    "recipe": "osteon recipe",
    "export": "osteon export",
    "adopt": "osteon adopt",
    "recalibrate": "osteon recalibrate",
    "read": "osteon read",
    "inspect": "osteon inspect",
    "demo": "osteon demo",
    "card": "osteon card",
    "explain": "osteon explain",
    "benchmark": "osteon benchmark",
}
"""The issue's table: command → how its example starts."""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Forty films in two class folders, one of them a copy, one truncated."""
    write_classes(tmp_path / "films", 20, seed=7)
    films = tmp_path / "films" / "fractured"
    (films / "copy.png").write_bytes((films / "f00.png").read_bytes())
    (films / "cut.png").write_bytes((films / "f01.png").read_bytes()[:300])
    return tmp_path / "films"


def test_the_commands_are_those_of_the_table(capsys):
    """`osteon --help` lists every command, and `osteon` alone does too."""
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(f" {name} " in listed for name in EXAMPLES)
    assert {c.name or c.callback.__name__ for c in app.registered_commands} == set(EXAMPLES)


@pytest.mark.parametrize(("name", "example"), EXAMPLES.items())
def test_every_command_explains_itself_with_an_example(name, example, capsys):
    """Each command's help ends with a line that can be typed."""
    assert run([name, "--help"]) == 0
    assert f"Example: {example}" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    """`osteon --version` names the package and its version."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("osteon 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["import"],
        ["split", "m.parquet", "-o", "s.parquet", "--same-picture", "("],
        ["split", "m.parquet", "-o", "s.parquet", "--train", "half"],
        ["train", "demo", "m.parquet", "-o", "runs/a", "--set", "epochs"],
        ["evaluate", "runs/a", "--split", "validation"],
        ["audit", "nowhere.parquet"],
        ["import", "nowhere", "-o", "m.parquet"],
        ["evaluate", "nowhere"],
        ["summary", "seed-cnn5"],
    ],
)
def test_a_mistake_in_typing_leaves_2_and_no_traceback(arguments, tmp_path, monkeypatch, capsys):
    """What the person can correct is told as such, on standard error."""
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert err.strip()
    assert not out


def test_a_collection_is_imported_audited_and_split(collection, tmp_path, capsys):
    """Folder in, manifest out; the audit names the copy and the cut film; every film is placed."""
    manifest, out_path = tmp_path / "m.parquet", tmp_path / "s.parquet"
    assert run(["import", str(collection), "-o", str(manifest)]) == 0
    assert "1 film truncated" in capsys.readouterr().out

    assert run(["audit", str(manifest), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert {"truncated", "identical-files"} <= set(json.loads(out)["summary"]["rules"])
    assert "identical-files" in err

    told = tmp_path / "s.json"
    assert run(["split", str(manifest), "-o", str(out_path), "--json", str(told)]) == 0
    assert "cut.png" in capsys.readouterr().out
    counts = {c["split"]: c for c in json.loads(told.read_text())["counts"]}
    placed = [counts[split] for split in ("train", "tune", "test")]
    assert sum(count["n_films"] for count in placed) == 40  # each file once
    assert sum(count["n_copies"] for count in placed) == 1


def test_a_strict_audit_makes_flaws_an_error(collection, tmp_path):
    """`--strict` lets a script stop at a flawed collection."""
    manifest = tmp_path / "m.csv"
    assert run(["import", str(collection), "-o", str(manifest)]) == 0
    assert run(["audit", str(manifest)]) == 0
    assert run(["audit", str(manifest), "--strict"]) == 2


def test_collections_are_renamed_and_merged(collection, tmp_path, capsys):
    """Two collections become one; films can be copied under names that mean the same."""
    first, second = tmp_path / "a.parquet", tmp_path / "b.parquet"
    assert run(["import", str(collection), "-o", str(first)]) == 0
    renamed = ["--rename-to", str(tmp_path / "copy")]
    assert run(["import", str(collection), "-o", str(second), *renamed]) == 0
    assert len(list((tmp_path / "copy").rglob("*.png"))) == 42
    capsys.readouterr()
    both = tmp_path / "both.parquet"
    assert run(["merge", str(first), str(second), "-o", str(both), "--json", "-"]) == 0
    out, err = capsys.readouterr()
    counts = json.loads(out)["counts"]
    assert sum(count["n_films"] for count in counts) == 41
    assert sum(count["n_films"] + count["n_copies"] for count in counts) == 84
    assert "43 files equal to another byte for byte, counted once." in err


def test_the_machine_is_shown(capsys):
    """`osteon env` says what training will use; a program can read it."""
    assert run(["env", "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["outlook"]["films_per_second"] > 0
    assert "training uses" in err


def test_ctrl_c_leaves_130(monkeypatch, capsys):
    """A command that is stopped says so and ends with the shell's code for it."""

    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("osteon.machine.describe_machine", stop)
    assert run(["env"]) == 130
    assert "Stopped by you" in capsys.readouterr().err


def test_a_bug_leaves_1_and_a_way_to_report_it(monkeypatch, capsys):
    """What nobody foresaw is called a bug, with the line it came from."""

    def break_down() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("osteon.machine.describe_machine", break_down)
    assert run(["env"]) == 1
    assert "A bug in Osteon, not in your input: ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="pipes close in this way on POSIX only")
def test_a_reader_that_has_seen_enough_is_no_error():
    """`osteon --help | head -1` says nothing on standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    code = "from osteon.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode == 141
