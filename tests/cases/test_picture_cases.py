"""The reported picture files, read as they are: each has its right value."""

import numpy as np
import pytest
from PIL import Image

from osteon.inference.detector import Detector
from osteon.radiographs.raster import decode_raster

pytestmark = pytest.mark.shared

REFUSED = {
    "B21a_png_rgb16_holding12bit.png": "deep-colour",
    "B22a_progressive_cut_30pc_closed.jpg": "truncated",
    "B22g_baseline_cut_after_ff_closed.jpg": "truncated",
}


@pytest.fixture(scope="module")
def cases(shared):
    folder = shared.parent / "cases"
    if not folder.is_dir():
        pytest.skip("needs the real films of shared/cases")
    return folder


@pytest.fixture(scope="module")
def detector():
    with Detector.default(threads=1) as held:
        yield held


@pytest.mark.parametrize("name", REFUSED)
def test_a_film_that_is_not_whole_or_not_deep_enough_is_not_read(detector, cases, name):
    """As a file and as an image that a program opened: the same refusal, by its code."""
    path = cases / name
    with Image.open(path) as image:
        readings = [detector.read(film) for film in (path, image)]
    for reading in readings:
        assert reading.decision == "not read"
        assert [reason.code for reason in reading.reasons] == [REFUSED[name]]


def test_a_tiff_is_read_as_its_jpeg_twin(detector, cases):
    """B20: an orientation tag turns both once; what is left between them is compression."""
    paths = [cases / f"B20_{name}" for name in ("jpeg_orientation6.jpg", "tiff_orientation6.tif")]
    jpeg, tiff = (decode_raster(path.read_bytes(), source=path.name).pixels for path in paths)
    assert jpeg.shape == tiff.shape
    assert np.abs(jpeg - tiff).mean() < 2 / 255
    assert detector.read(paths[0]).decision == detector.read(paths[1]).decision


def test_a_transparent_film_is_read_and_says_so(detector, cases):
    """B23b: alpha is 0 everywhere; the colours are the film."""
    reading = detector.read(cases / "B23b_png_alpha_zero.png")
    assert reading.decision != "not read"
    assert "alpha-ignored" in [reason.code for reason in reading.reasons]
