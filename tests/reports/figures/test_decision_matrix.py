"""A release's matrix has three columns, and counts doubt as nothing but doubt."""

import numpy as np
import pytest

from osteon.evaluation.decisions import measure_decisions
from osteon.release import CertifiedThreshold, OperatingPoints
from osteon.reports.figures.decision_matrix import draw_decision_matrix, say_cuts

NONE = {"threshold": None, "lower_bound": None, "n_films": 20, "n_kept": 20, "n_more": 9}


def test_three_columns_show_counts_shares_and_intervals(decisions, tmp_path, drawn, words):
    """Found, in doubt and missed stand in one row; their shares are of the row."""
    draw_decision_matrix(decisions, tmp_path / "a.png", note="films, test films.")
    said = words(drawn[0])
    assert "1 of 8 fractures missed, 1 false alarms on 12 other films" in said
    assert "5 of 20 films left in doubt (25.0 %)" in said
    assert "Doubt from 20.0 %, fracture from 80.0 %." in said
    assert "films, test films." in said
    places = {}
    for text in drawn[0].axes[0].texts:
        places.setdefault(text.get_text(), []).append(text.get_position())
    assert places["5"][0][0] < places["2"][0][0] < places["missed"][0][0]
    assert len(places["in doubt"]) == 2
    assert {"62.5 %", "25.0 %", "12.5 %", "8.3 %", "66.7 %"} <= set(places)
    interval = decisions.fractured[1].interval
    assert f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %" in places
    assert places["false alarms"][0][0] == places["found"][0][0]


def test_films_that_were_not_read_stand_beside_the_matrix(decisions, tmp_path, drawn, words):
    """They are counted for each reference and in no share."""
    draw_decision_matrix(decisions, tmp_path / "a.png")
    aside = [t for t in drawn[0].axes[0].texts if t.get_position()[0] > 3]
    assert [text.get_text() for text in aside if text.get_text().isdigit()] == ["1", "2"]
    assert "in no share" in words(drawn[0])


def test_nothing_leaves_the_page(decisions, tmp_path, drawn):
    """All words lie inside the page and apart from the footnote."""
    draw_decision_matrix(decisions, tmp_path / "a.png", note="A note")
    figure = drawn[0]
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


@pytest.mark.parametrize(
    ("is_cleared", "said"),
    [
        (True, 'Doubt from 20.0 %, no film "fracture".'),
        (False, 'No film is called "no fracture", no film "fracture".'),
    ],
)
def test_a_promise_that_is_missing_is_said(tmp_path, drawn, words, is_cleared, said):
    """A column without films says why, and invents no share."""
    from tests.releases import certify

    lacking = CertifiedThreshold(promise="sensitivity", at_least=0.9, certified_on="test", **NONE)
    points = OperatingPoints(
        high_sensitivity=certify("sensitivity", 0.90, 131, 129, 0.2) if is_cleared else lacking,
        high_specificity=CertifiedThreshold(
            promise="specificity", at_least=0.95, certified_on="test", **NONE
        ),
    )
    told = measure_decisions(
        np.array([0.9, 0.5, 0.4, 0.3]), np.arange(4) < 2, [None] * 4, points=points
    )
    assert say_cuts(told) == said
    draw_decision_matrix(told, tmp_path / "a.png")
    assert "no film was called so" in words(drawn[0])
