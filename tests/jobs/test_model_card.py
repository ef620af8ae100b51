"""A release is measured by kind of film, its worst films are drawn, and a page is written of it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from osteon.cli.app import run
from osteon.collection.manifest import Manifest, write_manifest
from osteon.errors import FolderNotFound, ManifestFault
from osteon.evaluation.groups import read_groups
from osteon.jobs.evaluate_release import ValidationRequest, validate_release
from osteon.jobs.model_card import CardRequest, write_model_card
from tests.films import list_film
from tests.packages import has_default_release
from tests.releases import build_release, draw_spot

HANDS, HIPS, BLIND = 40, 12, 3


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Forty hands and twelve hips, half of each fractured: bright spots, but for three hands."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for number in range(HANDS + HIPS):
        name, has_fracture = f"film{number:02}.png", number % 2 == 0
        film = draw_spot(box=(30, 40, 54, 70) if has_fracture and number >= 2 * BLIND else None)
        film[0, :2] = number  # no two films are one file
        Image.fromarray(film).save(folder / name)
        facts = {"body_region": ("hand" if number < HANDS else "hip",), "view": ("frontal",)}
        if has_fracture:
            facts["boxes"] = ((30.0, 40.0, 54.0, 70.0),)
        rows.append(list_film(folder, name, has_fracture=has_fracture, collection="spots", **facts))
    path = folder.parent / "spots.parquet"
    write_manifest(Manifest(rows=tuple(rows), root=folder), path)
    return path


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return build_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def measured(collection, release, tmp_path_factory):
    """What `osteon evaluate bright.osteon spots.parquet --worst 13` returns."""
    out = tmp_path_factory.mktemp("results")
    request = ValidationRequest(release=release, manifest=collection, out=out, worst=13)
    return validate_release(request)


def kind(groups, value):
    (found,) = [group for group in groups.groups if group.value == value]
    return found


def test_each_kind_of_film_has_its_own_numbers(measured):
    """Three hands of twenty are missed and no hip; both make up the whole."""
    groups = measured.groups
    hand, hip = kind(groups, "hand"), kind(groups, "hip")
    missed = 'fractured, not called "no fracture"'
    assert (hand.n_films, hand.n_fractured, hip.n_films, hip.n_fractured) == (40, 20, 12, 6)
    assert (hand.find(missed).hits, hand.find(missed).n) == (17, 20)
    assert (hip.find(missed).hits, hip.find(missed).n) == (6, 6)
    assert groups.whole.find(missed).hits == 23
    assert groups.whole.find("auroc").value == measured.measures[0].value
    assert hand.find(missed).low < 17 / 20 < hand.find(missed).high


def test_too_few_films_have_no_area_and_no_calibration(measured):
    """Six fractured hips are too few to rank; forty hands are too few to calibrate on."""
    hand, hip = kind(measured.groups, "hand"), kind(measured.groups, "hip")
    assert hip.find("auroc") is None
    assert hand.find("auroc") is not None
    assert hand.find("ece, bias-corrected") is None
    assert measured.groups.whole.find("ece, bias-corrected") is not None


def test_what_the_films_do_not_say_is_no_kind(measured):
    """Nobody noted metal here, so that nothing is told of it; size is always known."""
    assert {g.covariate for g in measured.groups.groups} == {"body_region", "view", "film_size"}


def test_the_worst_films_are_drawn_a_dozen_on_a_sheet(measured):
    """Thirteen of each kind take two sheets each."""
    names = [sheet.name for sheet in measured.sheets]
    assert names == ["misses-1.png", "misses-2.png", "false-alarms-1.png", "false-alarms-2.png"]
    assert all(np.asarray(Image.open(sheet)).std() > 1 for sheet in measured.sheets)


def test_a_card_is_written_of_a_release_and_its_results(measured, release, tmp_path):
    """Every number stands in it with its counts, and what a person saw beside them."""
    seen = tmp_path / "seen.md"
    seen.write_text("The three hands have no spot at all.\n", encoding="utf-8")
    page = write_model_card(
        CardRequest(release=release, results=measured.results, seen=seen, out=tmp_path / "card.md")
    )
    said = page.read_text("utf-8")
    assert said.startswith("# Model card: bright, version 1.0.0\n")
    assert "| hand | 40 (20) |" in said
    assert "17 of 20" in said
    assert 'Fractures called "no fracture", by region: hand 3 of 20, hip 0 of 6.' in said
    assert "The three hands have no spot at all." in said
    assert "Intended use\n\nNot stated" in said
    assert "osteon evaluate bright.osteon films.parquet --worst 24" in said
    assert "118 of 131" in said  # of the release's own card


def test_results_of_another_release_make_no_card(measured, tmp_path):
    """A number belongs to one file: results of a release of the same name are refused."""
    other = build_release(tmp_path, card={"notes": ("another",)})
    with pytest.raises(ManifestFault, match="this very release file"):
        write_model_card(
            CardRequest(release=other, results=measured.results, out=tmp_path / "card.md")
        )
    assert not (tmp_path / "card.md").exists()


def test_a_card_without_results_says_what_was_not_measured(release, tmp_path, capsys):
    """The release's own numbers stand there, and the missing ones are not hidden."""
    assert run(["card", str(release), "-o", str(tmp_path / "card.md")]) == 0
    said = (tmp_path / "card.md").read_text("utf-8")
    assert "Not measured: `osteon evaluate` has not been run for this card." in said
    assert "Model card:" in capsys.readouterr().out


def test_what_is_no_result_is_refused(measured, tmp_path):
    """A folder without results, and results that somebody edited."""
    with pytest.raises(FolderNotFound, match="results of a release"):
        read_groups(tmp_path)
    told = json.loads((measured.results / "groups.json").read_text())
    (tmp_path / "groups.json").write_text(json.dumps(told | {"better": True}))
    with pytest.raises(ManifestFault, match="as they were written"):
        read_groups(tmp_path)


def test_only_a_release_has_worst_films(tmp_path, capsys):
    """A run draws its own gallery always."""
    assert run(["evaluate", str(tmp_path), "--worst", "3"]) == 2
    assert "--worst" in capsys.readouterr().err


def test_what_osteon_1_says_of_itself_stands_on_its_card_alone(release, tmp_path):
    """Its makers' words are in the package beside it; a network of somebody else has none."""
    if not has_default_release():
        pytest.skip("this Osteon was built without its own release")
    own = write_model_card(CardRequest(release=Path("osteon-1"), out=tmp_path / "own.md"))
    said = own.read_text("utf-8")
    assert "children's growth plates" in said
    assert "one radiograph of a limb, hip or shoulder" in said
    assert "docs/data/osteon-1-films.csv" in said
    # What a card says to run must be in the package: no script of the repository.
    commands = [line for block in said.split("```")[1::2] for line in block.strip().splitlines()]
    assert commands
    assert all(line.startswith("osteon ") for line in commands)
    other = write_model_card(CardRequest(release=release, out=tmp_path / "other.md"))
    said = other.read_text("utf-8")
    assert "growth plates" not in said
    assert "shoulder" not in said


def test_results_of_films_that_nobody_audited_say_so_on_the_card(measured, release, tmp_path):
    """Numbers by kind of film resample groups, and these are no groups of copies."""
    assert not measured.independence.copies_looked_for
    assert any(note.startswith("Copies were never looked for") for note in measured.notes)
    page = write_model_card(
        CardRequest(release=release, results=measured.results, out=tmp_path / "card.md")
    )
    by_kind = page.read_text("utf-8").split("## By kind of film")[1]
    assert "Copies were never looked for among these films" in by_kind.split("###")[0]
