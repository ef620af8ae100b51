"""JPEGs that were cut and closed again are found out, and whole ones are left alone."""

import io
import random

import numpy as np
import pytest
from PIL import Image

from osteon.errors import TruncatedFilm
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.jpegs import find_missing_scan, put_noise_after_scan
from osteon.radiographs.raster import decode_raster

GREYS = np.rint(draw_phantom(3, has_fracture=True).radiograph.pixels * 255).astype(np.uint8)
KINDS = {
    "baseline": ("L", {}),
    "progressive": ("L", {"progressive": True}),
    "restarts by row": ("L", {"restart_marker_rows": 4}),
    "restarts by block": ("L", {"restart_marker_blocks": 16}),
    "colour": ("RGB", {}),
    "progressive colour": ("RGB", {"progressive": True}),
}


def encode(kind):
    mode, options = KINDS[kind]
    buffer = io.BytesIO()
    Image.fromarray(GREYS).convert(mode).save(buffer, "JPEG", quality=85, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_is_found_wherever_it_is_and_however_it_was_closed(kind):
    """A film that was cut at any byte of its picture is not read."""
    data, choose = encode(kind), random.Random(kind)
    start = data.index(b"\xff\xda") + 14
    for _ in range(12):
        cut = data[: choose.randint(start, len(data) - 12)]
        for end in (b"\xff\xd9", b"\xff\xff\xd9", b""):
            with pytest.raises(TruncatedFilm):
                decode_raster(cut + end, source="cut")


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_film_is_read_also_with_something_behind_it(kind):
    """Bytes after the end marker are legal, and so is every way to code a whole film."""
    data = encode(kind)
    read = decode_raster(data, source="whole").pixels
    behind = decode_raster(data + b"\xff\xda\x00\x08 more" * 9, source="whole").pixels
    assert np.array_equal(read, behind)
    assert find_missing_scan(data) is None


def test_noise_after_a_whole_scan_changes_nothing():
    """A decoder that has all its data never looks at what follows."""
    for kind in KINDS:
        data = encode(kind)
        noisy = put_noise_after_scan(data)
        assert len(noisy) > len(data)
        with Image.open(io.BytesIO(data)) as one, Image.open(io.BytesIO(noisy)) as other:
            assert one.tobytes() == other.tobytes()


def test_a_missing_scan_is_named():
    """Without its last scans a progressive film is a blurred one, and says so nowhere."""
    data = encode("progressive")
    last = data.rindex(b"\xff\xda")
    assert "never came" in find_missing_scan(data[:last] + b"\xff\xd9")
