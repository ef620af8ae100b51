"""A copy lies still on its film; another exposure of the same bone does not."""

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.films import draw_film
from tests.planted import SEEDS, copy_film, draw_bones, places_in, planting, print_of

from osteon.audit.duplicates import registration as alignment
from osteon.audit.duplicates.descriptors import Fingerprint, measure_fingerprint
from osteon.audit.duplicates.pose import Pose
from osteon.audit.duplicates.registration import (
    FINE_LIMIT,
    LIMIT,
    Alignment,
    Fit,
    align_films,
    align_finely,
    has_more_to_show,
    map_films,
)

MATRIX = np.ndarray


def align(a: np.ndarray, b: np.ndarray) -> Alignment | None:
    return align_films(measure_fingerprint(a), measure_fingerprint(b))


def measure_error(found: Alignment, film: np.ndarray, copy: np.ndarray, matrix: MATRIX) -> float:
    """Median distance from where the copy shows a pixel, in pixels of the film."""
    mapped, _, scale = map_films(found, film.shape, copy.shape)
    places = places_in(film)
    where = matrix @ places
    shown = (where >= 0).all(axis=0) & (np.array(copy.shape[::-1]) > where.T).all(axis=1)
    return float(np.median(np.hypot(*(mapped @ places - where)[:, shown]))) / scale


@pytest.mark.parametrize("number", range(len(planting.SINGLES)))
def test_a_planted_copy_lies_where_it_was_planted(number):
    """Each single step of the range is fitted, and its matrix found within 1.5 pixels."""
    _, _, steps = planting.SINGLES[number]
    film = draw_bones(SEEDS[number % len(SEEDS)])
    copy, matrix = copy_film(film, **steps)
    found = align(film, copy)
    assert found is not None
    assert found.fit.score > LIMIT
    assert measure_error(found, film, copy, matrix) < 0.75
    assert found.pose.is_mirrored == steps.get("is_mirrored", False)
    assert found.pose.is_inverted == steps.get("is_inverted", False)


@pytest.mark.parametrize("number", range(8))
def test_steps_may_be_combined(number):
    """Four steps at once, drawn from the whole range, are fitted too."""
    film = draw_bones(SEEDS[number])
    recipe = planting.draw_recipe(np.random.default_rng([7, number]), 4)
    copy, matrix = planting.plant_copy(film, recipe)
    found = align(film, copy)
    assert found is not None
    assert found.fit.score > LIMIT
    assert measure_error(found, film, copy, matrix[:2]) < 1.5


