"""A picture shows what was read in a film, and leaves the film itself as it is."""

import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.dicoms import draw_values, encode_film

from osteon.errors import UnreadableFilm
from osteon.reports.pictures.overlay import (
    BOX_COLOUR,
    MAX_SIDE,
    MIN_SIDE,
    MIN_WIDTH,
    OverlayOrder,
    _beside,
    colour_evidence,
    colours,
    draw_overlay,
    place_on_colours,
    render_overlay,
    say_limits,
    say_probability,
)
from osteon.sandbox import WorkerPool
from osteon.terms import Finding, Radiograph, Reading


def read(size, *, decision="fracture", findings=(), reasons=(), spot=None):
    """Build a reading whose evidence is a box (x0, y0, x1, y1), or nothing."""
    evidence = None
    if decision != "not read":
        evidence = np.zeros(size, np.float32)
        if spot is not None:
            evidence[spot[1] : spot[3], spot[0] : spot[2]] = 1.0
    return Reading(
        source="film",
        decision=decision,
        probability=None if decision == "not read" else 0.832,
        findings=tuple(findings),
        evidence=evidence,
        reasons=tuple(reasons),
        release="bright 1.0.0",
    )


def film(rows=90, columns=80):
    ramp = np.linspace(0, 1, rows * columns, dtype=np.float32).reshape(rows, columns)
    return Radiograph(pixels=ramp, source="film")


def is_blue(picture):
    return (np.asarray(picture) == BOX_COLOUR).all(axis=2)


