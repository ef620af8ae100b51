"""The release that comes with the package: read with when nobody names another."""

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.packages import COMMAND, copy_package, has_default_release, run_copied
from tests.releases import draw_spot

from osteon.inference.bundled import (
    find_default_release,
    is_default_release,
    locate_release,
)
from osteon.inference.detector import Detector

ROOT = Path(__file__).parents[2]
needs_release = pytest.mark.skipif(
    not has_default_release(), reason="this checkout holds no default release"
)


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """The package with a small release in its place, and a film beside it."""
    folder = copy_package(tmp_path_factory.mktemp("complete"), with_release=True)
    Image.fromarray(draw_spot()).save(folder / "wrist.png")
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The package, built without its release, and a film beside it."""
    folder = copy_package(tmp_path_factory.mktemp("bare"), with_release=False)
    Image.fromarray(draw_spot()).save(folder / "wrist.png")
    return folder


def test_a_newcomer_reads_a_film_with_one_short_command(complete):
    """`osteon read wrist.png` names no release, and says which one read."""
    code, said, err = run_copied(complete, COMMAND, "read", "wrist.png", at=complete)
    assert code == 0, err
    assert said.startswith("fracture ")
    assert "Read by osteon-1, version 1.0.0." in said


@pytest.mark.parametrize("name", [(), ("default",), ("osteon-1",)])
def test_the_default_release_is_known_by_its_names(complete, name):
    """Its card is shown for no name, for "default" and for its own."""
    asked = ("inspect", *name, "--json", "card.json")
    code, said, err = run_copied(complete, COMMAND, *asked, at=complete)
    assert code == 0, err
    assert said.startswith("osteon-1, version 1.0.0\n")
    card = json.loads((complete / "card.json").read_text())["card"]
    assert card["name"] == "osteon-1"


def test_a_developer_reads_with_two_lines(complete):
    """`Detector.default()` is the same release."""
    code = (
        "import osteon\n"
        "if __name__ == '__main__':\n"
        "    with osteon.Detector.default(threads=1, on_inverted='refuse') as detector:\n"
        "        print(detector.read('wrist.png').decision, detector.card.name)\n"
    )
    left, said, err = run_copied(complete, code, at=complete)
    assert (left, said) == (0, "fracture osteon-1\n"), err


@pytest.mark.parametrize(
    "asked",
    [
        ("read", "wrist.png"),
        ("inspect",),
        ("evaluate", "osteon-1", "films.parquet"),
        ("recalibrate", "osteon-1", "films.parquet", "-o", "site.osteon"),
        ("card", "default", "-o", "card.md"),
    ],
)
def test_a_package_without_its_release_says_what_to_do(bare, asked):
    """Exit code 2, and two ways out."""
    code, said, err = run_copied(bare, COMMAND, *asked, at=bare)
    assert (code, said) == (2, "")
    assert "osteon-1: the release that comes with Osteon must lie in the installed package" in err
    assert "Install Osteon again from its wheel" in err
    assert "--release NAME.osteon" in err


def test_what_lies_on_disk_comes_before_a_name(tmp_path, monkeypatch):
    """A file or folder of a release's name is that, and any other path is left as it is."""
    monkeypatch.chdir(tmp_path)
    Path("osteon-1").mkdir()
    assert locate_release("osteon-1") == Path("osteon-1")
    assert locate_release(Path("my/wrist.osteon")) == Path("my/wrist.osteon")
    assert not is_default_release(Path("my/wrist.osteon"))


@needs_release
def test_the_shipped_release_keeps_what_is_promised_of_it():
    """It certifies both promises, names whose films it learnt from, and fits in 16 MB."""
    path = find_default_release()
    with Detector.default(threads=1) as detector:
        card = detector.card
    assert card.name == "osteon-1"
    assert is_default_release(path)
    assert path.stat().st_size <= 16_000_000
    assert card.operating_points.high_sensitivity.lower_bound >= 0.90
    assert card.operating_points.high_specificity.lower_bound >= 0.95
    assert not card.trained_on_phantoms
    for part in ("Abedeen", "10.1038/s41597-023-02432-4", "creativecommons.org/licenses/by/4.0"):
        assert part in card.attribution
