"""A film is the same film in whichever legal way it was written."""

from dataclasses import replace
from functools import cache
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dicom_ways import BORDER, LOSSY, Way, write_film
from tests.dicoms import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    JPEG_2000_LOSSY,
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    JPEG_LS,
    JPEG_LS_NEAR,
    RLE,
)

from osteon.radiographs.dicom import decode_dicom
from osteon.radiographs.preparation import fit_pixels
from osteon.release import Preparation
from osteon.terms import Pixels8, Radiograph

HOW = Preparation(rows=40, columns=32)
ROWS, COLUMNS = 96, 70

NATIVE_WAYS = (EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED)
LOSSLESS = (RLE, JPEG_LS, JPEG_2000, JPEG_LOSSLESS)
SYNTAXES = (*NATIVE_WAYS, *LOSSLESS, JPEG_BASELINE, JPEG_LS_NEAR, JPEG_2000_LOSSY)


@cache
def draw_greys(seed: int) -> np.ndarray:
    """Draw a bone with a dark line across it, in soft tissue; neither black nor white."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:ROWS, :COLUMNS] / np.array([ROWS, COLUMNS]).reshape(2, 1, 1)
    middle, width, tilt = rng.uniform(0.35, 0.65), rng.uniform(0.12, 0.3), rng.uniform(-0.3, 0.3)
    bone = np.exp(-(((x - middle - tilt * (y - 0.5)) / width) ** 4))
    line = 1 - 0.5 * np.exp(-(((y - rng.uniform(0.3, 0.7)) / 0.05) ** 2))
    tissue = 0.3 * np.exp(-(((x - 0.5) / 0.45) ** 6))
    return np.clip(0.08 + tissue + 0.5 * bone * line, 0.06, 0.9)


def prepare_film(data: bytes) -> Pixels8:
    return fit_pixels(decode_dicom(data, source="film").radiograph, HOW)


def expected(seed: int, way: Way) -> Pixels8:
    """Return the drawn film, prepared, without any file."""
    greys = draw_greys(seed)
    if way.aspect != "square":  # as it is without the rows that were left out
        film = Radiograph(
            pixels=np.pad(greys[::2], BORDER).astype(np.float32), source="", pixel_aspect=2.0
        )
        return fit_pixels(film, HOW)
    return fit_pixels(Radiograph(pixels=np.pad(greys, BORDER).astype(np.float32), source=""), HOW)


ways = st.builds(
    Way,
    syntax=st.sampled_from(SYNTAXES),
    bits=st.sampled_from([8, 10, 12, 14, 16]),
    allocated=st.sampled_from([8, 16]),
    is_signed=st.booleans(),
    is_inverse=st.booleans(),
    shape=st.booleans(),
    modality=st.sampled_from(["none", "rescale", "negative", "table"]),
    voi=st.sampled_from(["linear", "exact", "table 16", "table 12", "table 8", "packed"]),
    padding=st.sampled_from(["none", "value", "range"]),
    cell=st.sampled_from(["low", "high", "overlay", "overlay below"]),
    aspect=st.sampled_from(["square", "ratio", "spacing", "imager"]),
).filter(lambda way: way.is_legal)

PLAIN = Way(syntax=EXPLICIT)
EIGHT = replace(PLAIN, bits=8, allocated=8)
NAMED = [
    way
    for way in chain(
        (replace(PLAIN, syntax=syntax) for syntax in SYNTAXES),
        (replace(EIGHT, syntax=syntax) for syntax in SYNTAXES),
        (replace(PLAIN, syntax=syntax, is_signed=True) for syntax in SYNTAXES),
        (replace(PLAIN, syntax=syntax, is_inverse=True, shape=True) for syntax in SYNTAXES),
        (replace(PLAIN, bits=bits) for bits in (10, 14, 16)),
        (replace(PLAIN, modality=way) for way in ("rescale", "negative", "table")),
        (
            replace(PLAIN, voi=voi, is_signed=is_signed)
            for voi in ("exact", "table 16", "table 12", "table 8", "packed")
            for is_signed in (False, True)
        ),
        (
            replace(PLAIN, padding=padding, is_signed=is_signed)
            for padding in ("value", "range")
            for is_signed in (False, True)
        ),
        (
            replace(PLAIN, cell=cell, syntax=syntax)
            for cell in ("high", "overlay", "overlay below")
            for syntax in (EXPLICIT, BIG_ENDIAN, RLE)
        ),
        (replace(PLAIN, aspect=aspect) for aspect in ("ratio", "spacing", "imager")),
    )
    if way.is_legal
]


def check(way: Way, seed: int) -> None:
    film = decode_dicom(write_film(draw_greys(seed), way), source="film").radiograph
    assert film.notes == ()
    difference = fit_pixels(film, HOW).astype(int) - expected(seed, way)
    assert np.abs(difference).max() <= 2
    if way.syntax not in LOSSY and way.bits > 10 and way.voi in {"linear", "exact", "table 16"}:
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("way", NAMED, ids=str)
def test_a_film_is_the_same_in_every_legal_way(way: Way):
    """One choice at a time: syntax, depth, sign, polarity, LUT, padding, cell, pixel's shape."""
    check(way, seed=1)


def test_there_are_many_ways():
    """No fewer than forty, each of them another."""
    assert len(set(NAMED)) >= 40


@settings(max_examples=150)
@given(way=ways, seed=st.integers(0, 7))
def test_any_film_is_the_same_in_any_legal_way(way: Way, seed: int):
    """All choices at once, on other films; nothing in a legal file is remarked on."""
    check(way, seed)
