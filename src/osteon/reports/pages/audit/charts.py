"""The numbers of an audit that are drawn: leaks between splits, features that give a label away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from osteon.audit.shortcuts.features import FEATURE_WORDS
from osteon.reports.pages.audit.words import say_split
from osteon.terms import SPLITS, Flaw
from osteon.wording import say_share

MAX_FEATURES: Final = 10
"""Features that are drawn; the shortcut's evidence holds them all."""

MAX_WORDS: Final = 3
"""Categories of a feature that are named beside its bar."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell of the leaks' table.

    Attributes:
        n_films: Films of the row's split that have a copy in the column's split.
        n_groups: Groups of copies that stand in both.
        share: `n_films` of the row's films; None where nobody counted those.
    """

    n_films: int
    n_groups: int
    share: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakTable:
    """How many films of each split have a copy in each other split.

    Attributes:
        splits: In order; rows and columns alike.
        n_films: Films of each split; 0 where nobody counted them.
        cells: Row by row; None on the diagonal.
    """

    splits: tuple[str, ...]
    n_films: tuple[int, ...]
    cells: tuple[tuple[Cell | None, ...], ...]

    def cell(self, row: str, column: str) -> Cell | None:
        """Return one cell; None where either split holds no film.

        Args:
            row: The split whose films are counted.
            column: The split in which they have copies.
        """
        if row not in self.splits or column not in self.splits:
            return None
        return self.cells[self.splits.index(row)][self.splits.index(column)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How one feature lies in one class, drawn on an axis from 0 to 100.

    Attributes:
        told: The same in figures.
        box: Lower quartile, median and upper quartile, in percent of the axis; None for words.
        parts: Start and width of each category's share, in percent; empty for numbers.
    """

    told: str
    box: tuple[float, float, float] | None = None
    parts: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class FeatureBar:
    """One feature of the shortcut.

    Attributes:
        name: In words.
        auroc: Of the feature alone, in [0.5, 1]; None where it could not be measured.
        drop: By how much the model's AUROC falls when the feature is shuffled; None if unknown.
        fractured: The feature in films with a fracture; None where nothing is known of it.
        not_fractured: The feature in the other films.
    """

    name: str
    auroc: float | None
    drop: float | None
    fractured: Spread | None
    not_fractured: Spread | None


def build_leak_table(flaws: Sequence[Flaw], n_films: Mapping[str, int]) -> LeakTable:
    """Count, for each pair of splits, the films of one that have a copy in the other.

    Args:
        flaws: Of one rule that looks across splits.
        n_films: Films of each split.
    """
    films: dict[tuple[str, str], set[str]] = {}
    groups: dict[tuple[str, str], int] = {}
    seen: set[str] = set(n_films)
    for flaw in flaws:
        places = list(zip(flaw.films, flaw.evidence["split_of_film"], strict=True))
        splits = sorted({split for _, split in places})
        seen.update(splits)
        for pair in ((row, column) for row in splits for column in splits if row != column):
            groups[pair] = groups.get(pair, 0) + 1
            films.setdefault(pair, set()).update(path for path, split in places if split == pair[0])
    names = [split for split in SPLITS if split in seen] + sorted(seen - set(SPLITS))

    def build_cell(row: str, column: str) -> Cell | None:
        if row == column:
            return None
        n, total = len(films.get((row, column), ())), n_films.get(row, 0)
        share = n / total if total else None
        return Cell(n_films=n, n_groups=groups.get((row, column), 0), share=share)

    return LeakTable(
        splits=tuple(names),
        n_films=tuple(n_films.get(name, 0) for name in names),
        cells=tuple(tuple(build_cell(row, column) for column in names) for row in names),
    )


def say_leaks(table: LeakTable) -> str:
    """Return what shares of the test and tune films are copied from training.

    Args:
        table: Of copies across splits.

    Returns:
        One sentence; empty where none of them is.
    """
    told, n_films = [], 0
    for split in ("test", "tune"):
        cell = table.cell(split, "train")
        if cell is not None and cell.n_films:
            total = table.n_films[table.splits.index(split)]
            of_all = f"of the {total:,} " if total else ""
            share = f" ({say_share(cell.share)})" if cell.share is not None else ""
            told.append(f"{cell.n_films:,} {of_all}{say_split(split)} films{share}")
            n_films += cell.n_films
    copies = "is a copy of a training film" if n_films == 1 else "are copies of training films"
    return f"{' and '.join(told)} {copies}." if told else ""


def build_feature_bars(features: Sequence[Mapping[str, Any]]) -> tuple[FeatureBar, ...]:
    """Return the features that give most away, the worst first.

    Args:
        features: As they stand in the shortcut's evidence.
    """
    ranked = sorted(features, key=lambda feature: -(feature.get("auroc") or 0.0))
    return tuple(_build_bar(feature) for feature in ranked[:MAX_FEATURES])


def _build_bar(feature: Mapping[str, Any]) -> FeatureBar:
    spreads = _build_spreads(feature.get("fractured") or {}, feature.get("not_fractured") or {})
    name = str(feature["name"])
    return FeatureBar(
        name=FEATURE_WORDS.get(name, name.replace("_", " ")),
        auroc=feature.get("auroc"),
        drop=feature.get("drop"),
        fractured=spreads[0],
        not_fractured=spreads[1],
    )


def _build_spreads(
    fractured: Mapping[str, Any], not_fractured: Mapping[str, Any]
) -> tuple[Spread, Spread] | tuple[None, None]:
    """Return both classes on one axis, or neither: one alone could not be compared."""
    left, right = fractured.get("quartiles"), not_fractured.get("quartiles")
    if left and right:
        ends = [*left, *right]
        return _box_in(left, min(ends), max(ends)), _box_in(right, min(ends), max(ends))
    left, right = fractured.get("shares"), not_fractured.get("shares")
    return (_stack(left), _stack(right)) if left and right else (None, None)


def _box_in(quartiles: Sequence[float], low: float, high: float) -> Spread:
    reach = (high - low) or 1.0
    lower, middle, upper = (round(100 * (number - low) / reach, 1) for number in quartiles)
    told = [_say_number(number) for number in quartiles]
    return Spread(box=(lower, middle, upper), told=f"{told[1]} ({told[0]} to {told[2]})")


def _stack(shares: Mapping[str, float]) -> Spread:
    parts, start = [], 0.0
    for share in shares.values():
        parts.append((round(100 * start, 1), round(100 * share, 1)))
        start += share
    most = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:MAX_WORDS]
    told = "; ".join(f"{word} {100 * share:.0f} %" for word, share in most)
    return Spread(parts=tuple(parts), told=told)


def _say_number(number: float) -> str:
    """Return a number with three digits, or whole where it is larger than they say."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
