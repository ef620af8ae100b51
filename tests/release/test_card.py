"""The card says what a release is applied with; what it cannot mean, it cannot say."""

import json
import math

import pytest
from pydantic import ValidationError
from tests.releases import build_card, independence

from osteon.evaluation.certification import certify_nothing
from osteon.release import FindingCalibrator, LocalisationSettings, Measure, ReleaseCard


def rule(**changes):
    told = {
        "of_film": 1.0,
        "of_peak": 0.0,
        "intercept": 0.0,
        "fitted_on": "tune",
        "n_findings": 20,
        "n_right": 12,
    }
    return FindingCalibrator(**(told | changes))


def test_a_card_survives_being_written():
    """What is written as JSON comes back equal."""
    card = build_card(
        evidence=LocalisationSettings(method="occlusion", scale=2.0, threshold=0.5, finding=rule())
    )
    assert ReleaseCard.model_validate_json(card.model_dump_json()) == card


def test_a_finding_by_hand():
    """Log-odds of the film 2, of the peak half of ln 0.25, and 0.5: 1.807 gives 0.859."""
    film = 1 / (1 + math.exp(-2.0))
    asked = rule(of_peak=0.5, intercept=0.5)
    assert asked.rate(film, 0.25) == pytest.approx(1 / (1 + math.exp(-1.8068528)), abs=1e-7)


def test_a_finding_is_never_certain():
    """However strong the evidence, a probability stays within (0, 1)."""
    for film in (1e-13, 0.5, 1 - 1e-13):
        for peak in (1e-9, 1.0):
            for of_film in (-40.0, 40.0):
                assert 0 < rule(of_film=of_film, of_peak=40.0).rate(film, peak) < 1


@pytest.mark.parametrize(
    "changes",
    [
        {"positive_class": "no fracture"},
        {"schema_version": 2},
        {"name": ""},
        {"signature": "anything"},
        {"surprise": 1},
    ],
)
def test_a_card_does_not_say_what_it_cannot_mean(changes):
    """Direction, schema and keys are fixed."""
    with pytest.raises(ValidationError, match=next(iter(changes))):
        build_card(**changes)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_measure_is_a_number_or_says_that_it_is_none(value):
    """Nothing infinite enters a card."""
    with pytest.raises(ValidationError):
        Measure(name="auroc", value=value, n=3)
    assert Measure(name="auroc", value=None, n=0).value is None


def test_a_card_says_what_it_is_not():
    """Every card carries the notice; what it is for is its maker's to say, and empty until then."""
    card = build_card()
    assert "Not a medical device" in card.notice
    assert (card.scope, card.statement) == ("", None)


@pytest.mark.parametrize(
    ("looked_for", "is_certified", "told"),
    [(False, True, True), (True, True, False), (False, False, False), (None, True, False)],
)
def test_a_card_knows_whether_it_was_certified_unaudited(looked_for, is_certified, told):
    """A threshold on films that nobody searched says so; what is not recorded says nothing."""
    known = None if looked_for is None else independence(copies_looked_for=looked_for)
    nothing = certify_nothing(
        sensitivity=0.9, specificity=0.95, confidence=0.95, certified_on="test"
    )
    changes = {"independence": known} | ({} if is_certified else {"operating_points": nothing})
    card = ReleaseCard.model_validate_json(build_card(**changes).model_dump_json())
    assert card.is_certified_unaudited is told


def test_a_card_of_an_older_osteon_still_loads():
    """Without the fields of independence, statement and kinds, they are not recorded."""
    told = json.loads(build_card(scope="Single radiographs of the limbs.").model_dump_json())
    for name in ("independence", "statement"):
        del told[name]
    for films in ("tuned_on", "tested_on"):
        del told[films]["kinds"]
    card = ReleaseCard.model_validate_json(json.dumps(told))
    assert (card.independence, card.statement, card.tested_on.kinds) == (None, None, None)
    assert card.scope == "Single radiographs of the limbs."
