r"""Which film a paper means: a table, COCO's JSON, a YOLO file name films as their program did.

| paper | film |
|---|---|
| `é` as one letter (NFC) | `é` as two (NFD), as a Mac keeps it, and the other way round |
| `images\1.jpg`, `/data/1.jpg` | `images/Fractured/1.jpg`: the last part, if no other has it |
| `R%C3%B6ntgen%201.jpg` | `Röntgen 1.jpg` |
| `http://host/data/local-files/?d=films/1.jpg` | `1.jpg` |
| `3f2a91bc-1.jpg`, as Label Studio keeps an upload | `1.jpg` |

Where two films fit equally well, nothing is guessed: both are returned.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

_LOCAL_FILES: Final = "?d="
_QUERY: Final = re.compile(r"[?#].*$", re.DOTALL)
_UPLOAD: Final = re.compile(r"^[0-9a-f]{8}-(?=.)")


class FilmNames:
    """Finds a collection's files by what papers call them.

    Args:
        paths: Of the files, below the collection, with forward slashes.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._by_path: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            name = path.rpartition("/")[2]
            self._by_path.setdefault(normalise(path), []).append(path)
            self._by_name.setdefault(normalise(name), []).append(path)
            self._by_stem.setdefault(normalise(_cut_ending(name)), []).append(path)

    def find_path(self, path: str) -> tuple[str, ...]:
        """Return the file at a path, as written or in another Unicode form.

        Args:
            path: Below the collection, with forward slashes.

        Returns:
            One file; none; or several that differ in nothing but their Unicode form.
        """
        if path in self._paths:
            return (path,)
        return tuple(self._by_path.get(normalise(path), ()))

    def find_name(self, name: str) -> tuple[str, ...]:
        """Return the files that a name may mean, by its last part and those before it that fit.

        Args:
            name: A file name, a path or an address, as a program wrote it.

        Returns:
            One file, none, or several that fit equally well.
        """
        return self._find(name, self._by_name, whole=True)

    def find_stem(self, name: str) -> tuple[str, ...]:
        """Return the files that are called so, whatever their endings.

        Args:
            name: A file name without its ending.
        """
        return self._find(name, self._by_stem, whole=False)

    def _find(self, name: str, index: dict[str, list[str]], *, whole: bool) -> tuple[str, ...]:
        for spelling in _list_spellings(name):
            parts = [part for part in spelling.split("/") if part]
            if parts and (found := index.get(normalise(parts[-1]))):
                return _keep_likest(parts, found, whole=whole)
        return ()


def normalise(name: str) -> str:
    """Return a name in one Unicode form: composed, NFC.

    Args:
        name: In any form.
    """
    return unicodedata.normalize("NFC", name)


def _list_spellings(name: str) -> Iterator[str]:
    """Yield what a name may have been before a program changed it, the likeliest first."""
    slashed = name.replace("\\", "/")
    plain = slashed.partition(_LOCAL_FILES)[2] or _QUERY.sub("", slashed)
    yield from (slashed, plain, unquote(slashed), unquote(plain))
    folder, slash, last = unquote(plain).rpartition("/")
    if _UPLOAD.match(last):
        yield folder + slash + _UPLOAD.sub("", last)


def _keep_likest(parts: list[str], paths: list[str], *, whole: bool) -> tuple[str, ...]:
    """Keep the paths that end like the name in most parts; of twins in form, the exact one."""
    if len(paths) == 1:
        return (paths[0],)
    counts = {path: _count_common(parts, path.split("/"), whole=whole) for path in paths}
    most = max(counts.values())
    likest = [path for path in paths if counts[path] == most]
    exact = [path for path in likest if _last(path, whole=whole) == parts[-1]]
    return tuple(exact if len(exact) == 1 else likest)


def _last(path: str, *, whole: bool) -> str:
    name = path.rpartition("/")[2]
    return name if whole else _cut_ending(name)


def _count_common(parts: list[str], path: list[str], *, whole: bool) -> int:
    ending = [*path[:-1], _last(path[-1], whole=whole)]
    n_common = 0
    for ours, theirs in zip(reversed(parts), reversed(ending), strict=False):
        if normalise(ours) != normalise(theirs):
            break
        n_common += 1
    return n_common


def _cut_ending(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
