"""A manifest's values are checked column by column, and a fault names its place."""

import hashlib
import io
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.collection.schema import (
    SCHEMA,
    build_frame,
    build_text_table,
    parse_box,
    parse_polygon,
    parse_rows,
    parse_text_table,
)
from osteon.errors import ManifestFault
from osteon.terms import SPLITS, ManifestRow

SHA256 = hashlib.sha256(b"film").hexdigest()
ROW = ManifestRow(
    path="a.png", film_id=SHA256[:16], sha256=SHA256, rows=30, columns=20, has_fracture=True
)

# What the first format was, before the schema was derived from the record.
GOLDEN_SCHEMA = [
    *("path String", "film_id String", "sha256 String", "rows Int64", "columns Int64"),
    *("has_fracture Boolean", "split String", "published_split String", "patient_key String"),
    *("group String", "collection String", "body_region List(String)", "view List(String)"),
    *("hardware Boolean", "age Float64", "sex String", "manufacturer String"),
    *("fracture_type String", "boxes List(List(Float64))", "polygons List(List(List(Float64)))"),
    *("state String", "state_reason String", "has_fracture_in_table Boolean"),
    *("annotation_rows Int64", "annotation_columns Int64", "pixel_aspect Float64", "audit String"),
]
GOLDEN_TEXT = (
    "path,film_id,sha256,rows,columns,has_fracture,split,published_split,patient_key,group,"
    "collection,body_region,view,hardware,age,sex,manufacturer,fracture_type,boxes,polygons,state,"
    "state_reason,has_fracture_in_table,annotation_rows,annotation_columns,pixel_aspect,audit\n"
    f'a.png,{SHA256[:16]},{SHA256},30,20,true,,,,,"",,,,,,,,,,readable,,,,,,\n'
    f'"b/ü, 骨.png",{SHA256[:16]},{SHA256},3000,2000,false,tune,train,p1,g,c,'
    '"[""hand"", ""wrist""]","[""frontal""]",true,45.5,female,M,oblique,'
    '"[[1.0, 2.0, 30.5, 40.0]]","[[[1.0, 2.0], [3.0, 4.5], [5.0, 6.0]]]",'
    "truncated,ends early,true,3000,2000,1.25,\n"
)


def frame_with(column: str, value: Any) -> pl.DataFrame:
    first = build_frame([ROW, ROW]).with_columns(pl.Series("path", ["a.png", "b.png"]))
    second = pl.Series(column, [first[column][0], value], SCHEMA[column])
    return first.with_columns(second)


def test_the_columns_are_the_records_own():
    """The table has the columns of `ManifestRow`, in its order."""
    assert tuple(SCHEMA) == tuple(ManifestRow.__dataclass_fields__)


def test_a_manifest_is_the_file_that_it_was():
    """Columns, their types and order, and every byte of the text: older Osteons read it too."""
    full = ManifestRow(
        path="b/ü, 骨.png",
        film_id=SHA256[:16],
        sha256=SHA256,
        rows=3000,
        columns=2000,
        has_fracture=False,
        split="tune",
        published_split="train",
        patient_key="p1",
        group="g",
        collection="c",
        body_region=("hand", "wrist"),
        view=("frontal",),
        hardware=True,
        age=45.5,
        sex="female",
        manufacturer="M",
        fracture_type="oblique",
        boxes=((1.0, 2.0, 30.5, 40.0),),
        polygons=(((1.0, 2.0), (3.0, 4.5), (5.0, 6.0)),),
        state="truncated",
        state_reason="ends early",
        has_fracture_in_table=True,
        annotation_rows=3000,
        annotation_columns=2000,
        pixel_aspect=1.25,
    )
    frame = build_frame([ROW, full])
    assert [f"{name} {kind}" for name, kind in frame.schema.items()] == GOLDEN_SCHEMA
    assert build_text_table(frame) == GOLDEN_TEXT
    written = io.BytesIO()
    frame.write_parquet(written)
    assert pl.read_parquet_schema(io.BytesIO(written.getvalue())) == frame.schema


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("path", "../b.png"),
        ("path", "x/../../b.png"),
        ("path", "/etc/passwd"),
        ("path", "C:/b.png"),
        ("path", "..\\b.png"),
        ("path", "x//b.png"),
        ("path", "x/"),
        ("path", "./b.png"),
        ("path", ""),
        ("path", "a.png"),
        ("path", None),
        ("film_id", "0123456789abcdef"),
        ("sha256", "abc"),
        ("sha256", ""),
        ("rows", 0),
        ("columns", -1),
        ("rows", None),
        ("has_fracture", None),
        ("split", "tran"),
        ("published_split", "val"),
        ("state", "broken"),
        ("state", None),
        ("sex", "F"),
        ("age", -1.0),
        ("age", float("nan")),
        ("pixel_aspect", 0.0),
        ("pixel_aspect", float("inf")),
        ("boxes", [[1.0, 2.0, 3.0]]),
        ("boxes", [[3.0, 2.0, 1.0, 4.0]]),
        ("boxes", [[1.0, 2.0, float("inf"), 4.0]]),
        ("polygons", [[[1.0, 2.0], [3.0, 4.0]]]),
        ("polygons", [[[1.0], [3.0, 4.0], [5.0, 6.0]]]),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_place(column: str, value: Any):
    """The fault names the file, the row and the column."""
    # Where sha256 is at fault, film_id is too; the earlier rule speaks.
    row = "row 1" if (column, value) == ("path", "a.png") else "row 2"
    with pytest.raises(ManifestFault, match=rf"m\.csv, {row}, column {column}:"):
        parse_rows(frame_with(column, value), where="m.csv")


