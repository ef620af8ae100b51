"""A manifest survives being written, moved and merged, and is refused where it cannot be true."""

import hashlib
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from osteon.collection.manifest import Manifest, merge_manifests, read_manifest, write_manifest
from osteon.errors import FolderNotFound, ManifestFault, OutputFault
from osteon.terms import ManifestRow

FORMATS = pytest.mark.parametrize("name", ["m.parquet", "m.csv"])


def build_row(path: str, **known: object) -> ManifestRow:
    sha256 = hashlib.sha256(path.encode()).hexdigest()
    row = ManifestRow(
        path=path, film_id=sha256[:16], sha256=sha256, rows=30, columns=20, has_fracture=True
    )
    return replace(row, **known)


FULL = build_row(
    'train/骨 折/a,\n"b" #1.png',
    split="train",
    published_split="tune",
    patient_key="9f",
    group="g-1",
    collection="north",
    body_region=("hand", "wrist"),
    view=("frontal",),
    hardware=False,
    age=45.5,
    sex="female",
    manufacturer="X; Y",
    fracture_type="oblique",
    boxes=((1.0, 2.0, 3.5, 4.0), (0.0, 0.0, 1.0, 1.0)),
    polygons=(((1.0, 2.0), (3.0, 4.0), (5.0, 1.0)),),
    state="truncated",
    state_reason="must hold the whole picture",
    has_fracture_in_table=False,
    annotation_rows=30,
    annotation_columns=20,
)
BARE = build_row("#bare.png", has_fracture=False)
GONE = build_row(
    "gone.png", film_id="", sha256="", rows=0, columns=0, state="unreadable", state_reason="gone"
)


def build_collection(root: Path, *rows: ManifestRow, salt: str | None = "s") -> Manifest:
    for row in rows:
        if row.state != "unreadable":
            (root / row.path).parent.mkdir(parents=True, exist_ok=True)
            (root / row.path).write_bytes(b"film")
    return Manifest(rows=rows, root=root, salt=salt)


@FORMATS
def test_a_manifest_is_read_as_it_was_written(tmp_path: Path, name: str):
    """Every column, in any script and with every separator in a name, comes back as it was."""
    manifest = build_collection(tmp_path / "films", FULL, BARE, GONE)
    write_manifest(manifest, tmp_path / "new" / name)
    assert read_manifest(tmp_path / "new" / name) == manifest


def test_rows_are_sorted_by_path(tmp_path: Path):
    """The order in which films are found leaves no trace."""
    rows = (build_row("b.png"), build_row("a.png"))
    assert [row.path for row in Manifest(rows=rows, root=tmp_path).rows] == ["a.png", "b.png"]


@FORMATS
def test_a_manifest_that_moves_with_its_films_finds_them(tmp_path: Path, name: str):
    """Manifest and films moved together need no option."""
    manifest = build_collection(tmp_path / "old" / "films", FULL, BARE)
    write_manifest(manifest, tmp_path / "old" / name)
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert read_manifest(tmp_path / "new" / name).root == tmp_path / "new" / "films"


@FORMATS
def test_films_overrides_the_root(tmp_path: Path, name: str):
    """`--films DIR` says where the films are now."""
    write_manifest(build_collection(tmp_path / "films", FULL, BARE), tmp_path / name)
    shutil.copytree(tmp_path / "films", tmp_path / "copy")
    assert read_manifest(tmp_path / name, films=tmp_path / "copy").root == tmp_path / "copy"


def test_a_manifest_of_another_collection_is_refused(tmp_path: Path):
    """Where few of its films exist, the manifest belongs to other films, and --films is advised."""
    rows = tuple(build_row(f"{number}.png") for number in range(10))
    write_manifest(build_collection(tmp_path / "films", *rows), tmp_path / "m.parquet")
    other = tmp_path / "other"
    build_collection(other, *rows[:3])
    with pytest.raises(ManifestFault, match="--films DIR"):
        read_manifest(tmp_path / "m.parquet", films=other)
    shutil.rmtree(tmp_path / "films")
    with pytest.raises(ManifestFault, match="few or none of its 10 films"):
        read_manifest(tmp_path / "m.parquet")


def test_a_film_that_disappeared_does_not_make_it_another_collection(tmp_path: Path):
    """One film gone of ten is a film to set aside, not another collection."""
    rows = tuple(build_row(f"{number}.png") for number in range(10))
    write_manifest(build_collection(tmp_path / "films", *rows), tmp_path / "m.parquet")
    (tmp_path / "films" / "3.png").unlink()
    assert len(read_manifest(tmp_path / "m.parquet").rows) == 10


def test_a_manifest_or_folder_that_does_not_exist_is_named(tmp_path: Path):
    """A path that is not there is the person's, and is named."""
    with pytest.raises(FolderNotFound, match=r"none\.parquet"):
        read_manifest(tmp_path / "none.parquet")
    write_manifest(build_collection(tmp_path / "films", BARE), tmp_path / "m.parquet")
    with pytest.raises(FolderNotFound, match="nowhere"):
        read_manifest(tmp_path / "m.parquet", films=tmp_path / "nowhere")


