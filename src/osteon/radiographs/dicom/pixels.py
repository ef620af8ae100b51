"""Pixel data become stored values: what the header promises is checked before anything decodes."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NoReturn

import numpy as np

from osteon.errors import TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.codecs import Samples, decode_codestream, decode_rle
from osteon.radiographs.dicom.codestreams import CodeStream, Family, parse_codestream
from osteon.radiographs.dicom.depth import StoredPixels, fit_cells, fit_stream
from osteon.radiographs.dicom.elements import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Header,
)
from osteon.radiographs.dicom.formats import PixelFormat
from osteon.radiographs.dicom.frames import join_fragments
from osteon.radiographs.dicom.padding import Padding
from osteon.radiographs.dicom.walk import Element
from osteon.radiographs.raster import refuse_size
from osteon.terms import Reason

_NATIVE: Final = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG})
_REEXPORT: Final = "The header is of another picture, or damaged: export the film again."
_RLE: Final = "1.2.840.10008.1.2.5"
# PS3.5 A.4 and PS3.6 table A-1
_FAMILIES: Final[Mapping[str, frozenset[Family]]] = MappingProxyType(
    {
        "1.2.840.10008.1.2.4.50": frozenset({"jpeg"}),
        "1.2.840.10008.1.2.4.51": frozenset({"jpeg"}),
        "1.2.840.10008.1.2.4.57": frozenset({"jpeg-lossless"}),
        "1.2.840.10008.1.2.4.70": frozenset({"jpeg-lossless"}),
        "1.2.840.10008.1.2.4.80": frozenset({"jpeg-ls"}),
        "1.2.840.10008.1.2.4.81": frozenset({"jpeg-ls"}),
        "1.2.840.10008.1.2.4.90": frozenset({"jpeg-2000"}),
        "1.2.840.10008.1.2.4.91": frozenset({"jpeg-2000"}),
        "1.2.840.10008.1.2.4.201": frozenset({"jpeg-2000"}),  # HTJ2K: the same frame around it
        "1.2.840.10008.1.2.4.202": frozenset({"jpeg-2000"}),
        "1.2.840.10008.1.2.4.203": frozenset({"jpeg-2000"}),
    }
)


def decode_pixels(
    header: Header, how: PixelFormat, padding: Padding | None, *, max_pixels: int
) -> StoredPixels:
    """Decode the pixel data.

    Args:
        header: The data set.
        how: Its pixel format.
        padding: What is no part of the picture.
        max_pixels: As for the format.

    Returns:
        The stored values, shape `(rows, columns)`.

    Raises:
        TruncatedFilm: If pixels are missing.
        UnreadableFilm: If the pixel data will not decode, or contradict the header.
        UnsupportedRadiograph: If the transfer syntax is not read here.
    """
    pixel_data = header.elements[tags.PIXEL_DATA]
    if header.syntax in _NATIVE:
        samples, notes = _read_native(pixel_data, how, header.source)
        _refuse_sheared(samples, header.source)
        return _add_notes(fit_cells(samples, how, header, padding), notes)
    families = _FAMILIES.get(header.syntax, frozenset())
    if not families and header.syntax != _RLE:
        raise UnsupportedRadiograph(
            header.source,
            "must be in a transfer syntax that is read here",
            found=header.syntax[:64],
            advice="Export it uncompressed (1.2.840.10008.1.2.1).",
            code="transfer-syntax",
        )
    if not pixel_data.is_undefined:
        found = "pixel data that are not wrapped in fragments"
        _refuse_frame(header.source, found, code="transfer-syntax")
    frame = join_fragments(pixel_data, source=header.source)
    if header.syntax == _RLE:
        shape = how.rows, how.columns
        samples = decode_rle(frame.data, shape=shape, bits=how.bits_allocated, source=header.source)
        _refuse_sheared(samples, header.source)
        return _add_notes(fit_cells(samples, how, header, padding), frame.notes)
    stream = parse_codestream(frame.data, source=header.source)
    _refuse_contradiction(stream, how, families, header.source)
    refuse_size(stream.rows, stream.columns, header.source, max_pixels=max_pixels)
    samples = decode_codestream(stream, source=header.source)
    return _add_notes(fit_stream(samples, stream, how, header), frame.notes)


def _add_notes(stored: StoredPixels, notes: tuple[Reason, ...]) -> StoredPixels:
    return replace(stored, notes=(*notes, *stored.notes))


def _read_native(
    pixel_data: Element, how: PixelFormat, source: str
) -> tuple[Samples, tuple[Reason, ...]]:
    """Return uncompressed samples, PS3.5 8.1.1 and annex A.1 to A.3.

    Raises:
        UnreadableFilm: If they are wrapped as compressed ones are, or are of another size.
        TruncatedFilm: If some are missing.
    """
    if pixel_data.is_undefined:
        raise UnreadableFilm(
            source,
            "must say how long its uncompressed pixel data are",
            advice="The file is damaged: send it again, or leave it out.",
            code="transfer-syntax",
        )
    n_bytes = how.rows * how.columns * how.bits_allocated // 8
    # Of rows that the header does not know, some may be lost; of less than one, nothing is.
    n_said = len(pixel_data.value) + pixel_data.n_missing
    is_more = pixel_data.n_missing and n_said - n_bytes >= n_bytes // how.rows
    if len(pixel_data.value) < n_bytes or is_more:
        raise TruncatedFilm(
            source,
            "must hold the whole picture",
            found=f"{len(pixel_data.value):,} bytes of {max(n_bytes, n_said):,}",
            advice="Fetch the film again, or leave it out; Osteon never fills in a missing part.",
        )
    notes = _check_length(pixel_data.value, n_bytes, how, source)
    if pixel_data.n_missing and not notes:
        text = "The pixel data are said to be longer than the file; the picture is whole in it."
        notes = (Reason(code="pixel-data-length", text=text),)
    is_little = pixel_data.coding.is_little
    if how.bits_allocated == 16:
        kind = "<u2" if is_little else ">u2"
        words = np.frombuffer(pixel_data.value[:n_bytes], dtype=kind)
        return words.reshape(how.rows, how.columns), notes
    samples = np.frombuffer(pixel_data.value, dtype=np.uint8)
    if pixel_data.vr == "OW" and not is_little:  # PS3.5 7.3: in words, the second byte comes first
        samples = samples[: samples.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
    return samples[:n_bytes].reshape(how.rows, how.columns), notes


def _check_length(
    value: memoryview, n_bytes: int, how: PixelFormat, source: str
) -> tuple[Reason, ...]:
    """Refuse pixel data that hold more than the header accounts for.

    Raises:
        UnreadableFilm: If they hold more frames, or rows, or bits, than it says.
    """
    n_more = len(value) - n_bytes
    if n_more < 2:  # PS3.5 8.1.1: a byte makes the length even
        return ()
    row = n_bytes // how.rows
    is_nothing = n_more < n_bytes and not bytes(value[n_bytes:]).strip(b"\0")
    if n_more >= row and not is_nothing:
        raise UnreadableFilm(
            source,
            "must hold as many pixels as its header says",
            found=f"{len(value):,} bytes where Rows, Columns and BitsAllocated make {n_bytes:,}",
            advice=_REEXPORT,
            code="pixel-data-length",
        )
    text = (
        f"The pixel data are {n_more:,} bytes longer than the picture; what follows was left out."
    )
    return (Reason(code="pixel-data-length", text=text),)


def _refuse_sheared(samples: Samples, source: str) -> None:
    """Refuse a picture whose rows follow one another only with Rows and Columns exchanged.

    Raises:
        UnreadableFilm: If they do.
    """
    down, across = _measure_steps(samples)
    rows, columns = samples.shape
    # Of 465 films none is rougher downwards by half as much again and smoother when exchanged; of
    # the same films with Rows and Columns exchanged, all are.
    if down <= 1.5 * across or rows == columns:
        return
    if _measure_steps(samples.reshape(columns, rows))[0] < 0.5 * down:
        raise UnreadableFilm(
            source,
            "must have Rows and Columns in this order",
            found=f"{rows} rows and {columns} columns, over pixels of {columns} rows",
            advice=_REEXPORT,
            code="frame-size",
        )


def _measure_steps(samples: Samples) -> tuple[float, float]:
    """Return the mean step from pixel to pixel downwards and across, in some of the rows."""
    step = max(1, len(samples) // 64)
    upper = samples[:-1:step].astype(np.int32)
    lower = samples[1::step].astype(np.int32)
    return float(np.abs(lower - upper).mean()), float(np.abs(np.diff(upper, axis=1)).mean())


def _refuse_contradiction(
    stream: CodeStream, how: PixelFormat, families: frozenset[Family], source: str
) -> None:
    """Refuse a frame that is of another kind, size or colour than the header says."""
    if stream.family not in families:
        found = f"a {stream.family} frame under another transfer syntax"
        _refuse_frame(source, found, code="transfer-syntax")
    if (stream.rows, stream.columns) != (how.rows, how.columns):
        _refuse_frame(source, f"a frame of {stream.columns} x {stream.rows}", code="frame-size")
    if stream.n_components != 1:
        found = f"a frame of {stream.n_components} samples per pixel"
        _refuse_frame(source, found, code="samples-per-pixel")
    if not 2 <= stream.precision <= 16:
        _refuse_frame(source, f"a frame of {stream.precision} bits", code="frame-depth")


def _refuse_frame(source: str, found: str, *, code: str) -> NoReturn:
    """Refuse a frame that is not what the header says.

    Raises:
        UnreadableFilm: Always.
    """
    raise UnreadableFilm(
        source,
        "must hold the compressed frame that its header describes",
        found=found,
        advice="The file is damaged: send it again, or leave it out.",
        code=code,
    )
