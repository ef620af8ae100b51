"""What an audit hands on: flaws, and the summary that counts them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from osteon.collection.manifest import Manifest
from osteon.terms import SPLITS, Flaw, ManifestRow, Split

SplitColumn = Literal["split", "published_split"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleCount:
    """How often one rule found something.

    Attributes:
        n_flaws: Flaws found.
        n_films: Films concerned, each counted once.
    """

    n_flaws: int
    n_films: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LeakShare:
    """How much of one split has relatives in another split.

    Attributes:
        n_leaking: Readable films of the split that have a copy, or their patient, elsewhere.
        n_films: Readable films of the split.
        share: `n_leaking / n_films`.
    """

    n_leaking: int
    n_films: int
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditSummary:
    """An audit in numbers.

    Attributes:
        n_films: Films in the manifest.
        n_distinct_files: Different files among them.
        n_readable: Films that decode whole.
        n_fractured: Readable films with a fracture.
        split_column: Which splits the leaks were looked for in; None where there is no split.
        leaks: For each split that holds films, how much of it leaks.
        rules: For each rule that found something, how much.
    """

    n_films: int
    n_distinct_files: int
    n_readable: int
    n_fractured: int
    split_column: SplitColumn | None
    leaks: dict[Split, LeakShare]
    rules: dict[str, RuleCount]


def build_flaw(
    rule: str, rows: Iterable[ManifestRow], *, evidence: dict[str, Any], advice: str
) -> Flaw:
    """Return a flaw that names its films in order of their paths."""
    films = sorted((row.path, row.film_id) for row in rows)
    return Flaw(
        rule=rule,
        films=tuple(path for path, _ in films),
        film_ids=tuple(film_id for _, film_id in films),
        evidence=evidence,
        advice=advice,
    )


def choose_split_column(manifest: Manifest) -> SplitColumn | None:
    """Return where the splits stand: the manifest's own, or else the published ones."""
    if any(row.split is not None for row in manifest.rows):
        return "split"
    if any(row.published_split is not None for row in manifest.rows):
        return "published_split"
    return None


def read_split(row: ManifestRow, column: SplitColumn) -> Split | None:
    """Return the film's split, as one of the two columns says; None where the film is not whole."""
    if row.state != "readable":
        return None
    return row.split if column == "split" else row.published_split


def summarise_audit(manifest: Manifest, flaws: Sequence[Flaw]) -> AuditSummary:
    """Count an audit's flaws, by rule and by split.

    Args:
        manifest: The collection that was audited.
        flaws: What the audit found.

    Returns:
        The numbers, each share with its numerator and denominator.
    """
    readable = [row for row in manifest.rows if row.state == "readable"]
    column = choose_split_column(manifest)
    films: dict[str, set[str]] = {}
    for flaw in flaws:
        films.setdefault(flaw.rule, set()).update(flaw.films)
    n_flaws = Counter(flaw.rule for flaw in flaws)
    return AuditSummary(
        n_films=len(manifest.rows),
        n_distinct_files=len({row.sha256 for row in manifest.rows}),
        n_readable=len(readable),
        n_fractured=sum(row.has_fracture for row in readable),
        split_column=column,
        leaks={} if column is None else _leak_shares(readable, column, flaws),
        rules={rule: RuleCount(n_flaws=n_flaws[rule], n_films=len(films[rule])) for rule in films},
    )


def _leak_shares(
    readable: Sequence[ManifestRow], column: SplitColumn, flaws: Sequence[Flaw]
) -> dict[Split, LeakShare]:
    leaking = {
        path for flaw in flaws if flaw.rule.endswith("-across-splits") for path in flaw.films
    }
    shares: dict[Split, LeakShare] = {}
    for split in SPLITS:
        paths = [row.path for row in readable if read_split(row, column) == split]
        if paths:
            hits = sum(path in leaking for path in paths)
            shares[split] = LeakShare(n_leaking=hits, n_films=len(paths), share=hits / len(paths))
    return shares
