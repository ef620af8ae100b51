"""The job of auditing: from a manifest's file to `audit.json` and the page."""

import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from osteon.audit.audit_file import read_search_record
from osteon.audit.cleaning_rules import CleaningRules
from osteon.collection.manifest import read_manifest, write_manifest
from osteon.collection.stamps import read_stamp
from osteon.errors import FolderNotFound, ManifestFault, OutputFault, SettingsFault
from osteon.jobs.audit import WORK_FOLDER, AuditResult, audit_collection
from osteon.jobs.clean import clean_collection
from osteon.jobs.import_ import import_films
from osteon.phantoms.phantom import draw_phantom
from tests.dicoms import encode_film
from tests.films import draw_film, list_films, turn_film, write_film

SCHEMA = json.loads(files("osteon.reports").joinpath("audit.schema.json").read_text("utf-8"))


def write_collection(folder: Path) -> Path:
    """Five films: one twice as a file and under two labels, one turned, one on its own."""
    films = folder / "films"
    write_film(films / "0.png", draw_film(0))
    write_film(films / "1.png", draw_film(0))
    write_film(films / "2.png", draw_film(2))
    write_film(films / "3.png", turn_film(draw_film(2), 51))
    write_film(films / "4.png", draw_film(4))
    splits = ("train", "test", "train", "test", "test")
    facts = {
        f"{n}.png": {"has_fracture": n == 0, "published_split": splits[n], "collection": "drawn"}
        for n in range(5)
    }
    write_manifest(list_films(films, facts), folder / "m.parquet")
    return folder / "m.parquet"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audited")


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Path:
    return write_collection(folder)


@pytest.fixture(scope="module")
def result(folder: Path, manifest: Path) -> AuditResult:
    return audit_collection(manifest, folder / "new" / "audit")


def test_the_audit_is_written_as_it_was_found(result, folder):
    """`audit.json` holds the summary and each flaw with rule, films, evidence and advice."""
    assert result.path is not None
    written = json.loads(result.path.read_text())
    assert written == json.loads(json.dumps(result.as_json()))
    assert {flaw["rule"] for flaw in written["flaws"]} == {
        "identical-files",
        "same-picture",
        "same-picture-two-labels",
        "copies-across-splits",
    }
    assert all(
        set(flaw) == {"rule", "films", "film_ids", "evidence", "advice"}
        for flaw in written["flaws"]
    )
    assert written["summary"]["leaks"]["test"]["n_leaking"] == 2
    assert written["summary"]["n_pictures"] == 3
    assert str(folder) not in result.path.read_text()
    assert not list(Draft202012Validator(SCHEMA).iter_errors(written))


def test_the_page_stands_beside_it_with_pictures(result, folder):
    """The page shows the copies, says what they mean, and names no folder of this machine."""
    assert result.page == folder / "new" / "audit" / "report.html"
    html = result.page.read_text("utf-8")
    assert html.count("data:image/jpeg;base64,") >= 6
    assert "They show 3 different pictures: " in html
    assert "B laid on A" in html
    assert re.search(r"turned 51° counter-clockwise", html, re.IGNORECASE)
    assert "Could not be opened" not in html
    assert str(folder) not in html


def test_what_was_kept_for_a_killed_audit_is_gone_when_it_is_done(result):
    """Only the answer stays in the folder."""
    names = {path.name for path in result.path.parent.iterdir()}
    assert names == {"audit.json", "report.html"}


def test_the_same_collection_gives_the_same_bytes(result, folder, manifest):
    """Two audits of one collection differ in no byte, whatever the number of workers."""
    other = audit_collection(manifest, folder / "other", workers=1)
    assert result.path.read_bytes() == other.path.read_bytes()
    renamed = other.page.read_bytes().replace(b"--audit other ", b"--audit new/audit ")
    assert result.page.read_bytes() == renamed  # its commands name the audit's own folder


def test_an_audit_that_was_stopped_goes_on_to_the_same_answer(result, folder, manifest):
    """Stopped after the films were looked at, the next audit takes up what was seen."""

    def stop(what: str, done: int, total: int) -> None:
        if what != "look":
            raise KeyboardInterrupt

    out = folder / "stopped"
    with pytest.raises(KeyboardInterrupt):
        audit_collection(manifest, out, progress=stop)
    assert len(list((out / WORK_FOLDER).iterdir())) == 1
    assert audit_collection(manifest, out).path.read_bytes() == result.path.read_bytes()
    assert not (out / WORK_FOLDER).exists()


def test_progress_is_told_in_the_order_of_the_work(manifest, folder):
    """A person sees what is being done, and the page comes last."""
    phases = []
    audit_collection(
        manifest,
        folder / "told",
        progress=lambda what, done, total: phases.append(what) if what not in phases else None,
    )
    assert phases == ["look", "search", "compare", "report"]


def test_a_quick_audit_opens_no_film(tmp_path):
    """Asked of the manifest alone, an audit needs no film that opens, and makes no page."""
    manifest = write_collection(tmp_path)
    for path in (tmp_path / "films").iterdir():
        path.write_bytes(b"gone")
    result = audit_collection(manifest, tmp_path / "audit", quick=True)
    assert {flaw.rule for flaw in result.flaws} == {
        "identical-files",
        "same-picture-two-labels",
        "copies-across-splits",
    }
    assert result.summary.n_pictures is None
    assert result.page is None
    assert [path.name for path in (tmp_path / "audit").iterdir()] == ["audit.json"]


