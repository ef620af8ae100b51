import subprocess
import sys
import textwrap

import pytest

from osteon.cli import demo
from osteon.errors import MissingExtra


def run_without(*packages: str) -> subprocess.CompletedProcess[str]:
    """Run `osteon demo` in a process that lacks some packages, as a base install does."""
    code = f"""
    import sys
    sys.modules.update(dict.fromkeys({packages!r}))  # as if they were not there
    from osteon.cli.app import run
    sys.exit(run(["demo", "--films", "60"]))
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_base_install_is_told_at_once_all_that_a_demo_needs(tmp_path, monkeypatch):
    """Before anything is drawn, one line names the one extra that brings every missing package."""
    monkeypatch.chdir(tmp_path)
    ended = run_without("polars", "torch", "tomli_w", "cv2")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert 'pip install "osteon[train]"' in ended.stderr
    assert "polars, cv2, torch, tomli_w must be installed" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_nothing_is_refused_where_all_is_installed():
    """With both extras a demo begins."""
    demo.check_needs()


def test_one_missing_package_is_enough(monkeypatch):
    """An install that lacks the last package only is told so too."""
    there = demo.find_spec
    monkeypatch.setattr(demo, "find_spec", lambda name: None if name == "onnx" else there(name))
    with pytest.raises(MissingExtra, match=r"osteon demo: onnx must be installed"):
        demo.check_needs()


def test_a_command_is_never_folded():
    """What a person pastes stands in one line, however long it is."""
    lines = demo.put_pairs([("osteon " + "x" * 200, "why"), ("osteon", "because")])
    assert lines[0] == "  osteon " + "x" * 200 + "  why"
    assert lines[1].endswith(" because")
    assert demo.put_pairs([]) == []
