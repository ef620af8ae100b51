"""Published figures, with what each was measured on: the second table of a benchmark.

They lie beside this module (`literature.toml`). None of them is to be read against a row of ours as
if the films were the same; that is what the columns on films, split and leak are for.
"""

from importlib.resources import files
from typing import Final

from osteon.settings import Settings, parse_settings

_FILE: Final = "literature.toml"


class Figure(Settings):
    """One published number.

    Attributes:
        measure: What it measures.
        value: As it was published, with its interval where one was given.
    """

    measure: str
    value: str


class Published(Settings):
    """What somebody published.

    Attributes:
        who: Authors, journal, year.
        what: The network, or the readers.
        figures: Those numbers that were seen; none where no source could be reached.
        films: What they were measured on.
        split: How those films were kept apart from the films that were learnt from.
        leak: Whether they were, as far as is known.
        seen: In what the numbers were seen.
        missing: What was not seen, or is from memory.
        doi: Of the paper.
        link: Where it has no DOI, without the scheme.
        same_collection: Whether the films are FracAtlas', as in this project's own benchmark.
    """

    who: str
    what: str
    figures: tuple[Figure, ...]
    films: str
    split: str
    leak: str
    seen: str
    missing: str
    doi: str = ""
    link: str = ""
    same_collection: bool = False

    @property
    def address(self) -> str:
        """A link; empty where there is none."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return f"https://{self.link}" if self.link else ""


class _Literature(Settings):
    published: tuple[Published, ...]


def read_literature() -> tuple[Published, ...]:
    """Return what was published, FracAtlas' own first."""
    text = (files("osteon.reports") / _FILE).read_text(encoding="utf-8")
    entries = parse_settings(text, _Literature, where=_FILE).published
    return tuple(sorted(entries, key=lambda entry: not entry.same_collection))
