import numpy as np
import pytest
from tests.releases import independence

from osteon.reports.figures.counts import SplitCount, draw_confusion_matrix, draw_split_distribution
from osteon.statistics.metrics import measure

SPLITS = (
    SplitCount(split="train", n_fractured=400, n_not_fractured=1600, n_groups=1900),
    SplitCount(split="tune", n_fractured=4, n_not_fractured=16, n_groups=20),
    SplitCount(split="test", n_fractured=0, n_not_fractured=0, n_groups=0),
)


def test_confusion_matrix_shows_counts_shares_and_intervals(metrics, tmp_path, drawn, words):
    """All four counts stand in their cells, with shares of their rows that add up to one."""
    draw_confusion_matrix(metrics, tmp_path / "a.png", note="Chosen on: tune split")
    said = words(drawn[0])
    assert "6 of 8 fractures found (75.0 %)\n9 of 12 other films cleared (75.0 %)" in said
    cells = {text.get_text() for text in drawn[0].axes[0].texts}
    assert {"6", "2", "3", "9", "75.0 %", "25.0 %"} <= cells
    interval = metrics.sensitivity.interval
    assert f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %" in cells
    assert f"{100 - 100 * interval.high:.1f} to {100 - 100 * interval.low:.1f} %" in cells
    assert "prevalence of 40.0 %" in said
    assert "Chosen on: tune split" in said


def test_confusion_matrix_puts_misses_where_fractures_are_called_otherwise(
    metrics, tmp_path, drawn
):
    """The miss stands in the row of fractures and the column of films not called."""
    draw_confusion_matrix(metrics, tmp_path / "a.png")
    places = {text.get_text(): text.get_position() for text in drawn[0].axes[0].texts}
    assert places["missed"][0] > places["found"][0]
    assert places["missed"][1] == places["found"][1] < places["cleared"][1]
    assert places["false alarms"][0] == places["found"][0]
    assert places["2"][0] == places["missed"][0]
    assert places["3"][0] == places["false alarms"][0]


def test_confusion_matrix_of_one_class_invents_nothing(tmp_path, drawn, words):
    """Without a fractured film the row has no share, and the title says so."""
    alike = measure(np.array([1.0, -1.0]), np.zeros(2, dtype=bool), [None] * 2, threshold=0)
    draw_confusion_matrix(alike, tmp_path / "a.png")
    said = words(drawn[0])
    assert "No fractured film among these" in said
    assert "ppv not defined" in said


def test_split_bars_start_at_zero_and_are_as_long_as_their_counts(tmp_path, drawn):
    """The axis starts at zero and every bar is as long as its films are many."""
    draw_split_distribution(SPLITS, tmp_path / "a.png")
    (axes,) = drawn[0].axes
    assert axes.get_xlim()[0] == 0
    assert [bar.get_width() for bar in axes.patches] == [400, 1600, 4, 16, 0, 0]
    assert [bar.get_x() for bar in axes.patches] == [0, 400, 0, 4, 0, 0]


def test_split_distribution_says_all_counts(tmp_path, drawn, words):
    """Counts that are too small for their bar are said beside it; an empty split has no share."""
    draw_split_distribution(SPLITS, tmp_path / "a.png")
    said = words(drawn[0])
    assert "2,020 films, 404 with a fracture (20.0 %)" in said
    assert "4 fractured of 20 (20.0 %)\nin 20 groups" in said
    assert "0 fractured of 0 (not defined)" in said


def test_words_beside_the_bars_stay_on_the_page(tmp_path, drawn):
    """The longest bar leaves room for its words."""
    big = [SplitCount(split="train", n_fractured=44_800, n_not_fractured=43_830, n_groups=88_630)]
    draw_split_distribution(big, tmp_path / "a.png")
    figure = drawn[0]
    for text in figure.axes[0].texts:
        assert text.get_window_extent().x1 <= figure.bbox.width


def test_a_collection_without_splits_is_drawn(tmp_path):
    """Nothing to draw is drawn as nothing, without a fault."""
    draw_split_distribution([], tmp_path / "a.png")
    assert (tmp_path / "a.png").is_file()


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (independence(n_without_patient=0), "A group holds one patient's films and all copies"),
        (
            independence(),
            "A group holds all copies of a picture and stays in one split; no patient",
        ),
        (independence(n_without_patient=7), "stays in one split; not every patient is known."),
        (independence(copies_looked_for=False), "Copies were never looked for"),
        (None, "Whether copies were looked for among these films is not recorded."),
    ],
)
def test_a_group_is_said_to_hold_what_it_holds(known, said, tmp_path, drawn, words):
    """The figure's lead claims copies and patients only where both are known."""
    draw_split_distribution(SPLITS, tmp_path / "a.png", known=known)
    told = words(drawn[0])
    assert said in told
    assert ("all copies" in told) is (known is not None and known.copies_looked_for)
