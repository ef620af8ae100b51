"""What an element says: text, whole numbers, decimals; None where it says nothing usable.

Tolerant on purpose: a header with one odd value is still a film. What cannot be understood counts
as absent, and no value is ever repeated in a refusal unless the caller shows it.
"""

import math
import re
import struct
from typing import Final

from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.elements import Header

_BINARY: Final = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d"}  # PS3.5 6.2
_TEXTUAL: Final = frozenset({"DS", "IS", "LO", "SH", "CS", "ST", "UC"})
_MOST_TEXT: Final = 1024
_DECIMAL: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_text(header: Header, tag: int) -> str | None:
    """Return an element's first value as text without padding; None where there is none.

    Args:
        header: The data set.
        tag: The element.

    Returns:
        Printable text of at most 64 characters, which no value of these VRs may exceed.
    """
    element = header.elements.get(tag)
    if element is None:
        return None
    raw = bytes(element.value[:_MOST_TEXT])
    text = _decode(raw, header).split("\\", 1)[0].strip(" \0\t\r\n")
    return text if text and len(text) <= 64 and text.isprintable() else None


def read_code(header: Header, tag: int) -> str | None:
    """Return a code string in upper case, PS3.5 6.2; None where it is none.

    Args:
        header: The data set.
        tag: The element.

    Returns:
        At most 16 letters, digits, spaces, `_` and `-`.
    """
    text = (read_text(header, tag) or "").upper()
    return text if re.fullmatch(r"[A-Z0-9 _-]{1,16}", text) else None


def read_uid(header: Header, tag: int) -> str | None:
    """Return a unique identifier, PS3.5 9.1; None where it is none.

    Args:
        header: The data set.
        tag: The element.

    Returns:
        Digits and dots, at most 64.
    """
    text = read_text(header, tag) or ""
    return text if re.fullmatch(r"[0-9.]{1,64}", text) else None


def read_whole(header: Header, tag: int, *, is_signed: bool = False) -> int | None:
    """Return an element's first value as a whole number; None where it is none.

    Args:
        header: The data set.
        tag: The element.
        is_signed: Where the file names no VR: whether two bytes hold a signed number.

    Returns:
        The number.
    """
    numbers = read_numbers(header, tag, is_signed=is_signed)
    return int(numbers[0]) if numbers and numbers[0].is_integer() else None


def read_numbers(header: Header, tag: int, *, is_signed: bool = False) -> tuple[float, ...]:
    """Return all of an element's values as numbers; nothing where one of them is none.

    Args:
        header: The data set.
        tag: The element.
        is_signed: Where the file names no VR: whether two bytes hold a signed number.

    Returns:
        Finite numbers.
    """
    element = header.elements.get(tag)
    if element is None:
        return ()
    if element.vr in _TEXTUAL or (element.vr not in _BINARY and tag in _DECIMAL_STRINGS):
        return _parse_decimals(_decode(bytes(element.value[:_MOST_TEXT]), header))
    letter = _BINARY.get(element.vr, "h" if is_signed else "H")
    size = struct.calcsize(f"<{letter}")
    whole = min(len(element.value), _MOST_TEXT) // size
    order = "<" if element.coding.is_little else ">"
    values = struct.unpack(f"{order}{whole}{letter}", element.value[: whole * size])
    numbers = tuple(float(value) for value in values)
    return numbers if all(map(math.isfinite, numbers)) else ()


# What these are where the file, being implicit, names no VR: PS3.6 chapter 6.
_DECIMAL_STRINGS: Final = frozenset(
    {
        tags.IMAGER_PIXEL_SPACING,
        tags.NOMINAL_SCANNED_PIXEL_SPACING,
        tags.PIXEL_SPACING,
        tags.PIXEL_ASPECT_RATIO,
        tags.NUMBER_OF_FRAMES,
        tags.WINDOW_CENTER,
        tags.WINDOW_WIDTH,
        tags.RESCALE_INTERCEPT,
        tags.RESCALE_SLOPE,
    }
)


def _parse_decimals(text: str) -> tuple[float, ...]:
    parts = [part.strip(" \0") for part in text.split("\\")]
    if not all(_DECIMAL.fullmatch(part) for part in parts):
        return ()
    numbers = tuple(map(float, parts))
    return numbers if all(map(math.isfinite, numbers)) else ()


def _decode(raw: bytes, header: Header) -> str:
    charset = header.elements.get(tags.SPECIFIC_CHARACTER_SET)
    is_utf8 = charset is not None and b"ISO_IR 192" in bytes(charset.value[:_MOST_TEXT])
    # PS3.3 C.12.1.1.2: any other set agrees with Latin-1 in ASCII, which is all that is needed.
    return raw.decode("utf-8" if is_utf8 else "latin-1", "replace")
