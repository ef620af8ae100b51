"""Models side by side on the same films: measured once, compared in pairs, drawn, and resumed."""

import json
import shutil
from dataclasses import replace

import pytest
from PIL import Image

from osteon.collection.manifest import read_manifest, write_manifest
from osteon.errors import LeakFound, SettingsFault
from osteon.evaluation.benchmark.measure import NO_BOXES, ONLY_BOXED, SampleSizes
from osteon.evaluation.benchmark.rows import BenchmarkRow
from osteon.jobs.benchmark import BenchmarkRequest, run_benchmark
from osteon.release import LocalisationSettings, read_release
from tests.releases import SIDE, build_model, build_release

LITTLE = SampleSizes(n_timed=2, n_turned=4, n_covered=2)


@pytest.fixture(scope="module")
def bright(tmp_path_factory):
    """A release from elsewhere, which sees a fracture where a film is bright."""
    return build_release(tmp_path_factory.mktemp("bright"))


@pytest.fixture(scope="module")
def request_of(trained_on_limbs, bright, tmp_path_factory):
    return BenchmarkRequest(
        models=(bright, trained_on_limbs.run),
        out=tmp_path_factory.mktemp("benchmark"),
        names=("bright", "ours"),
        effort=LITTLE,
    )


@pytest.fixture(scope="module")
def done(request_of):
    return run_benchmark(request_of)


def test_every_model_reads_the_same_films(done, limbs_path):
    """The test films of the run's own collection, each once, for the run and the release alike."""
    test = {row.path for row in read_manifest(limbs_path).rows if row.split == "test"}
    ours, theirs = ({film.path for film in row.films} for row in done.benchmark.rows)
    assert ours == theirs == test
    assert (done.benchmark.n_films, done.benchmark.n_fractured, done.n_measured) == (120, 60, 2)
    assert done.benchmark.reference == "ours"


def test_a_run_is_measured_as_the_release_that_it_would_be(done, request_of):
    """The table's numbers are those of the card that `osteon export` writes for it."""
    card = read_release(request_of.out / "releases" / "ours.osteon").card
    row = next(row for row in done.benchmark.rows if row.name == "ours")
    for measure in card.metrics:
        assert row.find(measure.name) == measure, measure.name
    assert row.points == (card.operating_points.high_sensitivity,
                          card.operating_points.high_specificity)  # fmt: skip
    assert row.epochs[0] == 8
    assert row.n_bytes == (request_of.out / "releases" / "ours.osteon").stat().st_size


def test_the_page_names_every_model_and_every_number(done):
    """No cell is left without a number or a reason."""
    page = done.table.read_text(encoding="utf-8")
    assert "|  | bright | ours |" in page
    assert "not measured" not in page
    assert "## Against ours" in page
    assert "hand (120 films)" in page
    assert "Abedeen" in page
    assert UNKNOWN in page
    data = json.loads(done.data.read_text(encoding="utf-8"))
    assert [row["name"] for row in data["rows"]] == ["bright", "ours"]
    assert "films" not in data["rows"][0]


UNKNOWN = "The films that this network learnt from are unknown."


def test_the_difference_is_paired(done):
    """The run is no worse than the release that sees brightness, and DeLong says how surely."""
    (area,) = [one for one in done.benchmark.differences if one.measure == "auroc"]
    bright, ours = (row.find("auroc").value for row in done.benchmark.rows)
    assert area.row == "bright"
    assert area.value == pytest.approx(bright - ours)
    assert area.method.startswith("DeLong, paired")


def test_figures_and_galleries_are_drawn(done):
    """Curves of all models, and four sheets of films for each."""
    for path in done.figures:
        with Image.open(path) as figure:
            assert figure.width > 1000
    for name in ("bright", "ours"):
        sheets = sorted(path.stem for path in (done.galleries / name).glob("*.png"))
        assert sheets == ["doubts", "false-alarms", "hits", "misses"]


def test_a_benchmark_goes_on_where_it_was(done, request_of):
    """Nothing that lies there is measured again, and the page is the same."""
    page = done.table.read_bytes()
    again = run_benchmark(request_of)
    assert again.n_measured == 0
    assert again.table.read_bytes() == page


