"""Candidates are found without comparing every pair."""

from collections.abc import Sequence

import faiss
import numpy as np
import pytest
from PIL import Image
from tests.films import draw_film
from tests.planted import SEEDS, copy_film, draw_bones, print_of

from osteon.audit.duplicates import index as search
from osteon.audit.duplicates.descriptors import VARIANTS, Fingerprint, measure_fingerprint
from osteon.audit.duplicates.index import (
    MAX_CANDIDATES,
    MIN_VOTES,
    SEARCHED_KEYPOINTS,
    build_index,
    build_table,
    compare_components,
    find_candidates,
)

HISTORIES = (
    {"angle_deg": 50.0, "keeps_corners": True},
    {"is_mirrored": True, "is_inverted": True, "zoom": 0.8},
    {"angle_deg": -100.0, "crop": 0.8, "gamma": 1.6, "jpeg_quality": 40},
)


@pytest.fixture(scope="module")
def prints() -> list[Fingerprint]:
    """Each phantom, and behind it its copies."""
    films = []
    for seed in SEEDS:
        films.append(print_of(seed))
        copies = (copy_film(draw_bones(seed), **steps)[0] for steps in HISTORIES)
        films.extend(map(measure_fingerprint, copies))
    return films


def blank() -> Fingerprint:
    return measure_fingerprint(np.zeros((90, 70), np.uint8))


def candidates(films: Sequence[Fingerprint], **how: object) -> tuple[np.ndarray, np.ndarray]:
    return find_candidates(build_table(films), **how)


