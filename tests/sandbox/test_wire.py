"""What comes out of a child is data, whoever wrote it."""

import io
import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.errors import OsteonError, TruncatedFilm, UnreadableFilm
from osteon.sandbox.wire import pack, receive, receive_bytes, send, unpack
from osteon.terms import ManifestRow

OURS = frozenset({"osteon"})

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
things = st.recursive(
    plain | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(plain, inner),
    max_leaves=20,
)


def frames_of(told: object, *more: bytes) -> list[np.ndarray]:
    return [np.frombuffer(data, np.uint8) for data in (json.dumps(told).encode(), *more)]


def carry(thing: object) -> object:
    pipe = io.BytesIO()
    send(pipe, pack(thing))
    pipe.seek(0)
    return unpack(receive(pipe, max_bytes=1 << 20), packages=OURS)


@given(things)
def test_plain_things_arrive_as_they_were(thing):
    """Types too: a tuple stays a tuple, and True is not 1."""
    assert repr(carry(thing)) == repr(thing)


@pytest.mark.parametrize("dtype", ["?", "u1", "<i2", ">u2", "f4", "f8", "c8", "U3"])
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3)])
def test_arrays_arrive_as_they_were(dtype, shape):
    """Kind, byte order and shape are kept, of contiguous arrays and of others."""
    array = np.ones(shape, dtype)
    for one in (array, array.T):
        arrived = carry(one)
        assert arrived.dtype == one.dtype
        assert arrived.shape == one.shape
        assert (arrived == one).all()
    assert carry(np.float32(0.1)) == np.float32(0.1)
    assert isinstance(carry(np.float32(0.1)), np.float32)


def test_records_and_faults_arrive_as_they_were():
    """A manifest's row and a refusal are made again."""
    row = ManifestRow(
        path="a/b.png",
        film_id="f",
        sha256="s",
        rows=1,
        columns=2,
        has_fracture=True,
        boxes=((0.5, 1.0, 2.0, 3.0),),
    )
    assert carry(row) == row
    fault = carry(UnreadableFilm("\udcff.png", "must decode", found=(1, 2), advice="Leave it out."))
    assert type(fault) is UnreadableFilm
    assert (fault.where, fault.found) == ("\udcff.png", "(1, 2)")
    assert fault.code == "unreadable"
    assert carry(TruncatedFilm("a.png", "must be whole", code="torn")).code == "torn"


@pytest.mark.parametrize(
    "thing",
    [
        {1, 2},
        object(),
        np.array([None]),
        np.zeros(1, "i4,i4"),
        int,
        OsteonError,
        ValueError("text"),
    ],
)
def test_other_things_are_not_packed(thing):
    """A child is told so by a TypeError, before anything is sent."""
    with pytest.raises(TypeError):
        pack([thing])


@dataclass(frozen=True)
class Theirs:
    number: int


HOSTILE = {
    "no list": {"a": 1},
    "an empty list": [],
    "an unknown tag": ["code", "import os"],
    "a tag that is no text": [["tuple"], 1],
    "objects": ["array", "O", 1, 1],
    "a structured array": ["array", "i4,i4", 1, 1],
    "an array of another size": ["array", "u1", 1, 9],
    "a negative length": ["array", "u1", 1, -1],
    "the JSON as an array": ["array", "u1", 0, 5],
    "a frame that is not there": ["bytes", 7],
    "a frame from behind": ["array", "u1", -1, 8],
    "a record of a stranger": ["record", "subprocess", "Popen", ["list", "true"]],
    "a class that is no record": ["record", "osteon.errors", "OsteonError", "a", "b"],
    "a name within a module": ["record", "osteon.radiographs.raster", "Path", "a"],
    "a module that is not loaded": ["record", "osteon.nowhere", "Row"],
    "a record with too few fields": ["record", "osteon.terms", "SetAside", "path"],
    "a record that refuses its values": ["record", "osteon.release.preparation", "Preparation", 1],
    "a fault of a stranger": ["fault", "Any", "a", "b", None, "c"],
    "a fault that is no fault": ["fault", "__name__", "a", "b", None, "c"],
    "a fault without words": ["fault", "UnreadableFilm", 1, "b", None, "c"],
    "a key that is a list": ["dict", ["list"], 1],
    "a dict with a key too many": ["dict", 1],
}


@pytest.mark.parametrize("told", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_messages_are_refused(told):
    """Nothing is imported, called or set at the sender's word."""
    with pytest.raises(ValueError, match="none"):
        unpack(frames_of(told, b"12345678"), packages=OURS)


def test_records_of_other_packages_are_refused():
    """Only the packages that the caller names are looked into."""
    frames = [np.frombuffer(bytes(frame), np.uint8) for frame in pack(Theirs(number=1))]
    assert unpack(frames, packages=frozenset({__name__.partition(".")[0]})) == Theirs(number=1)
    with pytest.raises(ValueError, match="none"):
        unpack(frames, packages=OURS)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    """Any bytes give a message, or one of two errors."""
    for read in (receive, receive_bytes):
        try:
            unpack(
                [np.frombuffer(f, np.uint8) for f in read(io.BytesIO(noise), max_bytes=1_000)],
                packages=OURS,
            )
        except (EOFError, ValueError):
            continue


def test_depth_and_length_are_limited():
    """JSON nested a million deep, or a message larger than the limit, is refused."""
    deep = b"[" * 1_000_000
    with pytest.raises(ValueError, match="none"):
        unpack([np.frombuffer(deep, np.uint8)], packages=OURS)
    with pytest.raises(ValueError, match="too large"):
        receive(io.BytesIO(struct.pack("<IQ", 1, 1_001)), max_bytes=1_000)
    with pytest.raises(ValueError, match="too many"):
        receive(io.BytesIO(struct.pack("<I", 1 << 31)), max_bytes=1_000)


def test_paths_arrive_as_paths():
    """A path is a path again."""
    assert carry(Path("a") / "b") == Path("a/b")
