"""Every film is opened once, and no film stops the others."""

import hashlib
import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.dicoms import draw_values, encode_film

from osteon.collection.importers.listing import ListedFilm, Listing
from osteon.collection.inspection import inspect_film, inspect_films
from osteon.terms import ManifestRow


def draw(rows: int = 40, columns: int = 60, *, kind: str = "PNG", **how: object) -> bytes:
    grey = np.random.default_rng(7).integers(0, 256, (rows, columns), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, kind, **how)
    return file.getvalue()


def inspect(root: Path, **known: object) -> ManifestRow:
    film = ListedFilm(path="a.png", has_fracture=True, **known)
    return inspect_film(film, root=root, collection="here")


def test_a_film_gives_its_hash_and_size(tmp_path: Path):
    """What the layout says and what the file shows stand in one row."""
    data = draw()
    (tmp_path / "a.png").write_bytes(data)
    row = inspect(tmp_path, body_region=("hand",), age=9.0)
    sha256 = hashlib.sha256(data).hexdigest()
    assert row == ManifestRow(
        path="a.png",
        film_id=sha256[:16],
        sha256=sha256,
        rows=40,
        columns=60,
        has_fracture=True,
        collection="here",
        body_region=("hand",),
        age=9.0,
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"no picture at all", "must be a DICOM file, or a JPEG"),
        (draw(1, 1), "unsupported: "),
    ],
)
def test_a_film_that_cannot_be_used_is_unreadable_with_its_reason(
    tmp_path: Path, data: bytes, reason: str
):
    """Zero bytes, no picture, one pixel: the reason is told without the machine's folders."""
    (tmp_path / "a.png").write_bytes(data)
    row = inspect(tmp_path)
    assert (row.state, row.rows, row.columns) == ("unreadable", 0, 0)
    assert reason in str(row.state_reason)
    assert str(tmp_path) not in str(row.state_reason)
    assert row.sha256 == hashlib.sha256(data).hexdigest()


def test_a_truncated_film_keeps_the_size_its_header_claims(tmp_path: Path):
    """Half a file is truncated, and its size is the header's."""
    data = draw(200, 300, kind="JPEG")
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    row = inspect(tmp_path)
    assert (row.state, row.rows, row.columns) == ("truncated", 200, 300)
    assert row.state_reason


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_film_lying_on_its_side_has_its_upright_size(tmp_path: Path, *, is_cut: bool):
    """The EXIF orientation counts, whole or truncated, as for whoever annotated the film."""
    exif = Image.Exif()
    exif[274] = 6
    data = draw(200, 300, kind="JPEG", exif=exif)
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2] if is_cut else data)
    row = inspect(tmp_path)
    assert (row.rows, row.columns) == (300, 200)


def test_a_film_that_disappeared_is_unreadable(tmp_path: Path):
    """It has no hash: two films that are gone are not copies of each other."""
    row = inspect(tmp_path)
    assert (row.state, row.state_reason, row.sha256) == ("unreadable", "no such file", "")


def test_relative_boxes_become_pixels(tmp_path: Path):
    """A YOLO box takes the size of the film; without a size there is no box."""
    half = ((0.25, 0.0, 0.75, 0.5),)
    (tmp_path / "a.png").write_bytes(draw(40, 60))
    assert inspect(tmp_path, relative_boxes=half).boxes == ((15.0, 0.0, 45.0, 20.0),)
    (tmp_path / "a.png").unlink()
    assert inspect(tmp_path, relative_boxes=half).boxes == ()


def build_listing(root: Path, n_films: int) -> Listing:
    films = tuple(ListedFilm(path=f"{n:03}.png", has_fracture=True) for n in range(n_films))
    return Listing(layout="table", collection="here", root=root, films=films)


def test_one_bad_film_never_stops_the_others(tmp_path: Path):
    """Among good films a folder, a hole and an empty file are counted and named, in order."""
    listing = build_listing(tmp_path, 6)
    for name in ("000", "002", "005"):
        (tmp_path / f"{name}.png").write_bytes(draw())
    (tmp_path / "001.png").mkdir()
    (tmp_path / "003.png").write_bytes(b"")
    told: list[tuple[str, int, int]] = []
    rows = inspect_films(listing, progress=lambda *step: told.append(step))
    assert [row.path for row in rows] == [film.path for film in listing.films]
    assert [row.state == "readable" for row in rows] == [True, False, True, False, False, True]
    assert told == [("inspect", done, 6) for done in range(1, 7)]


def test_stopping_does_not_open_the_films_that_are_left(tmp_path: Path):
    """Ctrl-C ends the work at once, not after the last film."""
    listing = build_listing(tmp_path, 400)
    (tmp_path / "film").write_bytes(draw(1000, 1000))
    for film in listing.films:
        (tmp_path / film.path).hardlink_to(tmp_path / "film")

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    start = time.process_time()
    with pytest.raises(KeyboardInterrupt):
        inspect_films(listing, progress=stop)
    # All 400 take several seconds of processor time.
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize(("said", "aspect"), [({}, None), ({"PixelAspectRatio": ["3", "2"]}, 1.5)])
def test_pixels_that_are_not_square_are_known_of_an_imported_film(
    tmp_path: Path, said: dict[str, list[str]], aspect: float | None
):
    """Else its fractures would be drawn beside them where a network learns."""
    (tmp_path / "a.png").write_bytes(encode_film(draw_values(), **said))
    row = inspect(tmp_path)
    assert (row.rows, row.columns, row.pixel_aspect) == (40, 32, aspect)
