from dataclasses import replace

import numpy as np
import pytest

from osteon.phantoms.copies import CHANGES, PlantedCopy, copy_phantom, plan_copies
from osteon.phantoms.phantom import draw_phantom

PLAIN = [True, False] * 20


def plan_one(change: str, *, has_other_label: bool = False) -> PlantedCopy:
    return PlantedCopy(number=1, original=0, change=change, has_other_label=has_other_label)


def measure_share_inside(change: str, seed: int) -> float:
    """Return how much of what a fracture changed lies in the copy's boxes."""
    broken, whole = (draw_phantom(seed, has_fracture=has) for has in (True, False))
    whole = replace(whole, polygons=broken.polygons)  # so that both are cropped alike
    copies = [copy_phantom(film, plan_one(change), patient=9) for film in (broken, whole)]
    change_seen = np.abs(copies[0].radiograph.pixels - copies[1].radiograph.pixels)
    inside = np.zeros_like(change_seen, dtype=bool)
    for x0, y0, x1, y1 in copies[0].boxes:
        inside[round(y0) : round(y1), round(x0) : round(x1)] = True
    return float(change_seen[inside].sum() / change_seen.sum())


@pytest.mark.parametrize("change", CHANGES)
def test_outlines_move_with_the_picture(change):
    """A copy's boxes lie where its film's fracture went, whichever way it was changed."""
    seed = next(s for s in range(99) if draw_phantom(s, has_fracture=True).fracture_type == "crack")
    original = measure_share_inside("brightened", seed)
    assert measure_share_inside(change, seed) == pytest.approx(original, abs=0.15)
    assert original > 0.5


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_another_picture_of_the_same_film(change):
    """A copy differs from its film, keeps its facts, stays in [0, 1], and claims a patient."""
    film = draw_phantom(7, has_fracture=True)
    copy = copy_phantom(film, plan_one(change), patient=9)
    pixels = copy.radiograph.pixels
    assert 0 <= pixels.min() < pixels.max() <= 1
    same_size = pixels.shape == film.radiograph.pixels.shape
    assert not (same_size and np.array_equal(pixels, film.radiograph.pixels))
    assert (copy.body_region, copy.has_fracture) == (film.body_region, True)
    assert copy.patient_key == "phantom-000009" != film.patient_key
    rows, columns = pixels.shape
    for x0, y0, x1, y1 in copy.boxes:
        assert 0 <= x0 <= x1 <= columns
        assert 0 <= y0 <= y1 <= rows


def test_a_wrong_label_hides_the_fracture_and_its_outlines():
    """A copy under the wrong label says that nothing is broken, in every column."""
    film = draw_phantom(7, has_fracture=True)
    copy = copy_phantom(film, plan_one("mirrored", has_other_label=True), patient=9)
    assert not copy.has_fracture
    assert copy.boxes == copy.polygons == ()
    assert copy.fracture_type is None


def test_no_film_is_copied_twice_and_only_fractures_are_mislabelled():
    """Each copy has a film of its own; every fourth, a fractured one, carries the wrong label."""
    copies = plan_copies(PLAIN, n_copies=12, seed=3)
    assert [copy.number for copy in copies] == list(range(40, 52))
    assert len({copy.original for copy in copies}) == 12
    assert {copy.change for copy in copies} == set(CHANGES)
    wrong = [copy for copy in copies if copy.has_other_label]
    assert len(wrong) == 3
    assert all(PLAIN[copy.original] for copy in wrong)
    assert (
        plan_copies(PLAIN, n_copies=12, seed=3) == copies != plan_copies(PLAIN, n_copies=12, seed=4)
    )


def test_there_are_no_more_copies_than_fractures():
    """A collection of two films gives one copy, however many are wanted."""
    assert len(plan_copies([True, False], n_copies=5, seed=1)) == 1
    assert plan_copies([False], n_copies=5, seed=1) == ()
