import io
import struct
import warnings
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from osteon.errors import FilmFault, TornFilm, TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import read_film
from osteon.radiographs.raster import FILM_SUFFIXES, decode_raster


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    pixels = draw_phantom(3, has_fracture=True, rows=96, columns=64).radiograph.pixels
    return np.rint(pixels * 255).astype(np.uint8)


def encode(image: Image.Image, container: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, container, **options)
    return file.getvalue()


def bytes_of(grey: np.ndarray) -> np.ndarray:
    return np.rint(grey * 255).astype(np.uint8)


@pytest.mark.parametrize("container", ["PNG", "TIFF", "BMP", "GIF"])
def test_grey_film_is_read_as_it_is(container, film, tmp_path):
    """An 8-bit grey film keeps every grey level, float32 in [0, 1], in any lossless container."""
    path = tmp_path / "film"
    path.write_bytes(encode(Image.fromarray(film), container))
    radiograph = read_film(path)
    assert radiograph.pixels.dtype == np.float32
    assert radiograph.source == str(path)
    assert (radiograph.rows, radiograph.columns) == film.shape
    np.testing.assert_array_equal(bytes_of(radiograph.pixels), film)


def test_content_counts_not_the_name(film, tmp_path):
    """A one-frame GIF named .jpg is read as the GIF it is."""
    path = tmp_path / "film.jpg"
    path.write_bytes(encode(Image.fromarray(film), "GIF"))
    np.testing.assert_array_equal(bytes_of(read_film(path).pixels), film)


def test_colour_becomes_luminance_and_never_the_first_channel():
    """Pure red, green and blue become their share of BT.601 luminance."""
    colour = np.zeros((16, 48, 3), np.uint8)
    for k in range(3):
        colour[:, 16 * k : 16 * (k + 1), k] = 255
    pixels = decode_raster(encode(Image.fromarray(colour), "PNG"), source="f").pixels
    np.testing.assert_allclose(pixels[0, [8, 24, 40]], [0.299, 0.587, 0.114], atol=0.003)


def test_colour_jpeg_is_read_through_the_same_luminance(film):
    """Decoding only a JPEG's luma gives what decoding its colours and weighing them gives."""
    data = encode(Image.merge("RGB", [Image.fromarray(film)] * 3), "JPEG", quality=90)
    weighed = np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)
    assert np.abs(bytes_of(decode_raster(data, source="f").pixels) - weighed).max() <= 1


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_that_is_alike_everywhere_says_nothing(mode):
    """A white film that is half transparent everywhere is white: its colours are read."""
    image = Image.new(mode, (20, 20), (255, 128) if mode == "LA" else (255, 255, 255, 128))
    np.testing.assert_array_equal(decode_raster(encode(image, "PNG"), source="f").pixels, 1.0)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_in_places_is_laid_over_black(mode):
    """A white film whose left half is clear is black there."""
    clear, solid = 0, 255
    colour = (255,) if mode == "LA" else (255, 255, 255)
    image = Image.new(mode, (20, 20), (*colour, solid))
    image.paste((*colour, clear), (0, 0, 10, 20))
    pixels = decode_raster(encode(image, "PNG"), source="f").pixels
    assert (pixels[:, :10].max(), pixels[:, 10:].min()) == (0.0, 1.0)


def test_palette_film_is_read_through_its_palette(film):
    """A palette that stores greys upside down still shows the film."""
    image = Image.fromarray(255 - film).convert("P")
    image.putpalette([level for k in range(256) for level in (255 - k,) * 3])
    pixels = decode_raster(encode(image, "PNG"), source="f").pixels
    np.testing.assert_array_equal(bytes_of(pixels), film)


def test_palette_with_transparency_is_read_without_a_warning(film):
    """A palette film with a transparent entry shows that entry black, and says nothing."""
    image = Image.fromarray(film).convert("P")
    image.putpalette([level for k in range(256) for level in (k,) * 3])
    transparent = bytes([0 if k > 100 else 255 for k in range(256)])
    pixels = decode_raster(encode(image, "PNG", transparency=transparent), source="f").pixels
    np.testing.assert_array_equal(bytes_of(pixels), np.where(film > 100, 0, film))


