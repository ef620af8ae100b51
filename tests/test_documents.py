"""Pages say what is so: their links lead somewhere, their Python runs, their commands exist."""

import ast
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module

import pytest
import typer

import osteon
from osteon.cli.app import app
from osteon.learning.foreign.declared import AdoptSettings
from osteon.phantoms.collection import write_phantoms
from osteon.release.card import Statement
from tests.documents import PAGES, ROOT, Block, drop_blocks, find_anchors, find_blocks
from tests.packages import has_default_release

BLOCKS = [block for path in PAGES for block in find_blocks(path)]
SHELLS = {"", "bash", "console", "sh", "shell"}
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
COMMAND = typer.main.get_command(app)
CONTEXT = COMMAND.make_context("osteon", [], resilient_parsing=True)

LINES = [
    pytest.param(line, id=f"{block} {line}"[:90])
    for block in BLOCKS
    if block.language in SHELLS
    for line in re.sub(r"\\\n\s*", " ", block.text).splitlines()
]


def split_line(line: str) -> list[list[str]]:
    """Return the programs of a line with their arguments; a pipe parts them."""
    words = shlex.split(line.strip().removeprefix("$ "), comments=True, posix=True)
    programs: list[list[str]] = [[]]
    for word in words:
        if word in {"|", "&&", ";"}:
            programs.append([])
        else:
            programs[-1].append(word)
    return [program for program in programs if program]


def parse_osteon(arguments: list[str]) -> None:
    """Let Typer read a command's arguments as it would on the command line, and run nothing."""
    command = COMMAND.get_command(CONTEXT, arguments[0])
    assert command is not None, f"osteon has no command {arguments[0]!r}"
    command.make_context(arguments[0], arguments[1:], parent=CONTEXT)


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_a_link_leads_to_a_file_and_a_heading(path):
    """Every relative link of a page names what is in the repository, as GitHub shows it."""
    page = drop_blocks(path.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", page):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        linked = (path.parent / place).resolve() if place else path
        assert linked.exists(), target
        assert not anchor or anchor in find_anchors(linked.read_text("utf-8")), target


@pytest.mark.parametrize("line", LINES)
def test_a_line_for_the_shell_can_be_typed(line):
    """Each command of a page exists, with its options; scripts and targets are there."""
    is_ours = re.match(r"\s*(\$ )?(osteon|make|pip|python3?|cat|[\w./]+\.sh)\b", line)
    for program, *arguments in split_line(line) if is_ours else []:
        if program == "osteon":
            parse_osteon(arguments)
        elif program == "make":
            targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert {a for a in arguments if "=" not in a} <= set(targets)
        elif program.startswith("python") and arguments[0].endswith(".py"):
            assert (ROOT / arguments[0]).is_file()
        elif program == "pip":
            check_extras(" ".join(arguments))


def check_extras(text: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = set(re.findall(r"osteon\[(\w+)\]", text))
    assert named <= set(project["optional-dependencies"])


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_what_a_sentence_calls_a_command_is_one(path):
    """`osteon …` within a sentence names a command that exists, and options that it has."""
    page = drop_blocks(path.read_text("utf-8"))
    check_extras(page)
    for said in re.findall(r"`osteon ([a-z][^`]*)`", page):
        name, *words = re.sub(r"[\[\]…]|\.\.\.", " ", said).split()
        command = COMMAND.get_command(CONTEXT, name)
        assert command is not None, said
        options = {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert used <= options | {"--help"}, said


def test_the_help_s_examples_can_be_typed():
    """The example at the end of each command's help is read by Typer without a fault."""
    for registered in app.registered_commands:
        _, _, example = registered.epilog.partition("Example: osteon ")
        for line in example.split("; osteon "):
            parse_osteon(shlex.split(line))


PYTHON = [block for block in BLOCKS if block.language == "python"]
DOCSTRINGS = [
    Block(page=name, line=1, language="python", text=text, is_run=False)
    for name in ("osteon", "osteon.api")
    for text in re.findall(
        r"(?:^    .*\n|^\n)+", inspect.getdoc(import_module(name)) or "", re.MULTILINE
    )
    if text.strip()
]


@pytest.mark.parametrize("block", PYTHON + DOCSTRINGS, ids=str)
def test_python_is_called_as_it_is_written(block):
    """A block compiles, and calls each public function with arguments that it takes."""
    for node in ast.walk(ast.parse(inspect.cleandoc(block.text))):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "osteon":
            assert hasattr(osteon, node.attr), node.attr
        if not (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("osteon.")):
            continue
        called = osteon
        for name in ast.unparse(node.func).split(".")[1:]:
            called = getattr(called, name)
        given = [ast.unparse(argument) for argument in node.args]
        named = {word.arg: word.value for word in node.keywords if word.arg}
        inspect.signature(called).bind(*given, **named)


@pytest.mark.parametrize("block", [block for block in PYTHON if block.is_run], ids=str)
def test_python_runs(block, tmp_path):
    """A block runs beside drawn films, under the names that the pages use."""
    if "Detector" in block.text and not has_default_release():
        pytest.skip("this checkout holds no default release")
    write_phantoms(tmp_path / "drawn", n_films=3, seed=1)
    films = sorted((tmp_path / "drawn" / "films").glob("*.png"))
    for name in ("wrist.jpg", "films/a.png", "films/b.png"):
        place = tmp_path / name
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(films[len(name) % 3].read_bytes())
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "toml"], ids=str)
def test_toml_is_what_osteon_takes(block):
    """A block of TOML is a whole declaration of a network, or a statement about a release."""
    table = tomllib.loads(block.text)
    (AdoptSettings if "preparation" in table else Statement).model_validate(table)


def test_there_is_something_to_check():
    """The pages are found, and so are the blocks in them: nothing above passes for want of any."""
    assert len(PAGES) > 50
    n_ours = sum(line.values[0].lstrip().startswith("osteon ") for line in LINES)
    assert n_ours > 20
    assert any(block.is_run for block in PYTHON)
    assert len(DOCSTRINGS) >= 2


def test_typing_is_told_from_nonsense():
    """A command or an option that does not exist is found."""
    with pytest.raises(AssertionError, match="no command"):
        parse_osteon(["reed", "film.png"])
    with pytest.raises(Exception, match="No such option"):
        parse_osteon(["read", "film.png", "--overlays", "x"])
    with pytest.raises(Exception, match="Missing"):
        parse_osteon(["clean", "a.parquet", "-o", "b.parquet"])
