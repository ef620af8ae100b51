"""Files from a stranger become a folder, which appears whole or not at all.

A zip, a tarball and a download cache all end here, so that one set of rules guards them: no name
leads outside the folder, no name comes twice, and neither count nor size passes the limits. Nothing
that an archive says about itself is believed. Links, devices and encrypted members are refused
rather than skipped; an archive inside the archive is a file like any other and stays packed.
"""

import gzip
import lzma
import re
import secrets
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, NoReturn, cast

from osteon.errors import FetchFault, UnsafeArchive
from osteon.files import make_folder, refuse_output, refuse_taken
from osteon.terms import Progress, no_progress

_BLOCK_BYTES = 1 << 20
_LARGEST_READ_BYTES = 16 << 20
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # APPNOTE.TXT 4.4.4: bits 0, 6 and 13
_UTF8_NAME = 0x800  # APPNOTE.TXT 4.4.4: bit 11
_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 2.3.1
_ARCHIVE = "must be a whole zip, tar or tar.gz archive"
_PLAIN = "be a plain file or folder, no link and no device"
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
)
# What a name must be, and what breaks it.
_NAME_RULES = (
    ("have a name without NUL and control characters", re.compile(r"[\x00-\x1f\x7f]")),
    ("have forward slashes only", re.compile(r"\\")),
    ("have a relative name, without leading slash and drive letter", re.compile(r"^(/|[A-Za-z]:)")),
    ("have a name in UTF-8", re.compile(r"[\ud800-\udfff]")),
    ("stay inside the folder, without ..", re.compile(r"(^|/)\.\.(/|$)")),
)


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
    """What was placed: files, folders not counted, and their sizes, added."""

    n_files: int
    n_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file or folder that a stranger hands over.

    Attributes:
        where: The archive or cache it comes from, for the address of an error.
        name: As the stranger spells it; its checked `parts` say where it goes below the folder.
        n_bytes: The size it claims; more is never written.
        read_blocks: Opens the file and yields its bytes; None for a folder.
    """

    where: str
    name: str
    parts: tuple[str, ...]
    n_bytes: int
    read_blocks: Callable[[], Iterator[bytes]] | None


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
    for rule, broken in _NAME_RULES:
        if broken.search(name):
            _refuse(where, name, rule)
    return tuple(part for part in name.split("/") if part not in {"", "."})


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
    n_files = n_bytes = 0
    try:
        make_folder(unfinished)
        for member in _within(members, limits or PlacingLimits()):
            if member.read_blocks is None:
                make_folder(unfinished.joinpath(*member.parts))
                continue
            for n_written in _write_file(member, member.read_blocks(), unfinished):
                progress("unpack", n_bytes + n_written, total)
            n_files += 1
            n_bytes += member.n_bytes
        if not n_files:
            raise FetchFault(folder.name, "what arrived must hold at least one file")
        try:
            unfinished.replace(folder)
        except OSError as fault:
            refuse_output(folder, fault)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Contents(n_files=n_files, n_bytes=n_bytes)


def find_cached(folder: Path, where: str, parts: tuple[str, ...] = ()) -> Iterator[Member]:
    """Yield the files below a download's cache, in order.

    Raises:
        UnsafeArchive: If there is a link or a device among them.
    """
    for entry in sorted(folder.iterdir()):
        name = "/".join((*parts, entry.name))
        if entry.is_symlink() or not (entry.is_dir() or entry.is_file()):
            _refuse(where, name, _PLAIN)
        if entry.is_dir():
            yield from find_cached(entry, where, parse_member_name(name, where=where))
        else:
            yield wrap_file(entry, name, where)


def wrap_file(path: Path, name: str, where: str) -> Member:
    """Return a file that arrived whole as a member, under the name its publisher gave it."""
    read = partial(_read_blocks, lambda: path.open("rb"), name, "must be readable")
    return _wrap(where, name, path.stat().st_size, read)


def find_packed(
    archive: Path, where: str, *, limits: PlacingLimits | None = None, below: tuple[str, ...] = ()
) -> Generator[Member]:
    """Yield an archive's members, each checked; close the iterator when done with it.

    Args:
        archive: A zip, tar or tar.gz, as its bytes say. All of a zip is checked before the first.
        where: Its published name, for the address of an error.
        limits: For the compression ratio; count and size are checked where members are placed.
        below: Parts to put before every member's name.

    Raises:
        UnsafeArchive: If a member breaks a rule.
        FetchFault: If the archive is broken, or is none.
    """
    with _reading(where):
        is_zip = zipfile.is_zipfile(archive)
    find = _zip_members if is_zip else _tar_members
    for member in find(archive, where, limits or PlacingLimits()):
        yield replace(member, parts=below + member.parts)


def _refuse(where: str, name: str, rule: str) -> NoReturn:
    raise UnsafeArchive(
        where,
        f"every member must {rule}",
        found=name[:200],
        advice="Nothing was kept. Fetch it again; if it stays so, tell whoever published it.",
    )


def _within(members: Iterable[Member], limits: PlacingLimits) -> Iterator[Member]:
    n_bytes = 0
    for n_entries, member in enumerate(members, start=1):
        n_bytes += member.n_bytes
        for is_broken, rule in (
            (n_entries > limits.n_entries, f"be one of at most {limits.n_entries:,}"),
            (n_bytes > limits.n_bytes, f"fit into {limits.n_bytes:,} bytes with the others"),
            (member.read_blocks is not None and not member.parts, "have a name of its own"),
        ):
            if is_broken:
                _refuse(member.where, member.name, rule)
        yield member


def _write_file(member: Member, blocks: Iterator[bytes], folder: Path) -> Iterator[int]:
    path, n_written = folder.joinpath(*member.parts), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Exclusive: the file system itself says which names are the same to it.
        with path.open("xb") as file:
            for block in blocks:
                n_written += len(block)
                if n_written > member.n_bytes:
                    _refuse(member.where, member.name, "be no longer than it claims")
                file.write(block)
                yield n_written
    except (FileExistsError, NotADirectoryError):
        _refuse(member.where, member.name, "have a name of its own")
    except OSError as fault:
        refuse_output(path, fault)
    if n_written != member.n_bytes:
        must, advice = "every member must be whole", "Fetch it again."
        raise FetchFault(member.where, must, found=member.name, advice=advice)


@contextmanager
def _reading(where: str, must: str = _ARCHIVE) -> Iterator[None]:
    try:
        yield
    except _BROKEN as fault:
        advice = "Fetch it again; what arrived is damaged."
        raise FetchFault(where, must, advice=advice) from fault


def _read_blocks(
    open_file: Callable[[], IO[bytes]], where: str, must: str = _ARCHIVE
) -> Iterator[bytes]:
    with _reading(where, must), open_file() as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _zip_members(archive: Path, where: str, limits: PlacingLimits) -> Iterator[Member]:
    with _reading(where):
        opened = zipfile.ZipFile(archive)
    with opened:
        members = [_check_zip_member(opened, entry, where, limits) for entry in opened.infolist()]
        # Members that overlap in the file unpack the same bytes again and again; each alone
        # looks harmless (Fifield, "A better zip bomb", WOOT 2019).
        _refuse_bomb(sum(member.n_bytes for member in members), archive, where, limits)
        yield from members


def _check_zip_member(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str, limits: PlacingLimits
) -> Member:
    # Python cuts the name at NUL and, on Windows, turns backslashes; the original is judged too.
    parse_member_name(entry.orig_filename, where=where)
    name = _spell_name(entry)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    for is_broken, rule in (
        (kind not in {0, stat.S_IFREG, stat.S_IFDIR}, _PLAIN),
        (entry.flag_bits & _ENCRYPTED, "be unencrypted"),
        (entry.compress_type not in _METHODS, "be stored or packed with deflate, bzip2 or lzma"),
        (
            _is_bomb(entry.file_size, entry.compress_size, limits),
            f"unpack to at most {limits.ratio} times its packed size",
        ),
    ):
        if is_broken:
            _refuse(where, name, rule)
    if entry.is_dir() or kind == stat.S_IFDIR:
        return _wrap(where, name, 0, None)
    read = partial(_read_blocks, partial(opened.open, entry), where)
    return _wrap(where, name, entry.file_size, read)


def _spell_name(entry: zipfile.ZipInfo) -> str:
    """Return the name as its author wrote it: many tools write UTF-8 and forget the flag."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _tar_members(archive: Path, where: str, limits: PlacingLimits) -> Iterator[Member]:
    with _reading(where), archive.open("rb") as packed:
        is_gzip = packed.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        packed.seek(0)
        stream = gzip.GzipFile(fileobj=packed) if is_gzip else packed
        metered = _MeteredStream(cast("IO[bytes]", stream), archive, where, limits)
        with tarfile.TarFile(fileobj=cast("IO[bytes]", metered), mode="r") as opened:
            while (entry := opened.next()) is not None:
                yield _check_tar_member(opened, entry, where)
                # TarFile remembers every member; a million of them would fill the memory.
                opened.members.clear()  # type: ignore[attr-defined]  # absent from typeshed
            # `tarfile` takes a torn tarball for a short one: it must end with its block of zeros.
            # Reading on to the last byte also lets gzip check its checksum.
            metered.seek(opened.offset)
            if metered.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise EOFError
            while metered.read(_BLOCK_BYTES):
                pass


