"""Cleaning: a collection and its audit in, a collection that can be split and learnt from out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from osteon.audit.audit_file import SearchRecord
from osteon.audit.cleaning_rules import COPY, DOUBTS, KNOWN, TYING, CleaningRules, say_why
from osteon.audit.representatives import choose_representatives
from osteon.audit.rules.two_labels import find_two_labels
from osteon.collection.groups import (
    fill_groups,
    find_tying_films,
    name_contents,
    name_pictures,
)
from osteon.collection.leaks import find_leaks
from osteon.collection.manifest import Manifest
from osteon.collection.stamps import Stamp, describe_independence, format_stamp
from osteon.errors import ManifestFault
from osteon.release.card import Independence
from osteon.terms import Flaw, ManifestRow, SetAside

_NO_SIZES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Exclusion:
    """One film that was taken out.

    Attributes:
        path: Of the film, relative to the collection's root.
        film_id: Of the film.
        rules: Why, by name: the audit's rules, or `copy`, or `ties-splits`.
        reason: Why, in words for a person.
        stands_in: The copy that stays for it; None unless it left as a copy.
    """

    path: str
    film_id: str
    rules: tuple[str, ...]
    reason: str
    stands_in: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanedCollection:
    """A cleaned collection, and everything that was taken out of it.

    Attributes:
        manifest: The films that stay, with the groups that the audit's copies make.
        grouped: All films, those that left among them, with the same groups and stamps.
        excluded: The films that left, in order of their paths.
        n_films_before: Films of the manifest that was cleaned.
        n_pictures: Different pictures among the films that stay.
        doubts: Flaws that films of the cleaned collection still have: rule → how many films.
        leaks: Groups that stand in two splits; placed films do not move, not even for these.
        n_absent: Films of the audit that the manifest does not hold (any more).
        unknown_rules: Rules that this Osteon does not know, and passed over → flaws of them.
        independence: Of the films that stay: did one audit search all of them for copies?
        was_searched: Whether films were stamped: the audit says which films it searched for copies,
            and every rule of it is known here.
    """

    manifest: Manifest
    grouped: Manifest
    excluded: tuple[Exclusion, ...]
    n_films_before: int
    n_pictures: int
    doubts: dict[str, int]
    leaks: tuple[Flaw, ...]
    n_absent: int
    unknown_rules: dict[str, int]
    independence: Independence
    was_searched: bool

    @property
    def set_aside(self) -> tuple[SetAside, ...]:
        """The films that left, as every step tells it."""
        return tuple(SetAside(path=film.path, reason=film.reason) for film in self.excluded)


def clean_manifest(
    manifest: Manifest,
    flaws: Sequence[Flaw],
    how: CleaningRules,
    *,
    searched: SearchRecord | None = None,
    file_bytes: Mapping[str, int] = _NO_SIZES,
) -> CleanedCollection:
    """Group the copies of a collection, stamp the films, and take out what an audit condemns.

    No film is moved from its split. Unplaced films that tie two splits together leave, as they do
    in `osteon split`: without the audit, a later split could not see that they are copies. Groups
    are made before films leave, so that films joined through one of these stay together.

    Args:
        manifest: The collection.
        flaws: Its audit; rules that are not known here are passed over and counted.
        how: What leaves.
        searched: Which films the audit searched for copies: these are stamped. None stamps no film
            and leaves the stamps of an earlier cleaning.
        file_bytes: Path → size of the file, to find the least lossy copy; only `how.deduplicate`
            asks for it.

    Returns:
        The films that stay, and those that left.

    Raises:
        ManifestFault: If the audit is of another collection, or no film would be left.
    """
    known = [flaw for flaw in flaws if flaw.rule in KNOWN]
    unknown = Counter(flaw.rule for flaw in flaws if flaw.rule not in KNOWN)
    n_absent = check_audit(manifest, known, searched)
    # A rule that is not known here may be of copies, which then stand in no group.
    is_searched = searched is not None and not unknown
    if searched is not None and is_searched:
        manifest = stamp_films(manifest, known, searched)
    pictures = name_pictures(manifest, known)
    reasons = _find_reasons(manifest, known, how, pictures)
    filled = fill_groups(manifest, pictures=pictures)
    left = [row for row in filled.rows if row.path not in reasons]
    copies = (
        choose_representatives(left, pictures, file_bytes=file_bytes) if how.deduplicate else {}
    )
    staying = tuple(row for row in left if row.path not in copies)
    if not staying:
        raise ManifestFault(
            str(manifest.root),
            "must keep at least one film",
            found=f"a reason to take out each of its {len(manifest.rows)} films",
            advice="Spare a rule with `--keep RULE`, or have a reader decide the labels.",
        )
    for path, best in copies.items():
        reasons[path] = {COPY: f"a copy of {best}, which stays for it"}
    cleaned = replace(filled, rows=staying)
    return CleanedCollection(
        manifest=cleaned,
        grouped=filled,
        excluded=tuple(
            Exclusion(
                path=row.path,
                film_id=row.film_id,
                rules=tuple(reasons[row.path]),
                reason="; ".join(reasons[row.path].values()),
                stands_in=copies.get(row.path),
            )
            for row in manifest.rows
            if row.path in reasons
        ),
        n_films_before=len(manifest.rows),
        n_pictures=len({pictures.get(row.path, row.path) for row in staying}),
        doubts=_count_doubts(cleaned, known),
        leaks=find_leaks(cleaned, pictures=pictures),
        n_absent=n_absent,
        unknown_rules=dict(sorted(unknown.items())),
        independence=describe_independence(cleaned.rows),
        was_searched=is_searched,
    )


def stamp_films(manifest: Manifest, flaws: Sequence[Flaw], searched: SearchRecord) -> Manifest:
    """Stamp the films that an audit searched for copies; others keep the stamp that they have.

    Args:
        manifest: The collection.
        flaws: What the audit found.
        searched: Which films it searched.
    """
    seen, names = frozenset(searched.film_ids), name_contents(flaws)

    def stamp(row: ManifestRow) -> ManifestRow:
        if row.state != "readable" or row.film_id not in seen:
            return row
        told = Stamp(
            audit=searched.stamp,
            identity=searched.identity,
            picture=names.get(row.film_id, row.film_id),
        )
        return replace(row, audit=format_stamp(row, told))

    return replace(manifest, rows=tuple(stamp(row) for row in manifest.rows))


def check_audit(
    manifest: Manifest, flaws: Sequence[Flaw], searched: SearchRecord | None = None
) -> int:
    """Make sure that an audit is of a collection's films.

    Films that the manifest does not hold are allowed: an earlier cleaning took them out, or the
    manifest is a part of what was audited.

    Args:
        manifest: The collection.
        flaws: The audit.
        searched: Which films it searched for copies, if it says so.

    Returns:
        How many of the films with a flaw the manifest does not hold.

    Raises:
        ManifestFault: If a film is another one than was audited, or no film of the audit is here.
    """
    advice = "Audit this manifest: `osteon audit MANIFEST -o DIR`."
    readable = {row.film_id for row in manifest.rows if row.state == "readable"}
    if searched is not None and readable and readable.isdisjoint(searched.film_ids):
        raise ManifestFault(
            "audit",
            "must be of this collection",
            found=f"{len(searched.film_ids)} films, none of them in the manifest",
            advice=f"It is another's. {advice}",
        )
    film_ids = {row.path: row.film_id for row in manifest.rows}
    absent: set[str] = set()
    n_found = 0
    for flaw in flaws:
        for path, film_id in zip(flaw.films, flaw.film_ids, strict=True):
            if path not in film_ids:
                absent.add(path)
            elif film_ids[path] != film_id:
                raise ManifestFault(
                    f"audit, {flaw.rule}, {path}",
                    f"must be of this collection, where this film's id is {film_ids[path]!r}",
                    found=film_id,
                    advice=f"The file has changed, or the audit is another's. {advice}",
                )
            else:
                n_found += 1
    if absent and not n_found:
        raise ManifestFault(
            "audit",
            "must be of this collection",
            found=f"none of its {len(absent)} films in the manifest",
            advice=f"It is another's, or all films with a flaw are out already. {advice}",
        )
    return len(absent)


def _find_reasons(
    manifest: Manifest, flaws: Sequence[Flaw], how: CleaningRules, pictures: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return, for each film that leaves, its rules and why, in the order of the audit."""
    paths = {row.path for row in manifest.rows}
    reasons: dict[str, dict[str, str]] = {}
    # A flaw of two labels may not list all copies: others may have come in by another rule.
    for flaw in (*flaws, *find_two_labels(manifest, pictures)):
        if flaw.rule in how.rules:
            for path in paths.intersection(flaw.films):
                reasons.setdefault(path, {}).setdefault(flaw.rule, say_why(flaw))
    for path, splits in find_tying_films(manifest, pictures=pictures).items():
        why = f"ties films in {' and '.join(splits)} together"
        reasons.setdefault(path, {})[TYING] = why
    return reasons


def _count_doubts(manifest: Manifest, flaws: Sequence[Flaw]) -> dict[str, int]:
    """Count the films that stay with a flaw; rules in the order of the audit."""
    paths = {row.path for row in manifest.rows}
    films: dict[str, set[str]] = {}
    for flaw in flaws:
        if flaw.rule in DOUBTS:
            films.setdefault(flaw.rule, set()).update(paths.intersection(flaw.films))
    return {rule: len(staying) for rule, staying in films.items() if staying}
