"""Evidence lies on the film where the network saw it, whatever the film's shape."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.inference.evidence import (
    MAX_PLACES,
    OCCLUDERS,
    find_marks,
    find_peak,
    lay_on_film,
    measure_occlusion,
    scale_evidence,
)
from osteon.radiographs.preparation import fit_letterbox, fit_pixels
from osteon.release import LocalisationSettings, Preparation
from osteon.terms import Radiograph

SETTINGS = LocalisationSettings(method="in the network", scale=2.0, threshold=0.5)
HILLS = SETTINGS.model_copy(update={"threshold": 0.1, "edge": 0.5, "cells": 160})
SIDE, CELLS = 64, 16


def see(film, how):
    """Prepare a film and take each cell's mean grey for evidence."""
    radiograph = Radiograph(pixels=film.astype(np.float32), source="drawn")
    small = fit_pixels(radiograph, how).astype(np.float32) / 255
    cells = small.reshape(CELLS, SIDE // CELLS, CELLS, SIDE // CELLS).mean(axis=(1, 3))
    return cells, fit_letterbox(*film.shape, how)


def overlap(one, other):
    """Return the intersection over the union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (area - both)


def test_one_scale_serves_all_films():
    """Evidence is divided by the release's scale and cut at 1: a dark film stays dark."""
    scaled = scale_evidence(np.array([[0.0, 1.0], [2.0, 9.0]], np.float32), SETTINGS)
    assert scaled.tolist() == [[0.0, 0.5], [1.0, 1.0]]
    assert scaled.dtype == np.float32


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
@pytest.mark.parametrize("size", [(454, 373), (200, 900), (900, 200), (64, 64)])
@pytest.mark.parametrize("where", [(0.1, 0.2), (0.6, 0.65), (0.75, 0.1)])
def test_a_bright_spot_is_found_where_it_is(fit, size, where):
    """A spot drawn on the film gets a box in the film's pixels that lies on it."""
    rows, columns = size
    film = np.zeros(size)
    side = max(size) // 4
    x0, y0 = round(where[1] * (columns - side)), round(where[0] * (rows - side))
    x0, y0 = max(x0, 0), max(y0, 0)
    spot = (x0, y0, min(x0 + side, columns), min(y0 + side, rows))
    film[spot[1] : spot[3], spot[0] : spot[2]] = 1.0
    how = Preparation(rows=SIDE, columns=SIDE, fit=fit)
    evidence, place = see(film, how)
    (found,) = find_marks(evidence, place, how, settings=SETTINGS)
    assert overlap(found.box, spot) > 0.6
    laid = lay_on_film(evidence, place, how)
    assert laid.shape == size
    assert np.corrcoef(laid.ravel(), film.ravel())[0, 1] > 0.8


@settings(max_examples=40)
@given(
    st.integers(16, 700),
    st.integers(16, 700),
    st.sampled_from(["letterbox", "squash"]),
    st.integers(0, 2**32 - 1),
)
def test_boxes_and_evidence_stay_within_the_film(rows, columns, fit, seed):
    """Whatever the network says, boxes have an area inside the film, and evidence is in [0, 1]."""
    how = Preparation(rows=SIDE, columns=48, fit=fit)
    evidence = np.random.default_rng(seed).random((7, 5)).astype(np.float32)
    place = fit_letterbox(rows, columns, how)
    threshold = {"threshold": 0.6}
    for setting in (SETTINGS, HILLS, HILLS.model_copy(update={"grow": 3.0})):
        chosen = setting.model_copy(update=threshold)
        for found in find_marks(evidence, place, how, settings=chosen):
            x0, y0, x1, y1 = found.box
            assert 0 <= x0 < x1 <= columns
            assert 0 <= y0 < y1 <= rows
            assert 0.6 <= found.peak <= 1
    x, y = find_peak(evidence, place, how)
    assert 0 < x < columns
    assert 0 < y < rows
    laid = lay_on_film(evidence, place, how)
    assert laid.shape == (rows, columns)
    assert laid.dtype == np.float32
    assert laid.min() >= 0
    assert laid.max() <= 1


def test_places_come_strongest_first_and_not_without_end():
    """Two spots are two places, the brighter first; of a speckle there are a few at most."""
    how = Preparation(rows=SIDE, columns=SIDE)
    place = fit_letterbox(SIDE, SIDE, how)
    evidence = np.zeros((64, 64), np.float32)
    evidence[10:14, 10:14], evidence[40:44, 40:44] = 0.7, 0.9
    weak_last = find_marks(evidence, place, how, settings=SETTINGS)
    assert [found.box for found in weak_last] == [(40, 40, 44, 44), (10, 10, 14, 14)]
    speckle = np.zeros((64, 64), np.float32)
    speckle[::3, ::3] = 1.0
    assert len(find_marks(speckle, place, how, settings=SETTINGS)) == MAX_PLACES
    assert find_marks(np.zeros((8, 8), np.float32), place, how, settings=SETTINGS) == ()


def test_pieces_that_touch_at_a_corner_are_one_place():
    """A thin line across the film is one place, however it runs."""
    how = Preparation(rows=SIDE, columns=SIDE)
    line = np.eye(64, dtype=np.float32)
    (found,) = find_marks(line, fit_letterbox(SIDE, SIDE, how), how, settings=SETTINGS)
    assert found.box == (0, 0, 64, 64)


def test_what_the_letterbox_adds_is_no_part_of_the_film():
    """Evidence beside the film is cut off: no place lies there."""
    how = Preparation(rows=SIDE, columns=SIDE)
    place = fit_letterbox(640, 160, how)  # 16 columns wide, in the middle
    evidence = np.ones((64, 64), np.float32)
    evidence[:, 24:40] = 0.0
    assert lay_on_film(evidence, place, how)[:, 20:140].max() < 0.05
    evidence[:, :] = 0.0
    evidence[:, :22] = 1.0
    assert find_marks(evidence, place, how, settings=SETTINGS) == ()


def test_covering_what_matters_lowers_the_answer_there():
    """Occlusion finds the spot that the answer hangs on, and nothing elsewhere."""
    film = np.zeros((1, 64, 64), np.float32)
    film[:, 12:20, 44:52] = 1.0

    def answer(films):
        return films[:, 0, 12:20, 44:52].mean(axis=(1, 2)) * np.float32(3)

    logit = float(answer(film[np.newaxis])[0])
    evidence = measure_occlusion(film, logit, answer)
    assert evidence.shape == (OCCLUDERS + 1, OCCLUDERS + 1)
    row, column = np.unravel_index(evidence.argmax(), evidence.shape)
    assert (row, column) in {(1, 5), (1, 6), (2, 5), (2, 6)}
    assert evidence[:, :3].max() == 0
    assert evidence.max() <= 3


def draw_hills(*hills, cells=96):
    """Draw bell-shaped evidence: (x, y, width, height) of each, in cells."""
    y, x = np.mgrid[0:cells, 0:cells] + 0.5
    drawn = [
        height * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * width**2))
        for x0, y0, width, height in hills
    ]
    return np.max(drawn, axis=0).astype(np.float32)


