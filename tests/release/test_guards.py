"""The limits of the guards travel inside a release."""

import pytest
from pydantic import ValidationError

from osteon.release.guards import Guards

KNOWN = {
    "network": "0" * 64,
    "min_spread": 2.0,
    "max_scope_logit": 1.0,
    "max_polarity_logit": 0.0,
}


def test_a_negative_is_refused_unless_the_release_says_otherwise():
    """Nobody gets a corrected film by default."""
    assert Guards(**KNOWN).on_inverted == "refuse"


def test_limits_survive_the_release_file():
    """What was written is what is read."""
    guards = Guards(**KNOWN, on_inverted="correct")
    assert Guards.model_validate_json(guards.model_dump_json()) == guards


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_inverted": "ignore"},
        {"network": "abc"},
        {"max_scope_logit": float("nan")},
        {"min_spread": -1.0},
        {"threshold": 0.5},
    ],
)
def test_limits_that_mean_nothing_are_refused(wrong):
    """A limit that is no number, an unknown key or action: none is passed over."""
    with pytest.raises(ValidationError):
        Guards(**(KNOWN | wrong))
