"""The audit's page: read as a person's browser reads it, with films that are drawn here."""

import base64
import io
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from osteon.collection.flaws import AuditSummary, LeakShare, RuleCount
from osteon.errors import OutputFault, UnreadableFilm
from osteon.reports.audit_charts import build_feature_bars, build_leak_table, say_leaks
from osteon.reports.audit_examples import MAX_EXAMPLES, MAX_NAMES, choose_flaws
from osteon.reports.audit_page import MAX_LISTED, AuditPage, build_audit_page, write_audit_page
from osteon.reports.audit_rules import EXPLANATIONS
from osteon.reports.audit_words import say_link, say_name
from osteon.reports.film_pictures import align_film, draw_boxes, draw_film, hold_film
from osteon.terms import Flaw, ManifestRow

VOID = {"meta", "img", "br", "link", "input", "hr"}
EVIL = '<script>alert(1)</script>\n".jpg'


class Reader(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.tags, self.words, self.links = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def draw(size=(150, 110), seed=1):
    """A drawn film without symmetry: smooth blobs, so that resampling changes little."""
    rows, columns = size
    y, x = np.mgrid[:rows, :columns].astype(float)
    rng = np.random.default_rng(seed)
    grey = np.zeros(size)
    for _ in range(9):
        cx, cy = rng.uniform(0, columns), rng.uniform(0, rows)
        grey += rng.uniform(60, 200) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 260)
    return np.clip(grey, 0, 255).astype(np.uint8)


def make_copy(film, *, angle_deg, is_mirrored=False, scale=1.0, is_inverted=False):
    """Turn a film counter-clockwise as one sees it; the copy, and the matrix from film to copy.

    Sampled by hand rather than by Pillow, so that the page's own use of Pillow is checked.
    """
    rows, columns = film.shape
    turn = math.radians(angle_deg)
    linear = scale * np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    if is_mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    side = math.ceil(scale * math.hypot(rows, columns)) + 7
    offset = np.array([side / 2 + 1.0, side / 2 - 2.0]) - linear @ [
        (columns - 1) / 2,
        (rows - 1) / 2,
    ]
    y, x = np.mgrid[:side, :side]
    points = np.stack([x.ravel() - offset[0], y.ravel() - offset[1]])
    back_x, back_y = np.linalg.inv(linear) @ points
    inside = (back_x >= 0) & (back_x <= columns - 1) & (back_y >= 0) & (back_y <= rows - 1)
    x0 = np.clip(back_x.astype(int), 0, columns - 2)
    y0 = np.clip(back_y.astype(int), 0, rows - 2)
    fx, fy = back_x - x0, back_y - y0
    values = (
        film[y0, x0] * (1 - fx) * (1 - fy)
        + film[y0, x0 + 1] * fx * (1 - fy)
        + film[y0 + 1, x0] * (1 - fx) * fy
        + film[y0 + 1, x0 + 1] * fx * fy
    )
    copy = np.where(inside, values, 0).reshape(side, side).round().astype(np.uint8)
    matrix = [[*linear[0].tolist(), float(offset[0])], [*linear[1].tolist(), float(offset[1])]]
    return (255 - copy if is_inverted else copy), matrix


def flaw(rule, films, **evidence):
    return Flaw(
        rule=rule,
        films=tuple(films),
        film_ids=("0" * 16,) * len(films),
        evidence=evidence,
        advice=f"What to do about {rule}: see `osteon clean`.",
    )


def link(a, b, **change):
    whole = {
        "a": a,
        "b": b,
        "angle_deg": 0.0,
        "is_mirrored": False,
        "scale": 1.0,
        "is_inverted": False,
        "matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        "residual": 0.04,
        "overlap": 0.87,
    }
    return whole | change


def leak(number, test_film="test/{}.png", train_film="train/{}.png"):
    return flaw(
        "copies-across-splits",
        [test_film.format(number), train_film.format(number)],
        group=f"g{number}",
        split_column="split",
        splits={"train": 1, "test": 1},
        split_of_film=["test", "train"],
        test_films=1,
        test_films_total=50,
        share_of_test=0.02,
    )


