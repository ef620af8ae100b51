"""A film's fingerprint, its mirror's and its negative's hold the same numbers."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from tests.films import draw_film
from tests.planted import SEEDS, draw_bones

from osteon.audit.duplicates import descriptors as fingerprint
from osteon.audit.duplicates.descriptors import (
    MAX_KEYPOINTS,
    PICTURE_SIDE,
    STEPS_PER_UNIT,
    VARIANTS,
    Fingerprint,
    measure_fingerprint,
    square_fingerprint,
    stretch_greys,
    transform_descriptors,
)
from osteon.audit.duplicates.pose import find_pose

VARIED = {
    1: lambda film: film[:, ::-1],
    2: lambda film: 255 - film,
    3: lambda film: 255 - film[:, ::-1],
}


def vary(film: np.ndarray, variant: int) -> np.ndarray:
    return np.ascontiguousarray(VARIED[variant](film))


def match(film: Fingerprint, varied: Fingerprint, variant: int) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints at one place, of one size and one angle, as the variant maps them."""
    x, y, diameter, angle = film.keypoints.T
    if variant & 1:
        x, angle = film.picture.shape[1] - 1 - x, 180 - angle
    if variant & 2:
        angle = angle + 180
    there = varied.keypoints
    away = np.hypot(x[:, None] - there[:, 0], y[:, None] - there[:, 1])
    turn = (angle[:, None] - there[:, 3] + 180) % 360 - 180
    grown = np.abs(np.log2(diameter[:, None] / there[:, 2]))
    return np.nonzero((away < 0.7) & (np.abs(turn) < 5) & (grown < 0.1))


def check_variant(grey: np.ndarray, variant: int) -> None:
    film, varied = measure_fingerprint(grey), measure_fingerprint(vary(grey, variant))
    ours, theirs = match(film, varied, variant)
    assert len(np.unique(ours)) > 0.75 * len(film.keypoints)
    mine = film.components[ours].astype(np.float64)
    yours = varied.components[theirs].astype(np.float64)
    # Steps of 1/256; a component's own spread is about 20 of them.
    assert np.abs(np.abs(mine) - np.abs(yours)).mean() < 2.5
    assert np.abs(VARIANTS[variant] * mine - yours).mean() < 2.5
    likeness = np.einsum("nd,vd,nd->nv", mine, VARIANTS, yours)
    assert np.mean(likeness.argmax(axis=1) == variant) > 0.98


@pytest.mark.parametrize("variant", VARIED)
@pytest.mark.parametrize("seed", SEEDS[:4])
def test_a_mirror_and_a_negative_change_signs_only(seed, variant):
    """The absolute components stay, and the signs name which of the four a film is."""
    check_variant(draw_bones(seed), variant)


@pytest.mark.parametrize("variant", VARIED)
def test_signs_name_the_variant_of_any_texture(variant):
    """What holds for bones holds for blobs without any symmetry."""
    check_variant(draw_film(4), variant)


def test_the_four_variants_are_a_group():
    """Any two of mirror, negative and both make the third, and each undoes itself."""
    for first in range(4):
        for second in range(4):
            np.testing.assert_array_equal(
                VARIANTS[first] * VARIANTS[second], VARIANTS[first ^ second]
            )


def test_a_descriptor_without_direction_has_sums_only():
    """Worked by hand: 128 equal numbers give 32 sums of 4 / (2 sqrt(128)), and no differences."""
    (components,) = transform_descriptors(np.full((1, 128), 7, np.float32))
    assert set(components[:32].tolist()) == {round(256 * 2 / 128**0.5)}
    assert not components[32:].any()


@given(arrays(np.float32, (3, 128), elements=st.floats(0, 255, width=32)))
def test_components_keep_a_descriptors_length(descriptors):
    """The transform is a rotation: but for rounding and cutting, no row grows or shrinks."""
    components = transform_descriptors(descriptors).astype(np.float64)
    length = np.sqrt((components**2).sum(axis=1)) / STEPS_PER_UNIT
    is_cut = (np.abs(components) == 127).any(axis=1)
    is_blank = descriptors.sum(axis=1) < 1e-3
    assert np.all(np.abs(length - 1) < 0.03, where=~is_cut & ~is_blank)
    assert np.all(length < 1.03)


@pytest.mark.parametrize(("x", "y"), [(300.0, 220.0), (411.5, 333.25)])
@pytest.mark.parametrize("shape", [(640, 512), (454, 560)])
def test_a_keypoint_lies_where_its_dot_lies(shape, x, y):
    """Keypoints are in pixels of the kept picture, whose first pixel's centre is 0."""
    down, across = np.mgrid[: shape[0], : shape[1]]
    dot = np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * 8**2))
    film = measure_fingerprint((40 + 200 * dot).astype(np.uint8))
    rows, columns = film.picture.shape
    place = [(x + 0.5) * columns / shape[1] - 0.5, (y + 0.5) * rows / shape[0] - 0.5]
    away = np.hypot(*(film.keypoints[:, :2] - place).T)
    assert away.min() < 0.15


