"""Archives from strangers: what they may place, and what they may not."""

import io
import os
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archives import unpack_archive
from tests.folders import files_under

from osteon.collection.fetch.unpack import Contents, PlacingLimits
from osteon.errors import FetchFault, OutputFault, UnsafeArchive

FILMS = {
    "IMG 001.jpg": b"one",
    "перелом/левая рука.png": b"two",
    "骨折/正面.jpg": b"three",
    "كسر/يد.jpg": b"four",
    "e\u0301tude.jpg": b"five",
    "long/" + "name" * 40 + ".jpg": b"six",
    "inner.zip": b"PK\x03\x04 stays packed",
}


def zip_of(path: Path, members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return path


def tar_of(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    mode = "w:gz" if path.name.endswith("gz") else "w"
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def tar_entry(name: str, kind: bytes, **fields: object) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    for key, value in fields.items():
        setattr(entry, key, value)
    return entry


def rename_in_place(path: Path, was: bytes, becomes: bytes) -> None:
    """Forge a name that Python's own writer would not write."""
    assert len(was) == len(becomes)
    content = path.read_bytes()
    assert was in content
    path.write_bytes(content.replace(was, becomes))


@pytest.mark.parametrize("name", ["films.zip", "films.tar.gz", "films.tar"])
def test_films_keep_names_in_any_script(tmp_path: Path, name: str) -> None:
    """Every film arrives under its name, whatever the script; an archive inside stays packed."""
    make = zip_of if name.endswith("zip") else tar_of
    archive = make(tmp_path / name, FILMS)
    told: list[int] = []
    contents = unpack_archive(
        archive, tmp_path / "films", progress=lambda _what, done, _total: told.append(done)
    )
    assert files_under(tmp_path / "films") == FILMS
    n_bytes = sum(map(len, FILMS.values()))
    assert contents == Contents(n_files=len(FILMS), n_bytes=n_bytes)
    assert told == sorted(told)
    assert told[-1] == n_bytes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["films", name]


def test_a_utf8_name_without_the_flag_is_still_read_as_utf8(tmp_path: Path) -> None:
    """Archives from tools that forget the UTF-8 flag keep their names."""
    true_name = "骨.jpg"
    placeholder = "xxx.jpg"
    archive = zip_of(tmp_path / "a.zip", {placeholder: b"film"})
    rename_in_place(archive, placeholder.encode(), true_name.encode())
    unpack_archive(archive, tmp_path / "films")
    assert files_under(tmp_path / "films") == {true_name: b"film"}


HOSTILE_NAMES = {
    "climbs out": "../evil.jpg",
    "climbs out later": "films/../../evil.jpg",
    "absolute": "/tmp-evil.jpg",
    "drive letter": "C:/evil.jpg",
    "drive letter without slash": "c:evil.jpg",
    "backslashes": "..\\evil.jpg",
    "line break": "a\nb.jpg",
}


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, suffix: str, name: str) -> None:
    """No member leaves the folder; the refusal names it, and nothing is left behind."""
    make = zip_of if suffix == "zip" else tar_of
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = make(inner / f"a.{suffix}", {"fine.jpg": b"1", name: b"2"})
    with pytest.raises(UnsafeArchive) as refused:
        unpack_archive(archive, inner / "films")
    assert repr(name) in str(refused.value)
    assert [path.name for path in inner.iterdir()] == [archive.name]
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    """A name that Python would silently cut at NUL is refused."""
    archive = zip_of(tmp_path / "a.zip", {"film.jpg-evil": b"1"})
    rename_in_place(archive, b"film.jpg-evil", b"film.jpg\x00evil")
    with pytest.raises(UnsafeArchive, match="NUL"):
        unpack_archive(archive, tmp_path / "films")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    """A zip may hold plain files and folders only."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("odd")
        entry.external_attr = (kind | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(UnsafeArchive, match="no link and no device; found 'odd'"):
        unpack_archive(path, tmp_path / "films")
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"S"],
)
def test_links_and_devices_in_a_tarball_are_refused(tmp_path: Path, kind: bytes) -> None:
    """A tarball may hold plain files and folders only."""
    odd = tar_entry("odd", kind, linkname="fine.jpg")
    archive = tar_of(tmp_path / "a.tar.gz", {"fine.jpg": b"1", "odd": odd})
    with pytest.raises(UnsafeArchive, match="no link and no device; found 'odd'"):
        unpack_archive(archive, tmp_path / "films")
    assert not (tmp_path / "films").exists()


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    """A member that wants a password is refused by name."""
    archive = zip_of(tmp_path / "a.zip", {"secret.jpg": b"1"})
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    archive.write_bytes(content)
    with pytest.raises(UnsafeArchive, match=r"unencrypted; found 'secret\.jpg'"):
        unpack_archive(archive, tmp_path / "films")


def test_an_unknown_packing_is_refused(tmp_path: Path) -> None:
    """A packing method that cannot be read is refused before anything is written."""
    archive = zip_of(tmp_path / "a.zip", {"film.jpg": b"1"}, method=zipfile.ZIP_STORED)
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 10] = 97
    archive.write_bytes(content)
    with pytest.raises(UnsafeArchive, match="deflate"):
        unpack_archive(archive, tmp_path / "films")


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
@pytest.mark.parametrize(
    ("first", "second"), [("a.jpg", "./a.jpg"), ("a.jpg", "a.jpg/b.jpg"), ("a.jpg/b.jpg", "a.jpg")]
)
def test_a_name_that_comes_twice_is_refused(
    tmp_path: Path, suffix: str, first: str, second: str
) -> None:
    """Two members never share a place, neither as files nor as file and folder."""
    make = zip_of if suffix == "zip" else tar_of
    archive = make(tmp_path / f"a.{suffix}", {first: b"1", second: b"2"})
    with pytest.raises(UnsafeArchive, match="name of its own"):
        unpack_archive(archive, tmp_path / "films")
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_a_bomb_is_refused(tmp_path: Path, suffix: str) -> None:
    """Twelve megabytes of zeros pack a thousandfold: no film does."""
    make = zip_of if suffix == "zip" else tar_of
    archive = make(tmp_path / f"a.{suffix}", {"zeros.jpg": bytes(12 << 20)})
    with pytest.raises(UnsafeArchive, match="at most 200 times"):
        unpack_archive(archive, tmp_path / "films")
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


def test_a_bomb_among_honest_films_is_refused(tmp_path: Path) -> None:
    """Films that pack badly do not hide a member that packs far too well."""
    films = {"film.jpg": os.urandom(1 << 20), "zeros.jpg": bytes(12 << 20)}
    with pytest.raises(UnsafeArchive, match=r"found 'zeros\.jpg'"):
        unpack_archive(zip_of(tmp_path / "a.zip", films), tmp_path / "films")


def test_a_bomb_of_many_small_members_is_refused(tmp_path: Path) -> None:
    """Members that are each too small to look at are looked at together."""
    members = {f"{number}.jpg": bytes(1 << 20) for number in range(12)}
    archive = zip_of(tmp_path / "a.zip", members)
    with pytest.raises(UnsafeArchive, match="its own size"):
        unpack_archive(archive, tmp_path / "films")


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_count_and_size_are_limited(tmp_path: Path, suffix: str) -> None:
    """One film or one byte too many, and nothing appears; as many as allowed pass."""
    make = zip_of if suffix == "zip" else tar_of
    archive = make(tmp_path / f"a.{suffix}", {"1.jpg": b"123", "2.jpg": b"456"})
    for limits in (PlacingLimits(n_entries=1), PlacingLimits(n_bytes=5)):
        with pytest.raises(UnsafeArchive, match=r"found '2\.jpg'"):
            unpack_archive(archive, tmp_path / "films", limits=limits)
        assert not (tmp_path / "films").exists()
    unpack_archive(archive, tmp_path / "films", limits=PlacingLimits(n_entries=2, n_bytes=6))


def test_a_zip_member_longer_than_it_claims_is_refused(tmp_path: Path) -> None:
    """A size in the directory that is smaller than the film does not slip past the limits."""
    archive = zip_of(tmp_path / "a.zip", {"film.jpg": b"x" * 1000})
    content = bytearray(archive.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 10)
    archive.write_bytes(content)
    with pytest.raises(FetchFault):
        unpack_archive(archive, tmp_path / "films")
    assert not (tmp_path / "films").exists()


def test_a_forged_tar_header_cannot_ask_for_all_memory(tmp_path: Path) -> None:
    """A long-name header that claims gigabytes is refused before they are read."""
    forged = tar_entry("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=4 << 30)
    archive = tmp_path / "a.tar"
    archive.write_bytes(forged.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(UnsafeArchive, match="headers"):
        unpack_archive(archive, tmp_path / "films")


@pytest.mark.parametrize("name", ["films.zip", "films.tar.gz", "films.tar"])
@given(share=st.floats(0.02, 0.98))
@settings(max_examples=15, deadline=None)
def test_a_torn_archive_never_becomes_a_folder(
    tmp_path_factory: pytest.TempPathFactory, name: str, share: float
) -> None:
    """An archive cut anywhere is refused as damaged; half a collection never looks like one."""
    folder = tmp_path_factory.mktemp("torn")
    make = zip_of if name.endswith("zip") else tar_of
    films = {f"{number}.jpg": bytes([number]) * 512 * number for number in range(1, 6)}
    archive = make(folder / name, films)
    content = archive.read_bytes()
    # A tarball ends with zeros that carry nothing; a cut among them loses nothing.
    meaningful = len(content.rstrip(b"\0")) if name.endswith(".tar") else len(content)
    archive.write_bytes(content[: int(meaningful * share)])
    with pytest.raises(FetchFault):
        unpack_archive(archive, folder / "films")
    assert not (folder / "films").exists()


@pytest.mark.parametrize("name", ["films.zip", "films.tar.gz"])
def test_a_damaged_film_is_refused(tmp_path: Path, name: str) -> None:
    """A byte that changed inside a film is caught by the archive's own checksum."""
    make = zip_of if name.endswith("zip") else tar_of
    archive = make(tmp_path / name, {"1.jpg": os.urandom(5000)})
    content = bytearray(archive.read_bytes())
    content[2500] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(FetchFault):
        unpack_archive(archive, tmp_path / "films")
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize("content", [b"", b"<html>not an archive</html>", b"\x1f\x8bnoise"])
def test_something_else_is_no_archive(tmp_path: Path, content: bytes) -> None:
    """A web page in place of an archive is refused in our own words."""
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    with pytest.raises(FetchFault, match=r"a\.zip: must be a whole zip, tar or tar\.gz archive\."):
        unpack_archive(archive, tmp_path / "films")


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_an_archive_without_files_is_refused(tmp_path: Path, suffix: str) -> None:
    """Folders alone are no collection."""
    archive = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        zip_of(archive, {"empty/": b""})
    else:
        tar_of(archive, {"empty": tar_entry("empty", tarfile.DIRTYPE)})
    with pytest.raises(FetchFault, match="at least one file"):
        unpack_archive(archive, tmp_path / "films")
    assert not (tmp_path / "films").exists()


def test_a_folder_that_exists_is_never_touched(tmp_path: Path) -> None:
    """A target that is taken is refused, even when it is empty."""
    archive = zip_of(tmp_path / "a.zip", {"1.jpg": b"1"})
    (tmp_path / "films").mkdir()
    with pytest.raises(OutputFault, match="must not exist yet"):
        unpack_archive(archive, tmp_path / "films")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where a file stands in place of the parent folder, the place is at fault."""
    archive = zip_of(tmp_path / "a.zip", {"1.jpg": b"1"})
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputFault, match="can be written"):
        unpack_archive(archive, tmp_path / "file" / "films")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit a process's file size")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """When the disk takes no more, the person is told so and no half folder stays."""
    import resource

    archive = zip_of(tmp_path / "a.zip", {"1.jpg": os.urandom(3 << 20)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(OutputFault, match="room"):
            unpack_archive(archive, tmp_path / "films")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_process_leaves_nothing_at_the_target(tmp_path: Path) -> None:
    """Whoever finds the folder finds it whole, even after the process was killed half-way."""
    members = {f"{number}.jpg": os.urandom(10) for number in range(200)}
    archive = zip_of(tmp_path / "a.zip", members)
    script = (
        "import sys, time; from pathlib import Path\n"
        "from osteon.collection.fetch.unpack import find_packed, place_members\n"
        "place_members(find_packed(Path(sys.argv[1]), 'a.zip'), Path(sys.argv[2]),"
        " progress=lambda *told: time.sleep(0.05))"
    )
    target = tmp_path / "films"
    process = subprocess.Popen([sys.executable, "-c", script, str(archive), str(target)])
    for _ in range(400):
        if list(tmp_path.glob(".films.*/*.jpg")):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert list(tmp_path.glob(".films.*/*.jpg"))
    assert not target.exists()
    unpack_archive(archive, target)
    assert files_under(target) == members
