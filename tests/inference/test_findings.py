"""What is shown on a film fits what the film is called, and says so where it does not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.releases import build_card, build_release, certify, draw_spot

from osteon.inference.bundled import find_default_release
from osteon.inference.detector import Detector
from osteon.inference.findings import (
    BEST_PLACE,
    NO_PLACE,
    find_contradictions,
    rate_findings,
    show_places,
)
from osteon.inference.predictor import Answer
from osteon.radiographs.preparation import fit_letterbox
from osteon.release import (
    Calibrator,
    FindingCalibrator,
    FindingRule,
    LocalisationSettings,
    OperatingPoints,
    PictureScale,
    Preparation,
    read_release,
)

HOW = Preparation(rows=96, columns=96)
FILM = fit_letterbox(96, 96, HOW)
COUNTS = {"fitted_on": "tune", "n_findings": 90, "n_right": 60}
SCALE = PictureScale(low=0.25, full=0.8, contradiction=0.35, normals_reaching=0.3, fitted_on="tune")
MAP = LocalisationSettings(
    method="learnt map", scale=1.0, threshold=0.5, cells=96, edge=0.7, picture=SCALE
)
PIECES = LocalisationSettings(method="in the network", scale=1.0, threshold=0.5, picture=SCALE)
RELEASES = (find_default_release(), *(Path(__file__).parents[2] / "releases").glob("*.osteon"))


def draw_map(*hills):
    """Draw bells (x, y, height) on a map of 24 cells a side."""
    y, x = np.mgrid[0:24, 0:24] * 4 + 2.0
    evidence = np.zeros((24, 24), np.float32)
    for left, top, height in hills:
        bell = height * np.exp(-((x - left) ** 2 + (y - top) ** 2) / 200)
        evidence = np.maximum(evidence, bell.astype(np.float32))
    return evidence


def show(evidence, called, chosen=MAP):
    """Return what is shown, and the codes of what is said about it."""
    shown = show_places(evidence, FILM, HOW, settings=chosen, called=called)
    reasons = find_contradictions(evidence, FILM, HOW, settings=chosen, called=called, shown=shown)
    return shown, [reason.code for reason in reasons]


@pytest.mark.parametrize("chosen", [MAP, PIECES])
def test_a_film_called_fracture_shows_its_best_place(chosen):
    """Where no place reaches the threshold the strongest is marked, and said to be only that."""
    shown, codes = show(draw_map((30, 30, 0.44), (70, 70, 0.4)), "fracture", chosen)
    (best,) = shown
    assert best.is_best_place
    assert best.box[0] < 30 < best.box[2]
    assert best.box[2] < 60
    assert best.peak == pytest.approx(0.44, abs=0.03)
    assert codes == [BEST_PLACE.code]


@pytest.mark.parametrize("chosen", [MAP, PIECES])
def test_a_film_called_fracture_without_any_place_says_so(chosen):
    """A map that stays dark, or is alike all over, has no place, and the reading says it."""
    for evidence in (draw_map((30, 30, 0.2)), draw_map(), np.full((24, 24), 0.4, np.float32)):
        assert show(evidence, "fracture", chosen) == ((), [NO_PLACE.code])


def test_findings_need_no_words():
    """Where a place is clear enough it is a finding, and nothing is said beside it."""
    for called in ("fracture", "doubt"):
        shown, codes = show(draw_map((30, 30, 0.6), (70, 70, 0.4)), called)
        assert [place.is_best_place for place in shown] == [False]
        assert codes == []


def test_a_film_in_doubt_shows_no_faint_place():
    """Of such films nine in ten have no fracture: a box on each would teach to overlook boxes."""
    assert show(draw_map((30, 30, 0.44)), "doubt") == ((), [])


def test_a_map_that_contradicts_no_fracture_is_said_to():
    """From what nine of ten fractured films reach on, a cleared film's map disagrees, in words."""
    assert show(draw_map((30, 30, 0.30)), "no fracture") == ((), [])
    evidence = draw_map((30, 30, 0.42))
    assert show(evidence, "no fracture") == ((), ["map-disagrees"])
    (reason,) = find_contradictions(
        evidence, FILM, HOW, settings=MAP, called="no fracture", shown=()
    )
    assert "nine of ten films with a fracture reach 0.35 (30 % of those without one do)" in (
        reason.text
    )


def test_an_old_releases_map_disagrees_where_a_finding_begins():
    """It never said what its fractured films reach."""
    old = MAP.model_copy(update={"picture": None})
    assert show(draw_map((30, 30, 0.42)), "no fracture", old) == ((), [])
    evidence = draw_map((30, 30, 0.6))
    (reason,) = find_contradictions(
        evidence, FILM, HOW, settings=old, called="no fracture", shown=()
    )
    assert "a finding begins at 0.50" in reason.text