@pytest.mark.parametrize("path", ["..a/b..png", "a b/ü 骨.png", "x/...png", "ab:c/d.png"])
def test_an_unusual_name_is_no_fault(path: str):
    """Dots, spaces and any script may stand in a name."""
    assert parse_rows(frame_with("path", path), where="m")[1].path == path


def test_a_missing_column_is_named():
    """Without its label a film is nothing to learn from."""
    with pytest.raises(ManifestFault, match="must have the columns has_fracture"):
        parse_rows(build_frame([ROW]).drop("has_fracture"), where="m")


def test_an_unknown_column_is_refused_with_a_guess():
    """A slip of the pen in a header would lose a column without a word."""
    with pytest.raises(ManifestFault, match="Did you mean split"):
        parse_rows(build_frame([ROW]).rename({"split": "splt"}), where="m")


def test_a_column_of_another_type_is_refused():
    """Labels as text are not labels."""
    frame = build_frame([ROW]).with_columns(has_fracture=pl.lit("fractured"))
    with pytest.raises(ManifestFault, match="column has_fracture: must be of type Boolean"):
        parse_rows(frame, where="m")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("has_fracture", "maybe"),
        ("rows", "30 px"),
        ("age", "old"),
        ("boxes", "[[1, 2"),
        ("boxes", '{"x": 1}'),
        ("view", "frontal"),
    ],
)
def test_a_cell_of_another_type_is_refused_with_its_place(column: str, cell: str):
    """In a CSV the fault names the cell that a person must correct."""
    text = pl.read_csv(build_text_table(build_frame([ROW])).encode(), infer_schema=False)
    with pytest.raises(ManifestFault, match=rf"m\.csv, row 1, column {column}"):
        parse_text_table(text.with_columns(pl.lit(cell).alias(column)), where="m.csv")


def test_a_spreadsheet_may_shout():
    """TRUE is what a spreadsheet makes of true."""
    text = pl.read_csv(build_text_table(build_frame([ROW])).encode(), infer_schema=False)
    loud = text.with_columns(pl.lit("TRUE").alias("has_fracture"))
    assert parse_rows(parse_text_table(loud, where="m"), where="m") == (ROW,)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
COORDINATES = st.integers(0, 4000).map(float)
ROWS = st.builds(
    ManifestRow,
    path=st.just("a.png"),
    film_id=st.just(ROW.film_id),
    sha256=st.just(ROW.sha256),
    rows=st.integers(1, 9000),
    columns=st.integers(1, 9000),
    has_fracture=st.booleans(),
    split=st.none() | st.sampled_from(SPLITS),
    patient_key=st.none() | WORDS,
    collection=WORDS,
    body_region=st.lists(WORDS, max_size=3).map(tuple),
    hardware=st.none() | st.booleans(),
    age=st.none() | st.floats(0, 120),
    sex=st.none() | st.sampled_from(["female", "male", "other"]),
    boxes=st.lists(st.tuples(*[st.integers(0, 9).map(float)] * 2), max_size=2).map(
        lambda corners: tuple((x, y, x + 1.5, y + 0.25) for x, y in corners)
    ),
    polygons=st.lists(
        st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=5).map(tuple),
        max_size=2,
    ).map(tuple),
    has_fracture_in_table=st.none() | st.booleans(),
    pixel_aspect=st.none() | st.floats(0.25, 4.0),
)


@given(row=ROWS)
def test_any_row_survives_both_formats(row: ManifestRow):
    """Frame or text, the row that comes back is the row that went in."""
    frame = build_frame([row])
    assert parse_rows(frame, where="m") == (row,)
    text = pl.read_csv(build_text_table(frame).encode(), infer_schema=False)
    assert parse_rows(parse_text_table(text, where="m"), where="m") == (row,)


def test_shapes_are_boxes_and_polygons_or_nothing():
    """What is no shape is None, never a guess."""
    assert parse_box([0, 1, 2, 3]) == (0.0, 1.0, 2.0, 3.0)
    assert parse_box([0, 1, 2]) is None
    assert parse_box("0123") is None
    assert parse_polygon([[0, 0], [1, 0], [0, 1]]) == ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    assert parse_polygon([[0, 0], [1, 0], ["0", 1]]) is None
