"""Films that are reached by several links: which of their paths gives them their label."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from osteon.collection.importers.listing import Contents
from osteon.collection.importers.names import ClassNames, find_label
from osteon.errors import AmbiguousLayout


def place_linked_films(folder: Path, contents: Contents, names: ClassNames) -> Contents:
    """Let films whose own folder names no class stand where a link's path names one.

    `fractured` may be a link to `store/a`, which lies in the collection and says nothing.

    Args:
        folder: The collection, for the fault's address.
        contents: The files below it.
        names: The names of the two classes.

    Returns:
        The same, with such films under the link's path. Each film is listed once.

    Raises:
        AmbiguousLayout: If one folder is reached by paths of both classes.
    """
    moved: dict[str, str] = {}
    for repeat in contents.repeats:
        label = find_label(repeat.path, names)
        is_loop = f"{repeat.path}/".startswith(f"{repeat.first}/") or not repeat.first
        if label is None or is_loop:
            continue
        own = {
            find_label(film.rpartition("/")[0], names)
            for film in contents.films
            if film.startswith(f"{repeat.first}/")
        }
        if None in own:
            own.add(find_label(moved.setdefault(repeat.first, repeat.path), names))
        if (not label) in own:
            raise AmbiguousLayout(
                str(folder),
                "must not reach one folder by paths of both classes",
                found=f"{repeat.path}, a link to {repeat.first}",
                advice="Remove the link that does not hold.",
            )
    used = frozenset(moved.values())
    return replace(
        contents,
        films=tuple(sorted(_move(film, moved, names) for film in contents.films)),
        passed_over=tuple(one for one in contents.passed_over if one.path not in used),
    )


def _move(film: str, moved: Mapping[str, str], names: ClassNames) -> str:
    if find_label(film.rpartition("/")[0], names) is not None:
        return film
    for first, link in moved.items():
        if film.startswith(f"{first}/"):
            return f"{link}/{film[len(first) + 1 :]}"
    return film
