"""A film is known again after what people do to films before they pass them on."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.films import draw_film, turn_film

from osteon.radiographs.recognition import (
    MAX_DISTANCE,
    count_bits,
    cut_border,
    hash_pixels,
    measure_likenesses,
    measure_look,
)
from osteon.release.films import LOOK_BYTES

FILM = draw_film(1)


def save_again(grey, quality):
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def pad(grey):
    rows, columns = grey.shape
    side = max(rows, columns) + 20
    padded = np.zeros((side, side), np.uint8)
    top, left = (side - rows) // 2, (side - columns) // 2
    padded[top : top + rows, left : left + columns] = grey
    return padded


COPIES = {
    "saved again": lambda grey: save_again(grey, 50),
    "reduced": lambda grey: cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "squeezed": lambda grey: cv2.resize(grey, (224, 224), interpolation=cv2.INTER_AREA),
    "brighter": lambda grey: (grey * 0.7 + 60).astype(np.uint8),
    "mirrored": lambda grey: np.ascontiguousarray(grey[:, ::-1]),
    "turned": lambda grey: np.ascontiguousarray(np.rot90(grey)),
    "a negative": lambda grey: 255 - grey,
    "turned, mirrored, saved again": lambda grey: save_again(np.rot90(grey[::-1], 3).copy(), 75),
    "padded": pad,
}


def nearest(film, copy):
    return int(count_bits(measure_likenesses(copy), measure_look(film)).min())


@pytest.mark.parametrize("name", COPIES)
def test_plain_copies_look_alike(name):
    """Each copy lies within the distance at which copies are known."""
    assert nearest(FILM, COPIES[name](FILM)) <= MAX_DISTANCE


def test_other_films_look_otherwise():
    """No two of forty drawn films, in any turn, lie within that distance."""
    films = [draw_film(seed) for seed in range(40)]
    looks = np.concatenate([measure_look(film) for film in films])
    for place, film in enumerate(films):
        bits = count_bits(measure_likenesses(film), looks).min(axis=0)
        assert bits[place] == 0
        assert np.delete(bits, place).min() > 1.5 * MAX_DISTANCE


def test_what_is_not_known_is_said_to_be_so():
    """A film turned by ten degrees, or cut by a tenth, is not known: no card promises it."""
    assert nearest(FILM, turn_film(FILM, 10)) > MAX_DISTANCE
    assert nearest(FILM, FILM[24:, 20:]) > MAX_DISTANCE


def test_an_empty_film_is_like_no_other():
    """A film that shows next to nothing has no look, so that no two blank films are copies."""
    blank = np.full((90, 70), 12, np.uint8)
    blank[::2] += 1
    assert measure_look(blank).shape == (0, LOOK_BYTES)
    assert measure_likenesses(blank).shape == (0, LOOK_BYTES)


def test_the_look_is_a_constant_of_the_film():
    """A hash that lies in releases must never change: one film's look, byte for byte."""
    grey = np.add.outer(np.arange(120) ** 2 % 251, np.arange(90) * 7 % 199).clip(0, 255)
    look = measure_look(grey.astype(np.uint8))
    known = "028a028a068a068e028a028e068a02aa028a028a560e028efd71fd71fc75038e"
    assert look.tobytes().hex() == known


def test_pixels_are_hashed_with_their_shape():
    """The same greys in other rows are another picture."""
    grey = np.arange(64, dtype=np.uint8)
    assert hash_pixels(grey.reshape(8, 8)) != hash_pixels(grey.reshape(4, 16))
    assert hash_pixels(grey.reshape(8, 8)) == hash_pixels(grey.reshape(8, 8).copy())


def test_a_border_is_cut_and_a_film_without_one_is_not():
    """Lines of one grey at the edges go; a film that is one grey stays whole."""
    assert cut_border(pad(FILM)).shape == FILM.shape
    assert cut_border(FILM).shape == FILM.shape
    assert cut_border(np.zeros((9, 9), np.uint8)).shape == (9, 9)
