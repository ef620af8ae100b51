"""Osteon reads bone radiographs for fractures. Research use; not a medical device.

    import osteon

    detector = osteon.Detector.default()
    reading = detector.read("wrist.jpg")
    print(reading.decision, reading.probability, reading.findings)

`Detector.load("NAME.osteon")` reads with another release. `readings_to_polars` and
`readings_to_pandas` make a table of many readings.
The steps from a folder of films to a
release of your own are `import_films`, `audit`, `clean`, `split`, `train`, `evaluate` and `export`.

Names are looked up when they are first used: the processes that decode films import this package
too, and have no use for a network's runtime.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from osteon import errors
    from osteon.api.collections import audit, clean, import_films, split
    from osteon.api.models import evaluate, export, train
    from osteon.inference.detector import Detector
    from osteon.reports.reading_frames import readings_to_pandas, readings_to_polars
    from osteon.terms import Finding, Manifest, Radiograph, Reading, Reason

    __version__: str

__all__ = [
    "Detector",
    "Finding",
    "Manifest",
    "Radiograph",
    "Reading",
    "Reason",
    "__version__",
    "audit",
    "clean",
    "errors",
    "evaluate",
    "export",
    "import_films",
    "readings_to_pandas",
    "readings_to_polars",
    "split",
    "train",
]

_HOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Detector": "osteon.inference.detector",
        "Finding": "osteon.terms",
        "Manifest": "osteon.terms",
        "Radiograph": "osteon.terms",
        "Reading": "osteon.terms",
        "Reason": "osteon.terms",
        "readings_to_pandas": "osteon.reports.reading_frames",
        "readings_to_polars": "osteon.reports.reading_frames",
        "audit": "osteon.api.collections",
        "clean": "osteon.api.collections",
        "evaluate": "osteon.api.models",
        "export": "osteon.api.models",
        "import_films": "osteon.api.collections",
        "split": "osteon.api.collections",
        "train": "osteon.api.models",
    }
)


class _Face(ModuleType):
    """This module: a room never takes the place of a public name.

    Python sets each submodule on its package when it is imported. The room `osteon.audit` and the
    function `osteon.audit` share their name; people call the function, and the house writes
    `from osteon.audit.run import …`, which does not ask this attribute.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


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
