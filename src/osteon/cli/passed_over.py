"""How it is told what a command left out: counted, and the first ones named."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from osteon.wording import spell

if TYPE_CHECKING:
    from osteon.terms import SetAside

SHOWN: Final = 10
"""Films, files and folders that are named; `--json` has them all."""

PASSED_OVER: Final = MappingProxyType(
    {"one": "file or folder passed over", "many": "files and folders passed over"}
)

ENDINGS_SHOWN: Final = 6
"""Kinds of files that are counted one by one."""


def describe_set_aside(found: "Sequence[SetAside]", *, one: str, many: str) -> list[str]:
    """Return what was left out, one to a line below its count; nothing where there is nothing.

    Args:
        found: What was left out, and why.
        one: Noun and verb for one of them, such as "film set aside".
        many: The same for several.

    Example:
        >>> from osteon.terms import SetAside
        >>> describe_set_aside([SetAside(path="a", reason="locked")], one="file left", many="files")
        ['1 file left:', '  a: locked']
    """
    if not found:
        return []
    told = [f"{len(found):,} {one if len(found) == 1 else many}:"]
    told += [f"  {spell(left.path)}: {left.reason}" for left in found[:SHOWN]]
    return [*told, f"  and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else told


def describe_beside(
    passed_over: "Sequence[SetAside]", other_endings: Mapping[str, int]
) -> list[str]:
    """Return what lay beside the films of folders and was not read.

    Args:
        passed_over: Links, locked folders, foreign pictures, each named.
        other_endings: Other files, counted by their endings.
    """
    n = sum(other_endings.values())
    noun = "other file" if n == 1 else "other files"
    others = [f"{n:,} {noun} passed over: {describe_endings(other_endings)}"] if n else []
    return [*others, *describe_set_aside(passed_over, **PASSED_OVER)]


def describe_endings(counts: Mapping[str, int]) -> str:
    """Return how many files have each ending.

    Args:
        counts: From `count_endings`, the most common first.

    Example:
        >>> describe_endings({".txt": 2, "": 1})
        '2 .txt, 1 without an ending'
    """
    told = [f"{n:,} {ending or 'without an ending'}" for ending, n in counts.items()]
    n_rest = sum(list(counts.values())[ENDINGS_SHOWN:])
    rest = [f"{n_rest:,} others"] if n_rest else []
    return ", ".join([*told[:ENDINGS_SHOWN], *rest])


def describe_some(examples: Sequence[str], n: int) -> str:
    """Return the first places of many.

    Args:
        examples: The first ones.
        n: How many there are.

    Example:
        >>> describe_some(["a", "b"], 5)
        'a, b and 3 more'
    """
    told = ", ".join(examples)
    return f"{told} and {n - len(examples):,} more" if n > len(examples) else told
