"""The scripts of `benchmarks/`, which are no part of the package."""

import importlib
import sys
from pathlib import Path
from types import ModuleType


def load_script(name: str) -> ModuleType:
    """Load a script, and the scripts beside it that it needs."""
    benchmarks = str(Path(__file__).parents[1] / "benchmarks")
    sys.path.insert(0, benchmarks)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(benchmarks)
