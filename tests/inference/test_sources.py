"""What may be handed in as a film, and what is a fault of the program."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from osteon.errors import NoFilms, UnsupportedRadiograph
from osteon.inference.sources import list_films, name_film, simplify_film

GREYS = np.arange(600, dtype=np.uint16).reshape(20, 30)
BYTES = (GREYS // 4).astype(np.uint8)


def simplify(film):
    return simplify_film(film, max_bytes=1000)


@pytest.mark.parametrize(
    "film",
    [
        GREYS,
        GREYS[..., np.newaxis],
        np.repeat(GREYS[..., np.newaxis], 3, axis=2),
        np.dstack([GREYS, GREYS, GREYS, np.full_like(GREYS, 65535)]),
        torch.from_numpy(GREYS.astype(np.int32)),
        torch.from_numpy(GREYS.astype(np.int32))[None],
        torch.from_numpy(GREYS.astype(np.int32)).expand(3, 20, 30),
        Image.fromarray(GREYS),
    ],
)
def test_greys_keep_their_depth_however_they_are_wrapped(film):
    """An array, a tensor or an image gives the same greys at full depth."""
    assert np.array_equal(simplify(film), GREYS)


def test_colours_become_luminance():
    """A film in colour is weighed as a file in colour is: ITU-R BT.601."""
    red = np.zeros((20, 30, 3), dtype=np.uint8)
    red[..., 0] = 200
    assert set(simplify(red).ravel()) == {60}  # 0.299 x 200 = 59.8


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_an_image_of_any_mode_gives_its_greys(mode):
    """PIL's modes differ in how they hold a film, not in what it shows."""
    image = Image.fromarray(BYTES).convert(mode)
    assert np.array_equal(simplify(image), BYTES)


def test_a_tensor_of_half_precision_is_taken():
    """NumPy has no bfloat16; the greys are those of the tensor all the same."""
    tensor = (torch.arange(600) / 1024).reshape(20, 30).to(torch.bfloat16)
    assert np.array_equal(simplify(tensor), tensor.float().numpy())


def test_an_open_file_is_read_to_its_end_and_no_further_than_allowed():
    """A file object gives its bytes; a stream without an end does not fill the memory."""
    assert simplify(io.BytesIO(b"x" * 999)) == b"x" * 999
    assert len(simplify(io.BytesIO(b"x" * 5000))) == 1001


@pytest.mark.parametrize(
    "thing",
    [
        None,
        3,
        ["a.jpg"],
        {"film": "a.jpg"},
        io.StringIO("text"),
        object(),
        GREYS.astype(object),
        GREYS[np.newaxis, np.newaxis],
        np.zeros((20, 30, 2)),
        torch.zeros(1, 1, 20, 30),
    ],
)
def test_what_is_no_film_is_a_type_error(thing):
    """A program that hands in the wrong thing hears of it, instead of reading nothing for ever."""
    with pytest.raises(TypeError, match="a film must be a path, bytes"):
        simplify(thing)


def test_a_film_that_is_transparent_in_places_is_refused():
    """Nothing says what shows through."""
    clear = np.dstack([BYTES, BYTES, BYTES, BYTES])
    with pytest.raises(UnsupportedRadiograph, match="opaque") as fault:
        simplify(clear)
    assert fault.value.code == "transparent"


def test_each_kind_has_a_name():
    """A reading says where its film came from."""
    films = ("a.png", b"x", GREYS, Image.fromarray(GREYS), torch.zeros(2, 2), io.BytesIO())
    assert [name_film(f) for f in films] == ["a.png", "bytes", "array", "image", "tensor", "file"]


def test_a_folder_and_a_pattern_name_many_films(tmp_path):
    """`read_many` takes a folder whole and a pattern as a shell would."""
    for name in ("b.png", "a.png", "c.tif"):
        Image.fromarray(BYTES).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("none", encoding="utf-8")
    assert [path.name for path in list_films(tmp_path)] == ["a.png", "b.png", "c.tif"]
    assert [path.name for path in list_films(str(tmp_path / "*.png"))] == ["a.png", "b.png"]
    assert list_films(tmp_path / "a.png") == [tmp_path / "a.png"]
    with pytest.raises(NoFilms):
        list_films(str(tmp_path / "*.bmp"))


@pytest.mark.parametrize("thing", [b"x", GREYS, Image.fromarray(GREYS), None, 3])
def test_one_film_is_not_many(thing):
    """A film handed to `read_many` would be taken apart into bytes or rows."""
    with pytest.raises(TypeError, match="read_many takes"):
        list_films(thing)


def test_an_image_that_nobody_decoded_is_read_as_its_file(tmp_path):
    """Pillow would make up what a damaged file lacks: the bytes are looked at instead."""
    buffer = io.BytesIO()
    Image.fromarray(BYTES).save(buffer, "PNG")
    image = Image.open(io.BytesIO(buffer.getvalue()))
    assert simplify_film(image, max_bytes=1_000_000) == buffer.getvalue()
    image.load()
    assert np.array_equal(simplify(image), BYTES)


def test_a_masked_array_is_read_only_where_nothing_is_masked():
    """What a mask hides is no grey, and arithmetic would leave it as it was."""
    grey = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    whole = simplify(np.ma.masked_array(grey))
    assert type(whole) is np.ndarray
    np.testing.assert_array_equal(whole, grey)
    with pytest.raises(UnsupportedRadiograph) as fault:
        simplify(np.ma.masked_less(grey, 5))
    assert fault.value.code == "masked"
