"""`osteon adopt` and `osteon recalibrate`: what a person is told, and what a refusal says."""

import json
import shlex
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.films import draw_film, list_film
from tests.foreign import build_foreign, declare, write_toml
from tests.releases import build_release
from tests.rows import audited

from osteon.cli.app import run
from osteon.collection.manifest import Manifest, read_manifest, write_manifest


@pytest.fixture
def local(tmp_path):
    """Eighty films of a hospital, not split: a fracture is a bright spot, mostly."""
    folder = tmp_path / "films"
    folder.mkdir()
    chance = np.random.default_rng(2)
    rows = []
    for number in range(80):
        has_fracture = number % 2 == 0
        film = (draw_film(number, (120, 90)) * 0.6).astype(np.uint8)  # no two are one picture
        film[40:70, 30:54] = int(np.clip(chance.normal(232 if has_fracture else 214, 10), 0, 255))
        Image.fromarray(film).save(folder / f"{number:02}.png")
        facts = {"has_fracture": has_fracture, "collection": "local"}
        rows.append(list_film(folder, f"{number:02}.png", **facts))
    path = tmp_path / "local.csv"
    write_manifest(audited(Manifest(rows=tuple(rows), root=folder)), path)
    return path


def test_a_hospital_is_told_how_its_films_were_used(local, tmp_path, capsys):
    """How they were split, what is promised there, what it takes, and what was promised before."""
    release = build_release(tmp_path)
    told = tmp_path / "told.json"
    asked = ["recalibrate", str(release), str(local), "-o", str(tmp_path / "site.osteon")]
    assert run([*asked, "--json", str(told)]) == 0
    said = capsys.readouterr().out
    assert "osteon split --train 0 --tune 50 --test 50 --salt recalibrate" in said
    assert "Fractured tune films have the higher answers: AUROC" in said
    assert "Calibrated on 40 tune films, 20 fractured" in said
    # 29 fractured films without a miss certify 0.90, and 20 are there.
    assert "At least 9 more fractured test films, each of another patient, are needed" in said
    assert "So few can prove 86 % at most: --sensitivity 0.86" in said
    assert 'It promises nothing, and so it answers "doubt" to every film.' in said
    assert "No film says which patient it shows" in said
    assert "As released, on other films:" in said
    assert "Not a medical device" in said
    card = json.loads(told.read_text())["card"]
    assert card["site"]["tested_on"]["collection"] == "drawn"


def test_a_refusal_names_the_recipe_s_key(local, tmp_path, capsys):
    """A word that adopt.toml does not know, and a layout that the network contradicts."""
    model = build_foreign(tmp_path / "model.onnx")
    recipe = write_toml(declare(input__layout="NCHW"), tmp_path / "adopt.toml")
    split = tmp_path / "split.csv"
    half = ["--train", "0", "--tune", "50", "--test", "50", "--salt", "s"]
    assert run(["split", str(local), *half, "-o", str(split)]) == 0
    asked = ["adopt", str(model), "--recipe", str(recipe), "--manifest", str(split)]
    asked += ["-o", str(tmp_path / "theirs.osteon")]
    capsys.readouterr()
    assert run(asked) == 2
    assert capsys.readouterr().err.startswith("--recipe, preparation and input.layout: ")
    recipe.write_text(recipe.read_text().replace("layout", "order"))
    assert run(asked) == 2
    assert capsys.readouterr().err.startswith("adopt.toml, input.layout: ")


def test_films_that_nobody_audited_certify_nothing_and_the_way_out_can_be_pasted(
    local, tmp_path, capsys
):
    """The reason, and three commands that end in a release; the flag that does without is named."""
    manifest = read_manifest(local)
    bare = tuple(replace(row, audit=None) for row in manifest.rows)
    path = tmp_path / "my films.csv"
    write_manifest(replace(manifest, rows=bare), path)
    release, out = build_release(tmp_path), tmp_path / "site.osteon"
    low = ["--sensitivity", "0.8", "--specificity", "0.8"]
    assert run(["recalibrate", str(release), str(path), "-o", str(out), *low]) == 0
    said = capsys.readouterr().out
    assert "certified on" not in said.split("As released")[0]
    assert "not certified, since copies were never looked for" in said
    assert "--unaudited" in said
    lines = [line.removeprefix("Next: ").strip() for line in said.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("osteon ")]
    assert [command[1] for command in commands] == ["audit", "clean", "recalibrate"]
    for command in commands:
        assert run([*command[1:], *(low if command[1] == "recalibrate" else [])]) == 0
    said = capsys.readouterr().out
    assert "certified on 20 fractured test films, one of each group of copies" in said
    assert run(["inspect", str(out)]) == 0
    assert "Copies were looked for among all of these films" in capsys.readouterr().out


def test_a_certificate_without_an_audit_is_shown_as_one(local, tmp_path, capsys):
    """At once, by inspect, on the card, and wherever films are read with it."""
    manifest = read_manifest(local)
    bare = tuple(replace(row, audit=None) for row in manifest.rows)
    write_manifest(replace(manifest, rows=bare), local)
    release, out = build_release(tmp_path), tmp_path / "site.osteon"
    low = ["--sensitivity", "0.8", "--specificity", "0.8", "--unaudited"]
    assert run(["recalibrate", str(release), str(local), "-o", str(out), *low]) == 0
    told = "though copies were never looked for (--unaudited)"
    assert told in capsys.readouterr().out
    assert run(["inspect", str(out), "--json", str(tmp_path / "card.json")]) == 0
    assert told in capsys.readouterr().out
    card = json.loads((tmp_path / "card.json").read_text())["card"]
    assert card["independence"]["copies_looked_for"] is False
    assert run(["card", str(out), "-o", str(tmp_path / "card.md")]) == 0
    assert told in (tmp_path / "card.md").read_text("utf-8")
    capsys.readouterr()
    film = str(manifest.films_path(manifest.rows[0]))
    assert run(["read", film, "--release", str(out)]) == 0
    assert "certified although copies were never looked for" in capsys.readouterr().out
