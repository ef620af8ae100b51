"""Readings become a data frame with the columns of the table that `osteon read` writes."""

import csv
import io
import json
import sys
from types import ModuleType

import polars as pl
import pytest
from tests.releases import build_release, draw_spot

import osteon
from osteon.reports.readings import COLUMNS, ReadingFiles, build_record

TEXTS = set(COLUMNS) - {"probability", "n_findings", "findings", "doubt_from", "fracture_from"}


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    """A film with a spot, a dull one, and one that is not read."""
    folder = tmp_path_factory.mktemp("release")
    with osteon.Detector.load(build_release(folder)) as detector:
        return list(detector.read_many([draw_spot(), draw_spot(box=None), b"no film"]))


def read_table(readings, folder):
    with ReadingFiles(lines=None, table=folder / "t.csv") as files:
        for reading in readings:
            files.add(build_record(reading, reading.source))
    return list(csv.DictReader(io.StringIO((folder / "t.csv").read_text("utf-8"))))


def test_polars_gets_one_row_per_reading_in_the_columns_of_the_table(readings, tmp_path):
    """Every text and number is that of readings.csv; what was not read has no probability."""
    frame = osteon.readings_to_polars(iter(readings))
    assert tuple(frame.columns) == COLUMNS
    assert frame["decision"].to_list() == ["fracture", "no fracture", "not read"]
    assert frame["probability"].to_list() == [reading.probability for reading in readings]
    assert frame["n_findings"].to_list() == [1, 0, 0]
    for told, row in zip(frame.to_dicts(), read_table(readings, tmp_path), strict=True):
        assert {name: told[name] or "" for name in TEXTS} == {name: row[name] for name in TEXTS}
    assert frame["reasons"][2]
    assert frame["release_sha256"].n_unique() == 1


def test_findings_are_structs(readings):
    """Boxes can be reached in an expression, and no finding is an empty list."""
    frame = osteon.readings_to_polars(readings)
    (found,) = readings[0].findings
    found_in = frame.explode("findings").drop_nulls("findings")
    boxes = found_in.select("path", pl.col("findings").struct.unnest())
    assert boxes["box"].to_list() == [[round(side, 1) for side in found.box]]
    assert boxes.select(pl.col("box").arr.get(2) - pl.col("box").arr.get(0)).item() > 0
    assert frame["findings"].list.len().to_list() == [1, 0, 0]
    assert frame["findings"][0][0]["is_best_place"] is False


def test_no_reading_is_an_empty_frame_of_the_same_columns():
    """A day without films has a table that can be joined to the others."""
    empty = osteon.readings_to_polars([])
    assert empty.height == 0
    assert empty.schema["findings"].inner.fields[0].name == "box"
    assert pl.concat([empty, empty]).columns == list(COLUMNS)


def test_what_is_no_reading_is_a_fault_of_the_program(readings):
    """A path among the readings is told at once."""
    with pytest.raises(TypeError, match=r"must be osteon\.Reading each; found str"):
        osteon.readings_to_polars([readings[0], "film.png"])


def test_pandas_gets_the_same(readings):
    """The frame of pandas holds what that of polars holds."""
    pandas = pytest.importorskip("pandas")
    frame = osteon.readings_to_pandas(iter(readings))
    assert isinstance(frame, pandas.DataFrame)
    told = json.loads(frame.to_json(orient="records", double_precision=15))
    expected = json.loads(json.dumps(osteon.readings_to_polars(readings).to_dicts()))
    for one, other in zip(told, expected, strict=True):
        assert one.keys() == other.keys()
        numbers = {name for name in one if isinstance(one[name], float)}
        assert {n: one[n] for n in one if n not in numbers} == {
            n: other[n] for n in other if n not in numbers
        }
        assert all(one[name] == pytest.approx(other[name]) for name in numbers)
    assert osteon.readings_to_pandas([]).dtypes["probability"].kind == "f"


def test_pandas_is_handed_the_rows_of_polars(readings, monkeypatch):
    """Where pandas is not installed, what it would be given is looked at."""
    given = {}

    class DataFrame:
        def __init__(self, rows, *, columns):
            given.update(rows=rows, columns=columns)

        def astype(self, kinds):
            given["kinds"] = kinds
            return self

    stand_in = ModuleType("pandas")
    stand_in.DataFrame = DataFrame
    monkeypatch.setitem(sys.modules, "pandas", stand_in)
    assert isinstance(osteon.readings_to_pandas(readings), DataFrame)
    assert given["columns"] == list(COLUMNS)
    plain = json.loads(json.dumps(given["rows"]))
    assert plain == json.loads(json.dumps(osteon.readings_to_polars(readings).to_dicts()))
    assert given["kinds"]["probability"] is float


@pytest.mark.parametrize(
    ("package", "words"), [("polars", r'"osteon\[audit\]"'), ("pandas", "pip install pandas")]
)
def test_a_package_that_is_not_there_is_named(readings, package, words, monkeypatch):
    """The base install reads; a frame needs one package more, and says which."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(osteon.errors.MissingExtra, match=words):
        getattr(osteon, f"readings_to_{package}")(readings)