weights = st.floats(-50, 50)
rules = st.one_of(
    st.none(),
    st.builds(
        FindingCalibrator, of_film=weights, of_peak=weights, intercept=weights,
        fitted_on=st.just("tune"), n_findings=st.just(9), n_right=st.just(5),
    ),
    st.builds(
        FindingRule, of_peak=st.floats(0, 50), intercept=weights, fitted_on=st.just("tune"),
        n_films=st.just(9), n_findings=st.just(9), n_right=st.just(5),
    ),
)  # fmt: skip
evidence_settings = st.builds(
    LocalisationSettings,
    method=st.sampled_from(["learnt map", "in the network", "occlusion"]),
    scale=st.floats(0.1, 3),
    threshold=st.floats(0.05, 0.9),
    cells=st.sampled_from([16, 64, 160]),
    edge=st.one_of(st.none(), st.floats(0.1, 0.9)),
    grow=st.floats(0.5, 2),
    finding=rules,
    picture=st.one_of(st.none(), st.just(SCALE)),
)


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """A detector whose card each example replaces."""
    with Detector.load(build_release(tmp_path_factory.mktemp("release")), threads=1) as loaded:
        yield loaded


def read(detector, card, *, logit, evidence, size=(70, 90)):
    """Return the reading that a card makes of a network's answer."""
    detector.card = card
    place = fit_letterbox(*size, card.preparation)
    return detector.build_reading(
        Answer(
            source="drawn", logit=logit, evidence=evidence, place=place, reasons=(), instance=None
        )
    )


def check(reading):
    """Make sure that the boxes of a reading say nothing that its film does not."""
    assert all(0 < one.probability <= reading.probability for one in reading.findings)
    if reading.decision == "no fracture":
        assert not reading.findings
    codes = {reason.code for reason in reading.reasons}
    if reading.decision == "fracture":
        assert reading.findings or "no-place" in codes
        assert any(one.is_best_place for one in reading.findings) == ("best-place" in codes)
    else:
        assert not codes & {"no-place", "best-place"}
        assert not any(one.is_best_place for one in reading.findings)


@settings(deadline=None, max_examples=150)
@given(
    logit=st.floats(-60, 60),
    seed=st.integers(0, 10_000),
    height=st.floats(0, 3),
    chosen=evidence_settings,
    slope=st.floats(0.05, 5),
    cuts=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
)
def test_no_finding_is_surer_than_its_film(detector, logit, seed, height, chosen, slope, cuts):
    """Whatever a network answers and however a release was fitted, old and new alike."""
    card = build_card(
        evidence=chosen,
        calibrator=Calibrator(
            method="platt", slope=slope, intercept=-1.0, fitted_on="tune", n_films=9, n_fractured=4
        ),
        operating_points=OperatingPoints(
            high_sensitivity=certify("sensitivity", 0.90, 131, 129, cuts[0]),
            high_specificity=certify("specificity", 0.95, 269, 264, cuts[1]),
        ),
    )
    noise = np.random.default_rng(seed).random((16, 16)).astype(np.float32) ** 3
    check(read(detector, card, logit=logit, evidence=np.float32(height) * noise))


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.name)
def test_releases_that_were_given_away_make_no_box_surer_than_its_film(detector, path):
    """Their rules are read as they are, and held below the film's probability."""
    card = read_release(path).card
    chance = np.random.default_rng(0)
    decisions = set()
    for logit in np.linspace(-8, 8, 60):
        heights = chance.uniform(0, 1.2, 2) * card.evidence.scale
        evidence = draw_map((30, 30, heights[0]), (70, 60, heights[1]))
        reading = read(detector, card, logit=float(logit), evidence=evidence)
        check(reading)
        decisions.add(reading.decision)
    assert decisions >= {"doubt", "fracture"}


def test_findings_come_likeliest_first_and_keep_their_mark():
    """Rating changes neither boxes nor what a place is."""
    rule = FindingRule(of_peak=2.0, intercept=0.0, n_films=9, **COUNTS)
    chosen = MAP.model_copy(update={"finding": rule})
    shown, _ = show(draw_map((30, 30, 0.6), (70, 70, 0.9)), "fracture", chosen)
    rated = rate_findings(shown, 0.7, chosen)
    assert [one.box for one in rated] == [place.box for place in shown]
    assert rated[0].probability > rated[1].probability
    (best,) = rate_findings(show(draw_map((30, 30, 0.4)), "fracture")[0], 0.7, chosen)
    assert best.is_best_place


def test_a_reading_carries_the_limits_it_was_decided_with(detector):
    """Doubt and fracture begin where the release says; what was not read says nothing."""
    detector.card = build_card(
        evidence=LocalisationSettings(method="in the network", scale=0.25, threshold=0.4)
    )
    reading = detector.read(draw_spot())
    assert (reading.doubt_from, reading.fracture_from) == (0.2, 0.8)
    assert reading.colours == (0.2, 0.9)
    refused = detector.read(b"no film")
    assert refused.decision == "not read"
    assert (refused.doubt_from, refused.fracture_from, refused.colours) == (None, None, None)
