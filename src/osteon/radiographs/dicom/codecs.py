"""Compressed frames become samples, by native decoders that are loaded when first needed.

| family | decoder | what it does with a cut frame |
|---|---|---|
| RLE | Pillow, whose PackBits it is | refuses it |
| JPEG, 8 bits | Pillow, as for files | pads; found out by `put_noise_after_scan` |
| JPEG of 12 bits, lossless JPEG | GDCM | pads; found out in the same way, and by a row more |
| JPEG-LS | pyjpegls (CharLS) | without an end marker never returns; so none goes in without |
| JPEG 2000, HTJ2K | pylibjpeg-openjpeg | refuses it |

They are loaded by name because reading a JPEG must not wait for 50 MB of libraries, and because a
decoder that is not loaded cannot be crashed.
"""

import importlib
from dataclasses import replace
from types import ModuleType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from osteon.errors import TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom.codestreams import (
    CodeStream,
    add_rows,
    drop_exif,
    is_gapless_j2k,
)
from osteon.radiographs.jpegs import (
    find_missing_interval,
    find_missing_scan,
    put_noise_after_scan,
)
from osteon.radiographs.raster import decode_raster

Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""Shape `(rows, columns)`, as the code stream holds them; signed ones in two's complement."""

_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
_WHOLE: Final = "must hold the whole picture"
_CUT: Final = "a frame that was cut short"
_END: Final = b"\xff\xd9"
_REFETCH: Final = "Fetch the film again, or leave it out; Osteon never fills in a missing part."


def decode_rle(frame: bytes, *, shape: tuple[int, int], bits: int, source: str) -> Samples:
    """Decode an RLE frame, PS3.5 annex G.

    Args:
        frame: The frame.
        shape: Rows and columns, as the data set says.
        bits: 8 or 16, allocated.
        source: Where it came from.

    Returns:
        The samples.

    Raises:
        TruncatedFilm: If its segments end too early.
    """
    try:
        segments = _unpack_segments(frame, n_pixels=shape[0] * shape[1])
        if len(segments) == bits // 8:
            # PS3.5 G.2: the first segment holds the more significant bytes.
            samples: Samples = segments[0] if bits == 8 else _join_bytes(*segments)
            return samples.reshape(shape)
        cause: Exception | None = None
    except _FAULTS as fault:
        cause = fault
    raise TruncatedFilm(
        source,
        "must hold every segment of its RLE frame whole",
        found="a frame that ends too early, or is damaged",
        advice=_REFETCH,
    ) from cause


def decode_codestream(stream: CodeStream, *, source: str) -> Samples:
    """Decode a JPEG, JPEG-LS or JPEG 2000 frame whose size and depth were checked.

    Args:
        stream: The frame.
        source: Where it came from.

    Returns:
        The samples.

    Raises:
        TruncatedFilm: If a part of the frame is missing.
        UnreadableFilm: If it will not decode.
        UnsupportedRadiograph: If the decoder is not installed.
    """  # noqa: DOC502 — loading raises the last
    is_gapless = stream.family != "jpeg-2000" or is_gapless_j2k(stream.data)
    if not is_gapless or (stream.family == "jpeg-ls" and not stream.has_end):
        raise TruncatedFilm(source, _WHOLE, found=_CUT, advice=_REFETCH)
    try:
        if stream.family == "jpeg-2000":
            return _decode_j2k(stream, source)
        if stream.family == "jpeg-ls":
            return _decode_jpeg_ls(stream, source)
        if stream.family == "jpeg" and stream.precision == 8:
            return _decode_jpeg(stream, source)
        return _decode_with_gdcm(stream, source)
    except _FAULTS as fault:
        if not stream.has_end:
            raise TruncatedFilm(source, _WHOLE, found=_CUT, advice=_REFETCH) from fault
        raise UnreadableFilm(
            source,
            "must decode",
            advice="The file is damaged: fetch it again, or leave it out.",
        ) from fault


def _unpack_segments(frame: bytes, *, n_pixels: int) -> list[npt.NDArray[np.uint8]]:
    # PS3.5 G.5: the number of segments and where they start, sixteen numbers in all.
    n_segments, *offsets = np.frombuffer(frame, dtype="<u4", count=16).tolist()
    starts = offsets[:n_segments] if n_segments <= 2 else ()  # more are colour
    ends = (*starts[1:], len(frame))
    segments = [frame[start:end] for start, end in zip(starts, ends, strict=True)]
    # Where a piece is missing from the middle, what follows is taken for other runs than it was,
    # and makes too much. Zeros at the end are padding, PS3.5 G.3.1, or come back as what completes
    # the last run: bytes that make nothing by themselves.
    if segments and _holds_pixels(segments[-1].rstrip(b"\0") + b"\x80" * 130, n_pixels + 1):
        raise ValueError(n_pixels)
    return [_unpack_segment(segment, n_pixels) for segment in segments]


