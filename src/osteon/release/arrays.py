"""Arrays of numbers as a member of a release: written byte for byte alike, read without trust."""

import io
import math
import struct
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from osteon.errors import ReleaseDamaged

AGAIN: Final = "Fetch or export the release again."

FAULTS: Final = (
    OSError,
    ValueError,
    LookupError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
)
"""What the zip reader and numpy say of broken bytes."""

_DATE: Final = (1980, 1, 1, 0, 0, 0)


def build_entry(name: str) -> zipfile.ZipInfo:
    """Return a member's entry, dated alike whenever and wherever it is written.

    Args:
        name: Of the member.
    """
    entry = zipfile.ZipInfo(name, date_time=_DATE)
    entry.create_system = 3  # Unix, whatever this is: the bytes must not depend on it
    entry.external_attr = 0o644 << 16
    return entry


def pack_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return arrays as an `.npz` file that does not depend on the hour.

    Args:
        arrays: By name.
    """
    buffer = io.BytesIO()
    # np.savez writes the hour into the file.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            file.writestr(build_entry(f"{name}.npy"), content.getvalue())
    return buffer.getvalue()


def read_arrays(
    content: bytes, names: Sequence[str], *, where: str
) -> tuple[npt.NDArray[Any], ...]:
    """Return arrays that `pack_arrays` wrote.

    Args:
        content: The member.
        names: Of the arrays, in the order in which they are wanted.
        where: Starts a refusal.

    Raises:
        ReleaseDamaged: If it holds anything else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return tuple(_read_array(file, name) for name in names)
    except FAULTS as fault:
        raise ReleaseDamaged(where, "must hold arrays of numbers alone", advice=AGAIN) from fault


def _read_array(file: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """Return an array, whose file must be as long as its header says.

    `np.load` would set memory aside for whatever the header claims, and unpack what is compressed.

    Raises:
        ValueError: If it is no such array.
    """
    entry = file.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError("compressed")
    content = file.read(entry)
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("of another version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    start = stream.tell()
    if dtype.kind not in "uf" or len(content) - start != math.prod(shape) * dtype.itemsize:
        raise ValueError("no numbers, or not as many as it says")
    return np.ndarray(shape, dtype, content, start)
