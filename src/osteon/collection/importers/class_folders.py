"""Class folders: `train/fractured/1.jpg`, below any wrapper folders."""

from collections.abc import Iterable
from pathlib import Path

from osteon.collection.importers.listing import Contents, ListedFilm, Listing, name_collection
from osteon.collection.importers.names import (
    ClassNames,
    find_class_folder,
    find_label,
    find_published_split,
    is_same_name,
)
from osteon.errors import AmbiguousLayout, UnknownClassFolder
from osteon.terms import SetAside


def has_class_folders(films: Iterable[str], names: ClassNames) -> bool:
    """Return whether any of the films lies in a folder that names a class."""
    return any(find_label(parent, names) is not None for parent in set(map(_parent, films)))


def list_class_folders(folder: Path, contents: Contents, names: ClassNames) -> Listing:
    """List a collection whose labels are the names of its folders.

    Args:
        folder: The collection.
        contents: The files below it.
        names: The names of the two classes.

    Returns:
        The films with labels and published splits. Films that lie beside class folders, not in
        one, are set aside.

    Raises:
        UnknownClassFolder: If a folder of films is named like neither class.
        AmbiguousLayout: If one class folder lies in the other.
    """
    parents = sorted(set(map(_parent, contents.films)))
    labels = _find_labels(parents, names)
    wrappers = {above for parent in parents if labels[parent] is not None for above in _up(parent)}
    _refuse_unknown(folder, [p for p in parents if labels[p] is None and p not in wrappers])
    _refuse_unused_names(parents, names)
    known = {parent: label for parent, label in labels.items() if label is not None}
    _refuse_nested(folder, known, names)
    splits = {parent: find_published_split(parent) for parent in known}
    films = tuple(
        ListedFilm(path=film, has_fracture=known[parent], published_split=splits[parent])
        for film, parent in ((film, _parent(film)) for film in contents.films)
        if parent in known
    )
    beside = tuple(
        SetAside(path=film, reason="beside the class folders, not in one")
        for film in contents.films
        if _parent(film) not in known
    )
    return Listing(
        layout="class folders",
        collection=name_collection(folder),
        root=folder,
        films=films,
        set_aside=(*contents.set_aside, *beside),
        passed_over=contents.passed_over,
        other_files=contents.others,
    )


def _find_labels(parents: list[str], names: ClassNames) -> dict[str, bool | None]:
    # `fractures/{fractured, uninjured}`: the outer folder holds class folders, so it is none itself
    # and says nothing about `uninjured`.
    class_of = {parent: find_class_folder(parent, names) for parent in parents}
    classes = {named for named in class_of.values() if named is not None}
    wrapping = {above for named in classes for above in _up(named)} & classes
    return {
        parent: None if named in wrapping and parent != named else find_label(parent, names)
        for parent, named in class_of.items()
    }


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _up(path: str) -> list[str]:
    """Return the folders above a path, from its own up to the root, which is empty."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, -1, -1)]


def _refuse_unknown(folder: Path, unknown: list[str]) -> None:
    if not unknown:
        return
    name = unknown[0].rpartition("/")[2]
    if not name:
        raise UnknownClassFolder(
            str(folder),
            "must keep its films in class folders, such as `fractured` and `not fractured`",
            found="films without a class folder",
            advice="Sort them into class folders, or list them in a labels.csv.",
        )
    more = f" ({len(unknown) - 1} more such folders)" if len(unknown) > 1 else ""
    raise UnknownClassFolder(
        f"{folder / unknown[0]}",
        "must be named after a class, such as `fractured` or `not fractured`",
        found=f"{name}{more}",
        advice=f'Say what it means: --positive "{name}" if its films show a fracture, '
        f'--negative "{name}" if they show none; or move it out of the collection.',
    )


def _refuse_unused_names(parents: list[str], names: ClassNames) -> None:
    """Refuse a name that the person gave and no folder has: a slip of the pen.

    Raises:
        UnknownClassFolder: If there is one.
    """
    there = {part for parent in parents for part in parent.split("/") if part}
    for option, given in (("--positive", names.positive), ("--negative", names.negative)):
        for name in given:
            if not any(is_same_name(name, part) for part in there):
                raise UnknownClassFolder(
                    f'{option} "{name}"',
                    "must be the name of a folder of films",
                    found=sorted(there)[:8],
                    advice="Check the spelling.",
                )


def _refuse_nested(folder: Path, labels: dict[str, bool], names: ClassNames) -> None:
    """Refuse `fractured/normal`: which holds? A wrapper called `fractures` holds both classes.

    Raises:
        AmbiguousLayout: If a folder of one class lies in a folder of the other.
    """
    for parent, label in labels.items():
        for above in _up(parent):
            outer = names.meaning(above.rpartition("/")[2]) if above else None
            if outer is None or outer == label:
                continue
            below = {labels[p] for p in labels if p.startswith(f"{above}/")}
            if len(below) == 1 or above in labels:
                raise AmbiguousLayout(
                    str(folder),
                    "must not have a folder of one class in a folder of the other",
                    found=parent,
                    advice=f"Rename one of `{above}` and `{parent}`, or move the inner one out.",
                )
