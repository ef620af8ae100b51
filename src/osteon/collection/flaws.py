"""What an audit hands on: flaws, and the summary that counts them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
class AgainstSummary:
    """How much of a collection another one holds too.

    Attributes:
        collection: The other's name.
        n_films: Films of ours that were looked at.
        n_with_copy: Of these, the films that show a picture that the other holds.
        share: `n_with_copy / n_films`.
        n_other_films: Films of the other that were looked at.
        n_other_with_copy: Of these, the films that were met as copies of ours.
        n_other_not_seen: Readable films of the other that could not be looked at.
    """

    collection: str
    n_films: int
    n_with_copy: int
    share: float
    n_other_films: int
    n_other_with_copy: int
    n_other_not_seen: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenSummary:
    """What opening the films adds to an audit's numbers.

    Attributes:
        n_pictures: Different pictures among the films that were looked at; copies count once.
        n_not_seen: Readable films that could not be looked at: the folder has changed.
        shortcut: For each collection that was large enough to say, the AUROC of guessing the
            label without looking at bones, with its interval; below the limit too.
        against: What another collection holds too; None where none was named.
    """

    n_pictures: int
    n_not_seen: int
    shortcut: Mapping[str, Mapping[str, Any]]
    against: AgainstSummary | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditSummary:
    """An audit in numbers.

    Attributes:
        n_films: Films in the manifest.
        n_distinct_files: Different files among them.
        n_readable: Films that decode whole.
        n_not_seen: Of these, films that could not be looked at: the folder has changed.
        n_pictures: Different pictures among the films that were looked at, copies counted once;
            None where no film was opened.
        n_fractured: Readable films with a fracture.
        split_column: Which splits the leaks were looked for in; None where there is no split.
        leaks: For each split that holds films, how much of it leaks.
        rules: For each rule that found something, how much.
        shortcut: For each collection, the AUROC of guessing its labels without looking at bones,
            with its interval; None where no film was opened.
        against: What another collection holds too; None where none was named.
    """

    n_films: int
    n_distinct_files: int
    n_readable: int
    n_fractured: int
    split_column: SplitColumn | None
    leaks: dict[Split, LeakShare]
    rules: dict[str, RuleCount]
    n_not_seen: int = 0
    n_pictures: int | None = None
    shortcut: dict[str, dict[str, Any]] | None = None
    against: AgainstSummary | None = None


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


def summarise_audit(
    manifest: Manifest, flaws: Sequence[Flaw], seen: SeenSummary | None = None
) -> AuditSummary:
    """Count an audit's flaws, by rule and by split.

    Args:
        manifest: The collection that was audited.
        flaws: What the audit found.
        seen: What opening the films adds; None where none was opened.

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
        n_not_seen=0 if seen is None else seen.n_not_seen,
        n_pictures=None if seen is None else seen.n_pictures,
        shortcut=None if seen is None else {name: dict(own) for name, own in seen.shortcut.items()},
        against=None if seen is None else seen.against,
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