@pytest.mark.parametrize("size", [(454, 373), (90, 80), (950, 300)])
def test_where_there_is_no_evidence_the_film_is_shown_as_it_is(size):
    """No pixel has a colour, and the middle of each square that a pixel became keeps its grey."""
    shown = film(*size)
    picture = draw_overlay(shown, read(size, decision="no fracture"))
    times = -(-MIN_SIDE // max(size))
    grey = np.rint(shown.pixels * 255).astype(int)
    left = (picture.width - size[1] * times) // 2
    part = np.asarray(picture)[: size[0] * times, left : left + size[1] * times].astype(int)
    assert (part == part[..., :1]).all()
    assert np.abs(part[times // 2 :: times, times // 2 :: times, 0] - grey).max() <= 2
    assert max(size) * times >= MIN_SIDE
    assert picture.width >= MIN_WIDTH


def test_evidence_is_a_veil_through_which_the_film_is_seen():
    """Where evidence is high there is colour; light and dark are still told apart under it."""
    grey = np.array([[10, 10], [240, 240]], np.uint8)
    evidence = np.array([[0, 255], [0, 255]], np.uint8)
    laid = colour_evidence(grey, evidence).astype(int)
    assert laid[0, 0].tolist() == [10, 10, 10]
    assert laid[1, 0].tolist() == [240, 240, 240]
    assert laid[0, 1, 0] - laid[0, 1, 2] > 40  # yellow on dark
    assert (laid[1, 1] - laid[0, 1]).min() > 100


def test_a_little_evidence_is_seen_and_none_is_not():
    """At a tenth of the scale a dark film has colour; where the colours begin it has none."""
    grey = np.full((1, 3), 20, np.uint8)
    evidence = np.array([[0.30, 0.35, 0.80]], np.float32)
    steps = place_on_colours(evidence, (0.30, 0.80))
    assert steps.tolist() == [[0, 25, 255]]
    laid = colour_evidence(grey, steps).astype(int)
    assert laid[0, 0].tolist() == [20, 20, 20]
    assert np.ptp(laid[0, 1]) >= 20
    assert np.ptp(laid[0, 2]) > 80


def test_the_colours_span_what_the_release_says():
    """The same evidence has more colour where the release's films reach less."""
    size = (300, 250)
    told = read(size, spot=(50, 50, 100, 100))
    shown = film(*size)
    reaching = replace(told, evidence=told.evidence * np.float32(0.5))
    faint, full = (
        np.asarray(draw_overlay(shown, replace(reaching, colours=colours))).astype(int)
        for colours in ((0.4, 1.0), (0.2, 0.5))
    )
    assert np.ptp(full[225, 225]) > np.ptp(faint[225, 225]) + 20


def test_a_small_film_is_enlarged_smoothly():
    """Between two pixels lie values between theirs, not one hard step."""
    pixels = np.zeros((90, 80), np.float32)
    pixels[:, 40:] = 1.0
    picture = np.asarray(
        draw_overlay(
            Radiograph(pixels=pixels, source="film"), read((90, 80), decision="no fracture")
        )
    )
    row = picture[400, :800, 0].astype(int)
    assert row[300] == 0
    assert row[500] == 255
    assert np.abs(np.diff(row)).max() < 64


def test_the_best_place_has_dashes_and_says_what_it_is():
    """It is told from a finding by its outline and by its words."""
    size = (300, 250)
    finding = Finding(box=(50.0, 60.0, 150.0, 200.0), probability=0.7)
    best = replace(finding, is_best_place=True)
    whole, dashed = (
        is_blue(draw_overlay(film(*size), read(size, findings=[one]))) for one in (finding, best)
    )
    side = (slice(200, 600), slice(148, 154))
    assert whole[side].any(axis=1).all()
    assert 0.3 < dashed[side].any(axis=1).mean() < 0.7
    above = (slice(100, 176), slice(140, 700))
    columns = [np.flatnonzero(picture[above].any(axis=0)).max() for picture in (whole, dashed)]
    assert columns[1] > columns[0] + 50


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((None, None), ""),
        ((0.052, 0.337), "Limits: doubt from 5.2 %, fracture from 33.7 %."),
        ((0.2, 0.2), "Limit: fracture from 20.0 %."),
        ((0.0, 0.5), "Limits: fracture from 50.0 %, doubt below it; this release clears no film."),
        (
            (0.1, None),
            "Limits: films from 10.0 % on in doubt; this release calls no film a fracture.",
        ),
        ((0.0, None), "Limits: every film in doubt; this release calls no film a fracture."),
    ],
)
def test_the_limits_stand_below_the_film(limits, words):
    """A person who sees 34.1 % learns from where on it is called a fracture."""
    told = replace(read((90, 80)), doubt_from=limits[0], fracture_from=limits[1])
    assert say_limits(told) == words
    plain, said = (draw_overlay(film(), one).height for one in (read((90, 80)), told))
    assert (said > plain) == bool(words)


def test_a_probability_next_to_a_limit_is_told_from_it():
    """No fracture, 5.2 %, beside doubt from 5.2 % would look like a mistake."""
    told = replace(read((90, 80)), probability=0.05198, doubt_from=0.05205, fracture_from=0.337)
    assert say_limits(told) == "Limits: doubt from 5.21 %, fracture from 33.7 %."
    assert _beside(told.probability, told) == "5.20 %"
    sure = replace(told, probability=0.99996, fracture_from=0.9995)
    assert _beside(sure.probability, sure) == "> 99.9 %"


def test_more_evidence_is_lighter():
    """The colours grow lighter all the way, for those who tell no hues apart."""
    lightness = colours() @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) > 0).all()


def test_a_box_is_drawn_where_the_finding_is():
    """The frame lies on the finding's border, at whatever scale the film is shown."""
    size = (300, 250)
    finding = Finding(box=(50.0, 60.0, 150.0, 200.0), probability=0.7)
    picture = draw_overlay(film(*size), read(size, findings=[finding]))
    blue = is_blue(picture)[: 300 * 3, : 250 * 3]
    rows, columns = np.flatnonzero(blue.any(axis=1)), np.flatnonzero(blue.any(axis=0))
    assert abs(columns[0] - 150) <= 3
    assert abs(columns[-1] - 450) <= 3
    assert abs(rows[-1] - 600) <= 3
    assert blue[300:500, 150:152].all()


