"""COCO and YOLO say where fractures are; what cannot be a place is dropped, counted and named."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from tests.films import draw_film, write_film

from osteon.collection.importers import find_films
from osteon.collection.importers.listing import ListedFilm, Listing
from osteon.errors import LayoutFault
from osteon.jobs.import_ import import_films

BOX = [10, 20, 30, 40]
IMAGE = {"id": 1, "file_name": "1.jpg", "width": 100, "height": 200}


class Atlas:
    """A small FracAtlas: films 1 and 2 are fractured, film 3 is not."""

    def __init__(self, home: Path, *names: str) -> None:
        self.home = home
        self.names = names or ("Fractured/1.jpg", "Fractured/2.jpg", "Non_fractured/3.jpg")
        rows = ["image_id,hand,fractured"]
        for name in self.names:
            write_film(home / "images" / name, draw_film(1))
            rows.append(f"{name.rpartition('/')[2]},1,{int(name.startswith('F'))}")
        (home / "dataset.csv").write_text("\n".join(rows), encoding="utf-8")

    def coco(self, *shapes: dict[str, Any], images: Any = (IMAGE,), **rest: Any) -> "Atlas":
        annotations = [{"image_id": 1, "category_id": 0, "bbox": BOX} | own for own in shapes]
        return self.write_coco({"images": list(images), "annotations": annotations} | rest)

    def write_coco(self, content: Any, *, name: str = "c.json") -> "Atlas":
        folder = self.home / "Annotations" / "COCO JSON"
        folder.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name).write_bytes(data)
        return self

    def yolo(self, text: str, *, name: str = "1.txt") -> "Atlas":
        folder = self.home / "Annotations" / "YOLO"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        return self

    def list(self, **options: Any) -> Listing:
        return find_films(self.home, **options)

    def film(self, name: str = "1.jpg", **options: Any) -> ListedFilm:
        return next(own for own in self.list(**options).films if own.path.endswith(f"/{name}"))

    def remarks(self) -> dict[str, tuple[int, tuple[str, ...]]]:
        found = self.list().remarks
        return {f"{one.noun} {one.what}": (one.n, one.examples) for one in found}


@pytest.fixture
def atlas(tmp_path: Path) -> Atlas:
    """Three films without annotations."""
    return Atlas(tmp_path / "atlas")


@pytest.mark.parametrize(
    "name",
    [
        "images\\1.jpg",
        "C:\\fakepath\\1.jpg",
        "/data/upload/7/0a1b2c3d-1.jpg",
        "https://host/data/local-files/?d=films/1.jpg",
        "Fractured/1.jpg",
    ],
)
def test_a_film_is_known_by_the_last_part_of_its_name(atlas: Atlas, name: str):
    """Whatever folder an annotation program put before it."""
    film = atlas.coco({}, images=[IMAGE | {"file_name": name}]).film()
    assert film.boxes == ((10.0, 20.0, 40.0, 60.0),)
    assert atlas.remarks() == {}


def test_films_in_another_unicode_form_keep_their_annotations(tmp_path: Path):
    """Table, COCO and YOLO in NFC, files in NFD."""
    nfc, nfd = (unicodedata.normalize(form, "Füße") for form in ("NFC", "NFD"))
    names = (f"Fractured/{nfd}1.jpg", f"Fractured/{nfd}2.jpg", "Non_fractured/3.jpg")
    atlas = Atlas(tmp_path / "atlas", *names)
    text = f"image_id,hand,fractured\n{nfc}1.jpg,1,1\n{nfc}2.jpg,0,1\n3.jpg,0,0\n"
    (atlas.home / "dataset.csv").write_text(text, encoding="utf-8")
    atlas.coco({}, images=[IMAGE | {"file_name": f"{nfc}1.jpg"}])
    atlas.yolo("0 0.5 0.5 0.2 0.2", name=f"{nfc}2.txt")
    assert atlas.film(f"{nfd}1.jpg").boxes
    assert atlas.film(f"{nfd}1.jpg").body_region == ("hand",)
    assert atlas.film(f"{nfd}2.jpg").relative_boxes
    assert atlas.remarks() == {}


def test_annotations_of_films_that_are_not_here_are_counted_and_named(atlas: Atlas):
    """Images without annotations, and empty YOLO files, are no loss and no remark."""
    images = [IMAGE, IMAGE | {"id": 2, "file_name": "7.jpg"}, {"id": 3, "file_name": "8.jpg"}]
    atlas.coco({}, {"image_id": 2}, {"image_id": 2}, {"image_id": 99}, images=images)
    atlas.yolo("0 0.5 0.5 0.1 0.1\n", name="9.txt").yolo("\n", name="10.txt")
    with (atlas.home / "dataset.csv").open("a") as file:
        file.write("\n11.jpg,1,1\n12.jpg,1,0\n")
    assert atlas.remarks() == {
        "row of dataset.csv left out: no film here is called so": (2, ("11.jpg", "12.jpg")),
        "annotation of c.json dropped: it belongs to no image of its file": (1, ("image_id 99",)),
        "annotated image of c.json left out: no film here is called so": (1, ("7.jpg",)),
        "YOLO file left out: no film here is called so": (1, ("9.txt",)),
    }


@pytest.mark.parametrize("paper", ["coco", "yolo", "table"])
def test_a_name_that_two_films_have_is_refused(tmp_path: Path, paper: str):
    """Nobody guesses which of them was annotated."""
    atlas = Atlas(tmp_path / "atlas", "Fractured/1.jpg", "Non_fractured/1.jpg")
    if paper != "table":
        (atlas.home / "dataset.csv").write_text("image_id,fractured\n")
    if paper == "coco":
        atlas.coco({})
    if paper == "yolo":
        atlas.yolo("0 0.5 0.5 0.1 0.1")
    with pytest.raises(LayoutFault, match="must fit one film"):
        atlas.list()
    if paper == "coco":
        atlas.coco({}, images=[IMAGE | {"file_name": "x\\Non_fractured\\1.jpg"}])
        boxed = [film.path for film in atlas.list().films if film.boxes]
        assert boxed == ["images/Non_fractured/1.jpg"]


@pytest.mark.parametrize(
    "bbox",
    [
        [9.98, 100.5, 5.54, 0.0],
        [10, 20, 0, 40],
        [50, 60, -30, 40],
        [10, 20, float("nan"), 40],
        [10, 20, float("inf"), 40],
        [10, 20, 30],
        ["10", "20", "30", "40"],
        "10 20 30 40",
        None,
        [],
        {},
    ],
)
def test_a_box_without_an_area_is_dropped_and_named(atlas: Atlas, bbox: object):
    """The import goes on, and the film keeps its other box."""
    atlas.coco({}, {"bbox": bbox, "segmentation": [[9, 100, 15, 100, 15, 100]]})
    film = atlas.film()
    assert (film.boxes, film.polygons) == (((10.0, 20.0, 40.0, 60.0),), ())
    what = "annotation of c.json dropped: its box has no area, or is no four numbers"
    assert atlas.remarks() == {what: (1, ("1.jpg",))}


@pytest.mark.parametrize("bbox", [[100, 20, 5, 5], [10, 200, 5, 5], [-9, 20, 9, 5], [5, -8, 9, 3]])
def test_a_box_beside_the_film_is_dropped_and_named(atlas: Atlas, bbox: list[float]):
    """It is nowhere in the picture; one that leaves the film in part is for the audit to see."""
    atlas.coco({"bbox": bbox}, {"bbox": [90, 190, 30, 30]})
    assert atlas.film().boxes == ((90.0, 190.0, 120.0, 220.0),)
    what = "annotation of c.json dropped: its box lies wholly outside the film"
    assert atlas.remarks() == {what: (1, ("1.jpg",))}


@pytest.mark.parametrize(
    ("segmentation", "outlines", "n_remarks"),
    [
        ([[10, 20, 40, 20, 40, 60]], 1, 0),
        ([10, 20, 40, 20, 40, 60], 1, 0),
        ([[10, 20, 40, 20, 40, 60], [1, 1, 2, 1, 2, 2]], 2, 0),
        ({"counts": [1, 2, 3], "size": [200, 100]}, 0, 0),
        ({"counts": "PYh1", "size": [200, 100]}, 0, 0),
        ([], 0, 0),
        (None, 0, 0),
        ([[10, 20, 40, 20]], 0, 1),
        ([[10, 20, 40, 20, 40]], 0, 1),
        ([[10, 20, 20, 20, 40, 20]], 0, 1),
        ([[10, 20, 40, "x", 40, 60]], 0, 1),
        (["10", "20"], 0, 1),
    ],
)
def test_a_box_is_kept_whatever_its_outline(
    atlas: Atlas, segmentation: object, outlines: int, n_remarks: int
):
    """Rings, run lengths of a crowd, nothing, and rings that enclose nothing."""
    atlas.coco({"segmentation": segmentation, "iscrowd": int(isinstance(segmentation, dict))})
    film = atlas.film()
    assert film.boxes == ((10.0, 20.0, 40.0, 60.0),)
    assert len(film.polygons) == outlines
    assert len(atlas.remarks()) == n_remarks


@pytest.mark.parametrize("bbox", [None, []])
def test_an_outline_without_a_box_has_the_one_around_it(atlas: Atlas, bbox: object):
    """COCO's own masks are sometimes written without."""
    atlas.coco({"bbox": bbox, "segmentation": [[10, 20, 40, 20, 40, 60]]})
    assert atlas.film().boxes == ((10.0, 20.0, 40.0, 60.0),)


