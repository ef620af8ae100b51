"""All models in one figure each, told apart by colour, dash and name."""

from itertools import pairwise

import numpy as np

from osteon.release import Measure
from osteon.reports.figures.benchmark import Line, draw_reliabilities, draw_roc_curves
from osteon.statistics.calibration_error import measure_calibration
from osteon.statistics.roc import roc_points

TRUTHS = np.arange(40) % 2 == 0


def build_line(name, *, area=0.8, is_reference=False):
    logits = np.where(TRUTHS, 1.0, -1.0) + np.sin(np.arange(40) * (1 + len(name)))
    groups = [None] * 40
    return Line(
        name=name,
        roc=roc_points(logits, TRUTHS, groups=groups if is_reference else None),
        auroc=Measure(name="auroc", value=area, low=area - 0.1, high=area + 0.1, n=400),
        reliability=measure_calibration(1 / (1 + np.exp(-logits)), TRUTHS, groups, resamples=50),
        is_reference=is_reference,
    )


def test_every_model_has_a_line_of_its_own(tmp_path, drawn):
    """Ten models are told apart: no two share colour and dash, and all are named."""
    lines = [build_line(f"model {n}", area=0.5 + n / 40) for n in range(10)]
    draw_roc_curves(lines, tmp_path / "roc.png", lead="films")
    (axes,) = drawn[0].axes
    curves = [line for line in axes.lines if not line.get_label().startswith("_")]
    assert len({(line.get_color(), str(line.get_linestyle())) for line in curves}) == 10
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named[0] == "model 9\n0.725 (0.625 to 0.825)"
    assert len(named) == 10


def test_the_best_is_named_and_the_reference_has_a_band(tmp_path, drawn, words):
    """The title says what was found."""
    lines = [build_line("a", area=0.9), build_line("b", area=0.7, is_reference=True)]
    draw_roc_curves(lines, tmp_path / "roc.png")
    assert "The highest AUROC is that of a: 0.900 (0.800 to 1.000)" in words(drawn[0])
    assert len(drawn[0].axes[0].collections) == 1


def test_no_model_wins_by_small_errors_alone(tmp_path, drawn, words):
    """The title sets each error beside the area: a network that guesses has small errors too."""
    lines = [build_line("a", area=0.9), build_line("b", area=0.47)]
    draw_reliabilities(lines, tmp_path / "r.png")
    said = words(drawn[0])
    errors = [line.reliability.ece_corrected.value for line in lines]
    assert f"Bias-corrected ECE: a {errors[0]:.3f} (AUROC 0.900), b {errors[1]:.3f}" in said
    assert "smallest" not in said
    title = drawn[0].axes[0].get_title(loc="left").splitlines()
    assert title[1:3] == ["AUROC 0.900 (0.800 to 1.000)", "ECE, bias-corrected:"]
    assert title[3].startswith(f"{errors[0]:.3f} (")


def test_words_above_a_panel_end_before_the_next(tmp_path, drawn):
    """Four panels side by side are all headed legibly."""
    draw_reliabilities(
        [build_line(name, is_reference=True) for name in ("osteon-1", "seed", "demo", "mobile")],
        tmp_path / "r.png",
    )
    titles = [axes._left_title.get_window_extent() for axes in drawn[0].axes]
    assert all(one.x1 < other.x0 for one, other in pairwise(titles))
    assert titles[-1].x1 <= drawn[0].bbox.width


def test_every_model_has_a_panel(tmp_path, drawn):
    """Five models fill a row of four and one below; the empty places stay white."""
    draw_reliabilities([build_line("m" * (n + 1)) for n in range(5)], tmp_path / "r.png")
    shown = [axes for axes in drawn[0].axes if axes.axison]
    assert len(shown) == 5
    assert [axes.get_title(loc="left").splitlines()[0] for axes in shown] == [
        "m" * (n + 1) for n in range(5)
    ]
