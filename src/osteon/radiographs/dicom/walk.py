"""A walk over data elements that cannot run away, whatever the bytes say.

Nothing is converted on the way, and nothing inside a sequence is kept. Bounded in elements and in
depth: a parser that trusts its input can be kept busy, or sent into the deep, by a few kilobytes.

Where a sequence's length or delimiter is wrong, its items say where it ends, if an element follows
there as PS3.5 7.1 has it: the tags of a data set rise. Nothing else is taken for an end.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from osteon.errors import FilmFault, TruncatedFilm, UnreadableFilm, UnsupportedRadiograph
from osteon.radiographs.dicom import tags
from osteon.terms import Reason

MAX_ELEMENTS: Final = 20_000
"""A film's header has some hundreds of elements; private sequences make some thousands of them."""

MAX_DEPTH: Final = 16
"""Sequences in sequences; structured reports, which are not read here, go deeper."""

UNDEFINED: Final = 0xFFFF_FFFF
"""The length of what ends with a delimiter, PS3.5 7.1.1."""

# PS3.5 7.1.2: these have two reserved bytes and a length of four
_LONG: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_SHORT: Final = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT"}
    | {b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_DELIMITERS: Final = frozenset({tags.ITEM, tags.ITEM_END, tags.SEQUENCE_END})
REFETCH: Final = "Fetch the film again, or leave it out."


@dataclass(frozen=True, kw_only=True, slots=True)
class Coding:
    """How elements are written, PS3.5 7.1 and 7.3."""

    is_explicit: bool
    is_little: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """One data element, not interpreted.

    Attributes:
        vr: Its value representation; empty where the file does not say.
        value: Its bytes; those of a sequence without its end, of pixel data as far as they go.
        coding: How it is written.
        is_undefined: Whether its length was left open, PS3.5 7.1.1.
        n_missing: Bytes by which the file ends before it does.
    """

    vr: str
    value: memoryview
    coding: Coding
    is_undefined: bool = False
    n_missing: int = 0


class Walk:
    """A place in the bytes, and how many elements may still come.

    Args:
        data: What is walked over.
        at: Where to begin.
        source: Where the bytes came from; starts every refusal.
    """

    def __init__(self, data: bytes | memoryview, *, at: int, source: str) -> None:
        self.data = memoryview(data)
        self.at = at
        self.source = source
        self.n_left = MAX_ELEMENTS
        self.notes: dict[str, Reason] = {}

    def take(self, length: int) -> memoryview:
        """Return the next bytes, and step over them.

        Raises:
            TruncatedFilm: If the data end before.
        """
        if self.at + length > len(self.data):
            raise TruncatedFilm(
                self.source,
                "must hold every element whole",
                found="a file that was cut short, or one whose lengths are wrong",
                advice=REFETCH,
            )
        taken = self.data[self.at : self.at + length]
        self.at += length
        return taken

    def head(self, coding: Coding) -> tuple[int, str, int]:
        """Return the next element's tag, VR (or nothing) and length, and step over these."""
        self._count()
        order = "<" if coding.is_little else ">"
        start = bytes(self.take(8))
        group, number, length = struct.unpack(f"{order}HHL", start)
        vr = start[4:6]
        if group == 0xFFFE or not coding.is_explicit or not has_vr(vr):  # PS3.5 7.5: no VR
            return group << 16 | number, "", length
        if vr in _LONG:
            (length,) = struct.unpack(f"{order}L", self.take(4))
        else:
            (length,) = struct.unpack(f"{order}H", start[6:8])
        return group << 16 | number, vr.decode(), length

    def find_coding(self, said: Coding) -> Coding:
        """Return how the elements from here on are really written."""
        is_explicit = has_vr(self.data[self.at + 4 : self.at + 6])
        if len(self.data) - self.at < 8 or not said.is_little:
            return said
        return Coding(is_explicit=is_explicit, is_little=True)

    def collect(
        self,
        coding: Coding,
        *,
        end: int | None = None,
        until: Callable[[int], bool] | None = None,
        depth: int = 0,
    ) -> dict[int, Element]:
        """Return the elements up to the end, the item's end, the pixel data, or a tag."""
        elements: dict[int, Element] = {}
        stop = len(self.data) if end is None else min(end, len(self.data))
        while stop - self.at >= 8:
            before = self.at
            tag, vr, length = self.head(coding)
            if tag in {tags.ITEM_END, tags.SEQUENCE_END}:
                if not depth:  # left over from a sequence that said how long it is
                    continue
                if tag == tags.SEQUENCE_END:  # PS3.5 7.5.2: it ends the item, too
                    self.at = before
                break
            if until is not None and until(tag):
                self.at = before
                break
            if tag == tags.PIXEL_DATA and not depth:
                elements[tag] = self._keep_pixel_data(vr, length, coding)
                break
            start = self.at
            self._step_over(tag, vr, length, coding=coding, depth=depth)
            elements[tag] = Element(
                vr=vr,
                value=self.data[start : self.at],
                coding=coding,
                is_undefined=length == UNDEFINED,
            )
        return elements

    def enter_item(self, coding: Coding) -> int | None:
        """Step into the next item; its length, or None at the sequence's end.

        Raises:
            UnreadableFilm: If something else comes next.
        """
        tag, _, length = self.head(coding)
        if tag == tags.SEQUENCE_END:
            return None
        if tag != tags.ITEM:
            raise UnreadableFilm(
                self.source,
                "must hold items in its DICOM sequences",
                found="something else",
                advice="The file is damaged: fetch it again, or leave it out.",
            )
        return length

    def _step_over(self, tag: int, vr: str, length: int, *, coding: Coding, depth: int) -> None:
        if length == UNDEFINED:
            self._skip_items(tag, coding, depth + 1)
        elif vr == "SQ" or (not vr and self._peek(self.at, coding)[0] == tags.ITEM):
            self._skip_sequence(tag, length, coding=coding, depth=depth)
        else:
            self.take(length)

    def _skip_items(self, parent: int, coding: Coding, depth: int) -> None:
        self._refuse_depth(depth)
        while True:
            tag, _ = self._peek(self.at, coding)
            # The delimiter is missing, and what holds the sequence goes on, or ends.
            if self._goes_on(self.at, parent, coding) or (tag == tags.ITEM_END and depth > 1):
                self._note_sequence()
                return
            length = self.enter_item(coding)
            if length is None:
                return
            if length == UNDEFINED:
                # PS3.5 6.2.2, note on UN: what is inside may be implicit where the outside is not.
                self.collect(self.find_coding(coding), depth=depth)
            else:
                self.take(length)

    def _skip_sequence(self, tag: int, length: int, *, coding: Coding, depth: int) -> None:
        """Step over a sequence that says how long it is.

        Raises:
            UnreadableFilm: If its items end elsewhere, and nothing says where.
        """
        start, said = self.at, self.at + length
        found = self._find_items_end(said, coding, depth)
        if found == said <= len(self.data):
            self.at = said
            return
        for end in sorted({found, said}):
            if start <= end and self._goes_on(end, tag, coding, depth=depth):
                self.at = end
                if end != said:
                    self._note_sequence()
                return
        if said > len(self.data):
            self.take(length)
        raise UnreadableFilm(
            self.source,
            "must hold DICOM sequences that are as long as they say",
            found="one whose items end elsewhere",
            advice="The file is damaged: fetch it again, or leave it out.",
            code="sequence-length",
        )

    def _find_items_end(self, stop: int, coding: Coding, depth: int) -> int:
        """Return where the items end that begin here; the walk itself stays where it is."""
        self._refuse_depth(depth + 1)
        start = at = self.at
        while at < stop:
            tag, length = self._peek(at, coding)
            if tag == tags.SEQUENCE_END:
                at += 8
                break
            if tag != tags.ITEM:
                break
            at += 8
            self._count()
            if length != UNDEFINED:
                at += length
                continue
            self.at = at
            try:
                self.collect(self.find_coding(coding), depth=depth + 1)
                at = self.at
            except FilmFault:  # what is inside cannot be followed
                return -1
            finally:
                self.at = start
        return at

    def _goes_on(self, at: int, after: int, coding: Coding, *, depth: int = 0) -> bool:
        """Return whether a data set goes on here with a higher tag, or ends here."""
        if at == len(self.data):
            return depth > 0
        tag, length = self._peek(at, coding)
        if depth and tag in _DELIMITERS:
            return True
        if tag is None or tag <= after or tag >> 16 == 0xFFFE:
            return False
        if coding.is_explicit:
            vr = bytes(self.data[at + 4 : at + 6])
            return vr in _SHORT or vr in _LONG
        return length == UNDEFINED or at + 8 + length <= len(self.data)

    def _peek(self, at: int, coding: Coding) -> tuple[int | None, int]:
        """Return the tag at a place, and what is its length where it has no VR."""
        if not 0 <= at <= len(self.data) - 8:
            return None, 0
        order = "<" if coding.is_little else ">"
        group, number, length = struct.unpack_from(f"{order}HHL", self.data, at)
        return group << 16 | number, length

    def _note_sequence(self) -> None:
        self.notes["sequence-length"] = Reason(
            code="sequence-length",
            text="A DICOM sequence in the header does not end where it says; its items say where.",
        )

    def _count(self) -> None:
        """Count an element or an item.

        Raises:
            UnsupportedRadiograph: If too many came before it.
        """
        self.n_left -= 1
        if self.n_left < 0:
            raise UnsupportedRadiograph(
                self.source, f"must hold at most {MAX_ELEMENTS:,} DICOM elements"
            )

    def _refuse_depth(self, depth: int) -> None:
        """Refuse sequences that nest too deep.

        Raises:
            UnsupportedRadiograph: If they do.
        """
        if depth > MAX_DEPTH:
            raise UnsupportedRadiograph(
                self.source, f"must nest its DICOM sequences at most {MAX_DEPTH} deep"
            )

    def _keep_pixel_data(self, vr: str, length: int, coding: Coding) -> Element:
        is_undefined = length == UNDEFINED
        end = len(self.data) if is_undefined else self.at + length
        return Element(
            vr=vr,
            value=self.data[self.at : end],
            coding=coding,
            is_undefined=is_undefined,
            n_missing=max(0, end - len(self.data)),
        )


def has_vr(vr: bytes | memoryview) -> bool:
    """Return whether two bytes are a value representation's letters, PS3.5 6.2.

    Args:
        vr: What stands where it would.
    """
    letters = bytes(vr)
    return len(letters) == 2 and letters.isalpha() and letters.isupper()
