"""Published figures: each with its films, and with what was not seen."""

import re

from osteon.reports.pages.literature import read_literature


def test_every_entry_says_where_its_numbers_were_seen_and_what_was_not():
    """An entry of which nothing could be seen has no number."""
    entries = read_literature()
    assert len(entries) >= 12
    for entry in entries:
        told = (entry.who, entry.what, entry.films, entry.split, entry.leak, entry.seen)
        assert all(told)
        assert bool(entry.figures) != entry.seen.startswith("nothing"), entry.who


def test_links_are_dois_or_addresses_without_a_scheme():
    """The page adds the scheme."""
    for entry in read_literature():
        assert not entry.doi or re.fullmatch(r"10\.\d{4,5}/\S+", entry.doi)
        assert "://" not in entry.link
        assert entry.address.startswith("https://") or not entry.address


def test_the_same_collection_stands_first():
    """FracAtlas' own figures are nearest to ours."""
    own = [entry.same_collection for entry in read_literature()]
    assert own == sorted(own, reverse=True)
    assert own[0]