WHOLE = Preparation(rows=96, columns=96)
WHOLE_FILM = fit_letterbox(96, 96, WHOLE)


def test_a_faint_place_has_the_outline_of_a_strong_one():
    """With an edge, a place reaches down to a share of its own peak, so that size means size."""
    evidence = draw_hills((25, 25, 6, 1.0), (70, 70, 6, 0.2))
    strong, faint = find_marks(evidence, WHOLE_FILM, WHOLE, settings=HILLS)
    # A bell is half as high at 1.18 widths from its middle.
    for found, middle in ((strong, 25), (faint, 70)):
        expected = (middle - 7.06, middle - 7.06, middle + 7.06, middle + 7.06)
        assert found.box == pytest.approx(expected, abs=0.7)
    assert (strong.peak, faint.peak) == pytest.approx((1.0, 0.2), abs=0.01)


def test_the_threshold_hides_faint_places_and_leaves_the_others_as_they_are():
    """With an edge, a higher threshold takes places away and changes none."""
    evidence = draw_hills((20, 20, 4, 0.9), (60, 25, 3, 0.5), (40, 75, 5, 0.3), (80, 80, 2, 0.15))
    every = find_marks(evidence, WHOLE_FILM, WHOLE, settings=HILLS)
    assert len(every) == 4
    for threshold in (0.2, 0.4, 0.8):
        chosen = HILLS.model_copy(update={"threshold": threshold})
        kept = find_marks(evidence, WHOLE_FILM, WHOLE, settings=chosen)
        assert kept == tuple(one for one in every if one.peak >= threshold)


