import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TOUR = Path(__file__).parents[1] / "examples" / "tour.ipynb"

QUICK = """
from pathlib import Path
N_FILMS, N_COPIES, HERE = 80, 4, Path("tour")
CHANGES = {"preparation.rows": "32", "preparation.columns": "32", "schedule.epochs": "1"}
"""

MACHINE_PATH = re.compile(
    r"(?<![\w.])(/(home|root|tmp|work|Users|usr|content|kaggle/working)/|[A-Z]:\\\\)"
)
"""What names a folder of the machine that ran the notebook."""

LARGEST = 3_000_000


@pytest.fixture
def tour() -> nbformat.NotebookNode:
    return nbformat.read(TOUR, as_version=4)


def code_of(tour: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in tour.cells if cell.cell_type == "code"]


def texts_of(cell: nbformat.NotebookNode) -> str:
    """Return what a cell has printed or answered, pictures left out."""
    parts = [output.get("text", "") for output in cell.outputs]
    parts += [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "".join(parts)


def test_the_tour_was_run_once_from_top_to_bottom(tour):
    """A reader on the web sees what each cell gave, in order, without a fault or a warning."""
    code = code_of(tour)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    kinds = {(output.output_type, output.get("name")) for cell in code for output in cell.outputs}
    assert kinds <= {("stream", "stdout"), ("display_data", None), ("execute_result", None)}
    assert TOUR.stat().st_size < LARGEST


def test_the_tour_names_no_machine(tour):
    """No output holds a path of the machine that it was run on."""
    for cell in code_of(tour):
        assert not MACHINE_PATH.search(texts_of(cell))
    assert MACHINE_PATH.search("WindowsPath('C:\\\\films')")
    assert MACHINE_PATH.search("kept in /" + "tmp/tour/run")


def test_the_tour_ends_well(tour):
    """What stands in the notebook: every hidden copy found, no other, and most fractures."""
    told = "\n".join(texts_of(cell) for cell in code_of(tour))
    assert "hidden copies found: 12 of 12" in told
    assert "other films taken for copies: 0 of 1200" in told
    shares = {
        name: float(value)
        for name, value in re.findall(r"(auroc|sensitivity|specificity): (0\.\d+) \(", told)
    }
    assert shares["auroc"] >= 0.80
    assert shares["sensitivity"] >= 0.70
    assert shares["specificity"] >= 0.65


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own machinery
def test_the_tour_runs_from_films_to_figures(tour, tmp_path, monkeypatch):
    """Every cell runs, with small settings, and ends with figures to look at."""
    parameters = [c for c in tour.cells if "parameters" in c.metadata.get("tags", [])]
    assert len(parameters) == 1
    parameters[0].source = QUICK
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    client = NotebookClient(
        tour, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    pictures = [
        output
        for cell in tour.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 5  # limbs, three figures, what the release saw
