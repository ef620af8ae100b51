"""The limits of the guards travel inside a release."""

import pytest
from pydantic import ValidationError

from osteon.release.guards import Guards, SiteScope

KNOWN = {
    "network": "0" * 64,
    "min_spread": 2.0,
    "max_scope_logit": 1.0,
    "max_polarity_logit": 0.0,
}


def test_a_negative_is_refused_unless_the_release_says_otherwise():
    """Nobody gets a corrected film by default."""
    assert Guards(**KNOWN).on_inverted == "refuse"


def test_a_stranger_is_refused_unless_the_release_says_otherwise():
    """A release from before there was a choice refuses what is no limb, and doubts nothing."""
    guards = Guards(**KNOWN)
    assert guards.on_stranger == "refuse"
    assert guards.doubt_scope_logit is None
    assert guards.doubt_polarity_logit is None
    assert guards.site_scope is None


def test_limits_survive_the_release_file():
    """What was written is what is read."""
    site = SiteScope(released=0.5, max_share=0.005, n_films=200, n_refused=1, n_refused_before=9)
    guards = Guards(
        **KNOWN,
        doubt_scope_logit=-1.0,
        doubt_polarity_logit=-0.5,
        on_inverted="correct",
        on_stranger="read",
        site_scope=site,
    )
    assert Guards.model_validate_json(guards.model_dump_json()) == guards


@pytest.mark.parametrize(
    "wrong",
    [
        {"on_inverted": "ignore"},
        {"on_stranger": "ignore"},
        {"doubt_scope_logit": 1.5},
        {"doubt_polarity_logit": 0.5},
        {"doubt_scope_logit": float("inf")},
        {"site_scope": {"released": 1.0, "n_films": 0, "n_refused": 0, "n_refused_before": 0}},
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