def test_a_shoulder_of_a_higher_peak_is_no_place_of_its_own():
    """Two peaks are two places only where the saddle between them is below the lower one's edge."""
    apart = draw_hills((30, 48, 5, 0.9), (60, 48, 5, 0.6))
    joined = draw_hills((30, 48, 5, 0.9), (43, 48, 5, 0.6))
    assert len(find_marks(apart, WHOLE_FILM, WHOLE, settings=HILLS)) == 2
    (found,) = find_marks(joined, WHOLE_FILM, WHOLE, settings=HILLS)
    assert found.peak == pytest.approx(0.9, abs=0.01)


def test_a_box_grows_about_its_centre_and_is_cut_at_the_film():
    """Readers draw more around a fracture than evidence covers; a box may be fitted to them."""
    twice = HILLS.model_copy(update={"grow": 2.0})
    (plain,) = find_marks(draw_hills((48, 40, 5, 0.9)), WHOLE_FILM, WHOLE, settings=HILLS)
    (grown,) = find_marks(draw_hills((48, 40, 5, 0.9)), WHOLE_FILM, WHOLE, settings=twice)
    x0, y0, x1, y1 = plain.box
    half = (x1 - x0) / 2, (y1 - y0) / 2
    wanted = (x0 - half[0], y0 - half[1], x1 + half[0], y1 + half[1])
    assert grown.box == pytest.approx(wanted)
    (corner,) = find_marks(draw_hills((2, 94, 5, 0.9)), WHOLE_FILM, WHOLE, settings=twice)
    assert corner.box[0] == 0
    assert corner.box[3] == 96


@pytest.mark.parametrize("fit", ["letterbox", "squash"])
@pytest.mark.parametrize("size", [(454, 373), (200, 900), (900, 200)])
def test_the_highest_point_lies_on_the_film_where_the_network_saw_it(fit, size):
    """The peak of a small bright spot is in the spot, in the film's pixels."""
    rows, columns = size
    how = Preparation(rows=384, columns=384, fit=fit)
    place = fit_letterbox(rows, columns, how)
    x, y = 0.7 * columns, 0.3 * rows
    x0, y0, _, _ = place.to_network((x, y, x, y))
    evidence = 7 * draw_hills((x0 / 4, y0 / 4, 2, 1.0))
    found = find_peak(evidence, place, how)
    assert found == pytest.approx((x, y), abs=max(size) / 60)


def test_evidence_that_is_the_same_all_over_points_at_nothing():
    """A dark map has no highest point, nor has an even one."""
    assert find_peak(np.zeros((7, 7), np.float32), WHOLE_FILM, WHOLE) is None
    assert find_peak(np.full((7, 7), 0.4, np.float32), WHOLE_FILM, WHOLE) is None


def test_brightness_beside_the_film_is_not_its_highest_point():
    """What the letterbox adds may be bright; the peak is looked for on the film alone."""
    place = fit_letterbox(96, 48, WHOLE)  # in columns 24 to 72 of the input
    evidence = draw_hills((10, 50, 3, 9.0), (48, 20, 3, 1.0))
    assert find_peak(evidence, place, WHOLE) == pytest.approx((24, 20), abs=1)


@pytest.mark.parametrize("settings", [SETTINGS, HILLS])
@pytest.mark.parametrize("aspect", [0.4, 1.55, 3.0])
def test_a_spot_is_found_in_stored_pixels_that_are_not_square(aspect, settings):
    """The box lies on the spot as it is stored, and the peak in it."""
    how = Preparation(rows=SIDE, columns=SIDE)
    film = np.zeros((240, 200), np.float32)
    spot = (40, 60, 120, 180)
    film[spot[1] : spot[3], spot[0] : spot[2]] = 1.0
    radiograph = Radiograph(pixels=film, source="drawn", pixel_aspect=aspect)
    small = fit_pixels(radiograph, how).astype(np.float32) / 255
    place = fit_letterbox(240, 200, how, pixel_aspect=aspect)
    (found, *_) = find_marks(small, place, how, settings=settings)
    assert overlap(found.box, spot) > 0.75
    x, y = find_peak(small, place, how)
    assert spot[0] < x < spot[2]
    assert spot[1] < y < spot[3]
    assert lay_on_film(small, place, how).shape == (240, 200)
