"""`osteon clean`: what it prints, and how it ends."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.films import write_classes

from osteon.cli.app import run
from osteon.phantoms.phantom import draw_phantom


@pytest.fixture
def audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Twelve films: one truncated, one copied byte for byte, one under both labels; audited."""
    write_classes(tmp_path / "films", 5, seed=3)
    one, other = tmp_path / "films" / "fractured", tmp_path / "films" / "not fractured"
    (one / "copy.png").write_bytes((one / "f00.png").read_bytes())
    (other / "disputed.png").write_bytes((one / "f01.png").read_bytes())
    (one / "f02.png").write_bytes((one / "f02.png").read_bytes()[:300])
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(tmp_path / "films"), "-o", str(manifest)]) == 0
    assert run(["audit", str(manifest), "-o", str(tmp_path / "audit")]) == 0
    capsys.readouterr()
    return tmp_path


def clean(folder: Path, *options: str, out: str = "clean.parquet") -> int:
    arguments = ["--audit", str(folder / "audit"), "-o", str(folder / out), *options]
    return run(["clean", str(folder / "m.parquet"), *arguments])


def test_a_person_reads_what_left_and_what_to_do_next(audited, capsys):
    """The words count and name the films that left, ask for a reader, and give the next command."""
    assert clean(audited, "--deduplicate") == 0
    out = capsys.readouterr().out
    assert out.startswith("8 of 12 films stay: 8 different pictures in 8 groups")
    assert "not fractured/disputed.png: copies of this picture have both labels" in out
    assert "A reader must decide the label of 2 films" in out
    assert "a copy of fractured/copy.png, which stays for it" in out
    assert "clean.excluded.csv" in out
    assert f"Next: osteon split {audited / 'clean.parquet'}" in out


def test_a_program_reads_every_film_that_left(audited, capsys):
    """The JSON answer lists the excluded films with their reasons."""
    assert clean(audited, "--keep", "truncated", "--json", "-") == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["excluded_by_rule"] == {"same-picture-two-labels": 2}
    assert answer["doubts"] == {"truncated": 1, "outlier": 9}  # noise is no radiograph
    assert {film["path"] for film in answer["excluded"]} == {
        "fractured/f01.png",
        "not fractured/disputed.png",
    }
    assert "truncated: 1 film kept" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--exclude", "trunkated"], "Did you mean truncated"),
        (["--audit", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_cleaned_is_refused_without_a_file(options, says, audited, capsys):
    """A wrong rule and a missing audit leave 2, words, and no manifest."""
    assert clean(audited, *options) == 2
    assert says in capsys.readouterr().err
    assert not (audited / "clean.parquet").exists()


def test_the_cleaned_manifest_is_split_and_the_placed_one_trained_next(audited, capsys):
    """After a split, cleaning says to train; its films keep their places."""
    assert clean(audited) == 0
    placed = str(audited / "split.parquet")
    assert run(["split", str(audited / "clean.parquet"), "-o", placed]) == 0
    capsys.readouterr()
    where = ["--audit", str(audited / "audit"), "-o", str(audited / "again.parquet")]
    assert run(["clean", placed, *where]) == 0
    assert "Next: osteon train seed-cnn4 " in capsys.readouterr().out


def test_a_torn_film_is_found_by_every_command(tmp_path, capsys):
    """Imported as torn, a flaw of its own on the page with pictures, taken out, and not read."""
    write_classes(tmp_path / "films", 3, seed=3)
    torn = draw_phantom(5, has_fracture=True).radiograph.pixels.copy()
    torn[-64:] = np.tile(np.random.default_rng(1).uniform(0, 1, (8, 8)), (8, torn.shape[1] // 8))
    film = tmp_path / "films" / "fractured" / "torn.png"
    Image.fromarray(np.rint(torn * 255).astype(np.uint8)).save(film)
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(tmp_path / "films"), "-o", str(manifest), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["n_torn"] == 1
    assert run(["audit", str(manifest), "-o", str(tmp_path / "audit")]) == 0
    found = json.loads((tmp_path / "audit" / "audit.json").read_bytes())
    assert found["summary"]["rules"]["torn"] == {"n_flaws": 1, "n_films": 1}
    page = (tmp_path / "audit" / "report.html").read_text(encoding="utf-8")
    assert "Where the made-up part begins, enlarged" in page
    assert clean(tmp_path) == 0
    assert "fractured/torn.png: torn: must hold the whole picture; found one block" in (
        capsys.readouterr().out
    )
    assert run(["read", str(film), "--strict"]) == 1
    assert "The film is torn" in capsys.readouterr().out
