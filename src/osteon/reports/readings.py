"""Readings for programs: one line of JSON each as they come, and a table.

The JSON's schema lies beside this module (`readings.schema.json`). Evidence is not in it: it is an
array of the film's size, for `osteon.Detector` or a picture.
"""

import csv
import io
import json
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from osteon.errors import OutputFault
from osteon.files import write_whole
from osteon.geometry import Box
from osteon.terms import Decision, Reading
from osteon.wording import spell

COLUMNS: Final = (
    "path",
    "decision",
    "probability",
    "n_findings",
    "findings",
    "reasons",
    "reason_codes",
    "sop_instance_uid",
    "series_instance_uid",
    "study_instance_uid",
    "release",
    "overlay",
    "release_sha256",
    "read_at",
    "doubt_from",
    "fracture_from",
    "film_sha256",
)
"""Of the table; `docs/readings.md` describes each."""

_MUST: Final = "must be a place that can be written"
_ELSEWHERE: Final = "Free some space there, or name another folder."


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingRecord:
    """A finding in numbers.

    Attributes:
        box: (x0, y0, x1, y1) in the film's pixels.
        probability: That there is a fracture in it, never above that of the film.
        is_best_place: Whether it is too faint for a finding, and only the best place of a film
            called "fracture".
    """

    box: Box
    probability: float
    is_best_place: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingRecord:
    """A reading without its evidence.

    Attributes:
        path: Of the film, as it was given or found.
        decision: "fracture", "doubt", "no fracture" or "not read".
        probability: Of a fracture in the film; None where it was not read.
        findings: Likeliest first.
        reasons: Why it was not read, or what was decided before it was.
        reason_codes: Short stable names of the same, in the same order.
        sop_instance_uid: Of a DICOM film.
        series_instance_uid: Of its series.
        study_instance_uid: Of its study.
        release: That read it.
        overlay: Its picture, where one was drawn.
        release_sha256: Of the release's file.
        read_at: When, in UTC.
        doubt_from: Probability below which the film would be called "no fracture".
        fracture_from: Probability from which it would be called "fracture".
        film_sha256: Of the film's file; None where there was none, or where it changed meanwhile.
    """

    path: str
    decision: Decision
    probability: float | None
    findings: tuple[FindingRecord, ...]
    reasons: tuple[str, ...]
    reason_codes: tuple[str, ...]
    sop_instance_uid: str | None
    series_instance_uid: str | None
    study_instance_uid: str | None
    release: str
    overlay: str | None
    release_sha256: str | None = None
    read_at: str | None = None
    doubt_from: float | None = None
    fracture_from: float | None = None
    film_sha256: str | None = None


def build_record(
    reading: Reading,
    path: str | Path,
    *,
    overlay: Path | None = None,
    film_sha256: str | None = None,
) -> ReadingRecord:
    """Return a reading's record.

    Args:
        reading: The reading.
        path: Of the film.
        overlay: Its picture.
        film_sha256: Of the film's file.
    """
    instance = reading.instance
    return ReadingRecord(
        path=spell(path),
        decision=reading.decision,
        probability=reading.probability,
        findings=tuple(
            FindingRecord(
                box=tuple(round(side, 1) for side in finding.box),  # type: ignore[arg-type]
                probability=finding.probability,
                is_best_place=finding.is_best_place,
            )
            for finding in reading.findings
        ),
        reasons=tuple(spell(reason.text) for reason in reading.reasons),
        reason_codes=tuple(reason.code for reason in reading.reasons),
        sop_instance_uid=instance.sop_instance_uid if instance else None,
        series_instance_uid=instance.series_instance_uid if instance else None,
        study_instance_uid=instance.study_instance_uid if instance else None,
        release=reading.release,
        overlay=None if overlay is None else spell(overlay),
        release_sha256=reading.release_sha256,
        read_at=reading.read_at,
        doubt_from=reading.doubt_from,
        fracture_from=reading.fracture_from,
        film_sha256=film_sha256,
    )


