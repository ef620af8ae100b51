"""The card says in words what a release promises, and on how many films that stands."""

import pytest
from tests.releases import build_card, certify, independence

from osteon.evaluation.certification import certify_nothing
from osteon.release import (
    CertifiedThreshold,
    FindingCalibrator,
    FindingRule,
    Measure,
    OperatingPoints,
    PictureScale,
)
from osteon.release.card import Films, Latency, Precision, Site, Statement
from osteon.reports.pages.promises import describe_point
from osteon.reports.pages.release_card import describe_card, describe_films

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
    said = describe_point(certify("sensitivity", 0.90, 131, 129, 0.2), independence())
    assert said.startswith('At least 90 % of fractures are not called "no fracture": certified')
    assert "131 fractured test films" in said
    assert "2 missed" in said
    assert "more than 95.3 %" in said
    said = describe_point(certify("specificity", 0.95, 269, 264, 0.8), independence())
    assert 'films without a fracture are not called "fracture"' in said
    assert "269 test films without a fracture" in said


@pytest.mark.parametrize(
    ("n_films", "n_more", "words"),
    [
        (18, 11, "At least 11 more fractured test films, each of another patient, are needed"),
        (28, 1, "At least 1 more fractured test film, each of another patient, is needed"),
    ],
)
def test_what_cannot_be_promised_is_said_with_what_it_would_take(n_films, n_more, words):
    """No promise is hinted at: missing films are counted, and what so few can prove is named."""
    counts = {"n_films": n_films, "n_kept": n_films, "n_more": n_more}
    point = CertifiedThreshold(
        promise="sensitivity",
        at_least=0.9,
        certified_on="test",
        threshold=None,
        lower_bound=None,
        **counts,
    )
    said = describe_point(point, independence())
    assert f"{words} (there are {n_films})." in said
    share = {18: "--sensitivity 0.84", 28: "--sensitivity 0.89"}[n_films]
    assert share in said
    assert "certified on" not in said
    points = OperatingPoints(
        high_sensitivity=point, high_specificity=certify("specificity", 0.95, 269, 264, 0.8)
    )
    told = read_out(build_card(operating_points=points, independence=independence()))
    assert 'No film is called "no fracture".' in told
    assert 'Everything else is called "doubt".' in told
    assert "It promises nothing" not in told


def test_films_that_nobody_searched_for_copies_certify_nothing_and_the_card_says_why():
    """The reason, the way out and what becomes of films stand there; no film is counted."""
    nothing = certify_nothing(
        sensitivity=0.9, specificity=0.95, confidence=0.95, certified_on="test"
    )
    known = independence(copies_looked_for=False)
    told = read_out(build_card(operating_points=nothing, independence=known))
    assert "not certified, since copies were never looked for" in told
    assert "--unaudited" in told
    assert 'It promises nothing, and so it answers "doubt" to every film.' in told
    assert "certified on" not in told
    assert "Copies were never looked for among these films" in told


def test_a_certificate_without_an_audit_says_so_for_good():
    """With --unaudited the counts stand, and beside them what they are worth."""
    told = read_out(build_card(independence=independence(copies_looked_for=False)))
    assert "certified on 131 fractured test films, one of each group, though copies were" in told
    assert "one of each patient" not in told
    assert told.count("Copies were never looked for") == 2


def test_patients_that_nobody_knows_are_no_patients():
    """Without patients a group is one of copies; with them it is of both; unknown is said."""
    some = independence(n_without_patient=30)
    every = independence(n_without_patient=0)
    point = certify("sensitivity", 0.90, 131, 129, 0.2)
    assert "one of each group of copies (patients are not known)" in describe_point(
        point, independence()
    )
    assert "one of each patient or group of copies, 2 missed" in describe_point(point, every)
    assert "No film says which patient it shows: films of one patient may be on both sides" in (
        read_out(build_card(independence=independence()))
    )
    assert "30 of 400 films do not say which patient" in read_out(build_card(independence=some))
    old = describe_point(point, None)
    assert "one of each patient or group of copies, if copies were looked for" in old
    assert "Whether copies were looked for among these films is not recorded." in read_out(
        build_card()
    )


