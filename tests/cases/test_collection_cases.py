"""The collections and streams of ../shared/cases that went wrong once, tried as they lie there."""

import io
import json
import os
import subprocess
import sys
import tarfile
import unicodedata
from pathlib import Path

import pytest

from osteon.cli.app import run
from osteon.jobs.audit import audit_collection
from osteon.jobs.import_ import Imported, import_films

pytestmark = pytest.mark.shared

MAIN = "import sys; from osteon.cli import main; sys.argv[0] = 'osteon'; main()"


@pytest.fixture
def cases(shared: Path) -> Path:
    """The folder of cases; the test is skipped where there is none."""
    folder = shared.parent / "cases"
    if not folder.is_dir():
        pytest.skip("needs the real films: no shared/cases")
    return folder


@pytest.fixture
def unpack(cases: Path, tmp_path: Path):
    """Unpacks one case and returns its folder."""

    def unpack(name: str) -> Path:
        with tarfile.open(cases / f"{name}.tar.gz") as archive:
            archive.extractall(tmp_path, filter="tar")
        return tmp_path / name

    return unpack


def count(imported: Imported) -> tuple[int, int, int]:
    summary = imported.summary
    return summary.n_fractured, summary.n_not_fractured, summary.n_readable


def test_b25_a_linked_folder_is_followed(unpack):
    """Nine films, four of them behind a link; `osteon read` finds them too."""
    films = unpack("B25_linked_folders") / "films"
    imported = import_films(films)
    assert count(imported) == (5, 4, 9)
    assert "fractured/more/0.jpg" in {row.path for row in imported.manifest.rows}


def test_b26_dicom_without_an_ending_is_a_film(unpack):
    """Ten films, eight of them `IM00000` on."""
    assert count(import_films(unpack("B26_dicom_without_suffix"))) == (5, 5, 10)


def test_b27_a_table_in_nfc_finds_files_in_nfd(unpack):
    """Eight films, under the names that the files have."""
    imported = import_films(unpack("B27_names_nfd_table_nfc"))
    assert count(imported) == (4, 4, 8)
    names = [row.path for row in imported.manifest.rows]
    assert all(unicodedata.is_normalized("NFD", name) for name in names)


@pytest.mark.parametrize(
    "table",
    ["a_sep_line", "b_empty_columns", "c_empty_rows", "d_decimal_comma", "e_good"],
)
def test_b28_excels_tables_are_read(unpack, table: str):
    """All say the same of eight films; a decimal comma is an age of 45 and a half."""
    imported = import_films(unpack("B28_excel_tables") / f"{table}.csv")
    assert count(imported) == (4, 4, 8)
    ages = {row.age for row in imported.manifest.rows}
    assert ages == ({45.5} if table == "d_decimal_comma" else {None})


def test_b29_coco_names_with_a_folder_keep_their_boxes(unpack):
    """Four boxes on four films; nothing is left over."""
    imported = import_films(unpack("B29_coco_names_with_folder"))
    assert [len(row.boxes) for row in imported.manifest.rows if row.has_fracture] == [1] * 4
    assert imported.summary.remarks == ()


def test_b30_a_flat_box_is_dropped_and_named(unpack):
    """The other boxes stay; the import goes on."""
    imported = import_films(unpack("B30_coco_one_flat_box"))
    assert [len(row.boxes) for row in imported.manifest.rows if row.has_fracture] == [1] * 4
    assert [(one.n, one.examples) for one in imported.summary.remarks] == [(1, ("IMG0000025.jpg",))]


def test_b31_two_films_in_one_viewer_are_no_copies(cases: Path, tmp_path: Path):
    """Neither one picture, nor one under two labels."""
    for folder, name in (("fractured", "elbow"), ("normal", "hand")):
        (tmp_path / "c" / folder).mkdir(parents=True)
        data = (cases / f"B31_screen_{name}.jpg").read_bytes()
        (tmp_path / "c" / folder / f"{name}.jpg").write_bytes(data)
    manifest = tmp_path / "m.parquet"
    assert run(["import", str(tmp_path / "c"), "-o", str(manifest)]) == 0
    audit = audit_collection(manifest)
    assert audit.summary.n_pictures == 2
    assert not {"same-picture", "same-picture-two-labels"} & set(audit.summary.rules)


def call(folder: Path, *arguments: str, **rest):
    command = [sys.executable, "-c", MAIN, *arguments]
    return subprocess.run(command, cwd=folder, check=False, **rest)


@pytest.mark.parametrize("encoding", ["cp932", "cp1252"])
def test_b40_a_narrow_console_does_not_end_a_reading(cases: Path, tmp_path: Path, encoding: str):
    """A film cut short and a Chinese name: the rest is read, and files are in UTF-8."""
    films = tmp_path / "films"
    films.mkdir()
    whole = (cases / "B00_reference_A_fractured.png").read_bytes()
    (films / "a.png").write_bytes(whole[:-2000])
    (films / "胸部.png").write_bytes(whole)
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = call(tmp_path, "read", "films", "-o", "out", capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "readings.jsonl").read_text("utf-8")
    told = {Path(one["path"]).name: one["decision"] for one in map(json.loads, text.splitlines())}
    assert told == {"a.png": "not read", "胸部.png": "fracture"}


@pytest.mark.skipif(os.name != "posix", reason="descriptors of POSIX")
def test_b41_without_standard_output_it_works_quietly(cases: Path, tmp_path: Path):
    """As `osteon read FILM -o out >&-`."""
    command = f'exec "$0" -c "{MAIN}" read "$1" -o out >&-'
    film = str(cases / "B00_reference_N_normal.dcm")
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, film],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "no fracture" in (tmp_path / "out" / "readings.csv").read_text("utf-8")


@pytest.mark.parametrize("encoding", ["as it is", "utf-16"])
def test_b42a_a_list_with_a_mark_loses_no_film(
    cases: Path, encoding: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The first film is read like the second."""
    data = (cases / "B42a_list_utf8_bom.txt").read_bytes()
    if encoding == "utf-16":
        data = data.decode("utf-8-sig").encode("utf-16")
    monkeypatch.chdir(cases)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run(["read", "-"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in said[:2]] == ["fracture", "no fracture"]


def test_a_name_of_5000_letters_is_no_disk_that_does_not_answer(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """It is a name that no file has."""
    assert shared.is_dir()
    assert run(["read", str(tmp_path / f"{'a' * 5000}.jpg")]) == 0
    said = capsys.readouterr().out
    assert "a name longer than any file's" in said
    assert "disk" not in said.replace(str(tmp_path), "")
