"""A release that was built again is held against the shipped one, number by number."""

import pytest

from osteon.release import CertifiedThreshold, Measure, OperatingPoints
from tests.releases import build_card, build_release, certify
from tests.scripts import load_script

agree = load_script("agree")


def measure(value, **facts):
    return Measure(**({"name": "sensitivity", "value": value, "n": 131, "method": "exact"} | facts))


def test_a_release_agrees_with_itself(tmp_path, capsys):
    """The same file twice: exit code 0, and a table with every number."""
    path = str(build_release(tmp_path))
    assert agree.main([path, path]) == 0
    said = capsys.readouterr().out
    assert "| sensitivity | 90.0 % (83.0–94.0), 118 of 131 |" in said
    assert said.rstrip().endswith("5 of 5 agree.")


@pytest.mark.parametrize(("value", "code"), [(0.94, 0), (0.83, 0), (0.82, 1), (0.95, 1)])
def test_a_number_agrees_within_the_shipped_interval(value, code, tmp_path):
    """The shipped one lies between 0.83 and 0.94, both ends included."""
    shipped = build_release(tmp_path)
    told = (measure(value, low=0.5, high=0.99, hits=100), build_card().metrics[1])
    rebuilt = build_release(tmp_path, name="new.osteon", card={"metrics": told})
    assert agree.main([str(shipped), str(rebuilt)]) == code


def test_a_promise_that_fell_differs():
    """What was certified must be certified again."""
    none = {"threshold": None, "lower_bound": None, "n_films": 63, "n_kept": 63, "n_more": 9}
    fallen = CertifiedThreshold(promise="sensitivity", at_least=0.9, certified_on="test", **none)
    points = OperatingPoints(
        high_sensitivity=fallen, high_specificity=certify("specificity", 0.95, 269, 264, 0.8)
    )
    compared = list(agree.compare_cards(build_card(), build_card(operating_points=points)))
    verdicts = {one.name: one.verdict for one in compared}
    assert verdicts["promise: sensitivity at least 0.9"] == "differs"
    assert verdicts["promise: specificity at least 0.95"] == "agrees"


def test_a_number_that_went_away_differs_and_a_new_one_is_shown():
    """Nothing drops out of the table in silence."""
    shipped = build_card(metrics=(measure(0.9, low=0.8, high=0.95, hits=118),))
    rebuilt = build_card(metrics=(measure(0.7, name="ap50", low=0.6, high=0.8),))
    verdicts = {one.name: one.verdict for one in agree.compare_cards(shipped, rebuilt)}
    assert verdicts["sensitivity"] == "differs"
    assert verdicts["ap50"] == "not compared"


def test_what_is_no_release_ends_with_2(tmp_path, capsys):
    """A missing file is the person's to mend."""
    assert agree.main([str(tmp_path / "gone.osteon"), str(tmp_path / "gone.osteon")]) == 2
    assert "a release is needed here" in capsys.readouterr().err
    assert agree.main([]) == 2
