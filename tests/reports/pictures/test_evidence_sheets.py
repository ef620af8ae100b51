"""Sheets of films: bare on the left, with evidence and findings on the right."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from osteon.reports.figures.canvas import YELLOW
from osteon.reports.pictures.evidence_sheets import (
    CELL,
    PAIR_GAP,
    EvidenceTile,
    draw_evidence_sheet,
)
from osteon.terms import Finding, Probability


def build_tile(*, rows=80, columns=60, boxes=(), findings=()):
    pixels = np.full((rows, columns), 100, np.uint8)
    evidence = np.zeros((rows, columns), np.float32)
    evidence[:20] = 1.0
    return EvidenceTile(
        pixels=pixels, evidence=evidence, boxes=boxes, findings=findings, is_fractured=True,
        heading="87.2 %, called fracture", caption="1a5360ae, leg",
    )  # fmt: skip


def test_a_film_stands_bare_beside_its_evidence(tmp_path, drawn):
    """The left picture is grey everywhere; the right is coloured where the evidence is."""
    draw_evidence_sheet([build_tile()], tmp_path / "a.png", title="Hits")
    left, right = (np.asarray(image.get_array()) for image in drawn[0].axes[0].images)
    assert (left == 100).all()
    assert (right[30:] == 100).all()
    assert np.ptp(right[5, 5].astype(int)) > 50


def test_boxes_lie_left_and_findings_right(tmp_path, drawn):
    """Each at its place, in the film's own proportions."""
    tile = build_tile(
        boxes=((30, 0, 60, 40),),
        findings=(Finding(box=(0, 40, 30, 80), probability=Probability(0.5)),),
    )
    draw_evidence_sheet([tile], tmp_path / "a.png", title="Hits")
    box, finding = (patch for patch in drawn[0].axes[0].patches if not patch.get_fill())
    scale = min(CELL[0] / 60, CELL[1] / 80)
    margin = (CELL[0] - 60 * scale) / 2
    assert box.get_x() == pytest.approx(margin + 30 * scale)
    assert finding.get_x() == pytest.approx(CELL[0] + PAIR_GAP + margin)
    assert box.get_height() == finding.get_height() == pytest.approx(40 * scale)
    yellow, blue = (to_rgba(one.get_edgecolor()) for one in (box, finding))
    assert yellow == to_rgba(YELLOW)
    assert blue[3] == 1.0  # a line that can be seen
    assert yellow != blue


def test_a_best_place_is_dashed_and_colours_begin_where_the_release_says(tmp_path, drawn):
    """Faint evidence is seen on a scale that is made for it."""
    place = Finding(box=(0, 40, 30, 80), probability=Probability(0.1), is_best_place=True)
    tile = replace(build_tile(findings=(place,)), colours=(0.2, 0.5))
    tile.evidence[:20] = 0.35
    draw_evidence_sheet([tile, replace(tile, colours=(0.4, 1.0))], tmp_path / "a.png", title="Hits")
    boxes = [patch for patch in drawn[0].axes[0].patches if not patch.get_fill()]
    assert {box.get_linestyle() for box in boxes} == {"--"}
    spread = [
        np.ptp(np.asarray(image.get_array())[5, 5].astype(int))
        for image in drawn[0].axes[0].images[1::2]
    ]
    assert spread[0] > 20
    assert spread[1] == 0


def test_words_say_what_is_seen(tmp_path, drawn, words):
    """Each film carries what it was called; findings carry their probabilities."""
    tile = build_tile(findings=(Finding(box=(0, 40, 30, 80), probability=Probability(0.5)),))
    draw_evidence_sheet(
        [tile], tmp_path / "a.png", title="Hits", note="Contains patient images: do not share."
    )
    said = words(drawn[0])
    for part in ("87.2 %, called fracture", "1a5360ae, leg", "50.0 %", "do not share"):
        assert part in said


def test_no_film_is_said_to_be_none(tmp_path, drawn, words):
    """A model without a miss has a sheet that says so."""
    draw_evidence_sheet([], tmp_path / "a.png", title="Misses")
    assert "There is no such film." in words(drawn[0])
