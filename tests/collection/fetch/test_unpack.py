"""Placing: what a stranger names is checked, and what it claims is measured."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.collection.fetch.unpack import Member, parse_member_name, place_members
from osteon.errors import FetchFault, UnsafeArchive


@pytest.mark.parametrize("n_claimed", [2, 4])
def test_a_file_of_another_size_than_it_claims_is_refused(tmp_path: Path, n_claimed: int) -> None:
    """A film that shrinks or grows while it is copied is not placed."""
    film = Member(
        where="cache",
        name="1.jpg",
        parts=("1.jpg",),
        n_bytes=n_claimed,
        read_blocks=lambda: iter([b"123"]),
    )
    with pytest.raises(FetchFault, match=r"found '1\.jpg'"):
        place_members([film], tmp_path / "films")
    assert list(tmp_path.iterdir()) == []


@given(
    parts=st.lists(
        st.text(
            st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters="/\\:"),
            min_size=1,
            max_size=20,
        ).filter(lambda part: part not in {".", ".."}),
        min_size=1,
        max_size=5,
    )
)
def test_an_innocent_name_passes_unchanged(parts: list[str]) -> None:
    """Whatever the script, a plain relative name is taken as it is."""
    assert parse_member_name("/".join(parts), where="a.zip") == tuple(parts)


@given(name=st.text(st.sampled_from("./\\:a\0 Z"), max_size=12))
def test_no_checked_name_leads_outside(name: str) -> None:
    """Any name is either refused or lies below the folder."""
    try:
        parts = parse_member_name(name, where="a.zip")
    except UnsafeArchive:
        return
    below = os.path.normpath(os.path.join("/films", *parts))  # noqa: PTH118 — pure text
    assert below == "/films" or below.startswith("/films/")
