"""`osteon audit`: what it prints, and how it ends."""

import html
import json
import re
import shlex
from pathlib import Path

import pytest
from tests.films import draw_film, list_films, turn_film, write_classes, write_film
from tests.rows import place_film

from osteon.cli.app import run
from osteon.collection.manifest import Manifest, write_manifest


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four films: a turned copy in another split, and two that stand alone."""
    films = tmp_path_factory.mktemp("audited") / "films"
    write_film(films / "a.png", draw_film(1))
    write_film(films / "b.png", turn_film(draw_film(1), 60))
    write_film(films / "c.png", draw_film(2))
    write_film(films / "d.png", draw_film(3))
    facts = {
        "a.png": {"published_split": "train"},
        "b.png": {"published_split": "test", "has_fracture": True},
        "c.png": {"published_split": "train"},
        "d.png": {"published_split": "test"},
    }
    write_manifest(list_films(films, facts), films.parent / "m.parquet")
    return films.parent / "m.parquet"


def test_a_person_reads_sentences_first_and_the_next_command_last(manifest, tmp_path, capsys):
    """What there is, what leaks, one example of each rule, where the page is, what to do."""
    out = tmp_path / "an audit"
    assert run(["audit", str(manifest), "-o", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ("4 films, 4 different files; 4 decode whole, 1 of these with a fracture.")
    assert lines[1] == "They show 3 different pictures; the other film is a copy."
    assert "test: 1 of 2 films (50.0%) has a copy" in lines[3]
    said = "\n".join(lines)
    assert "same-picture-two-labels, for example a.png, b.png" in said
    assert f"Look at the pictures: {out / 'report.html'}" in said
    clean = manifest.with_name("m-clean.parquet")
    assert lines[-1] == f"Next: osteon clean {manifest} --audit '{out}' -o {clean}"


def test_a_collection_without_a_copy_is_cleaned_too(tmp_path, capsys):
    """Its films are stamped there: an audit that found nothing certifies as much as another."""
    films = tmp_path / "films"
    for number in range(3):
        write_film(films / f"{number}.png", draw_film(number))
    path = tmp_path / "m.parquet"
    write_manifest(list_films(films, [f"{number}.png" for number in range(3)]), path)
    assert run(["audit", str(path), "-o", str(tmp_path / "a")]) == 0
    said = capsys.readouterr().out
    assert "No two of them show the same picture." in said
    clean = tmp_path / "m-clean.parquet"
    line = f"osteon clean {path} --audit {tmp_path / 'a'} -o {clean}"
    assert said.splitlines()[-1] == f"Next: {line}"
    assert run(shlex.split(line)[1:]) == 0
    said = capsys.readouterr().out
    assert "Copies were looked for among all of these films: 2" in said
    assert f"Next: osteon split {clean}" in said


def test_a_program_reads_the_same_as_json(manifest, capsys):
    """Standard output holds the audit alone, and words go to standard error."""
    assert run(["audit", str(manifest), "--json", "-", "--workers", "1"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["summary"]["n_pictures"] == 3
    assert {flaw["rule"] for flaw in answer["flaws"]} >= {"same-picture", "copies-across-splits"}
    assert "3 different pictures" in err


def test_without_a_folder_the_next_step_is_to_name_one(manifest, capsys):
    """An audit that was not written cannot be cleaned after."""
    assert run(["audit", str(manifest)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"Next: osteon audit {manifest} -o {manifest.with_name('m-audit')}"
    )


def test_a_quick_audit_knows_what_the_manifest_knows(manifest, capsys):
    """Without opening films there are no copies, and the words do not claim that there are none."""
    assert run(["audit", str(manifest), "--quick"]) == 0
    out = capsys.readouterr().out
    assert "No flaw was found." in out
    assert "No film was opened" in out


@pytest.mark.parametrize("is_leaking", [True, False])
def test_a_patient_in_two_splits_is_grouped_next(is_leaking, tmp_path, capsys):
    """Cleaning groups a patient's films; where nothing was found, no command follows."""
    known = {
        "a.png": {"patient_key": "p", "published_split": "train"},
        "b.png": {"patient_key": "p" if is_leaking else "q", "published_split": "test"},
    }
    rows = [place_film(tmp_path, name, name.encode(), **facts) for name, facts in known.items()]
    write_manifest(Manifest(rows=tuple(rows), root=tmp_path), tmp_path / "m.parquet")
    assert run(["audit", str(tmp_path / "m.parquet"), "--quick"]) == 0
    out = capsys.readouterr().out
    assert ("patient-across-splits" in out) is is_leaking
    assert ("Next: osteon audit" in out) is is_leaking


