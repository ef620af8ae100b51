"""The import job: a folder of films in, a grouped manifest and its counts out."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from osteon.collection.manifest import Manifest, read_manifest, write_manifest
from osteon.errors import ManifestFault, OneClassOnly, OutputFault
from osteon.jobs.import_ import (
    ClassCounts,
    import_films,
    merge_collections,
    rename_collection,
)
from osteon.radiographs.patients import build_pseudonym
from osteon.terms import SetAside
from tests.dicoms import RLE, draw_values, encode_film


def import_collection(folder: Path, **named: Any) -> Manifest:
    return import_films(folder, **named).manifest


def draw(seed: int, kind: str = "PNG") -> bytes:
    grey = np.random.default_rng(seed).integers(0, 256, (40, 60), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, kind)
    return file.getvalue()


def put(root: Path, films: dict[str, bytes]) -> Path:
    for path, data in films.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """A collection with a copy, a cut film, an empty one, and files that are no films."""
    cut = draw(9, "JPEG")
    return put(
        tmp_path / "dirty",
        {
            "train/fractured/1.png": draw(1),
            "train/fractured/2.jpg": draw(2),
            "train/not fractured/3.png": draw(3),
            "val/fractured/4.png": draw(1),
            "test/not fractured/5.jpg": cut[: len(cut) // 2],
            "test/not fractured/6.png": b"",
            "notes.txt": b"",
            "cover.png": draw(7),
        },
    )


def test_a_collection_is_imported_and_counted(dirty: Path):
    """Counts per published split and class, states, copies, and what was left out."""
    told: list[tuple[str, int, int]] = []
    found = import_films(dirty, progress=lambda *step: told.append(step))
    summary = found.summary
    assert (summary.layout, summary.collection) == ("class folders", "dirty")
    assert (summary.n_films, summary.n_fractured, summary.n_not_fractured) == (6, 3, 3)
    assert summary.by_split == (
        ClassCounts(split="train", n_fractured=2, n_not_fractured=1),
        ClassCounts(split="tune", n_fractured=1, n_not_fractured=0),
        ClassCounts(split="test", n_fractured=0, n_not_fractured=2),
    )
    assert (summary.n_readable, summary.n_truncated, summary.n_unreadable) == (4, 1, 1)
    assert (summary.n_copies, summary.n_contradictions, summary.n_other_files) == (1, 0, 1)
    assert summary.set_aside == (
        SetAside(path="cover.png", reason="beside the class folders, not in one"),
    )
    assert told[-1] == ("inspect", 6, 6)


def test_identical_films_share_a_group(dirty: Path):
    """A film and its copy in another split stay together; others stand alone."""
    rows = {row.path: row for row in import_collection(dirty).rows}
    one, copy = rows["train/fractured/1.png"], rows["val/fractured/4.png"]
    assert one.film_id == copy.film_id
    assert one.group == copy.group
    assert one.group not in {None, rows["train/fractured/2.jpg"].group}


def test_what_was_imported_can_be_written_and_read(dirty: Path, tmp_path: Path):
    """The manifest of a dirty collection is a whole manifest."""
    manifest = import_collection(dirty)
    write_manifest(manifest, tmp_path / "m.parquet")
    assert read_manifest(tmp_path / "m.parquet") == manifest


def test_the_positive_class_is_carried_by_name(tmp_path: Path):
    """Whichever folder sorts first, `has_fracture` is the fracture."""
    for yes, no in (("a", "b"), ("b", "a")):
        root = put(tmp_path / yes, {f"{yes}/1.png": draw(1), f"{no}/2.png": draw(2)})
        rows = import_collection(root, positive=[yes], negative=[no]).rows
        assert {row.path: row.has_fracture for row in rows} == {
            f"{yes}/1.png": True,
            f"{no}/2.png": False,
        }


def test_one_class_is_refused(tmp_path: Path):
    """A folder of fractures alone is refused before any film is opened."""
    with pytest.raises(OneClassOnly):
        import_collection(put(tmp_path, {"fractured/1.png": b""}))


def write_patients(root: Path) -> Path:
    put(root, {f"{n}.png": draw(n) for n in range(3)})
    (root / "labels.csv").write_text(
        "path,label,patient\n0.png,fracture,77\n1.png,normal,77\n2.png,normal,8\n"
    )
    return root


def test_one_patients_films_share_a_group(tmp_path: Path):
    """They stay together, and the raw value stands nowhere in the manifest."""
    manifest = import_collection(write_patients(tmp_path / "films"))
    groups = [row.group for row in manifest.rows]
    assert groups[0] == groups[1] != groups[2]
    keys = [row.patient_key for row in manifest.rows]
    assert "77" not in keys
    assert all(key and len(key) == 16 for key in keys)


def test_pseudonyms_are_new_at_every_import_unless_a_salt_is_given(tmp_path: Path):
    """No one can go back from a pseudonym; with a salt the same patient stays the same."""
    root = write_patients(tmp_path / "films")
    assert import_films(root).manifest != import_films(root).manifest
    again = [import_films(root, patient_salt="secret").manifest for _ in range(2)]
    assert again[0] == again[1]


def write_dicom_folder(root: Path) -> Path:
    root.mkdir()
    hand = {"BodyPartExamined": "HAND", "ViewPosition": "PA", "PatientSex": "F"}
    (root / "IM1").write_bytes(encode_film(draw_values(), PatientAge="045Y", **hand))
    (root / "IM2").write_bytes(encode_film(draw_values(48), RLE, PatientAge="046Y", **hand))
    ct = {"Modality": "CT", "PatientID": "4712"}
    (root / "IM3.dcm").write_bytes(encode_film(draw_values(), **ct))
    (root / "IM4.dcm").write_bytes(encode_film(draw_values(64)))
    (root / "labels.csv").write_text(
        "path,label,view\nIM1,fractured,oblique\nIM2,normal,\nIM3.dcm,normal,\n"
    )
    return root


def test_a_folder_of_dicom_films_with_a_table_is_imported(tmp_path: Path):
    """The header fills what the table leaves open; what is no radiograph is named."""
    found = import_films(write_dicom_folder(tmp_path / "films"), patient_salt="secret")
    first, second, ct = found.manifest.rows
    assert (first.rows, first.columns, first.has_fracture, first.age) == (40, 32, True, 45.0)
    assert (first.view, second.view) == (("oblique",), ("frontal",))
    assert (second.body_region, second.sex) == (("hand",), "female")
    assert first.group == second.group  # one patient, by a pseudonym
    assert first.patient_key == second.patient_key == build_pseudonym("4711", "secret")
    assert ct.state == "unreadable"
    assert "a CT slice" in str(ct.state_reason)
    assert found.summary.set_aside == (SetAside(path="IM4.dcm", reason="not in labels.csv"),)


def test_a_cut_dicom_film_keeps_the_size_that_its_header_claims(tmp_path: Path):
    """As a cut film of any other kind does."""
    root = write_dicom_folder(tmp_path / "films")
    data = (root / "IM1").read_bytes()
    (root / "IM1").write_bytes(data[:-100])
    cut = import_films(root).manifest.rows[0]
    assert (cut.state, cut.rows, cut.columns) == ("truncated", 40, 32)


def test_dicom_films_are_renamed_with_their_own_ending(tmp_path: Path):
    """Also those that had none."""
    manifest = import_films(write_dicom_folder(tmp_path / "films")).manifest
    renamed = rename_collection(manifest, tmp_path / "named")
    assert all(row.path.endswith(".dcm") for row in renamed.rows)


def test_institutions_are_merged_and_their_copies_grouped(tmp_path: Path):
    """An identical film in two collections keeps two rows in one group."""
    for name, seed in (("north", 5), ("south", 6)):
        films = {"fractured/1.png": draw(1), f"normal/{seed}.png": draw(seed)}
        write_manifest(import_collection(put(tmp_path / name, films)), tmp_path / f"{name}.parquet")
    merged = merge_collections([tmp_path / "north.parquet", tmp_path / "south.parquet"])
    rows = {row.path: row for row in merged.rows}
    assert len(rows) == 4
    assert rows["north/fractured/1.png"].group == rows["south/fractured/1.png"].group
    assert {row.collection for row in merged.rows} == {"north", "south"}


def test_films_are_renamed_after_their_content(dirty: Path, tmp_path: Path):
    """Each film becomes SPLIT/CLASS/FILM_ID with the ending of its content; labels stay."""
    manifest = import_collection(dirty)
    renamed = rename_collection(manifest, tmp_path / "out" / "renamed")
    assert len(renamed.rows) == 6
    by_id = {row.film_id for row in manifest.rows}
    for row in renamed.rows:
        data = renamed.films_path(row).read_bytes()
        name = row.path.rpartition("/")[2]
        assert name.partition(".")[0] == hashlib.sha256(data).hexdigest()[:16]
        assert row.film_id in by_id
    # 2.jpg was a PNG, 5.jpg a JPEG.
    assert sorted(Path(row.path).suffix for row in renamed.rows) == [".jpg", *[".png"] * 5]
    again = import_collection(tmp_path / "out" / "renamed")
    assert {replace(row, collection="") for row in again.rows} == {
        replace(row, collection="") for row in renamed.rows
    }


def test_a_copy_in_the_same_folder_is_not_lost(tmp_path: Path):
    """Two files of one content in one class get two names."""
    films = {"fractured/1.png": draw(1), "fractured/2.png": draw(1), "normal/3.png": draw(3)}
    renamed = rename_collection(import_collection(put(tmp_path / "in", films)), tmp_path / "out")
    one, two, _ = (row.path for row in renamed.rows)
    film_id = renamed.rows[0].film_id
    assert {one, two} == {f"fractured/{film_id}.png", f"fractured/{film_id}-2.png"}


def test_a_film_that_is_gone_is_left_out_of_the_copy(dirty: Path, tmp_path: Path):
    """The copy holds what there is."""
    manifest = import_collection(dirty)
    (dirty / "train/fractured/2.jpg").unlink()
    assert len(rename_collection(manifest, tmp_path / "out").rows) == 5


def test_a_film_that_changed_is_not_given_a_name_it_does_not_deserve(dirty: Path, tmp_path: Path):
    """A name that means content must not lie; nothing is left behind."""
    manifest = import_collection(dirty)
    (dirty / "train/fractured/2.jpg").write_bytes(draw(99))
    with pytest.raises(ManifestFault, match=r"2\.jpg"):
        rename_collection(manifest, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["dirty"]


def test_a_place_that_is_taken_or_cannot_be_written_is_refused(dirty: Path, tmp_path: Path):
    """A copy never goes into a folder that exists, nor below a file."""
    manifest = import_collection(dirty)
    (tmp_path / "file").write_bytes(b"")
    for place in (dirty, tmp_path / "file" / "out"):
        with pytest.raises(OutputFault):
            rename_collection(manifest, place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dirty", "file"]


@pytest.mark.shared
def test_the_real_fracatlas_is_imported(shared: Path, tmp_path: Path):
    """3,682 films of which some are cut short; sizes agree with what the annotators saw."""
    found = import_films(shared / "fracatlas")
    summary = found.summary
    assert (summary.n_films, summary.n_fractured, summary.n_unreadable) == (3682, 656, 0)
    assert summary.n_truncated > 0
    annotated = [row for row in found.manifest.rows if row.annotation_rows is not None]
    assert len(annotated) == 656
    assert isinstance(found.manifest, Manifest)
    write_manifest(found.manifest, tmp_path / "m.parquet")
    assert read_manifest(tmp_path / "m.parquet") == found.manifest