def move_part(film: np.ndarray, *, by: float = 0.0, turn_deg: float = 0.0) -> np.ndarray:
    """The lower part of the limb moved to the side, or turned, at a joint; the rest stays."""
    rows, columns = film.shape
    down, across = np.mgrid[:rows, :columns].astype(np.float32)
    x, y = across - columns / 2, down - 0.45 * rows
    share = np.clip(y / (0.1 * rows), 0, 1)
    cos, sin = np.cos(share * np.deg2rad(turn_deg)), np.sin(share * np.deg2rad(turn_deg))
    from_x = (columns / 2 + cos * x - sin * y - by * share).astype(np.float32)
    from_y = (0.45 * rows + sin * x + cos * y).astype(np.float32)
    return cv2.remap(film, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def look_twice(film: np.ndarray, other: np.ndarray) -> float:
    """Score of the second look; no alignment at all is the lowest."""
    found = align(film, other)
    finer = None if found is None else align_finely(film, other, found)
    return -np.inf if finer is None else finer.fit.score


@pytest.mark.parametrize("seed", SEEDS)
def test_another_exposure_is_no_copy(seed):
    """Where a joint was bent by 3°, no affine map lays one film on the other."""
    film = draw_bones(seed)
    other = move_part(film, turn_deg=3.0)
    found = align(film, other)
    assert found is None or found.fit.score < LIMIT
    assert look_twice(film, other) < FINE_LIMIT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_that_moved_aside_is_seen_at_the_second_look(seed):
    """A part of the limb that moved by 8 pixels is seen, although bones there are smooth."""
    film = draw_bones(seed)
    assert look_twice(film, move_part(film, by=8.0)) < FINE_LIMIT


def test_what_moved_a_little_is_mostly_seen():
    """A move of 4 pixels, half of which a shear takes up, is seen on most films."""
    films = [draw_bones(seed) for seed in SEEDS[:8]]
    scores = np.array([look_twice(film, move_part(film, by=4.0)) for film in films])
    still = np.array([look_twice(film, move_part(film)) for film in films])
    assert np.mean(scores < FINE_LIMIT) >= 0.75
    assert np.all(scores + 3 < still)


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_a_film_saved_again_is_still_the_film(seed):
    """The same remapping that moves nothing is a copy: it is the move that is seen."""
    film = draw_bones(seed)
    found = align(film, move_part(film))
    assert found is not None
    assert found.fit.score > LIMIT


def test_another_limb_is_no_copy():
    """No two of a dozen phantoms are one picture."""
    for a in SEEDS:
        for b in SEEDS:
            found = align_films(print_of(a), print_of(b)) if a < b else None
            assert found is None or found.fit.score < LIMIT, (a, b)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_film_lies_on_itself(seed):
    """Nothing moves but what could lie anywhere along a shaft, nothing is left over."""
    found = align_films(print_of(seed), print_of(seed))
    assert found is not None
    places = places_in(print_of(seed).picture)
    away = np.hypot(*(found.pose.matrix @ places - places[:2]))
    assert np.median(away) < 0.3
    assert found.fit.agreement == pytest.approx(1, abs=1e-3)
    assert found.fit.slack < 0.03
    assert found.fit.overlap == pytest.approx(1, abs=0.02)


def test_the_overlap_is_what_the_smaller_film_shows():
    """A crop lies whole on its film; two halves that share a part overlap by that part."""
    film = draw_film(5)
    inside = align(film, film[20:200, 20:170])
    assert inside is not None
    assert inside.fit.overlap == pytest.approx(1, abs=0.03)
    halves = align(film[:160], film[80:])
    assert halves is not None
    assert halves.fit.overlap == pytest.approx(0.5, abs=0.03)


def test_a_film_without_structure_is_aligned_with_nothing():
    """A black film, and films that have nothing in common, have no alignment."""
    black = np.zeros((200, 160), np.uint8)
    assert align(black, black) is None
    assert align(draw_bones(0), black) is None
    assert align(draw_film(1), draw_film(2)) is None


def test_a_marker_does_not_hide_a_copy():
    """Blocks that were written on drop out of the fit: the place found stays exact."""
    film = draw_bones(1)
    copy, matrix = copy_film(film, angle_deg=40.0, keeps_corners=True, has_marker=True)
    found = align(film, copy)
    assert found is not None
    assert found.fit.score > LIMIT
    assert measure_error(found, film, copy, matrix) < 0.5


@pytest.mark.parametrize(
    "steps", [{"angle_deg": 25.0}, {"is_inverted": True, "zoom": 0.9}], ids=str
)
@pytest.mark.parametrize("seed", SEEDS[:3])
def test_the_second_look_confirms_a_copy(steps, seed):
    """At the films' own size a copy fits still, and lies where it was planted."""
    film = draw_bones(seed)
    copy, matrix = copy_film(film, jpeg_quality=60, **steps)
    found = align(film, copy)
    assert found is not None
    finer = align_finely(film, copy, found)
    assert finer is not None
    assert finer.fit.score > FINE_LIMIT
    assert measure_error(finer, film, copy, matrix) < 0.3


@pytest.mark.parametrize(
    ("long_a", "long_b", "worth"),
    [(454, 454, True), (320, 320, True), (319, 900, False), (900, 256, False), (100, 100, False)],
)
def test_a_second_look_needs_two_large_films(long_a, long_b, worth):
    """Films not larger than their pictures have nothing more to show."""

    def film(rows: int) -> Fingerprint:
        return measure_fingerprint(np.zeros((rows, rows // 2), np.uint8))

    assert has_more_to_show(film(long_a), film(long_b)) is worth


ROWS, COLUMNS = 40, 30
AS_IT_IS, ON_ITS_SIDE = (ROWS, COLUMNS), (COLUMNS, ROWS)
# Written down for single pixels: where numpy puts (x, y).
TURNS = {
    "as it is": (lambda film: film, [[1, 0, 0], [0, 1, 0]], False, 0.0),
    "quarter turn counter-clockwise": (
        np.rot90,
        [[0, 1, 0], [-1, 0, COLUMNS - 1]],
        False,
        90.0,
    ),
    "quarter turn clockwise": (
        lambda film: np.rot90(film, -1),
        [[0, -1, ROWS - 1], [1, 0, 0]],
        False,
        -90.0,
    ),
    "half a turn": (
        lambda film: film[::-1, ::-1],
        [[-1, 0, COLUMNS - 1], [0, -1, ROWS - 1]],
        False,
        180.0,
    ),
    "left for right": (lambda film: film[:, ::-1], [[-1, 0, COLUMNS - 1], [0, 1, 0]], True, 0.0),
    "up for down": (lambda film: film[::-1], [[1, 0, 0], [0, -1, ROWS - 1]], True, 180.0),
    "mirrored, then turned a quarter": (
        lambda film: np.rot90(film[:, ::-1]),
        [[0, 1, 0], [1, 0, 0]],
        True,
        90.0,
    ),
    "mirrored, then turned back a quarter": (
        lambda film: np.rot90(film[:, ::-1], -1),
        [[0, -1, ROWS - 1], [-1, 0, COLUMNS - 1]],
        True,
        -90.0,
    ),
}


def write_alignment(matrix: MATRIX, shapes: tuple, *, is_mirrored: bool = False) -> Alignment:
    pose = Pose(
        matrix=np.array(matrix, np.float64),
        is_mirrored=is_mirrored,
        is_inverted=False,
        n_keypoints=9,
    )
    return Alignment(pose=pose, shape=shapes, fit=Fit(agreement=1.0, slack=0.0, overlap=1.0))


@pytest.mark.parametrize(("turn", "matrix", "is_mirrored", "angle"), TURNS.values(), ids=TURNS)
def test_angles_are_counter_clockwise_after_the_mirror(turn, matrix, is_mirrored, angle):
    """The hand-made matrix moves each pixel where numpy does, and is told as a person sees it."""
    film = np.arange(ROWS * COLUMNS).reshape(AS_IT_IS)
    turned = turn(film)
    x, y = (np.array(matrix) @ [7, 11, 1]).tolist()
    assert turned[y, x] == film[11, 7]
    found = write_alignment(matrix, (film.shape, turned.shape), is_mirrored=is_mirrored)
    mapped, told, scale = map_films(found, film.shape, turned.shape)
    np.testing.assert_allclose(mapped, matrix, atol=1e-9)
    assert (told, scale) == (pytest.approx(angle), pytest.approx(1))


@pytest.mark.parametrize(("turn", "matrix", "is_mirrored", "angle"), TURNS.values(), ids=TURNS)
def test_a_pose_holds_for_pictures_of_twice_the_size(turn, matrix, is_mirrored, angle):
    """Doubled, it moves each pixel of the doubled film where numpy does; halved, it is itself."""
    pose = write_alignment(matrix, (AS_IT_IS, AS_IT_IS), is_mirrored=is_mirrored).pose
    doubled = alignment._scaled(pose, 2.0)
    film = np.arange(4 * ROWS * COLUMNS).reshape(2 * ROWS, 2 * COLUMNS)
    x, y = np.rint(doubled.matrix @ [15, 22, 1]).astype(int).tolist()
    assert turn(film)[y, x] == film[22, 15]
    assert (doubled.is_mirrored, doubled.n_keypoints) == (is_mirrored, 9)
    np.testing.assert_allclose(alignment._scaled(doubled, 0.5).matrix, matrix, atol=1e-9)


@pytest.mark.parametrize(("turn", "matrix", "is_mirrored", "angle"), TURNS.values(), ids=TURNS)
def test_turned_bones_are_told_as_they_were_turned(turn, matrix, is_mirrored, angle):
    """What holds by hand holds for films that were aligned."""
    film = draw_bones(3)
    turned = np.ascontiguousarray(turn(film))
    found = align(film, turned)
    assert found is not None
    assert found.pose.is_mirrored is is_mirrored
    _, told, scale = map_films(found, film.shape, turned.shape)
    assert (told - angle + 180) % 360 - 180 == pytest.approx(0, abs=0.2)
    assert scale == pytest.approx(1, abs=0.005)


def test_a_matrix_is_told_in_the_films_own_pixels():
    """Pictures lie on each other as they are; film a is twice as large, film b three times."""
    found = write_alignment([[1, 0, 0], [0, 1, 0]], (AS_IT_IS, AS_IT_IS))
    mapped, angle, scale = map_films(found, (2 * ROWS, 2 * COLUMNS), (3 * ROWS, 3 * COLUMNS))
    # The corner of both, half a pixel before the first centre, stays the corner.
    np.testing.assert_allclose(mapped @ [-0.5, -0.5, 1], [-0.5, -0.5], atol=1e-9)
    np.testing.assert_allclose(mapped @ [0.5, 0.5, 1], [1.0, 1.0], atol=1e-9)
    assert (angle, scale) == (0.0, pytest.approx(1.5))


def test_sides_are_scaled_apart():
    """Where only the width of film b differs from its picture's, only x is scaled."""
    found = write_alignment([[1, 0, 4], [0, 1, 0]], (AS_IT_IS, AS_IT_IS))
    mapped, _, scale = map_films(found, AS_IT_IS, (ROWS, 2 * COLUMNS))
    np.testing.assert_allclose(mapped, [[2, 0, 8.5], [0, 1, 0]], atol=1e-9)
    assert scale == pytest.approx(2**0.5)


def test_an_angle_is_never_minus_half_a_turn():
    """Angles lie in (-180, 180]."""
    found = write_alignment([[-1, -0.0, 29], [0.0, -1, 39]], (AS_IT_IS, AS_IT_IS))
    assert map_films(found, AS_IT_IS, AS_IT_IS)[1] == 180.0


@pytest.mark.shared
def test_a_real_copy_fits_and_a_neighbour_does_not(shared):
    """Copies of real films lie where they were planted; the next film in the folder does not."""
    paths = sorted((shared / "fracatlas" / "images" / "Fractured").glob("*.jpg"))[:6]
    films = []
    for path in paths:
        with Image.open(path) as image:
            films.append(np.asarray(image.convert("L")))
    for number, film in enumerate(films):
        steps = {
            "angle_deg": 40.0 * number + 10,
            "is_mirrored": number % 2 == 0,
            "jpeg_quality": 50,
        }
        copy, matrix = copy_film(film, keeps_corners=True, **steps)
        found = align(film, copy)
        assert found is not None
        assert found.fit.score > LIMIT
        assert measure_error(found, film, copy, matrix) < 1.0
        other = align(film, films[number - 1])
        assert other is None or other.fit.score < LIMIT
