import numpy as np
import pytest
from matplotlib.colors import to_hex

from osteon.reports.figures.calibration import draw_reliability
from osteon.reports.figures.canvas import BLUE, VERMILION
from osteon.statistics.calibration_error import measure_calibration


@pytest.fixture
def reliability():
    """Forty films given 0.1 of which 4 are fractured, and forty given 0.9 of which 20 are."""
    truths = np.r_[np.arange(40) < 4, np.arange(40) < 20]
    return measure_calibration(np.repeat([0.1, 0.9], 40), truths, [None] * 80, n_bins=5)


def test_each_range_is_drawn_where_it_came_true_with_its_interval(reliability, tmp_path, drawn):
    """Dots lie at mean probability and share of fractures; bars are the intervals."""
    draw_reliability(reliability, tmp_path / "a.png")
    lines = [
        (pytest.approx(list(line.get_xdata())), list(line.get_ydata()))
        for line in drawn[0].axes[0].lines
    ]
    for held, mean, share in ((reliability.bins[0], 0.1, 0.1), (reliability.bins[4], 0.9, 0.5)):
        assert ([mean], [share]) in lines
        assert ([mean, mean], [held.interval.low, held.interval.high]) in lines
    assert ([0, 1], [0, 1]) in lines


def test_ranges_that_miss_the_line_stand_out(reliability, tmp_path, drawn, words):
    """A range whose interval leaves out what was given is orange, and counted in words."""
    draw_reliability(reliability, tmp_path / "a.png")
    dots = [line for line in drawn[0].axes[0].lines if len(line.get_xdata()) == 1]
    assert [to_hex(dot.get_markerfacecolor()).upper() for dot in dots] == [BLUE, VERMILION]
    assert "Orange: 1 of 2" in words(drawn[0]).replace("\n", " ")


def test_films_are_counted_below(reliability, tmp_path, drawn):
    """The lower panel has a bar for each range with films, from zero."""
    draw_reliability(reliability, tmp_path / "a.png")
    below = drawn[0].axes[1]
    assert [bar.get_height() for bar in below.patches] == [40, 40]
    assert [bar.get_x() for bar in below.patches] == pytest.approx([0, 0.8])
    assert below.get_ylim()[0] == 0


def test_the_numbers_are_said(reliability, tmp_path, drawn, words):
    """Title and lead have the error with its interval, Brier, ECE, films and the footnote."""
    draw_reliability(reliability, tmp_path / "a.png", note="Drawn phantoms, not patients")
    said = words(drawn[0]).replace("\n", " ")
    assert "percentage points off on average" in said
    assert (
        "80 films, each a group of its own; 24 fractured (30.0 %), mean probability 50.0 %" in said
    )
    assert f"Brier score {reliability.brier.value:.3f} (" in said
    assert "with the prevalence for every film 0.210" in said
    assert "ECE 0.200 (" in said
    assert "Drawn phantoms, not patients" in said


def test_a_good_network_is_not_said_to_be_off(tmp_path, drawn, words):
    """Where chance alone explains the error the title says so, with its upper end."""
    truths = np.r_[np.arange(40) < 4, np.arange(40) < 36]
    held = measure_calibration(np.repeat([0.1, 0.9], 40), truths, [None] * 80)
    draw_reliability(held, tmp_path / "a.png")
    assert "no more than chance" in words(drawn[0]).replace("\n", " ")


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_any_films_are_drawn(tmp_path, n):
    """No film, or one, is drawn as what it is."""
    held = measure_calibration(np.full(n, 0.4), np.ones(n, bool), [None] * n)
    draw_reliability(held, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000
