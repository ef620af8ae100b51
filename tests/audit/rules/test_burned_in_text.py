"""Burned-in text is found where it stands, and told by class without counting copies twice."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.rows import film

from osteon.audit.rules.burned_in_text import find_burned_in_text, find_lettering
from osteon.collection.manifest import Manifest
from osteon.geometry import Box
from osteon.phantoms.phantom import draw_phantom
from osteon.terms import Pixels8

MARK: tuple[Box, ...] = ((1.0, 2.0, 9.0, 12.0),)


def draw_film(seed: int = 0, *, rows: int = 454, columns: int = 373) -> Pixels8:
    phantom = draw_phantom(seed, has_fracture=False, rows=rows, columns=columns)
    return np.rint(phantom.radiograph.pixels * 255).astype(np.uint8)


def without_marker(film: Pixels8) -> Pixels8:
    """Cut the film's first and last quarter off, where the drawn lead letters stand."""
    quarter = len(film) // 4
    return np.ascontiguousarray(film[quarter:-quarter])


def write(film: Pixels8, text: str, *, at: tuple[int, int], size: int, grey: int = 235) -> Pixels8:
    picture = Image.fromarray(film)
    ImageDraw.Draw(picture).text(at, text, fill=grey, font=ImageFont.load_default(size))
    return np.asarray(picture)


def place_of(text: str, *, at: tuple[int, int], size: int) -> Box:
    probe = ImageDraw.Draw(Image.new("L", (1000, 1000)))
    return probe.textbbox(at, text, font=ImageFont.load_default(size))


def overlap(one: Box, other: Box) -> float:
    """Return the share of `other` that `one` covers."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    whole = (other[2] - other[0]) * (other[3] - other[1])
    return max(0.0, width) * max(0.0, height) / whole


@pytest.mark.parametrize(("size", "at"), [(14, (20, 20)), (22, (120, 420)), (36, (240, 30))])
def test_a_burned_in_name_is_found_where_it_stands(size, at):
    """A name written on a film is boxed there, and the box is not much larger than the name."""
    film = write(np.full((480, 400), 25, dtype=np.uint8), "DOE JANE", at=at, size=size)
    box = place_of("DOE JANE", at=at, size=size)
    found = find_lettering(film)
    covered = [overlap(one, box) for one in found]
    assert sum(covered) > 0.7
    assert all(overlap(box, one) > 0.6 for one in found)


def test_a_name_on_a_drawn_limb_is_found_beside_its_side_marker():
    """A phantom's lead letter is one box; a name written on the phantom adds boxes where it is."""
    film = draw_film(9)
    before = find_lettering(film)
    named = write(film, "DOE JANE 1961", at=(15, 425), size=18)
    box = place_of("DOE JANE 1961", at=(15, 425), size=18)
    assert len(before) == 1
    assert any(overlap(one, box) > 0.5 for one in find_lettering(named))


def test_drawn_limbs_without_letters_carry_no_text():
    """Bones, fingers, fractures, plates and screws are no letters."""
    films = [without_marker(draw_film(seed)) for seed in range(30)]
    assert [find_lettering(film) for film in films] == [()] * len(films)


def test_the_lead_letters_of_phantoms_are_found():
    """Of drawn side markers, most are found, and each box is as small as a letter."""
    boxes = [find_lettering(draw_film(seed)) for seed in range(20)]
    assert sum(bool(found) for found in boxes) >= 16
    assert all(x1 - x0 < 60 and y1 - y0 < 60 for found in boxes for x0, y0, x1, y1 in found)


def test_screws_are_not_text():
    """Bright solid shapes on bone and beside it, alone or in a row, are no letters."""
    film = without_marker(draw_film(2)).copy()
    for row in range(40, 200, 30):
        cv2.rectangle(film, (180, row), (205, row + 9), 250, -1)
        cv2.circle(film, (40, row), 6, 250, -1)
    assert find_lettering(film) == ()


def test_dark_words_on_light_ground_are_found():
    """A caption in dark letters under an inverted film is found too."""
    film = write(np.full((300, 300), 225, np.uint8), "PATIENT 17", at=(60, 250), size=18, grey=15)
    box = place_of("PATIENT 17", at=(60, 250), size=18)
    assert any(overlap(one, box) > 0.6 for one in find_lettering(film))


def test_a_large_film_is_boxed_in_its_own_pixels():
    """Text on a film that is reduced for looking at it is boxed in the film's own pixels."""
    film = write(np.full((2000, 1600), 30, dtype=np.uint8), "DOE JANE", at=(900, 1700), size=90)
    box = place_of("DOE JANE", at=(900, 1700), size=90)
    found = find_lettering(film)
    assert found
    assert all(overlap(box, one) > 0.7 for one in found)


