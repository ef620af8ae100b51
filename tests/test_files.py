import pytest

from osteon.errors import OutputFault
from osteon.files import write_whole


def test_a_file_is_written_whole_with_its_folder(tmp_path):
    """A report makes its folder, replaces what was there, and leaves nothing half-written."""
    path = tmp_path / "results" / "a.txt"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    """A folder in the way is named with what to do, and nothing is left beside it."""
    taken = tmp_path / "results"
    taken.write_text("a file, not a folder")
    with pytest.raises(OutputFault, match="must be a place that can be written"):
        write_whole(taken / "a.txt", b"new")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(OutputFault):
        write_whole(tmp_path / "b.txt", b"new")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "b.txt", taken]
