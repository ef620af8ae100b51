"""Bad input at the command line: a clear error or a film set aside, never a crash, nothing lost."""

import json
import re
import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osteon.cli.app import run
from osteon.collection.manifest import read_manifest
from tests.jobs.conftest import TINY

chance = np.random.default_rng(11)


def grey(rows=32, columns=28):
    return Image.fromarray(chance.integers(0, 256, (rows, columns), dtype=np.uint8))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Sixty good films in two class folders."""
    folder = tmp_path / "films"
    for name in ("fractured", "normal"):
        (folder / name).mkdir(parents=True)
        for number in range(30):
            grey().save(folder / name / f"{name[0]}{number:02}.png")
    return folder


def refuse(arguments, capsys, *, says):
    """Run a command that must be refused with exit code 2 and these words, without a traceback."""
    capsys.readouterr()
    assert run([str(part) for part in arguments]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert re.search(says, " ".join(told.split())), told


def declare_size(columns: int, rows: int) -> bytes:
    """Return a PNG whose header claims this size; what follows is a few bytes of nothing."""
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_every_odd_film_is_read_or_set_aside_by_name(films, tmp_path, capsys):
    """Odd encodings are read; hopeless files are set aside, counted and named; nothing stops."""
    odd = films / "fractured"
    readable = {
        "gif-in.jpg": lambda path: grey().save(path, "GIF"),
        "palette.png": lambda path: grey().convert("P").save(path),
        "alpha.png": lambda path: grey().convert("RGBA").save(path),
        "deep.png": lambda path: Image.fromarray(
            chance.integers(0, 65_536, (32, 28), dtype=np.uint16)
        ).save(path),
        "print.jpg": lambda path: grey().convert("CMYK").save(path),
    }
    hopeless = {
        "empty.jpg": b"",
        "letter.jpg": b"Dear radiologist",
        "dot.png": None,
        "huge.png": declare_size(20_000, 20_000),
    }
    for name, save in readable.items():
        save(odd / name)
    for name, content in hopeless.items():
        (odd / name).write_bytes(content or b"")
    Image.new("L", (1, 1)).save(odd / "dot.png")
    whole = (odd / "f00.png").read_bytes()
    (odd / "cut.png").write_bytes(whole[: len(whole) // 2])
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(films), "-o", str(manifest)]) == 0
    states = {Path(row.path).name: row for row in read_manifest(manifest).rows}
    assert len(states) == 60 + len(readable) + len(hopeless) + 1
    assert {states[name].state for name in readable} == {"readable"}
    assert {states[name].state for name in hopeless} == {"unreadable"}
    assert states["cut.png"].state == "truncated"
    assert all(states[name].state_reason for name in [*hopeless, "cut.png"])
    capsys.readouterr()
    assert run(["audit", str(manifest), "--json", "-"]) == 0
    flaws = json.loads(capsys.readouterr().out)["flaws"]
    named = {Path(film).name for flaw in flaws for film in flaw["films"]}
    assert {*hopeless, "cut.png"} <= named
    assert run(["audit", str(manifest), "--strict"]) == 2
    assert run(["split", str(manifest), "-o", str(manifest)]) == 0
    placed = {Path(row.path).name for row in read_manifest(manifest).rows if row.split}
    assert not placed & {*hopeless, "cut.png"}


def test_folders_that_cannot_be_understood_are_refused_with_the_way_out(tmp_path, capsys):
    """No folder, no films, one class, an unknown class, two layouts: each has its own words."""
    out = ["-o", tmp_path / "m.parquet"]
    refuse(["import", tmp_path / "nowhere", *out], capsys, says="nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    refuse(["import", empty, *out], capsys, says="empty")
    (tmp_path / "one" / "fractured").mkdir(parents=True)
    grey().save(tmp_path / "one" / "fractured" / "a.png")
    refuse(["import", tmp_path / "one", *out], capsys, says="one")
    for name in ("zebra", "fractured"):
        (tmp_path / "two" / name).mkdir(parents=True)
        grey().save(tmp_path / "two" / name / "a.png")
    refuse(["import", tmp_path / "two", *out], capsys, says="zebra.*--negative")
    (tmp_path / "two" / "zebra").rename(tmp_path / "two" / "normal")
    table = "path,label\nfractured/a.png,fracture\nnormal/a.png,normal\n"
    (tmp_path / "two" / "labels.csv").write_text(table)
    refuse(["import", tmp_path / "two", *out], capsys, says=r"labels\.csv")
    assert not (tmp_path / "m.parquet").exists()


def test_the_class_order_of_folders_decides_nothing(tmp_path):
    """Alphabetically first or last, a folder's name alone says which films are fractured."""
    for number, (yes, no) in enumerate((("fractured", "not fractured"), ("positive", "negative"))):
        for name in (yes, no):
            (tmp_path / str(number) / name).mkdir(parents=True)
            grey().save(tmp_path / str(number) / name / "a.png")
        out = tmp_path / f"{number}.parquet"
        assert run(["import", str(tmp_path / str(number)), "-o", str(out)]) == 0
        told = {row.path.split("/")[0]: row.has_fracture for row in read_manifest(out).rows}
        assert told == {yes: True, no: False}


