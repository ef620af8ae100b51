"""The columns of a manifest: rows to a frame and back, and what every column must hold."""

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType, NoneType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import polars as pl

from osteon.collection.stamps import STAMP_PATTERN
from osteon.errors import ManifestFault
from osteon.geometry import Box, Polygon
from osteon.terms import ManifestRow

_KINDS: Mapping[Any, pl.DataType] = MappingProxyType(
    {str: pl.String(), bool: pl.Boolean(), int: pl.Int64(), float: pl.Float64()}
)


def _kind_of(hint: Any) -> pl.DataType:
    """Return how a column holds what a field of `ManifestRow` is."""
    if hint in _KINDS:
        return _KINDS[hint]
    if get_origin(hint) is Literal:
        return pl.String()
    if hint is Box:
        return pl.List(pl.Float64())
    # "or None", or the items of a tuple: what is inside decides.
    inside = next(one for one in get_args(hint) if one is not NoneType)
    return pl.List(_kind_of(inside)) if get_origin(hint) is tuple else _kind_of(inside)


_HINTS = get_type_hints(ManifestRow)
SCHEMA: Mapping[str, pl.DataType] = MappingProxyType(
    {field.name: _kind_of(_HINTS[field.name]) for field in fields(ManifestRow)}
)
"""Column → type, in the order of `ManifestRow`."""

_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {field.name: field.default for field in fields(ManifestRow) if field.default is not MISSING}
)
_OPTIONAL = frozenset(name for name, value in _DEFAULTS.items() if value is None)
_EMPTY_MEANS_DEFAULT = frozenset(_DEFAULTS) - {"state"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    column: str
    must: str
    broken: pl.Expr


def _one_of(column: str) -> _Rule:
    """Return the rule of a column whose field is a `Literal`, or one or None."""
    hint = _HINTS[column]
    literal = hint if get_origin(hint) is Literal else get_args(hint)[0]
    words = [*get_args(literal), *(["empty"] if column in _OPTIONAL else [])]
    return _Rule(
        column=column,
        must=f"must be {', '.join(words[:-1])} or {words[-1]}",
        broken=~pl.col(column).is_in(get_args(literal)),
    )


_IS_UNREADABLE = pl.col("state") == "unreadable"
_RULES: tuple[_Rule, ...] = (
    _Rule(
        column="path",
        must="must name a file below the films' root: forward slashes, no '..', no drive",
        # A drive letter or a backslash leaves the root, or names another film, on Windows.
        broken=pl.col("path").str.contains(r"^$|^/|//|/$|\\|^[A-Za-z]:|\x00|(^|/)\.\.?(/|$)"),
    ),
    _Rule(
        column="path",
        must="must be in the manifest once",
        broken=pl.col("path").is_duplicated(),
    ),
    _one_of("state"),
    _Rule(
        column="sha256",
        must="must be 64 hexadecimal digits in lower case (or empty where the film is unreadable)",
        broken=~(
            pl.col("sha256").str.contains(r"^[0-9a-f]{64}$")
            | (_IS_UNREADABLE & (pl.col("sha256") == ""))
        ),
    ),
    _Rule(
        column="film_id",
        must="must be the first 16 digits of sha256",
        broken=pl.col("film_id") != pl.col("sha256").str.slice(0, 16),
    ),
    *(
        _Rule(
            column=column,
            must="must be a positive number of pixels where the film is readable",
            broken=(pl.col(column) < 0) | ((pl.col("state") == "readable") & (pl.col(column) == 0)),
        )
        for column in ("rows", "columns")
    ),
    _one_of("split"),
    _one_of("published_split"),
    _Rule(
        column="pixel_aspect",
        must="must be a positive number, or empty",
        broken=~(pl.col("pixel_aspect").is_finite() & (pl.col("pixel_aspect") > 0)),
    ),
    _one_of("sex"),
    _Rule(
        column="age",
        must="must be a number of years, 0 or more",
        broken=~(pl.col("age").is_finite() & (pl.col("age") >= 0)),
    ),
    _Rule(
        column="audit",
        must="must be the stamp that `osteon clean` wrote, or empty",
        broken=~pl.col("audit").str.contains(STAMP_PATTERN),
    ),
)


def build_frame(rows: Sequence[ManifestRow]) -> pl.DataFrame:
    """Return the rows as a frame with the columns and types of `SCHEMA`."""
    values: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in SCHEMA}
    # As plain lists: a named tuple would become a struct.
    values["boxes"] = [[list(box) for box in row.boxes] for row in rows]
    return pl.DataFrame(values, schema=dict(SCHEMA))


