import dataclasses
import math

import pytest

from osteon.reports.figures.curves import draw_roc_curve, draw_training_curves


def test_training_curves_have_honest_axes(history, tmp_path, drawn):
    """AUROC is drawn from 0 to 1, loss from 0 to above its largest value, every epoch inside."""
    draw_training_curves(history, tmp_path / "a.png")
    area, loss = drawn[0].axes
    assert area.get_ylim() == (0, 1)
    assert loss.get_ylim()[0] == 0
    assert loss.get_ylim()[1] > 0.7
    assert area.get_xlim() == (0.5, 6.5)


def test_training_curves_draw_what_was_measured(history, tmp_path, drawn):
    """The drawn tune losses are the history's own."""
    draw_training_curves(history, tmp_path / "a.png")
    lines = [list(line.get_ydata()) for line in drawn[0].axes[1].lines]
    assert [row.tune_loss for row in history] in lines
    assert [row.train_loss for row in history] in lines


def test_training_curves_say_what_they_show(history, tmp_path, drawn, words):
    """The title has the peak, the lead the parting of ways, and the note stands below."""
    draw_training_curves(history, tmp_path / "a.png", note="Drawn phantoms, not patients")
    said = words(drawn[0])
    assert "Tune AUROC peaked at 0.640 in epoch 3 of 6" in said
    assert "Overfitting from epoch 4 on (shaded)" in said
    assert "Drawn phantoms, not patients" in said
    assert "learning rate lowered" in said


@pytest.mark.parametrize("n_epochs", [0, 1, 2])
def test_short_histories_are_drawn(history, tmp_path, n_epochs):
    """No epoch, one, or two are drawn as what they are."""
    draw_training_curves(history[:n_epochs], tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 5_000


def test_what_was_not_measured_is_left_out(history, tmp_path, drawn, words):
    """A tune split of one class has no AUROC; the rest is drawn and the figure says so."""
    rows = [dataclasses.replace(row, tune_auroc=math.nan) for row in history]
    draw_training_curves(rows, tmp_path / "a.png")
    assert "never defined" in words(drawn[0])


def test_names_of_the_curves_never_touch(history, tmp_path, drawn):
    """Curves that end at the same place still have names that can be told apart."""
    rows = [dataclasses.replace(row, train_loss=row.tune_loss) for row in history]
    draw_training_curves(rows, tmp_path / "a.png")
    for axes in drawn[0].axes:
        below, above = (
            text.get_window_extent()
            for text in axes.texts
            if text.get_text() in {"tune", "training"}
        )
        assert not below.overlaps(above)


def test_roc_curve_is_drawn_on_the_whole_square(roc, metrics, tmp_path, drawn):
    """Both shares run from 0 to 1 at one scale, with chance as the diagonal."""
    draw_roc_curve(roc, metrics, tmp_path / "a.png")
    (axes,) = drawn[0].axes
    for low, high in (axes.get_xlim(), axes.get_ylim()):
        assert -0.02 <= low <= 0
        assert 1 <= high <= 1.02
    assert axes.get_aspect() == 1
    assert any(list(line.get_xdata()) == list(line.get_ydata()) == [0, 1] for line in axes.lines)


def test_roc_curve_marks_the_operating_point_with_its_interval(
    roc, metrics, tmp_path, drawn, words
):
    """The point lies at 3 of 12 false alarms and 6 of 8 found; its cross is both intervals."""
    draw_roc_curve(roc, metrics, tmp_path / "a.png")
    (axes,) = drawn[0].axes
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
    assert ([0.25], [0.75]) in lines
    found, cleared = metrics.sensitivity.interval, metrics.specificity.interval
    assert ([0.25, 0.25], [found.low, found.high]) in lines
    assert ([1 - cleared.high, 1 - cleared.low], [0.75, 0.75]) in lines
    said = words(drawn[0])
    assert "AUROC 0.750 (95 % interval" in said
    assert "sensitivity 75.0 %" in said
    assert "20 films, each a group of its own; 8 fractured" in said


def test_roc_curve_without_a_band(roc, metrics, tmp_path, drawn, words):
    """Without a band the figure speaks of none."""
    draw_roc_curve(dataclasses.replace(roc, band=None), metrics, tmp_path / "a.png")
    assert not drawn[0].axes[0].collections
    assert "band" not in words(drawn[0])


def test_roc_curve_of_a_release_marks_both_limits(roc, decisions, tmp_path, drawn, words):
    """Each limit has its cross and its words; films in doubt are not called false alarms."""
    draw_roc_curve(roc, decisions, tmp_path / "a.png")
    said = words(drawn[0])
    assert "Doubt from 20.0 %" in said
    assert "fractures not cleared 87.5 %" in said
    assert "Fracture from 80.0 %" in said
    assert "others not accused 91.7 %" in said
    assert "alse alarms" not in said
    marks = [line for line in drawn[0].axes[0].lines if line.get_marker() == "o"]
    assert [(mark.get_xdata()[0], mark.get_ydata()[0]) for mark in marks] == [
        (pytest.approx(4 / 12), 7 / 8),
        (pytest.approx(1 / 12), 5 / 8),
    ]


def test_a_rate_that_falls_in_every_epoch_is_marked_once(history, tmp_path, drawn):
    """A one-cycle's fall is no step: one mark where it begins, and words that say so."""
    rows = [
        dataclasses.replace(history[0], epoch=epoch, learning_rate=1e-3 / max(epoch, 2))
        for epoch in range(1, 19)
    ]
    draw_training_curves(rows, tmp_path / "a.png")
    axes = drawn[0].axes[1]
    (marks,) = [line for line in axes.lines if line.get_marker() == "^"]
    assert list(marks.get_xdata()) == [3]
    assert "learning rate falls from here on" in [one.get_text() for one in axes.texts]


@pytest.mark.parametrize(("n_epochs", "lowered"), [(3, 2), (6, 2), (6, 5), (6, 6), (2, 2), (40, 2)])
def test_words_about_the_rate_stay_inside_the_axes(history, tmp_path, drawn, n_epochs, lowered):
    """Wherever the learning rate falls, its words do not run over the label of the axis."""
    rows = [
        dataclasses.replace(
            history[0], epoch=epoch, learning_rate=1e-3 if epoch < lowered else 1e-4
        )
        for epoch in range(1, n_epochs + 1)
    ]
    draw_training_curves(rows, tmp_path / "a.png")
    axes = drawn[0].axes[1]
    (text,) = [one for one in axes.texts if "lowered" in one.get_text()]
    box, inside = text.get_window_extent(), axes.get_window_extent()
    assert inside.x0 <= box.x0
    assert box.x1 <= inside.x1