def test_one_bit_is_no_film_and_ink_is_dark():
    """A picture of black and white alone is not read; ink in a CMYK film is dark."""
    bits = Image.fromarray((np.indices((20, 20)).sum(0) % 2 * 255).astype(np.uint8)).convert("1")
    with pytest.raises(UnsupportedRadiograph, match="4 bits at least"):
        decode_raster(encode(bits, "PNG"), source="f")
    ink = Image.new("CMYK", (32, 16), (0, 0, 0, 0))
    ink.paste((0, 0, 0, 255), (16, 0, 32, 16))
    for container in ("TIFF", "JPEG"):
        pixels = decode_raster(encode(ink, container), source="f").pixels
        assert pixels[8, 4] > 0.97
        assert pixels[8, 28] < 0.03


@pytest.mark.parametrize("container", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_deep_film_is_scaled_by_the_bits_it_uses(container, bits):
    """A 12-bit film in a 16-bit file spans black to white, and keeps its steps."""
    ramp = np.linspace(0, 2**bits - 1, 32 * 32).astype(np.uint16).reshape(32, 32)
    pixels = decode_raster(encode(Image.fromarray(ramp), container), source="f").pixels
    np.testing.assert_allclose(pixels, ramp / (2**bits - 1), atol=1e-6)


def test_deep_film_whose_zero_is_white_is_turned_round():
    """A 16-bit TIFF that says WhiteIsZero is shown with white where it stores 0."""
    ramp = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    data = encode(Image.fromarray(ramp), "TIFF", tiffinfo={262: 0})
    pixels = decode_raster(data, source="f").pixels
    assert pixels[0, 0] == 1.0
    assert pixels[-1, -1] == 0.0


def test_float_film_is_kept_within_the_unit_and_refused_beyond():
    """A floating-point film in [0, 1] is itself; one that says nothing about white is refused."""
    ramp = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    kept = decode_raster(encode(Image.fromarray(ramp), "TIFF"), source="f")
    np.testing.assert_array_equal(kept.pixels, ramp)
    for beyond in (ramp * 300, ramp - 0.5, np.where(ramp > 0.5, np.nan, ramp)):
        data = encode(Image.fromarray(beyond.astype(np.float32)), "TIFF")
        with pytest.raises(UnsupportedRadiograph, match="within"):
            decode_raster(data, source="f")


def test_negative_greys_are_refused():
    """A film in Hounsfield-like units has no black, so it is refused."""
    signed = np.linspace(-1000, 3000, 400).astype(np.int32).reshape(20, 20)
    with pytest.raises(UnsupportedRadiograph, match="negative"):
        decode_raster(encode(Image.fromarray(signed), "TIFF"), source="f")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation, film):
    """A film stored on its side stands as every viewer shows it."""
    turns: dict[int, Callable] = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(np.transpose(a), 2),
        8: lambda a: np.rot90(a, 1),
    }
    exif = Image.Exif()
    exif[0x112] = orientation
    data = encode(Image.fromarray(film), "PNG", exif=exif)
    radiograph = decode_raster(data, source="f")
    np.testing.assert_array_equal(bytes_of(radiograph.pixels), turns[orientation](film))
    assert radiograph.pixels.flags.c_contiguous


@pytest.mark.parametrize("container", ["TIFF", "GIF"])
def test_several_frames_are_refused(container, film):
    """A file with two frames is refused: nothing says which one is the film."""
    second = [Image.fromarray(255 - film)]
    data = encode(Image.fromarray(film), container, save_all=True, append_images=second)
    with pytest.raises(UnsupportedRadiograph, match="one picture"):
        decode_raster(data, source="f")


def test_a_picture_too_small_to_show_a_bone_is_refused():
    """A 1 x 1 file and a strip are refused with their size."""
    for size in ((1, 1), (400, 15)):
        with pytest.raises(UnsupportedRadiograph, match=f"{size[0]} x {size[1]}"):
            decode_raster(encode(Image.new("L", size), "PNG"), source="f")


