"""Readings for programs: one line of JSON each as they come, and a table.

The JSON's schema lies beside this module (`readings.schema.json`). Evidence is not in it: it is an
array of the film's size, for `osteon.Detector` or a picture.
"""

import csv
import io
import json
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

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


def build_record(reading: Reading, path: Path, *, overlay: Path | None = None) -> ReadingRecord:
    """Return a reading's record.

    Args:
        reading: The reading.
        path: Of the film.
        overlay: Its picture.
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
    )


class ReadingFiles:
    """Holds the files that readings are written to while they come.

    Each line of JSON is whole and on disk before the next film's; the table appears at the end.

    Args:
        lines: The file of JSON lines, or None.
        table: The CSV file, or None.
    """

    def __init__(self, *, lines: Path | None, table: Path | None) -> None:
        self._lines_to, self._table_to = lines, table
        self._table = io.StringIO(newline="")
        self._writer = csv.writer(self._table, lineterminator="\n")
        self._writer.writerow(COLUMNS)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open the file of lines.

        Raises:
            OutputFault: If it cannot be written.
        """
        if self._lines_to is not None:
            try:
                self._lines_to.parent.mkdir(parents=True, exist_ok=True)
                self._lines = self._open.enter_context(self._lines_to.open("w", encoding="utf-8"))
            except OSError as fault:
                raise OutputFault(str(self._lines_to), _MUST, advice=_ELSEWHERE) from fault
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
        if self._table_to is not None:
            write_whole(self._table_to, self._table.getvalue().encode("utf-8"))

    def add(self, record: ReadingRecord) -> None:
        """Write one reading.

        Args:
            record: It.

        Raises:
            OutputFault: If it cannot be written.
        """
        plain = asdict(record)
        findings = "; ".join(
            " ".join(f"{number:g}" for number in (*found.box, found.probability))
            for found in record.findings
        )
        told = plain | {
            "n_findings": len(record.findings),
            "findings": findings,
            "reasons": " ".join(record.reasons),
            "reason_codes": " ".join(record.reason_codes),
        }
        self._writer.writerow([told[column] for column in COLUMNS])
        if self._lines_to is None:
            return
        try:
            self._lines.write(json.dumps(plain, ensure_ascii=False, allow_nan=False) + "\n")
            self._lines.flush()
        except OSError as fault:
            raise OutputFault(str(self._lines_to), _MUST, advice=_ELSEWHERE) from fault
