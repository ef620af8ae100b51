"""The researcher's face: one function for each step from a folder of films to a release.

    import osteon

    osteon.import_films("films/", "manifest.parquet")
    osteon.audit("manifest.parquet", "audit/")
    osteon.clean("manifest.parquet", "audit/", "clean.parquet")
    osteon.split("clean.parquet", "split.parquet", train=65, tune=15, test=20)
    osteon.train("mobilenetv2", "split.parquet", "runs/first")
    osteon.evaluate("runs/first")
    osteon.export("runs/first", "first.osteon")

Each takes paths, shares and names, does what the command of that name does, and returns the job's
report. A job is imported when its function is called, so that these names are there in the base
install too: what is missing is then said by a fault that names the extra.
"""

from os import PathLike
from pathlib import Path

AnyPath = str | PathLike[str]


def to_path(given: AnyPath | None) -> Path | None:
    """Return a path that may have been left out."""
    return None if given is None else Path(given)