def test_of_several_categories_only_fractures_count(atlas: Atlas):
    """Metal is no fracture; what was left out is counted by its name."""
    categories = [{"id": 0, "name": "metal"}, {"id": 1, "name": "Fracture"}]
    atlas.coco({"bbox": [1, 1, 5, 5]}, {"category_id": 1}, categories=categories)
    assert atlas.film().boxes == ((10.0, 20.0, 40.0, 60.0),)
    what = "annotation of c.json left out: its category is 'metal', no fracture"
    assert atlas.remarks() == {what: (1, ("1.jpg",))}


def test_several_categories_without_a_fracture_are_refused(atlas: Atlas):
    """Unless the person says which of them is one; a single category is the collection's own."""
    categories = [{"id": 0, "name": "Riss"}, {"id": 1, "name": "Metall"}]
    atlas.coco({}, {"category_id": 1}, categories=categories)
    with pytest.raises(LayoutFault, match="--positive"):
        atlas.list()
    assert len(atlas.film(positive=["Riss"]).boxes) == 1
    atlas.coco({}, categories=[{"id": 0, "name": "Riss"}])
    assert len(atlas.film().boxes) == 1
    what = "annotation of c.json taken for a fracture: the one category there is called 'Riss'"
    assert atlas.remarks() == {what: (1, ("image_id 1",))}
    atlas.coco({}, categories=[{"id": 0, "name": "fracture"}])
    assert atlas.remarks() == {}
    atlas.coco({}, categories=[{"id": 0, "name": "normal"}])
    assert atlas.film().boxes == ()


