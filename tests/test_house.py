"""The rules of the house that a machine can check."""

import ast
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from osteon.errors import EXTRA_OF

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "src" / "osteon").rglob("*.py"))
NAMES = [path.relative_to(ROOT / "src").as_posix() for path in MODULES]

# Written in parts, so that this file does not break its own rule.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|tmp|opt|root|home/\w+)/" + r"[\w.]")
REGISTRY = re.compile(
    r"index-url|find-links|files\.pythonhosted|pypi\.org/simple|file://|https?://"
)


def find_tracked_files() -> list[Path]:
    """Files that git holds or would hold; nothing outside a checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def test_the_import_contracts_hold():
    """Rooms import downwards only, and each heavy package has one home."""
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_is_short_and_silent(path):
    """A module has 400 lines at most, is no drawer for odds and ends, and prints nothing itself."""
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400, "when a reader must scroll back, split"
    assert path.name not in {"utils.py", "helpers.py", "common.py", "misc.py"}
    calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    prints = [f for f in calls if isinstance(f, ast.Name) and f.id == "print"]
    assert not prints or "cli" in path.parts
    assert "TODO" not in text


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_only_jobs_and_those_who_ask_them_import_inside_a_function(path):
    """Elsewhere the top of the file says everything that a module needs."""
    if {"jobs", "cli", "api"} & set(path.parts):
        return
    tree = ast.parse(path.read_text("utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    hidden = [
        n for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    assert not hidden, f"line {hidden[0].lineno}"


def test_decisions_are_short_and_numbered():
    """A decision is a page: what was decided, and why."""
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        assert re.match(r"\d{4}-[a-z0-9-]+\.md$", path.name), path.name
        assert len(path.read_text("utf-8").split()) <= 400, path.name


def test_no_file_names_a_machine():
    """No path of somebody's machine stands in a file that others get."""
    texts = [p for p in find_tracked_files() if p.suffix not in {".png", ".ico", ".onnx"}]
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path in texts
        if (hit := MACHINE_PATH.search(path.read_text("utf-8", errors="replace")))
    ]
    assert not found


def test_pinned_versions_name_no_registry():
    """The constraints fit every mirror: exact versions and hashes, and no address."""
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert not REGISTRY.search(text)
    pins = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert all("==" in pin and pin.endswith("\\") for pin in pins)


def test_pinned_versions_cover_what_the_package_needs():
    """Each need of the package and of each extra stands in the constraints."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needs = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    pins = (ROOT / "constraints.txt").read_text("utf-8")
    names = {re.split(r"[\[<>=~; ]", need)[0].lower() for need in needs} - {"osteon"}
    missing = [name for name in sorted(names) if not re.search(rf"^{name}==", pins, re.MULTILINE)]
    assert not missing, "run make lock"


def test_a_missing_package_is_blamed_on_the_extra_that_has_it():
    """The table of import names agrees with pyproject.toml."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    spelled = {
        "sklearn": "scikit-learn",
        "cv2": "opencv-python-headless",
        "faiss": "faiss-cpu",
        "lightning_fabric": "lightning-fabric",
        "tomli_w": "tomli-w",
    }
    listed = {
        (re.split(r"[\[<>=~; ]", need)[0], extra)
        for extra in ("audit", "train")
        for need in extras[extra]
    }
    told = {(spelled.get(package, package), extra) for package, extra in EXTRA_OF.items()}
    assert told == listed - {("osteon", "train")}


def test_help_is_quick_to_come():
    """`osteon --help` loads none of the heavy packages."""
    code = (
        "import sys; from osteon.cli.app import run; code = run(['--help']);"
        "heavy = {'torch', 'polars', 'scipy', 'matplotlib', 'onnxruntime', 'numpy', 'pydantic'};"
        "sys.exit(code or ' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout
