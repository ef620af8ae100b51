"""A release's results know three decisions, name films as people do, and agree with its card."""

import csv
import json
from dataclasses import replace

import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.evaluation.decisions import CALLED
from osteon.evaluation.predictions import measure_films
from osteon.inference.detector import Detector
from osteon.jobs.evaluate_release import ValidationRequest, validate_release
from osteon.reports.pictures import evaluation as illustrating
from osteon.reports.pictures.evaluation import choose_apart
from osteon.reports.pictures.tiles import build_tiles, choose_worst, draw_worst
from tests.films import list_film
from tests.releases import build_release, draw_spot

GREYS = {"fracture": 255, "doubt": 205, "no fracture": 80}
"""Of the spot that the release calls so."""

FRACTURED = {"fracture": 6, "doubt": 4, "no fracture": 3}
NORMAL = {"fracture": 2, "doubt": 7, "no fracture": 9}


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Films of both references that are called each of three; the false alarms are copies."""
    folder = tmp_path_factory.mktemp("films")
    rows = []
    for has_fracture, counts in ((True, FRACTURED), (False, NORMAL)):
        for called, n in counts.items():
            for number in range(n):
                film = draw_spot(box=None)
                film[40:70, 30:54] = GREYS[called]
                film[0, :3] = len(rows)  # no two films are one file
                name = f"{'f' if has_fracture else 'n'}-{called.replace(' ', '')}-{number}.png"
                Image.fromarray(film).save(folder / name)
                is_alarm = called == "fracture" and not has_fracture
                facts = {"has_fracture": has_fracture, "collection": "spots", "view": ("frontal",)}
                facts["group"] = "copies" if is_alarm else None
                if has_fracture:
                    facts["boxes"] = ((30.0, 40.0, 54.0, 70.0),)
                rows.append(list_film(folder, name, **facts))
    (folder / "gone.png").write_bytes((folder / rows[0].path).read_bytes() + b"x")
    gone = list_film(folder, "gone.png", has_fracture=False, collection="spots")
    (folder / "gone.png").unlink()
    path = folder.parent / "three.parquet"
    write_manifest(Manifest(rows=(*rows, gone), root=folder), path)
    return path


@pytest.fixture(scope="module")
def validated(collection, tmp_path_factory):
    """What `osteon evaluate bright.osteon three.parquet` returns, and the captions it drew."""
    release = build_release(tmp_path_factory.mktemp("release"))
    out = tmp_path_factory.mktemp("results")
    drawn = {}
    kept = illustrating.draw_errors_gallery

    def remember(misses, false_alarms, path, **words):
        drawn.update(misses=misses, false_alarms=false_alarms, **words)
        kept(misses, false_alarms, path, **words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(illustrating, "draw_errors_gallery", remember)
        report = validate_release(ValidationRequest(release=release, manifest=collection, out=out))
    return report, drawn


def test_doubt_is_counted_as_doubt(validated):
    """Each decision has the films that were given it, and films not read stand beside them."""
    report, _ = validated
    for has_fracture, counts in ((True, FRACTURED), (False, NORMAL)):
        assert {c: report.metrics.count(has_fracture, c) for c in CALLED} == counts
    assert report.decisions["normal", "doubt"] == 7
    assert report.decisions["normal", "not read"] == 1
    assert report.metrics.n_not_read == (0, 1)


def test_every_file_says_the_same(validated):
    """The summary, the report, the JSON and the predictions have the card's numbers."""
    report, _ = validated
    measures = {one.name: one for one in report.measures}
    with (report.results / "metrics_summary.csv").open() as file:
        summary = {row["metric"]: row for row in csv.DictReader(file)}
    assert "accuracy" not in summary
    assert "f1" not in summary
    shared = set(summary) & set(measures)
    assert shared >= {
        'fractured, not called "no fracture"',
        'normal, called "no fracture"',
        'normal, not called "fracture"',
        'fractured, called "fracture"',
        'called "doubt"',
    }
    for name in shared - {"auroc"}:
        measure, row = measures[name], summary[name]
        assert (int(row["numerator"]), int(row["denominator"])) == (measure.hits, measure.n)
        assert (float(row["low"]), float(row["high"])) == (measure.low, measure.high)
    with (report.results / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(row["decision"] == "doubt" for row in rows) == 11
    text = (report.results / "classification_report.txt").read_text()
    lines = [line.split() for line in text.splitlines()]
    assert ["fracture", "6", "4", "3", "0"] in lines
    assert ["no", "fracture", "2", "7", "9", "1"] in lines
    told = json.loads((report.results / "metrics.json").read_text())
    assert told["metrics"]["not_cleared"]["numerator"] == 10
    (view,) = [row for row in told["subgroups"] if row["covariate"] == "view"][:1]
    assert (len(view["misses"]), len(view["false_alarms"]), view["n_in_doubt"]) == (3, 2, 11)


def test_the_gallery_shows_errors_alone_under_their_names(validated):
    """Films in doubt are no errors; of copies one is shown, and all are counted."""
    _, drawn = validated
    assert drawn["counts"] == (3, 2)
    assert len(drawn["misses"]) == 3
    assert [tile.caption.splitlines()[0] for tile in drawn["false_alarms"]] == ["n-fracture-0.png"]
    assert all(tile.caption.splitlines()[1].endswith("no fracture") for tile in drawn["misses"])
    assert "11 films in doubt, neither of the two." in drawn["lead"]
    assert "Of copies of one picture, one is shown." in drawn["lead"]


def test_worst_films_carry_their_names_and_the_releases_colours(collection, tmp_path):
    """A person finds the film again; of copies the worst alone takes a place."""
    path = build_release(tmp_path)
    manifest = read_manifest(collection)
    rows = [row for row in manifest.rows if row.path != "gone.png"]
    with Detector.load(path, threads=1) as detector:
        (tile,) = build_tiles(detector, manifest, rows[:1])
        films = measure_films(detector.answerer.for_numbers(), manifest, rows, split="all")
        sheets = draw_worst(detector, films, tmp_path, n_films=12)
        told = build_tiles(detector, manifest, choose_worst(films, is_fractured=False, n_films=3))
    assert tile.caption == "f-doubt-0.png, frontal"
    assert tile.colours == (0.2, 0.9)
    assert [sheet.name for sheet in sheets] == ["misses-1.png", "false-alarms-1.png"]
    assert [one.caption.split("-")[1] for one in told] == ["fracture", "doubt", "doubt"]


def test_of_copies_the_first_is_chosen():
    """The order of the places is kept, and a film without a group stands for itself."""
    film = list_row("a", group="g")
    rows = [film, replace(film, path="b"), list_row("c"), list_row("d", sha256="1" * 64)]
    assert choose_apart(rows, [1, 0, 3, 2]) == [1, 3, 2]
    assert choose_apart(rows, []) == []


def list_row(path, **facts):
    from osteon.terms import ManifestRow

    known = {"film_id": "0" * 16, "sha256": "0" * 64, "rows": 9, "columns": 9}
    return ManifestRow(path=path, has_fracture=False, **(known | facts))
