"""Augmentation changes films as far as it was told to, each film on its own."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.evaluation.robustness import turn
from osteon.learning.data.augment import augment, draw_warps
from osteon.learning.data.augment import warp as move
from osteon.learning.recipes import AugmentationSettings, find_recipe
from osteon.radiographs.preparation import fit_letterbox, fit_pixels
from osteon.release import Preparation
from osteon.terms import Radiograph

NOTHING = AugmentationSettings()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_no_augmentation_leaves_films_as_they_are():
    """With every change turned off a film comes back as it was."""
    films = torch.rand(3, 1, 20, 30)
    torch.testing.assert_close(augment(films, NOTHING, seeded()), films, atol=1e-5, rtol=0)


def test_a_horizontal_flip_mirrors_about_half_of_the_films_and_nothing_else():
    """With flips only, each film is itself or its exact mirror, and both happen."""
    films = torch.rand(64, 1, 20, 30)
    flipped = augment(films, AugmentationSettings(horizontal_flip=True), seeded())
    same = (flipped - films).abs().amax(dim=(1, 2, 3)) < 1e-4
    mirrored = (flipped - films.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert bool((same ^ mirrored).all())
    assert 16 < int(mirrored.sum()) < 48


def test_edges_are_repeated_not_filled_with_black():
    """A white film stays white under every warp: what comes in from outside repeats the edge."""
    how = find_recipe("seed-cnn4").augmentation.model_copy(update={"brightness": (1.0, 1.0)})
    warped = augment(torch.ones(16, 1, 24, 24), how, seeded())
    torch.testing.assert_close(warped, torch.ones_like(warped))


def test_brightness_is_a_factor_from_its_range_and_grey_values_stay_in_range():
    """Brightness multiplies each film by one factor from the range, cut at white."""
    films = torch.full((32, 1, 4, 4), 0.5)
    bright = augment(films, AugmentationSettings(brightness=(0.8, 1.2)), seeded())
    factors = bright[:, 0, 0, 0] / 0.5
    assert 0.8 <= float(factors.min()) < 0.9
    assert 1.1 < float(factors.max()) <= 1.2
    assert (
        float(
            augment(
                torch.ones_like(films), AugmentationSettings(brightness=(1.2, 1.2)), seeded()
            ).max()
        )
        == 1.0
    )


def test_the_same_generator_draws_the_same_films():
    """The same seed gives the same films; another seed gives others."""
    films, how = torch.rand(4, 1, 16, 16), find_recipe("seed-cnn4").augmentation
    assert torch.equal(augment(films, how, seeded(1)), augment(films, how, seeded(1)))
    assert not torch.equal(augment(films, how, seeded(1)), augment(films, how, seeded(2)))


@settings(deadline=None, max_examples=25)
@given(
    rotation=st.floats(0, 180),
    shift=st.floats(0, 0.5),
    zoom=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_warps_stay_within_what_was_asked(rotation, shift, zoom, seed):
    """Angle, zoom and shift of every drawn warp lie within their ranges."""
    how = AugmentationSettings(rotation_degrees=rotation, shift_share=shift, zoom_share=zoom)
    warps = draw_warps(8, torch.Size((40, 60)), how, seeded(seed))
    for warp in warps:
        across, down = warp[:2, 0], warp[:2, 1]
        angle = math.degrees(math.atan2(float(warp[1, 0]), float(warp[0, 0])))
        assert abs(angle) <= rotation + 1e-3
        for axis in (across, down):
            assert 1 - zoom - 1e-4 <= float(axis.norm()) <= 1 + zoom + 1e-4
        centre = torch.tensor([29.5, 19.5, 1.0])
        moved = (warp @ centre)[:2] - centre[:2]
        assert abs(float(moved[0])) <= 60 * shift + 1e-2
        assert abs(float(moved[1])) <= 40 * shift + 1e-2


@pytest.mark.parametrize("degrees", [0.2])
def test_the_seed_s_shear_is_degrees_as_keras_reads_it(degrees):
    """The first seed's 0.2 is a fifth of a degree, far less than the 20 % its report speaks of."""
    how = find_recipe("seed-cnn4").augmentation
    assert how.shear_degrees == degrees
    warps = draw_warps(
        64, torch.Size((50, 50)), AugmentationSettings(shear_degrees=degrees), seeded()
    )
    assert 0 < float(warps[:, 0, 1].abs().max()) <= math.tan(math.radians(degrees)) + 1e-6


def test_what_comes_in_from_outside_can_be_black():
    """A recipe may fill with black, as letterboxed films are filled."""
    how = AugmentationSettings(shift_share=0.4, fill="black")
    moved = augment(torch.ones(8, 1, 24, 24), how, seeded())
    assert float(moved.min()) == 0.0


