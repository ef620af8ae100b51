"""An audit's flaws, a page made from them, and a reader of it, with films that are drawn here."""

import base64
import io
import math
import re
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from osteon.collection.flaws import AuditSummary, RuleCount
from osteon.reports.pages.audit.page import AuditPage
from tests import rows

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
    advice = f"What to do about {rule}: see `osteon clean`."
    return rows.flaw(rule, *films, advice=advice, **evidence)


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
        flaw("torn", ["a.png"], reason="must be whole; found one block, repeated 99 times"),
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
