"""The package as a stranger installs it: a copy, with another default release, or with none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import osteon
from osteon.inference.bundled import DEFAULT_RELEASE, find_default_release
from tests.releases import build_release

SOURCE = Path(osteon.__file__).parent


def has_default_release() -> bool:
    """Return whether this checkout holds the release that comes with Osteon."""
    try:
        return find_default_release().is_file()
    except osteon.errors.ReleaseMissing:
        return False


def copy_package(folder: Path, *, with_release: bool) -> Path:
    """Copy the package into a folder; its default release is a small one of the tests, or gone."""
    passed_over = shutil.ignore_patterns("__pycache__", f"{DEFAULT_RELEASE}.osteon")
    shutil.copytree(SOURCE, folder / "osteon", ignore=passed_over)
    if with_release:
        data = folder / "osteon" / "inference" / "data"
        build_release(data, name=f"{DEFAULT_RELEASE}.osteon", card={"name": DEFAULT_RELEASE})
    return folder


def run_copied(package: Path, code: str, *arguments: str, at: Path) -> tuple[int, str, str]:
    """Run Python code with a copied package, elsewhere; return exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=at,
        env=os.environ | {"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


COMMAND = "from osteon.cli import main; main()"
"""Code that is the `osteon` command."""