def test_a_manifest_of_another_collection_is_refused(films, tmp_path, capsys):
    """A manifest whose films are not where it says is refused, and --films is named."""
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(films), "-o", str(manifest)]) == 0
    films.rename(tmp_path / "moved")
    refuse(["audit", manifest], capsys, says="--films DIR")
    assert run(["audit", str(manifest), "--films", str(tmp_path / "moved")]) == 0
    (tmp_path / "junk.parquet").write_bytes(b"not parquet")
    refuse(["audit", tmp_path / "junk.parquet"], capsys, says=r"junk\.parquet")


def test_places_that_cannot_be_written_are_refused_and_nothing_is_lost(films, tmp_path, capsys):
    """A file where a folder is needed, or a disk that fills up: refused, the old manifest whole."""
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(films), "-o", str(manifest)]) == 0
    before = manifest.read_bytes()
    (tmp_path / "file").write_text("taken")
    refuse(["split", manifest, "-o", tmp_path / "file" / "s.parquet"], capsys, says="written")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))  # as a full disk: a write breaks off
    try:
        refuse(["split", manifest, "-o", manifest], capsys, says=r"m\.parquet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert manifest.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"films", "m.parquet", "file"}


def test_training_refuses_what_it_cannot_do(films, tmp_path, capsys):
    """No splits, a recipe with a mistake, no run to resume, a taken folder: each in its words."""
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(films), "-o", str(manifest)]) == 0
    where = ["-o", tmp_path / "runs" / "a", "--threads", "1"]
    refuse(["train", "demo", manifest, *where], capsys, says="osteon split")
    assert run(["split", str(manifest), "-o", str(manifest)]) == 0
    refuse(["train", "demo", manifest, *where, "--resume"], capsys, says="without --resume")
    (tmp_path / "mine.toml").write_text('name = "mine"\n[network]\nnam = "cnn4"\n')
    recipe = tmp_path / "mine.toml"
    refuse(["train", recipe, manifest, *where], capsys, says=r"mine\.toml, network\.")
    refuse(
        ["train", "demo", manifest, *where, "--precision", "8"], capsys, says="options, precision"
    )
    refuse(["train", "demo", manifest, *where, "--set", "schedule.epoch=1"], capsys, says="epochs")


def test_films_that_vanish_after_import_are_set_aside_and_the_rest_is_trained_on(
    films, tmp_path, capsys
):
    """A few films gone between import and training do not stop it; they are named in run.json."""
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(films), "-o", str(manifest)]) == 0
    assert run(["split", str(manifest), "-o", str(manifest)]) == 0
    gone = [row.path for row in read_manifest(manifest).rows if row.split == "train"][:2]
    for path in gone:
        (films / path).unlink()
    changes = {**TINY, "schedule.epochs": "1"}
    settings = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    out = tmp_path / "runs" / "a"
    arguments = ["train", "cnn4-small", str(manifest), "-o", str(out), "--threads", "1", *settings]
    assert run(arguments) == 0
    facts = json.loads((out / "run.json").read_text())
    assert sorted(film["path"] for film in facts["set_aside"]) == sorted(gone)
    refuse(arguments, capsys, says="--resume")
    other = [part.replace("epochs=1", "epochs=2") for part in arguments]
    refuse([*other, "--resume"], capsys, says="goes on with what it was begun with")
