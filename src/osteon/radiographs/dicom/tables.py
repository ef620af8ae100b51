"""Look-up tables, PS3.3 C.11.1.1 and C.11.2.1.1: what a table holds goes before what it says.

A descriptor has three numbers, and each of them is written wrongly in the field: how many entries
there are, which value comes first, and how many bits an entry has.
"""

from dataclasses import dataclass, field
from typing import Final, NoReturn

import numpy as np
import numpy.typing as npt

from osteon.errors import UnreadableFilm
from osteon.radiographs.dicom import tags
from osteon.radiographs.dicom.elements import Header, parse_first_item
from osteon.radiographs.dicom.values import read_numbers
from osteon.radiographs.dicom.walk import Element
from osteon.terms import Reason

Values = npt.NDArray[np.float64]

OVERSHOOT: Final = 1.02
"""So much beyond its bits an entry may go, and is clipped: a table's maker rounded up."""

_KINDS: Final = {tags.MODALITY_LUT_SEQUENCE: "modality LUT", tags.VOI_LUT_SEQUENCE: "VOI LUT"}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Table:
    """A LUT.

    Attributes:
        entries: What it puts out.
        first: The value that is mapped to the first entry.
        largest: What an entry of its bits can be at most.
        notes: What its descriptor contradicts.
    """

    entries: Values
    first: int
    largest: int
    notes: tuple[Reason, ...]

    def look_up(self, values: Values) -> Values:
        """Return the entries of values."""
        # PS3.3 C.11.1.1.1: what lies outside the table has the value of its nearest end.
        at = np.rint(values).astype(np.int64) - self.first
        return self.entries[np.clip(at, 0, self.entries.size - 1)]


@dataclass(kw_only=True, slots=True)
class _Draft:
    """A table under construction, with what was found on the way."""

    kind: str
    source: str
    notes: list[Reason] = field(default_factory=list)

    def note(self, code: str, text: str) -> None:
        self.notes.append(Reason(code=code, text=f"The {self.kind}'s {text}."))


def read_table(header: Header, tag: int, *, used: tuple[int, int], is_signed: bool) -> Table | None:
    """Return the first LUT of a sequence; None where there is none.

    Args:
        header: The data set.
        tag: The sequence.
        used: The lowest and the highest value that the film puts into it.
        is_signed: Whether its first value is signed, by the standard.

    Raises:
        UnreadableFilm: If there is one that cannot be applied to this film.
    """
    item = parse_first_item(header, tag)
    if item is None:
        return None
    data = item.elements.get(tags.LUT_DATA)
    descriptor = item.elements.get(tags.LUT_DESCRIPTOR)
    if data is None and descriptor is None:  # an item with nothing in it is no table
        return None
    draft = _Draft(kind=_KINDS[tag], source=header.source)
    numbers = read_numbers(item, tags.LUT_DESCRIPTOR)
    if len(numbers) != 3 or descriptor is None or data is None or len(data.value) < 2:
        _refuse(header.source)
    said, raw, bits = (int(number) & 0xFFFF for number in numbers)
    n_said = said or 65536  # PS3.3 C.11.1.1.1: 0 stands for 65,536
    entries = _read_entries(data, n_said, bits, draft)
    first = _choose_first(raw, entries.size, used, is_signed=is_signed, draft=draft)
    if raw > 32767 and descriptor.vr == ("SS" if first == raw else "US") and not draft.notes:
        draft.note("lut-first-value", f"first value was read as {first}, not as its VR says")
    entries = _fit_count(entries, n_said, used[1] - first, draft)
    largest = (1 << bits) - 1
    if tag == tags.VOI_LUT_SEQUENCE:  # what a modality LUT puts out is no share of anything
        largest = _find_largest(entries, bits, draft)
        entries = np.minimum(entries, largest)
    return Table(entries=entries, first=first, largest=largest, notes=tuple(draft.notes))