def test_a_huge_film_is_refused_from_its_header_alone():
    """A 20,000 x 20,000 film is refused before decoding, without a warning from the decoder."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header
    data += struct.pack(">I", zlib.crc32(header)) + struct.pack(">I", 99) + b"IDAT"
    with pytest.raises(UnsupportedRadiograph, match="20000 x 20000"):
        decode_raster(data, source="f")


def test_what_is_no_picture_is_unreadable(tmp_path):
    """An empty file, a text file, a missing file and a folder are unreadable, each in words."""
    cases = {
        "empty.png": (b"", "an empty file"),
        "text.jpg": (b"[.ShellClassInfo]", "starts with"),
        "cut.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIH", "header"),
    }
    for name, (data, words) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableFilm, match=words):
            read_film(tmp_path / name)
    with pytest.raises(UnreadableFilm, match="no such file"):
        read_film(tmp_path / "gone.png")
    with pytest.raises(UnreadableFilm, match="folder"):
        read_film(tmp_path)


def test_a_file_larger_than_any_film_is_not_even_opened(tmp_path):
    """A file with more bytes than the largest film could need is refused by its size."""
    path = tmp_path / "film.png"
    with path.open("wb") as file:
        file.truncate(3_000_000)
    with pytest.raises(UnsupportedRadiograph, match="3,000,000 bytes"):
        read_film(path, max_pixels=100_000)


@pytest.mark.parametrize("container", ["PNG", "TIFF", "BMP", "GIF", "JPEG"])
def test_a_cut_film_is_truncated_and_never_padded(container, film):
    """A film cut at two thirds is truncated, in every container."""
    options = {"compression": "raw"} if container == "TIFF" else {}
    data = encode(Image.fromarray(film), container, **options)
    if container == "TIFF":  # its directory stands at the start only here
        assert int.from_bytes(data[4:8], "little") == 8
    with pytest.raises(TruncatedFilm, match="whole picture"):
        decode_raster(data[: len(data) * 2 // 3], source="f")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_a_jpeg_without_its_end_marker_is_truncated(options, film):
    """A JPEG that lacks only its last two bytes is called what a strict decoder calls it."""
    data = encode(Image.fromarray(film), "JPEG", **options)
    assert data.endswith(b"\xff\xd9")
    with pytest.raises(TruncatedFilm):
        decode_raster(data[:-2], source="f")


@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_cut_jpeg_that_was_closed_again_is_truncated(share, mode, film):
    """A JPEG whose missing part the decoder would fill with grey is found, thumbnail or not."""
    exif = Image.Exif()
    exif[0x10E] = "\xff\xda not a scan"
    data = encode(Image.fromarray(film).convert(mode), "JPEG", quality=90, exif=exif)
    closed = data[: int(len(data) * share)] + b"\xff\xd9"
    Image.open(io.BytesIO(closed)).load()  # the decoder alone does not mind
    with pytest.raises(TruncatedFilm):
        decode_raster(closed, source="f")


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_a_whole_jpeg_that_ends_in_middle_grey_is_read(options, film):
    """A few last lines of the decoder's filling grey are a film's own; a band of it is torn."""
    grey = film.copy()
    grey[-4:] = 128
    pixels = decode_raster(encode(Image.fromarray(grey), "JPEG", **options), source="f").pixels
    assert abs(int(bytes_of(pixels)[-1, -1]) - 128) < 16
    grey[-24:] = 128
    with pytest.raises(TornFilm):
        decode_raster(encode(Image.fromarray(grey), "JPEG", **options), source="f")


def test_bytes_after_the_end_of_a_jpeg_do_not_matter(film):
    """A whole JPEG in a file that was padded to a disk block is whole."""
    data = encode(Image.fromarray(film), "JPEG")
    whole = decode_raster(data, source="f").pixels
    np.testing.assert_array_equal(decode_raster(data + b"\0\x12" * 900, source="f").pixels, whole)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_films_are_refused_in_our_own_words(data):
    """Whatever happens to a film's bytes, it is read or refused as a fault of the film."""
    container = data.draw(st.sampled_from(["PNG", "TIFF", "BMP", "GIF", "JPEG"]))
    levels = np.arange(24 * 24, dtype=np.uint16).reshape(24, 24) % 251
    good = bytearray(encode(Image.fromarray(levels.astype(np.uint8)), container))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    words, pixels = "f: must", np.zeros(1)
    try:
        pixels = decode_raster(bytes(good[:cut]), source="f", max_pixels=10**6).pixels
    except FilmFault as fault:
        words = str(fault)
    assert words.startswith("f: must")
    assert 0.0 <= pixels.min() <= pixels.max() <= 1.0


def test_threads_read_what_one_thread_reads(film):
    """Films decoded side by side, damaged ones among them, come out as they do alone."""
    good = encode(Image.fromarray(film), "JPEG")
    jobs = [good, good[: len(good) // 2], encode(Image.fromarray(film), "PNG")] * 60

    def read(job: bytes) -> bytes:
        try:
            return decode_raster(job, source="f").pixels.tobytes()
        except TruncatedFilm:
            return b"truncated"

    filters = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, jobs)) == [read(job) for job in jobs]
    assert warnings.filters == filters


