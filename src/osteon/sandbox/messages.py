"""What goes through the pipe between a pool and a child: messages of frames.

A message is a count of frames, their lengths, and the frames themselves.
"""

import struct
from collections.abc import Sequence
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

Frame = bytes | npt.NDArray[np.uint8]

MAX_FRAMES: Final = 1_000
"""In one message: one for each array, and one for the rest."""

_COUNT: Final = struct.Struct("<I")
_LENGTH: Final = struct.Struct("<Q")


def send(stream: Any, frames: Sequence[Frame]) -> None:
    """Write one message.

    Args:
        stream: A buffered pipe.
        frames: Contiguous buffers.
    """
    lengths = b"".join(_LENGTH.pack(_count_bytes(frame)) for frame in frames)
    stream.write(_COUNT.pack(len(frames)) + lengths)
    stream.writelines(frames)
    stream.flush()


def receive(stream: Any, *, max_bytes: int) -> list[npt.NDArray[np.uint8]]:
    """Read one message.

    Args:
        stream: A buffered pipe.
        max_bytes: All frames together may have so many.

    Returns:
        The frames, writable.

    Raises:
        EOFError: If the stream ends before the message does.
        ValueError: If it is larger than it may be.
    """
    lengths = _read_lengths(stream, max_bytes)
    frames = [np.empty(length, dtype=np.uint8) for length in lengths]
    for frame in frames:
        if stream.readinto(frame) != frame.size:
            raise EOFError
    return frames


def receive_bytes(stream: BinaryIO, *, max_bytes: int) -> list[bytes]:
    """Read one message, as `receive` does, with frames that are bytes.

    Args:
        stream: A buffered pipe.
        max_bytes: All frames together may have so many.

    Raises:
        EOFError: If the stream ends before the message does.
        ValueError: If it is larger than it may be.
    """
    return [_read(stream, length) for length in _read_lengths(stream, max_bytes)]


def _read_lengths(stream: BinaryIO, max_bytes: int) -> list[int]:
    (count,) = _COUNT.unpack(_read(stream, _COUNT.size))
    if not 1 <= count <= MAX_FRAMES:
        raise ValueError("a message without frames, or with too many")
    lengths = [int(n) for (n,) in _LENGTH.iter_unpack(_read(stream, _LENGTH.size * count))]
    if sum(lengths) > max_bytes:
        raise ValueError("a message that is too large")
    return lengths


def _read(stream: BinaryIO, n_bytes: int) -> bytes:
    data = stream.read(n_bytes)
    if len(data) != n_bytes:
        raise EOFError
    return data


def _count_bytes(frame: Frame) -> int:
    return len(frame) if isinstance(frame, bytes) else int(frame.nbytes)
