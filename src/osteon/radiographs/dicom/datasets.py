"""A `pydicom.Dataset` that a caller has in hand becomes bytes, and goes the way of all bytes.

pydicom is the caller's then, not ours: reading files needs none of it.
"""

import io
from typing import Any, Final

from osteon.errors import UnreadableFilm

_FAULTS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
)


def write_dataset(dataset: Any, *, source: str) -> bytes | None:
    """Write a data set as a file would hold it.

    Args:
        dataset: Perhaps a `pydicom.Dataset`.
        source: How the person named it; starts every refusal.

    Returns:
        The file's bytes; None if it is no `pydicom.Dataset`.

    Raises:
        UnreadableFilm: If it cannot be written.
    """
    if not any(kind.__module__.startswith("pydicom.") for kind in type(dataset).__mro__):
        return None
    if not callable(getattr(dataset, "save_as", None)):
        return None
    # One that was made in memory does not say how it is to be written; any way serves here.
    for coding in ({}, {"implicit_vr": False, "little_endian": True}):
        buffer = io.BytesIO()
        try:
            dataset.save_as(buffer, **coding)
        except _FAULTS:
            continue
        return buffer.getvalue()
    raise UnreadableFilm(
        source,
        "must be a data set that pydicom can write",
        advice="Set its file_meta with the TransferSyntaxUID of its pixel data.",
    )