def test_a_row_that_is_half_or_old_is_measured_again(bright, limbs_path, tmp_path):
    """A row counts where it is whole, and of this model, these films and this effort."""
    little = BenchmarkRequest(
        models=(bright,), out=tmp_path, collection=limbs_path, limit=8, effort=LITTLE
    )
    assert run_benchmark(little).n_measured == 1
    place = tmp_path / "rows" / "bright.json"
    whole = place.read_text(encoding="utf-8")
    place.write_text(whole[: len(whole) // 2], encoding="utf-8")
    assert run_benchmark(little).n_measured == 1
    more = little.model_copy(update={"effort": SampleSizes(n_timed=3, n_turned=4, n_covered=2)})
    assert run_benchmark(more).n_measured == 1
    row = BenchmarkRow.model_validate_json(place.read_bytes())
    assert row.speed.n_films == 3
    retimed = run_benchmark(more.model_copy(update={"retime": True}))
    assert retimed.n_measured == 0
    (again,) = retimed.benchmark.rows
    assert again.speed.median_ms != row.speed.median_ms
    assert again.model_copy(update={"speed": row.speed}) == row


def test_evidence_that_is_dear_is_asked_of_boxed_films_alone(limbs_path, tmp_path):
    """Pointing is measured, marks on all films are not, and the table says why."""
    side = SIDE
    slow = build_release(
        tmp_path,
        model=build_model(side=side, evidence=False),
        card={"evidence": LocalisationSettings(method="occlusion", scale=1.0, threshold=0.5)},
    )
    report = run_benchmark(
        BenchmarkRequest(
            models=(slow,), out=tmp_path / "out", collection=limbs_path, limit=12, effort=LITTLE
        )
    )
    (row,) = report.benchmark.rows
    assert row.find("pointing game, strict").n == 6
    assert row.find("lesions found at 0.5 false marks per film") is None
    page = report.table.read_text(encoding="utf-8")
    assert f"{ONLY_BOXED}." in page
    assert "A sample for a first look: no result." in page


def test_films_without_boxes_say_so(bright, limbs_path, tmp_path):
    """Where no reader boxed a fracture, numbers of places have a reason instead of a value."""
    manifest = read_manifest(limbs_path)
    bare = tuple(
        type(row)(**{name: getattr(row, name) for name in row.__slots__} | {"boxes": ()})
        for row in manifest.rows
    )
    path = tmp_path / "bare.parquet"
    write_manifest(type(manifest)(rows=bare, root=manifest.root, salt="s"), path)
    report = run_benchmark(
        BenchmarkRequest(
            models=(bright,), out=tmp_path / "out", collection=path, limit=8, effort=LITTLE
        )
    )
    assert f"{NO_BOXES}." in report.table.read_text(encoding="utf-8")


def test_a_run_of_another_split_is_refused(trained_on_limbs, limbs_path, tmp_path):
    """A benchmark whose test films a run has learnt from is no benchmark."""
    manifest = read_manifest(limbs_path)
    turned = {"train": "test", "tune": "tune", "test": "train"}
    rows = tuple(
        type(row)(
            **{name: getattr(row, name) for name in row.__slots__} | {"split": turned[row.split]}
        )
        for row in manifest.rows
    )
    path = tmp_path / "turned.parquet"
    write_manifest(type(manifest)(rows=rows, root=manifest.root, salt="s"), path)
    with pytest.raises(LeakFound, match="48 of 48 that it has"):
        run_benchmark(
            BenchmarkRequest(models=(trained_on_limbs.run,), out=tmp_path / "out", collection=path)
        )


def test_the_reference_is_one_of_the_models(bright, limbs_path, tmp_path):
    """Otherwise there is nothing to compare with."""
    with pytest.raises(SettingsFault, match="--reference: must be one of the models: bright"):
        run_benchmark(
            BenchmarkRequest(
                models=(bright,), out=tmp_path, collection=limbs_path, reference="other"
            )
        )


def test_a_run_that_nobody_audited_is_measured_and_certified_of_nothing(trained_on_limbs, tmp_path):
    """The page, its lead and its cells say that copies were never looked for; a flag says more."""
    run = tmp_path / "run"
    shutil.copytree(trained_on_limbs.run, run)
    manifest = read_manifest(run / "manifest.parquet")
    rows = tuple(replace(row, audit=None) for row in manifest.rows)
    write_manifest(replace(manifest, rows=rows), run / "manifest.parquet")
    asked = BenchmarkRequest(models=(run,), out=tmp_path / "b", effort=LITTLE, limit=40)
    done = run_benchmark(asked)
    page = done.table.read_text("utf-8")
    assert "in 40 groups. Copies were never looked for: films may be copies of one another." in page
    assert "| Certified: fractures not cleared | not certified: copies were never looked" in page
    assert "its promise is not certified, so that no film is called so" in page
    assert not json.loads(done.data.read_text())["independence"]["copies_looked_for"]
    again = run_benchmark(asked.model_copy(update={"unaudited": True}))
    assert again.n_measured == 1  # a row that was measured without promises is not taken for one
    cells = again.table.read_text("utf-8").split("| Certified: fractures not cleared | ")[1]
    assert cells.startswith("≥ 90 %, proven > ")
    assert "; copies were never looked for" in cells.split("|")[0]