def test_strict_ends_with_2_where_there_is_a_flaw(manifest, capsys):
    """A script can stop there."""
    assert run(["audit", str(manifest), "--strict"]) == 2
    assert run(["audit", str(manifest), "--strict", "--quick"]) == 0
    capsys.readouterr()


def test_an_external_collection_is_searched(manifest, tmp_path, capsys):
    """The share of films that stand in both is said in a sentence."""
    films = tmp_path / "others"
    write_film(films / "x.png", turn_film(draw_film(2), -30))
    write_film(films / "y.png", draw_film(9))
    facts = {key: {"collection": "others"} for key in ("x.png", "y.png")}
    write_manifest(list_films(films, facts), tmp_path / "o.parquet")
    assert run(["audit", str(manifest), "--against", str(tmp_path / "o.parquet")]) == 0
    out = capsys.readouterr().out
    assert "1 of 4 films (25.0%) are in others too, which has 2 films." in out
    assert run(["audit", str(manifest), "--quick", "--against", str(manifest)]) == 2
    assert "--against" in capsys.readouterr().err


@pytest.mark.parametrize("names", [("m.parquet", "audit"), ("my films' list.parquet", "an audit")])
def test_the_pages_commands_can_be_pasted(names, tmp_path, monkeypatch, capsys):
    """They name the real files, quoted for a shell, and each of them runs."""
    manifest, folder = names
    monkeypatch.chdir(tmp_path)
    write_classes(tmp_path / "films", 12, seed=3)
    copy = tmp_path / "films" / "fractured" / "copy.png"
    copy.write_bytes((tmp_path / "films" / "fractured" / "f00.png").read_bytes())
    assert run(["import", "films", "-o", manifest]) == 0
    assert run(["audit", manifest, "-o", folder]) == 0
    page = (tmp_path / folder / "report.html").read_text("utf-8")
    commands = html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)[1])
    for command in commands.splitlines():
        words = shlex.split(command)
        assert words[0] == "osteon"
        assert run(words[1:]) == 0, command
    stem = Path(manifest).stem
    assert len(commands.splitlines()) == 2
    assert (tmp_path / f"{stem}-clean.parquet").is_file()
    assert (tmp_path / f"{stem}-split.parquet").is_file()


def test_the_page_of_a_placed_collection_does_not_place_it_again(tmp_path, monkeypatch):
    """Films that are placed never move: only the cleaning is printed, and it runs."""
    monkeypatch.chdir(tmp_path)
    write_classes(tmp_path / "films", 12, seed=3)
    copy = tmp_path / "films" / "fractured" / "copy.png"
    copy.write_bytes((tmp_path / "films" / "fractured" / "f00.png").read_bytes())
    assert run(["import", "films", "-o", "m.csv"]) == 0
    assert run(["split", "m.csv", "-o", "s.csv"]) == 0
    assert run(["audit", "s.csv", "-o", "audit", "--films", "films"]) == 0
    page = (tmp_path / "audit" / "report.html").read_text("utf-8")
    command = html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)[1])
    assert command == "osteon clean s.csv --audit audit --films films -o s-clean.parquet"
    assert run(shlex.split(command)[1:]) == 0
    assert "never move" in page


def test_paths_from_the_root_are_told_from_the_manifests_folder(tmp_path, monkeypatch):
    """The page tells nothing of this machine, and its commands run where it says."""
    write_classes(tmp_path / "films", 12, seed=3)
    copy = tmp_path / "films" / "fractured" / "copy.png"
    copy.write_bytes((tmp_path / "films" / "fractured" / "f00.png").read_bytes())
    (tmp_path / "lists").mkdir()
    manifest = tmp_path / "lists" / "m.parquet"
    assert run(["import", str(tmp_path / "films"), "-o", str(manifest)]) == 0
    assert run(["audit", str(manifest), "-o", str(tmp_path / "a b")]) == 0
    page = (tmp_path / "a b" / "report.html").read_text("utf-8")
    assert str(tmp_path) not in page
    assert "In the folder that holds <code>m.parquet</code>:" in page
    monkeypatch.chdir(tmp_path / "lists")
    commands = html.unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", page, re.DOTALL)[1])
    for command in commands.splitlines():
        assert run(shlex.split(command)[1:]) == 0, command
