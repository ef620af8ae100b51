"""One pass over the films: what is seen, what is not, and what a killed pass leaves behind."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.dicoms import EXPLICIT, RLE, build_dataset, compress, draw_values, encode_dataset

from osteon.audit import films as looks_module
from osteon.audit.file_features import measure_facts
from osteon.audit.film_features import CHANGED
from osteon.audit.films import SHARD_FILES, Looks, look_at_films
from osteon.audit.shards import read_shard
from osteon.collection.manifest import Manifest, write_manifest
from osteon.terms import ManifestRow


def draw(seed: int, size: tuple[int, int] = (40, 48)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 5), dtype=np.uint8)
    return cv2.resize(small, size[::-1], interpolation=cv2.INTER_CUBIC)


def list_row(root: Path, name: str, **facts) -> ManifestRow:
    data = (root / name).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    known = {"rows": 40, "columns": 48, "has_fracture": False} | facts
    return ManifestRow(path=name, film_id=sha256[:16], sha256=sha256, **known)


def write_films(root: Path, n: int) -> Manifest:
    root.mkdir(parents=True, exist_ok=True)
    names = [f"{number:04}.png" for number in range(n)]
    for number, name in enumerate(names):
        Image.fromarray(draw(number)).save(root / name)
    return Manifest(rows=tuple(list_row(root, name) for name in names), root=root)


def as_plain(looks: Looks):
    """Everything in a form that can be compared, arrays included."""
    prints = {
        name: (
            own.keypoints.tobytes(),
            own.components.tobytes(),
            own.components.dtype,
            own.picture.tobytes(),
            own.picture.shape,
            (own.rows, own.columns),
        )
        for name, own in looks.fingerprints.items()
    }
    return looks.files, prints, looks.not_seen, list(looks.files), list(looks.fingerprints)


def test_every_readable_film_is_seen_once(tmp_path):
    """Identical files are looked at once, and films that do not decode whole not at all."""
    manifest = write_films(tmp_path, 3)
    (tmp_path / "copy.png").write_bytes((tmp_path / "0000.png").read_bytes())
    (tmp_path / "cut.png").write_bytes(b"cut")
    rows = [
        *manifest.rows,
        list_row(tmp_path, "copy.png"),
        list_row(tmp_path, "cut.png", state="truncated"),
    ]
    seen = []
    looks = look_at_films(
        Manifest(rows=tuple(rows), root=tmp_path), progress=lambda *told: seen.append(told)
    )
    assert list(looks.files) == [row.sha256 for row in manifest.rows]
    assert not looks.not_seen
    assert seen[-1] == ("look", 4, 4)
    data = (tmp_path / "0001.png").read_bytes()
    assert looks.files[manifest.rows[1].sha256].facts == measure_facts(data, draw(1))


def test_equal_pixels_have_one_name_in_any_container(tmp_path):
    """The same greys as PNG, as TIFF and turned by EXIF are one picture; another size is not."""
    grey = draw(1)
    Image.fromarray(grey).save(tmp_path / "a.png")
    Image.fromarray(grey).save(tmp_path / "b.tif")
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(grey)))
    exif = Image.Exif()
    exif[274] = 6
    turned.save(tmp_path / "c.png", exif=exif)
    Image.fromarray(grey.reshape(48, 40)).save(tmp_path / "d.png")
    names = ["a.png", "b.tif", "c.png", "d.png"]
    rows = tuple(list_row(tmp_path, name) for name in names)
    looks = look_at_films(Manifest(rows=rows, root=tmp_path))
    pixels = [looks.files[row.sha256].pixel_sha256 for row in rows]
    assert pixels[0] == pixels[1] == pixels[2] != pixels[3]
    assert set(looks.fingerprints) == set(pixels)


def test_a_folder_that_changes_is_told_and_stops_nothing(tmp_path):
    """A film that is gone, changed, a folder, a pipe or a loop is named with its reason."""
    manifest = write_films(tmp_path, 7)
    names = [tmp_path / row.path for row in manifest.rows]
    names[0].unlink()
    Image.fromarray(draw(99)).save(names[1])
    names[2].unlink()
    names[2].mkdir()
    names[3].unlink()
    os.mkfifo(names[3])
    names[4].unlink()
    names[4].symlink_to(names[4].name)
    names[5].write_bytes(b"")
    looks = look_at_films(manifest)
    assert [film.path for film in looks.not_seen] == [f"000{n}.png" for n in range(6)]
    assert list(looks.files) == [manifest.rows[6].sha256]
    reasons = [film.reason for film in looks.not_seen]
    assert "no such file" in reasons[0]
    assert reasons[1] == reasons[5] == CHANGED
    assert "no file" in reasons[2]
    assert "no file" in reasons[3]
    assert "leads back to itself" in reasons[4]


def test_a_copy_that_changed_is_told_although_its_file_was_seen(tmp_path):
    """Of identical files, one that is gone is named; the others are looked at."""
    manifest = write_films(tmp_path, 1)
    for name in ("a.png", "z.png"):
        (tmp_path / name).write_bytes((tmp_path / "0000.png").read_bytes())
    rows = (*manifest.rows, *(list_row(tmp_path, name) for name in ("a.png", "z.png")))
    (tmp_path / "0000.png").unlink()
    (tmp_path / "z.png").write_bytes(b"other")
    looks = look_at_films(Manifest(rows=rows, root=tmp_path))
    assert [film.path for film in looks.not_seen] == ["0000.png", "z.png"]
    assert list(looks.files) == [rows[0].sha256]


def test_a_film_that_would_fill_the_memory_is_not_read(tmp_path):
    """A file of two gigabytes in a film's place is refused from its size."""
    manifest = write_films(tmp_path, 2)
    with (tmp_path / "0000.png").open("wb") as file:
        file.truncate(2 << 30)
    looks = look_at_films(manifest)
    (film,) = looks.not_seen
    assert film.path == "0000.png"
    assert "2,147,483,648 bytes" in film.reason


