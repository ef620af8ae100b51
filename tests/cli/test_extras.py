"""What each install can do: the base reads; with [audit], collections and releases are measured.

`tests.extras` hides every package that the install in question does not bring.
"""

import json

import pytest
from tests.extras import list_hidden, run_with
from tests.films import draw_film, write_film
from tests.releases import build_release

from osteon.errors import EXTRA_OF


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty films in two classes, the fractured ones with a bright spot, and two releases."""
    folder = tmp_path_factory.mktemp("my folder")
    for seed in range(20):
        for number, name in enumerate(("fractured", "not fractured")):
            film = draw_film(2 * seed + number) // 2
            if name == "fractured":
                film[80 + seed : 130 + seed, 60:110] = 255
            write_film(folder / "my films" / name / f"{seed}.png", film)
    build_release(folder, name="one.osteon", card={"name": "one"})
    build_release(folder, name="two.osteon", card={"name": "two"})
    return folder


def test_what_is_hidden_is_what_the_extras_bring():
    """Each package of the table is hidden where its extra is missing, and seen where it is not."""
    train = {package for package, extra in EXTRA_OF.items() if extra == "train"}
    assert train <= list_hidden("audit")
    assert not (set(EXTRA_OF) - train) & list_hidden("audit")
    assert set(EXTRA_OF) <= list_hidden("")
    assert not {"numpy", "onnxruntime", "PIL", "pydantic", "osteon"} & list_hidden("")
    done = run_with("audit", code="import polars, importlib.util as u; print(u.find_spec('torch'))")
    assert done.stdout == "None\n"
    assert run_with("audit", code="import torch").returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "my films/fractured/0.png", "--release", "one.osteon", "-o", "my readings"],
        ["inspect", "one.osteon"],
        ["card", "one.osteon", "-o", "card.md"],
        ["env"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_base_install_reads_and_shows(folder, monkeypatch, arguments):
    """Films, a release and its card need no extra."""
    monkeypatch.chdir(folder)
    done = run_with("", *arguments)
    assert done.returncode == 0, done.stderr


def test_what_the_base_install_cannot_do_is_said_with_what_to_install(folder, monkeypatch):
    """Neither a traceback nor half of the answer: one line, and the extra that is enough."""
    monkeypatch.chdir(folder)
    for command, extra in (("import", "audit"), ("demo", "train")):
        done = run_with("", command, "my films", "-o", "m.parquet")
        assert done.returncode == 2
        assert f'pip install "osteon[{extra}]"' in done.stderr
        assert "Traceback" not in done.stderr
    code = "import osteon; osteon.readings_to_polars([])"
    assert "osteon[audit]" in run_with("", code=code).stderr.splitlines()[-1]


def test_the_demo_says_at_once_that_it_will_train(folder, monkeypatch):
    """Not after minutes of drawing."""
    monkeypatch.chdir(folder)
    done = run_with("audit", "demo", "-o", "demo")
    assert done.returncode == 2
    assert 'pip install "osteon[train]"' in done.stderr
    assert not (folder / "demo").exists()


def test_a_release_is_measured_on_a_collection_with_the_audit_extra_alone(folder, monkeypatch):
    """Import, audit, clean, split, evaluate, benchmark, recalibrate, inspect, card and read.

    None asks for torch, and none for onnx, timm or what else only training needs.
    """
    monkeypatch.chdir(folder)
    for line in (
        "import|my films|-o|films.parquet",
        "audit|films.parquet|-o|audit",
        "clean|films.parquet|--audit|audit|-o|clean.parquet",
        "split|clean.parquet|-o|split.parquet|--train|0|--tune|50|--test|50",
        "evaluate|one.osteon|split.parquet|-o|results",
        "benchmark|one.osteon|two.osteon|--collection|split.parquet|--limit|8|-o|bench",
        "recalibrate|one.osteon|split.parquet|-o|site.osteon",
        "inspect|site.osteon",
        "card|one.osteon|results|-o|card.md",
        "read|my films|--release|site.osteon|-o|readings",
    ):
        done = run_with("audit", *line.split("|"))
        assert done.returncode == 0, f"{line}: {done.stderr}"
    table = json.loads((folder / "bench" / "benchmark.json").read_text("utf-8"))
    assert [row["name"] for row in table["rows"]] == ["one", "two"]
    assert (folder / "results" / "metrics.json").is_file()
