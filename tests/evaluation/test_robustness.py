"""A limb is the same limb however it lies; what its answer makes of that is measured."""

import numpy as np
import pytest
from PIL import Image
from tests.films import list_film
from tests.releases import build_card, build_release, draw_spot
from tests.rows import film

from osteon.collection.manifest import Manifest
from osteon.evaluation.predictions import measure_films
from osteon.evaluation.robustness import (
    ANGLES,
    N_VIEWS,
    choose_balanced,
    list_views,
    measure_turning,
    turn,
)
from osteon.inference.detector import Detector
from osteon.inference.guards import measure_guards
from osteon.radiographs.films import read_film
from osteon.terms import Radiograph


def open_films(folder, spots, **card):
    """Read films with a spot of given sides through the release that sees bright spots."""
    rows = []
    for number, side in enumerate(spots):
        box = (40, 40, 40 + side, 40 + side) if side else None
        pixels = draw_spot(box=box)
        pixels[0, :8] = [int(bit) * 40 for bit in f"{number:08b}"]
        name = f"{number}.png"
        Image.fromarray(pixels).save(folder / name)
        rows.append(list_film(folder, name, has_fracture=side > 10, collection="drawn"))
    manifest = Manifest(rows=tuple(rows), root=folder)
    detector = Detector.load(build_release(folder, card=card), threads=1)
    return detector, measure_films(detector.answerer, manifest, rows, split="test")


def test_a_dull_film_is_dull_however_it_lies(tmp_path):
    """Where the network sees nothing, and where it sees much, turning changes no decision."""
    detector, films = open_films(tmp_path, [0, 30, 0, 30])
    with detector:
        change, decisions, refused = measure_turning(detector.answerer, detector.card, films)
    assert change.n == 4
    assert change.value < 0.06
    assert (decisions.hits, decisions.n) == (0, 4 * N_VIEWS)
    assert (refused.hits, refused.n) == (0, 4 * N_VIEWS)


def test_an_answer_that_hangs_on_the_angle_is_found_out(tmp_path):
    """A small spot fades where its film is turned, and the decision with it."""
    detector, films = open_films(tmp_path, [0, 15, 0, 17])
    with detector:
        change, decisions, _ = measure_turning(detector.answerer, detector.card, films)
        before = [
            float(detector.card.calibrator.calibrate(answer.logit)) for answer in films.answers
        ]
        changes, moved = [], 0
        for row, was in zip(films.rows, before, strict=True):
            for view in list_views(read_film(films.manifest.films_path(row))):
                reading = detector.read(view)
                changes.append(abs(reading.probability - was))
                moved += reading.decision != detector.card.operating_points.decide(was)
    assert change.value == pytest.approx(np.mean(changes))
    assert change.low < change.value < change.high
    assert decisions.hits == moved > 0


def test_a_turned_film_that_is_refused_is_another_decision(tmp_path):
    """A guard that lets a film pass only as it lies changes decisions, and is counted apart."""
    spots = [10, 60]
    guards = build_card().guards
    detector, films = open_films(tmp_path, spots)
    paths = [films.manifest.films_path(row) for row in films.rows]
    with detector:
        upright = max(measure_guards(read_film(path)).scope_logit for path in paths)
        views = [
            measure_guards(view).scope_logit
            for path in paths
            for view in list_views(read_film(path))
        ]
        limit = (upright + max(views)) / 2
    assert limit > upright
    folder = tmp_path / "strict"
    folder.mkdir()
    strict = guards.model_copy(update={"max_scope_logit": limit})
    detector, films = open_films(folder, spots, guards=strict)
    with detector:
        change, decisions, refused = measure_turning(detector.answerer, detector.card, films)
    n_over = sum(logit > limit for logit in views)
    assert (refused.hits, refused.n) == (n_over, len(views))
    assert decisions.hits >= n_over
    assert change.n == len(spots)


def test_a_quarter_turn_moves_pixels_and_changes_none():
    """Turned by 90 degrees, the top of a film lies on the left."""
    pixels = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    radiograph = Radiograph(pixels=pixels, source="drawn")
    assert np.array_equal(turn(radiograph, 90).pixels, np.rot90(pixels))
    assert np.array_equal(turn(radiograph, 180).pixels, np.rot90(pixels, 2))


def test_a_turned_film_is_whole_on_black():
    """At 30 degrees the canvas holds all of the film, and its corners are black."""
    radiograph = Radiograph(pixels=np.full((60, 100), 0.8, np.float32), source="drawn")
    turned = turn(radiograph, 30).pixels
    assert turned.shape == pytest.approx((60 * 0.866 + 50, 86.6 + 30), abs=2)
    assert turned.sum() == pytest.approx(0.8 * 6000, rel=0.02)
    assert turned[0, 0] == turned[-1, -1] == 0
    views = list(list_views(radiograph))
    assert len(views) == N_VIEWS == len(ANGLES) + 2 == 13
    assert np.array_equal(views[-2].pixels, radiograph.pixels[:, ::-1])
    assert np.array_equal(views[-1].pixels, radiograph.pixels[::-1])


def test_half_of_the_films_are_fractured_where_there_are_enough():
    """Films are chosen by their content and a seed alone, both classes alike if possible."""
    rows = [film(f"{number}.png", has_fracture=number % 5 == 0) for number in range(50)]
    chosen = choose_balanced(rows, 12)
    assert len(chosen) == 12
    assert sum(rows[place].has_fracture for place in chosen) == 6
    turned = rows[::-1]
    assert {turned[place].path for place in choose_balanced(turned, 12)} == {
        rows[place].path for place in chosen
    }
    assert choose_balanced(rows, 12, seed=1) != chosen
    assert sum(rows[place].has_fracture for place in choose_balanced(rows, 30)) == 10
    assert len(choose_balanced(rows, 30)) == 30
    assert choose_balanced(rows, 99) == list(range(50))


def test_a_film_with_pixels_that_are_not_square_is_turned_as_it_is_seen():
    """Turned by a quarter in stored pixels, a limb would become another limb."""
    film = Radiograph(pixels=np.zeros((40, 60), np.float32), source="film", pixel_aspect=2.0)
    views = list(list_views(film))
    assert {view.pixel_aspect for view in views} == {1.0}
    assert views[ANGLES.index(90)].pixels.shape == (60, 80)
    assert views[-1].pixels.shape == (80, 60)
