"""How an audit's evidence is said: a name, a link between two films, a flaw in a sentence."""

import json
from collections.abc import Mapping
from typing import Any, Final

from osteon.terms import Flaw
from osteon.wording import say_count

_LONGEST: Final = 240
_TURN_SEEN_DEG: Final = 0.5
_SIZE_SEEN: Final = 0.005


def say_link(link: Mapping[str, Any]) -> str:
    """Return what was done to the second film of a link, seen from the first.

    Args:
        link: As it stands in the evidence.

    Example:
        >>> say_link({"angle_deg": 35.2, "is_mirrored": True, "scale": 0.8, "is_inverted": False})
        'turned 35° counter-clockwise, mirrored, at 0.80 times the size'
    """
    angle, scale = float(link["angle_deg"]), float(link["scale"])
    done = []
    if abs(angle) >= _TURN_SEEN_DEG:
        hand = "" if round(abs(angle)) == 180 else _hand(angle)
        done.append(f"turned {abs(angle):.0f}°{hand}" if abs(angle) >= 1 else "turned under 1°")
    if link["is_mirrored"]:
        done.append("mirrored")
    if abs(scale - 1) >= _SIZE_SEEN:
        done.append(f"at {scale:.2f} times the size")
    if link["is_inverted"]:
        done.append("black and white swapped")
    return ", ".join(done) or "neither turned, mirrored nor resized"


def _hand(angle: float) -> str:
    return " counter-clockwise" if angle > 0 else " clockwise"


def say_fit(link: Mapping[str, Any]) -> str:
    """Return how well a link's two films agree once they are laid on one another.

    Args:
        link: As it stands in the evidence.
    """
    residual = f"residual {float(link['residual']):.2f}"
    overlap = link.get("overlap")
    if overlap is None:
        return residual
    return f"{residual}; {100 * float(overlap):.0f} % of the smaller film is in both"


def measure_change(link: Mapping[str, Any]) -> float:
    """Return how much a link's second film was changed: the higher, the harder to see by eye.

    Args:
        link: As it stands in the evidence.
    """
    angle = abs(float(link["angle_deg"]))
    off_axis = min(angle % 90, 90 - angle % 90) / 45
    size = abs(float(link["scale"]) - 1)
    return (
        off_axis + (angle >= 1) * 0.5 + bool(link["is_mirrored"]) + bool(link["is_inverted"]) + size
    )


def say_group(flaw: Flaw) -> str:
    """Return how many films, and how many different files, a flaw joins.

    Args:
        flaw: Any.
    """
    n_films, n_files = len(flaw.films), flaw.evidence.get("n_files")
    films = say_count(n_films, "film")
    return films if n_files in {None, n_films} else f"{films}, {say_count(n_files, 'file')}"


def say_labels(evidence: Mapping[str, Any]) -> str:
    """Return how often copies of one picture carry each label.

    Args:
        evidence: Of `same-picture-two-labels`.
    """
    with_, without = evidence["n_fractured"], evidence["n_not_fractured"]
    return f"labelled {with_:,}× with a fracture, {without:,}× without"


def say_splits(splits: Mapping[str, int]) -> str:
    """Return where a group's films stand, such as "2 in train, 1 in test".

    Args:
        splits: Films by split.
    """
    return ", ".join(f"{n:,} in {say_split(split)}" for split, n in splits.items())


def say_split(split: str) -> str:
    """Return a split's name as the command line takes it; only "train" is said as a word.

    Args:
        split: As the manifest names it.
    """
    return {"train": "training"}.get(split, split)


def say_evidence(evidence: Mapping[str, Any]) -> str:
    """Return evidence that has no words of its own, in short.

    Args:
        evidence: JSON values.
    """
    parts = [
        f"{key.replace('_', ' ')}: {json.dumps(value, ensure_ascii=False, default=str)}"
        for key, value in evidence.items()
        if not isinstance(value, list | dict)
    ]
    told = "; ".join(parts)
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"
