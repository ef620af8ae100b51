from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from osteon.reports.pictures.galleries import CELL, Tile, draw_errors_gallery, draw_sample_grid


def build_tile(caption="film", *, rows=40, columns=80, is_fractured=True, boxes=()):
    # Neither black nor white, so that stretched greys would be seen.
    pixels = np.linspace(60, 200, rows * columns).reshape(rows, columns).astype(np.uint8)
    return Tile(pixels=pixels, caption=caption, is_fractured=is_fractured, boxes=boxes)


def test_films_keep_their_proportions_and_their_greys(tmp_path, drawn):
    """A film twice as wide as high is drawn so, from black at 0 to white at 255."""
    draw_sample_grid([build_tile()], tmp_path / "a.png")
    (film,) = drawn[0].axes[0].images
    left, right, lower, upper = film.get_extent()
    assert (right - left, lower - upper) == pytest.approx((CELL, CELL / 2))
    assert film.get_clim() == (0, 255)
    axes = drawn[0].axes[0]
    across, down = (
        axes.bbox.width / np.ptp(axes.get_xlim()),
        axes.bbox.height / abs(np.diff(axes.get_ylim()))[0],
    )
    assert across == pytest.approx(down, rel=0.02)


def test_the_top_of_a_film_is_at_the_top(tmp_path):
    """A film that is white above and black below is drawn that way up."""
    pixels = np.zeros((60, 60), dtype=np.uint8)
    pixels[:30] = 255
    draw_sample_grid([Tile(pixels=pixels, caption="", is_fractured=False)], tmp_path / "a.png")
    page = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
    column = page[:, 100]
    # The page itself is white, so the black half must lie below the film's white half.
    assert column[page.shape[0] // 2 - 200 : page.shape[0] // 2].mean() > 150
    assert np.flatnonzero(column < 30).mean() > page.shape[0] / 2


def test_boxes_are_drawn_where_they_lie(tmp_path, drawn, words):
    """A box over the film's right half covers the right half of what is drawn."""
    draw_sample_grid([build_tile(boxes=((40, 0, 80, 40),))], tmp_path / "a.png")
    box = next(patch for patch in drawn[0].axes[0].patches if not patch.get_fill())
    assert (box.get_x(), box.get_width()) == pytest.approx((CELL / 2, CELL / 2))
    assert (box.get_y(), box.get_height()) == pytest.approx((CELL / 4, CELL / 2))
    assert "Yellow: where the reference marks a fracture." in words(drawn[0])


def test_sample_grid_names_every_reference(tmp_path, drawn, words):
    """Each film carries its reference in words, and the title counts them."""
    tiles = [build_tile(str(n), is_fractured=n < 3) for n in range(8)]
    draw_sample_grid(tiles, tmp_path / "a.png", note="Drawn phantoms, not patients")
    texts = [text.get_text() for text in drawn[0].axes[0].texts]
    assert (texts.count("fracture"), texts.count("no fracture")) == (3, 5)
    assert "8 films, 3 of them with a fracture" in words(drawn[0])
    assert "Drawn phantoms, not patients" in words(drawn[0])


def test_captions_do_not_run_into_one_another(tmp_path, drawn):
    """A long film name loses its middle rather than its neighbour's room; a dollar is a dollar."""
    tiles = [build_tile("FILM_$0042_of_$2024-rotated270.jpg") for _ in range(6)]
    draw_sample_grid(tiles, tmp_path / "a.png")
    captions = [text for text in drawn[0].axes[0].texts if "$" in text.get_text()]
    assert all(text.get_text().endswith("270.jpg") for text in captions)
    boxes = [text.get_window_extent() for text in captions]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_errors_gallery_counts_all_and_shows_the_worst(tmp_path, drawn, words):
    """Where only the worst are shown, the gallery says of how many."""
    draw_errors_gallery(
        [build_tile("logit -3.20\na")],
        [build_tile("logit +2.10\nb", is_fractured=False)] * 7,
        tmp_path / "a.png",
        counts=(35, 7),
        lead="9 films in doubt, neither of the two.",
    )
    said = words(drawn[0])
    assert "9 films in doubt, neither of the two." in said
    assert "35 fractures missed, 7 false alarms" in said
    assert "Missed: the worst 1 of 35" in said
    assert "logit -3.20" in said
    assert len(drawn[0].axes[0].images) == 8


def test_errors_gallery_says_plainly_that_there_are_none(tmp_path, drawn, words):
    """A model without errors on these films gets a page that says so."""
    draw_errors_gallery([], [], tmp_path / "a.png")
    said = words(drawn[0])
    assert "No fracture missed, no false alarm" in said
    assert "No fracture was missed." in said
    assert "No film raised a false alarm." in said


def test_nothing_leaves_the_page(tmp_path, drawn):
    """The last film's last line stands above the note and inside the page."""
    draw_errors_gallery(
        [build_tile("a\nb\nc")] * 13, [build_tile("a")] * 2, tmp_path / "a.png", note="A note"
    )
    figure = drawn[0]
    note = figure.texts[-1].get_window_extent()
    for text in figure.axes[0].texts:
        assert text.get_window_extent().y0 >= note.y1 - 1
        assert text.get_window_extent().x1 <= figure.bbox.width