def test_groups_in_several_splits_are_said_to_be_the_reason():
    """A leak certifies nothing, whatever was audited."""
    nothing = certify_nothing(
        sensitivity=0.9, specificity=0.95, confidence=0.95, certified_on="test"
    )
    told = read_out(build_card(operating_points=nothing, independence=independence(n_leaks=3)))
    assert "since groups of copies or patients are in several splits" in told
    assert "3 groups of copies or patients are in several splits." in told


def test_a_card_of_somebody_s_films_claims_nothing_that_osteon_1_says_of_itself():
    """Empty fields are visible; regions, views and metal come from the films' own manifest."""
    kinds = {
        "body_region": {"spine": 300, "wrist": 90, "not recorded": 10},
        "view": {"not recorded": 400},
    }
    tested = build_card().tested_on.model_copy(update={"kinds": kinds})
    told = read_out(build_card(name="mine", statement=Statement(), tested_on=tested))
    for word in ("limb", "shoulder", "growth plates", "cast"):
        assert word not in told.replace("no radiograph of a limb or hip", ""), word
    assert "Intended use: not stated." in told
    assert "Not tested on: not stated." in told
    assert "Regions: spine 300, wrist 90, not recorded 10." in told
    assert "Not recorded of any film: views." in told
    own = Statement(intended_use="Wrists of adults.", not_tested_on=("children", "casts"))
    told = read_out(build_card(name="mine", statement=own))
    assert "Intended use: Wrists of adults." in told
    assert "Not tested on: children; casts." in told


@pytest.mark.parametrize(("name", "is_claimed"), [("osteon-1", True), ("mine", False)])
def test_what_an_older_osteon_wrote_into_every_card_is_believed_of_osteon_1_alone(name, is_claimed):
    """The limbs, the hip and the shoulder were never what somebody else's films showed."""
    scope = "Single radiographs of the limbs, the hip and the shoulder."
    told = read_out(build_card(name=name, scope=scope))
    assert (f"For: {scope}" in told) is is_claimed
    assert ("For: not stated." in told) is not is_claimed


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
    card = build_card(
        name="osteon-1",
        scope="Not tested on children.",
        members={"model.onnx": "c" * 64},
        notes=("Leaks crossed its splits.",),
    )
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
        "3 others were not read",
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
    assert (
        'Trained on 1 film (1 fractured) in 1 group: test films of the collection "FracAtlas".'
        in told
    )


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
        release="osteon-1 1",
        scope="Single radiographs of the limbs.",
        independence=independence(n_without_patient=0),
    )
    parts = describe_card(build_card(site=site, statement=Statement()))
    assert parts[-1].title == "As released"
    assert "osteon-1, version 1," in parts[-1].sentences[0]
    assert "It was for: Single radiographs of the limbs." in parts[-1].sentences
    assert any("one of each patient or group" in line for line in parts[-1].sentences)
    assert "limbs" not in " ".join(parts[0].sentences)
    assert len(parts[-1].rows) == 2
    assert describe_films("Tested on", FILMS) in parts[-1].sentences


def test_the_card_says_what_becomes_of_strangers():
    """Refused or read all the same, and between which limits a film is doubted."""
    guards = build_card().guards.model_copy(
        update={"doubt_scope_logit": -1.5, "max_scope_logit": 3.0, "doubt_polarity_logit": 0.5}
    )
    said = read_out(build_card(guards=guards))
    assert "What is no radiograph of a limb or hip is refused" in said
    assert "between -1.5 and 3, is read, and the reading says so" in said
    assert "between 0.5 and 1e+06, is read as it is" in said
    lax = guards.model_copy(update={"on_stranger": "read"})
    assert "is read all the same, and the reading says so" in read_out(build_card(guards=lax))
    old = guards.model_copy(update={"doubt_scope_logit": None, "doubt_polarity_logit": None})
    assert "that may be" not in read_out(build_card(guards=old))