def test_another_collection_is_searched_and_shown(manifest, tmp_path):
    """Films that the other holds too are told, counted, and drawn from the other's folder."""
    films = tmp_path / "elsewhere"
    write_film(films / "4.png", turn_film(draw_film(4), 200))
    write_film(films / "new.png", draw_film(77))
    write_manifest(list_films(films, ["4.png", "new.png"]), tmp_path / "other.parquet")
    result = audit_collection(manifest, tmp_path / "audit", against=tmp_path / "other.parquet")
    (flaw,) = [flaw for flaw in result.flaws if flaw.rule == "copy-in-other-collection"]
    assert (flaw.films, flaw.evidence["other"]) == (("4.png",), ["4.png"])
    assert result.summary.against.share == 0.2
    written = json.loads(result.path.read_text())
    assert not list(Draft202012Validator(SCHEMA).iter_errors(written))
    html = result.page.read_text("utf-8")
    assert "Films that another collection holds too" in html
    assert "1 of its films (20.0 %)" in html
    assert "Could not be opened" not in html


def test_quick_and_against_exclude_each_other(manifest):
    """Comparing films cannot be done without opening them."""
    with pytest.raises(SettingsFault, match="against"):
        audit_collection(manifest, quick=True, against=manifest)


def test_without_a_folder_nothing_is_written(tmp_path):
    """An audit that is only looked at writes nothing."""
    manifest = write_collection(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert audit_collection(manifest).path is None
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_cannot_be_written_is_named_before_the_work(manifest):
    """A file where the folder should be is refused by name, and no film is opened for it."""
    told = []
    with pytest.raises(OutputFault, match=r"m\.parquet"):
        audit_collection(manifest, manifest, progress=lambda *what: told.append(what))
    assert not told


def test_a_manifest_that_is_not_there_is_named(tmp_path):
    """A missing manifest is refused by name."""
    with pytest.raises(FolderNotFound, match=r"none\.parquet"):
        audit_collection(tmp_path / "none.parquet")


def test_a_collection_of_which_nothing_is_left_is_refused(tmp_path):
    """Where every film has changed, there is nothing to audit, and the way out is named."""
    manifest = write_collection(tmp_path)
    for path in (tmp_path / "films").iterdir():
        path.write_bytes(b"changed")
    with pytest.raises(ManifestFault, match=r"0\.png: the file changed.*"):
        audit_collection(manifest, tmp_path / "audit")


def test_the_audit_says_which_films_it_searched_and_how(result, manifest, folder):
    """Day, version, limits and films; a quick audit, which opens none, says nothing of the kind."""
    searched = json.loads(result.path.read_text())["searched"]
    rows = read_manifest(manifest).rows
    assert searched["film_ids"] == sorted({row.film_id for row in rows})
    assert searched["limits"]["alignment"]["limit"] == 3.0
    assert read_search_record(result.path) == result.searched
    quick = audit_collection(manifest, folder / "quick", quick=True)
    assert quick.searched is None
    assert "searched" not in json.loads(quick.path.read_text())


def test_import_audit_clean_makes_a_collection_that_is_audited(result, manifest, folder):
    """The three commands, and the collection's copies are in one group and of one picture."""
    out = folder / "clean.parquet"
    outcome = clean_collection(manifest, result.path, out, how=CleaningRules())
    assert outcome.cleaned.independence.copies_looked_for
    rows = {row.path: row for row in read_manifest(out).rows}
    turned = read_stamp(rows["2.png"]), read_stamp(rows["3.png"])
    assert turned[0].picture == turned[1].picture
    assert rows["2.png"].group == rows["3.png"].group


def test_a_film_that_changed_since_its_import_was_not_searched(tmp_path):
    """What was opened is another picture than the manifest's: that one was never compared."""
    path = write_collection(tmp_path)
    write_film(tmp_path / "films" / "other.png", draw_film(9))
    (tmp_path / "films" / "other.png").replace(tmp_path / "films" / "4.png")
    found = audit_collection(path, tmp_path / "audit")
    outcome = clean_collection(path, found.path, tmp_path / "c.parquet", how=CleaningRules())
    assert not outcome.cleaned.independence.copies_looked_for
    assert outcome.cleaned.independence.n_not_audited == 1


def test_a_film_of_flat_pixels_and_its_square_copy_are_one_picture(tmp_path):
    """Both are compared as they are read: in square pixels; marks are drawn where they belong."""
    grey = np.rint(draw_phantom(9, has_fracture=True).radiograph.pixels * 255).astype(np.uint8)
    rows, columns = grey.shape
    flat = np.asarray(Image.fromarray(grey).resize((columns, rows // 2), Image.Resampling.BOX))
    films = tmp_path / "films"
    for label in ("fractured", "normal"):
        (films / label).mkdir(parents=True)
    values = flat.astype(np.uint16) * 16
    dicom = encode_film(values, PixelAspectRatio=[2, 1])
    (films / "fractured" / "flat.dcm").write_bytes(dicom)
    Image.fromarray(grey).save(films / "fractured" / "square.png")
    Image.fromarray(flat).save(films / "normal" / "flat.tif", dpi=(200, 100))
    other = np.rint(draw_phantom(4, has_fracture=False).radiograph.pixels * 255).astype(np.uint8)
    Image.fromarray(other).save(films / "normal" / "other.png")
    found = import_films(films)
    write_manifest(found.manifest, tmp_path / "m.parquet")
    result = audit_collection(tmp_path / "m.parquet", tmp_path / "audit")
    (group,) = [flaw for flaw in result.flaws if flaw.rule == "same-picture"]
    assert set(group.films) == {"fractured/flat.dcm", "fractured/square.png", "normal/flat.tif"}
    for link in group.evidence["links"]:
        assert link["residual"] < 0.1
        assert link["scale"] == pytest.approx(1.0, abs=0.02)
