"""Pixel data become stored values: what the header promises is checked before anything decodes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt

from osteon.errors import TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.codecs import Samples, decode_codestream, decode_rle
from osteon.radiographs.dicom.codestreams import CodeStream, Family, parse_codestream
from osteon.radiographs.dicom.elements import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Header,
    read_fragments,
)
from osteon.radiographs.dicom.values import read_whole
from osteon.radiographs.dicom.walk import Element
from osteon.radiographs.raster import MIN_SIDE

Codes = npt.NDArray[np.uint16]
"""Stored values of a film as codes: the low `bits_stored` bits, unsigned."""

_NATIVE: Final = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG})
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


@dataclass(frozen=True, kw_only=True, slots=True)
class PixelFormat:
    """How a film's values are stored, PS3.3 C.7.6.3.

    Attributes:
        rows: Height in pixels.
        columns: Width in pixels.
        bits_allocated: 8 or 16.
        bits_stored: Bits that hold the value.
        high_bit: Place of the highest of them.
        is_signed: Whether they are two's complement.
    """

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool


def read_pixel_format(header: Header, *, max_pixels: int) -> PixelFormat:
    """Read how the pixels are stored, and refuse what cannot be decoded safely.

    Args:
        header: The data set.
        max_pixels: Films with more pixels are refused.

    Returns:
        The format.

    Raises:
        UnreadableFilm: If the header contradicts itself, or does not say.
        UnsupportedRadiograph: If the film is too large, too small, or of another depth.
    """  # noqa: DOC502 — the functions called raise them
    rows = _need(header, tags.ROWS)
    columns = _need(header, tags.COLUMNS)
    _refuse_size(rows, columns, header.source, max_pixels)
    allocated = _need(header, tags.BITS_ALLOCATED)
    stored = read_whole(header, tags.BITS_STORED)
    stored = allocated if stored is None else stored
    high = read_whole(header, tags.HIGH_BIT)
    high = stored - 1 if high is None else high
    _refuse_bits(allocated, stored, high, header.source)
    return PixelFormat(
        rows=rows,
        columns=columns,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        is_signed=read_whole(header, tags.PIXEL_REPRESENTATION) == 1,
    )


def decode_codes(header: Header, how: PixelFormat, *, max_pixels: int) -> Codes:
    """Decode the pixel data.

    Overlays that old files keep in the unused high bits are cut off (PS3.5 8.1.2).

    Args:
        header: The data set.
        how: Its pixel format.
        max_pixels: As for the format.

    Returns:
        Shape `(rows, columns)`.

    Raises:
        TruncatedFilm: If pixels are missing.
        UnreadableFilm: If the pixel data will not decode, or contradict the header.
        UnsupportedRadiograph: If the transfer syntax is not read here.
    """  # noqa: DOC502 — the functions called raise them
    pixel_data = header.elements[tags.PIXEL_DATA]
    if header.syntax in _NATIVE:
        samples = _read_native(pixel_data, how, header.source)
    else:
        samples = _decode_frame(pixel_data, header, how, max_pixels)
    shift = how.high_bit + 1 - how.bits_stored
    # A code stream holds the value alone unless its depth says that it kept the whole cell.
    mask = np.uint16((1 << how.bits_stored) - 1)
    codes: Codes = samples.astype(np.uint16, copy=False)
    if shift and header.syntax in _NATIVE | {_RLE}:
        codes = codes >> np.uint16(shift)
    return codes if how.bits_stored == 16 else codes & mask


def _read_native(pixel_data: Element, how: PixelFormat, source: str) -> Samples:
    """Return uncompressed samples, PS3.5 8.1.1 and annex A.1 to A.3.

    Raises:
        UnreadableFilm: If they are wrapped as compressed ones are.
        TruncatedFilm: If some are missing.
    """
    if pixel_data.is_undefined:
        raise UnreadableFilm(
            source,
            "must say how long its uncompressed pixel data are",
            advice="The file is damaged: send it again, or leave it out.",
        )
    n_bytes = how.rows * how.columns * how.bits_allocated // 8
    if len(pixel_data.value) < n_bytes or not pixel_data.is_whole:
        raise TruncatedFilm(
            source,
            "must hold the whole picture",
            found=f"{len(pixel_data.value):,} bytes of {n_bytes:,}",
            advice="Fetch the film again, or leave it out; Osteon never fills in a missing part.",
        )
    is_little = pixel_data.coding.is_little
    if how.bits_allocated == 16:
        kind = "<u2" if is_little else ">u2"
        words = np.frombuffer(pixel_data.value[:n_bytes], dtype=kind)
        return words.reshape(how.rows, how.columns)
    samples = np.frombuffer(pixel_data.value, dtype=np.uint8)
    if pixel_data.vr == "OW" and not is_little:  # PS3.5 7.3: in words, the second byte comes first
        samples = samples[: samples.size // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
    return samples[:n_bytes].reshape(how.rows, how.columns)


def _decode_frame(
    pixel_data: Element, header: Header, how: PixelFormat, max_pixels: int
) -> Samples:
    """Return the samples of an encapsulated frame, PS3.5 A.4.

    Raises:
        UnsupportedRadiograph: If the transfer syntax is not read here.
    """
    families = _FAMILIES.get(header.syntax, frozenset())
    if not families and header.syntax != _RLE:
        raise UnsupportedRadiograph(
            header.source,
            "must be in a transfer syntax that is read here",
            found=header.syntax[:64],
            advice="Export it uncompressed (1.2.840.10008.1.2.1).",
        )
    if not pixel_data.is_undefined:
        _refuse_frame(header.source, "pixel data that are not wrapped in fragments")
    frame = read_fragments(pixel_data, source=header.source)
    shape = how.rows, how.columns
    if header.syntax == _RLE:
        return decode_rle(frame, shape=shape, bits=how.bits_allocated, source=header.source)
    stream = parse_codestream(frame, source=header.source)
    fault = _find_contradiction(stream, how, families)
    if fault:
        _refuse_frame(header.source, fault)
    _refuse_size(stream.rows, stream.columns, header.source, max_pixels)
    return decode_codestream(stream, source=header.source)


def _find_contradiction(
    stream: CodeStream, how: PixelFormat, families: frozenset[Family]
) -> str | None:
    if stream.family not in families:
        return f"a {stream.family} frame under another transfer syntax"
    if (stream.rows, stream.columns) != (how.rows, how.columns):
        return f"a frame of {stream.columns} x {stream.rows}"
    if stream.n_components != 1:
        return f"a frame of {stream.n_components} samples per pixel"
    if not 2 <= stream.precision <= 16:
        return f"a frame of {stream.precision} bits"
    return None


def _refuse_frame(source: str, found: str) -> NoReturn:
    """Refuse a frame that is not what the header says.

    Raises:
        UnreadableFilm: Always.
    """
    raise UnreadableFilm(
        source,
        "must hold the compressed frame that its header describes",
        found=found,
        advice="The file is damaged: send it again, or leave it out.",
    )


def _need(header: Header, tag: int) -> int:
    """Return a whole number that a film cannot do without.

    Raises:
        UnreadableFilm: If it is missing.
    """
    number = read_whole(header, tag)
    if number is None:
        raise UnreadableFilm(
            header.source,
            f"must say its {tags.NAMES[tag]}",
            advice="The file is damaged: send it again, or leave it out.",
        )
    return number


def _refuse_size(rows: int, columns: int, source: str, max_pixels: int) -> None:
    """Refuse sizes that no film has.

    Raises:
        UnsupportedRadiograph: If the film is too large or too small.
    """
    found = f"{columns} x {rows}"
    if rows * columns > max_pixels:
        raise UnsupportedRadiograph(
            source,
            f"must hold at most {max_pixels:,} pixels",
            found=found,
            advice="Reduce the film, or raise the limit.",
        )
    if min(rows, columns) < MIN_SIDE:
        raise UnsupportedRadiograph(
            source,
            f"must be at least {MIN_SIDE} pixels on each side",
            found=found,
            advice="Leave it out: no bone can be seen in it.",
        )


def _refuse_bits(allocated: int, stored: int, high: int, source: str) -> None:
    """Refuse depths that are no film's.

    Raises:
        UnsupportedRadiograph: If cells have another size than 8 or 16 bits.
        UnreadableFilm: If the value does not fit its cell.
    """
    if allocated not in {8, 16}:
        raise UnsupportedRadiograph(
            source,
            "must keep its pixels in 8 or 16 bits",
            found=f"{allocated} bits",
            advice="Export it with 16 bits.",
        )
    if not (2 <= stored <= allocated and stored - 1 <= high < allocated):
        raise UnreadableFilm(
            source,
            "must have BitsStored and HighBit that fit BitsAllocated",
            found=f"{stored} and {high} of {allocated}",
            advice="The header is damaged: send the film again, or leave it out.",
        )
