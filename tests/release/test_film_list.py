"""A release's list of films is read as it was written, or the release is refused."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from tests.releases import build_release, repack

from osteon.errors import ReleaseDamaged
from osteon.release import FilmList, read_release
from osteon.release.films import HASH_BYTES, LOOK_BYTES, pack_films

FILMS, CARD = "films.npz", "release.json"


def build_films(n_films=5, **changes):
    chance = np.random.default_rng(3)
    looks = chance.integers(1, 256, (n_films, LOOK_BYTES), np.uint8)
    looks[-1] = 0
    films = FilmList(
        roles=np.array([0, 0, 1, 2, 2][:n_films], np.uint8),
        files=chance.integers(0, 256, (n_films, HASH_BYTES), np.uint8),
        pixels=chance.integers(0, 256, (n_films, HASH_BYTES), np.uint8),
        looks=looks,
        look="dct-sign-256",
        max_distance=32,
    )
    return replace(films, **changes)


@pytest.fixture
def release(tmp_path):
    """A release that lists five films."""
    return build_release(tmp_path, films=build_films())


def change(content, *, member=None, card=None):
    """Write a release anew with its list or its card changed, and every hash made to fit."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        held = {entry: file.read(entry) for entry in file.namelist()}
    told = json.loads(held[CARD]) | (card or {})
    if member is not None:
        told["members"] |= {FILMS: hashlib.sha256(member).hexdigest()}
    text = json.dumps(told).encode()
    comment = b"osteon release, card sha256 " + hashlib.sha256(text).hexdigest().encode()
    changes = {CARD: text, "comment": comment} | ({} if member is None else {FILMS: member})
    return repack(content, **changes)


def test_the_list_comes_back_and_the_card_counts_it(release):
    """Every hash is the one that was written, and the card says how many films of each role."""
    read, films = read_release(release), build_films()
    for name in ("roles", "files", "pixels", "looks"):
        np.testing.assert_array_equal(getattr(read.films, name), getattr(films, name))
    listed = read.card.films
    assert (listed.train, listed.tune, listed.test, listed.n_without_look) == (2, 1, 2, 1)
    assert read.films.has_training
    assert FILMS in read.card.members


def test_a_release_of_before_reads(tmp_path):
    """A release without a list, whose card has never heard of one, is read; it lists nothing."""
    content = build_release(tmp_path).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert FILMS not in file.namelist()
        card = json.loads(file.read(CARD))
    for entry in ("films", "learnt"):
        del card[entry]
    text = json.dumps(card).encode()
    comment = b"osteon release, card sha256 " + hashlib.sha256(text).hexdigest().encode()
    old = tmp_path / "old.osteon"
    old.write_bytes(repack(content, **{CARD: text, "comment": comment}))
    read = read_release(old)
    assert (read.films, read.card.films, read.card.learnt) == (None, None, None)


def test_the_release_that_comes_with_osteon_reads():
    """osteon-1 is read, whether this copy of it lists its films or not."""
    from osteon.inference.bundled import find_default_release

    read = read_release(find_default_release())
    assert (read.films is None) == (read.card.films is None)


def test_a_list_that_was_changed_is_refused(release, tmp_path):
    """One bit of one hash is enough, wherever the list's own hash stands as it was."""
    films = build_films()
    films.files[1, 0] ^= 1
    content = repack(release.read_bytes(), **{FILMS: pack_films(films)})
    changed = tmp_path / "changed.osteon"
    changed.write_bytes(content)
    with pytest.raises(ReleaseDamaged, match=r"films\.npz must be the one that its card names"):
        read_release(changed)


@pytest.mark.parametrize(
    ("member", "card"),
    [
        (pack_films(build_films(4)), None),  # one film is missing
        (pack_films(build_films(roles=np.array([1, 1, 1, 2, 2], np.uint8))), None),
        (pack_films(build_films(roles=np.array([0, 0, 1, 2, 7], np.uint8))), None),
        (pack_films(build_films(looks=np.zeros((5, 31), np.uint8))), None),
        (pack_films(build_films(files=np.zeros((5, HASH_BYTES), np.float32))), None),
        (b"no arrays", None),
        (None, {"films": None}),  # a list that the card does not speak of
    ],
)
def test_a_list_that_contradicts_its_card_is_refused(release, tmp_path, member, card):
    """Hashes that fit do not help a list that is another than the card describes."""
    changed = tmp_path / "changed.osteon"
    changed.write_bytes(change(release.read_bytes(), member=member, card=card))
    with pytest.raises(ReleaseDamaged):
        read_release(changed)


def test_a_list_that_was_taken_out_is_missed(release, tmp_path):
    """A release whose card speaks of a list is not read without it: nothing is known silently."""
    taken = tmp_path / "taken.osteon"
    taken.write_bytes(repack(release.read_bytes(), **{FILMS: None}))
    with pytest.raises(ReleaseDamaged, match="where its card says so"):
        read_release(taken)


def test_the_list_is_small(tmp_path):
    """The films of osteon-1, 3,614, take less than 200 kB."""
    chance = np.random.default_rng(1)
    n_films = 3614
    films = FilmList(
        roles=np.sort(chance.integers(0, 3, n_films, np.uint8)),
        files=chance.integers(0, 256, (n_films, HASH_BYTES), np.uint8),
        pixels=chance.integers(0, 256, (n_films, HASH_BYTES), np.uint8),
        looks=chance.integers(0, 256, (n_films, LOOK_BYTES), np.uint8),
        look="dct-sign-256",
        max_distance=32,
    )
    assert len(pack_films(films)) < 200_000