def build_row(record: ReadingRecord) -> dict[str, str | float | None]:
    """Return a record as a row of the table: one plain value for each of `COLUMNS`.

    Args:
        record: Of a reading.
    """
    findings = "; ".join(
        " ".join(f"{number:g}" for number in (*found.box, found.probability))
        for found in record.findings
    )
    told = asdict(record) | {
        "n_findings": len(record.findings),
        "findings": findings,
        "reasons": " ".join(record.reasons),
        "reason_codes": " ".join(record.reason_codes),
    }
    return {column: told[column] for column in COLUMNS}


def parse_record(line: str | bytes) -> ReadingRecord:
    """Return the record that a line of `readings.jsonl` holds.

    Args:
        line: Of the file. Members that this version does not know are left out.

    Raises:
        ValueError: If it is no reading, or no JSON.
    """
    told: Any = json.loads(line)
    known = {field.name for field in fields(ReadingRecord)}
    try:
        findings = tuple(
            FindingRecord(
                box=Box(*found["box"]),
                probability=found["probability"],
                is_best_place=found.get("is_best_place", False),
            )
            for found in told["findings"]
        )
        lists = {name: tuple(told.get(name, ())) for name in ("reasons", "reason_codes")}
        plain = {name: value for name, value in told.items() if name in known}
        return ReadingRecord(**(plain | lists | {"findings": findings}))
    except (AttributeError, KeyError, TypeError) as fault:
        raise ValueError("not a reading") from fault


class ReadingFiles:
    """Holds the files that readings are written to while they come.

    Each line of JSON is whole and on disk before the next film's. The table appears at the end,
    whole; a live one grows row by row.

    Args:
        lines: The file of JSON lines, or None.
        table: The CSV file, or None.
        earlier: What the file of lines holds already and keeps; None for a new file.
        is_live: Whether the table grows with each reading.
    """

    def __init__(
        self,
        *,
        lines: Path | None,
        table: Path | None,
        earlier: Sequence[ReadingRecord] | None = None,
        is_live: bool = False,
    ) -> None:
        self._lines_to, self._table_to, self._is_live = lines, table, is_live
        self._goes_on = earlier is not None
        self._table: TextIO = io.StringIO(newline="")
        self._set_out_rows([list(COLUMNS), *map(_list_cells, earlier or ())])
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open the files.

        Raises:
            OutputFault: If they cannot be written.
        """
        with ExitStack() as opened:
            if self._lines_to is not None:
                self._lines = _append_to(self._lines_to, opened, is_new=not self._goes_on)
            if self._table_to is not None and self._is_live:
                self._write_table(self._table_to)
                self._table = _append_to(self._table_to, opened)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the lines and write the table of what was read, also where reading was stopped."""
        with suppress(OSError):  # each line was flushed
            self._open.close()
        if self._table_to is not None and not self._is_live:
            self._write_table(self._table_to)

    def add(self, record: ReadingRecord) -> None:
        """Write one reading.

        Args:
            record: It.

        Raises:
            OutputFault: If it cannot be written.
        """
        where = self._lines_to
        try:
            if self._lines_to is not None:
                line = json.dumps(asdict(record), ensure_ascii=False, allow_nan=False)
                self._lines.write(line + "\n")
                self._lines.flush()
            where = self._table_to
            self._set_out_rows([_list_cells(record)])
            self._table.flush()
        except OSError as fault:
            raise OutputFault(str(where), _MUST, advice=_ELSEWHERE) from fault

    def _set_out_rows(self, rows: Sequence[Sequence[object]]) -> None:
        csv.writer(self._table, lineterminator="\n").writerows(rows)

    def _write_table(self, path: Path) -> None:
        assert isinstance(self._table, io.StringIO)  # a live table is on disk
        write_whole(path, self._table.getvalue().encode("utf-8"))


def _append_to(path: Path, opened: ExitStack, *, is_new: bool = False) -> TextIO:
    """Open a file behind its end.

    Raises:
        OutputFault: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w" if is_new else "a", encoding="utf-8", newline="")
    except OSError as fault:
        raise OutputFault(str(path), _MUST, advice=_ELSEWHERE) from fault
    return opened.enter_context(file)


def _list_cells(record: ReadingRecord) -> list[object]:
    return list(build_row(record).values())