def test_film_suffixes_are_lower_case_endings():
    """Endings are compared in lower case, with their dot."""
    assert {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp"} <= FILM_SUFFIXES
    assert all(s == s.lower() and s == Path("x" + s).suffix for s in FILM_SUFFIXES)


@pytest.mark.shared
def test_real_truncated_films_are_found_and_no_others(shared):
    """In FracAtlas, 59 films are cut; 16 whole ones carry bytes after their end and are read."""
    films = sorted((shared / "fracatlas" / "images" / "Non_fractured").glob("IMG0004*.jpg"))
    truncated = []
    for path in films:
        try:
            read_film(path)
        except TruncatedFilm:
            truncated.append(path)
    assert len(truncated) == 59
    padded = [p for p in films if p.stat().st_size == 16384 and p not in truncated]
    assert len(padded) >= 16


@pytest.mark.shared
def test_a_real_film_stands_as_its_annotation_says(shared):
    """A film stored on its side has, once upright, the size that its annotation was made on."""
    path = shared / "fracatlas" / "images" / "Fractured" / "IMG0002628.jpg"
    radiograph = read_film(Path(path))
    assert (radiograph.columns, radiograph.rows) == (454, 373)


def test_too_large_a_png_is_refused_before_it_is_decoded(film, monkeypatch):
    """A small PNG that claims gigabytes of pixels is refused by its header alone."""
    data = bytearray(encode(Image.fromarray(film), "PNG"))
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    monkeypatch.setattr(PngImageFile, "load", lambda image: pytest.fail("it was decoded"))
    with pytest.raises(UnsupportedRadiograph, match="at most 64,000,000 pixels"):
        decode_raster(bytes(data), source="film")


def test_bytes_between_the_markers_of_a_padded_jpeg_are_passed_over():
    """Strange bytes before the scan mislead neither the decoder nor the search for padding."""
    grey = np.full((32, 32), 128, np.uint8)
    data = encode(Image.fromarray(grey), "JPEG")
    at = data.index(b"\xff\xdb")
    for strange in (b"\0\0\0", b"\xff\xff", b"abc"):
        mixed = data[:at] + strange + data[at:]
        np.testing.assert_array_equal(bytes_of(decode_raster(mixed, source="f").pixels), grey)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_is_turned_upright_once(orientation, dtype):
    """A TIFF's orientation tag turns it as a PNG's does, and not twice."""
    greys = (np.arange(40 * 60).reshape(40, 60) % 251).astype(dtype)
    exif = Image.Exif()
    exif[274] = orientation
    tiff, png = io.BytesIO(), io.BytesIO()
    Image.fromarray(greys).save(tiff, "TIFF", tiffinfo={274: orientation})
    Image.fromarray(greys).save(png, "PNG", exif=exif)
    upright = [decode_raster(file.getvalue(), source="x").pixels for file in (tiff, png)]
    assert np.array_equal(*upright)


def test_colour_deeper_than_eight_bits_is_refused():
    """Pillow would keep 8 of 16 bits without a word, and a film of 12 bits would be black."""
    rows = b"".join(b"\0" + np.full(60 * 3, 3000, ">u2").tobytes() for _ in range(40))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 60, 40, 16, 2, 0, 0, 0))]
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    with pytest.raises(UnsupportedRadiograph, match="16 bits") as fault:
        decode_raster(png, source="deep.png")
    assert fault.value.code == "deep-colour"


def test_a_picture_that_is_transparent_everywhere_shows_its_colours():
    """Nobody saves a film to be invisible: its colours are read, and the reading says so."""
    greys = (np.arange(40 * 60).reshape(40, 60) % 251).astype(np.uint8)
    clear = Image.fromarray(np.dstack([greys, greys, greys, np.zeros_like(greys)]))
    buffer = io.BytesIO()
    clear.save(buffer, "PNG")
    film = decode_raster(buffer.getvalue(), source="clear.png")
    assert np.array_equal(np.rint(film.pixels * 255), greys)
    assert [note.code for note in film.notes] == ["alpha-ignored"]


def test_a_big_tiff_is_called_by_its_name():
    """It is not damaged: this reader does not know the kind."""
    with pytest.raises(UnsupportedRadiograph, match="BigTIFF"):
        decode_raster(b"II+\0\x08\0\0\0" + b"\0" * 64, source="big.tif")
