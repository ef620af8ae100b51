"""A shortcut's sentence has value, interval and limit, and never calls a near miss harmless."""

import pytest
from tests.audits import SHORTCUT, build, flaw, read

from osteon.reports.pages.audit.page import build_audit_page
from osteon.reports.pages.audit.shortcut import is_flaw, say_shortcut, say_verdict


def measured(value: float, low: float, high: float, **rest: object) -> dict[str, object]:
    auroc = {"value": value, "low": low, "high": high, "confidence": 0.95}
    return SHORTCUT | {"auroc": auroc} | rest


def test_below_the_limit_is_said_with_everything():
    """0.649 is not "0.65", and what reaches 0.9 alone is named."""
    told = say_shortcut(measured(0.649, 0.57, 0.75))
    assert "AUROC of 0.649 (95 % interval 0.57 to 0.75)" in told
    assert "below the limit of 0.65." in told
    assert "The interval goes beyond the limit: a shortcut is not ruled out." in told
    assert "The strongest single property is file size, with 0.90 alone, above the limit" in told


@pytest.mark.parametrize(
    ("value", "low", "high", "words", "flawed"),
    [
        (0.52, 0.45, 0.59, "below the limit of 0.65.", False),
        (0.65, 0.57, 0.66, "The interval goes beyond the limit", False),
        (0.66, 0.49, 0.8, "above the limit of 0.65, but chance alone could explain it.", False),
        (0.66, 0.51, 0.8, "The label can be guessed without looking at bone", True),
    ],
)
def test_each_case_has_its_words(value, low, high, words, flawed):
    """A flaw is above the limit with an interval above chance; all else is no flaw."""
    shortcut = measured(value, low, high)
    assert words in say_shortcut(shortcut)
    assert is_flaw(shortcut) is flawed
    if not flawed:
        assert words in say_verdict(shortcut)


def test_nothing_measured_says_nothing():
    """Too few films are no number."""
    assert say_shortcut(None) == say_shortcut({"auroc": None}) == ""
    assert "strongest" not in say_shortcut(measured(0.5, 0.4, 0.6, features=[]))


def test_the_page_says_so_beside_the_table():
    """No page calls a measurement harmless that its own table contradicts."""
    text = read(build_audit_page(build([], shortcut=measured(0.649, 0.57, 0.75)))).text
    assert "no flaw here" not in text
    assert "Its AUROC is below the limit of 0.65." in text


def test_a_share_of_groups_is_not_printed_as_one_of_films():
    """261 of 299 films are 87.3 %; 61.2 % are the groups', and say so."""
    side = {
        "n_with_text": 261,
        "n_films": 299,
        "n_groups_with_text": 60,
        "n_groups": 98,
        "share": 60 / 98,
        "low": 0.513,
        "high": 0.703,
    }
    found = flaw(
        "burned-in-text",
        ["a.png"],
        n_with_text=261,
        n_films=299,
        fractured=side,
        not_fractured=side,
        difference=None,
        differs_by_class=False,
        boxes=[[[1, 1, 9, 9]]],
    )
    text = read(build_audit_page(build([found]))).text
    assert "261 of 299 87.3 %" in text
    assert "60 of 98 61.2 % 51.3 to 70.3 %" in text
    assert "groups with them" in text


def test_near_copies_are_counted_in_groups():
    """Not "found 66 times"."""
    text = read(build_audit_page(build([flaw("same-picture", ["a", "b"], links=[])] * 2))).text
    assert "Near-copies" in text
    assert "found: 2 groups, 2 films" in text
