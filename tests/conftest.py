"""What every test may use: the real films, where this machine has them."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no fault of the code: speed is measured in benchmarks/, never in a test.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real films beside the checkout; the test is skipped where there is none."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("OSTEON_SHARED", beside))
    if not folder.is_dir():
        pytest.skip("needs the real films: no shared/data beside the checkout, nor OSTEON_SHARED")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count, in the run's last lines, the tests that were skipped for want of real films."""
    skipped = terminalreporter.stats.get("skipped", [])
    without_films = [report for report in skipped if "real films" in str(report.longrepr)]
    if without_films:
        terminalreporter.write_line(
            f"{len(without_films)} tests need the real films of shared/data and were skipped"
        )
