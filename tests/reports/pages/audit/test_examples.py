"""Which flaws the audit's page shows, how many of them, and how."""

import re

import numpy as np
from tests.audits import build, draw, flaw, leak, link, make_copy, one_of_each, pictures

from osteon.reports.pages.audit.examples import MAX_EXAMPLES, MAX_NAMES, choose_flaws
from osteon.reports.pages.audit.page import build_audit_page
from osteon.terms import ManifestRow


def test_the_number_of_pictures_is_bounded():
    """A hundred flaws are shown by twelve, and the others are counted."""
    flaws = [leak(number) for number in range(100)]
    html = build_audit_page(build(flaws))
    assert len(pictures(html)) == 2 * MAX_EXAMPLES
    assert f"{100 - MAX_EXAMPLES} more of this kind are in audit.json." in html


def test_a_group_of_thousands_is_not_written_out():
    """Some of its films are named, and the others are counted."""
    films = [f"{number:05}.png" for number in range(10_000)]
    html = build_audit_page(build([flaw("identical-files", films, sha256="0", n_films=10_000)]))
    assert "10,000 films" in html
    assert f"and {10_000 - MAX_NAMES:,} others, named in audit.json" in html
    assert len(html) < 60_000


def test_the_most_telling_flaws_come_first_and_the_rest_is_spread():
    """Two labels go before size, and later flaws are drawn from the whole list."""
    flaws = [
        flaw("same-picture", [f"{n}.png", f"{n}b.png"], n_fractured=2, n_not_fractured=n == 70)
        for n in range(100)
    ]
    chosen = choose_flaws(flaws)
    assert chosen[0].films[0] == "70.png"
    assert len(chosen) == MAX_EXAMPLES == len({item.films for item in chosen})
    assert flaws.index(chosen[-1]) > 85
    assert choose_flaws(flaws[:5])[-1] == flaws[4]


def test_the_page_shows_both_films_and_one_laid_on_the_other():
    """Four pictures: film, copy, copy laid on film, and their difference, nearly black."""
    film = draw()
    copy, matrix = make_copy(film, angle_deg=35.0, is_mirrored=True, is_inverted=True)
    found = link(
        "a.png", "b.png", angle_deg=35.0, is_mirrored=True, is_inverted=True, matrix=matrix
    )
    same = flaw("same-picture", ["a.png", "b.png"], n_films=2, n_files=2, n_links=1, links=[found])
    films = {"a.png": film, "b.png": copy}
    html = build_audit_page(build([same], read_film=films.__getitem__))
    a, b, laid, difference = pictures(html)
    assert np.abs(laid[8:-8, 8:-8].mean(axis=2) - a[8:-8, 8:-8]).mean() < 4
    assert a.shape[:2] == laid.shape[:2] == difference.shape[:2] != b.shape[:2]
    assert difference[8:-8, 8:-8].mean() < 4
    assert "Turned 35° counter-clockwise, mirrored, black and white swapped." in html
    assert "Residual 0.04; 87 % of the smaller film is in both." in html


def test_two_labels_stand_under_their_films():
    """Each copy carries the label that the collection gives it."""
    html = build_audit_page(build([one_of_each()[2]]))
    labels = re.findall(r'class="label (\w+)">([^<]+)<', html)
    assert labels == [("yes", "fracture"), ("no", "no fracture")]


def test_marks_of_the_manifest_are_drawn():
    """A mark on a film without a fracture is shown on it."""
    row = ManifestRow(
        path="a.png",
        film_id="0" * 16,
        sha256="0" * 64,
        rows=150,
        columns=110,
        has_fracture=False,
        polygons=(((20.0, 20.0), (60.0, 25.0), (40.0, 70.0)),),
    )
    marked = flaw("box-on-negative", ["a.png"], n_boxes=0, n_polygons=1)
    html = build_audit_page(build([marked], rows={"a.png": row}))
    (picture,) = pictures(html)
    assert picture.ndim == 3
    assert 'alt="Film a.png, 1 marked"' in html
