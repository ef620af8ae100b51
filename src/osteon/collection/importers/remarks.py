"""What an importer left out, or took otherwise than it was written: counted and named."""

from dataclasses import dataclass
from typing import Final

MAX_EXAMPLES: Final = 8
"""Places that a remark names; it counts all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One kind of thing that a person should know of an import.

    Attributes:
        noun: Of what, in the singular, such as "annotation"; its plural takes an s.
        what: What became of it, such as "dropped for a flat box".
        n: How often.
        examples: The first places, at most `MAX_EXAMPLES`.
    """

    noun: str
    what: str
    n: int
    examples: tuple[str, ...]


class Remarks:
    """Collects remarks while papers are read; equal ones are counted together."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], list[str]] = {}

    def add(self, noun: str, what: str, place: str) -> None:
        """Note one more thing.

        Args:
            noun: In the singular; its plural takes an s.
            what: What became of it.
            place: Where, as a person finds it.
        """
        self._places.setdefault((noun, what), []).append(place)

    def list(self) -> tuple[Remark, ...]:
        """Return what was noted, in the order in which each kind first came."""
        return tuple(
            Remark(noun=noun, what=what, n=len(places), examples=tuple(places[:MAX_EXAMPLES]))
            for (noun, what), places in self._places.items()
        )
