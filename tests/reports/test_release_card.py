"""The card says in words what a release promises, and on how many films that stands."""

import pytest
from tests.releases import build_card, certify

from osteon.release import (
    CertifiedPoint,
    FindingCalibrator,
    FindingRule,
    Measure,
    OperatingPoints,
    PictureScale,
)
from osteon.release.card import Films, Latency, Precision, Site
from osteon.reports.release_card import describe_card, describe_films, describe_point

FILMS = Films(
    split="test",
    collection="FracAtlas",
    manifest_sha256="ab" * 32,
    n_films=1,
    n_fractured=1,
    n_groups=1,
)


def read_out(card):
    """Return everything that the card says, a line each."""
    parts = describe_card(card)
    told = [line for part in parts for line in (part.title, *part.sentences)]
    return "\n".join(told + [" ".join(row) for part in parts for row in part.rows])


def test_a_promise_comes_with_its_counts():
    """How many films, how many were missed, and the bound that this proves."""
    said = describe_point(certify("sensitivity", 0.90, 131, 129, 0.2))
    assert said.startswith('At least 90 % of fractures are not called "no fracture": certified')
    assert "131 fractured films of test" in said
    assert "2 missed" in said
    assert "more than 95.3 %" in said
    said = describe_point(certify("specificity", 0.95, 269, 264, 0.8))
    assert 'films without a fracture are not called "fracture"' in said
    assert "269 films without a fracture of test" in said


@pytest.mark.parametrize(
    ("n_more", "words"), [(40, "40 fractured films more"), (1, "1 fractured film more")]
)
def test_what_cannot_be_promised_is_said_with_what_it_would_take(n_more, words):
    """No promise is hinted at: the films that are missing are counted."""
    none = {"threshold": None, "lower_bound": None, "n_films": 63, "n_kept": 63, "n_more": n_more}
    point = CertifiedPoint(promise="sensitivity", at_least=0.9, certified_on="test", **none)
    said = describe_point(point)
    assert "this cannot be promised" in said
    assert words in said
    assert "certified on" not in said
    points = OperatingPoints(
        high_sensitivity=point, high_specificity=certify("specificity", 0.95, 269, 264, 0.8)
    )
    told = read_out(build_card(operating_points=points))
    assert 'No film is called "no fracture".' in told
    assert 'Everything else is called "doubt".' in told


def test_thresholds_that_cross_leave_no_doubt():
    """Where one cut remains, no doubt is spoken of."""
    points = OperatingPoints(
        high_sensitivity=certify("sensitivity", 0.90, 131, 129, 0.6),
        high_specificity=certify("specificity", 0.95, 269, 264, 0.4),
    )
    told = read_out(build_card(operating_points=points))
    assert "below 0.5" in told
    assert '"doubt"' not in told


def test_the_card_says_what_it_is_not_and_where_it_comes_from():
    """Notice, scope, phantoms, hashes, licence and numbers with denominators."""
    card = build_card(members={"model.onnx": "c" * 64}, notes=("Leaks crossed its splits.",))
    told = read_out(card)
    for part in (
        "Not a medical device",
        "children",
        "drawn films: it says nothing about patients",
        "Leaks crossed its splits.",
        "sensitivity 90.0 % 83.0 % to 94.0 % 118 of 131",
        "auroc 0.910 0.880 to 0.940 400",
        "c" * 64,
        "CC BY 4.0",
        "Not signed",
        "3 more were not read",
    ):
        assert part in told, part


def test_what_is_not_defined_is_said_so():
    """A number without a denominator is no number."""
    told = read_out(build_card(metrics=(Measure(name="ppv", value=None, hits=0, n=0),)))
    assert "ppv not defined  0 of 0" in told


def test_a_smaller_network_says_what_it_cost():
    """Size, time and the AUROC that was lost stand beside those of the full one."""
    fast = Latency(one_film_ms=9.0, machine="a laptop", threads=1)
    small = Precision(
        name="int8",
        n_bytes=2_400_000,
        latency=fast,
        full_bytes=9_100_000,
        full_latency=fast.model_copy(update={"one_film_ms": 20.0}),
        auroc_lost=0.0012,
    )
    rule = FindingCalibrator(
        of_film=1, of_peak=1, intercept=0, fitted_on="tune", n_findings=1200, n_right=700
    )
    evidence = build_card().evidence.model_copy(update={"finding": rule})
    told = read_out(build_card(precision=small, evidence=evidence, trained_on=FILMS))
    assert "int8, 2.4 MB, 9.0 ms for a film on 1 thread of a laptop" in told
    assert "fp32 with 9.1 MB, 20.0 ms" in told
    assert "for 0.0012 of AUROC" in told
    assert "1,200 places, 700 of them fractures" in told
    assert "Trained on 1 film (1 fractured) in 1 group of FracAtlas, test." in told


def test_the_card_says_how_findings_and_colours_were_fitted():
    """On how many films the rule stands, and from where a map contradicts its film."""
    rule = FindingRule(
        of_peak=1.9, intercept=-0.1, fitted_on="tune", n_films=97, n_findings=104, n_right=68
    )
    picture = PictureScale(
        low=0.27, full=0.8, contradiction=0.35, normals_reaching=0.318, fitted_on="tune"
    )
    evidence = build_card().evidence.model_copy(update={"finding": rule, "picture": picture})
    told = read_out(build_card(evidence=evidence))
    assert "never above their film's, fitted on 104 places of 97 fractured films, 68 of" in told
    assert "coloured from 0.27, which half of the films without a fracture stay below" in told
    assert "from 0.35 on, which nine of ten films with a fracture reach and 32 % of those" in told


def test_a_site_keeps_both_calibrations_in_sight():
    """What it was as released stands below what it is now."""
    card = build_card()
    site = Site(
        calibrator=card.calibrator,
        operating_points=card.operating_points,
        tested_on=FILMS,
        metrics=card.metrics,
    )
    parts = describe_card(build_card(site=site))
    assert parts[-1].title == "As released"
    assert len(parts[-1].rows) == 2
    assert describe_films("Tested on", FILMS) in parts[-1].sentences
