"""Films that show one picture are joined, and others are not."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.films import draw_film
from tests.planted import SEEDS, copy_film, draw_bones, places_in, planting
from threadpoolctl import threadpool_info

from osteon.audit.duplicates import search as copies
from osteon.audit.duplicates.descriptors import Fingerprint, measure_fingerprint
from osteon.audit.duplicates.search import Link, find_copies, find_copies_between
from osteon.terms import Pixels8

N_STEPS = (1, 2, 3)
N_OF_EACH = 1 + len(N_STEPS)


@pytest.fixture(scope="module")
def films() -> list[Pixels8]:
    """Twelve phantoms, and behind each three copies with ever longer histories."""
    shown = []
    for seed in SEEDS:
        shown.append(draw_bones(seed))
        for n_steps in N_STEPS:
            recipe = planting.draw_recipe(np.random.default_rng([1, seed, n_steps]), n_steps)
            shown.append(planting.plant_copy(draw_bones(seed), recipe)[0])
    return shown


@pytest.fixture(scope="module")
def prints(films) -> list[Fingerprint]:
    return [measure_fingerprint(film) for film in films]


@pytest.fixture(scope="module")
def links(films, prints) -> tuple[Link, ...]:
    return find_copies(prints, open_film=films.__getitem__, workers=1)


def join(links: Sequence[Link], n: int) -> list[list[int]]:
    """The groups that links make of n films."""
    group = list(range(n))
    for link in links:
        group = [group[link.a] if own == group[link.b] else own for own in group]
    return [[film for film in range(n) if group[film] == own] for own in sorted(set(group))]


PLANTED = [list(range(first, first + N_OF_EACH)) for first in range(0, 12 * N_OF_EACH, N_OF_EACH)]


def test_every_group_of_copies_is_joined_and_no_two_are(films, links):
    """Each film and its three copies make one group, and no link leads out of it."""
    assert join(links, len(films)) == PLANTED


def test_links_are_given_once_and_sorted(links):
    """The smaller film first, each pair once, in order."""
    pairs = [(link.a, link.b) for link in links]
    assert all(a < b for a, b in pairs)
    assert pairs == sorted(set(pairs))


def test_the_answer_does_not_depend_on_workers(films, prints):
    """Three workers give the links of one, number for number."""
    one, three = (find_copies(prints[:8], open_film=films.__getitem__, workers=n) for n in (1, 3))
    assert one == three
    assert join(one, 8) == PLANTED[:2]


def test_not_every_pair_of_a_group_is_compared():
    """Twelve copies of one film need eleven links, and get a few more, not 66."""
    film = draw_bones(13)
    turned = [copy_film(film, angle_deg=29.0 * n, keeps_corners=True)[0] for n in range(12)]
    prints = [measure_fingerprint(copy) for copy in turned]
    links = find_copies(prints, workers=1)
    assert join(links, 12) == [list(range(12))]
    assert 11 <= len(links) <= 4 * 12


def test_joined_pairs_are_left_out(monkeypatch, prints):
    """Looked at after every pair, groups get just enough links; fingerprints alone suffice."""
    monkeypatch.setattr(copies, "_BATCH", 1)
    links = find_copies(prints, workers=1)
    assert join(links, len(prints)) == PLANTED
    assert len(links) == 12 * (N_OF_EACH - 1)


def test_a_links_matrix_lays_one_film_on_the_other(films, links):
    """Film b, read where the matrix says, shows what film a shows."""
    for link in links:
        a, b = (films[own].astype(np.float32) for own in (link.a, link.b))
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = a.shape[::-1]
        laid = cv2.warpAffine(b, np.array(link.matrix), size, flags=how)
        full = cv2.warpAffine(np.ones_like(b), np.array(link.matrix), size, flags=how)
        shown = cv2.erode(full, np.ones((9, 9))) > 0.99
        likeness = np.corrcoef(a[shown], laid[shown])[0, 1]
        assert abs(likeness) > 0.8, link
        assert (likeness < 0) == link.is_inverted, link


def test_a_link_says_what_was_done():
    """Turn, mirror, scale and negative are told as they were planted, and every pixel's place."""
    steps = {"angle_deg": 40.0, "is_mirrored": True, "zoom": 0.8, "is_inverted": True}
    film = draw_bones(4)
    copy, matrix = copy_film(film, keeps_corners=True, **steps)
    (link,) = find_copies([measure_fingerprint(film), measure_fingerprint(copy)], workers=1)
    assert (link.a, link.b, link.is_mirrored, link.is_inverted) == (0, 1, True, True)
    assert link.angle_deg == pytest.approx(40, abs=0.3)
    assert link.scale == pytest.approx(0.8, rel=0.005)
    assert link.residual < 0.1
    assert link.overlap == pytest.approx(1, abs=0.03)
    places = places_in(film)
    away = np.hypot(*(np.array(link.matrix) @ places - matrix @ places))
    assert np.median(away) < 1.0


