"""What is known of copies and patients, in sentences that claim no more."""

from tests.releases import independence

from osteon.collection.splits import SplitCount, UnevenSplit
from osteon.reports.pages.independence import (
    NEVER,
    NOT_RECORDED,
    footnote_copies,
    say_copies,
    say_independence,
    say_uneven,
)


def test_every_way_of_not_knowing_has_its_own_words():
    """Nobody looked; some joined later; parts were searched apart; it was not written down."""
    nobody = independence(copies_looked_for=False)
    joined = independence(copies_looked_for=False, n_audits=1, n_not_audited=12)
    parts = independence(copies_looked_for=False, n_audits=2, n_not_audited=100)
    said = [say_copies(known) for known in (nobody, joined, parts)]
    assert all(sentence.startswith(NEVER) for sentence in said)
    assert "12 of these 400 films: they joined after the audit" in said[1]
    assert "audited in 2 parts" in said[2]
    assert len(set(said)) == 3
    assert say_copies(None) == NOT_RECORDED


def test_what_was_looked_for_names_its_audit():
    """Day, version and hash stand in the sentence, and no figure bears a warning."""
    known = independence()
    assert "2026-11-29 osteon 0.1.0 audit 0123456789abcdef" in say_copies(known)
    assert footnote_copies(known) == ""
    assert footnote_copies(independence(copies_looked_for=False)).startswith(NEVER)
    assert say_independence(None) == (NOT_RECORDED,)


def test_splits_that_differ_are_said_with_numbers():
    """Shares, numerators, denominators, and the way out where one group made it so."""

    def count(split, n_fractured):
        return SplitCount(
            split=split,
            n_films=100,
            n_groups=5,
            n_fractured=n_fractured,
            n_not_fractured=100 - n_fractured,
            regions={},
        )

    uneven = UnevenSplit(
        counts=(count("tune", 30), count("test", 62)),
        difference=0.32,
        largest_group=21,
        n_films=200,
    )
    said = say_uneven(uneven)
    assert "differs by 32 percentage points between splits: tune 30.0 % (30 of 100)" in said[0]
    assert "21 of 200 films" in said[1]
    assert "--deduplicate" in said[1]
