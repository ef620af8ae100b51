"""Which films a person means: by name, by folder, or by a list of names.

Works with the base install alone.
"""

import codecs
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from osteon.collection.file_kinds import HEAD_BYTES, identify_head
from osteon.collection.folders import count_endings, walk_folder
from osteon.errors import LayoutFault
from osteon.terms import SetAside
from osteon.wording import spell

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MUST: Final = "must be a list of paths, one to a line, as text"
_BINARY: Final = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
_ESCAPED: Final = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt])")


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFilms:
    """The films that are meant, and what was found beside them.

    Attributes:
        films: In the order of what was named; those of a folder sorted, its own before those of
            its folders.
        passed_over: Links, locked folders, indices and foreign pictures, and why.
        other_endings: How many other files there are with each ending; "" for none.
    """

    films: tuple[Path, ...]
    passed_over: tuple[SetAside, ...]
    other_endings: dict[str, int]


def gather_films(paths: Iterable[Path]) -> FoundFilms:
    """Find the films that are meant: files as they are named, and those inside folders.

    Args:
        paths: Files and folders. A file is taken whatever its name, and even if it is not there:
            its reading will say so. A name that a reading wrote with escapes is understood.

    Returns:
        The films, and what was passed over. Links to folders are followed, each folder once; a
        file in a folder is a film by its content, or at least by its name.
    """
    films: list[Path] = []
    passed_over: list[SetAside] = []
    others: list[str] = []
    for path in map(_find_again, paths):
        if not _is_folder(path):
            films.append(path)
            continue
        contents = walk_folder(path)
        # DICOM without a picture is read like the others: its reading says what it is.
        below = [*contents.films, *(one.path for one in contents.objects)]
        films += [path / film for film in sorted(below, key=_reading_order)]
        passed_over += [
            SetAside(path=str(path / one.path), reason=one.reason) for one in contents.passed_over
        ]
        others += contents.others
    return FoundFilms(
        films=tuple(films),
        passed_over=tuple(passed_over),
        other_endings=count_endings(others),
    )


def leave_out(found: FoundFilms, outputs: Iterable[Path]) -> FoundFilms:
    """Return the films without those that Osteon itself drew into the folder that it reads.

    Args:
        found: Of `gather_films`.
        outputs: Where results go.
    """
    own = [output.resolve() for output in outputs]
    films = tuple(film for film in found.films if not lies_in(film, own))
    left = len(found.films) - len(films)
    if not left:
        return found
    said = SetAside(
        path=", ".join(spell(output) for output in outputs),
        reason=f"the results of `osteon read`, {left:,} picture{'s' * (left != 1)} among them",
    )
    return replace(found, films=films, passed_over=(*found.passed_over, said))


def lies_in(path: Path, folders: Sequence[Path]) -> bool:
    """Return whether a file is one of some places, or lies below one.

    Args:
        path: Of the file.
        folders: Resolved.
    """
    if not folders:
        return False
    try:
        place = path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a name that no disk takes
        return False
    return any(place.is_relative_to(folder) for folder in folders)


def is_film(content: bytes) -> bool:
    """Return whether bytes are a picture file or a DICOM file, by how they begin.

    Args:
        content: Of a file or a pipe, whole.
    """
    return identify_head(content[:HEAD_BYTES]).sort in {"film", "object"}


def describe_passed_over(found: FoundFilms) -> str:
    """Return in a few words what was there and is no film; empty where there was nothing.

    Args:
        found: Of `gather_films`.
    """
    n_others = sum(found.other_endings.values())
    told = [f"{n_others:,} other file{'s' * (n_others != 1)}"] if n_others else []
    told += [one.reason for one in found.passed_over[:1]]
    n_more = len(found.passed_over) - 1
    return ", ".join(told) + (f" and {n_more:,} more" if n_more > 0 else "")


def parse_film_list(data: bytes, *, where: str) -> list[Path]:
    """Return the paths that a list names.

    A line ends with LF or CRLF and with nothing else: a name may hold any other separator. Where
    the list is parted by NUL, as `find -print0` does it, a name may hold line breaks too.

    Args:
        data: The whole list: in UTF-8 or the system's own encoding, in UTF-16 or 32 with their
            byte-order mark. Marks before names are no part of them.
        where: What to call the list in a refusal.

    Returns:
        The paths, without empty lines.

    Raises:
        LayoutFault: If it is a film, or something else that is no list. Not one name is taken
            from it then.
    """
    kind = identify_head(data[:HEAD_BYTES])
    if kind.sort != "other" or kind.what:
        found = {"film": "a film"}.get(kind.sort, kind.what)
        raise LayoutFault(where, _MUST, found=found, advice="Name the file itself.")
    names = _split_names(data, where)
    return [Path(name) for name in names if name.strip()]


def _split_names(data: bytes, where: str) -> Sequence[str]:
    """Return the names of a list.

    Raises:
        LayoutFault: If it is none.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if encoding is not None:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as fault:
            raise LayoutFault(where, _MUST, found=f"broken {encoding.upper()}") from fault
        names: Sequence[str] = _split_lines(text, where)
    elif b"\0" in data:
        names = os.fsdecode(data.removesuffix(b"\0")).split("\0")
        if sum(len(name) < 2 for name in names) * 2 > len(names):
            raise LayoutFault(
                where,
                _MUST,
                found="UTF-16 without its byte-order mark, or no text",
                advice="Save it as UTF-8.",
            )
    else:
        names = _split_lines(_decode_names(data), where)
    if any(_BINARY.search(name) or "\0" in name for name in names):
        raise LayoutFault(where, _MUST, found="bytes that are no text")
    return [name.removeprefix("\ufeff") for name in names]


def _decode_names(data: bytes) -> str:
    """Return names as the system reads them: each finds the file whose bytes it has."""
    plain = data.removeprefix(codecs.BOM_UTF8)
    if plain != data:
        return plain.decode("utf-8", "surrogateescape")  # the mark says so
    return os.fsdecode(plain)


def _split_lines(text: str, where: str) -> list[str]:
    """Return a text's lines.

    Raises:
        LayoutFault: If they end with CR alone.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if any("\r" in line for line in lines):
        raise LayoutFault(where, "must have lines that end with LF or CRLF", found="CR alone")
    return lines


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no disk takes; its reading says so
        return False


def _find_again(path: Path) -> Path:
    r"""Return the file that a reading wrote down as `a\udcff.png`, where there is no such name."""
    name = str(path)
    if not _ESCAPED.search(name) or _is_there(path):
        return path
    plain = Path(_ESCAPED.sub(lambda match: _unescape(match[0]), name))
    return plain if _is_there(plain) else path


def _is_there(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):
        return False


def _unescape(escape: str) -> str:
    plain = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}.get(escape)
    return plain or chr(int(f"0x{escape[2:]}", 0))


def _reading_order(path: str) -> list[tuple[bool, str]]:
    """Sort the films of a folder before those of the folders in it."""
    folders, name = path.split("/")[:-1], path.rpartition("/")[2]
    return [*((True, folder) for folder in folders), (False, name)]
