"""FracAtlas is read with everything its folders, table and annotations say."""

import json
import shutil
from pathlib import Path

import pytest

from osteon.collection.importers import find_films
from osteon.collection.importers.listing import ListedFilm
from osteon.errors import AmbiguousLayout, LayoutFault

HEADER = (
    "image_id,hand,leg,hip,shoulder,mixed,hardware,multiscan,"
    "fractured,fracture_count,frontal,lateral,oblique"
)


@pytest.fixture
def atlas(tmp_path: Path) -> Path:
    """A FracAtlas of four films."""
    home = tmp_path / "up" / "FracAtlas"
    for name in (
        "Fractured/1.jpg",
        "Fractured/2.jpg",
        "Non_fractured/3.jpg",
        "Non_fractured/4.jpg",
    ):
        (home / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "images" / name).write_bytes(b"film")
    (home / "dataset.csv").write_text(
        f"{HEADER}\n"
        "1.jpg,1,0,0,1,1,0,1,1,1,1,1,0\n"
        "2.jpg,0,1,0,0,0,1,0,0,1,0,0,1\n"
        "3.jpg,0,0,0,0,1,0,0,0,0,0,0,0\n"
    )
    coco = home / "Annotations" / "COCO JSON" / "masks.json"
    coco.parent.mkdir(parents=True)
    coco.write_text(
        json.dumps(
            {
                "images": [{"id": 9, "file_name": "1.jpg", "width": 200, "height": 300}],
                "annotations": [
                    {
                        "image_id": 9,
                        "bbox": [10, 20, 30, 40],
                        "segmentation": [[10, 20, 40, 20, 40, 60]],
                    },
                    {"image_id": 9, "bbox": [0, 0, 5, 5], "segmentation": {"counts": [1]}},
                ],
            }
        )
    )
    yolo = home / "Annotations" / "YOLO"
    yolo.mkdir()
    (yolo / "1.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (yolo / "2.txt").write_text("0 0.5 0.25 0.5 0.5\n\n")
    (yolo / "3.txt").write_text("")
    split = home / "Utilities" / "Fracture Split"
    split.mkdir(parents=True)
    (split / "train.csv").write_text("image_id\n1.jpg\n")
    (split / "valid.csv").write_text("image_id\n2.jpg\n")
    (split / "test.csv").write_text("image_id\n")
    return home


def listed(root: Path) -> dict[str, ListedFilm]:
    return {film.path.rpartition("/")[2]: film for film in find_films(root).films}


def test_a_film_carries_all_that_is_known(atlas: Path):
    """Regions, views, hardware, COCO shapes in pixels, the size they claim, and the split."""
    film = listed(atlas)["1.jpg"]
    assert film == ListedFilm(
        path="images/Fractured/1.jpg",
        has_fracture=True,
        has_fracture_in_table=True,
        published_split="train",
        body_region=("hand", "shoulder"),
        view=("frontal", "lateral"),
        hardware=False,
        boxes=((10.0, 20.0, 40.0, 60.0), (0.0, 0.0, 5.0, 5.0)),
        polygons=(((10.0, 20.0), (40.0, 20.0), (40.0, 60.0)),),
        annotation_rows=300,
        annotation_columns=200,
    )


def test_yolo_serves_where_coco_is_silent(atlas: Path):
    """A film that COCO lacks keeps its YOLO box as shares of its size."""
    film = listed(atlas)["2.jpg"]
    assert film.relative_boxes == ((0.25, 0.0, 0.75, 0.5),)
    assert (film.boxes, film.annotation_rows, film.published_split) == ((), None, "tune")


def test_the_folder_holds_where_the_table_disagrees(atlas: Path):
    """2.jpg lies among the fractured; the table's contrary word is kept for the audit."""
    film = listed(atlas)["2.jpg"]
    assert (film.has_fracture, film.has_fracture_in_table) == (True, False)


def test_a_film_the_table_lacks_is_listed_all_the_same(atlas: Path):
    """Its folder is enough; `mixed` stands where no column names a region."""
    films = listed(atlas)
    assert films["4.jpg"].has_fracture is False
    assert films["4.jpg"].has_fracture_in_table is None
    assert films["4.jpg"].body_region == ()
    assert films["3.jpg"].body_region == ("mixed",)


def test_fracatlas_is_found_below_wrappers_and_its_papers_are_not_strangers(atlas: Path):
    """Paths keep the wrappers; tables and annotations are no "other files"."""
    (atlas / "notes.txt").write_text("")
    (atlas / "Utilities" / "example.png").write_bytes(b"")
    listing = find_films(atlas.parents[1])
    assert listing.layout == "FracAtlas"
    assert listing.films[0].path == "up/FracAtlas/images/Fractured/1.jpg"
    assert listing.n_other_files == 1
    assert [film.path for film in listing.set_aside] == ["up/FracAtlas/Utilities/example.png"]


def test_two_of_them_are_one_too_many(atlas: Path):
    """Two collections in one folder are ambiguous."""
    shutil.copytree(atlas, atlas.with_name("again"))
    with pytest.raises(AmbiguousLayout, match="FracAtlas in `FracAtlas` and FracAtlas in `again`"):
        find_films(atlas.parent)


@pytest.mark.parametrize(
    ("path", "text", "place"),
    [
        ("dataset.csv", f"{HEADER}\n1.jpg,2,0,0,0,0,0,0,0,0,0,0,0\n", "row 1, column hand"),
        ("dataset.csv", "image_id,hand\n1.jpg,1\n", "must have the columns"),
        ("dataset.csv", "", "must be a CSV"),
        ("Annotations/COCO JSON/masks.json", "{", r"masks\.json"),
        ("Annotations/COCO JSON/masks.json", '{"images": []}', r"masks\.json"),
    ],
)
def test_broken_papers_are_named(atlas: Path, path: str, text: str, place: str):
    """A fault names the file, and the row or line where there is one."""
    (atlas / path).write_text(text)
    with pytest.raises(LayoutFault, match=place):
        find_films(atlas)


@pytest.mark.shared
def test_the_real_fracatlas(shared: Path):
    """3,682 films, 656 of them fractured and outlined, 574 to train and 82 to tune."""
    listing = find_films(shared / "fracatlas")
    assert len(listing.films) == 3682
    fractured = [film for film in listing.films if film.has_fracture]
    assert len(fractured) == 656
    assert all(film.polygons and film.annotation_rows for film in fractured)
    splits = [film.published_split for film in listing.films]
    assert (splits.count("train"), splits.count("tune"), splits.count("test")) == (574, 82, 0)