def test_capped_metal_is_as_bright_as_bone():
    """On about half of the films all above a level is made alike, and stretched to white again."""
    film = torch.tensor([0.2, 0.5, 0.8, 1.0]).view(1, 1, 1, 4).expand(64, 1, 4, 4)
    capped = augment(film, AugmentationSettings(cap=(0.6, 0.6)), seeded())
    is_capped = (capped[:, 0, 0, 2] - capped[:, 0, 0, 3]).abs() < 1e-3
    assert 16 < int(is_capped.sum()) < 48
    torch.testing.assert_close(
        capped[is_capped][0, 0, 0], torch.tensor([1 / 3, 5 / 6, 1.0, 1.0]), atol=1e-3, rtol=0
    )


def test_coarsened_films_lose_fine_detail_and_keep_their_mean():
    """About half of the films lose their finest stripes; none gets brighter or darker."""
    stripes = (torch.arange(32) % 2).float().expand(64, 1, 32, 32)
    coarse = augment(stripes, AugmentationSettings(coarsen=(0.5, 0.5)), seeded())
    contrast = coarse.amax((1, 2, 3)) - coarse.amin((1, 2, 3))
    assert 16 < int((contrast < 0.5).sum()) < 48
    torch.testing.assert_close(coarse.mean((1, 2, 3)), torch.full((64,), 0.5), atol=0.03, rtol=0)


def test_gamma_bends_the_middle_and_keeps_black_and_white():
    """Powers from the range: black stays black, white stays white."""
    film = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3).expand(32, 1, 3, 3)
    bent = augment(film, AugmentationSettings(gamma=(0.5, 2.0)), seeded())[:, 0, 0]
    torch.testing.assert_close(bent[:, 0], torch.zeros(32), atol=1e-4, rtol=0)
    torch.testing.assert_close(bent[:, 2], torch.ones(32), atol=1e-4, rtol=0)
    assert float(bent[:, 1].min()) < 0.35
    assert float(bent[:, 1].max()) > 0.62


def test_a_turned_film_is_shown_as_the_measure_turns_it():
    """Turned in training and turned, enlarged and letterboxed in the measure: the same picture."""
    how, rows, columns = Preparation(rows=96, columns=96), 120, 80
    y, x = np.mgrid[:rows, :columns]
    drawn = 0.5 + 0.3 * np.sin(x / 9.0) * np.cos(y / 13.0) + 0.2 * (x > columns / 2)
    film = Radiograph(pixels=drawn.astype(np.float32), source="drawn")
    place = fit_letterbox(rows, columns, how)
    fitted = torch.tensor([[place.columns, place.rows]] * 12, dtype=torch.float32)
    asked = AugmentationSettings(turned_share=1.0, zoom=(0.5, 2.0), shift_share=0.2)
    matrices = draw_warps(12, torch.Size((96, 96)), asked, seeded(), fitted=fitted)
    pixels = torch.from_numpy(fit_pixels(film, how)).float()[None, None] / 255
    shown = move(pixels.expand(12, -1, -1, -1), matrices)
    for matrix, ours in zip(matrices, shown[:, 0], strict=True):
        degrees = -math.degrees(math.atan2(float(matrix[1, 0]), float(matrix[0, 0])))
        theirs = torch.from_numpy(fit_pixels(turn(film, degrees), how)).float() / 255
        assert float((ours - theirs).abs().mean()) < 0.02
        both = ((ours > 0.05) & (theirs > 0.05)).sum() / ((ours > 0.05) | (theirs > 0.05)).sum()
        assert float(both) > 0.96


def test_as_many_films_are_turned_as_was_asked_and_close_ups_are_not():
    """A third of the films is turned; a close-up keeps its own zoom."""
    fitted = torch.tensor([[80.0, 60.0]] * 600)
    centres = torch.full((600, 2), torch.nan)
    centres[::2] = 40.0
    how = AugmentationSettings(turned_share=1 / 3, close_zoom=(3.0, 3.0))
    warps = draw_warps(600, torch.Size((80, 80)), how, seeded(), centres=centres, fitted=fitted)
    zooms = torch.linalg.det(warps[:, :2, :2]).sqrt()
    assert zooms[::2].tolist() == pytest.approx([3.0] * 300, rel=1e-4)
    assert 70 < int((zooms[1::2] < 0.995).sum()) < 130


def test_the_even_zoom_keeps_its_range_and_the_film_s_aspect():
    """Both sides grow alike, by a factor from the range, as often halved as doubled."""
    how = AugmentationSettings(zoom=(0.5, 2.0))
    warps = draw_warps(400, torch.Size((40, 60)), how, seeded())
    across, down = warps[:, 0, 0], warps[:, 1, 1]
    torch.testing.assert_close(across, down)
    assert 0.5 <= float(across.min()) < 0.55
    assert 1.9 < float(across.max()) <= 2.0
    assert 160 < int((across < 1).sum()) < 240
