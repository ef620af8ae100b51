import os
import sys
from contextlib import suppress

import pytest

from osteon.errors import OutputFault
from osteon.files import open_whole, write_whole


def test_a_file_is_written_whole_with_its_folder(tmp_path):
    """A report makes its folder, replaces what was there, and leaves nothing half-written."""
    path = tmp_path / "results" / "a.txt"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_device_is_written_to_and_never_replaced(tmp_path):
    """`--json /dev/null` throws the words away; the device is there as before."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert list(tmp_path.iterdir()) == [pipe]
    assert pipe.is_fifo()


def test_what_goes_wrong_while_writing_leaves_the_old_file(tmp_path):
    """A writer that stops half-way leaves the file that was there, and nothing beside it."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with suppress(ZeroDivisionError), open_whole(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


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
