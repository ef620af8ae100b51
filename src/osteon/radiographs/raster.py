"""JPEG, PNG, TIFF, BMP and GIF films become radiographs, or say why not.

What counts is the content, never the name: a PNG called `film.jpg` is read as the PNG it is. So is
a GIF with one frame: old teaching files were saved so, and its palette holds 256 greys whole.

- Grey values: what becomes what stands in `greys`; colour becomes luminance, never one channel.
- EXIF orientation is applied, as every viewer did in front of which a film was read or annotated.
- A file with several frames is refused: nothing says which one is the film.
- A film of which a part is missing is never padded: it is a `TruncatedFilm`.
"""

import errno
import io
import os
import stat
import struct
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import ExifTags, Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from osteon.errors import TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.greys import extract_grey, is_all_clear
from osteon.radiographs.jpegs import find_missing_scan, put_noise_after_scan
from osteon.radiographs.torn import refuse_torn
from osteon.terms import Floats, Radiograph, Reason

FILM_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".gif"}
)
"""File name endings, in lower case, under which films are looked for."""

MIN_SIDE: Final = 16
"""A film with a shorter side, in pixels, shows no bone: it is a spacer, an icon or a mistake."""

MAX_FILE_BYTES: Final = 256 << 20
"""A larger file is not even opened; a film of 64 million pixels in 16 bits has half of that."""

_CONTAINERS: Final[Mapping[bytes, type[ImageFile.ImageFile]]] = MappingProxyType(
    {
        b"\xff\xd8\xff": JpegImageFile,
        b"\x89PNG\r\n\x1a\n": PngImageFile,
        b"II*\0": TiffImageFile,
        b"MM\0*": TiffImageFile,
        b"GIF87a": GifImageFile,
        b"GIF89a": GifImageFile,
        b"BM": BmpImageFile,
    }
)

_DECODER_FAULTS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)

# Header readers warn about harmless oddities (metadata, mostly). The warning filters belong to the
# whole process, so only one thread at a time may hold them still.
_QUIET: Final = threading.Lock()

# EXIF 2.32, 4.6.4 A, tag 274: what turns the stored picture upright.
_UPRIGHT: Final[Mapping[int, Callable[[Floats], Floats]]] = MappingProxyType(
    {
        2: lambda grey: grey[:, ::-1],
        3: lambda grey: grey[::-1, ::-1],
        4: lambda grey: grey[::-1],
        5: lambda grey: grey.T,
        6: lambda grey: grey.T[:, ::-1],
        7: lambda grey: grey.T[::-1, ::-1],
        8: lambda grey: grey.T[::-1],
    }
)

_BITS_PER_SAMPLE: Final = 258  # TIFF 6.0, section 8
_BIG_TIFF: Final = (b"II+\x00", b"MM\x00+")

TRANSPARENT: Final = Reason(
    code="alpha-ignored",
    text="The file says that its picture is transparent everywhere; its colours were read.",
)

_WHOLE: Final = "must hold the whole picture"
_CUT_SHORT: Final = "a file that was cut short"
_REFETCH: Final = "Fetch the film again, or leave it out; Osteon never fills in a missing part."


def read_raster(path: Path, *, max_pixels: int = 64_000_000) -> Radiograph:
    """Read one film from a raster file; see the module's notes.

    Safe to call from several threads at once.

    Args:
        path: The film.
        max_pixels: Films with more pixels are refused from the header alone, before decoding.

    Returns:
        The radiograph, upright, float32 in [0, 1].

    Raises:
        UnreadableFilm: If the file is missing, empty, no picture, or will not decode.
        TruncatedFilm: If a part of the picture is missing.
        UnsupportedRadiograph: If it is too large, too small, or not one grey picture.
    """  # noqa: DOC502 — reading and decoding raise them
    data = read_film_bytes(path, max_pixels=max_pixels)
    return decode_raster(data, source=str(path), max_pixels=max_pixels)


def check_file_size(path: Path, *, max_pixels: int = 64_000_000) -> os.stat_result:
    """Refuse a file that is larger than a film can be, from its size alone.

    Args:
        path: The film.
        max_pixels: Pixels that a film may have; its file's size is limited in proportion.

    Returns:
        What the system says of the file.

    Raises:
        UnsupportedRadiograph: If it is too large.
    """
    about = path.stat()
    # 8 bytes hold any pixel that is read here, so a larger file cannot be a film of that size.
    if about.st_size > min(8 * max_pixels + 2**20, MAX_FILE_BYTES):
        raise UnsupportedRadiograph(
            str(path),
            f"must hold at most {max_pixels:,} pixels",
            found=f"{about.st_size:,} bytes",
            advice="Reduce the film, or raise the limit.",
        )
    return about


