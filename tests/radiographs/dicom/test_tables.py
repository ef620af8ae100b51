"""A look-up table is what it holds, whatever its descriptor says of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.dicom_limbs import DEEP, IDENTITY, NO_WINDOW, RIGHT, SIGNED, read, refusal, table
from tests.dicoms import BIG_ENDIAN, build_dataset, encode_dataset, encode_film


def with_voi(item: Dataset, values: np.ndarray = DEEP, **said: Any) -> bytes:
    return encode_film(values, VOILUTSequence=[item], **NO_WINDOW, **said)


NARROW = (IDENTITY >> 4).astype(np.uint16)
TABLES: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "says 16 bits, holds 12": (lambda: with_voi(table(4096, 0, 16, IDENTITY)), ["lut-depth"]),
    "says 14 bits, holds 12": (lambda: with_voi(table(4096, 0, 14, IDENTITY)), ["lut-depth"]),
    "says 10 bits, holds 12": (lambda: with_voi(table(4096, 0, 10, IDENTITY)), ["lut-depth"]),
    "says 12 bits, holds 16": (lambda: with_voi(table(4096, 0, 12, IDENTITY * 16)), ["lut-depth"]),
    "says 0 bits": (lambda: with_voi(table(4096, 0, 0, IDENTITY)), ["lut-depth"]),
    "says 16 bits, holds 8 in words": (
        lambda: with_voi(table(4096, 0, 16, NARROW)),
        ["lut-depth"],
    ),
    "says 16 bits, holds bytes": (
        lambda: with_voi(table(4096, 0, 16, NARROW.astype(np.uint8))),
        ["lut-depth"],
    ),
    "bytes": (lambda: with_voi(table(4096, 0, 8, NARROW.astype(np.uint8))), []),
    "8 bits in words": (lambda: with_voi(table(4096, 0, 8, NARROW)), []),
    "negative first value as US": (
        lambda: with_voi(table(4096, -2048, 12, IDENTITY), SIGNED),
        ["lut-first-value"],
    ),
    "negative first value as SS": (
        lambda: with_voi(table(4096, -2048, 12, IDENTITY, vr="SS"), SIGNED),
        [],
    ),
    "negative first value as US, after a rescale": (
        lambda: with_voi(
            table(4096, -2048, 12, IDENTITY), RescaleSlope="1", RescaleIntercept="-2048"
        ),
        ["lut-first-value"],
    ),
    "large first value as SS": (
        lambda: with_voi(
            table(4096, 40000 - 65536, 12, IDENTITY, vr="SS"), DEEP + np.uint16(40000), bits=16
        ),
        ["lut-first-value"],
    ),
    "negative first value where nothing else can be meant": (
        lambda: with_voi(table(5096, -1000, 12, np.concatenate([IDENTITY[:1000] * 0, IDENTITY]))),
        ["lut-first-value"],
    ),
    "fewer entries than it says, none of them needed": (
        lambda: with_voi(table(4096, 0, 12, IDENTITY[:4000])),
        ["lut-length"],
    ),
    "more entries than it says, and they are needed": (
        lambda: with_voi(table(1024, 0, 12, IDENTITY)),
        ["lut-length"],
    ),
    "an item with nothing in it, and a window": (
        lambda: encode_film(DEEP, VOILUTSequence=[Dataset()]),
        [],
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_voi_table_is_what_it_holds(name: str):
    """PS3.3 C.11.2.1.1: whatever its descriptor says of depth, sign and length."""
    write, codes = TABLES[name]
    pixels, noted = read(write())
    np.testing.assert_allclose(pixels, RIGHT, atol=1.5 / 255)
    assert noted == codes


def test_bytes_in_big_endian_words_change_places():
    """PS3.5 7.3: two entries of 8 bits share a word."""
    packed = np.arange(256, dtype=np.uint8).reshape(-1, 2)[:, ::-1]
    values = DEEP >> np.uint16(4)
    ds = build_dataset(values, bits=8, VOILUTSequence=[table(256, 0, 8, packed)])
    pixels, noted = read(encode_dataset(ds, BIG_ENDIAN))
    np.testing.assert_allclose(pixels, values / 255, atol=1e-6)
    assert noted == []


def test_a_table_without_the_entries_that_the_film_needs_is_not_applied():
    """Nothing says what they were."""
    fault = refusal(with_voi(table(4096, 0, 12, IDENTITY[:2000])))
    assert (fault.code, fault.found) == ("lut", "2000 entries of 4096")


def test_a_modality_table_keeps_its_numbers():
    """PS3.3 C.11.1.1.1: its depth says nothing of white; a window counts in what it puts out."""
    said = {"ModalityLUTSequence": [table(4096, 0, 16, IDENTITY)]}
    pixels, noted = read(encode_film(DEEP, **said))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == []
    said = {"ModalityLUTSequence": [table(4096, -2048, 16, IDENTITY)]}
    pixels, noted = read(encode_film(SIGNED, **said))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["lut-first-value"]


def test_a_modality_table_goes_before_a_rescale():
    """PS3.3 C.11.1: there may be one of them."""
    said = {"ModalityLUTSequence": [table(4096, 0, 16, IDENTITY)]}
    pixels, noted = read(encode_film(DEEP, RescaleSlope="3", RescaleIntercept="7", **said))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["rescale"]


def test_half_a_rescale_is_applied_alone():
    """PS3.3 C.11.1: each needs the other."""
    pixels, noted = read(encode_film(SIGNED, RescaleIntercept="2048"))
    np.testing.assert_allclose(pixels, RIGHT, atol=1e-3)
    assert noted == ["rescale"]