def _read_entries(data: Element, n_said: int, bits: int, draft: _Draft) -> Values:
    """Return all entries that are there, as bytes or as words."""
    order = "<" if data.coding.is_little else ">"
    n_bytes = len(data.value)
    as_bytes = np.frombuffer(data.value, dtype=np.uint8)
    if order == ">" and data.vr != "OB" and n_bytes % 2 == 0:
        as_bytes = as_bytes.reshape(-1, 2)[:, ::-1].reshape(-1)  # PS3.5 7.3
    # PS3.3 C.11.1.1.1, note: 8-bit entries may fill words, or two of them one word; only the
    # length tells. A byte makes it even.
    is_packed = n_bytes - n_said in {0, 1} and n_said > 1
    if is_packed and bits > 8 and _is_smooth(as_bytes[:n_said]):
        draft.note("lut-depth", f"entries have 8 bits, not {bits} as it says")
        return as_bytes[:n_said].astype(np.float64)
    if bits <= 8 and n_bytes < 2 * n_said:
        return as_bytes[: n_said if is_packed else n_bytes].astype(np.float64)
    words = np.frombuffer(data.value[: n_bytes // 2 * 2], dtype=f"{order}u2")
    return words.astype(np.float64)


def _is_smooth(entries: npt.NDArray[np.uint8]) -> bool:
    """Return whether entries rise and fall as a curve does, and not as halves of words do."""
    steps = np.abs(np.diff(entries.astype(np.int64)))
    return int(steps.sum()) <= 4 * int(np.ptp(entries))


def _choose_first(
    raw: int, n_entries: int, used: tuple[int, int], *, is_signed: bool, draft: _Draft
) -> int:
    """Return the first value mapped, as signed as the values that go in."""
    # PS3.3 C.11.1.1.1, C.11.2.1.1: US or SS as PixelRepresentation, or the rescale's range, has it;
    # the VR in the file is that of all three numbers, and wrong for one of them in many.
    negative = raw - 65536 if raw > 32767 else raw
    first, other = (negative, raw) if is_signed else (raw, negative)
    if first == other or _covers(first, n_entries, used) > 0.0:
        return first
    if _covers(other, n_entries, used) > 0.5:
        draft.note(
            "lut-first-value", f"first value was read as {other}: as {first} it would miss the film"
        )
        return other
    return first


def _covers(first: int, n_entries: int, used: tuple[int, int]) -> float:
    """Return what share of the values used lies inside a table."""
    low, high = max(first, used[0]), min(first + n_entries - 1, used[1])
    return max(0, high - low) / max(1, used[1] - used[0])


def _fit_count(entries: Values, n_said: int, highest: int, draft: _Draft) -> Values:
    """Return the entries that count, where there are fewer or more than the descriptor says."""
    if entries.size < n_said and entries.size <= highest:
        _refuse(draft.source, found=f"{entries.size} entries of {n_said}")
    if entries.size < n_said:
        draft.note("lut-length", f"table has {entries.size} entries where it says {n_said}")
        return entries
    if entries.size > n_said + 1 and n_said <= highest and entries[n_said:].any():
        draft.note("lut-length", f"table has {entries.size} entries where it says {n_said}")
        return entries
    return entries[:n_said]


def _find_largest(entries: Values, bits: int, draft: _Draft) -> int:
    """Return what white is: by the descriptor's bits, or by those that the entries reach."""
    if any(note.code == "lut-depth" for note in draft.notes):  # bytes that were said to be words
        return 255
    top = float(entries.max())
    if 8 <= bits <= 16 and int(top).bit_length() == bits:
        return (1 << bits) - 1
    reached = 8
    while top > ((1 << reached) - 1) * OVERSHOOT:
        reached += 1
    # PS3.3 C.11.2.1.1: entries use the whole range of their bits. One that never needs the highest
    # bit, or needs more of them than are said to be there, has another depth.
    if reached == bits:
        return (1 << bits) - 1
    draft.note("lut-depth", f"entries reach {reached} bits, not {bits} as it says")
    return (1 << reached) - 1


def _refuse(source: str, *, found: str | None = None) -> NoReturn:
    """Refuse a table that is not whole.

    Raises:
        UnreadableFilm: Always.
    """
    raise UnreadableFilm(
        source,
        "must hold its look-up tables whole",
        found=found,
        advice="The header is damaged: send the film again, or leave it out.",
        code="lut",
    )