def read_film_bytes(path: Path, *, max_pixels: int = 64_000_000) -> bytes:
    """Read a film's file whole, if it is a file, and no larger than a film can be.

    Args:
        path: The film.
        max_pixels: Pixels that a film may have; its file's size is limited in proportion.

    Returns:
        The bytes, not looked at yet.

    Raises:
        UnreadableFilm: If there is no such file, or it cannot be opened.
        UnsupportedRadiograph: If it is too large for a film.
    """  # noqa: DOC502 — looking at its size raises it
    try:
        about = check_file_size(path, max_pixels=max_pixels)
        # A pipe or a device could keep its reader waiting for ever.
        if stat.S_ISREG(about.st_mode):
            return path.read_bytes()
        found, cause = "a folder, or something else that is no file", None
    except (OSError, ValueError) as fault:  # ValueError: a NUL in the path
        found, cause = _reason(fault), fault
    raise UnreadableFilm(
        str(path),
        "must be a file that can be opened",
        found=found,
        advice="Check the path.",
        code="missing" if isinstance(cause, FileNotFoundError) else "",
    ) from cause


def decode_raster(data: bytes, *, source: str, max_pixels: int = 64_000_000) -> Radiograph:
    """Decode one film whose bytes are in hand already, for example because they were hashed.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it; starts every refusal.
        max_pixels: Films with more pixels are refused from the header alone, before decoding.

    Returns:
        The radiograph, upright, float32 in [0, 1].

    Raises:
        UnreadableFilm: If the bytes are no picture, or will not decode.
        TruncatedFilm: If a part of the picture is missing.
        UnsupportedRadiograph: If it is too large, too small, or not one grey picture.
    """  # noqa: DOC502 — opening and loading raise them
    image = _open(data, source)
    refuse_size(image.height, image.width, source, max_pixels=max_pixels)
    # A PNG's EXIF may stand behind its picture, so asking for it decodes the picture.
    is_png = isinstance(image, PngImageFile)
    _refuse_deep_colour(image, data, source)
    orientation = 1 if is_png else _read_orientation(image)
    stored = _load(image, source)
    if isinstance(image, TiffImageFile):
        orientation = 1  # Pillow turns a TIFF upright itself while it decodes
    orientation = _read_orientation(image) if is_png else orientation
    if isinstance(image, JpegImageFile):
        _refuse_made_up(data, stored, source)
    refuse_torn(stored, source=source)
    upright = _UPRIGHT.get(orientation, np.asarray)(stored)
    notes = (TRANSPARENT,) if is_all_clear(image) else ()
    return Radiograph(pixels=np.ascontiguousarray(upright), source=source, notes=notes)


def _refuse_deep_colour(image: ImageFile.ImageFile, data: bytes, source: str) -> None:
    """Refuse colour, or grey with transparency, of 16 bits a channel: Pillow keeps 8 of them.

    Raises:
        UnsupportedRadiograph: If it is such.
    """
    depth, n_channels = 8, 1
    if isinstance(image, PngImageFile):  # PNG 1.2, 11.2.2: IHDR
        depth, n_channels = data[24], {2: 3, 4: 2, 6: 4}.get(data[25], 1)
    elif isinstance(image, TiffImageFile):
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (8,))
        depth, n_channels = max(bits), len(bits)
    if depth > 8 and n_channels > 1:
        raise UnsupportedRadiograph(
            source,
            "must be grey where it is deeper than 8 bits",
            found=f"{n_channels} channels of {depth} bits",
            advice="Save it again as 16-bit grey.",
            code="deep-colour",
        )


def _refuse_made_up(data: bytes, stored: Floats, source: str) -> None:
    """Refuse a JPEG of which the decoder made up a part.

    Raises:
        TruncatedFilm: If a scan is missing, or the last one is short.
    """
    missing = find_missing_scan(data)
    if missing:
        raise TruncatedFilm(source, _WHOLE, found=missing, advice=_REFETCH)
    if _may_be_made_up(stored):
        probe = _open(put_noise_after_scan(data), source)
        if not np.array_equal(stored, _load(probe, source)):
            raise TruncatedFilm(source, _WHOLE, found=_CUT_SHORT, advice=_REFETCH)


