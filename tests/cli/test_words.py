import json
from pathlib import Path

import numpy as np
import pytest

from osteon.cli.words import STANDARD_OUTPUT, as_plain, console_for, say, show_table, write_json
from osteon.errors import OutputFault
from osteon.release import Preparation
from osteon.terms import Flaw

FLAW = Flaw(
    rule="identical-files",
    films=("b.png", "a.png"),
    film_ids=("01", "01"),
    evidence={"share": float("nan"), "n": np.int64(2)},
    advice="Keep one.",
)


def test_a_record_becomes_json_s_own_kinds():
    """A record keeps its names; what JSON cannot say becomes null, not a word it cannot read."""
    assert as_plain(FLAW) == {
        "rule": "identical-files",
        "films": ["b.png", "a.png"],
        "film_ids": ["01", "01"],
        "evidence": {"share": None, "n": 2},
        "advice": "Keep one.",
    }
    assert as_plain(Preparation())["rows"] == 224
    assert as_plain({"at": Path("runs/a"), "set": {3, 1}}) == {"at": "runs/a", "set": [1, 3]}
    assert as_plain(np.array([[1.5, np.inf]])) == [[1.5, None]]


def test_json_goes_to_the_file_asked_for(tmp_path):
    """--json FILE leaves a file that a program can read."""
    write_json([FLAW], tmp_path / "flaws.json")
    assert json.loads((tmp_path / "flaws.json").read_text("utf-8"))[0]["rule"] == "identical-files"


def test_json_on_standard_output_stands_alone(capsys):
    """With `--json -` a program reads standard output, and the words go to standard error."""
    say(console_for(STANDARD_OUTPUT), "2 films")
    write_json({"n": 2}, STANDARD_OUTPUT)
    out, err = capsys.readouterr()
    assert json.loads(out) == {"n": 2}
    assert err == "2 films\n"


def test_json_that_cannot_be_written_is_an_output_fault(tmp_path):
    """A path that cannot be written is named with its option."""
    with pytest.raises(OutputFault, match="--json"):
        write_json({}, tmp_path / "no" / "such" / "folder.json")


def test_names_in_brackets_are_not_markup(capsys):
    """A folder called `[bold]` is printed as it is called."""
    say(console_for(), "archive (6)/[bold]/a.png")
    show_table(console_for(), ("film", "n"), [("[red]b.png", 12345)])
    out = capsys.readouterr().out
    assert "archive (6)/[bold]/a.png" in out
    assert "[red]b.png" in out
    assert "12,345" in out


def test_a_long_path_in_a_log_stays_on_one_line(capsys):
    """A path of 150 characters is not folded where there is no terminal."""
    path = "a" * 150
    show_table(console_for(), ("film", "n"), [(path, 1)])
    assert path in capsys.readouterr().out
