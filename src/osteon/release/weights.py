"""Look into an ONNX file without its library: are all weights inside, and finite numbers?

The base install has no `onnx`. An ONNX file is a protocol buffer of which only four fields are
needed here; whatever else it holds is for the runtime to judge.

Reference:
    ONNX, `onnx.proto` (IR version 10), for the numbers of the fields;
    Protocol Buffers, "Encoding", for the wire format.
"""

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from osteon.errors import ReleaseDamaged

_MODEL_GRAPH, _MODEL_FUNCTION = 7, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_FUNCTION_NODE: Final = 7
_NODE_ATTRIBUTE: Final = 5
_ATTRIBUTE_TENSORS: Final = (5, 10)  # one, and a list
_ATTRIBUTE_GRAPHS: Final = (6, 11)
_ATTRIBUTE_SPARSE: Final = (22, 23)
_TENSOR_DIMS: Final = 1
_TENSOR_TYPE, _TENSOR_FLOATS, _TENSOR_WHOLE, _TENSOR_RAW, _TENSOR_DOUBLES = 2, 4, 5, 9, 10
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_FLOATS: Final[Mapping[object, str]] = MappingProxyType({1: "<f4", 10: "<f2", 11: "<f8"})
_WEIGHTS: Final = frozenset({1, 2, 3, 10, 11})  # floats of three widths, and bytes
_DEEPEST: Final = 8

_Field = tuple[int, int | memoryview]


def check_weights(model: bytes, *, where: str) -> None:
    """Refuse a network whose weights lie elsewhere, or are not finite.

    Args:
        model: An ONNX file.
        where: Starts the refusal.

    Raises:
        ReleaseDamaged: If a weight is not finite, lies in another file, or this is no ONNX file.
    """
    try:
        for tensor in _find_tensors(memoryview(model)):
            _check_tensor(tensor, where)
    except (ValueError, IndexError, RecursionError) as fault:
        raise ReleaseDamaged(where, "must hold an ONNX network that can be read") from fault


def count_weights(model: bytes) -> int:
    """Return how many numbers a network holds: its parameters as they are stored, folded or not.

    Args:
        model: An ONNX file that was checked.
    """
    n_weights = 0
    for tensor in _find_tensors(memoryview(model)):
        fields = list(_read_fields(tensor))
        kind = next((held for number, held in fields if number == _TENSOR_TYPE), 0)
        if kind in _WEIGHTS:
            n_weights += math.prod(_read_shape(fields))
    return n_weights


def _read_shape(fields: list[_Field]) -> list[int]:
    """Return a tensor's shape, written number by number or packed."""
    shape: list[int] = []
    for number, held in fields:
        if number != _TENSOR_DIMS:
            continue
        if isinstance(held, int):
            shape.append(held)
            continue
        at = 0
        while at < len(held):
            side, at = _read_varint(held, at)
            shape.append(side)
    return shape


def _check_tensor(tensor: memoryview, where: str) -> None:
    fields = list(_read_fields(tensor))
    numbers = {number for number, _ in fields}
    if _TENSOR_EXTERNAL in numbers or (_TENSOR_LOCATION, 1) in fields:
        raise ReleaseDamaged(where, "all weights must be inside the file", found="a link")
    kind = next((held for number, held in fields if number == _TENSOR_TYPE), 0)
    if kind in _FLOATS and _TENSOR_WHOLE in numbers:
        raise ValueError("halves as the bits of whole numbers")  # no exporter of ours writes them
    written = {_TENSOR_FLOATS: "<f4", _TENSOR_DOUBLES: "<f8", _TENSOR_RAW: _FLOATS.get(kind)}
    for number, held in fields:
        dtype = written.get(number)
        if dtype is None or not isinstance(held, memoryview):
            continue
        if not np.isfinite(np.frombuffer(held, dtype)).all():
            raise ReleaseDamaged(
                where, "all weights must be finite numbers", found="one that is not"
            )


def _find_tensors(model: memoryview) -> Iterator[memoryview]:
    """Yield the weights of a model: its initializers, and constants in its nodes."""
    for number, content in _read_fields(model):
        if not isinstance(content, memoryview):
            continue
        if number == _MODEL_GRAPH:
            yield from _of_graph(content, depth=0)
        elif number == _MODEL_FUNCTION:
            for node in _children(content, (_FUNCTION_NODE,)):
                yield from _of_node(node, depth=0)


def _of_graph(graph: memoryview, *, depth: int) -> Iterator[memoryview]:
    if depth > _DEEPEST:
        raise ValueError("graphs in graphs")
    for number, content in _read_fields(graph):
        if not isinstance(content, memoryview):
            continue
        if number == _GRAPH_INITIALIZER:
            yield content
        elif number == _GRAPH_SPARSE:
            raise ValueError("sparse weights")  # no exporter of ours writes them
        elif number == _GRAPH_NODE:
            yield from _of_node(content, depth=depth)


def _of_node(node: memoryview, *, depth: int) -> Iterator[memoryview]:
    for attribute in _children(node, (_NODE_ATTRIBUTE,)):
        yield from _children(attribute, _ATTRIBUTE_TENSORS)
        for inner in _children(attribute, _ATTRIBUTE_GRAPHS):
            yield from _of_graph(inner, depth=depth + 1)
        if any(_children(attribute, _ATTRIBUTE_SPARSE)):
            raise ValueError("sparse weights")


def _children(message: memoryview, wanted: tuple[int, ...]) -> Iterator[memoryview]:
    for number, content in _read_fields(message):
        if number in wanted and isinstance(content, memoryview):
            yield content


def _read_fields(message: memoryview) -> Iterator[_Field]:
    """Yield the fields of a protocol buffer: number, and a whole number or bytes.

    Raises:
        ValueError: If it is none.
    """
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _read_varint(message, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _read_varint(message, at)
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        else:
            raise ValueError("a wire type that is none")
        if at + length > len(message):
            raise ValueError("a field beyond the end")
        yield number, message[at : at + length]
        at += length


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if not byte & 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number that does not end")
