"""The data elements of a DICOM file up to its pixel data, as bytes.

Bounded in elements, in depth (`walk`) and in inflated bytes, so that a small file cannot keep us
busy: 16 KiB of deflated nothing would otherwise be a million elements.

Tolerated, as other readers do: a missing preamble or meta header, a data set that is explicit
where the transfer syntax says implicit or the other way round, a single element without a VR.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from osteon.errors import TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.walk import REFETCH, UNDEFINED, Coding, Element, Walk, has_vr
from osteon.terms import Reason

DEFLATE_RATIO: Final = 256
"""Deflate can promise 1,032 bytes for one; a film with wide black margins comes to 60."""

FREE_INFLATION: Final = 2**20
"""So many bytes may come out of any deflated file, however small it is."""

MAX_INFLATED: Final = 160 * 2**20
"""64 million pixels of 16 bits, and a header; so much of any deflated file, however large."""

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """A data set, or an item of a sequence.

    Attributes:
        source: Where it came from; starts every refusal.
        syntax: The transfer syntax UID, as the file says or as it was found to be.
        elements: By tag. Elements behind the pixel data are not read.
        notes: What is wrong with the way it is written, and did not matter.
    """

    source: str
    syntax: str
    elements: Mapping[int, Element]
    notes: tuple[Reason, ...] = ()


def is_dicom(data: bytes) -> bool:
    """Return whether a file looks like DICOM: by its prefix, or by a plausible first element.

    Args:
        data: The whole file, or its first 4 KiB.

    Returns:
        True with the prefix of PS3.10 7.1, whatever the preamble holds; it may be a TIFF's start.
    """
    if data[128:132] == b"DICM":
        return True
    if len(data) < 16 or (data[:2], data[3:4]) not in {
        (b"\x02\x00", b"\x00"),
        (b"\x08\x00", b"\x00"),
        (b"\x00\x08", data[3:4]),
    }:
        return False
    if has_vr(data[4:6]):
        return True
    # Implicit: the first values of these groups are UIDs, dates and code strings.
    return data[:2] != b"\x00\x08" and int.from_bytes(data[4:8], "little") <= 128


def parse_header(data: bytes, *, source: str) -> Header:
    """Walk over a file's elements up to the pixel data.

    Args:
        data: The whole file.
        source: Where it came from, as the person named it.

    Returns:
        The elements, in the words of the file.

    Raises:
        UnreadableFilm: If the bytes are no chain of elements.
        TruncatedFilm: If they end before the pixel data begin.
        UnsupportedRadiograph: If there are too many elements, too deep, or inflated too far.
    """
    if not is_dicom(data):
        raise UnreadableFilm(
            source,
            "must be a DICOM file",
            found="an empty file" if not data else "something else",
            advice=REFETCH,
        )
    walk = Walk(data, at=132 if data[128:132] == b"DICM" else 0, source=source)
    meta = walk.collect(_META, until=lambda tag: tag >> 16 != 2)  # PS3.10 7.1: always so coded
    named = meta.get(tags.TRANSFER_SYNTAX_UID)
    syntax = _name_syntax(named) or _guess_syntax(data[walk.at : walk.at + 8])
    if syntax == DEFLATED:
        walk = Walk(_inflate(data[walk.at :], source), at=0, source=source)
    coding = Coding(is_explicit=syntax != IMPLICIT_LITTLE, is_little=syntax != EXPLICIT_BIG)
    elements = walk.collect(walk.find_coding(coding))
    if not elements:
        raise UnreadableFilm(
            source,
            "must hold DICOM elements",
            found="none that can be read",
            advice=REFETCH,
        )
    return Header(
        source=source,
        syntax=syntax,
        elements=MappingProxyType(meta | elements),
        notes=tuple(walk.notes.values()),
    )


def parse_first_item(header: Header, tag: int) -> Header | None:
    """Return the first item of a sequence; None where there is no sequence, or it is empty.

    Args:
        header: The data set.
        tag: The sequence's tag.

    Returns:
        The item as a data set of its own.

    Raises:
        UnreadableFilm: If the sequence holds something else than items.
        TruncatedFilm: If the item is cut.
        UnsupportedRadiograph: If it holds too many elements, or nests too deep.
    """
    sequence = header.elements.get(tag)
    if sequence is None or len(sequence.value) < 8:
        return None
    walk = Walk(sequence.value, at=0, source=header.source)
    length = walk.enter_item(sequence.coding)
    if length is None:
        return None
    end = None if length == UNDEFINED else walk.at + length
    elements = walk.collect(walk.find_coding(sequence.coding), end=end, depth=1)
    return Header(source=header.source, syntax=header.syntax, elements=elements)


_META: Final = Coding(is_explicit=True, is_little=True)


def _name_syntax(element: Element | None) -> str:
    return "" if element is None else bytes(element.value).decode("latin-1").strip(" \0")


def _guess_syntax(start: bytes) -> str:
    # PS3.5 10.1: where nothing is said, little endian; a data set begins with group 0008.
    if start[:2] == b"\x00\x08":
        return EXPLICIT_BIG
    return EXPLICIT_LITTLE if has_vr(start[4:6]) else IMPLICIT_LITTLE


def _inflate(deflated: bytes, source: str) -> bytes:
    """Inflate a data set, PS3.5 A.5, no further than a film can need.

    Raises:
        UnsupportedRadiograph: If more would come out.
        TruncatedFilm: If the stream ends before its end.
        UnreadableFilm: If it is no deflated stream.
    """
    most = min(max(FREE_INFLATION, DEFLATE_RATIO * len(deflated)), MAX_INFLATED)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = stream.decompress(deflated, most)
    except zlib.error as fault:
        raise UnreadableFilm(
            source,
            "must hold a deflated data set, as its transfer syntax says",
            advice="The file is damaged: fetch it again, or leave it out.",
        ) from fault
    if not stream.eof and len(data) == most:
        raise UnsupportedRadiograph(
            source,
            f"must not inflate to more than {DEFLATE_RATIO} times its size, nor {MAX_INFLATED:,}",
        )
    if not stream.eof:
        raise TruncatedFilm(
            source,
            "must hold its deflated data set whole",
            found="a file that was cut short",
            advice=REFETCH,
        )
    return data