@pytest.mark.parametrize("data", [b"", b"PAR1 and nothing", b"\xff\xfe\x00"])
@FORMATS
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, name: str, data: bytes):
    """An empty, cut or foreign file is refused in our words."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ManifestFault):
        read_manifest(tmp_path / name)


def test_half_a_parquet_file_is_refused(tmp_path: Path):
    """A manifest that was cut while it was copied is refused."""
    path = tmp_path / "m.parquet"
    write_manifest(build_collection(tmp_path / "films", FULL, BARE), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ManifestFault, match="must be a whole Parquet file"):
        read_manifest(path)


def test_a_manifest_of_a_newer_format_is_refused(tmp_path: Path):
    """What a later Osteon wrote is not guessed at."""
    path = tmp_path / "m.csv"
    write_manifest(build_collection(tmp_path / "films", BARE), path)
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(ManifestFault, match="Update Osteon"):
        read_manifest(path)


def test_a_csv_without_our_first_line_needs_films(tmp_path: Path):
    """A table that a person cleaned is read where they say where the films are."""
    path = tmp_path / "m.csv"
    manifest = build_collection(tmp_path / "films", FULL, BARE, salt=None)
    write_manifest(manifest, path)
    path.write_text(path.read_text().partition("\n")[2])
    with pytest.raises(ManifestFault, match="--films DIR"):
        read_manifest(path)
    assert read_manifest(path, films=tmp_path / "films") == manifest


def test_a_parquet_file_of_other_tools_is_read(tmp_path: Path):
    """Columns that have a default may be absent, and empty ones need no type."""
    build_collection(tmp_path, BARE)
    table = pl.DataFrame(
        {
            "path": [BARE.path],
            "film_id": [BARE.film_id],
            "sha256": [BARE.sha256],
            "rows": [30],
            "columns": [20],
            "has_fracture": [False],
            "split": [None],
            "boxes": [None],
        }
    )
    table.write_parquet(tmp_path / "m.parquet")
    assert read_manifest(tmp_path / "m.parquet", films=tmp_path).rows == (BARE,)


def test_writing_refuses_what_reading_would(tmp_path: Path):
    """A manifest that could not be read again is never written."""
    twice = Manifest(rows=(BARE, BARE), root=tmp_path)
    with pytest.raises(ManifestFault, match="must be in the manifest once"):
        write_manifest(twice, tmp_path / "m.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    """Below a file, and onto a folder, nothing can be written; nothing is left behind."""
    manifest = build_collection(tmp_path / "films", BARE)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputFault, match="must be a place that can be written"):
        write_manifest(manifest, tmp_path / "file" / "m.parquet")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputFault):
        write_manifest(manifest, tmp_path / "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "films", "taken"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit a process's file size")
def test_a_full_disk_leaves_the_manifest_that_was_there(tmp_path: Path):
    """Where the disk is full, the old manifest stays whole and the fault says so."""
    import resource

    path = tmp_path / "m.parquet"
    manifest = build_collection(tmp_path / "films", BARE)
    write_manifest(manifest, path)
    before = path.read_bytes()

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OutputFault, match="must have room"):
            write_manifest(replace(manifest, salt="other"), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [film.name for film in tmp_path.glob(".*")] == []


def test_institutions_merge_below_their_common_folder(tmp_path: Path):
    """Paths become relative to the folder above both; identical films keep their two rows."""
    same = build_row("x/1.png", group="g-1", split="test")
    north = build_collection(tmp_path / "north", same, salt="s")
    south = build_collection(tmp_path / "far" / "south", same, BARE, salt=None)
    merged = merge_manifests([north, south])
    assert merged.root == tmp_path
    assert [row.path for row in merged.rows] == [
        "far/south/#bare.png",
        "far/south/x/1.png",
        "north/x/1.png",
    ]
    assert merged.rows[1].sha256 == merged.rows[2].sha256
    assert merged.salt == "s"
    write_manifest(merged, tmp_path / "all.parquet")
    assert read_manifest(tmp_path / "all.parquet") == merged


def test_the_same_file_in_two_manifests_is_refused(tmp_path: Path):
    """A folder merged with itself, or with a folder inside it, is a mistake."""
    outer = build_collection(tmp_path, build_row("in/1.png"))
    inner = build_collection(tmp_path / "in", build_row("1.png"))
    with pytest.raises(ManifestFault, match=r"merge, in/1\.png"):
        merge_manifests([outer, inner])
    with pytest.raises(ManifestFault, match="at least one manifest"):
        merge_manifests([])


def test_splits_of_two_salts_have_no_salt_in_common(tmp_path: Path):
    """Where the collections disagree about the salt, none is kept."""
    one = build_collection(tmp_path / "1", BARE, salt="a")
    two = build_collection(tmp_path / "2", BARE, salt="b")
    assert merge_manifests([one, two]).salt is None


def test_ten_thousand_films_are_read_in_well_under_a_second(tmp_path: Path):
    """A large collection costs no patience."""
    rows = tuple(build_row(f"{number}.png", boxes=FULL.boxes) for number in range(10_000))
    manifest = Manifest(rows=rows, root=tmp_path)
    for row in manifest.rows[::50]:
        (tmp_path / row.path).write_bytes(b"")
    write_manifest(manifest, tmp_path / "m.parquet")
    # Process time: another program on this machine must not fail the test.
    start = time.process_time()
    assert len(read_manifest(tmp_path / "m.parquet").rows) == 10_000
    assert time.process_time() - start < 2.0
