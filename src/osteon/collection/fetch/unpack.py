"""Files from a stranger are placed in a folder, which appears whole or not at all.

A zip, a tarball and a download cache all end here, so that one set of rules guards them: no name
leads outside the folder, no name comes twice, and neither count nor size passes the limits.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from osteon.errors import FetchFault, OutputFault, UnsafeArchive
from osteon.terms import Progress, no_progress

_BLOCK_BYTES = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DRIVE_LETTER = re.compile(r"[A-Za-z]:")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacingLimits:
    """How much a stranger may write.

    Attributes:
        n_bytes: Of all files together.
        n_entries: Files and folders together.
        ratio: Unpacked bytes per packed byte. Films pack at less than 10 : 1; deflate ends at
            1032 : 1, so only a bomb needs more than this.
        ratio_from_bytes: Below this size the ratio is not looked at: an empty table packs well.
    """

    n_bytes: int = 50 << 30
    n_entries: int = 1_000_000
    ratio: int = 200
    ratio_from_bytes: int = 10 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What was placed.

    Attributes:
        n_files: Files, folders not counted.
        n_bytes: Their sizes, added.
    """

    n_files: int
    n_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file or folder that a stranger hands over.

    Attributes:
        where: The archive or cache it comes from, for the address of an error.
        name: As the stranger spells it.
        parts: The checked name, from `parse_member_name`; where it goes below the folder.
        n_bytes: The size it claims; more is never written.
        read_blocks: Opens the file and yields its bytes; None for a folder.
    """

    where: str
    name: str
    parts: tuple[str, ...]
    n_bytes: int
    read_blocks: Callable[[], Iterator[bytes]] | None


def refuse_member(where: str, rule: str, name: str) -> NoReturn:
    """Refuse one member, naming it and the rule.

    Raises:
        UnsafeArchive: Always.
    """
    raise UnsafeArchive(
        where,
        f"every member must {rule}",
        found=name[:_SHOWN_CHARACTERS],
        advice="Nothing was kept. Fetch it again; if it stays so, tell whoever published it.",
    )


def parse_member_name(name: str, *, where: str) -> tuple[str, ...]:
    """Return the parts of a member's name, all of them below the folder it will be placed in.

    Args:
        name: As the archive spells it, in any script, parts separated by forward slashes.
        where: The archive, for the address of an error.

    Returns:
        The parts; empty for the archive's own root (`./` in many tarballs).

    Raises:
        UnsafeArchive: If the name could lead anywhere else, on any operating system.

    >>> parse_member_name("./рука/骨 折.png", where="a.zip")
    ('рука', '骨 折.png')
    """
    if _CONTROL_CHARACTER.search(name):
        refuse_member(where, "have a name without NUL and control characters", name)
    if "\\" in name:
        refuse_member(where, "have forward slashes only", name)
    if name.startswith("/") or _DRIVE_LETTER.match(name):
        refuse_member(where, "have a relative name, without leading slash and drive letter", name)
    if not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name):
        refuse_member(where, "have a name in UTF-8", name)
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if ".." in parts:
        refuse_member(where, "stay inside the folder, without ..", name)
    return parts


def place_members(
    members: Iterable[Member],
    folder: Path,
    *,
    limits: PlacingLimits | None = None,
    total: int = 0,
    progress: Progress = no_progress,
) -> Contents:
    """Write members into a hidden folder beside the target, then rename it into place.

    Args:
        members: In any order.
        folder: Must not exist; afterwards it holds every member. After any fault, or a killed
            process, it does not exist.
        limits: How much may be written.
        total: Sum of the members' sizes in bytes where it is known, for `progress`.
        progress: Told the bytes placed.

    Returns:
        How many files and bytes were placed.

    Raises:
        UnsafeArchive: If a member breaks a rule.
        FetchFault: If a member cannot be read, or there is no file among them.
        OutputFault: If the folder exists already or cannot be written.
    """
    refuse_taken(folder)
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.unpacking")
    try:
        make_folder(unfinished)
        contents = _write_members(members, unfinished, limits or PlacingLimits(), (total, progress))
        if not contents.n_files:
            raise FetchFault(folder.name, "what arrived must hold at least one file")
        try:
            unfinished.replace(folder)
        except OSError as fault:
            refuse_output(folder, fault)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return contents


def refuse_taken(folder: Path) -> None:
    """Refuse a target that exists already, even empty, even as a broken link.

    Raises:
        OutputFault: If it does.
    """
    if os.path.lexists(folder):
        raise OutputFault(
            str(folder), "must not exist yet", advice="Choose another folder, or remove this one."
        )


def make_folder(folder: Path) -> None:
    """Make a folder and its parents.

    Raises:
        OutputFault: If that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        refuse_output(folder, fault)


def refuse_output(path: Path, fault: OSError) -> NoReturn:
    """Say in our words that the operating system would not write.

    Raises:
        OutputFault: Always.
    """
    if fault.errno in _FULL:
        advice = "Free some space, or choose a folder on another disk, and run it again."
        raise OutputFault(str(path), "the disk must have room for it", advice=advice) from fault
    advice = "Check the folder's owner and permissions, or choose another folder."
    raise OutputFault(str(path), "must be a place that can be written", advice=advice) from fault


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file that arrived whole.

    Raises:
        FetchFault: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    except OSError as fault:
        raise FetchFault(path.name, "must be readable", advice="Fetch it again.") from fault


def _write_members(
    members: Iterable[Member],
    folder: Path,
    limits: PlacingLimits,
    told: tuple[int, Progress],
) -> Contents:
    total, progress = told
    n_files = n_bytes = 0
    for n_entries, member in enumerate(members, start=1):
        if n_entries > limits.n_entries:
            refuse_member(member.where, f"be one of at most {limits.n_entries:,}", member.name)
        if n_bytes + member.n_bytes > limits.n_bytes:
            rule = f"fit into {limits.n_bytes:,} bytes with the others"
            refuse_member(member.where, rule, member.name)
        if member.read_blocks is None:
            make_folder(folder.joinpath(*member.parts))
            continue
        if not member.parts:
            refuse_member(member.where, "have a name of its own", member.name)
        for n_written in _write_file(member, member.read_blocks, folder):
            progress("unpack", n_bytes + n_written, total)
        n_files += 1
        n_bytes += member.n_bytes
    return Contents(n_files=n_files, n_bytes=n_bytes)


def _write_file(
    member: Member, blocks: Callable[[], Iterator[bytes]], folder: Path
) -> Iterator[int]:
    """Write one file, yielding the bytes written so far.

    Raises:
        FetchFault: If it is shorter than it claims.
    """
    path = folder.joinpath(*member.parts)
    n_written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive: the file system itself says which names are the same to it.
        with path.open("xb") as file:
            for block in blocks():
                n_written += len(block)
                if n_written > member.n_bytes:
                    refuse_member(member.where, "be no longer than it claims", member.name)
                file.write(block)
                yield n_written
    except (FileExistsError, NotADirectoryError):
        refuse_member(member.where, "have a name of its own", member.name)
    except OSError as fault:
        refuse_output(path, fault)
    if n_written != member.n_bytes:
        raise FetchFault(
            member.where, "every member must be whole", found=member.name, advice="Fetch it again."
        )