def test_a_squeezed_long_film_is_linked_in_its_own_pixels():
    """A long film that was squeezed to a square and turned only then is found, and laid on it."""
    film = draw_film(8, (440, 220))
    square = cv2.resize(film, (224, 224), interpolation=cv2.INTER_AREA)
    turned = np.ascontiguousarray(np.rot90(square))
    prints = [measure_fingerprint(film), measure_fingerprint(turned)]
    (link,) = find_copies(prints, workers=1)
    x, y, _ = places = places_in(film)
    across, down = (x + 0.5) * 224 / 220 - 0.5, (y + 0.5) * 224 / 440 - 0.5
    away = np.array(link.matrix) @ places - np.stack([down, 223 - across])
    assert np.median(np.hypot(*away)) < 0.5
    (between,) = find_copies_between(prints[:1], prints[1:], workers=1)
    assert between.matrix == link.matrix


def test_two_long_films_have_one_link():
    """However many of their fingerprints meet, one pair of films is linked once."""
    film = draw_film(8, (440, 220))
    copy, _ = copy_film(film, is_mirrored=True, jpeg_quality=70)
    links = find_copies([measure_fingerprint(film), measure_fingerprint(copy)], workers=1)
    assert [(link.a, link.b) for link in links] == [(0, 1)]


def test_copies_are_found_between_two_collections(films, prints):
    """Each copy of theirs is linked with our film; what either has twice is not its business."""
    ours, theirs = prints[:16:N_OF_EACH], prints[1:16:N_OF_EACH] + prints[2:8:N_OF_EACH]
    shelf = films[1:16:N_OF_EACH] + films[2:8:N_OF_EACH]
    how = {"open_ours": films[:16:N_OF_EACH].__getitem__, "open_theirs": shelf.__getitem__}
    links = find_copies_between(ours, theirs, workers=1, **how)
    assert [(link.a, link.b) for link in links] == [(0, 0), (0, 4), (1, 1), (1, 5), (2, 2), (3, 3)]
    assert find_copies_between(ours, theirs, workers=3, **how) == links


def test_our_own_copies_are_no_copies_between(prints):
    """Where one collection has copies and the other has none of them, nothing is linked."""
    theirs = [measure_fingerprint(draw_film(seed)) for seed in range(3)]
    assert find_copies_between(prints[:4], theirs, workers=1) == ()


@pytest.mark.parametrize("empty", [[], [np.zeros((50, 40), np.uint8)] * 3], ids=["none", "black"])
def test_where_there_is_nothing_to_compare_there_are_no_links(empty):
    """No film, and black films, have no copies."""
    prints = [measure_fingerprint(film) for film in empty]
    some = [measure_fingerprint(draw_bones(0))]
    assert find_copies(prints) == ()
    assert find_copies_between(prints, some) == ()
    assert find_copies_between(some, prints) == ()


class Shelf:
    """Opens films, and writes down which."""

    def __init__(self, films: Sequence[Pixels8 | None]) -> None:
        self.films = films
        self.opened: list[int] = []

    def __call__(self, number: int) -> Pixels8 | None:
        self.opened.append(number)
        return self.films[number]