def test_a_box_at_the_films_corner_has_its_label_within_the_film():
    """No room above: the words stand below."""
    size = (300, 250)
    findings = [
        Finding(box=(0.0, 0.0, 30.0, 20.0), probability=0.4),
        Finding(box=(0.0, 0.0, 250.0, 300.0), probability=0.9),
        Finding(box=(245.0, 295.0, 250.0, 300.0), probability=0.1),
    ]
    picture = draw_overlay(film(*size), read(size, findings=findings))
    assert is_blue(picture)[:900, :750].sum() > 3000


def test_the_words_below_say_the_decision_and_grow_with_the_reasons():
    """Below the film is a strip of words; more reasons make it higher."""
    size = (200, 160)
    plain = draw_overlay(film(*size), read(size))
    told = draw_overlay(film(*size), read(size, reasons=["The film was inverted. " * 12]))
    refused = draw_overlay(film(*size), read(size, decision="not read", reasons=["Blank."]))
    assert told.height > plain.height + 40
    strip = np.asarray(plain)[1000:]
    assert strip.max() > 230
    assert len(np.unique(strip.reshape(-1, 3), axis=0)) > 100  # the scale of colours
    assert np.array_equal(
        np.asarray(refused)[1000:].std(axis=2).round() > 5,
        np.zeros_like(np.asarray(refused)[1000:, :, 0], dtype=bool),
    )


def test_a_huge_film_is_reduced_and_an_odd_one_is_drawn():
    """A wall of pixels makes a picture that can be opened; a strip and a dot do too."""
    size = (6100, 40)
    picture = draw_overlay(film(*size), read(size, spot=(0, 0, 40, 3000)))
    assert picture.height < MAX_SIDE + 300
    for odd in ((16, 16), (16, 900), (900, 16)):
        assert draw_overlay(film(*odd), read(odd)).width >= MIN_WIDTH


def test_probabilities_are_never_certain():
    """Not even when rounded."""
    assert say_probability(None) == "–"
    assert say_probability(0.9995) == "> 99.9 %"
    assert say_probability(0.0002) == "< 0.1 %"


def test_a_picture_is_made_of_a_file_in_a_child(tmp_path):
    """JPEG or DICOM, decoded where it can do no harm; equal films give equal bytes."""
    path = tmp_path / "film.dcm"
    path.write_bytes(encode_film(draw_values()))
    order = OverlayOrder(path=path, reading=read((40, 32), spot=(4, 4, 12, 12)))
    assert pickle.loads(pickle.dumps(order)).path == path
    with WorkerPool(workers=1) as pool:
        content = pool.call(render_overlay, order)
    assert content == render_overlay(order)
    picture = Image.open(io.BytesIO(content))
    assert picture.mode == "RGB"
    assert not picture.info.get("exif")


def test_a_film_that_was_changed_since_is_not_drawn(tmp_path):
    """Evidence of one film is never laid on another."""
    path = tmp_path / "film.dcm"
    path.write_bytes(encode_film(draw_values()))
    with pytest.raises(UnreadableFilm, match="must be the film that was read"):
        render_overlay(OverlayOrder(path=path, reading=read((41, 32))))


def test_pixels_that_are_not_square_are_shown_square():
    """The film is as high as the limb is, and its box lies where it lay."""
    pixels = np.zeros((300, 450), np.float32)
    pixels[100:200, 150:300] = 0.5
    shown = Radiograph(pixels=pixels, source="film", pixel_aspect=3.0)
    box = (150.0, 100.0, 300.0, 200.0)
    found = read((300, 450), findings=[Finding(box=box, probability=0.8)])
    picture = np.asarray(draw_overlay(shown, found))
    left = (picture.shape[1] - 450) // 2
    blue = np.argwhere(is_blue(picture[:900]))
    assert blue[:, 0].max() == pytest.approx(600, abs=4)
    rows = blue[(blue[:, 1] - left - 225) ** 2 < 100, 0]
    assert rows.min() == pytest.approx(300, abs=4)
    grey = picture[:900, left + 225, 0]
    assert grey[450] == 128
    assert grey[700] == 0
