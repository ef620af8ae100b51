"""`osteon benchmark` at the command line."""

import json

from PIL import Image
from tests.films import list_film
from tests.releases import build_release, draw_spot

from osteon.cli.app import run
from osteon.collection.manifest import Manifest, write_manifest


def write_collection(folder):
    """Eight test films; every second one has a bright spot, which is its fracture."""
    films = folder / "films"
    films.mkdir()
    rows = []
    for number in range(8):
        has_fracture = number % 2 == 0
        box = (30, 40, 54, 70)
        picture = draw_spot(columns=90 + number, box=box if has_fracture else None)
        Image.fromarray(picture).save(films / f"f{number}.png")
        boxes = (tuple(map(float, box)),) if has_fracture else ()
        facts = {"has_fracture": has_fracture, "boxes": boxes, "split": "test"}
        rows.append(list_film(films, f"f{number}.png", collection="spots", **facts))
    path = folder / "spots.parquet"
    write_manifest(Manifest(rows=tuple(rows), root=films, salt="s"), path)
    return path


def test_a_release_is_measured_and_told(tmp_path, capsys):
    """The command prints each model's AUROC and where the rest lies."""
    release = build_release(tmp_path)
    out = tmp_path / "out"
    command = ["benchmark", str(release), "--collection", str(write_collection(tmp_path))]
    assert run([*command, "-o", str(out), "--json", str(tmp_path / "said.json")]) == 0
    said = capsys.readouterr().out
    assert '8 test films of the collection "spots", 4 fractured, in 8 groups.' in said
    assert "Copies were never looked for: films may be copies of one another." in said
    assert "bright  1.000" in said
    assert "1 row measured now, 0 kept." in said
    assert (out / "benchmark.md").is_file()
    told = json.loads((tmp_path / "said.json").read_text(encoding="utf-8"))
    assert told["reference"] == "bright"


def test_a_fault_is_told_in_a_sentence(tmp_path, capsys):
    """Without a manifest, releases have no films."""
    release = build_release(tmp_path)
    assert run(["benchmark", str(release), "-o", str(tmp_path / "out")]) == 2
    assert "--collection: a manifest is needed" in capsys.readouterr().err
