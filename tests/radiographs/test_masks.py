"""An outline is drawn where a prepared film shows what it goes round."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.radiographs.masks import draw_mask
from osteon.radiographs.preparation import fit_pixels
from osteon.release import Preparation
from osteon.terms import Radiograph


@given(
    rows=st.integers(80, 300),
    columns=st.integers(80, 300),
    fit=st.sampled_from(["letterbox", "squash"]),
    step=st.sampled_from([1, 2, 4]),
)
def test_a_mask_covers_what_the_film_shows(rows, columns, fit, step):
    """A bright rectangle, prepared, and its outline, drawn, are the same picture."""
    how = Preparation(rows=64, columns=64, fit=fit)
    x0, y0, x1, y1 = columns // 4, rows // 4, columns // 4 + columns // 3, rows // 4 + rows // 2
    film = np.zeros((rows, columns), np.float32)
    film[y0:y1, x0:x1] = 1.0
    shown = fit_pixels(Radiograph(pixels=film, source="x"), how) / 255.0
    shown = shown.reshape(64 // step, step, 64 // step, step).mean(axis=(1, 3))
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    mask = draw_mask([corners], rows, columns, how, step=step) / 255.0
    assert mask.shape == shown.shape
    assert np.abs(mask - shown).max() < 0.75  # one cell on the rim, where resizing blurs
    assert np.abs(mask - shown).mean() < 0.03
    assert mask.sum() == pytest.approx(shown.sum(), rel=0.12)


def test_no_outline_is_an_empty_mask():
    """A film without a fracture has a mask of zeros."""
    assert not draw_mask([], 40, 60, Preparation(rows=32, columns=32), step=2).any()


@pytest.mark.parametrize("aspect", [0.5, 2.0])
def test_a_mask_lies_on_pixels_that_are_not_square(aspect):
    """Outlines are in stored pixels, and the film is not squashed."""
    how = Preparation(rows=64, columns=64)
    film = np.zeros((100, 120), np.float32)
    film[30:60, 20:100] = 1.0
    shown = fit_pixels(Radiograph(pixels=film, source="x", pixel_aspect=aspect), how) / 255.0
    corners = ((20, 30), (100, 30), (100, 60), (20, 60))
    mask = draw_mask([corners], 100, 120, how, pixel_aspect=aspect) / 255.0
    assert np.abs(mask - shown).mean() < 0.03
    assert mask.sum() == pytest.approx(shown.sum(), rel=0.12)
