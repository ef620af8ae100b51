"""What goes through the pipe between a pool and a worker, and how results come back untrusted.

A message is a count of frames, their lengths, and the frames themselves.

Unpickling runs what the sender wishes, and a film may have taken over the sender. So results do
not come as pickles but as JSON with arrays beside it, and only these can come of it: None, bool,
int, float, str, bytes, path, tuple, list, dict, numpy arrays and scalars of plain numbers or text,
the project's frozen records, made by their own constructors, and its faults. Their content is as
trustworthy as the film.
"""

import json
import re
import struct
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import chain
from pathlib import Path, PurePath
from types import MappingProxyType, NoneType
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from osteon import errors
from osteon.errors import FilmFault, OsteonError
from osteon.geometry import Box

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


_MAX_JSON_BYTES: Final = 16 << 20
_PLAIN: Final = frozenset({NoneType, bool, int, float, str})
_DTYPE: Final = re.compile(r"[<>|=]?[biufcSU]\d{1,9}")


def pack(thing: object) -> list[Frame]:
    """Make the frames of a message.

    Args:
        thing: Made of what the module's notes name.

    Returns:
        The frames; arrays are not copied if they are contiguous.

    Raises:
        TypeError: If something else is in it.
    """
    frames: list[Frame] = [b""]
    plain = _pack_part(thing, frames)
    frames[0] = json.dumps(plain, separators=(",", ":")).encode("ascii")
    return frames


def unpack(frames: Sequence[npt.NDArray[np.uint8]], *, packages: frozenset[str]) -> Any:
    """Make again what was packed, whoever sent it.

    Args:
        frames: Of one message.
        packages: Top-level packages whose records may come; only modules that are loaded already
            are looked at.

    Returns:
        An equal thing; its arrays share the frames' memory.

    Raises:
        ValueError: If the message says anything else than `pack` does.
    """
    if frames[0].nbytes > _MAX_JSON_BYTES:
        raise ValueError("more JSON than any result has")
    try:
        return _unpack_part(json.loads(frames[0].tobytes()), frames, packages)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
        raise ValueError("a message that is none") from fault
    except (RecursionError, MemoryError, OsteonError) as fault:
        raise ValueError("a message that is none") from fault


def _pack_part(thing: Any, frames: list[Frame]) -> Any:
    """Return JSON for a thing: itself if it is plain, else a list that starts with a tag."""
    kind = type(thing)
    if kind in _PLAIN:
        return thing
    if kind in _PACK:
        return _PACK[kind](thing, frames)
    if isinstance(thing, np.ndarray | np.generic):
        return _pack_array(thing, frames)
    return _pack_object(thing, frames)


def _pack_all(things: Iterable[Any], frames: list[Frame]) -> list[Any]:
    return [_pack_part(thing, frames) for thing in things]


def _pack_bytes(thing: bytes, frames: list[Frame]) -> list[Any]:
    frames.append(thing)
    return ["bytes", len(frames) - 1]


def _pack_object(thing: Any, frames: list[Frame]) -> list[Any]:
    kind = type(thing)
    if isinstance(thing, PurePath):
        return ["path", str(thing)]
    if isinstance(thing, OsteonError):
        found = thing.found if type(thing.found) in _PLAIN else str(thing.found)
        more = [thing.code] if isinstance(thing, FilmFault) else []
        return ["fault", kind.__name__, thing.where, thing.must, found, thing.advice, *more]
    if not is_dataclass(thing):
        raise TypeError(f"a {kind.__name__} in a film's result")
    values = (getattr(thing, field.name) for field in fields(thing))
    return ["record", kind.__module__, kind.__qualname__, *_pack_all(values, frames)]


def _pack_array(thing: npt.NDArray[Any] | np.generic, frames: list[Frame]) -> list[Any]:
    array = np.asarray(thing, order="C")
    if not _DTYPE.fullmatch(array.dtype.str):
        raise TypeError(f"an array of {array.dtype} in a film's result")
    frames.append(array.reshape(-1).view(np.uint8))
    tag = "array" if isinstance(thing, np.ndarray) else "scalar"
    return [tag, array.dtype.str, len(frames) - 1, *array.shape]