def open_raster(data: bytes, *, source: str) -> ImageFile.ImageFile:
    """Read a film's header alone: container, mode, metadata; the picture is not decoded.

    Safe to call from several threads at once.

    Args:
        data: The whole file.
        source: Where the bytes came from, as the person named it; starts every refusal.

    Raises:
        UnreadableFilm: If the bytes are no picture that is read here.
        UnsupportedRadiograph: If there are several pictures in it.
    """  # noqa: DOC502 — opening raises them
    return _open(data, source)


def _open(data: bytes, source: str) -> ImageFile.ImageFile:
    # Reads the header only: the picture is not yet decoded.
    container = next((c for magic, c in _CONTAINERS.items() if data.startswith(magic)), None)
    if data.startswith(_BIG_TIFF):
        raise UnsupportedRadiograph(
            source,
            "must be a TIFF of the usual kind",
            found="a BigTIFF",
            advice="Save it again as TIFF or PNG.",
            code="big-tiff",
        )
    if container is None:
        raise UnreadableFilm(
            source,
            "must be a DICOM file, or a JPEG, PNG, TIFF, BMP or GIF picture",
            found="an empty file" if not data else f"a file that starts with {data[:4]!r}",
            advice="Fetch the film again, or leave it out.",
        )
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = container(io.BytesIO(data))
            has_frames = bool(getattr(image, "is_animated", False))
    except _DECODER_FAULTS as fault:
        raise UnreadableFilm(
            source,
            "must have a header that can be read",
            advice="The file is damaged or cut near its start: fetch it again, or leave it out.",
        ) from fault
    if has_frames:
        raise UnsupportedRadiograph(
            source,
            "must hold one picture",
            found="several frames",
            advice="Save the frame that is the radiograph as a file of its own.",
        )
    return image


def _read_orientation(image: ImageFile.ImageFile) -> int:
    """Return the EXIF orientation, 1 (upright) where there is none that can be understood."""
    try:
        with _QUIET, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DECODER_FAULTS:
        return 1  # damaged EXIF: the picture itself is whole, and stands as it is stored
    return orientation if isinstance(orientation, int) else 1


def refuse_size(rows: int, columns: int, source: str, *, max_pixels: int) -> None:
    """Refuse a film by what its header says of its size, before it is decoded.

    Args:
        rows: Height in pixels.
        columns: Width in pixels.
        source: Where the film came from; starts the refusal.
        max_pixels: Films with more pixels are refused.

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


def _load(image: ImageFile.ImageFile, source: str) -> Floats:
    # Decodes into grey in [0, 1], as stored (not yet upright).
    # A JPEG's luma is BT.601 luminance already (JFIF 1.02): decoding only that is a third faster.
    image.draft("L", None)
    try:
        image.load()
        return extract_grey(image, source)
    except MemoryError as fault:
        raise UnsupportedRadiograph(
            source,
            "must fit into the memory that a film may use",
            found=f"{image.width} x {image.height} pixels of {image.mode}",
            advice="Reduce the film, save it as grey, or raise the limit.",
            code="too-large",
        ) from fault
    except _DECODER_FAULTS as fault:
        # The decoder library has one word for a missing part in all five formats.
        if "truncated" in str(fault):
            raise TruncatedFilm(source, _WHOLE, found=_CUT_SHORT, advice=_REFETCH) from fault
        raise UnreadableFilm(
            source,
            "must decode",
            advice="The file is damaged: fetch it again, or leave it out.",
        ) from fault


def _may_be_made_up(stored: Floats) -> bool:
    """Return whether the last block is flat: what a decoder makes up is, and so is black."""
    last = stored[-8:, -8:]
    return bool(last.min() == last.max())


def _reason(fault: OSError | ValueError) -> str:
    if isinstance(fault, FileNotFoundError | NotADirectoryError):
        return "no such file"
    if getattr(fault, "errno", None) == errno.ENAMETOOLONG:
        return "a name longer than any file's"
    if isinstance(fault, PermissionError):
        return "no permission to read it"
    if getattr(fault, "errno", None) == errno.ELOOP:
        return "a link that leads back to itself"
    return (
        "a disk that does not answer" if isinstance(fault, OSError) else "a name that no file has"
    )