def _unpack_segment(segment: bytes, n_pixels: int) -> npt.NDArray[np.uint8]:
    # As one long row: some writers let a run cross the end of a row.
    return np.asarray(Image.frombytes("L", (n_pixels, 1), segment, "packbits", "L"))


def _holds_pixels(segment: bytes, n_pixels: int) -> bool:
    try:
        _unpack_segment(segment, n_pixels)
    except ValueError:
        return False
    return True


def _join_bytes(high: npt.NDArray[np.uint8], low: npt.NDArray[np.uint8]) -> Samples:
    joined: Samples = (high.astype(np.uint16) << np.uint16(8)) | low
    return joined


def _decode_j2k(stream: CodeStream, source: str) -> Samples:
    decoded = _load("openjpeg", source).decode(stream.data, 0)
    unsigned = decoded.view(f"u{decoded.dtype.itemsize}")
    return _check_shape(unsigned, stream)


def _decode_jpeg_ls(stream: CodeStream, source: str) -> Samples:
    # With a second end marker the decoder stops even if the first was taken for data.
    decoded, _ = _load("jpeg_ls", source).decode_pixel_data(stream.data + _END)
    return _shape_samples(decoded, stream.precision, (stream.rows, stream.columns))


def _decode_jpeg(stream: CodeStream, source: str) -> Samples:
    data = drop_exif(stream.data)
    # Whether it is torn is asked of the whole film, when its greys are known.
    film = decode_raster(
        data, source=source, max_pixels=stream.rows * stream.columns, allow_torn=True
    )
    return _check_shape(np.rint(film.pixels * np.float32(255.0)).astype(np.uint8), stream)


def _decode_with_gdcm(stream: CodeStream, source: str) -> Samples:
    """Decode, and look whether the scan ends where the picture does.

    Raises:
        TruncatedFilm: If noise behind the scan is taken for a part of it, or the scan goes on
            behind the last row: a piece is missing, and what follows is taken for other blocks.
    """
    if stream.family == "jpeg" and (
        find_missing_scan(stream.data) or find_missing_interval(stream.data)
    ):
        raise TruncatedFilm(source, _WHOLE, found=_CUT, advice=_REFETCH)
    middle = 1 << (stream.precision - 1)
    # ITU-T T.81, A.1.1: blocks are of 8 rows. One more row of them is asked for, and is made up,
    # but perhaps for its first block: the bits that fill the last byte.
    n_more = 8 if stream.family == "jpeg" else 0
    decoded = _ask_gdcm(add_rows(stream, n_more), source)
    samples, more = decoded[: stream.rows], decoded[-(-stream.rows // 8) * 8 :]
    is_short = (n_more or samples[-1, -1] == middle) and not np.array_equal(
        samples,
        _ask_gdcm(replace(stream, data=put_noise_after_scan(stream.data)), source),
    )
    if is_short or (n_more and (more[:, 8:] != middle).any()):
        raise TruncatedFilm(source, _WHOLE, found=_CUT, advice=_REFETCH)
    return samples


def _ask_gdcm(stream: CodeStream, source: str) -> Samples:
    gdcm = _load("gdcm", source)
    gdcm.Trace.WarningOff()
    gdcm.Trace.ErrorOff()
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(stream.data)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    pixel_data = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    pixel_data.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((stream.columns, stream.rows, 1))
    image.SetDataElement(pixel_data)
    grey = gdcm.PhotometricInterpretation.GetPIType("MONOCHROME2")
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    # Process 14 and 12 bits: what lossless and other frames may be at most, PS3.5 A.4.1
    uid = f"1.2.840.10008.1.2.4.{57 if stream.family == 'jpeg-lossless' else 51}"
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(uid)))
    bits = stream.precision
    image.SetPixelFormat(gdcm.PixelFormat(1, 8 if bits <= 8 else 16, bits, bits - 1, 0))
    # The bytes come as text that stands for them; nothing comes where they would not decode.
    decoded = image.GetBuffer().encode("utf-8", "surrogateescape")
    return _shape_samples(decoded, bits, (stream.rows, stream.columns))


def _load(name: str, source: str) -> ModuleType:
    """Load a decoder.

    Raises:
        UnsupportedRadiograph: If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as fault:
        raise UnsupportedRadiograph(
            source,
            "must be compressed in a way that this installation decodes",
            found=f"a film that needs the decoder {name!r}",
            advice="Install Osteon again with all that it needs: pip install --force osteon.",
        ) from fault


def _shape_samples(decoded: Any, bits: int, shape: tuple[int, int]) -> Samples:
    kind = "u1" if bits <= 8 else "<u2"
    samples: Samples = np.frombuffer(decoded, dtype=kind).reshape(shape)
    return samples


def _check_shape(samples: Any, stream: CodeStream) -> Samples:
    """Return samples that are of the size that was promised.

    Raises:
        ValueError: If they are not.
    """
    if samples.shape != (stream.rows, stream.columns) or samples.dtype.itemsize > 2:
        raise ValueError(samples.shape)
    kept: Samples = samples
    return kept
