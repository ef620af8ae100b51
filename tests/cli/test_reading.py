"""`osteon read` and `osteon inspect`: one line per film, a card for a person."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from tests.releases import build_release, draw_spot

from osteon.cli.app import run


@pytest.fixture
def release(tmp_path):
    """A release whose guards let everything pass."""
    return str(build_release(tmp_path))


@pytest.fixture
def films(tmp_path):
    """Two films and a broken one."""
    folder = tmp_path / "films"
    folder.mkdir()
    Image.fromarray(draw_spot()).save(folder / "broken.png")
    (folder / "broken.png").write_bytes((folder / "broken.png").read_bytes()[:-20])
    Image.fromarray(draw_spot()).save(folder / "spot.png")
    Image.fromarray(draw_spot(box=None)).save(folder / "dull.png")
    return folder


def test_each_film_is_a_line_and_the_end_a_table(films, release, tmp_path, capsys):
    """The exit code is 0 though a film was not read; its reason is told and counted."""
    out = tmp_path / "out"
    assert run(["read", str(films), "--release", release, "-o", str(out), "--threads", "1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("not read ")
    assert "must hold the whole picture" in said[0]
    assert said[1].startswith("no fracture ")
    assert said[2].startswith("fracture ")
    assert "spot.png" in said[2]
    assert "1 film not read:" in said
    assert any(line.split() == ["no", "fracture", "1"] for line in said)
    assert "not a medical device" in said[-1]
    assert sorted(path.name for path in out.iterdir()) == [
        "overlays",
        "readings.csv",
        "readings.jsonl",
    ]


def test_a_program_gets_json_and_a_person_the_lines_elsewhere(films, release, capsys):
    """Standard output holds the JSON alone."""
    assert run(["read", str(films / "spot.png"), "--release", release, "--json", "-"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["release"] == "bright 1.0.0"
    assert [reading["decision"] for reading in told["readings"]] == ["fracture"]
    assert len(told["readings"][0]["findings"][0]["box"]) == 4
    assert "spot.png" in err


def test_a_list_of_films_comes_from_standard_input(films, release, monkeypatch, capsys):
    """`find … | osteon read -` reads what is listed."""
    listed = f"{films / 'spot.png'}\n\n{films / 'gone.png'}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(listed))
    assert run(["read", "-", "--release", release, "--threads", "1"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("fracture")
    assert said[1].startswith("not read")
    assert said[1].endswith("(There is no such file. Check the path.)")


def test_table_and_pictures_go_where_the_person_says(films, release, tmp_path):
    """--csv and --overlay name their own places."""
    table, pictures = tmp_path / "t.csv", tmp_path / "pictures"
    arguments = ["--csv", str(table), "--overlay", str(pictures), "--on-inverted", "correct"]
    assert run(["read", str(films), "--release", release, *arguments]) == 0
    assert len(table.read_text().splitlines()) == 4
    assert len(list(pictures.iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["films", "--release", "gone.osteon"], "gone.osteon"),
        (["films", "--release", "{release}", "--on-inverted", "guess"], "refuse or correct"),
        (["films", "--release", "{release}", "--threads", "0"], "--threads"),
        (["empty", "--release", "{release}"], "must hold films"),
        (["films", "--release", "films/spot.png"], "must be a release"),
    ],
)
def test_what_the_person_can_change_leaves_2(
    films, release, arguments, words, tmp_path, monkeypatch, capsys
):
    """A wrong option, a missing release and an empty folder are told as such."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run(["read", *(word.format(release=release) for word in arguments)]) == 2
    assert words in capsys.readouterr().err


def test_a_release_shows_its_card(release, tmp_path, capsys):
    """A person reads sentences, a program JSON with every number."""
    assert run(["inspect", release, "--json", str(tmp_path / "card.json")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("bright, version 1.0.0\n  Research use only.")
    assert "certified on 131 fractured test films" in said
    assert "118 of 131" in said
    told = json.loads((tmp_path / "card.json").read_text())
    assert told["card"]["operating_points"]["high_sensitivity"]["n_kept"] == 129
    assert len(told["sha256"]) == 64


def test_a_damaged_release_shows_none(release, capsys):
    """Nothing of a release that cannot be trusted is repeated."""
    content = bytearray(Path(release).read_bytes())
    content[900] ^= 4
    Path(release).write_bytes(content)
    assert run(["inspect", release]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert "bright.osteon: must be" in err or "must be the one" in err
