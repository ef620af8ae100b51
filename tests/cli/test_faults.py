import errno
import shlex

import pytest

from osteon.cli.faults import translate
from osteon.errors import EXTRA_OF, NoFilms, UnreadableFilm

SECRET = "Jane Doe 1970-01-01"


def raised(fault: BaseException) -> BaseException:
    try:
        raise fault  # noqa: TRY301 — a fault has a line only once it was raised
    except BaseException as caught:  # noqa: BLE001 — the whole tree is under test
        return caught


def test_a_fault_of_the_input_leaves_2_and_its_own_words():
    """A fault of our tree is told in its own words, and the shell sees 2."""
    verdict = translate(raised(NoFilms("films/", "must hold films", advice="Look elsewhere.")))
    assert verdict.exit_code == 2
    assert verdict.words == "films/: must hold films. Look elsewhere."


def test_every_fault_of_the_tree_is_the_input():
    """A fault deep in the tree counts as its root does."""
    assert translate(UnreadableFilm("a.png", "must decode")).exit_code == 2


def test_a_bug_is_owned_and_its_text_is_not_shown():
    """A stranger's exception leaves 1, its kind and line, and none of its text."""
    verdict = translate(raised(ValueError(SECRET)))
    assert verdict.exit_code == 1
    assert SECRET not in verdict.words
    assert "A bug in Osteon" in verdict.words
    assert "ValueError" in verdict.words
    assert "test_faults.py:" in verdict.words


def test_the_whole_traceback_is_shown_on_request(monkeypatch):
    """OSTEON_TRACEBACK=1 shows everything, to the person who asked."""
    monkeypatch.setenv("OSTEON_TRACEBACK", "1")
    words = translate(raised(ValueError(SECRET))).words
    assert SECRET in words
    assert "Traceback" in words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("train cnn s.parquet -o runs/a", " It goes on with: osteon train --resume cnn s.parquet"),
        ("read 'my films' -o out", " It goes on with: osteon read --resume 'my films' -o out"),
        ("read --resume f --out=o", " It goes on with: osteon read --resume f --out=o"),
        ("read - -o out", " osteon read --resume - -o out and the same standard input"),
        ("read films --on-inverted correct", " can be resumed where it is kept: name a folder"),
        ("audit m.parquet -o a", " It goes on with the same command."),
        ("evaluate runs/a", "kept."),
    ],
)
def test_ctrl_c_leaves_130_and_says_how_this_command_goes_on(typed, words):
    """Ctrl-C is no fault: the shell sees 130, and the person a line to paste, if there is one."""
    verdict = translate(KeyboardInterrupt(), arguments=shlex.split(typed))
    assert verdict.exit_code == 130
    assert words in verdict.words
    assert ("train" in verdict.words) == typed.startswith("train")
    assert verdict.words.endswith(words) or words.startswith((" It goes on with: ", " can be"))


def test_ctrl_c_before_any_command_is_told_too():
    """Nothing was typed that could go on."""
    assert translate(KeyboardInterrupt()).words.endswith("kept.")


def test_a_closed_pipe_is_quiet():
    """A reader that has seen enough hears nothing more."""
    assert translate(BrokenPipeError()).words == ""


@pytest.mark.parametrize(("package", "extra"), EXTRA_OF.items())
def test_a_missing_package_names_the_extra_that_brings_it(package, extra):
    """A command that needs what the base install lacks says what to type."""
    verdict = translate(ModuleNotFoundError(name=f"{package}.inner"))
    assert verdict.exit_code == 2
    assert f'pip install "osteon[{extra}]"' in verdict.words


@pytest.mark.parametrize(
    ("command", "extra"),
    [("demo", "train"), ("export", "train"), ("import", "audit"), ("evaluate", "audit")],
)
def test_a_command_that_trains_asks_for_all_it_needs_at_once(command, extra):
    """Whoever has the base install is not sent for one extra and then for another."""
    fault = ModuleNotFoundError(name="polars")
    assert f"osteon[{extra}]" in translate(fault, arguments=[command, "-o", "out"]).words


def test_a_missing_package_of_nobody_is_our_bug():
    """A package that no extra brings was forgotten by us."""
    assert translate(ModuleNotFoundError(name="osteon.nowhere")).exit_code == 1


@pytest.mark.parametrize(
    ("number", "must"),
    [(errno.ENOSPC, "room"), (errno.EROFS, "written"), (errno.EACCES, "allowed")],
)
def test_a_place_that_cannot_be_written_is_named(number, must):
    """A full disk or a read-only folder is the machine's state, with the path at fault."""
    verdict = translate(OSError(number, "text of the system", "runs/a/metrics.json"))
    assert verdict.exit_code == 2
    assert verdict.words.startswith("runs/a/metrics.json: ")
    assert must in verdict.words
    assert "text of the system" not in verdict.words


def test_memory_that_ran_out_is_the_machine_s():
    """Too little memory is told as what it is."""
    assert translate(MemoryError()).exit_code == 2
