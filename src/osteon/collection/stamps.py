"""Stamps: which audit searched a film for copies, and which picture it found on the film.

A film's stamp stands in its row of the manifest, so that it survives filters and is missing where
a film joins later. It names the film's picture, so that copies stay together although somebody
empties the column of groups, and ends in a check of the film's content: a cell that was copied from
another row of a spreadsheet is no stamp of this film.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from osteon.release.card import Independence
from osteon.terms import ManifestRow

STAMP_PATTERN: Final = (
    r"^\d{4}-\d{2}-\d{2} osteon \S+ audit [0-9a-f]{16} picture [0-9a-f]{16} check [0-9a-f]{8}$"
)
"""How a stamp looks, such as "2026-11-29 osteon 0.1.0 audit … picture … check …"."""

_PARTS: Final = re.compile(r"(.+ audit ([0-9a-f]{16})) picture ([0-9a-f]{16}) check ([0-9a-f]{8})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """One film's stamp.

    Attributes:
        audit: Day, version and hash of the audit: "2026-11-29 osteon 0.1.0 audit 7f3a…". The hash
            is of its limits and of the films that it searched together.
        identity: That hash alone; equal for two audits of the same films with the same limits.
        picture: The smallest film id among all copies of the film's picture that the audit saw.
    """

    audit: str
    identity: str
    picture: str


def format_stamp(row: ManifestRow, stamp: Stamp) -> str:
    """Return a film's stamp as its cell holds it.

    Args:
        row: The film.
        stamp: What is to be said of it.
    """
    check = _check(row.sha256, stamp.identity, stamp.picture)
    return f"{stamp.audit} picture {stamp.picture} check {check}"


def read_stamp(row: ManifestRow) -> Stamp | None:
    """Return a film's stamp; None where it has none, or carries that of another film.

    Args:
        row: The film.
    """
    parts = None if row.audit is None else _PARTS.fullmatch(row.audit)
    if parts is None:
        return None
    audit, identity, picture, check = parts.groups()
    if check != _check(row.sha256, identity, picture):
        return None
    return Stamp(audit=audit, identity=identity, picture=picture)


def describe_independence(rows: Sequence[ManifestRow], *, n_leaks: int = 0) -> Independence:
    """Return what is known of whether films are cases of their own: copies and patients.

    Args:
        rows: The films that count together, such as train, tune and test of one collection; those
            that are not whole are passed over, and identical files are one film.
        n_leaks: Groups of them that are known to stand in several splits.
    """
    found: dict[str, Stamp | None] = {}
    patients: dict[str, bool] = {}
    for row in rows:
        if row.state == "readable":
            found[row.sha256] = found.get(row.sha256) or read_stamp(row)
            patients[row.sha256] = patients.get(row.sha256, False) or row.patient_key is not None
    stamps = [stamp for stamp in found.values() if stamp is not None]
    counts = Counter(stamp.identity for stamp in stamps)
    identity, n_seen = counts.most_common(1)[0] if counts else ("", 0)
    looked_for = 0 < n_seen == len(found)
    audits = sorted({stamp.audit for stamp in stamps if stamp.identity == identity})
    return Independence(
        copies_looked_for=looked_for,
        audit=audits[-1] if looked_for else "",
        n_films=len(found),
        n_not_audited=len(found) - n_seen,
        n_audits=len(counts),
        n_without_patient=sum(not is_known for is_known in patients.values()),
        n_leaks=n_leaks,
    )


def _check(sha256: str, identity: str, picture: str) -> str:
    return hashlib.sha256(f"{sha256}\n{identity}\n{picture}".encode()).hexdigest()[:8]
