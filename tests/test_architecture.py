"""docs/architecture.md says how the code is laid out; here it is held to it."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "osteon"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
LONGEST_WALK = 12


def read_section(title: str) -> str:
    """Return what stands under a heading, up to the next one of its level or above."""
    level = re.search(rf"^(#+) {re.escape(title)}$", PAGE, re.MULTILINE)
    assert level, title
    rest = PAGE[level.end() :]
    end = re.search(rf"^#{{1,{len(level.group(1))}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def find_rooms() -> set[str]:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return folders | {path.stem for path in PACKAGE.glob("*.py") if path.stem[0] != "_"}


def is_defined(dotted: str) -> bool:
    """Return whether a module, or something that a module holds, has this name below `osteon`."""
    parts = dotted.split(".")
    for n_module in range(len(parts), 0, -1):
        place = PACKAGE.joinpath(*parts[:n_module])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if file.is_file():
            return _holds(ast.parse(file.read_text("utf-8")).body, parts[n_module:])
    return False


def _holds(body: list[ast.stmt], names: list[str]) -> bool:
    if not names:
        return True
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == names[0]:
            return _holds(node.body, names[1:])
        targets = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        if any(isinstance(target, ast.Name) and target.id == names[0] for target in targets):
            return len(names) == 1
    return False


def test_every_room_has_its_line():
    """The table of rooms lists the package's rooms, and no other."""
    assert set(re.findall(r"^\| `(\w+)` \|", read_section("Rooms"), re.MULTILINE)) == find_rooms()


def test_the_floors_are_those_of_the_contract():
    """Who may import whom is told as import-linter checks it; rooms to come are left out."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    contract = next(c for c in tools["importlinter"]["contracts"] if c["id"] == "floors")
    layers = [set(re.findall(r"\w+", layer)) & find_rooms() for layer in contract["layers"]]
    block = re.search(r"```text\n(.*?)```", read_section("Who may import whom"), re.DOTALL)
    told = [set(re.findall(r"\w+", line)) for line in block.group(1).splitlines()]
    assert told == [layer for layer in layers if layer]
    assert set().union(*told) == find_rooms()


WALKS = [
    "A film through `osteon read`",
    "A manifest through import to training",
    "A run through `osteon export`",
    "A release through `osteon evaluate`",
]


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_is_short_and_true(walk):
    """A walk has a dozen stations at most, and what they name exists."""
    section = read_section(walk)
    stations = re.findall(r"^\d+\. .*$", section, re.MULTILINE)
    assert 1 < len(stations) <= LONGEST_WALK
    names = [name for station in stations for name in re.findall(r"`([\w.]+\.\w+)`", station)]
    assert len(names) >= len(stations) - 1
    assert not [name for name in names if not is_defined(name)]


def test_what_the_page_names_elsewhere_exists():
    """Modules and functions outside the walks are there too; X stands for a file to come."""
    names = re.findall(r"`([a-z_]+(?:\.\w+)+)`", PAGE)
    rooms = find_rooms()
    ours = {name for name in names if name.split(".")[0] in rooms}
    assert len(ours) > 40
    assert not sorted(name for name in ours if not is_defined(name))


def test_the_pipe_is_drawn():
    """The drawing needs nothing from elsewhere, and has words for those who cannot see it."""
    drawing = (ROOT / "docs" / "images" / "pipe.svg").read_text("utf-8")
    assert "<title" in drawing
    assert "<desc" in drawing
    assert not re.search(r"href|url\((?!#)|<script|<image", drawing)
