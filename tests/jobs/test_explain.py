"""A run is asked why: sheets, and what each method is worth."""

import json

import pytest

from osteon.cli.app import run
from osteon.cli.explaining import put_worth
from osteon.errors import ManifestFault, RunFault, SettingsFault
from osteon.jobs.explain import ExplainingRequest, explain_run

QUICK = ("grad-cam", "layer-cam stages")


@pytest.fixture(scope="module")
def explained(trained_on_limbs, tmp_path_factory):
    request = ExplainingRequest(
        run=trained_on_limbs.network.parents[1],
        out=tmp_path_factory.mktemp("why"),
        methods=QUICK,
        n_films=4,
    )
    return request, explain_run(request)


def test_each_film_has_its_sheet_and_each_method_its_numbers(explained):
    """Three of four films have a fracture; the numbers keep their denominators."""
    request, report = explained
    assert len(report.sheets) == 4
    assert report.n_fractured == 3
    assert all(sheet.read_bytes().startswith(b"\x89PNG") for sheet in report.sheets)
    assert [worth.method for worth in report.worth] == list(QUICK)
    for worth in report.worth:
        assert worth.pointing.denominator == 3
        assert worth.deletion.n_films == 3
    assert not report.not_read
    told = json.loads((request.out / "explanations.json").read_text())
    assert told[0]["deletion"]["n_films"] == 3


def test_a_network_that_learnt_a_bar_is_explained_better_than_by_chance(explained):
    """A bar is broad, so that a blur leaves most of it; what the map knows is still told."""
    _, report = explained
    deletion = report.worth[1].deletion
    assert deletion.whole.value > 0.7
    assert deletion.covered.value > 0.5
    assert deletion.deletion_gain.value > 0.01
    assert deletion.insertion_gain.value > 0.01


def test_the_same_films_are_chosen_again(explained, tmp_path):
    """And a film that is named is explained alone."""
    request, report = explained
    folder = {"run": request.run, "out": tmp_path, "methods": ("layer-cam",)}
    again = explain_run(ExplainingRequest(**folder, n_films=4))
    assert [sheet.name for sheet in again.sheets] == [sheet.name for sheet in report.sheets]
    named = explain_run(ExplainingRequest(**folder, paths=("limb100.png",)))
    assert len(named.sheets) == 1
    assert named.n_fractured == 1


def test_what_is_not_there_is_refused(explained, tmp_path):
    """A film, a method and a run that do not exist, each by its address."""
    request, _ = explained
    with pytest.raises(ManifestFault, match=r"nobody\.png"):
        explain_run(ExplainingRequest(run=request.run, out=tmp_path, paths=("nobody.png",)))
    with pytest.raises(SettingsFault, match="without masks"):
        explain_run(ExplainingRequest(run=request.run, out=tmp_path, methods=("own",)))
    with pytest.raises((RunFault, ManifestFault)):
        explain_run(ExplainingRequest(run=tmp_path, out=tmp_path))


def test_the_command_says_what_each_method_is_worth(explained, tmp_path, capsys):
    """One line per method, and where the sheets are; an unknown method is named."""
    request, _ = explained
    asked = ["explain", str(request.run), "-o", str(tmp_path), "--count", "4"]
    assert run([*asked, "--method", "grad-cam", "--method", "layer-cam stages"]) == 0
    said = capsys.readouterr().out
    assert "4 films, 3 with a fracture" in said
    assert "layer-cam stages" in said
    assert "of 3" in said
    assert run([*asked, "--method", "magic"]) == 2
    assert "grad-cam++" in capsys.readouterr().err


def test_three_films_have_no_interval(explained):
    """The gain of so few films is said with their number, and nothing about others."""
    _, report = explained
    (_, _, _, _, gain) = put_worth(report.worth[0])
    assert gain.endswith("(3 groups: too few for an interval)")
