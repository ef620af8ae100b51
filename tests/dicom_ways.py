"""One film, written in any legal way: what a DICOM file may choose, and a writer that obeys.

The writer goes backwards through the standard's steps: from the grey that must be seen to the value
that is stored. It shares no code with what reads the film.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jpeg_ls
import numpy as np
import openjpeg
from pydicom.dataset import Dataset

from tests.dicoms import (
    BIG_ENDIAN,
    JPEG_2000,
    JPEG_2000_LOSSY,
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    JPEG_LS,
    JPEG_LS_NEAR,
    NATIVE,
    RLE,
    build_dataset,
    compress,
    encode_dataset,
    encode_jpeg_lossless,
)

LOSSY = frozenset({JPEG_BASELINE, JPEG_LS_NEAR, JPEG_2000_LOSSY})
BORDER = 4
"""Pixels round the film that are black, or padding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a film is written.

    Attributes:
        syntax: Transfer syntax UID.
        bits: BitsStored.
        allocated: BitsAllocated.
        is_signed: PixelRepresentation.
        is_inverse: MONOCHROME1.
        shape: PresentationLUTShape, where one is written.
        modality: From stored to modality values.
        voi: From modality values to greys.
        padding: How the border is declared, if it is padding.
        cell: Where in a cell the value lies, and what else does.
        aspect: Whether every second row is stored, and what says so.
    """

    syntax: str
    bits: int = 12
    allocated: int = 16
    is_signed: bool = False
    is_inverse: bool = False
    shape: bool = False
    modality: Literal["none", "rescale", "negative", "table"] = "none"
    voi: Literal["linear", "exact", "table 16", "table 12", "table 8", "packed"] = "linear"
    padding: Literal["none", "value", "range"] = "none"
    cell: Literal["low", "high", "overlay", "overlay below"] = "low"
    aspect: Literal["square", "ratio", "spacing", "imager"] = "square"

    @property
    def is_legal(self) -> bool:
        """Whether a writer may choose all of this together."""
        is_native = self.syntax in NATIVE | {RLE}
        has_room = self.bits < self.allocated
        return (
            self.bits <= self.allocated
            and (self.syntax != JPEG_BASELINE or (self.bits == 8 and not self.is_signed))
            and (self.cell == "low" or (is_native and has_room and not self.is_signed))
            and (self.padding == "none" or self.syntax not in LOSSY)
            # GDCM and CharLS write no signed films; OpenJPEG's lossy ones are not for narrow cells.
            and (not self.is_signed or self.syntax not in {JPEG_LOSSLESS, JPEG_LS, JPEG_LS_NEAR})
            # And it adds a spacing at the detector of 1 mm where a film has none.
            and (self.allocated == 16 or self.syntax != JPEG_LOSSLESS)
            and (self.aspect in {"square", "imager"} or self.syntax != JPEG_LOSSLESS)
        )


def write_film(greys: np.ndarray, way: Way) -> bytes:
    """Write greys, 0 to 1, with a black border around them, in this way."""
    if way.aspect != "square":
        greys = greys[::2]
    top, half = (1 << way.bits) - 1, 1 << (way.bits - 1)
    framed = np.pad(greys, BORDER)
    values = np.rint(framed * top).astype(np.int64)
    if way.is_inverse:
        values = top - values
    stored, lowest, said = _store(values, way)
    said |= _choose_voi(way, lowest, top)
    said |= _choose_padding(way, stored, half)
    said |= _ASPECTS[way.aspect]
    return _encode(stored, way, said)


def _store(values: np.ndarray, way: Way) -> tuple[np.ndarray, int, dict[str, Any]]:
    """Return what is stored for values from 0 on, what value 0 is called, and what says so."""
    top, half = (1 << way.bits) - 1, 1 << (way.bits - 1)
    base = half if way.is_signed else 0
    if way.modality == "none":
        return values - base, -base, {}
    if way.modality == "rescale":
        return values - base, -1000, {"RescaleSlope": "1", "RescaleIntercept": str(base - 1000)}
    if way.modality == "negative":
        return (
            top - base - values,
            0,
            {"RescaleSlope": "-1", "RescaleIntercept": str(top - base)},
        )
    table = _build_table(way, -base, np.arange(top + 1, dtype=np.uint16), bits=16)
    return values - base, 0, {"ModalityLUTSequence": [table]}


def _choose_voi(way: Way, lowest: int, top: int) -> dict[str, Any]:
    if way.voi == "linear":
        return {"WindowCenter": str(lowest + (top + 1) / 2), "WindowWidth": str(top + 1)}
    if way.voi == "exact":
        window = {"WindowCenter": str(lowest + top / 2), "WindowWidth": str(top)}
        return {"VOILUTFunction": "LINEAR_EXACT"} | window
    bits = {"table 16": 16, "table 12": 12}.get(way.voi, 8)
    entries = np.rint(np.arange(top + 1) / top * ((1 << bits) - 1)).astype(np.uint16)
    packed = entries.astype(np.uint8) if way.voi == "packed" else entries
    return {"VOILUTSequence": [_build_table(way, lowest, packed, bits=bits)]}


def _build_table(way: Way, first: int, entries: np.ndarray, *, bits: int) -> Dataset:
    item = Dataset()
    vr = "SS" if first < 0 else "US"
    words = entries.view(np.uint16)
    if way.syntax == BIG_ENDIAN:  # two bytes in a word change places, too
        words = words.astype(">u2")
    item.add_new(0x00283002, vr, [entries.size % 65536, first, bits])
    item.add_new(0x00283006, "OW", words.tobytes())
    return item


def _choose_padding(way: Way, stored: np.ndarray, half: int) -> dict[str, Any]:
    if way.padding == "none":
        return {}
    # The picture itself keeps away from both ends of the range.
    value = half - 1 if way.is_signed else 2 * half - 1
    inside = np.zeros(stored.shape, np.bool_)
    inside[BORDER:-BORDER, BORDER:-BORDER] = True
    stored[~inside] = value
    if way.padding == "value":
        return {"PixelPaddingValue": value}
    stored[:BORDER] = value - 1
    return {"PixelPaddingValue": value, "PixelPaddingRangeLimit": value - 2}


_ASPECTS: dict[str, dict[str, Any]] = {
    "square": {},
    "ratio": {"PixelAspectRatio": ["2", "1"]},
    "spacing": {"PixelSpacing": ["0.3", "0.15"]},
    "imager": {"ImagerPixelSpacing": ["0.28", "0.14"]},
}


def _encode(stored: np.ndarray, way: Way, said: dict[str, Any]) -> bytes:
    kind = "i" if way.is_signed else "u"
    values = stored.astype(f"{kind}{way.allocated // 8}")
    unsigned = values.view(f"u{values.dtype.itemsize}")
    said["PhotometricInterpretation"] = "MONOCHROME1" if way.is_inverse else "MONOCHROME2"
    if way.shape:
        said["PresentationLUTShape"] = "INVERSE" if way.is_inverse else "IDENTITY"
    overlay = None
    if way.cell in {"high", "overlay below"}:
        unsigned <<= way.allocated - way.bits
        said["HighBit"] = way.allocated - 1
    if way.cell == "overlay":
        overlay = way.bits
    elif way.cell == "overlay below":
        overlay = way.allocated - way.bits - 1
    if overlay is not None:
        unsigned[::3, ::2] |= 1 << overlay
    ds = build_dataset(values, bits=way.bits, **said)
    if overlay is not None:
        ds.add_new(0x60000100, "US", way.allocated)
        ds.add_new(0x60000102, "US", overlay)
    if way.syntax == JPEG_LOSSLESS:
        with tempfile.TemporaryDirectory() as folder:
            return encode_jpeg_lossless(ds, Path(folder))
    return encode_dataset(ds, way.syntax, _compress(values, way))


def _compress(values: np.ndarray, way: Way) -> bytes | None:
    if way.syntax in NATIVE:
        return None
    if way.bits == 8 and way.syntax != RLE:  # encoders take the depth from the array
        values = values.astype(f"{values.dtype.kind}1")
    if way.syntax in {JPEG_2000, JPEG_2000_LOSSY}:
        ratios = {"compression_ratios": [3]} if way.syntax == JPEG_2000_LOSSY else {}
        return bytes(openjpeg.utils.encode_array(values, bits_stored=way.bits, **ratios))
    if way.syntax == JPEG_LS_NEAR:
        return bytes(jpeg_ls.encode_array(values, lossy_error=max(1, (1 << way.bits) // 400)))
    if way.syntax == JPEG_LS:
        return bytes(jpeg_ls.encode_array(values))
    return compress(values, way.syntax, bits=way.bits)