def test_copies_are_candidates(prints):
    """Every copy meets its film, or another copy of it, and groups hold together."""
    pairs, votes = candidates(prints)
    n = len(HISTORIES) + 1
    own = pairs[pairs[:, 0] // n == pairs[:, 1] // n]
    assert np.all(np.bincount(own.ravel(), minlength=len(prints)) >= 2)
    assert len(own) >= 0.9 * len(SEEDS) * n * (n - 1) / 2
    assert np.all(votes >= MIN_VOTES)


def test_candidates_are_few(prints):
    """Far fewer than all pairs: no film asks for more than its share."""
    pairs, _ = candidates(prints)
    assert len(pairs) <= MAX_CANDIDATES * len(prints)


def test_each_pair_is_given_once_and_sorted(prints):
    """The smaller film first, in order, with the votes of each pair beside it."""
    pairs, votes = candidates(prints)
    assert np.all(pairs[:, 0] < pairs[:, 1])
    once = sorted(set(map(tuple, pairs.tolist())))
    assert [tuple(pair) for pair in pairs.tolist()] == once
    assert votes.shape == (len(pairs),)


def test_copies_have_more_votes_than_strangers(prints):
    """Keypoints of one picture agree about its pose; accidental neighbours do not."""
    pairs, votes = candidates(prints)
    n = len(HISTORIES) + 1
    is_copy = pairs[:, 0] // n == pairs[:, 1] // n
    assert np.median(votes[is_copy]) > 4 * np.median(votes[~is_copy])


@pytest.mark.parametrize("seed", SEEDS[:3])
@pytest.mark.parametrize(
    "steps",
    [{"is_mirrored": True}, {"is_inverted": True}, {"is_mirrored": True, "is_inverted": True}],
    ids=str,
)
def test_a_mirror_and_a_negative_have_the_votes_of_a_turned_film(seed, steps):
    """Keypoints agree about the turn of a mirror or a negative as they do about any other."""
    turned = {"angle_deg": 70.0, "keeps_corners": True}
    plain, varied = (copy_film(draw_bones(seed), **turned, **own)[0] for own in ({}, steps))
    ours = build_table([print_of(seed)])
    votes = [candidates([measure_fingerprint(copy)], queries=ours)[1] for copy in (plain, varied)]
    assert votes[1] > 0.8 * votes[0]


def same(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> bool:
    return all(one.tobytes() == other.tobytes() for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("block", [1, 5, 1000])
@pytest.mark.parametrize("workers", [1, 3])
def test_the_answer_depends_on_no_worker_and_no_block(prints, monkeypatch, workers, block):
    """However the work is shared out, pairs and votes are the same to the bit."""
    alone = candidates(prints)
    monkeypatch.setattr(search, "_BLOCK", block)
    assert same(candidates(prints, workers=workers), alone)


def test_progress_tells_the_films_that_have_searched(prints, monkeypatch):
    """Progress rises to the number of films and ends there."""
    monkeypatch.setattr(search, "_BLOCK", 10)
    told = []
    candidates(prints, workers=2, progress=lambda *words: told.append(words))
    assert told[-1] == ("search", len(prints), len(prints))
    assert [done for _, done, _ in told] == [10, 20, 30, 40, 48]


@pytest.mark.parametrize("films", [[], [blank], [blank, blank]], ids=["none", "one", "two"])
def test_where_nothing_can_be_searched_nothing_is_found(films):
    """No film, and films without keypoints, give empty answers of the right shape."""
    pairs, votes = candidates([film() for film in films])
    assert (pairs.shape, pairs.dtype, votes.shape) == ((0, 2), np.int64, (0,))
    pairs, votes = candidates([print_of(0)], queries=build_table([film() for film in films]))
    assert (pairs.shape, votes.shape) == ((0, 2), (0,))
    pairs, votes = candidates([film() for film in films], queries=build_table([print_of(0)]))
    assert (pairs.shape, votes.shape) == ((0, 2), (0,))


def test_a_film_is_no_candidate_for_itself():
    """A collection of one film has no pairs."""
    assert not len(candidates([print_of(0)])[0])


def test_films_without_keypoints_do_not_shift_the_others(prints):
    """Blank films in between leave every other film's number and candidates as they are."""
    with_blanks = [film for own in prints for film in (blank(), own)]
    pairs, votes = candidates(prints)
    shifted, same_votes = candidates(with_blanks)
    np.testing.assert_array_equal(shifted, 2 * pairs + 1)
    np.testing.assert_array_equal(same_votes, votes)


def test_a_block_of_blank_films_has_no_candidates(monkeypatch):
    """A whole block without keypoints is passed over."""
    monkeypatch.setattr(search, "_BLOCK", 2)
    copy = measure_fingerprint(copy_film(draw_bones(0), angle_deg=20.0)[0])
    pairs, _ = candidates([print_of(0), blank(), blank(), blank(), copy])
    assert pairs.tolist() == [[0, 4]]


def test_the_second_fingerprint_of_a_film_is_no_candidate_for_the_first():
    """Fingerprints of one owner never meet; those of different owners do."""
    film = print_of(0)
    assert len(candidates([film, film])[0]) == 1
    pairs, _ = candidates([film, film, film], owners=np.array([0, 1, 0]))
    assert pairs.tolist() == [[0, 1], [1, 2]]


def test_many_equal_films_do_not_become_all_pairs():
    """300 equal films ask for a few each, and not for 44,850 pairs."""
    pairs, _ = candidates([print_of(0)] * 300)
    assert 0 < len(pairs) <= MAX_CANDIDATES * 300


def test_one_collection_searches_another(prints):
    """Films of one collection find theirs in the other: query first, and nothing among its own."""
    n = len(HISTORIES) + 1
    ours = prints[1::n][::-1]
    pairs, _ = candidates(prints[::n], queries=build_table(ours))
    found = set(map(tuple, pairs.tolist()))
    assert {(number, len(ours) - 1 - number) for number in range(len(ours))} <= found
    assert pairs.tolist() == sorted(pairs.tolist())


def test_a_film_finds_itself_in_another_collection():
    """Only among themselves do films leave themselves out."""
    pairs, _ = candidates([print_of(1), print_of(0)], queries=build_table([print_of(0)]))
    assert [0, 1] in pairs.tolist()


def test_a_large_collection_is_searched_through_a_graph(prints, monkeypatch):
    """Where there are too many lists to train, copies are found all the same, and equally."""
    monkeypatch.setattr(search, "_TRAINED_LISTS", 0)
    pairs, _ = candidates(prints)
    n = len(HISTORIES) + 1
    own = pairs[pairs[:, 0] // n == pairs[:, 1] // n]
    assert np.all(np.bincount(own.ravel(), minlength=len(prints)) >= 1)
    assert len(own) >= 0.8 * len(SEEDS) * n * (n - 1) / 2
    assert same(candidates(prints, workers=3), candidates(prints))


@pytest.mark.parametrize("trained", [0, 4096])
def test_equal_tables_give_equal_indexes(prints, monkeypatch, trained):
    """An index holds nothing of the machine, nor of chance, and leaves faiss's threads alone."""
    monkeypatch.setattr(search, "_TRAINED_LISTS", trained)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        first, second = (faiss.serialize_index(build_index(build_table(prints))) for _ in range(2))
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(threads)
    assert first.tobytes() == second.tobytes()


def test_a_table_holds_the_strongest_keypoints_of_each_film():
    """Films lie one below the other, in order, each with its strongest."""
    films = [print_of(0), blank(), print_of(1)]
    table = build_table(films)
    assert table.n_films == 3
    counts = [min(len(film.keypoints), SEARCHED_KEYPOINTS) for film in films]
    assert np.diff(table.starts).tolist() == counts
    assert np.diff(table.starts).tolist() == counts
    last = slice(table.starts[2], table.starts[3])
    np.testing.assert_array_equal(table.components[last], films[2].components[: counts[2]])
    np.testing.assert_array_equal(table.diameters[last], films[2].keypoints[: counts[2], 2])
    np.testing.assert_array_equal(table.angles[last], films[2].keypoints[: counts[2], 3])


@pytest.mark.parametrize("variant", range(4))
def test_likeness_is_that_of_the_best_variant(variant):
    """A descriptor is like itself by one, and its sign pattern names the variant."""
    ours = print_of(0).components
    theirs = (ours * VARIANTS[variant]).astype(np.int8)
    likeness, found = compare_components(ours, theirs)
    assert np.all(found == variant)
    is_cut = (np.abs(ours) == 127).any(axis=1)
    np.testing.assert_allclose(likeness[~is_cut], 1.0, atol=0.03)
    assert np.all(likeness < 1.03)
    # Not the next ones: one corner gives several keypoints, which are alike.
    strangers, _ = compare_components(ours, np.roll(theirs, len(theirs) // 2, axis=0))
    assert np.median(strangers) < 0.75


def test_textures_that_have_nothing_in_common_are_no_candidates():
    """A collection without copies asks for few comparisons."""
    films = [measure_fingerprint(draw_film(seed)) for seed in range(20)]
    pairs, _ = candidates(films)
    assert len(pairs) < 10


@pytest.mark.shared
def test_real_copies_are_candidates(shared):
    """Real films, and a copy of each under every step, meet."""
    paths = sorted((shared / "fracatlas" / "images" / "Fractured").glob("*.jpg"))[:20]
    films, copies = [], []
    for number, path in enumerate(paths):
        with Image.open(path) as image:
            film = np.asarray(image.convert("L"))
        steps = {"angle_deg": 17.0 * number, "is_mirrored": number % 2 == 0, "crop": 0.8}
        films.append(measure_fingerprint(film))
        copies.append(measure_fingerprint(copy_film(film, jpeg_quality=50, **steps)[0]))
    found = set(map(tuple, candidates(films + copies)[0].tolist()))
    assert sum((number, number + 20) in found for number in range(20)) >= 19