_PACK: Final[Mapping[type, Callable[[Any, list[Frame]], list[Any]]]] = MappingProxyType(
    {
        tuple: lambda thing, frames: ["tuple", *_pack_all(thing, frames)],
        Box: lambda thing, frames: ["box", *_pack_all(thing, frames)],
        list: lambda thing, frames: ["list", *_pack_all(thing, frames)],
        dict: lambda thing, frames: ["dict", *_pack_all(chain(*thing.items()), frames)],
        bytes: _pack_bytes,
    }
)

_Unpack = Callable[[list[Any], Sequence[npt.NDArray[np.uint8]], frozenset[str]], Any]


def _unpack_part(told: Any, frames: Sequence[Any], packages: frozenset[str]) -> Any:
    if type(told) in _PLAIN:
        return told
    tag, *parts = told
    return _UNPACK[tag](parts, frames, packages)


def _unpack_all(parts: list[Any], frames: Sequence[Any], packages: frozenset[str]) -> list[Any]:
    return [_unpack_part(part, frames, packages) for part in parts]


def _unpack_dict(parts: list[Any], frames: Sequence[Any], packages: frozenset[str]) -> Any:
    things = _unpack_all(parts, frames, packages)
    return dict(zip(things[::2], things[1::2], strict=True))


def _unpack_array(parts: list[Any], frames: Sequence[Any], _: frozenset[str]) -> Any:
    dtype, number, *shape = parts
    if not _DTYPE.fullmatch(dtype) or not 1 <= number < len(frames):
        raise ValueError("an array of no plain kind")
    if any(type(length) is not int or length < 0 for length in shape):
        raise ValueError("an array of no size")
    return frames[number].view(np.dtype(dtype)).reshape(shape)


def _unpack_bytes(parts: list[Any], frames: Sequence[Any], _: frozenset[str]) -> bytes:
    (number,) = parts
    return bytes(frames[range(len(frames))[number]])


def _unpack_fault(parts: list[Any], _: Sequence[Any], __: frozenset[str]) -> OsteonError:
    name, where, must, found, advice, *more = parts
    kind = vars(errors)[name]
    is_fault = isinstance(kind, type) and issubclass(kind, OsteonError)
    if not is_fault or not all(isinstance(text, str) for text in (where, must, advice, *more)):
        raise ValueError("no fault of ours")
    if type(found) not in _PLAIN:
        raise ValueError("a fault that found no plain thing")
    codes = {"code": more[0]} if issubclass(kind, FilmFault) else {}
    fault: OsteonError = kind(where, must, found=found, advice=advice, **codes)
    return fault


def _unpack_record(parts: list[Any], frames: Sequence[Any], packages: frozenset[str]) -> Any:
    module, name, *values = parts
    if module.partition(".")[0] not in packages:
        raise ValueError("a record of a stranger")
    # Never imported at the sender's word: whoever called knows what comes back.
    kind = vars(sys.modules[module])[name]
    if not isinstance(kind, type) or not is_dataclass(kind) or kind.__module__ != module:
        raise ValueError("no record")
    names = [field.name for field in fields(kind)]
    return kind(**dict(zip(names, _unpack_all(values, frames, packages), strict=True)))


_UNPACK: Final[Mapping[str, _Unpack]] = MappingProxyType(
    {
        "tuple": lambda parts, frames, packages: tuple(_unpack_all(parts, frames, packages)),
        "box": lambda parts, frames, packages: Box(*_unpack_all(parts, frames, packages)),
        "list": _unpack_all,
        "dict": _unpack_dict,
        "bytes": _unpack_bytes,
        "path": lambda parts, _, __: Path(*parts),
        "array": _unpack_array,
        "scalar": lambda parts, frames, packages: _unpack_array(parts, frames, packages)[()],
        "record": _unpack_record,
        "fault": _unpack_fault,
    }
)
