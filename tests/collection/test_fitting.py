"""What a child process makes of a film for the cache."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tests.films import draw_film, write_film

from osteon.collection.fitting import CHANGED, MISSING, ImportedFilm, fit_film
from osteon.radiographs.films import read_film
from osteon.radiographs.preparation import fit_pixels
from osteon.release import Preparation

SMALL = Preparation(rows=32, columns=32)


@pytest.fixture
def film(tmp_path: Path) -> ImportedFilm:
    path = write_film(tmp_path / "film.png", draw_film(1))
    return ImportedFilm(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_film_is_fitted_as_everywhere_else(film):
    """The cache holds what reading the film prepares."""
    np.testing.assert_array_equal(
        fit_film(film, how=SMALL), fit_pixels(read_film(film.path), SMALL)
    )


def test_a_film_that_is_gone_or_another_is_set_aside(film):
    """The reason says which."""
    film.path.write_bytes(b"no film")
    assert fit_film(film, how=SMALL) == CHANGED
    film.path.unlink()
    assert fit_film(film, how=SMALL) == MISSING


def test_a_film_that_does_not_decode_is_set_aside(tmp_path):
    """The reason says why, and not where: the manifest's row does."""
    path = tmp_path / "film.png"
    path.write_bytes(b"no film")
    told = fit_film(
        ImportedFilm(path=path, sha256=hashlib.sha256(b"no film").hexdigest()), how=SMALL
    )
    assert isinstance(told, str)
    assert "must be" in told
    assert str(path) not in told
