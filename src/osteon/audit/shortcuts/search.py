"""Shortcuts: whether the label can be guessed without looking at bones, and from what.

A small model sees a film's `features` and guesses the labels of films that it was not fitted to
(`guessing`). It sees neither the picture nor what exists on account of the label.

Two things a number above the limit does not say. That a network uses the shortcut: it may not
need it. And that the collection is to blame: some regions do break more often, hands are wider
than legs, and a film's greys follow what it shows. Hence "file" and "covariates" beside the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.audit.file_features import FilmFacts
from osteon.audit.shortcuts.features import (
    CATEGORIES,
    COVARIATES,
    FEATURE_WORDS,
    Column,
    describe_classes,
    encode_columns,
    read_column,
)
from osteon.audit.shortcuts.model import (
    ShortcutAuroc,
    ShortcutTable,
    deal_folds,
    fit_shortcut,
    measure_alone,
    measure_shortcut_auroc,
)
from osteon.collection.flaws import build_flaw
from osteon.collection.groups import fill_groups
from osteon.collection.manifest import Manifest
from osteon.terms import Flaw, ManifestRow

SHORTCUT_LIMIT: Final = 0.65
"""Above this AUROC a shortcut is a flaw."""

CHANCE: Final = 0.5
"""The AUROC of guessing at random; a flaw's interval lies above it, so that it is no accident."""

MIN_FILMS: Final = 20
"""Films of each class below which nothing is measured: chance alone would go far."""

MIN_GROUPS: Final = 5
"""Groups of each class below which nothing is measured: there is one fold for each."""

