"""The films that a release learnt from, in words: which it knows, and how many were met again."""

from typing import Final

from osteon.release.card import LearntCount, ListedFilms
from osteon.wording import say_count

NOT_LISTED: Final = (
    "This release does not say which films it learnt from, so that films of its training cannot be "
    "told from others; `osteon audit --against` compares collections."
)

KNOWN_COPIES: Final = (
    "Known again are their files, their pixels, and copies that were saved again, resized, "
    "mirrored, turned by quarters, inverted or made brighter; not what was cut, turned by other "
    "angles or written on, which `osteon audit --against` finds."
)


def say_learnt(count: LearntCount | None) -> tuple[str, ...]:
    """Return how many of the films a release had learnt from; nothing where nobody asked.

    Args:
        count: Of the films that measured it.
    """
    if count is None:
        return ()
    unknown = () if count.is_known else (NOT_LISTED,)
    films = say_count(count.n_films, "film")
    if not count.n_learnt + count.n_related:
        nothing = (
            f"None of {films} is known as one that the release learnt from, or as a plain copy of "
            "one."
        )
        return unknown or (nothing,)
    verb = "was" if count.n_learnt == 1 else "were"
    shares = "shares" if count.n_related == 1 else "share"
    known = f"{count.n_learnt:,} of {films} {verb} learnt from by the release"
    if count.n_related:
        known += f", and {count.n_related:,} more {shares} a group with such a film"
    if count.are_left_out:
        return (f"{known}: left out.", *unknown)
    return (f"{known}: they are among these numbers, which flatter it and are no test.", *unknown)


def say_listed(films: ListedFilms | None) -> tuple[str, ...]:
    """Return which films a release knows again, and what that means for their privacy.

    Args:
        films: The list that it holds; None where it holds none.
    """
    if films is None:
        return (NOT_LISTED,)
    told = ", ".join(
        f"{n:,} of {split}"
        for split, n in (("train", films.train), ("tune", films.tune), ("test", films.test))
        if n
    )
    said = [f"It knows its films again, by hashes: {told}. {KNOWN_COPIES}"]
    if not films.train:
        said.append("Those that the network learnt from are not among them.")
    if films.n_without_look:
        said.append(
            f"{films.n_without_look:,} of them are known by their files alone, or by their pixels."
        )
    said.append(
        "The hashes hold no picture and no name; whoever has a film can ask whether it is among "
        "them."
    )
    return tuple(said)