@pytest.mark.parametrize("shape", [(16, 16), (16, 5000), (6000, 5000)])
@pytest.mark.parametrize("grey", [0, 255])
def test_films_of_any_size_are_looked_at(shape, grey):
    """The smallest film, a strip and a very large one hold no text where nothing is drawn."""
    assert find_lettering(np.full(shape, grey, dtype=np.uint8)) == ()


def test_noise_does_not_take_long():
    """A film of pure noise, with thousands of pieces, is judged in well under a second."""
    noise = np.random.default_rng(0).integers(0, 256, (640, 640)).astype(np.uint8)
    start = time.perf_counter()
    find_lettering(noise)
    assert time.perf_counter() - start < 1


def collect(*, marked: int, clear: int, has_fracture: bool, group: str | None = None):
    """Return films of one class and their lettering."""
    name = f"{'f' if has_fracture else 'n'}{group or ''}"
    texts = [(f"{name}{i}.png", MARK) for i in range(marked)]
    texts += [(f"{name}-{i}.png", ()) for i in range(clear)]
    films = [film(path, has_fracture=has_fracture, group=group) for path, _ in texts]
    return films, {row.sha256: boxes for row, (_, boxes) in zip(films, texts, strict=True)}


def find(*parts):
    rows = sorted((row for films, _ in parts for row in films), key=lambda row: row.path)
    lettering = {sha: boxes for _, found in parts for sha, boxes in found.items()}
    return list(find_burned_in_text(Manifest(rows=tuple(rows), root=Path("films")), lettering))


def test_text_in_one_class_only_differs_by_class():
    """Text on 20 of 40 fractured films and on none of 40 others is one flaw that says so."""
    (flaw,) = find(
        collect(marked=20, clear=20, has_fracture=True),
        collect(marked=0, clear=40, has_fracture=False),
    )
    evidence = flaw.evidence
    assert (flaw.rule, len(flaw.films), evidence["n_films"]) == ("burned-in-text", 20, 80)
    assert evidence["differs_by_class"]
    assert evidence["fractured"]["share"] == 0.5
    assert evidence["difference"]["value"] == 0.5
    assert evidence["boxes"] == [[[1.0, 2.0, 9.0, 12.0]]] * 20
    assert "learn the marker" in flaw.advice


def test_the_interval_of_the_difference_is_newcombes():
    """56 of 70 against 48 of 80 differ by 0.2, from 0.0524 to 0.3339."""
    (flaw,) = find(
        collect(marked=56, clear=14, has_fracture=True),
        collect(marked=48, clear=32, has_fracture=False),
    )
    # Newcombe, Stat. Med. 17 (1998) 873, table II, contrast (a), method 10.
    ends = [flaw.evidence["difference"][end] for end in ("low", "high")]
    assert ends == pytest.approx([0.0524, 0.3339], abs=5e-5)


def test_text_in_both_classes_alike_does_not_differ():
    """Text on half of either class is still reported, and does not differ by class."""
    (flaw,) = find(
        collect(marked=20, clear=20, has_fracture=True),
        collect(marked=21, clear=19, has_fracture=False),
    )
    assert not flaw.evidence["differs_by_class"]
    assert "cannot be told" in flaw.advice


def test_copies_count_once():
    """Thirty copies of one marked film are one piece of evidence, and show no difference."""
    (flaw,) = find(
        collect(marked=30, clear=0, has_fracture=True, group="copied"),
        collect(marked=0, clear=10, has_fracture=True),
        collect(marked=0, clear=40, has_fracture=False),
    )
    fractured = flaw.evidence["fractured"]
    assert (fractured["n_with_text"], fractured["n_films"]) == (30, 40)
    assert (fractured["n_groups_with_text"], fractured["n_groups"]) == (1, 11)
    assert not flaw.evidence["differs_by_class"]


def test_one_class_has_nothing_to_differ_from():
    """A collection of one class is reported without a difference."""
    (flaw,) = find(collect(marked=3, clear=4, has_fracture=True))
    assert flaw.evidence["difference"] is None
    assert flaw.evidence["not_fractured"]["share"] is None
    assert not flaw.evidence["differs_by_class"]


def test_films_without_text_are_no_flaw():
    """Nothing is reported where no text was found, nor where no film was looked at."""
    assert find(collect(marked=0, clear=5, has_fracture=True)) == []
    assert list(find_burned_in_text(Manifest(rows=(), root=Path("films")), {})) == []