@pytest.mark.parametrize("size", [(16, 16), (16, 9_000), (9_000, 16), (17, 300)])
@pytest.mark.parametrize("kind", ["black", "white", "noise", "line"])
def test_films_of_any_shape_are_measured(tmp_path, size, kind):
    """The smallest film, the longest strip, one grey, noise: all are measured."""
    grey = np.full(size, 255 * (kind == "white"), dtype=np.uint8)
    if kind == "noise":
        grey = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)
    if kind == "line":
        grey[size[0] // 2] = 200
    Image.fromarray(grey).save(tmp_path / "a.png")
    looks = look_at_films(Manifest(rows=(list_row(tmp_path, "a.png"),), root=tmp_path))
    assert len(looks.files) == 1


def test_the_number_of_workers_plays_no_part(tmp_path):
    """One thread and four see the same, in the same order, and OpenCV is left as it was."""
    manifest = write_films(tmp_path, 40)
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        alone, together = (look_at_films(manifest, workers=n) for n in (1, 4))
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
    assert as_plain(alone) == as_plain(together)


def test_what_was_seen_is_taken_up_and_damage_is_not(tmp_path, monkeypatch):
    """Looks that were kept are equal to new ones; a damaged shard is made again."""
    monkeypatch.setattr(looks_module, "SHARD_FILES", 8)
    manifest, folder = write_films(tmp_path / "films", 20), tmp_path / "kept"
    first = as_plain(look_at_films(manifest, folder=folder))
    shards = sorted(folder.iterdir())
    assert len(shards) == 3
    times = [shard.stat().st_mtime_ns for shard in shards]
    assert as_plain(look_at_films(manifest, folder=folder)) == first
    assert [shard.stat().st_mtime_ns for shard in shards] == times
    shards[0].write_bytes(shards[0].read_bytes()[:-500])
    shards[1].write_bytes(b"")
    content = bytearray(shards[2].read_bytes())
    content[len(content) // 2] ^= 0xFF
    shards[2].write_bytes(content)
    assert not any(read_shard(shard) for shard in shards)
    assert as_plain(look_at_films(manifest, folder=folder)) == first
    assert all(read_shard(shard) for shard in shards)


def test_a_film_that_is_back_is_seen_although_its_shard_lacks_it(tmp_path):
    """What could not be seen before is looked at again; what changed since is told."""
    manifest, folder = write_films(tmp_path / "films", 4), tmp_path / "kept"
    away = tmp_path / "away.png"
    (manifest.root / "0001.png").rename(away)
    assert len(look_at_films(manifest, folder=folder).files) == 3
    away.rename(manifest.root / "0001.png")
    (manifest.root / "0002.png").unlink()
    again = look_at_films(manifest, folder=folder)
    assert len(again.files) == 3
    assert [film.path for film in again.not_seen] == ["0002.png"]


def test_a_killed_pass_resumes_without_looking_again(tmp_path):
    """Killed after its first shards, the next pass decodes the rest alone, and sees the same."""
    n_films = 12 * 16
    manifest, folder = write_films(tmp_path / "films", n_films), tmp_path / "kept"
    write_manifest(manifest, tmp_path / "m.parquet")
    code = (
        "import sys, time; from pathlib import Path\n"
        "from osteon.audit import films as looks\n"
        "from osteon.collection.manifest import read_manifest\n"
        "looks.SHARD_FILES = 16\n"
        "manifest = read_manifest(Path(sys.argv[1]))\n"
        "slowly = lambda *told: time.sleep(0.01)\n"
        "looks.look_at_films(manifest, folder=Path(sys.argv[2]), workers=1, progress=slowly)\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "m.parquet"), str(folder)]
    with subprocess.Popen(arguments) as process:
        while len(list(folder.glob("looks-*.npz"))) < 2:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    n_kept = sum(len(read_shard(shard)) for shard in folder.glob("looks-*.npz"))
    assert 0 < n_kept < n_films
    decoded = []
    whole = looks_module.LookOrder

    def count(**order):
        decoded.extend([] if order["is_known"] else [order["sha256"]])
        return whole(**order)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(looks_module, "SHARD_FILES", 16)
        patched.setattr(looks_module, "LookOrder", count)
        resumed = as_plain(look_at_films(manifest, folder=folder))
    assert len(decoded) == n_films - n_kept
    assert resumed == as_plain(look_at_films(manifest))
    assert SHARD_FILES == 256


def test_dicom_films_are_looked_at_as_any_other(tmp_path):
    """One film in two transfer syntaxes is one picture, whose container is DICOM."""
    values = draw_values(64, 48)
    for name, syntax in (("plain.dcm", EXPLICIT), ("packed.dcm", RLE)):
        frame = None if syntax == EXPLICIT else compress(values, syntax, bits=12)
        (tmp_path / name).write_bytes(encode_dataset(build_dataset(values), syntax, frame))
    rows = tuple(list_row(tmp_path, name) for name in ("packed.dcm", "plain.dcm"))
    looks = look_at_films(Manifest(rows=rows, root=tmp_path))
    assert looks.not_seen == ()
    assert {seen.facts.container for seen in looks.files.values()} == {"DICOM"}
    assert len({seen.pixel_sha256 for seen in looks.files.values()}) == 1


def test_letters_are_placed_in_stored_pixels(tmp_path):
    """The picture is searched with square pixels, and the boxes are of the film as it is stored."""
    grey = np.zeros((400, 300), dtype=np.uint8)
    grey[100:, 60:240] = 90
    cv2.putText(grey, "LEFT 4", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 255, 4)
    flat = cv2.resize(grey, (300, 200), interpolation=cv2.INTER_AREA)
    Image.fromarray(grey).save(tmp_path / "a.png")
    Image.fromarray(flat).save(tmp_path / "b.png", dpi=(200, 100))
    rows = tuple(list_row(tmp_path, name) for name in ("a.png", "b.png"))
    files = list(look_at_films(Manifest(rows=rows, root=tmp_path)).files.values())
    (one, *_), (other, *_) = files[0].lettering, files[1].lettering
    # How many letters stand in one box depends on the resize; where the line stands does not.
    assert (other[0], other[1], other[3]) == pytest.approx((one[0], one[1] / 2, one[3] / 2), abs=3)