SHORTCUT = {
    "auroc": {"value": 0.91, "low": 0.89, "high": 0.93, "confidence": 0.95, "method": "DeLong"},
    "n_films": 90,
    "n_fractured": 40,
    "n_groups": 70,
    "limit": 0.65,
    "features": [
        {
            "name": "container",
            "auroc": 0.7,
            "drop": 0.02,
            "fractured": {"n_films": 40, "n_known": 40, "shares": {"jpeg": 0.2, "png": 0.8}},
            "not_fractured": {"n_films": 50, "n_known": 50, "shares": {"jpeg": 1.0, "png": 0.0}},
        },
        {
            "name": "n_bytes",
            "auroc": 0.9,
            "drop": 0.2,
            "fractured": {"n_films": 40, "n_known": 40, "quartiles": [100.0, 200.0, 300.0]},
            "not_fractured": {"n_films": 50, "n_known": 50, "quartiles": [300.0, 400.0, 500.0]},
        },
        {"name": "age", "auroc": None, "drop": 0.0, "fractured": {}, "not_fractured": {}},
    ],
}

TEXT = {
    "n_with_text": 2,
    "n_films": 90,
    "fractured": {"n_with_text": 2, "n_films": 40, "share": 0.05, "low": 0.01, "high": 0.16},
    "not_fractured": {"n_with_text": 0, "n_films": 0, "share": None, "low": None, "high": None},
    "difference": None,
    "differs_by_class": False,
    "boxes": [[[10, 10, 40, 30]], [[5, 5, 20, 20], [50, 50, 70, 60]]],
}


def one_of_each():
    """One flaw of every rule, and of one rule that nobody explained."""
    copies = link("a.png", "b.png", angle_deg=35.0, is_mirrored=True, scale=0.8)
    size = {"film_rows": 150, "film_columns": 110}
    return (
        leak(1),
        flaw("patient-across-splits", ["p.png", "q.png"], **leak(1).evidence),
        flaw(
            "same-picture-two-labels",
            ["a.png", "b.png"],
            n_fractured=1,
            n_not_fractured=1,
            has_fracture=[True, False],
            links=[copies],
        ),
        flaw(
            "copy-in-other-collection",
            ["a.png"],
            other_collection="elsewhere",
            other=["b.png"],
            n_films=1,
            n_other_films=1,
            splits={},
            links=[copies],
        ),
        flaw("same-picture", ["a.png", "b.png"], n_films=2, n_files=2, n_links=1, links=[copies]),
        flaw("identical-pixels", ["c.png", "d.png"], pixel_sha256="0" * 64, n_films=2, n_files=2),
        flaw("identical-files", ["c.png", "d.png"], sha256="0" * 64, n_films=2),
        flaw("shortcut", ["a.png", "b.png"], **SHORTCUT),
        flaw("burned-in-text", ["a.png", "b.png"], **TEXT),
        flaw("outlier", [EVIL], kind="drawing", measures={}, why="It holds 3 grey values"),
        flaw(
            "label-contradicts-folder",
            ["a.png"],
            has_fracture_by_folder=True,
            has_fracture_in_table=False,
        ),
        flaw(
            "annotation-size-mismatch",
            ["a.png"],
            **size,
            annotation_rows=110,
            annotation_columns=150,
            is_transposed=True,
            n_boxes=1,
        ),
        flaw("box-outside-film", ["a.png"], **size, boxes=[[90.0, 20.0, 140.0, 60.0]]),
        flaw("box-on-negative", ["a.png"], n_boxes=1, n_polygons=0),
        flaw("no-box-on-positive", ["a.png"], n_without=1, n_fractured=40),
        flaw("truncated", ["t.png"], reason="found a file that was cut short"),
        flaw("changed-since-import", ["v.png"], reason="the file changed since it was imported"),
        flaw("unreadable", ["u.png"], reason=None),
        flaw("moon-phase", ["a.png"], phase="full"),
    )


