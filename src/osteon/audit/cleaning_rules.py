"""Which flaws take a film out of a collection, and in which words."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from osteon.collection.groups import COPY_RULES
from osteon.errors import SettingsFault
from osteon.terms import Flaw

EXCLUDED = frozenset(
    {
        "unreadable",
        "truncated",
        "torn",
        "same-picture-two-labels",
        "label-contradicts-folder",
        "box-on-negative",
    }
)
"""Out unless asked otherwise: films without a whole picture, and films whose label is disputed."""

EXCLUDABLE = EXCLUDED | {
    "changed-since-import",
    "copy-in-other-collection",
    "annotation-size-mismatch",
    "box-outside-film",
    "no-box-on-positive",
    "burned-in-text",
    "outlier",
}
"""All rules that speak of films one by one. Those added here stay in unless asked otherwise: a box
in the wrong place leaves the film's label alone, and without it the film would read as one whose
fracture nobody marked; a text or an odd look is a doubt that a person must judge. A film that has
changed may come back, and one that another collection holds too is wrong only beside that one."""

LEAKS = frozenset({"copies-across-splits", "patient-across-splits"})
"""Rules that speak of a split: after a cleaning, `osteon split` keeps such films together."""

UNFIT = LEAKS | {"shortcut"}
"""Rules that speak of a whole collection or its split: no film leaves for them."""

CLEANED = EXCLUDED | COPY_RULES | LEAKS
"""Rules after which `osteon clean` is the next step: it takes films out, or groups them."""

KNOWN = EXCLUDABLE | COPY_RULES | UNFIT

DOUBTS = EXCLUDABLE | {"shortcut"}
"""Rules that are worth a word where their films stay."""

TYING = "ties-splits"
COPY = "copy"
"""Reasons of the cleaning's own, beside the audit's rules."""

DISPUTED: Mapping[str, str] = MappingProxyType(
    {
        "same-picture-two-labels": "copies of this picture have both labels",
        "label-contradicts-folder": "its folder and its table disagree about the fracture",
        "box-on-negative": "a fracture is marked on it, yet its label says there is none",
    }
)
"""Rules that put a film's label in doubt, in words; only a reader can settle it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CleaningRules:
    """What a cleaning takes out.

    Attributes:
        exclude: Rules to take films out for, beside `EXCLUDED`.
        keep: Rules of `EXCLUDED` to spare.
        deduplicate: Whether one copy shall stand for all copies of a picture.
    """

    exclude: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    deduplicate: bool = False

    def __post_init__(self) -> None:
        """Refuse rules that take no film out.

        Raises:
            SettingsFault: If one is unknown or cannot be asked for, or stands on both sides.
        """
        for name in self.exclude:
            if name not in EXCLUDABLE:
                _refuse(f"--exclude {name}", name)
        for name in self.keep:
            if name not in EXCLUDABLE:
                _refuse(f"--keep {name}", name)
            if name in self.exclude:
                raise SettingsFault(f"--keep {name}", "must not be a rule of --exclude too")

    @property
    def rules(self) -> frozenset[str]:
        """The rules whose films leave."""
        return (EXCLUDED | set(self.exclude)) - set(self.keep)


def say_why(flaw: Flaw) -> str:
    """Return why a flaw takes its films out, in words for a person."""
    if flaw.rule in DISPUTED:
        return f"{DISPUTED[flaw.rule]}: a reader must decide"
    told = flaw.evidence.get("reason") or flaw.evidence.get("why")
    return f"{flaw.rule}: {told}" if isinstance(told, str) else flaw.rule


def _refuse(where: str, name: str) -> None:
    """Say why a rule cannot be chosen.

    Raises:
        SettingsFault: Always.
    """
    near = difflib.get_close_matches(name, sorted(EXCLUDABLE), n=1)
    if name in COPY_RULES:
        advice = "One copy of each picture stays with `--deduplicate`."
    elif name in UNFIT:
        advice = "It speaks of the whole collection; no film is wrong by itself."
    else:
        advice = f"Did you mean {near[0]}?" if near else ""
    raise SettingsFault(
        where,
        f"must be a rule that speaks of single films: {', '.join(sorted(EXCLUDABLE))}",
        found=name,
        advice=advice,
    )
