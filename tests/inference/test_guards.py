"""Guards: when a film is not read, when it is read with a doubt, and in which words."""

import hashlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont

from osteon.errors import FilmFault, ReleaseFault
from osteon.inference import guard_network
from osteon.inference.guard_network import hash_guard_network, hash_guard_networks, read_fitted
from osteon.inference.guards import (
    GuardMeasures,
    build_guards,
    check_guards,
    judge,
    measure_guards,
)
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.release.guards import Guards
from osteon.terms import Floats, Radiograph

GUARDS = build_guards()
LIMITS = Guards(
    network=hash_guard_network(),
    min_spread=3.0,
    doubt_scope_logit=-2.0,
    max_scope_logit=4.0,
    max_polarity_logit=1.0,
)


def measured(*, scope: float = -9.0, polarity: float = -9.0, spread: float = 60.0) -> GuardMeasures:
    return GuardMeasures(
        network=LIMITS.network, spread=spread, scope_logit=scope, polarity_logit=polarity
    )


def limits(**changes):
    return LIMITS.model_copy(update=changes)


def list_codes(verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


def judge_pixels(pixels: Floats, guards=GUARDS):
    radiograph = Radiograph(pixels=np.asarray(pixels, dtype=np.float32), source="drawn")
    return judge(measure_guards(radiograph), guards)


def draw_page() -> Floats:
    canvas = Image.new("L", (300, 400), 255)
    font = ImageFont.load_default(14)
    for line in range(20):
        ImageDraw.Draw(canvas).text((20, 15 + 18 * line), "the patient was seen", 20, font)
    return np.asarray(canvas, dtype=np.float32) / 255


def test_a_film_within_every_limit_is_read_without_a_word():
    """Nothing is said of a film that is nothing but a film, nor of one at a limit."""
    at = measured(scope=-2.0, polarity=1.0, spread=3.0)
    for seen in (measured(), at):
        verdict = judge(seen, LIMITS)
        assert (verdict.reasons, verdict.is_refused, verdict.is_inverted) == ((), False, False)


@pytest.mark.parametrize("scope", [-1.99, 4.0])
def test_between_the_two_limits_a_film_is_read_and_the_doubt_is_a_reason(scope):
    """What may be no limb is read; whoever reads the answer is told to look at the film."""
    verdict = judge(measured(scope=scope), LIMITS)
    assert not verdict.is_refused
    assert list_codes(verdict) == ["scope-doubtful"]
    assert "may not be a radiograph of a limb" in verdict.reasons[0].text


def test_a_clear_stranger_is_refused():
    """Above the higher limit nothing is read."""
    verdict = judge(measured(scope=4.01), LIMITS)
    assert verdict.is_refused
    assert list_codes(verdict) == ["out-of-scope"]


def test_a_release_without_a_doubt_limit_doubts_nothing():
    """Releases from before there were two limits read as they always did."""
    old = limits(doubt_scope_logit=None)
    assert judge(measured(scope=4.0), old).reasons == ()
    assert judge(measured(scope=4.01), old).is_refused


def test_a_stranger_is_read_where_that_was_asked_for_and_the_reading_says_it():
    """With `on_stranger="read"` the film is answered, and the answer is called meaningless."""
    verdict = judge(measured(scope=99.0), limits(on_stranger="read"))
    assert not verdict.is_refused
    assert list_codes(verdict) == ["out-of-scope"]
    assert "read all the same" in verdict.reasons[0].text


def test_a_blank_picture_and_a_negative_are_refused_where_strangers_are_read():
    """Reading strangers opens no other door."""
    reading = limits(on_stranger="read")
    assert list_codes(judge(measured(spread=2.9, scope=99.0), reading)) == ["blank"]
    assert judge(measured(spread=2.9), reading).is_refused
    assert judge(measured(polarity=1.01), reading).is_refused
    assert judge(measured(polarity=1.01, scope=99.0), reading).is_refused


def test_a_negative_is_called_one_and_the_reason_says_what_to_do():
    """A film with dark bone is not read unless the release corrects negatives."""
    verdict = judge(measured(polarity=1.01), LIMITS)
    assert verdict.is_refused
    assert verdict.is_inverted
    assert "photometric interpretation" in verdict.reasons[0].text
    corrected = judge(measured(polarity=1.01), limits(on_inverted="correct"))
    assert not corrected.is_refused
    assert corrected.is_inverted
    assert "inverted before reading" in corrected.reasons[0].text


@pytest.mark.parametrize("action", ["refuse", "correct"])
def test_what_may_be_a_negative_is_read_as_it_is_and_the_doubt_is_a_reason(action):
    """Between the polarity's limits nothing is inverted, and whoever reads is told to look."""
    doubting = limits(doubt_polarity_logit=-2.0, on_inverted=action)
    for polarity in (-1.99, 1.0):
        verdict = judge(measured(polarity=polarity), doubting)
        assert (verdict.is_refused, verdict.is_inverted) == (False, False)
        assert list_codes(verdict) == ["polarity-doubtful"]
    assert judge(measured(polarity=-2.0), doubting).reasons == ()
    assert list_codes(judge(measured(polarity=1.01), doubting)) == ["inverted"]
    both = judge(measured(scope=0.0, polarity=0.0), doubting)
    assert list_codes(both) == ["scope-doubtful", "polarity-doubtful"]


def test_a_doubtful_stranger_that_is_a_negative_has_both_reasons():
    """One reason does not hide the other."""
    verdict = judge(measured(scope=0.0, polarity=1.01), limits(on_inverted="correct"))
    assert list_codes(verdict) == ["scope-doubtful", "inverted"]


def test_a_stranger_has_no_polarity():
    """What is no film of a limb is refused for that alone, even where negatives are corrected."""
    verdict = judge(measured(scope=99.0, polarity=99.0), limits(on_inverted="correct"))
    assert verdict.is_refused
    assert not verdict.is_inverted
    assert list_codes(verdict) == ["out-of-scope"]


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
def test_a_blank_film_shows_nothing_with_noise_or_without(grey):
    """A film of one grey is blank; with faint noise on it, it is turned away too."""
    noise = np.random.default_rng(1).normal(0, 0.02, (400, 300))
    assert "blank" in judge_pixels(np.full((400, 300), grey)).reasons[0].text
    assert judge_pixels(np.clip(grey + noise, 0, 1)).is_refused


def test_limits_of_another_network_are_refused():
    """A release whose guards were fitted to another network does not pass for ours."""
    for sha256 in hash_guard_networks():
        check_guards(GUARDS.model_copy(update={"network": sha256}))
    with pytest.raises(ReleaseFault, match="guards"):
        check_guards(GUARDS.model_copy(update={"network": "0" * 64}))
    assert GUARDS.network == hash_guard_network()


@pytest.fixture
def tampered(monkeypatch):
    """A package in which one bit of the newest network differs."""

    def read(name: str) -> bytes:
        content = bytearray(read_fitted(name))
        content[-100] ^= name == guard_network.NETWORKS[-1]
        return bytes(content)

    monkeypatch.setattr(guard_network, "read_fitted", read)
    guard_network.hash_guard_networks.cache_clear()
    yield
    guard_network.hash_guard_networks.cache_clear()


@pytest.mark.usefixtures("tampered")
def test_a_tampered_network_is_refused():
    """Its bytes are not those that the limits name: neither read with, nor put into a release."""
    with pytest.raises(ReleaseFault, match="guards"):
        check_guards(GUARDS)
    with pytest.raises(ReleaseFault, match="guards"):
        build_guards()
    for name in guard_network.NETWORKS[:-1]:
        older = hashlib.sha256(read_fitted(name)).hexdigest()
        check_guards(GUARDS.model_copy(update={"network": older}))


def test_brightness_and_contrast_say_nothing():
    """The same film, fainter and lighter, has the same measures but for its spread."""
    film = draw_phantom(3, has_fracture=False).radiograph.pixels
    seen = [
        measure_guards(Radiograph(pixels=pixels.astype(np.float32), source="drawn"))
        for pixels in (film, 0.2 + 0.7 * film)
    ]
    assert seen[0].polarity_logit == pytest.approx(seen[1].polarity_logit, abs=1.5)
    assert seen[1].spread == pytest.approx(0.7 * seen[0].spread, rel=0.02)


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
    assert sum(judge_pixels(film).is_refused for film in films) <= 1
    assert sum(judge_pixels(1 - film).is_inverted for film in films) >= len(films) - 2


@pytest.mark.shared
def test_a_white_frame_is_no_negative(shared: Path):
    """The ankle whose film is white on both sides, beyond the collimated field, is read."""
    ds = pydicom.dcmread(shared / "dicom" / "RG3_UNC.dcm")
    ankle = 1 - ds.pixel_array.astype(np.float32) / ds.pixel_array.max()  # MONOCHROME1
    assert not judge_pixels(ankle).is_refused


@pytest.mark.shared
def test_a_dental_panorama_is_not_read(shared: Path):
    """The one real panorama that there is."""
    ds = pydicom.dcmread(shared / "dicom" / "CR_mono1_modalityLUT.dcm")
    teeth = 1 - ds.pixel_array.astype(np.float32) / ds.pixel_array.max()  # MONOCHROME1
    assert judge_pixels(teeth).is_refused
