"""Osteon reads bone radiographs for fractures. Research use; not a medical device.

    import osteon

    detector = osteon.Detector.default()
    reading = detector.read("wrist.jpg")
    print(reading.decision, reading.probability, reading.findings)

`Detector.load("NAME.osteon")` reads with another release. `readings_to_polars` and
`readings_to_pandas` make a table of many readings.

Names are looked up when they are first used: the processes that decode films import this package
too, and have no use for a network's runtime.
"""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from osteon import errors
    from osteon.inference.detector import Detector
    from osteon.reports.reading_frames import readings_to_pandas, readings_to_polars
    from osteon.terms import Finding, Radiograph, Reading, Reason

    __version__: str

__all__ = [
    "Detector",
    "Finding",
    "Radiograph",
    "Reading",
    "Reason",
    "__version__",
    "errors",
    "readings_to_pandas",
    "readings_to_polars",
]

_HOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Detector": "osteon.inference.detector",
        "Finding": "osteon.terms",
        "Radiograph": "osteon.terms",
        "Reading": "osteon.terms",
        "Reason": "osteon.terms",
        "readings_to_pandas": "osteon.reports.reading_frames",
        "readings_to_polars": "osteon.reports.reading_frames",
    }
)


def __getattr__(name: str) -> Any:
    """Return one of the names in `__all__` (PEP 562).

    Raises:
        AttributeError: If there is no such name.
    """
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "errors":
        return import_module("osteon.errors")
    if name == "__version__":
        return version("osteon")
    raise AttributeError(f"module 'osteon' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names that are meant for use."""
    return sorted(__all__)
