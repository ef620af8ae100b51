"""The sheet of one film and its explanations."""

import numpy as np
from PIL import Image

from osteon.reports.pictures.explanations import ExplainedFilm, Panel, draw_explanations


def build_film(n_panels, *, rows=120, columns=90):
    evidence = np.zeros((rows, columns), np.float32)
    evidence[40:60, 30:50] = 1
    return ExplainedFilm(
        pixels=np.full((rows, columns), 60, np.uint8),
        boxes=((30.0, 40.0, 50.0, 60.0),),
        caption="a film",
        panels=[
            Panel(name=f"method {number}", caption="points at it", evidence=evidence, peak=(40, 50))
            for number in range(n_panels)
        ],
    )


def test_a_sheet_shows_evidence_in_colour_and_the_film_without(tmp_path):
    """Yellow and white are there for the box and the highest point; more panels take more room."""
    few, many = tmp_path / "few.png", tmp_path / "many.png"
    draw_explanations(build_film(2), few, title="A film", note="Drawn.")
    draw_explanations(build_film(6), many, title="A film", note="Drawn.")
    with Image.open(few) as small, Image.open(many) as large:
        assert small.width == large.width
        assert large.height > 1.5 * small.height
        colours = np.asarray(small.convert("RGB")).astype(int)
    red, green, blue = (colours[..., channel] for channel in range(3))
    assert ((red > 220) & (green > 200) & (blue < 110)).sum() > 200  # the box


def test_equal_films_give_equal_sheets(tmp_path):
    """Byte for byte; a map that points nowhere has no cross."""
    film = build_film(1)
    for name in ("one.png", "two.png"):
        draw_explanations(film, tmp_path / name, title="A film")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    bare = Panel(name="none", caption="", evidence=film.panels[0].evidence, peak=None)
    without = ExplainedFilm(pixels=film.pixels, boxes=(), caption="", panels=[bare])
    draw_explanations(without, tmp_path / "three.png", title="A film")
    assert (tmp_path / "three.png").read_bytes() != (tmp_path / "one.png").read_bytes()