def _check_tar_member(opened: tarfile.TarFile, entry: tarfile.TarInfo, where: str) -> Member:
    parse_member_name(entry.name, where=where)
    if not (entry.isdir() or entry.isreg()) or entry.issparse():
        _refuse(where, entry.name, _PLAIN)
    if entry.size < 0:
        _refuse(where, entry.name, "have a size")
    if entry.isdir():
        return _wrap(where, entry.name, 0, None)
    open_file = cast("Callable[[], IO[bytes]]", partial(opened.extractfile, entry))
    return _wrap(where, entry.name, entry.size, partial(_read_blocks, open_file, where))


def _wrap(
    where: str, name: str, n_bytes: int, read_blocks: Callable[[], Iterator[bytes]] | None
) -> Member:
    parts = parse_member_name(name, where=where)
    return Member(where=where, name=name, parts=parts, n_bytes=n_bytes, read_blocks=read_blocks)


def _is_bomb(n_unpacked: int, n_packed: int, limits: PlacingLimits) -> bool:
    return n_unpacked > limits.ratio_from_bytes and n_unpacked > limits.ratio * n_packed


def _refuse_bomb(n_unpacked: int, archive: Path, where: str, limits: PlacingLimits) -> None:
    if _is_bomb(n_unpacked, archive.stat().st_size, limits):
        raise UnsafeArchive(
            where,
            f"must unpack to at most {limits.ratio} times its own size",
            advice="Nothing was kept. It was made to fill a disk; tell whoever published it.",
        )


class _MeteredStream:
    """The bytes of a tarball as they unpack, watched.

    `tarfile` reads a long-name header in one piece of whatever size the header claims, so a
    forged one could ask for all memory; and a gzip stream does not say how long it will become.
    """

    def __init__(self, stream: IO[bytes], archive: Path, where: str, limits: PlacingLimits) -> None:
        self._stream = stream
        self._archive, self._where, self._limits = archive, where, limits
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, n_bytes: int) -> bytes:
        if not 0 <= n_bytes <= _LARGEST_READ_BYTES:
            raise UnsafeArchive(
                self._where,
                f"must have headers of at most {_LARGEST_READ_BYTES:,} bytes",
                found=n_bytes,
                advice="Nothing was kept. Tell whoever published it.",
            )
        block = self._stream.read(n_bytes)
        _refuse_bomb(self._stream.tell(), self._archive, self._where, self._limits)
        return block