def parse_rows(frame: pl.DataFrame, *, where: str) -> tuple[ManifestRow, ...]:
    """Check a frame and return its rows, in its order.

    Args:
        frame: Columns of `SCHEMA`; those with a default in `ManifestRow` may be absent.
        where: The file the frame came from, for the fault's address.

    Returns:
        One row per film.

    Raises:
        ManifestFault: If a column is missing, unknown or of another type, or a value cannot be;
            the fault names the file, the column and the row (1 is the first film).
    """
    check_names(frame.columns, where=where)
    whole = _fill_defaults(frame)
    for name, kind in SCHEMA.items():
        if whole.schema[name] != kind:
            raise ManifestFault(
                f"{where}, column {name}", f"must be of type {kind}", found=str(whole.schema[name])
            )
    _check_values(whole, where=where)
    columns = {name: whole[name].to_list() for name in SCHEMA}
    columns["body_region"] = [tuple(words) for words in columns["body_region"]]
    columns["view"] = [tuple(words) for words in columns["view"]]
    for name, parse in (("boxes", parse_box), ("polygons", parse_polygon)):
        columns[name] = _parse_shapes(columns[name], name, parse, where=where)
    names = tuple(columns)
    return tuple(
        ManifestRow(**dict(zip(names, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    )


def check_names(names: Sequence[str], *, where: str) -> None:
    """Refuse a table whose columns are not a manifest's.

    Args:
        names: The table's columns.
        where: The file, for the fault's address.

    Raises:
        ManifestFault: If a needed column is missing, or one is unknown.
    """
    missing = [name for name in SCHEMA if name not in names and name not in _DEFAULTS]
    if missing:
        raise ManifestFault(
            where,
            f"must have the columns {', '.join(missing)}",
            found=list(names)[:8],
            advice="Make a manifest with `osteon import`.",
        )
    for name in names:
        if name not in SCHEMA:
            close = difflib.get_close_matches(name, SCHEMA, n=1)
            raise ManifestFault(
                f"{where}, column {name}",
                "must be a column that a manifest has",
                advice=f"Did you mean {close[0]}?" if close else "Remove the column.",
            )


def build_text_table(frame: pl.DataFrame) -> str:
    """Return a frame of `SCHEMA` as CSV; nested columns are JSON, or nothing where empty."""
    plain = frame.with_columns(
        pl.Series(name, [json.dumps(v) if v else None for v in frame[name].to_list()], pl.String)
        for name, kind in SCHEMA.items()
        if isinstance(kind, pl.List)
    )
    return plain.write_csv()


def parse_text_table(frame: pl.DataFrame, *, where: str) -> pl.DataFrame:
    """Give a CSV's cells, all text, the types of `SCHEMA`.

    Args:
        frame: Text columns, as read from a CSV.
        where: The file, for the fault's address.

    Returns:
        The same table, typed; an empty cell is null.

    Raises:
        ManifestFault: If a cell is not of its column's type.
    """
    check_names(frame.columns, where=where)
    text = frame.select(pl.all().replace("", None))
    typed = {name: _parse_column(text[name], where=where) for name in text.columns}
    return pl.DataFrame(typed)


def parse_box(value: Any) -> Box | None:
    """Return [x0, y0, x1, y1] as a box in source pixels, or None where it is none."""
    if not _are_numbers(value) or len(value) != 4:
        return None
    box = Box(*map(float, value))
    return box if box.x0 < box.x1 and box.y0 < box.y1 else None


def parse_polygon(value: Any) -> Polygon | None:
    """Return [[x, y], …] as a polygon of three corners or more, or None where it is none."""
    if not isinstance(value, list | tuple) or len(value) < 3:
        return None
    if not all(_are_numbers(corner) and len(corner) == 2 for corner in value):
        return None
    return tuple((float(x), float(y)) for x, y in value)


_ENDLESS: Final = 1e300
"""No place on a film; whole numbers in a file may be larger than any float."""


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(number, int | float) and abs(number) < _ENDLESS for number in value
    )


def _fill_defaults(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that may be absent, and fill the gaps of those that are never None."""
    absent = {name: SCHEMA[name] for name in SCHEMA if name not in frame.columns}
    # A column without any value has no type of its own yet.
    untyped = [name for name, kind in frame.schema.items() if kind == pl.Null]
    whole = frame.with_columns(
        *(pl.lit(None, kind).alias(name) for name, kind in absent.items()),
        *(pl.col(name).cast(SCHEMA[name]) for name in untyped),
    ).select(list(SCHEMA))
    if "state" in absent:
        whole = whole.with_columns(pl.lit("readable").alias("state"))
    # Only an unreadable film may lack its hash; the rule for sha256 says so.
    gaps = whole.with_columns(pl.col("film_id", "sha256").fill_null(""))
    filled = [
        pl.when(pl.col(name).is_null())
        .then(pl.lit("") if name == "collection" else pl.lit([], SCHEMA[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name in _EMPTY_MEANS_DEFAULT - _OPTIONAL
        if gaps.schema[name] == SCHEMA[name]
    ]
    return gaps.with_columns(filled)


def _check_values(frame: pl.DataFrame, *, where: str) -> None:
    for name in SCHEMA:
        if name not in _OPTIONAL:
            _refuse(frame, name, "must be filled in", frame[name].is_null(), where=where)
    broken = frame.select(rule.broken.alias(str(at)) for at, rule in enumerate(_RULES))
    for at, rule in enumerate(_RULES):
        _refuse(frame, rule.column, rule.must, broken[str(at)], where=where)


def _refuse(frame: pl.DataFrame, column: str, must: str, broken: pl.Series, *, where: str) -> None:
    rows = broken.fill_null(value=False).arg_true()
    if len(rows):
        first = int(rows[0])
        more = f" {len(rows) - 1} more rows have the same fault." if len(rows) > 1 else ""
        raise ManifestFault(
            f"{where}, row {first + 1}, column {column}",
            must,
            found=frame[column][first],
            advice=f"Correct the row, or import the collection again.{more}",
        )


def _parse_shapes(
    column: list[Any], name: str, parse: Callable[[Any], Any], *, where: str
) -> list[tuple[Any, ...]]:
    parsed: list[tuple[Any, ...]] = []
    for at, shapes in enumerate(column):
        found = tuple(parse(shape) for shape in shapes) if shapes else ()
        if None in found:
            raise ManifestFault(
                f"{where}, row {at + 1}, column {name}",
                "must list boxes [x0, y0, x1, y1] with x0 < x1 and y0 < y1"
                if name == "boxes"
                else "must list polygons [[x, y], …] of three corners or more",
                found=shapes[found.index(None)],
            )
        parsed.append(found)
    return parsed


def _parse_column(text: pl.Series, *, where: str) -> pl.Series:
    kind = SCHEMA[text.name]
    if isinstance(kind, pl.List):
        values = [_parse_json(cell, at, text.name, where) for at, cell in enumerate(text)]
        try:
            return pl.Series(text.name, values, kind)
        except (pl.exceptions.PolarsError, TypeError) as fault:
            raise ManifestFault(
                f"{where}, column {text.name}", "must hold JSON lists, such as [[1, 2, 30, 40]]"
            ) from fault
    if kind == pl.Boolean():
        # A spreadsheet writes TRUE.
        typed = text.str.to_lowercase().replace_strict(
            {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
        )
    else:
        typed = text.cast(kind, strict=False)
    example = "true or false" if kind == pl.Boolean() else "a number"
    _refuse(
        text.to_frame(),
        text.name,
        f"must be {example}",
        typed.is_null() & text.is_not_null(),
        where=where,
    )
    return typed


def _parse_json(cell: str | None, at: int, column: str, where: str) -> list[Any]:
    if cell is None:
        return []
    try:
        value = json.loads(cell)
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise ManifestFault(
            f"{where}, row {at + 1}, column {column}", "must be a JSON list", found=cell[:80]
        )
    return value
