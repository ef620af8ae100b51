"""What is kept of a patient: a pseudonym, an age in years, a sex.

A pseudonym is a keyed hash, so that trying all numbers leads nowhere.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from osteon.terms import Sex

SEXES: Final[Mapping[str, Sex]] = MappingProxyType(
    {"f": "female", "m": "male", "o": "other"}  # PS3.3 C.7.1.1
)
"""By DICOM's letter, in lower case."""

_YEARS: Final[Mapping[str, float]] = MappingProxyType(
    {"": 1.0, "y": 1.0, "m": 1 / 12, "w": 7 / 365.25, "d": 1 / 365.25}  # PS3.5 6.2, AS
)

# What a table or a de-identified header says instead of a Patient ID. Taken for one, it would tie
# all films of a collection into one group.
_NOBODY: Final = frozenset(
    {
        *("", "na", "n/a", "nan", "none", "null", "unknown"),
        *("anon", "anonym", "anonymous", "anonymized", "anonymised", "deidentified", "removed"),
    }
)


def build_pseudonym(patient: str, salt: str) -> str | None:
    """Return a patient's pseudonym; None where the text names nobody.

    Args:
        patient: A Patient ID, from a table or a header.
        salt: A secret; equal salts turn equal patients into equal pseudonyms.

    Returns:
        The first 16 hex digits of HMAC-SHA256.

    >>> build_pseudonym("Anonymous", "salt") is None
    True
    """
    if patient.strip().casefold() in _NOBODY:
        return None
    return hmac.digest(salt.encode(), patient.encode(), hashlib.sha256).hex()[:16]


def parse_age(text: str) -> float | None:
    """Return an age in years; None where the text is no age.

    Args:
        text: Years, or as DICOM writes an age.

    >>> parse_age("045Y"), parse_age("6M"), parse_age("45.5"), parse_age("old")
    (45.0, 0.5, 45.5, None)
    """
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?([ymwd]?)", text.casefold(), re.ASCII)
    return round(float(match[1]) * _YEARS[match[2]], 4) if match else None
