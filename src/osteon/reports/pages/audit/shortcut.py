"""How a shortcut's measurement is said: value, interval, limit, and what gives most away alone."""

from collections.abc import Mapping
from typing import Any

from osteon.audit.shortcuts.features import FEATURE_WORDS


def say_shortcut(shortcut: Mapping[str, Any] | None) -> str:
    """Return what a measurement says of a collection, in a few sentences.

    Args:
        shortcut: As it stands in the evidence, above the limit or below; None where nothing was
            measured.

    Returns:
        The sentences; empty where there is no value.
    """
    auroc = {} if shortcut is None else shortcut.get("auroc") or {}
    if shortcut is None or auroc.get("value") is None:
        return ""
    if is_flaw(shortcut):
        opening = (
            "The label can be guessed without looking at bone: outward properties of the files"
            f" alone reach an {_say_auroc(shortcut)}, where 0.5 is a coin toss and 1 is certainty."
        )
        return _join(opening, _say_strongest(shortcut))
    opening = (
        f"Outward properties of the files reach an {_say_auroc(shortcut)}, where 0.5 is a coin"
        f" toss: {say_verdict(shortcut)}"
    )
    return _join(opening, _say_strongest(shortcut))


def say_verdict(shortcut: Mapping[str, Any]) -> str:
    """Return how a measurement that is no flaw stands to the limit.

    Args:
        shortcut: As it stands in the evidence.
    """
    auroc, limit = shortcut["auroc"], shortcut.get("limit")
    if limit is None:
        return "not held to any limit."
    if auroc["value"] > limit:
        return f"above the limit of {limit:.2f}, but chance alone could explain it."
    high = auroc.get("high")
    if high is not None and high > limit:
        return (
            f"below the limit of {limit:.2f}. The interval goes beyond the limit: a shortcut is"
            " not ruled out."
        )
    return f"below the limit of {limit:.2f}."


def is_flaw(shortcut: Mapping[str, Any]) -> bool:
    """Return whether a measurement is above the limit, and chance does not explain it.

    Args:
        shortcut: As it stands in the evidence.
    """
    auroc, limit = shortcut["auroc"], shortcut.get("limit")
    is_chance = auroc.get("low") is not None and auroc["low"] <= 0.5
    return limit is None or (auroc["value"] > limit and not is_chance)


def _say_auroc(shortcut: Mapping[str, Any]) -> str:
    auroc = shortcut["auroc"]
    told = f"AUROC of {auroc['value']:.3f}"
    if auroc.get("low") is None:
        return told
    confidence = 100 * auroc.get("confidence", 0.95)
    return f"{told} ({confidence:g} % interval {auroc['low']:.2f} to {auroc['high']:.2f})"


def _say_strongest(shortcut: Mapping[str, Any]) -> str:
    """Return which property gives most away by itself; empty where none was measured."""
    known = [one for one in shortcut.get("features") or () if one.get("auroc") is not None]
    if not known:
        return ""
    strongest = max(known, key=lambda one: float(one["auroc"]))
    name = str(strongest["name"])
    word = FEATURE_WORDS.get(name, name.replace("_", " "))
    limit = shortcut.get("limit")
    beyond = limit is not None and strongest["auroc"] > limit >= shortcut["auroc"]["value"]
    aside = ", above the limit; as the highest of many it is partly luck" if beyond else ""
    return f"The strongest single property is {word}, with {strongest['auroc']:.2f} alone{aside}."


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
