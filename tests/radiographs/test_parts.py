"""A picture file that lacks a part, or says less than it seems, is not read in silence."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from osteon.errors import TruncatedFilm, UnsupportedRadiograph
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.films import decode_film

GREY = np.rint(draw_phantom(5, has_fracture=True).radiograph.pixels * 255).astype(np.uint8)
ROWS, COLUMNS = GREY.shape


def encode(image, kind, **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def decode(data):
    return decode_film(data, source="a")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def write_png(lines, *, rows=ROWS, depth=8, interlace=0):
    """Write the lines given, whatever the header says of their number."""
    head = struct.pack(">IIBBBBB", COLUMNS, rows, depth, 0, 0, 0, interlace)
    body = zlib.compress(b"".join(b"\0" + line.tobytes() for line in lines))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*one) for one in ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    )


def write_tiff(strips, *, rows_per_strip, photometric=1, bits=8, sample_format=1):
    """Write a TIFF of uncompressed strips, little-endian, TIFF 6.0 section 2."""
    offsets, body = [], b""
    for strip in strips:
        offsets.append(8 + len(body))
        body += strip
    counts = [len(strip) for strip in strips]
    tags = [(256, [COLUMNS]), (257, [ROWS]), (258, [bits]), (259, [1]), (262, [photometric])]
    tags += [(273, offsets), (277, [1]), (278, [rows_per_strip]), (279, counts)]
    tags += [(339, [sample_format])]
    at = 8 + len(body) + 2 + 12 * len(tags) + 4
    entries = behind = b""
    for tag, values in tags:
        packed = struct.pack(f"<{len(values)}I", *values)
        entries += struct.pack("<HHI", tag, 4, len(values))
        entries += packed if len(packed) == 4 else struct.pack("<I", at + len(behind))
        behind += packed if len(packed) > 4 else b""
    head = b"II*\0" + struct.pack("<I", 8 + len(body))
    return head + body + struct.pack("<H", len(tags)) + entries + b"\0" * 4 + behind


def cut_in_strips(values, rows_per_strip):
    lines = [line.tobytes() for line in values]
    starts = range(0, len(lines), rows_per_strip)
    return [b"".join(lines[start : start + rows_per_strip]) for start in starts]


def test_a_png_of_fewer_rows_than_it_says_is_not_read():
    """Its stream ends well, and the decoder leaves the rest black; whole, and dark below, it is."""
    with pytest.raises(TruncatedFilm):
        decode(write_png(GREY[:300]))
    dark = GREY.copy()
    dark[300:] = 0
    np.testing.assert_allclose(decode(write_png(dark)).pixels * 255, dark, atol=1e-3)


def test_an_interlaced_png_is_counted_by_its_passes():
    """A whole one whose last row is black is read."""
    dark = GREY.copy()
    dark[-1] = 0
    lines = []
    for left, top, across, down in (
        *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
        *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
    ):
        lines += list(dark[top::down, left::across])
    data = write_png(lines, interlace=1)
    np.testing.assert_allclose(decode(data).pixels * 255, dark, atol=1e-3)
    with pytest.raises(TruncatedFilm):
        decode(write_png(lines[:-40], interlace=1))


def test_a_tiff_without_its_last_strips_is_not_read():
    """The decoder would leave them black."""
    strips = cut_in_strips(GREY, 32)
    whole = decode(write_tiff(strips, rows_per_strip=32))
    np.testing.assert_allclose(whole.pixels * 255, GREY, atol=1e-3)
    with pytest.raises(TruncatedFilm):
        decode(write_tiff(strips[:-3], rows_per_strip=32))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_on_its_side_has_all_its_strips(orientation):
    """Strips are counted by the stored size, not by the upright one."""
    image = Image.fromarray(GREY)
    for compression in (None, "tiff_lzw"):
        decode(encode(image, "TIFF", tiffinfo={274: orientation}, compression=compression))


def test_a_gif_whose_frame_is_smaller_than_its_canvas_is_not_read():
    """What the frame does not fill would be black."""
    data = encode(Image.fromarray(GREY), "GIF")
    decode(data)
    with pytest.raises(TruncatedFilm):
        decode(data[:6] + struct.pack("<HH", COLUMNS, ROWS + 100) + data[10:])


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("missing", [0, 7])
def test_a_jpeg_without_a_restart_interval_is_not_read(mode, missing):
    """The decoder puts what follows where it thinks that it belongs, and closes the gap."""
    data = encode(Image.fromarray(GREY).convert(mode), "JPEG", quality=90, restart_marker_rows=1)
    decode(data)
    first = data.index(bytes([0xFF, 0xD0 + missing]))
    last = data.index(bytes([0xFF, 0xD0 + (missing + 1) % 8]), first)
    with pytest.raises(TruncatedFilm):
        decode(data[:first] + data[last:])


def test_a_progressive_jpeg_with_restart_markers_is_read():
    """Each of its scans has its own number of them."""
    for mode in ("L", "RGB"):
        image = Image.fromarray(GREY).convert(mode)
        decode(encode(image, "JPEG", progressive=True, restart_marker_rows=1))
        decode(encode(image, "JPEG", restart_marker_blocks=5, subsampling=2))


def test_two_greys_are_no_film():
    """Neither are four: the picture was thrown away before it was saved."""
    two = Image.fromarray(GREY).convert("1")
    packed = np.packbits(
        np.unpackbits((GREY >> 6)[..., None], axis=2)[..., 6:].reshape(ROWS, -1), 1
    )
    for data in (
        encode(two, "PNG"),
        encode(two, "TIFF"),
        encode(two, "BMP"),
        write_png(packed, depth=2),
    ):
        with pytest.raises(UnsupportedRadiograph) as fault:
            decode(data)
        assert fault.value.code == "depth"


def test_a_tiff_of_8_bits_with_a_sign_is_not_read():
    """The decoder takes the sign for brightness."""
    signed = (GREY.astype(np.int16) - 128).astype(np.int8)
    with pytest.raises(UnsupportedRadiograph) as fault:
        decode(write_tiff(cut_in_strips(signed, ROWS), rows_per_strip=ROWS, sample_format=2))
    assert fault.value.code == "depth"


def test_a_tiff_of_floats_may_be_white_at_zero():
    """It is turned round as one of whole numbers is."""
    floats = 1 - (GREY / 255).astype("<f4")
    strips = cut_in_strips(floats, ROWS)
    data = write_tiff(strips, rows_per_strip=ROWS, photometric=0, bits=32, sample_format=3)
    np.testing.assert_allclose(decode(data).pixels * 255, GREY, atol=1e-3)


@pytest.mark.parametrize("alpha", [0, 1, 128, 254, 255])
def test_one_transparency_everywhere_says_nothing(alpha):
    """The film is read by its colours, and says so unless it is opaque."""
    grey = Image.fromarray(GREY)
    film = decode(encode(Image.merge("LA", (grey, Image.new("L", grey.size, alpha))), "PNG"))
    np.testing.assert_allclose(film.pixels * 255, GREY, atol=1e-3)
    assert [note.code for note in film.notes] == ["alpha-ignored"] * (alpha < 255)


def test_a_film_through_which_others_shine_is_not_read():
    """A cut-out with soft rims is laid over black; as clear as it is dark, not."""
    grey = Image.fromarray(GREY)
    with pytest.raises(UnsupportedRadiograph) as fault:
        decode(encode(Image.merge("LA", (grey, grey)), "PNG"))
    assert fault.value.code == "transparent"
    alpha = np.full_like(GREY, 255)
    alpha[:20], alpha[20:23] = 0, 128
    film = decode(encode(Image.merge("LA", (grey, Image.fromarray(alpha))), "PNG"))
    assert not film.pixels[:20].any()
    np.testing.assert_allclose(film.pixels[23:] * 255, GREY[23:], atol=1e-3)
