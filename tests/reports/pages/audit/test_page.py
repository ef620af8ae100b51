"""The audit's page, read as a person's browser reads it."""

import re

import pytest
from tests.audits import SHORTCUT, build, draw, flaw, link, one_of_each, pictures, read

from osteon.audit.cleaning_rules import CLEANED
from osteon.collection.flaws import LeakShare
from osteon.errors import OutputFault, UnreadableFilm
from osteon.reports.pages.audit.page import MAX_LISTED, build_audit_page, write_audit_page
from osteon.reports.pages.audit.rules import EXPLANATIONS
from osteon.reports.pages.audit.words import say_link
from osteon.wording import spell


def test_a_page_is_whole_and_needs_no_network():
    """Every tag is closed, and nothing is asked for from elsewhere."""
    html = build_audit_page(build(one_of_each(), n_pictures=80))
    page = read(html)
    assert not page.faults
    assert not page.open
    assert html.startswith("<!DOCTYPE html>")
    assert not re.search(r"https?://", html)
    assert not page.all("script")
    assert not page.all("link")
    assert "url(" not in html
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert all(image["loading"] == "lazy" and image["alt"] for image in page.all("img"))
    assert all(a["href"].startswith("#") for a in page.all("a"))


def test_links_within_a_page_lead_somewhere():
    """Each heading that the overview names is there once."""
    page = read(build_audit_page(build(one_of_each())))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a")} <= set(ids)


def test_every_rule_has_its_heading():
    """A rule that found something is explained, and an unknown one is shown under its name."""
    html = build_audit_page(build(one_of_each()))
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", html)
    assert [text.title for text in EXPLANATIONS.values()] == headings[2:-1]
    assert headings[-1] == "moon-phase"
    assert "Phase: &#34;full&#34;." in html
    for item in one_of_each():
        assert f"<code>{item.rule}</code>" in html


def test_a_name_is_written_and_never_run():
    """A film may be called anything, and so may a collection."""
    page = build(one_of_each())
    html = build_audit_page(page)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\n&#34;.jpg" in html
    assert spell("Röntgen\n\u2028手.png") == "Röntgen\\n\\u2028手.png"


def test_a_name_that_is_no_text_does_not_stop_the_page(tmp_path):
    """Half a letter, as from a name in another encoding, is shown escaped."""
    odd = flaw("truncated", ["a\udce9.png"], reason="of a\udce9.png")
    write_audit_page(build([odd]), tmp_path / "report.html")
    assert "a\\udce9.png" in (tmp_path / "report.html").read_text("utf-8")


def test_a_missing_film_says_so():
    """Where a film cannot be opened its place says why, without this machine's folders."""

    def gone(path):
        raise UnreadableFilm(f"/secret/{path}", "must be a file", found="no such file")

    html = build_audit_page(build(one_of_each(), read_film=gone))
    assert "Could not be opened: must be a file; found no such file." in html
    assert "secret" not in html
    assert not pictures(html)


def test_a_list_of_reasons_is_bounded():
    """Broken films are listed with their reason, up to a number."""
    flaws = [flaw("truncated", [f"{n}.png"], reason="cut short") for n in range(MAX_LISTED + 7)]
    html = build_audit_page(build(flaws))
    assert html.count("cut short</span>") == MAX_LISTED
    assert "7 more of this kind are in audit.json." in html


def test_a_link_is_said_in_words():
    """What is too small to see is not said."""
    assert say_link(link("a", "b")) == "neither turned, mirrored nor resized"
    assert say_link(link("a", "b", angle_deg=-90.2)) == "turned 90° clockwise"
    assert say_link(link("a", "b", angle_deg=180.0)) == "turned 180°"
    assert say_link(link("a", "b", scale=1.25)) == "at 1.25 times the size"


def test_the_summary_says_what_was_found_and_what_to_do():
    """Films, pictures, leaks, the shortcut, and the command that follows."""
    leaks = {
        "train": LeakShare(n_leaking=1, n_films=40, share=0.025),
        "test": LeakShare(n_leaking=1, n_films=50, share=0.02),
    }
    text = read(build_audit_page(build(one_of_each(), leaks=leaks, n_pictures=80))).text
    assert "The collection lists 100 films; 98 of them open whole and 2 do not." in text
    assert "They show 80 different pictures: 18 films are copies" in text
    assert "1 of the 50 test films (2.0 %) is a copy of a training film." in text
    assert "reach an AUROC of 0.91" in text
    assert "osteon clean manifest.parquet" in text
    assert "not a medical device" in text
    assert "Do not publish it" in text


@pytest.mark.parametrize("item", one_of_each(), ids=lambda item: item.rule)
def test_cleaning_is_the_next_step_exactly_where_it_does_something(item):
    """Where `osteon clean` takes films out or groups them, it is named; elsewhere it is not."""
    text = read(build_audit_page(build([item]))).text
    assert ("osteon clean manifest.parquet" in text) is (item.rule in CLEANED)
    assert ("No film has to be taken out" in text) is (item.rule not in CLEANED)


def test_a_sound_collection_is_told_so_with_care():
    """Nothing found is no proof, and a shortcut below the limit is still shown."""
    low = SHORTCUT | {"auroc": {"value": 0.52, "low": 0.45, "high": 0.59, "confidence": 0.95}}
    page = read(build_audit_page(build([], shortcut=low, n_pictures=98)))
    assert "found nothing wrong. That is no proof" in page.text
    assert "No two films show the same picture." in page.text
    assert "AUROC of 0.520 (95 % interval 0.45 to 0.59)" in page.text
    assert "below the limit of 0.65" in page.text
    assert "What each property gives away on its own" in page.text
    assert "osteon clean" not in page.text
    assert not page.faults


def test_a_film_is_opened_once():
    """Twelve rules that show one film do not read it twelve times."""
    opened = []

    def read_film(path):
        opened.append(path)
        return draw()

    build_audit_page(build(one_of_each(), read_film=read_film))
    assert len(opened) == len(set(opened))


def test_the_same_audit_gives_the_same_bytes(tmp_path):
    """The page holds no clock and no chance."""
    write_audit_page(build(one_of_each()), tmp_path / "one" / "report.html")
    write_audit_page(build(one_of_each()), tmp_path / "two.html")
    one = (tmp_path / "one" / "report.html").read_bytes()
    assert one == (tmp_path / "two.html").read_bytes()


def test_a_page_that_cannot_be_written_is_named(tmp_path):
    """A folder in the page's place is a fault with advice."""
    with pytest.raises(OutputFault, match="must be a place that can be written"):
        write_audit_page(build([]), tmp_path)
