"""A zip or tarball from a stranger becomes a folder, whole or not at all.

Nothing that an archive says about itself is believed. Links, devices and encrypted members are
refused rather than skipped: a collection of films has no use for them. An archive inside the
archive is a file like any other and stays packed.
"""

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, cast

from osteon.collection.fetch.unpack import (
    Contents,
    Member,
    PlacingLimits,
    parse_member_name,
    place_members,
    refuse_member,
)
from osteon.errors import FetchFault, UnsafeArchive
from osteon.terms import Progress, no_progress

_BLOCK_BYTES = 1 << 20
_LARGEST_READ_BYTES = 16 << 20
_ENCRYPTED = 0x1 | 0x40 | 0x2000  # APPNOTE.TXT 4.4.4: bits 0, 6 and 13
_UTF8_NAME = 0x800  # APPNOTE.TXT 4.4.4: bit 11
_METHODS = frozenset(
    {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
)
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952 2.3.1
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


def unpack_archive(
    archive: Path,
    folder: Path,
    *,
    limits: PlacingLimits | None = None,
    progress: Progress = no_progress,
) -> Contents:
    """Unpack a zip, tar or tar.gz into a folder that does not exist yet.

    Args:
        archive: What it is follows from its bytes, not from its name.
        folder: Appears whole, or not at all.
        limits: How much may be written.
        progress: Told the bytes unpacked.

    Returns:
        How many files and bytes were unpacked.

    Raises:
        UnsafeArchive: If a member breaks a rule; it and the rule are named.
        FetchFault: If the archive is broken, or is none.
        OutputFault: If the folder exists already or cannot be written.
    """
    limits = limits or PlacingLimits()
    with closing(find_members(archive, limits=limits)) as members:
        return place_members(members, folder, limits=limits, progress=progress)


def find_members(
    archive: Path,
    *,
    limits: PlacingLimits | None = None,
    where: str | None = None,
    below: tuple[str, ...] = (),
) -> Generator[Member]:
    """Yield an archive's members, each checked; close the iterator when done with it.

    Args:
        archive: A zip, tar or tar.gz.
        limits: For the compression ratio; count and size are checked where members are placed.
        where: The archive's published name, where the file is called something else.
        below: Parts to put before every member's name.

    Yields:
        The members. A zip's are all checked before the first is handed over.

    Raises:
        UnsafeArchive: If a member breaks a rule.
        FetchFault: If the archive is broken, or is none.
    """
    limits = limits or PlacingLimits()
    where = where or archive.name
    with _reading(where):
        is_zip = zipfile.is_zipfile(archive)
    read = _zip_members if is_zip else _tar_members
    for member in read(archive, where, limits):
        yield Member(
            where=where,
            name=member.name,
            parts=below + member.parts,
            n_bytes=member.n_bytes,
            read_blocks=member.read_blocks,
        )


@contextmanager
def _reading(where: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as fault:
        advice = "Fetch it again; what arrived is damaged."
        raise FetchFault(where, "must be a whole zip, tar or tar.gz archive", advice=advice) from (
            fault
        )


def _zip_members(archive: Path, where: str, limits: PlacingLimits) -> Iterator[Member]:
    with _reading(where):
        opened = zipfile.ZipFile(archive)
    with opened:
        members = [_check_zip_member(opened, entry, where, limits) for entry in opened.infolist()]
        n_unpacked = sum(member.n_bytes for member in members)
        # Members that overlap in the file unpack the same bytes again and again; each alone
        # looks harmless (Fifield, "A better zip bomb", WOOT 2019).
        if _is_bomb(n_unpacked, archive.stat().st_size, limits):
            raise _bomb(where, limits)
        yield from members


def _check_zip_member(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str, limits: PlacingLimits
) -> Member:
    # Python cuts the name at NUL and, on Windows, turns backslashes; the original is judged too.
    parse_member_name(entry.orig_filename, where=where)
    name = _spell_name(entry)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        refuse_member(where, "be a plain file or folder, no link and no device", name)
    if entry.flag_bits & _ENCRYPTED:
        refuse_member(where, "be unencrypted", name)
    if entry.compress_type not in _METHODS:
        refuse_member(where, "be stored or packed with deflate, bzip2 or lzma", name)
    if _is_bomb(entry.file_size, entry.compress_size, limits):
        refuse_member(where, f"unpack to at most {limits.ratio} times its packed size", name)
    is_folder = entry.is_dir() or kind == stat.S_IFDIR
    return Member(
        where=where,
        name=name,
        parts=parse_member_name(name, where=where),
        n_bytes=0 if is_folder else entry.file_size,
        read_blocks=None if is_folder else partial(_read_zip_blocks, opened, entry, where),
    )


def _spell_name(entry: zipfile.ZipInfo) -> str:
    """Return the name as its author wrote it: many tools write UTF-8 and forget the flag."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _read_zip_blocks(
    opened: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str
) -> Iterator[bytes]:
    with _reading(where), opened.open(entry) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


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
            _read_to_the_end(metered, opened.offset)


def _read_to_the_end(metered: "_MeteredStream", offset: int) -> None:
    """Make sure that the tarball ends where it says; `tarfile` takes a torn one for a short one.

    Reading on to the last byte also lets gzip check its checksum.

    Raises:
        EOFError: If the block of zeros that ends every tarball is missing.
    """
    metered.seek(offset)
    if metered.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise EOFError
    while metered.read(_BLOCK_BYTES):
        pass


def _check_tar_member(opened: tarfile.TarFile, entry: tarfile.TarInfo, where: str) -> Member:
    parts = parse_member_name(entry.name, where=where)
    if not (entry.isdir() or entry.isreg()) or entry.issparse():
        refuse_member(where, "be a plain file or folder, no link and no device", entry.name)
    if entry.size < 0:
        refuse_member(where, "have a size", entry.name)
    return Member(
        where=where,
        name=entry.name,
        parts=parts,
        n_bytes=0 if entry.isdir() else entry.size,
        read_blocks=None if entry.isdir() else partial(_read_tar_blocks, opened, entry, where),
    )


def _read_tar_blocks(
    opened: tarfile.TarFile, entry: tarfile.TarInfo, where: str
) -> Iterator[bytes]:
    with _reading(where):
        file = opened.extractfile(entry)
        while file and (block := file.read(_BLOCK_BYTES)):
            yield block


def _is_bomb(n_unpacked: int, n_packed: int, limits: PlacingLimits) -> bool:
    return n_unpacked > limits.ratio_from_bytes and n_unpacked > limits.ratio * n_packed


def _bomb(where: str, limits: PlacingLimits) -> UnsafeArchive:
    return UnsafeArchive(
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
        self._n_packed = archive.stat().st_size
        self._where = where
        self._limits = limits

    def read(self, n_bytes: int) -> bytes:
        if not 0 <= n_bytes <= _LARGEST_READ_BYTES:
            raise UnsafeArchive(
                self._where,
                f"must have headers of at most {_LARGEST_READ_BYTES:,} bytes",
                found=n_bytes,
                advice="Nothing was kept. Tell whoever published it.",
            )
        block = self._stream.read(n_bytes)
        if _is_bomb(self._stream.tell(), self._n_packed, self._limits):
            raise _bomb(self._where, self._limits)
        return block

    def seek(self, offset: int) -> int:
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()
