"""What many films share is no evidence: frames, rulers and logos make no copies of two films."""

import numpy as np
import pytest
from tests.planted import SEEDS, draw_bones
from tests.screens import burn_in, draw_screen

from osteon.audit.duplicates.descriptors import Fingerprint, measure_fingerprint
from osteon.audit.duplicates.framed import compare_inside
from osteon.audit.duplicates.registration import align_finely, align_pair
from osteon.audit.duplicates.search import Link, compare_films, find_copies
from osteon.terms import Pixels8

ALIKE = ((6, 15), (40, 57), (13, 68))
"""Phantoms that lie so on a screen that their screenshots fit one another by the frame."""


def print_of(film: Pixels8) -> Fingerprint:
    return measure_fingerprint(film)


def compare(a: Pixels8, b: Pixels8) -> Link | None:
    films = {0: a, 1: b}
    return compare_films((0, 1), (print_of(a), print_of(b)), open_a=films.get, open_b=films.get)


def fade(film: Pixels8) -> Pixels8:
    return np.clip(0.7 * film.astype(np.float32) + 20, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seeds", ALIKE)
def test_two_films_in_one_viewer_are_two(seeds: tuple[int, int]):
    """Their screenshots fit as well as copies do, and what they show of bone does not agree."""
    a, b = (draw_screen(draw_bones(seed)) for seed in seeds)
    found = align_pair((print_of(a), print_of(b)))
    closer = align_finely(a, b, found)
    assert closer.fit.score > 5
    assert closer.fit.confirmed.is_frame
    assert compare(a, b) is None


def test_a_collection_of_screenshots_has_no_copies():
    """However many there are; a copy among them is found."""
    screens = [draw_screen(draw_bones(seed)) for seed in SEEDS]
    screens.append(draw_screen(fade(draw_bones(SEEDS[4]))))
    links = find_copies([print_of(screen) for screen in screens], open_film=screens.__getitem__)
    assert [(link.a, link.b) for link in links] == [(4, len(SEEDS))]


def test_without_the_films_their_fingerprints_decide_alike():
    """A frame is no evidence where nobody can look closer, either."""
    screens = [draw_screen(draw_bones(seed)) for seed in (6, 13, 15, 40, 57, 68)]
    assert find_copies([print_of(screen) for screen in screens]) == ()


@pytest.mark.parametrize("maker", [draw_screen, burn_in])
@pytest.mark.parametrize("seed", SEEDS[:4])
def test_a_copy_in_the_same_frame_is_found(maker, seed: int):
    """The frame takes nothing away from what the films have in common."""
    film = draw_bones(seed)
    link = compare(maker(film), maker(fade(film)))
    assert link is not None
    assert link.scale == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_a_film_and_its_screenshot_are_one_picture(seed: int):
    """The frame lies beside the film, and says nothing against it."""
    film = draw_bones(seed)
    assert compare(film, draw_screen(film)) is not None
    assert compare(film, burn_in(film)) is not None


@pytest.mark.parametrize("seed", [SEEDS[2], SEEDS[5], SEEDS[10]])
def test_a_film_that_was_moved_in_its_viewer_is_found(seed: int):
    """The frames lie on one another and the films do not; the link says how the film lies."""
    a = draw_screen(draw_bones(seed))
    b = draw_screen(draw_bones(seed), zoom=1.15, shift=(30, -20))
    link = compare(a, b)
    assert link is not None
    assert link.scale == pytest.approx(1.15, abs=0.01)
    # The window's centre is at (430, 375) of the screen, and moved by the shift.
    centre = np.array(link.matrix) @ [430, 375, 1]
    assert centre == pytest.approx((460, 355), abs=2.0)


def test_burned_in_borders_make_no_copies():
    """A ruler, a logo and a hospital's name on twelve different films."""
    films = [burn_in(draw_bones(seed)) for seed in SEEDS]
    assert find_copies([print_of(film) for film in films], open_film=films.__getitem__) == ()


def test_a_frame_around_nothing_is_not_looked_into():
    """Films that agree everywhere have no part in which they differ."""
    screen = draw_screen(draw_bones(SEEDS[0]))
    found = align_pair((print_of(screen), print_of(screen)))
    assert found.fit.confirmed.share > 0.99
    assert compare_inside((screen, screen), found) is None
