"""The audit's table of leaks and bars of features."""

from tests.audits import SHORTCUT, flaw, leak

from osteon.reports.pages.audit.charts import build_feature_bars, build_leak_table, say_leaks


def test_leaks_are_counted_by_the_films_of_each_split():
    """One group with two test films and one training film counts two and one."""
    group = flaw(
        "copies-across-splits",
        ["test/1.png", "test/2.png", "train/1.png"],
        splits={"train": 1, "test": 2},
        split_of_film=["test", "test", "train"],
    )
    table = build_leak_table([group, leak(9)], {"train": 200, "tune": 20, "test": 50})
    assert table.splits == ("train", "tune", "test")
    there, back = table.cell("test", "train"), table.cell("train", "test")
    assert (there.n_films, there.n_groups, there.share) == (3, 2, 0.06)
    assert (back.n_films, back.n_groups, back.share) == (2, 2, 0.01)
    assert table.cell("tune", "train").n_films == 0
    assert table.cell("test", "test") is None
    assert say_leaks(table) == "3 of the 50 test films (6.0 %) are copies of training films."
    one = build_leak_table([leak(9)], {"train": 200, "test": 50})
    assert say_leaks(one) == "1 of the 50 test films (2.0 %) is a copy of a training film."


def test_features_are_drawn_on_an_axis_that_both_classes_share():
    """Numbers become boxes, kinds become shares, and what is unknown is left out."""
    bars = build_feature_bars(SHORTCUT["features"])
    assert [bar.name for bar in bars] == ["file size", "file format", "age"]
    size, container, age = bars
    assert size.fractured.box == (0.0, 25.0, 50.0)
    assert size.not_fractured.box == (50.0, 75.0, 100.0)
    assert size.fractured.told == "200 (100 to 300)"
    assert container.fractured.parts == ((0.0, 20.0), (20.0, 80.0))
    assert container.fractured.told == "png 80 %; jpeg 20 %"
    assert age.fractured is None