def test_a_black_film_has_no_keypoints():
    """Nothing stands out, and nothing is invented."""
    film = measure_fingerprint(np.zeros((300, 200), np.uint8))
    assert film.keypoints.shape == (0, 4)
    assert film.components.shape == (0, 128)
    assert film.components.dtype == np.int8
    assert film.picture.shape == (256, 171)
    assert not film.picture.any()


@pytest.mark.parametrize("shape", [(16, 16), (16, 900), (2000, 16), (4000, 3000), (1, 1), (1, 7)])
def test_a_film_of_any_size_has_a_fingerprint(shape):
    """The picture's long side is always the same, and the film's own sides are kept."""
    grey = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    film = measure_fingerprint(grey)
    assert (film.rows, film.columns) == shape
    assert max(film.picture.shape) == PICTURE_SIDE
    assert film.picture.shape == tuple(max(1, round(side * 256 / max(shape))) for side in shape)
    assert len(film.keypoints) == len(film.components)
    assert film.keypoints.dtype == np.float32


@pytest.mark.parametrize("shape", [(420, 200), (200, 420)])
def test_a_long_film_is_fingerprinted_as_a_square_too(shape):
    """Its second fingerprint is that of the film squeezed to a square, and says so."""
    film = draw_film(3, shape)
    squared = square_fingerprint(measure_fingerprint(film))
    assert squared is not None
    assert squared.is_squared
    assert squared.picture.shape == (256, 256)
    assert (squared.rows, squared.columns) == shape
    squeezed = measure_fingerprint(cv2.resize(film, (256, 256), interpolation=cv2.INTER_AREA))
    pose = find_pose(squared, squeezed)
    assert pose is not None
    np.testing.assert_allclose(pose.matrix[:, :2], np.eye(2), atol=0.03)
    assert pose.n_keypoints > 30


@pytest.mark.parametrize("shape", [(300, 300), (300, 240), (240, 300)])
def test_a_film_that_is_nearly_square_has_one_fingerprint(shape):
    """Squeezing it to a square leaves it in a shape that keypoints stand."""
    assert square_fingerprint(measure_fingerprint(draw_film(3, shape))) is None


def test_keypoints_are_limited(monkeypatch):
    """A film on which many points stand out keeps as many as it may, the strongest first."""
    busy = draw_bones(5)
    film = measure_fingerprint(busy)
    assert len(film.keypoints) == MAX_KEYPOINTS
    monkeypatch.setattr(fingerprint, "MAX_KEYPOINTS", 30)
    fewer = measure_fingerprint(busy)
    np.testing.assert_array_equal(fewer.keypoints, film.keypoints[:30])
    np.testing.assert_array_equal(fewer.components, film.components[:30])


def test_threads_do_not_disturb_each_other():
    """Films fingerprinted at once have the bytes that they have one by one."""
    films = [draw_bones(seed) for seed in SEEDS[:3]] * 6
    alone = [as_bytes(measure_fingerprint(film)) for film in films[:3]] * 6
    with ThreadPoolExecutor(6) as pool:
        assert [as_bytes(film) for film in pool.map(measure_fingerprint, films)] == alone


def as_bytes(film: Fingerprint) -> bytes:
    return film.keypoints.tobytes() + film.components.tobytes() + film.picture.tobytes()


def test_stretched_greys_run_from_black_to_white():
    """All but the darkest and the brightest hundredth fill the scale, evenly."""
    ramp = np.repeat(np.arange(50, 151, dtype=np.uint8), 10)[None]
    stretched = stretch_greys(ramp)
    assert (stretched.min(), stretched.max()) == (0, 255)
    middle = int(stretched[ramp == 100][0])
    assert abs(middle - 127.5) < 3
    assert np.all(np.diff(stretched.astype(int)) >= 0)


def test_stretching_forgives_exposure():
    """A film and its paler, brighter copy are stretched to one picture."""
    film = draw_bones(SEEDS[0])
    pale = np.rint(film * 0.5 + 60).astype(np.uint8)
    apart = stretch_greys(film).astype(int) - stretch_greys(pale)
    assert np.abs(apart).mean() < 2


def test_a_few_bright_pixels_do_not_darken_the_rest():
    """A marker written on a film leaves its greys where they were."""
    film = draw_bones(SEEDS[0]).copy()
    before = stretch_greys(film)
    film[:10, :10] = 255
    after = stretch_greys(film)
    assert np.abs(before[10:].astype(int) - after[10:]).mean() < 3


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_film_stays_blank(grey):
    """Noise of a grey or two is never blown up into structure."""
    film = np.full((40, 40), grey, np.uint8)
    film[::2, ::2] ^= 1
    assert np.ptp(stretch_greys(film)) <= 32


def test_the_film_is_left_as_it_was():
    """Neither measuring nor stretching writes into a film."""
    film = draw_bones(SEEDS[0])  # read-only: writing would fail
    before = film.tobytes()
    measure_fingerprint(film)
    stretch_greys(film)
    assert film.tobytes() == before


@pytest.mark.shared
@pytest.mark.parametrize("variant", VARIED)
def test_real_films_keep_their_numbers(shared, variant):
    """Signs alone tell a real film from its mirror and its negative."""
    folder = shared / "fracatlas" / "images" / "Fractured"
    for path in sorted(folder.glob("*.jpg"))[:3]:
        with Image.open(path) as film:
            check_variant(np.asarray(film.convert("L")), variant)
