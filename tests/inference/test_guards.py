"""Guards: when a film is not read, and in which words."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont

from osteon.errors import FilmFault, ReleaseFault
from osteon.inference.guard_network import hash_guard_network
from osteon.inference.guards import (
    GuardMeasures,
    build_guards,
    check_guards,
    judge,
    measure_guards,
)
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.terms import Floats, Radiograph

GUARDS = build_guards()
CORRECTING = build_guards("correct")


def judge_pixels(pixels: Floats, limits=GUARDS):
    radiograph = Radiograph(pixels=np.asarray(pixels, dtype=np.float32), source="drawn")
    return judge(measure_guards(radiograph), limits)


def draw_film(seed: int) -> Floats:
    return draw_phantom(seed, has_fracture=seed % 2 == 0).radiograph.pixels


def draw_page() -> Floats:
    canvas = Image.new("L", (300, 400), 255)
    font = ImageFont.load_default(14)
    for line in range(20):
        ImageDraw.Draw(canvas).text((20, 15 + 18 * line), "the patient was seen", 20, font)
    return np.asarray(canvas, dtype=np.float32) / 255


def test_drawn_films_are_read():
    """The demo's films, whatever their limb and pose, are limbs of the right polarity."""
    verdicts = [judge_pixels(draw_film(seed)) for seed in range(500_000, 500_024)]
    assert sum(verdict.is_refused for verdict in verdicts) <= 1


def test_a_negative_is_called_one():
    """A drawn film with dark bone is not read, and the reason says what to do."""
    verdicts = [judge_pixels(1 - draw_film(seed)) for seed in range(500_000, 500_024)]
    assert sum(verdict.is_inverted and verdict.is_refused for verdict in verdicts) >= 23
    found = next(verdict for verdict in verdicts if verdict.is_inverted)
    assert "negative" in found.reasons[0].text
    assert "photometric interpretation" in found.reasons[0].text


def test_a_negative_is_read_and_reported_where_the_release_says_so():
    """Where negatives are corrected the film is not refused, and the reading still says it."""
    verdict = judge_pixels(1 - draw_film(500_001), CORRECTING)
    assert not verdict.is_refused
    assert verdict.is_inverted
    assert "inverted before reading" in verdict.reasons[0].text


@pytest.mark.parametrize(
    "pixels",
    [
        np.random.default_rng(0).random((300, 250)),
        draw_page(),
        1 - draw_page(),
        np.indices((256, 256)).sum(0) // 32 % 2,
    ],
    ids=["noise", "page", "white on black", "checks"],
)
def test_what_is_no_film_of_a_limb_is_not_read(pixels):
    """Noise, print and patterns are out of scope, and nothing is said of their polarity."""
    verdict = judge_pixels(pixels)
    assert verdict.is_refused
    assert not verdict.is_inverted
    assert "limb or hip" in verdict.reasons[0].text


@pytest.mark.parametrize("grey", [0.0, 0.4, 1.0])
def test_a_blank_film_is_called_blank(grey):
    """A film of one grey shows nothing, with noise or without."""
    noise = np.random.default_rng(1).normal(0, 0.02, (400, 300))
    for pixels in (np.full((400, 300), grey), np.clip(grey + noise, 0, 1)):
        assert "blank" in judge_pixels(pixels).reasons[0].text


def test_a_limit_is_passed_only_from_above():
    """A film at a limit is read; one above it is not."""
    at = GuardMeasures(
        spread=GUARDS.min_spread,
        scope_logit=GUARDS.max_scope_logit,
        polarity_logit=GUARDS.max_polarity_logit,
    )
    assert judge(at, GUARDS).reasons == ()


def test_a_stranger_has_no_polarity():
    """What is no film of a limb is refused for that alone, even where negatives are corrected."""
    stranger = GuardMeasures(spread=60.0, scope_logit=99.0, polarity_logit=99.0)
    verdict = judge(stranger, CORRECTING)
    assert verdict.is_refused
    assert not verdict.is_inverted


def test_limits_of_another_network_are_refused():
    """A release whose guards were fitted to another network does not pass for ours."""
    check_guards(GUARDS)
    with pytest.raises(ReleaseFault, match="guards"):
        check_guards(GUARDS.model_copy(update={"network": "0" * 64}))
    assert GUARDS.network == hash_guard_network()


def test_brightness_and_contrast_say_nothing():
    """The same film, fainter and lighter, has the same measures but for its spread."""
    film = draw_film(3)
    measured = [
        measure_guards(Radiograph(pixels=pixels.astype(np.float32), source="drawn"))
        for pixels in (film, 0.2 + 0.7 * film)
    ]
    assert measured[0].polarity_logit == pytest.approx(measured[1].polarity_logit, abs=0.5)
    assert measured[1].spread == pytest.approx(0.7 * measured[0].spread, rel=0.02)


@pytest.mark.shared
def test_real_films_pass_and_their_negatives_do_not(shared: Path):
    """Forty films of FracAtlas, evenly drawn: nearly all of them are limbs, bright bone on dark."""
    paths = sorted((shared / "fracatlas" / "images").rglob("*.jpg"))[::90]
    films = []
    for path in paths:
        try:
            films.append(read_film(path).pixels)
        except FilmFault:  # cut short: another test's matter
            continue
    assert sum(judge_pixels(film).is_refused for film in films) <= 2
    assert sum(judge_pixels(1 - film).is_inverted for film in films) >= len(films) - 2


@pytest.mark.shared
def test_a_white_frame_is_no_negative(shared: Path):
    """The ankle whose film is white on both sides, beyond the collimated field, is read."""
    ds = pydicom.dcmread(shared / "dicom" / "RG3_UNC.dcm")
    ankle = 1 - ds.pixel_array.astype(np.float32) / ds.pixel_array.max()  # MONOCHROME1
    assert judge_pixels(ankle).reasons == ()


@pytest.mark.shared
def test_a_dental_panorama_is_not_read(shared: Path):
    """The one real panorama that there is."""
    ds = pydicom.dcmread(shared / "dicom" / "CR_mono1_modalityLUT.dcm")
    teeth = 1 - ds.pixel_array.astype(np.float32) / ds.pixel_array.max()  # MONOCHROME1
    assert judge_pixels(teeth).is_refused
