"""Films and folders are read to the last one, and nothing is written where it must not be."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from osteon.errors import FolderNotFound, NoFilms, OutputFault
from osteon.jobs.inspect import inspect_release
from osteon.jobs.read import ReadingRequest, find_films, read_films
from osteon.jobs.reading_writer import NameGiver
from osteon.reports.tables import to_json
from tests.dicoms import draw_values, encode_film
from tests.releases import build_release, draw_spot

SCHEMA = json.loads(files("osteon.reports").joinpath("readings.schema.json").read_text("utf-8"))

TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")


@pytest.fixture
def release(tmp_path):
    """A release whose guards let everything pass."""
    return build_release(tmp_path)


def write(path, film):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(film).save(path)
    return path


@pytest.fixture
def films(tmp_path):
    """A folder with films of several kinds, a broken one, and things that are none."""
    folder = tmp_path / "films"
    write(folder / "b.png", draw_spot())
    write(folder / "a.jpg", draw_spot(box=None))
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "IM0001").write_bytes(encode_film(draw_values()))
    (folder / "deep" / "cut.png").write_bytes((folder / "b.png").read_bytes()[:-30])
    (folder / "note.txt").write_text("no film")
    (folder / "DICOMDIR").write_bytes(encode_film(draw_values()))
    (folder / ".hidden.png").write_bytes((folder / "b.png").read_bytes())
    return folder


def test_a_folder_is_walked_for_films(films):
    """Films by name, DICOM by content; what is hidden, an index or a note is passed over."""
    found = [path.relative_to(films).as_posix() for path in find_films([films])]
    assert found == ["a.jpg", "b.png", "deep/cut.png", "deep/er/IM0001"]


@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
def test_a_pipe_and_a_loop_of_links_hold_nobody_up(films):
    """A link to its own folder is not followed, and a pipe is not opened."""
    (films / "again").symlink_to(films)
    os.mkfifo(films / "pipe")
    assert len(find_films([films])) == 4


def test_named_films_come_in_the_order_in_which_they_were_named(films, tmp_path):
    """A file is taken whatever its name, and also when it is not there."""
    named = [films / "note.txt", tmp_path / "gone", films / "b.png"]
    assert find_films(named) == named


def test_everything_is_read_and_written(films, release, tmp_path):
    """One reading per film in order, in lines, in a table and in pictures."""
    out, told, steps = tmp_path / "out", [], []
    request = ReadingRequest(
        films=[films, tmp_path / "gone.png"],
        release=release,
        threads=1,
        lines=out / "readings.jsonl",
        table=out / "readings.csv",
        overlays=out / "overlays",
    )
    report = read_films(request, progress=lambda *step: steps.append(step), tell=told.append)
    decisions = [record.decision for record in report.readings]
    assert decisions == ["no fracture", "fracture", "not read", decisions[3], "not read"]
    assert tuple(told) == report.readings
    assert sum(report.counts.values()) == 5
    assert list(report.counts) == ["fracture", "doubt", "no fracture", "not read"]
    assert steps[-1] == ("reading films", 5, 5)

    document = {"release": report.release, "readings": to_json(report.readings)}
    Draft202012Validator(SCHEMA).validate(document)
    lines = [json.loads(line) for line in (out / "readings.jsonl").read_text().splitlines()]
    assert lines == document["readings"]
    rows = list(csv.DictReader(io.StringIO((out / "readings.csv").read_text())))
    assert [row["decision"] for row in rows] == decisions
    assert rows[3]["sop_instance_uid"] == "1.2.3.1"
    assert rows[3]["study_instance_uid"] == "1.2.3.2"
    assert rows[2]["reasons"]

    names = sorted(path.name for path in (out / "overlays").iterdir())
    assert names == ["IM0001.png", "a.png", "b.png"]
    assert report.n_overlays == 3
    with Image.open(out / "overlays" / "b.png") as picture:
        assert picture.mode == "RGB"
    assert not [path for path in out.rglob("*") if "partial" in path.name]


def test_reading_twice_writes_the_same(films, release, tmp_path):
    """Equal films and an equal release give equal files, byte for byte but for the time."""
    written = []
    for name in ("one", "two"):
        out = tmp_path / name
        request = ReadingRequest(
            films=[films],
            release=release,
            threads=2,
            table=out / "r.csv",
            overlays=out / "o",
        )
        read_films(request)
        files_ = [path for path in sorted(out.rglob("*")) if path.is_file()]
        contents = [path.read_bytes().replace(b"/two/", b"/one/") for path in files_]
        written.append([TIME.sub(b"now", content) for content in contents])
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wrist.dcm", "wrist.png"),
        ("..", "film.png"),
        ("../../etc/passwd", "passwd.png"),
        ("..\\..\\evil.exe", "evil.png"),
        ("a b\n\x1b[2J.png", "a_b_2J.png"),
        (".bashrc", "bashrc.png"),
        ("con.jpg", "film-con.png"),
        ("NUL", "film-NUL.png"),
        ("-rf.png", "rf.png"),
        ("ü" * 300 + ".png", "film.png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
        ("1.2.840.10008.dcm", "1.2.840.10008.png"),
    ],
)
def test_a_picture_has_a_plain_name_whatever_its_films_is_called(name, expected):
    """Neither a folder nor an order to the shell or to Windows can be made of it."""
    given = NameGiver().name(Path(name))
    assert given == expected
    assert Path(given).name == given


def test_films_of_one_name_have_pictures_of_several():
    """Collisions are numbered, also where a disk does not tell capitals apart."""
    names = NameGiver()
    paths = [Path("a/f.png"), Path("b/f.png"), Path("c/F.jpg"), Path("d/f-2.png"), Path("e/f.png")]
    assert [names.name(path) for path in paths] == [
        "f.png",
        "f-2.png",
        "F-3.png",
        "f-2-2.png",
        "f-4.png",
    ]


def test_a_name_that_no_text_can_hold_is_escaped(release, tmp_path):
    """A film whose name is no UTF-8, or moves a terminal's cursor, is read and written down."""
    odd = [tmp_path / "a\x1b[2J\n.png"]
    if sys.platform == "linux":
        odd.append(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.png")))
    for path in odd:
        write(path, draw_spot())
    lines = tmp_path / "lines.jsonl"
    report = read_films(ReadingRequest(films=odd, release=release, threads=1, lines=lines))
    assert [record.decision for record in report.readings] == ["fracture"] * len(odd)
    assert len(lines.read_text("utf-8").splitlines()) == len(odd)
    assert all(record.path.isprintable() for record in report.readings)


def test_no_film_is_an_error_of_the_person(release, tmp_path):
    """An empty folder is not read in silence."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoFilms, match="empty: must hold films"):
        read_films(ReadingRequest(films=[tmp_path / "empty"], release=release))


def test_a_place_that_cannot_be_written_is_told_before_films_are_read(films, release, tmp_path):
    """A file where a folder is needed stops the reading at its beginning."""
    (tmp_path / "taken").write_text("")
    told = []
    request = ReadingRequest(
        films=[films], release=release, threads=1, lines=tmp_path / "taken" / "r.jsonl"
    )
    with pytest.raises(OutputFault, match="taken"):
        read_films(request, tell=told.append)
    assert told == []


def test_what_was_read_before_a_stop_is_kept(films, release, tmp_path):
    """Lines and table hold the films that were done when the person stopped."""

    def stop(record):
        if record.path.endswith("b.png"):
            raise KeyboardInterrupt

    lines, table = tmp_path / "r.jsonl", tmp_path / "r.csv"
    request = ReadingRequest(films=[films], release=release, threads=1, lines=lines, table=table)
    with pytest.raises(KeyboardInterrupt):
        read_films(request, tell=stop)
    assert len(lines.read_text().splitlines()) == 2
    assert len(table.read_text().splitlines()) == 3


def test_a_release_is_inspected_only_if_it_holds(release, tmp_path):
    """The card comes with the file's size and hash; of no release there is no card."""
    import hashlib

    report = inspect_release(release)
    assert report.n_bytes == release.stat().st_size
    assert report.sha256 == hashlib.sha256(release.read_bytes()).hexdigest()
    assert report.card.name == "bright"
    with pytest.raises(FolderNotFound):
        inspect_release(tmp_path / "gone.osteon")


def test_reading_needs_the_base_install_alone(films, release, tmp_path):
    """Nothing of the extras is loaded on the way from a film to its picture."""
    code = (
        "import sys\n"
        "from osteon.cli.app import run\n"
        "films, release, out = sys.argv[1:]\n"
        "code = run(['read', films, '--release', release, '-o', out, '--threads', '1'])\n"
        "code = code or run(['inspect', release])\n"
        "extras = {'torch', 'polars', 'scipy', 'sklearn', 'matplotlib', 'cv2', 'faiss', 'jinja2',\n"
        "          'onnx', 'timm', 'kornia', 'threadpoolctl', 'kagglehub'}\n"
        "sys.exit(code or ' '.join(sorted(extras & set(sys.modules))) or 0)\n"
    )
    command = [sys.executable, "-c", code, str(films), str(release), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "overlays" / "b.png").is_file()


@pytest.mark.shared
def test_real_films_are_read_where_they_lie(shared, release, tmp_path):
    """One ankle in five lossless encodings has one probability, and finds its instance."""
    ankle = sorted((shared / "dicom").glob("RG3_*"))
    report = read_films(ReadingRequest(films=ankle, release=release, threads=2))
    known = {record.path[-8:-4]: record for record in report.readings}
    assert "not read" not in {record.decision for record in report.readings}
    probabilities = {round(record.probability, 6) for record in report.readings}
    assert len(probabilities) <= 2, known  # one encoding is lossy
    assert all(record.sop_instance_uid for record in report.readings)
    assert np.ptp([record.probability for record in report.readings]) < 0.05