@pytest.mark.parametrize(
    ("sides", "opened"),
    [((454, 454), [0, 1]), ((454, 200), []), ((200, 454), []), ((256, 256), [])],
)
def test_a_second_look_is_taken_only_where_both_films_are_large(sides, opened):
    """A film that is no larger than its fingerprint's picture is not opened again."""
    shown = [
        copy_film(draw_bones(3), side_px=side, angle_deg=20.0 * number)[0]
        for number, side in enumerate(sides)
    ]
    shelf = Shelf(shown)
    links = find_copies([measure_fingerprint(own) for own in shown], open_film=shelf, workers=1)
    assert len(links) == 1
    assert sorted(shelf.opened) == opened


def test_strangers_are_not_opened():
    """Films whose fingerprints do not agree get no second look."""
    shown = [draw_film(seed, (480, 400)) for seed in range(6)]
    shelf = Shelf(shown)
    assert find_copies([measure_fingerprint(own) for own in shown], open_film=shelf) == ()
    assert shelf.opened == []


def test_a_film_that_will_not_open_again_is_judged_by_its_fingerprint():
    """A film that has gone meanwhile keeps the link that its fingerprint gives."""
    film = draw_bones(3)
    copy, _ = copy_film(film, angle_deg=33.0)
    prints = [measure_fingerprint(film), measure_fingerprint(copy)]
    gone = find_copies(prints, open_film=Shelf([film, None]), workers=1)
    assert len(gone) == 1
    assert gone == find_copies(prints, workers=1)


def test_the_second_look_may_refuse():
    """Films that agree in their fingerprints and differ in themselves are not linked."""
    film = draw_bones(3)
    copy, _ = copy_film(film, angle_deg=33.0)
    prints = [measure_fingerprint(film), measure_fingerprint(copy)]
    changed = Shelf([film, np.random.default_rng(0).integers(0, 256, film.shape, np.uint8)])
    assert find_copies(prints, open_film=changed, workers=1) == ()


@pytest.mark.parametrize("batch", [1, 256])
def test_progress_is_told_in_two_phases_and_ends(prints, monkeypatch, batch):
    """Search, then compare, each rising to its own total."""
    monkeypatch.setattr(copies, "_BATCH", batch)
    told = []
    find_copies(prints[:4], workers=1, progress=lambda *words: told.append(words))
    phases = [phase for phase, _, _ in told]
    assert phases == sorted(phases, reverse=True)
    for phase in ("search", "compare"):
        done = [(so_far, total) for own, so_far, total in told if own == phase]
        assert done == sorted(done)
        assert done[-1][0] == done[-1][1] > 0


def test_libraries_get_their_threads_back(prints):
    """Threads that were taken from the libraries for the time of comparing are given back."""
    before = (cv2.getNumThreads(), [pool["num_threads"] for pool in threadpool_info()])
    find_copies(prints[:8], workers=2)
    after = (cv2.getNumThreads(), [pool["num_threads"] for pool in threadpool_info()])
    assert after == before


@pytest.mark.shared
def test_real_copies_are_joined_and_real_films_are_not(shared):
    """Real films are joined with their copies, and with no other film."""
    paths = sorted((shared / "fracatlas" / "images" / "Fractured").glob("*.jpg"))[:12]
    films = []
    for path in paths:
        with Image.open(path) as image:
            films.append(np.asarray(image.convert("L")))
    for number in range(6):
        recipe = planting.draw_recipe(np.random.default_rng([9, number]), 4)
        films.append(planting.plant_copy(films[number], recipe)[0])
    prints = [measure_fingerprint(film) for film in films]
    links = find_copies(prints, open_film=films.__getitem__, workers=2)
    found = {(link.a, link.b) for link in links}
    planted = {(number, number + 12) for number in range(6)}
    assert len(planted & found) >= 5
    assert not {(a, b) for a, b in found - planted if a % 12 != b % 12 or b < 12}
