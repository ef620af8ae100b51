"""What names mean: of class folders, of split folders, of labels in a table.

Meaning comes from the whole name and never from its place in the alphabet: a class is understood
by word or named by the person, so no order of folders can turn the labels round.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from osteon.errors import SettingsFault
from osteon.terms import Split

_SPLITS: Mapping[str, Split] = MappingProxyType(
    {
        "train": "train",
        "training": "train",
        "val": "tune",
        "valid": "tune",
        "validation": "tune",
        "tune": "tune",
        "dev": "tune",
        "test": "test",
        "testing": "test",
    }
)

# "not fractured" contains "fractured": only a match of the whole name counts.
_FRACTURE = re.compile(
    r"(?:(?P<negator>not|non|no|without|un) ?|(?:with|has) )?"
    r"(?:fractured|fractures|fracture|broken)"
    r"(?: (?:bones?|films?|images?|radiographs?|x ?rays?))?"
)
# "abnormal" is left out on purpose: an abnormal bone need not be broken.
_WORDS: Mapping[str, bool] = MappingProxyType(
    {
        "positive": True,
        "negative": False,
        "normal": False,
        "healthy": False,
        "intact": False,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassNames:
    """The names of the two classes: the known words, and the person's own before them.

    Attributes:
        positive: Names that mean a fracture, as the person wrote them.
        negative: Names that mean none.
    """

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()

    def meaning(self, name: str) -> bool | None:
        """Return whether a name says "fractured"; None where it says nothing about it.

        >>> names = ClassNames(positive=("Bruch",))
        >>> [names.meaning(name) for name in ("not fractured", "1_Fractured", "bruch", "wrist")]
        [False, True, True, None]
        """
        phrase = _phrase(name)
        if phrase in map(_phrase, self.positive):
            return True
        if phrase in map(_phrase, self.negative):
            return False
        words = re.sub(r"^\d+ ", "", phrase)  # "0_normal"
        match = _FRACTURE.fullmatch(words)
        return match["negator"] is None if match else _WORDS.get(words)


def build_class_names(positive: Sequence[str], negative: Sequence[str]) -> ClassNames:
    """Return the names of the two classes.

    Args:
        positive: What the person gave as `--positive`.
        negative: What the person gave as `--negative`.

    Returns:
        The names, to be asked.

    Raises:
        SettingsFault: If one name is given for both classes.
    """
    both = {_phrase(name) for name in positive} & {_phrase(name) for name in negative}
    if both:
        raise SettingsFault(
            "--positive, --negative", "must name different classes", found=sorted(both)
        )
    return ClassNames(positive=tuple(positive), negative=tuple(negative))


def parse_split(name: str) -> Split | None:
    """Return the split that a folder's or cell's name means, or None.

    >>> parse_split("valid"), parse_split("wrist")
    ('tune', None)
    """
    return _SPLITS.get(_phrase(name))


def find_class_folder(folder: str, names: ClassNames) -> str | None:
    """Return the innermost of a folder and those above it that names a class, or None.

    >>> find_class_folder("train/not fractured/wrist", ClassNames())
    'train/not fractured'
    """
    while folder:
        above, _, name = folder.rpartition("/")
        if names.meaning(name) is not None:
            return folder
        folder = above
    return None


def find_label(folder: str, names: ClassNames) -> bool | None:
    """Return what the innermost class folder among a folder and those above it says, or None."""
    named = find_class_folder(folder, names)
    return None if named is None else names.meaning(named.rpartition("/")[2])


def find_published_split(folder: str) -> Split | None:
    """Return the split that the folders above a film name; the innermost holds."""
    splits = (parse_split(name) for name in reversed(folder.split("/")))
    return next((split for split in splits if split is not None), None)


def is_same_name(one: str, other: str) -> bool:
    """Return whether two names differ in nothing but case, separators and Unicode form."""
    return _phrase(one) == _phrase(other)


def _phrase(name: str) -> str:
    # NFKC: a Mac decomposes é, and a folder must not change its meaning by being copied.
    text = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", " ", text).strip() or text
