"""Readings as a data frame of polars or pandas: one row each, in the columns of `readings.csv`.

Both packages are optional, and neither is loaded before it is asked for.
"""

from collections.abc import Iterable
from dataclasses import asdict
from importlib import import_module
from typing import Any, Final

from osteon.errors import MissingExtra
from osteon.reports.readings import COLUMNS, ReadingRecord, build_record, build_row
from osteon.terms import Reading

_NUMBERS: Final = frozenset({"probability", "doubt_from", "fracture_from"})


def readings_to_polars(readings: Iterable[Reading]) -> Any:
    """Return readings as a `polars.DataFrame`, one row for each.

    Args:
        readings: As `Detector.read` and `Detector.read_many` return them; taken one by one.

    Returns:
        The columns of `readings.csv`. `findings` is a list of structs `box` (four numbers: x0, y0,
        x1, y1 in the film's pixels), `probability` and `is_best_place`. `path` is the reading's
        source; `overlay` and `film_sha256` are empty, since nothing was drawn or hashed.

    Raises:
        MissingExtra: If polars is not installed.
        TypeError: If something else than a reading comes.
    """
    polars = _load("polars", 'Install it with: pip install "osteon[audit]"')
    finding = polars.Struct(
        {
            "box": polars.Array(polars.Float64, 4),
            "probability": polars.Float64,
            "is_best_place": polars.Boolean,
        }
    )
    kinds = dict.fromkeys(COLUMNS, polars.String)
    kinds |= dict.fromkeys(_NUMBERS, polars.Float64)
    kinds |= {"n_findings": polars.Int64, "findings": polars.List(finding)}
    return polars.DataFrame(_list_rows(readings), schema=kinds)


def readings_to_pandas(readings: Iterable[Reading]) -> Any:
    """Return readings as a `pandas.DataFrame`, one row for each.

    Args:
        readings: As `Detector.read` and `Detector.read_many` return them; taken one by one.

    Returns:
        The columns of `readings_to_polars`; `findings` holds lists of dictionaries.

    Raises:
        MissingExtra: If pandas is not installed.
        TypeError: If something else than a reading comes.
    """
    pandas = _load("pandas", "Install it with: pip install pandas")
    frame = pandas.DataFrame(_list_rows(readings), columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(sorted(_NUMBERS), float) | {"n_findings": "int64"})


def _list_rows(readings: Iterable[Reading]) -> list[dict[str, Any]]:
    return [_build_row(build_record(_check(reading), reading.source)) for reading in readings]


def _build_row(record: ReadingRecord) -> dict[str, Any]:
    """Return the row of the table, its findings not spelled out but whole."""
    return build_row(record) | {"findings": [asdict(found) for found in record.findings]}


def _check(reading: object) -> Reading:
    """Return a reading.

    Raises:
        TypeError: If it is none.
    """
    if isinstance(reading, Reading):
        return reading
    raise TypeError(f"readings must be osteon.Reading each; found {type(reading).__qualname__}")


def _load(package: str, advice: str) -> Any:
    """Return a package.

    Raises:
        MissingExtra: If it is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as fault:
        raise MissingExtra(package, "must be installed for this", advice=advice) from fault