def test_one_id_of_two_images_is_refused(atlas: Atlas):
    """Nothing says whose the annotations are; the same image twice is one."""
    with pytest.raises(LayoutFault, match="must be of one image"):
        atlas.coco({}, images=[IMAGE, IMAGE | {"file_name": "3.jpg"}]).list()
    assert len(atlas.coco({}, images=[IMAGE, IMAGE]).film().boxes) == 1


@pytest.mark.parametrize("bbox", [[10**400, 5, 5, 5], [5, 5, 10**400, 5], [1e300, 5, 1e300, 5]])
def test_numbers_beyond_any_film_are_dropped(atlas: Atlas, bbox: list[float]):
    """JSON's whole numbers have no end."""
    assert atlas.coco({"bbox": bbox}).film().boxes == ()
    assert len(atlas.remarks()) == 1


def test_a_file_that_nests_without_end_is_refused(atlas: Atlas):
    """It is no COCO, and no reason to stop with a trace."""
    with pytest.raises(LayoutFault, match="must be COCO's JSON"):
        atlas.write_coco(b"[" * 100_000).list()


def test_no_annotations_leave_the_size_and_the_word_to_yolo(atlas: Atlas):
    """An empty list is no fault; ids may be text."""
    atlas.coco().yolo("0 0.5 0.5 0.2 0.1")
    film = atlas.film()
    assert (film.annotation_rows, film.annotation_columns) == (200, 100)
    assert film.relative_boxes == ((0.4, 0.45, 0.6, 0.55),)
    assert len(atlas.coco({"image_id": "1"}).film().boxes) == 1


def test_sizes_that_are_no_sizes_are_not_taken(atlas: Atlas):
    """A height of nothing, or of text, says nothing about the film."""
    for height in (0, -3, "tall", None, 1.5, True):
        film = atlas.coco({}, images=[IMAGE | {"height": height}]).film()
        assert (film.annotation_rows, film.annotation_columns) == (None, 100)


