"""The processes that a program under test has started, and their end."""

import sys
import time
from pathlib import Path

import pytest


def find_children(pid: int) -> list[int]:
    """Return the processes that a process has started; on Linux there is at least one."""
    if sys.platform != "linux":
        return []
    listed = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    children = [int(one) for one in " ".join(listed).split()]
    assert children
    return children


def wait_for_the_end_of(pids: list[int]) -> None:
    """Fail where a process is still there after ten seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        left = [pid for pid in pids if _is_running(pid)]
        if not left:
            return
        time.sleep(0.05)
    pytest.fail(f"still running: {left}")


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
