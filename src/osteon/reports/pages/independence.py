"""Whether films are cases of their own, in words: were copies looked for, are patients known?

Wherever a group is counted one of these sentences stands beside it. A group is a group of copies
only where somebody looked for copies.
"""

from typing import TYPE_CHECKING, Final

from osteon.release.card import Independence
from osteon.wording import say_count, say_share

if TYPE_CHECKING:  # a release's card is shown by the base install, which has no collections
    from osteon.collection.splits import UnevenSplit

NEVER: Final = "Copies were never looked for"
"""How every sentence begins that takes a number's independence away."""

NOT_RECORDED: Final = "Whether copies were looked for among these films is not recorded."

FOOTNOTE: Final = f"{NEVER}: films may be copies of one another."
"""Below a figure."""


def say_copies(known: Independence | None) -> str:
    """Return whether copies were looked for, in a sentence.

    Args:
        known: Of the films; None in a release that did not record it.
    """
    if known is None:
        return NOT_RECORDED
    if known.copies_looked_for:
        return f"Copies were looked for among all of these films: {known.audit}."
    if not known.n_audits:
        return (
            f"{NEVER} among these films: only files that are equal byte for byte, and films of one "
            "patient where it is named, share a group."
        )
    if known.n_audits == 1:
        return (
            f"{NEVER} among {known.n_not_audited:,} of these {say_count(known.n_films, 'film')}: "
            "they joined after the audit, or changed since."
        )
    return f"{NEVER} across these films: they were audited in {known.n_audits} parts."


def say_patients(known: Independence | None) -> str:
    """Return whether films of one patient are known to be; empty where nobody recorded it.

    Args:
        known: Of the films; None in a release that did not record it.
    """
    if known is None:
        return ""
    if not known.n_without_patient:
        return "Every film names its patient; films of one patient share a group."
    who = "films of one patient may be on both sides of a split, and count as several patients."
    if known.n_without_patient == known.n_films:
        return f"No film says which patient it shows: {who}"
    films = f"{known.n_without_patient:,} of {say_count(known.n_films, 'film')}"
    return f"{films} do not say which patient they show: {who}"


def say_independence(known: Independence | None) -> tuple[str, ...]:
    """Return both sentences, and that groups stand in several splits where they do.

    Args:
        known: Of the films; None in a release that did not record it.
    """
    leaks = ""
    if known is not None and known.n_leaks:
        groups = say_count(known.n_leaks, "group")
        leaks = f"{groups} of copies or patients are in several splits."
    return tuple(said for said in (say_copies(known), say_patients(known), leaks) if said)


def footnote_copies(known: Independence | None) -> str:
    """Return what stands below a figure that counts groups; empty where copies were looked for.

    Args:
        known: Of the films; None where nobody recorded it.
    """
    return FOOTNOTE if known is not None and not known.copies_looked_for else ""


def say_uneven(uneven: "UnevenSplit") -> tuple[str, ...]:
    """Return how far the prevalence of splits differs, with numbers, and what may help.

    Args:
        uneven: The splits.
    """
    told = ", ".join(
        f"{count.split} {say_share(count.prevalence)} ({count.n_fractured:,} of {count.n_films:,})"
        for count in uneven.counts
    )
    said = [
        (
            f"Prevalence differs by {100 * uneven.difference:.0f} percentage points between "
            f"splits: {told}. A threshold chosen on one is measured at another, and ppv and npv of "
            "the two do not compare."
        )
    ]
    if uneven.is_of_large_groups:
        said.append(
            f"The largest group holds {uneven.largest_group:,} of {uneven.n_films:,} films and "
            "goes to one split whole. `osteon clean --deduplicate` keeps one film of each picture; "
            "another --salt, before films are placed, gives another split."
        )
    return tuple(said)
