"""A torn film is told from a whole one by what it ends in."""

import io

import numpy as np
import pytest
from PIL import Image

from osteon.errors import TruncatedFilm
from osteon.radiographs.arrays import build_radiograph
from osteon.radiographs.phantom import draw_phantom
from osteon.radiographs.raster import decode_raster
from osteon.radiographs.torn import find_tear, refuse_torn

RNG = np.random.default_rng(7)


def draw_film():
    return draw_phantom(5, has_fracture=True).radiograph.pixels.copy()


def tear(film, n_lines, *, drift=0.0):
    """Repeat one block from the middle of a row of blocks to the last line."""
    rows, columns = film.shape
    block = RNG.uniform(0.1, 0.5, (8, 8)).astype(np.float32)
    start = (rows - n_lines) // 8 * 8
    down, across = -(-(rows - start) // 8), -(-columns // 8)
    tiles = np.tile(block, (down, across))[: rows - start, :columns]
    tiles = tiles + np.linspace(0, drift, columns, dtype=np.float32)
    film[start + 8 :] = tiles[8:]
    film[start : start + 8, columns // 2 :] = tiles[:8, columns // 2 :]
    return film


@pytest.mark.parametrize("n_lines", [16, 40, 110])
@pytest.mark.parametrize("drift", [0.0, 0.05])
def test_a_block_repeated_to_the_edge_is_a_tear(n_lines, drift):
    """A film that ends in one block over and over is torn, however late and however it drifts."""
    assert "8 x 8" in find_tear(tear(draw_film(), n_lines, drift=drift))


def test_a_repeated_line_and_middle_grey_are_tears():
    """What other decoders put where data is missing is told too."""
    film = draw_film()
    film[-60:] = film[-60]
    assert "line" in find_tear(film)
    film = draw_film()
    start = (len(film) - 60) // 8 * 8
    film[start + 8 :] = film[start : start + 8, 160:] = np.float32(128 / 255)
    assert "middle grey" in find_tear(film)


def test_a_grey_part_that_begins_with_a_line_is_the_films_own():
    """Only what begins in the middle of a row of blocks was filled in."""
    film = draw_film()
    film[-60:] = np.float32(128 / 255)
    assert find_tear(film) == ""


@pytest.mark.parametrize("grey", [0.0, 0.1, 0.9, 1.0])
def test_a_border_of_one_grey_is_no_tear(grey):
    """Collimated edges and frames belong to the film."""
    film = draw_film()
    film[-60:] = grey
    assert find_tear(film) == ""


def test_whole_films_are_whole():
    """No drawn film is taken for torn, and neither is one that repeats itself throughout."""
    for seed in range(12):
        film = draw_phantom(seed, has_fracture=seed % 2 == 0).radiograph.pixels
        assert find_tear(film) == ""
        assert find_tear(film[::-1]) == ""
    stripes = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (100, 16))
    assert find_tear(stripes) == ""


def test_a_torn_film_is_refused_by_name():
    """The refusal has a code for programs and says what was seen."""
    with pytest.raises(TruncatedFilm, match="torn") as fault:
        refuse_torn(tear(draw_film(), 50), source="a.jpg")
    assert fault.value.code == "torn"


def test_a_torn_film_is_refused_however_it_comes():
    """As a file and as an array."""
    torn = tear(draw_film(), 50)
    picture = io.BytesIO()
    Image.fromarray(np.rint(torn * 255).astype(np.uint8)).save(picture, "PNG")
    with pytest.raises(TruncatedFilm) as fault:
        decode_raster(picture.getvalue(), source="a.png")
    assert fault.value.code == "torn"
    with pytest.raises(TruncatedFilm) as fault:
        build_radiograph(torn, source="array")
    assert fault.value.code == "torn"
