import matplotlib as mpl
import numpy as np
from PIL import Image

from osteon.reports.figures.canvas import build_figure, quieten, save_figure


def draw_something(path):
    figure = build_figure(6, 2, title="Found 3 of 4", lead="A lead", note="A note")
    axes = figure.subplots()
    quieten(axes)
    axes.plot([0, 1], [0, 1])
    save_figure(figure, path)
    return figure


def test_a_figure_is_written_large_enough_to_read(tmp_path):
    """A page of six inches has 960 dots across, and is not blank."""
    draw_something(tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
    assert pixels.shape[1] == 960
    assert pixels.std() > 5


def test_equal_figures_are_equal_files(tmp_path):
    """The same figure gives the same bytes, so that a result can be compared."""
    draw_something(tmp_path / "a.png")
    draw_something(tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_pyplot_is_left_alone(tmp_path):
    """Drawing changes none of matplotlib's settings, and registers no figure with pyplot."""
    before = dict(mpl.rcParams)
    draw_something(tmp_path / "a.png")
    assert dict(mpl.rcParams) == before


def test_no_words_leave_the_page(tmp_path):
    """Titles, leads and notes of any length are broken where the page ends."""
    long = "a rather long sentence about 12.5 % of all FILMS, " * 6
    figure = build_figure(6, 2, title=long, lead=long, note=long)
    figure.subplots()
    save_figure(figure, tmp_path / "a.png")
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y1 <= figure.bbox.height


def test_a_number_is_not_torn_from_its_unit():
    """A line may end after a percent sign, never before it."""
    for length in range(30, 60):
        figure = build_figure(6, 2, title="x" * length + " 12.5 % " * 20)
        assert not any(text.get_text().startswith("%") for text in figure.texts)


def test_words_do_not_touch_the_axes(tmp_path):
    """The axes stay below the lead and above the note."""
    figure = draw_something(tmp_path / "a.png")
    (axes,) = figure.axes
    box = axes.get_tightbbox()
    title, lead, note = figure.texts
    assert box.y1 < min(text.get_window_extent().y0 for text in (title, lead))
    assert box.y0 > note.get_window_extent().y1