def test_two_files_about_one_film_are_put_together(atlas: Atlas):
    """The second does not take the place of the first; what both say is said once."""
    atlas.coco({}, images=[IMAGE, IMAGE | {"id": 2}])
    own = {"image_id": 1, "bbox": [1, 2, 3, 4]}
    shapes = [own, {"image_id": 1, "bbox": BOX}]
    atlas.write_coco({"images": [IMAGE], "annotations": shapes}, name="d.json")
    assert atlas.film().boxes == ((10.0, 20.0, 40.0, 60.0), (1.0, 2.0, 4.0, 6.0))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_coco_may_be_in_any_unicode(atlas: Atlas, encoding: str):
    """JSON says itself what it is written in."""
    content = {"images": [IMAGE], "annotations": [{"image_id": 1, "bbox": BOX}]}
    assert atlas.write_coco(json.dumps(content).encode(encoding)).film().boxes


@pytest.mark.parametrize(
    ("line", "boxes", "n_remarks"),
    [
        ("0 0.5 0.5 0.2 0.1", ((0.4, 0.45, 0.6, 0.55),), 0),
        ("0\t0.5  0.5 0.2 0.1\r", ((0.4, 0.45, 0.6, 0.55),), 0),
        ("0 0.5 0.5 0.2 0.1 0.93", ((0.4, 0.45, 0.6, 0.55),), 1),
        ("0 0.1 0.1 0.3 0.1 0.3 0.4", ((0.1, 0.1, 0.3, 0.4),), 0),
        ("0 0.1 0.1 0.3 0.1 0.3 0.4 0.88", ((0.1, 0.1, 0.3, 0.4),), 1),
        ("0 0.995 0.5 0.02 0.1", ((0.985, 0.45, 1.0, 0.55),), 0),
        ("0 0.9 0.5 0.4 0.1", ((0.7, 0.45, 1.1, 0.55),), 0),
        ("0", (), 1),
        ("0 0.5 0.5", (), 1),
        ("0 0.5 0.5 nan 0.1", (), 1),
        ("0 0.5 0.5 0 0.1", (), 1),
        ("0 0.5 0.5 -0.1 0.1", (), 1),
        ("0 1.2 0.5 0.1 0.1", (), 1),
        ("0 120 80 40 30", (), 1),
        ("0 0.1 0.1 0.3 0.1 0.2 0.1", (), 1),
        ("0 1.1 0.1 1.3 0.1 1.3 0.4", (), 1),
        ("bone 0.5 0.5 0.2 0.1", (), 1),
        ("0 0.5 0.5 0,2 0.1", (), 1),
        ("", (), 0),
    ],
)
def test_a_line_of_yolo_is_a_box_an_outline_or_named(
    atlas: Atlas, line: str, boxes: tuple[Any, ...], n_remarks: int
):
    """Confidences, polygons, class ids alone, pixels in place of shares."""
    atlas.yolo(f"{line}\n\n")
    assert [pytest.approx(box) for box in boxes] == list(atlas.film().relative_boxes)
    assert len(atlas.remarks()) == n_remarks
    assert all(examples == ("1.txt, line 1",) for _, examples in atlas.remarks().values())


def test_an_outline_of_yolo_arrives_in_pixels(atlas: Atlas):
    """Shares of the film as it was opened."""
    atlas.yolo("0 0.1 0.1 0.5 0.1 0.5 0.5")
    row = next(r for r in import_films(atlas.home).manifest.rows if r.path.endswith("/1.jpg"))
    assert (row.rows, row.columns) == (240, 200)
    assert row.boxes == (pytest.approx((20.0, 24.0, 100.0, 120.0)),)
    assert row.polygons == (tuple(map(pytest.approx, ((20, 24), (100, 24), (100, 120)))),)


def test_of_several_classes_of_yolo_only_fractures_count(atlas: Atlas):
    """`classes.txt` says which; without it, two classes are refused."""
    atlas.yolo("0 0.5 0.5 0.2 0.1\n1 0.2 0.2 0.1 0.1\n")
    with pytest.raises(LayoutFault, match=r"classes\.txt"):
        atlas.list()
    atlas.yolo("metal\nfracture\n", name="classes.txt")
    assert atlas.film().relative_boxes == (pytest.approx((0.15, 0.15, 0.25, 0.25)),)
    what = "line of YOLO left out: its class is 'metal', no fracture"
    assert atlas.remarks() == {what: (1, ("1.txt, line 1",))}


def test_the_import_tells_what_it_left_out(atlas: Atlas):
    """The summary, and so its JSON, has every remark with its count and first places."""
    atlas.coco({"bbox": [1, 1, 0, 0]}, {"bbox": [2, 2, 0, 0]})
    (remark,) = import_films(atlas.home).summary.remarks
    assert (remark.n, remark.noun, remark.examples) == (2, "annotation", ("1.jpg", "1.jpg"))
