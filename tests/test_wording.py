"""Words that carry truth: whose pictures are shown, what was counted, which release is meant."""

import pytest

from osteon.cli.cards import show_measures
from osteon.cli.models import put_metric
from osteon.cli.words import console_for
from osteon.phantoms.collection import PHANTOM_MANUFACTURER
from osteon.release import Measure
from osteon.release.card import NOT_STATED
from osteon.reports.pages.release_card import describe_card
from osteon.runs import footnote_pictures
from osteon.statistics.metrics import measure
from osteon.wording import DO_NOT_SHARE, DRAWN, name_counted, name_release
from tests.releases import build_card
from tests.rows import collection, film


def test_one_film_of_a_patient_makes_a_page_of_pictures_a_patients():
    """Pictures are free to share only where every film was drawn."""
    drawn, real = film("a.png", manufacturer=PHANTOM_MANUFACTURER), film("b.png")
    assert footnote_pictures(collection(drawn)) == DRAWN
    assert footnote_pictures(collection(drawn, real)) == DO_NOT_SHARE
    assert "patient" in DO_NOT_SHARE


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("auroc", "pair"),
        ("findings that meet a fracture", "finding"),
        ("ece of boxes, bias-corrected", "finding"),
        ("lesions found at 0.5 false marks per film", "lesion"),
        ("ap50, fractured films", "lesion"),
        ("boxed films with a right finding", "film"),
        ("pointing game, strict", "film"),
        ("ece, bias-corrected", "film"),
    ],
)
def test_a_measure_says_what_it_counts(name, counted, capsys):
    """87 findings on 68 films are not called 87 films, neither on the screen nor on the card."""
    assert name_counted(name) == counted
    one = Measure(name=name, value=0.5, low=0.1, high=0.9, hits=3, n=87)
    show_measures(console_for(), [one])
    assert f"3 of 87 {counted}s" in capsys.readouterr().out
    (section,) = [part for part in describe_card(build_card(metrics=(one,))) if part.rows]
    assert section.rows[0][3] == f"3 of 87 {counted}s"


def test_f1_is_no_share_of_films():
    """Its two numbers are named by the formula that they come from."""
    metrics = measure([3.0, 2.0, -1.0, 1.0], [True, True, True, False], [*"abcd"], threshold=0.0)
    row = put_metric(metrics.f1)
    assert row[3:] == ("4 of 6", "2 TP of 2 TP + FP + FN")


def test_a_release_is_named_with_the_word_version():
    """The card of version 1 is not headed "bright 1"."""
    assert name_release("bright 1") == "bright, version 1"
    assert describe_card(build_card(version="1"))[0].title == "bright, version 1"


def test_no_licence_is_claimed_that_nobody_gave():
    """Words that an older Osteon wrote by itself are put so that they can be understood."""
    older = build_card(licence="Apache-2.0, as far as the films allow")
    assert older.licence == "Apache-2.0; the licence of the films applies too"
    assert build_card(licence="MIT").licence == "MIT"
    told = [
        line for part in describe_card(build_card(licence=NOT_STATED)) for line in part.sentences
    ]
    assert any(line.startswith("Licence: not stated.") for line in told)