def build(flaws, *, read_film=None, leaks=None, **rest):
    rules = {item.rule: RuleCount(n_flaws=1, n_films=1) for item in flaws}
    summary = AuditSummary(
        n_films=100,
        n_distinct_files=95,
        n_readable=98,
        n_fractured=40,
        split_column="split",
        leaks=leaks or {},
        rules=rules,
    )
    return AuditPage(
        name="a collection",
        summary=summary,
        flaws=flaws,
        read_film=read_film or (lambda path: draw()),
        **rest,
    )


def pictures(html):
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for data in found]


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
    assert say_name("Röntgen\n\u2028手.png") == "Röntgen\\n\\u2028手.png"


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


def test_the_number_of_pictures_is_bounded():
    """A hundred flaws are shown by twelve, and the others are counted."""
    flaws = [leak(number) for number in range(100)]
    html = build_audit_page(build(flaws))
    assert len(pictures(html)) == 2 * MAX_EXAMPLES
    assert f"{100 - MAX_EXAMPLES} more of this kind stand in audit.json." in html


def test_a_group_of_thousands_is_not_written_out():
    """Some of its films are named, and the others are counted."""
    films = [f"{number:05}.png" for number in range(10_000)]
    html = build_audit_page(build([flaw("identical-files", films, sha256="0", n_films=10_000)]))
    assert "10,000 films" in html
    assert f"and {10_000 - MAX_NAMES:,} others, named in audit.json" in html
    assert len(html) < 60_000


def test_a_list_of_reasons_is_bounded():
    """Broken films are listed with their reason, up to a number."""
    flaws = [flaw("truncated", [f"{n}.png"], reason="cut short") for n in range(MAX_LISTED + 7)]
    html = build_audit_page(build(flaws))
    assert html.count("cut short</span>") == MAX_LISTED
    assert "7 more of this kind stand in audit.json." in html


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