N_FEATURES: Final = 8
"""Features that are named, those that carry most first; the strongest alone is among them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carrier:
    """One feature that the label can be guessed from.

    Attributes:
        name: As in `FilmFacts` or `ManifestRow`; a person's word for it is in `FEATURE_WORDS`.
        auroc: Of the feature alone, whichever its direction; None where only one class has it.
        drop: Fall of the model's AUROC when the feature is shuffled. Features that say the same
            share their fall: each may be small where both together would be large.
        fractured: Of the fractured films: quartiles, or the share of each category.
        not_fractured: The same of the others.
    """

    name: str
    auroc: float | None
    drop: float
    fractured: dict[str, Any]
    not_fractured: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortcut:
    """How well the label of a collection can be guessed without looking at bones.

    Attributes:
        collection: Its name.
        rows: The films that were measured.
        n_left_out: Readable films without facts, which were not.
        n_fractured: Measured films with a fracture.
        n_groups: Groups among the measured films.
        auroc: From all features.
        file: From the file, the frame and the greys alone.
        covariates: From what the manifest says alone; None where it says nothing that differs.
        features: Those that carry most, by their fall, and then by their own AUROC.
    """

    collection: str
    rows: tuple[ManifestRow, ...]
    n_left_out: int
    n_fractured: int
    n_groups: int
    auroc: ShortcutAuroc
    file: ShortcutAuroc
    covariates: ShortcutAuroc | None
    features: tuple[Carrier, ...]

    @property
    def is_flaw(self) -> bool:
        """Whether the AUROC is above the limit, and chance does not explain it."""
        return self.auroc.value > SHORTCUT_LIMIT and self.auroc.low > CHANCE


def measure_shortcuts(manifest: Manifest, facts: Mapping[str, FilmFacts]) -> tuple[Shortcut, ...]:
    """Measure each collection of a manifest, above the limit or below; see `measure_shortcut`.

    Args:
        manifest: The films, of one collection or several.
        facts: By the SHA-256 of the file.

    Returns:
        By the collections' names; without those that are too small to say.
    """
    names = sorted({row.collection for row in manifest.rows})
    measured = (measure_shortcut(manifest, facts, collection=name) for name in names)
    return tuple(shortcut for shortcut in measured if shortcut is not None)


def measure_shortcut(
    manifest: Manifest, facts: Mapping[str, FilmFacts], *, collection: str
) -> Shortcut | None:
    """Measure how well the label can be guessed in one collection.

    Args:
        manifest: The films; a group keeps its films together, and so do files that are identical
            and films of one patient.
        facts: By the SHA-256 of the file.
        collection: The collection's name.

    Returns:
        The measurement; None where a class has fewer than `MIN_FILMS` films or `MIN_GROUPS`
        groups with facts, which says nothing about shortcuts.
    """
    readable = [
        row
        for row in fill_groups(manifest).rows
        if row.collection == collection and row.state == "readable"
    ]
    rows = tuple(row for row in readable if row.sha256 in facts)
    labels = np.array([row.has_fracture for row in rows], dtype=np.bool_)
    groups = _number_groups(rows)
    if any(
        own.sum() < MIN_FILMS or np.unique(groups[own]).size < MIN_GROUPS
        for own in (labels, ~labels)
    ):
        return None
    columns = {name: read_column(name, rows, facts) for name in FEATURE_WORDS}
    clues = ShortcutTable(
        values=encode_columns(columns),
        is_category=np.array([name in CATEGORIES for name in columns]),
        has_fracture=labels,
        group_numbers=groups,
        folds=deal_folds(labels, groups),
    )
    guess = fit_shortcut(clues, shuffle=True)
    auroc = measure_shortcut_auroc(guess.logits, clues)
    file, covariates = auroc, None
    if any(len(set(columns[name])) > 1 for name in COVARIATES):
        file = _measure_part(clues, [name not in COVARIATES for name in columns])
        covariates = _measure_part(clues, [name in COVARIATES for name in columns])
    return Shortcut(
        collection=collection,
        rows=rows,
        n_left_out=len(readable) - len(rows),
        n_fractured=int(labels.sum()),
        n_groups=np.unique(groups).size,
        auroc=auroc,
        file=file,
        covariates=covariates,
        features=_rank_features(columns, clues, guess.drops),
    )


def build_shortcut_flaw(shortcut: Shortcut) -> Flaw:
    """Return a measurement as a flaw; whether it is one is for `Shortcut.is_flaw` to say."""
    return build_flaw(
        "shortcut",
        shortcut.rows,
        evidence=build_shortcut_evidence(shortcut),
        advice=_advise(shortcut),
    )


def build_shortcut_evidence(shortcut: Shortcut) -> dict[str, Any]:
    """Return a measurement as plain JSON values, above the limit or below."""
    covariates = shortcut.covariates
    return {
        "auroc": _round(asdict(shortcut.auroc)),
        "file": _round(asdict(shortcut.file)),
        "covariates": None if covariates is None else _round(asdict(covariates)),
        "n_films": len(shortcut.rows),
        "n_left_out": shortcut.n_left_out,
        "n_fractured": shortcut.n_fractured,
        "n_groups": shortcut.n_groups,
        "limit": SHORTCUT_LIMIT,
        "features": [_round(asdict(feature)) for feature in shortcut.features],
    }


def _round(value: Any) -> Any:
    # Four decimals are more than the intervals can tell, and the same on every machine.
    if isinstance(value, dict):
        return {key: _round(own) for key, own in value.items()}
    if isinstance(value, list):
        return [_round(own) for own in value]
    return round(value, 4) if isinstance(value, float) else value


def _number_groups(rows: Sequence[ManifestRow]) -> npt.NDArray[np.int64]:
    # A film that ties two splits has no group of its own: its identical files still go with it.
    names = [row.group or f"file {row.sha256}" for row in rows]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([numbers[name] for name in names], dtype=np.int64)


def _measure_part(clues: ShortcutTable, kept: Sequence[bool]) -> ShortcutAuroc:
    chosen = np.flatnonzero(kept)
    part = replace(clues, values=clues.values[:, chosen], is_category=clues.is_category[chosen])
    return measure_shortcut_auroc(fit_shortcut(part).logits, part)


def _rank_features(
    columns: Mapping[str, Column], clues: ShortcutTable, drops: npt.NDArray[np.float64]
) -> tuple[Carrier, ...]:
    features = []
    for index, (name, column) in enumerate(columns.items()):
        if len(set(column)) == 1:
            continue
        fractured, not_fractured = describe_classes(name, column, clues.has_fracture)
        features.append(
            Carrier(
                name=name,
                auroc=measure_alone(clues, index),
                drop=float(drops[index]),
                fractured=fractured,
                not_fractured=not_fractured,
            )
        )
    features.sort(key=lambda carrier: (-round(carrier.drop, 4), -(carrier.auroc or 0.0)))
    named = features[:N_FEATURES]
    # Others may say the same as the strongest one, and so hide its fall.
    strongest = max(features, key=lambda carrier: carrier.auroc or 0.0, default=None)
    if strongest is not None and strongest not in named:
        named[-1] = strongest
    return tuple(named)


def _advise(shortcut: Shortcut) -> str:
    # Beside the first, those that carry a tenth of what it does are worth a person's time.
    first, others = shortcut.features[:1], shortcut.features[1:3]
    top = [*first, *(own for own in others if 10 * own.drop >= max(first[0].drop, 0.0))]
    of_file = [FEATURE_WORDS[own.name] for own in top if own.name not in COVARIATES]
    of_manifest = [FEATURE_WORDS[own.name] for own in top if own.name in COVARIATES]
    if of_file and of_manifest:  # what tells no more than chance by itself is not blamed
        if shortcut.file.low <= CHANCE:
            of_file = []
        elif shortcut.covariates is not None and shortcut.covariates.low <= CHANCE:
            of_manifest = []
    advice = []
    if of_file:
        advice.append(
            f"The label follows {_join(of_file)}: bring all films to one form before training "
            "(one size, one format, borders cut), or ask where each class came from."
        )
    if of_manifest:
        advice.append(
            f"The label follows {_join(of_manifest)}: report results for each value by itself, "
            "and compare like with like."
        )
    return " ".join(advice)


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
