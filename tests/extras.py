"""A Python that sees only what an extra of the package brings, as a clean install would."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))[
    "project"
]

_CODE = """
import sys

hidden = frozenset(sys.argv[1].split(","))


class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
sys.argv = ["osteon", *sys.argv[2:]]
"""

_RUN = "from osteon.cli import main\nmain()\n"


@cache
def list_hidden(extra: str) -> frozenset[str]:
    """Return the import names of what is installed here and is not brought by the base install.

    Args:
        extra: Whose packages count as well; empty for the base install alone.
    """
    needs = list(PROJECT["dependencies"])
    if extra:
        needs += PROJECT["optional-dependencies"][extra]
    seen: set[str] = set()
    waiting = [Requirement(need) for need in needs]
    while waiting:
        need = waiting.pop()
        name = _normalise(need.name)
        key = f"{name}[{','.join(sorted(need.extras))}]"
        if key in seen or not _applies(need, ""):
            continue
        seen.add(key)
        for line in distribution(need.name).requires or ():
            inner = Requirement(line)
            if any(_applies(inner, one) for one in ("", *need.extras)):
                inner.marker = None
                waiting.append(inner)
    brought = {key.partition("[")[0] for key in seen} | {"osteon"}
    return frozenset(
        package
        for package, names in packages_distributions().items()
        if not brought & {_normalise(name) for name in names}
    )


def run_with(extra: str, *arguments: object, code: str = _RUN) -> subprocess.CompletedProcess[str]:
    """Run the command, or other code, with the packages of an extra alone.

    Args:
        extra: Such as "audit"; empty for the base install.
        arguments: Behind `osteon`.
        code: What is run.
    """
    hidden = ",".join(sorted(list_hidden(extra)))
    words = [str(argument) for argument in arguments]
    return subprocess.run(
        [sys.executable, "-c", _CODE + code, hidden, *words],
        capture_output=True,
        text=True,
        check=False,
    )


def _applies(need: Requirement, extra: str) -> bool:
    return need.marker is None or need.marker.evaluate({"extra": extra})


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