@pytest.mark.parametrize(
    "change",
    [
        {"angle_deg": 0.0},
        {"angle_deg": 90.0},
        {"angle_deg": 33.0, "scale": 1.4},
        {"angle_deg": -128.0, "is_mirrored": True},
        {"angle_deg": 12.0, "scale": 0.75, "is_inverted": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("long_side", [150, 240, 70])
def test_a_copy_laid_on_its_film_equals_it(change, long_side):
    """A known turn, mirror, size and inversion is undone, whatever the size of the picture."""
    film = draw()
    copy, matrix = make_copy(film, **change)
    laid, shown = align_film(
        hold_film(copy),
        hold_film(film),
        matrix=matrix,
        is_inverted=change.get("is_inverted", False),
        long_side=long_side,
    )
    still = draw_film(hold_film(film), long_side=long_side)
    assert laid.shape == still.shape
    assert shown.all()
    inner = (slice(4, -4), slice(4, -4))  # at the very edge the copy's black shines through
    off = np.abs(laid[inner].astype(float) - still[inner].astype(float))
    assert off.mean() < 1.0
    assert off.max() < 8


def test_what_a_copy_does_not_show_is_said():
    """Beside the copy there is nothing to compare."""
    film = hold_film(draw())
    _, shown = align_film(film, film, matrix=[[1, 0, 55], [0, 1, 0]], is_inverted=False)
    assert shown[:, :80].all()
    assert not shown[:, 95:].any()


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


def test_a_link_is_said_in_words():
    """What is too small to see is not said."""
    assert say_link(link("a", "b")) == "neither turned, mirrored nor resized"
    assert say_link(link("a", "b", angle_deg=-90.2)) == "turned 90° clockwise"
    assert say_link(link("a", "b", angle_deg=180.0)) == "turned 180°"
    assert say_link(link("a", "b", scale=1.25)) == "at 1.25 times the size"


def test_leaks_are_counted_by_the_films_of_each_split():
    """One group with two test films and one training film counts two and one."""
    group = flaw(
        "copies-across-splits",
        ["test/1.png", "test/2.png", "train/1.png"],
        splits={"train": 1, "test": 2},
        split_of_film=["test", "test", "train"],
    )
    table = build_leak_table([group, leak(9)], {"train": 200, "tune": 20, "test": 50})
    assert table.splits == ("train", "tune", "test")
    there, back = table.cell("test", "train"), table.cell("train", "test")
    assert (there.n_films, there.n_groups, there.share) == (3, 2, 0.06)
    assert (back.n_films, back.n_groups, back.share) == (2, 2, 0.01)
    assert table.cell("tune", "train").n_films == 0
    assert table.cell("test", "test") is None
    assert say_leaks(table) == "3 of the 50 test films (6.0 %) are copies of training films."


def test_the_summary_says_what_was_found_and_what_to_do():
    """Films, pictures, leaks, the shortcut, and the command that follows."""
    leaks = {
        "train": LeakShare(n_leaking=1, n_films=40, share=0.025),
        "test": LeakShare(n_leaking=1, n_films=50, share=0.02),
    }
    text = read(build_audit_page(build(one_of_each(), leaks=leaks, n_pictures=80))).text
    assert "The collection lists 100 films; 98 of them open whole and 2 do not." in text
    assert "only 80 different pictures" in text
    assert "1 of the 50 test films (2.0 %) are copies of training films" in text
    assert "reach an AUROC of 0.91" in text
    assert "osteon clean manifest.parquet" in text
    assert "not a medical device" in text
    assert "Do not publish it" in text


def test_a_sound_collection_is_told_so_with_care():
    """Nothing found is no proof, and a shortcut below the limit is still shown."""
    low = SHORTCUT | {"auroc": {"value": 0.52, "low": 0.45, "high": 0.59, "confidence": 0.95}}
    page = read(build_audit_page(build([], shortcut=low, n_pictures=98)))
    assert "found nothing wrong. That is no proof" in page.text
    assert "No two films show the same picture." in page.text
    assert "give little of the label away (AUROC 0.52" in page.text
    assert "What each property gives away on its own" in page.text
    assert "osteon clean" not in page.text
    assert not page.faults


def test_features_are_drawn_on_an_axis_that_both_classes_share():
    """Numbers become boxes, kinds become shares, and what is unknown is left out."""
    bars = build_feature_bars(SHORTCUT["features"])
    assert [bar.name for bar in bars] == ["file size", "file format", "age"]
    size, container, age = bars
    assert size.fractured.box == (0.0, 25.0, 50.0)
    assert size.not_fractured.box == (50.0, 75.0, 100.0)
    assert size.fractured.told == "200 (100 to 300)"
    assert container.fractured.parts == ((0.0, 20.0), (20.0, 80.0))
    assert container.fractured.told == "png 80 %, jpeg 20 %"
    assert age.fractured is None


def test_a_box_is_drawn_where_it_stands():
    """Yellow on the film's edge of the box, and room beside the film for a box that leaves it."""
    film = hold_film(np.zeros((100, 100), np.uint8))
    inside = draw_boxes(film, [(20, 30, 60, 80)], long_side=100)
    yellow = np.argwhere(inside[:, :, 0] > 200)
    assert yellow.min(axis=0).tolist() == [30, 20]
    assert yellow.max(axis=0).tolist() == [80, 60]
    outside = draw_boxes(film, [(80, 30, 125, 80)], long_side=125)
    assert outside.shape == (100, 125, 3)
    assert outside[50, 110].tolist() == [52, 74, 104]
    assert outside[50, 50].tolist() == [0, 0, 0]


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


@pytest.mark.parametrize("size", [(1, 1), (16, 3000), (3000, 16), (1400, 1300)])
def test_a_film_of_any_shape_is_shown(size):
    """A film of one pixel, a strip and a large film all become small pictures."""
    film = hold_film(np.full(size, 90, np.uint8))
    assert max(draw_film(film).shape) == 240
    laid, shown = align_film(film, film, matrix=[[1, 0, 0], [0, 1, 0]], is_inverted=False)
    assert shown.all()
    assert abs(int(laid[laid.shape[0] // 2, laid.shape[1] // 2]) - 90) <= 1
    assert max(draw_boxes(film, [(0.0, 0.0, 1e9, 1e9)]).shape) == 240


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
