"""A drawn limb of 12 bits, what its greys are, and what a DICOM file of it comes to."""

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from osteon.errors import FilmFault
from osteon.phantoms.phantom import draw_phantom
from osteon.radiographs.dicom import decode_dicom
from osteon.terms import Floats

NO_WINDOW: dict[str, Any] = {"WindowCenter": None, "WindowWidth": None}
IDENTITY = np.arange(4096, dtype="<u2")


def draw_deep() -> np.ndarray:
    """Draw a limb in 12 bits that uses nearly all of its range, with noise in every bit.

    Its dark last corner is not 0: a frame that ends in 0 ends in padding.
    """
    pixels = draw_phantom(3, has_fracture=True, rows=120, columns=96).radiograph.pixels
    noise = np.random.default_rng(5).integers(1, 16, pixels.shape)
    low, high = pixels.min(), pixels.max()
    values = (np.rint((pixels - low) / (high - low) * 3900) + noise).astype(np.uint16)
    assert values[-1, -1] & 0xFF
    return values


DEEP = draw_deep()
SIGNED = (DEEP.astype(np.int64) - 2048).astype(np.int16)
RIGHT: Floats = np.clip(DEEP.astype(np.float32) / np.float32(4095), 0, 1)


def read(data: bytes) -> tuple[Floats, list[str]]:
    """Return a film's greys, and the codes of its notes."""
    film = decode_dicom(data, source="film").radiograph
    return film.pixels, [note.code for note in film.notes]


def refusal(data: bytes) -> FilmFault:
    with pytest.raises(FilmFault) as fault:
        decode_dicom(data, source="film")
    return fault.value


def table(n: int, first: int, bits: int, entries: np.ndarray, *, vr: str = "US") -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, vr, [n, first % 65536 if vr == "US" else first, bits])
    item.add_new(0x00283006, "OW", entries.tobytes())
    return item
