"""`osteon adopt` and `osteon recalibrate`: what a person is told, and what a refusal says."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.films import list_film
from tests.foreign import build_foreign, declare, write_toml
from tests.releases import build_release, draw_spot

from osteon.cli.app import run
from osteon.collection.manifest import Manifest, write_manifest


@pytest.fixture
def local(tmp_path):
    """Eighty films of a hospital, not split: a fracture is a bright spot, mostly."""
    folder = tmp_path / "films"
    folder.mkdir()
    chance = np.random.default_rng(2)
    rows = []
    for number in range(80):
        has_fracture = number % 2 == 0
        film = draw_spot(box=None)
        film[40:70, 30:54] = int(np.clip(chance.normal(232 if has_fracture else 214, 10), 0, 255))
        film[0, :8] = [int(bit) * 40 for bit in f"{number:08b}"]
        Image.fromarray(film).save(folder / f"{number:02}.png")
        facts = {"has_fracture": has_fracture, "collection": "local"}
        rows.append(list_film(folder, f"{number:02}.png", **facts))
    path = tmp_path / "local.csv"
    write_manifest(Manifest(rows=tuple(rows), root=folder), path)
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
    assert "this cannot be promised. 9 fractured films more" in said
    assert "As released, elsewhere:" in said
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
