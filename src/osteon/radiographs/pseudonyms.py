"""A patient becomes a pseudonym: a keyed hash, so that trying all numbers leads nowhere."""

import hashlib
import hmac
from typing import Final

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
