"""Examples of an audit's flaws: which are shown, and the pictures that show them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

from osteon.geometry import Box
from osteon.reports.pages.audit.shots import N_LINK_SHOTS, Shelf, Shot, shoot_link
from osteon.reports.pages.audit.words import (
    measure_change,
    say_evidence,
    say_fit,
    say_group,
    say_labels,
    say_link,
    say_split,
    say_splits,
)
from osteon.terms import Flaw
from osteon.wording import say_count, spell

MAX_EXAMPLES = 12
"""Flaws of one rule that are shown as pictures; the others stand in audit.json."""

MAX_NAMES = 60
"""Films of one example that are named; a group may hold thousands."""

SHOWN_BY_FILM: Final = frozenset({"burned-in-text", "no-box-on-positive"})
"""Rules with one flaw for a whole collection: its films are the examples."""

_NOT_PICTURED: Final = frozenset({"unreadable", "truncated", "changed-since-import", "shortcut"})
"""Rules of which there is nothing to look at: the reason is the evidence."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One flaw, shown.

    Attributes:
        heading: What it is, in a few words.
        notes: What was measured, each a sentence or less.
        shots: The pictures, side by side.
        names: The films concerned, where the pictures do not name them all.
        n_unnamed: Films beyond those named.
    """

    heading: str
    notes: tuple[str, ...]
    shots: tuple[Shot, ...]
    names: tuple[str, ...] = ()
    n_unnamed: int = 0


def build_examples(rule: str, flaws: Sequence[Flaw], shelf: Shelf) -> tuple[Example, ...]:
    """Return a rule's flaws as pictures, at most `MAX_EXAMPLES` of them.

    The same flaws give the same examples: half are the most telling, half are spread evenly over
    the rest, so that a reader sees the worst and the usual.

    Args:
        rule: Its name.
        flaws: Of that rule.
        shelf: Where films are taken from.
    """
    if rule in _NOT_PICTURED:
        return ()
    if rule in SHOWN_BY_FILM:
        films = [(flaw, place) for flaw in flaws for place in range(len(flaw.films))]
        return tuple(_show_member(flaw, place, shelf) for flaw, place in _spread(films))
    show = _SHOWN_AS.get(rule, _show_any)
    return tuple(show(flaw, shelf) for flaw in choose_flaws(flaws))


def choose_flaws(flaws: Sequence[Flaw], n: int = MAX_EXAMPLES) -> list[Flaw]:
    """Return the flaws that are shown: the most telling half, and others spread over the rest.

    Args:
        flaws: Of one rule.
        n: How many at most.
    """
    ranked = sorted(range(len(flaws)), key=lambda place: (_rank(flaws[place]), place))
    first = ranked[: n - n // 2] if len(flaws) > n else ranked
    rest = sorted(set(range(len(flaws))) - set(first))
    return [flaws[place] for place in (*first, *_spread(rest, n - len(first)))]


def _rank(flaw: Flaw) -> tuple[float, ...]:
    evidence = flaw.evidence
    both_labels = bool(evidence.get("n_fractured")) and bool(evidence.get("n_not_fractured"))
    change = max((measure_change(link) for link in evidence.get("links", ())), default=0.0)
    n_splits = len(evidence.get("splits", ()))
    return (-both_labels, -n_splits, -round(change, 2), -len(flaw.films))


def _spread(items: Sequence[_Item], n: int = MAX_EXAMPLES) -> list[_Item]:
    if len(items) <= n:
        return list(items)
    return [items[(2 * place + 1) * len(items) // (2 * n)] for place in range(n)]


def _show_copies(flaw: Flaw, shelf: Shelf) -> Example:
    links = flaw.evidence.get("links", ())
    if not links:
        return _name_all(flaw, say_group(flaw), (), (shelf.shoot(flaw.films[0]),))
    link = max(links, key=measure_change)
    notes = (say_link(link).capitalize(), say_fit(link).capitalize())
    return _name_all(flaw, say_group(flaw), notes, shoot_link(link, shelf))


def _show_two_labels(flaw: Flaw, shelf: Shelf) -> Example:
    labels = dict(zip(flaw.films, flaw.evidence["has_fracture"], strict=True))
    opposed = [
        link for link in flaw.evidence.get("links", ()) if labels[link["a"]] != labels[link["b"]]
    ]
    heading, notes = say_group(flaw), [say_labels(flaw.evidence).capitalize()]
    if opposed:
        link = max(opposed, key=measure_change)
        notes += [say_link(link).capitalize(), say_fit(link).capitalize()]
        shots = shoot_link(link, shelf, labels)
    else:
        pair = [next(path for path in flaw.films if labels[path] is held) for held in (True, False)]
        shots = tuple(shelf.shoot(path, label=labels[path]) for path in pair)
    return _name_all(flaw, heading, notes, shots)


def _show_across(flaw: Flaw, shelf: Shelf) -> Example:
    placed = zip(flaw.films, flaw.evidence["split_of_film"], strict=True)
    first: dict[str, str] = {}
    for path, split in placed:
        first.setdefault(split, path)
    shots = tuple(
        shelf.shoot(first[split], before=f"{say_split(split)}: ")
        for split in flaw.evidence["splits"]
    )
    return _name_all(flaw, say_group(flaw), [say_splits(flaw.evidence["splits"])], shots)


def _show_elsewhere(flaw: Flaw, shelf: Shelf) -> Example:
    evidence = flaw.evidence
    link = max(evidence["links"], key=measure_change)
    other = spell(evidence["other_collection"])
    there = f"{say_count(evidence['n_other_films'], 'film')} in {other}"
    notes = (f"B is in {other}", say_link(link), say_fit(link))
    shots = shoot_link(link, shelf, shelf_of_b=shelf.beside)
    return _name_all(flaw, f"{say_group(flaw)} here, {there}", notes, shots)


def _show_identical(flaw: Flaw, shelf: Shelf) -> Example:
    return _name_all(flaw, say_group(flaw), (), (shelf.shoot(flaw.films[0]),))


def _show_outlier(flaw: Flaw, shelf: Shelf) -> Example:
    evidence = flaw.evidence
    notes = [str(evidence["why"])] if evidence.get("why") else []
    return _plain(str(evidence.get("kind", "outlier")), notes, shelf.shoot(flaw.films[0]))


def _show_torn(flaw: Flaw, shelf: Shelf) -> Example:
    reason = str(flaw.evidence.get("reason") or "")
    shots = shelf.shoot_torn(flaw.films[0])
    named = () if shots else (spell(flaw.films[0]),)
    # The part that says what is seen; the whole reason stands in audit.json.
    told = reason.rpartition("; found ")[2]
    return Example(heading="", notes=(told,) if told else (), shots=shots, names=named)


def _show_boxes_outside(flaw: Flaw, shelf: Shelf) -> Example:
    boxes = [Box(*corners) for corners in flaw.evidence["boxes"]]
    size = f"film {flaw.evidence['film_columns']} × {flaw.evidence['film_rows']} pixels"
    return _plain("", [size], shelf.shoot(flaw.films[0], boxes=boxes))


def _show_size_mismatch(flaw: Flaw, shelf: Shelf) -> Example:
    evidence, path = flaw.evidence, flaw.films[0]
    sizes = (
        f"film {evidence['film_columns']} × {evidence['film_rows']} pixels, annotation"
        f" {evidence['annotation_columns']} × {evidence['annotation_rows']}"
    )
    turned = ["width and height are exchanged"] if evidence.get("is_transposed") else []
    return _plain("", [sizes, *turned], shelf.shoot(path, boxes=shelf.boxes(path)))


def _show_marked(flaw: Flaw, shelf: Shelf) -> Example:
    path = flaw.films[0]
    return _plain("", [], shelf.shoot(path, boxes=shelf.boxes(path), label=False))


def _show_contradiction(flaw: Flaw, shelf: Shelf) -> Example:
    words = {True: "fracture", False: "no fracture"}
    by_folder = words[bool(flaw.evidence["has_fracture_by_folder"])]
    in_table = words[bool(flaw.evidence["has_fracture_in_table"])]
    return _plain("", [f"folder: {by_folder}; table: {in_table}"], shelf.shoot(flaw.films[0]))


def _show_any(flaw: Flaw, shelf: Shelf) -> Example:
    shots = tuple(shelf.shoot(path) for path in flaw.films[:3])
    told = say_evidence(flaw.evidence)
    return _name_all(flaw, say_group(flaw), [told] if told else [], shots)


def _show_member(flaw: Flaw, place: int, shelf: Shelf) -> Example:
    boxes = flaw.evidence.get("boxes", [])
    found = [Box(*corners) for corners in boxes[place]] if place < len(boxes) else []
    return _plain("", [], shelf.shoot(flaw.films[place], boxes=found))


_SHOWN_AS: Final[Mapping[str, Callable[[Flaw, Shelf], Example]]] = MappingProxyType(
    {
        "same-picture": _show_copies,
        "same-picture-two-labels": _show_two_labels,
        "copies-across-splits": _show_across,
        "patient-across-splits": _show_across,
        "copy-in-other-collection": _show_elsewhere,
        "identical-files": _show_identical,
        "identical-pixels": _show_identical,
        "outlier": _show_outlier,
        "torn": _show_torn,
        "box-outside-film": _show_boxes_outside,
        "annotation-size-mismatch": _show_size_mismatch,
        "box-on-negative": _show_marked,
        "label-contradicts-folder": _show_contradiction,
    }
)


def _name_all(flaw: Flaw, heading: str, notes: Iterable[str], shots: tuple[Shot, ...]) -> Example:
    n_pictured = 2 if len(shots) == N_LINK_SHOTS else len(shots)
    named = tuple(spell(path) for path in flaw.films[:MAX_NAMES])
    return Example(
        heading=heading,
        notes=tuple(notes),
        shots=shots,
        names=named if len(flaw.films) > n_pictured else (),
        n_unnamed=max(0, len(flaw.films) - MAX_NAMES),
    )


def _plain(heading: str, notes: Sequence[str], shot: Shot) -> Example:
    return Example(heading=heading, notes=tuple(notes), shots=(shot,))
