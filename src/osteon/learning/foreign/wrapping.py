"""A network from elsewhere, wrapped: Osteon's films go in, and the logit of a fracture comes out.

What is declared of the network becomes nodes before and after its own graph, so that a release
holds one plain ONNX file. Nothing inside the network is changed.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from osteon.learning.export.graphs import forget_the_machine
from osteon.learning.foreign.network import AXES, ForeignNetwork
from osteon.release import NETWORK_CARD_KEY, NetworkCard

SURE: Final = 1e-7
"""A probability is held so far from 0 and 1: 32 bits hold none much closer to 1."""

_INPUT, _LOGITS, _EVIDENCE = "films", "logits", "evidence"

_Step = tuple[str, tuple[npt.ArrayLike, ...], dict[str, Any]]
"""An operator, the constants that it takes beside the last value, and its attributes."""


def wrap(foreign: ForeignNetwork, card: NetworkCard) -> bytes:
    """Return the network as Osteon runs it: `films` in, `logits` out, and `evidence` if it has it.

    Args:
        foreign: The network.
        card: What the file says about itself.
    """
    model = onnx.ModelProto()
    model.CopyFrom(foreign.model)
    forget_the_machine(model)
    if not any(held.domain in {"", "ai.onnx"} for held in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", 15))
    graph = model.graph
    theirs = {name: f"theirs/{name}" for name in (_INPUT, _LOGITS, _EVIDENCE)}
    _rename(graph, theirs)
    given, asked = (theirs.get(name, name) for name in (foreign.input, foreign.output))
    nodes = [*_build_before(foreign, given), *graph.node, *_build_after(foreign, asked)]
    outputs = [helper.make_tensor_value_info(_LOGITS, TensorProto.FLOAT, ["n_films"])]
    if shown := foreign.how.output.evidence:
        nodes += _build_evidence(theirs.get(shown, shown))
        outputs.append(helper.make_tensor_value_info(_EVIDENCE, TensorProto.FLOAT, ["n", "r", "c"]))
    how = foreign.how.preparation
    shape = ["n_films", how.channels, how.rows, how.columns]
    for field, entries in (
        ("node", nodes),
        ("input", [helper.make_tensor_value_info(_INPUT, TensorProto.FLOAT, shape)]),
        ("output", outputs),
    ):
        graph.ClearField(field)
        getattr(graph, field).extend(entries)
    # In old versions every weight had to be an input too, and here there is only one input.
    model.ir_version = max(model.ir_version, 8)
    model.metadata_props.add(key=NETWORK_CARD_KEY, value=card.model_dump_json())
    wrapped: bytes = model.SerializeToString(deterministic=True)
    return wrapped


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Give values of a graph, and of the graphs in it, other names."""
    for held in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        held.name = names.get(held.name, held.name)
    for node in graph.node:
        for values in (node.input, node.output):
            values[:] = [names.get(name, name) for name in values]
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                _rename(inner, names)


def _step(operator: str, *constants: npt.ArrayLike, **attributes: Any) -> _Step:
    return operator, constants, attributes


def _chain(start: str, end: str, steps: Sequence[_Step]) -> list[onnx.NodeProto]:
    """Build nodes, each of which takes what the last one gave."""
    nodes: list[onnx.NodeProto] = []
    last = start
    for number, (operator, constants, attributes) in enumerate((*steps, _step("Identity"))):
        taken = [f"osteon/{end}/{number}/{place}" for place in range(len(constants))]
        for name, value in zip(taken, constants, strict=True):
            tensor = numpy_helper.from_array(np.asarray(value), name)
            nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        given = end if number == len(steps) else f"osteon/{end}/{number}"
        nodes.append(helper.make_node(operator, [last, *taken], [given], **attributes))
        last = given
    return nodes


def _build_before(foreign: ForeignNetwork, name: str) -> list[onnx.NodeProto]:
    """Build what stands before the network: values, kind of number, axes."""
    told, channels = foreign.how.input, foreign.how.preparation.channels
    low, high = told.range
    mean = np.array(told.mean or [0.0] * channels)
    std = np.array(told.std or [1.0] * channels)
    slope, shift = (high - low) / std, (low - mean) / std
    steps = [
        _step("Mul", slope.astype(np.float32).reshape(channels, 1, 1)),
        _step("Add", shift.astype(np.float32).reshape(channels, 1, 1)),
    ]
    if foreign.number == TensorProto.UINT8:
        steps += [_step("Add", np.float32(0.5)), _step("Floor")]
    steps += [
        _step("Cast", to=foreign.number),
        _step("Transpose", perm=AXES[told.layout]),
    ]
    if told.layout == "flat":
        steps.append(_step("Reshape", np.array([0, -1], np.int64)))
    return _chain(_INPUT, name, steps)


def _build_after(foreign: ForeignNetwork, name: str) -> list[onnx.NodeProto]:
    """Build what stands behind it: the answer becomes the log-odds of a fracture."""
    told = foreign.how.output
    sign = 1.0 if told.positive == told.classes[1] else -1.0
    weights = np.array([[sign]] if foreign.n_columns == 1 else [[-sign], [sign]])
    steps = [_step("Cast", to=TensorProto.DOUBLE), _step("Reshape", np.array([0, -1], np.int64))]
    if told.kind == "probability":
        if foreign.n_columns == 1:  # p becomes 1 - p and p
            steps += [_step("MatMul", np.array([[-1.0, 1.0]])), _step("Add", np.array([1.0, 0.0]))]
            weights = np.array([[-sign], [sign]])
        steps += [_step("Max", SURE), _step("Min", 1 - SURE), _step("Log")]
    steps += [
        _step("MatMul", weights),
        _step("Reshape", np.array([-1], np.int64)),
        _step("Cast", to=TensorProto.FLOAT),
    ]
    return _chain(name, _LOGITS, steps)


def _build_evidence(name: str) -> list[onnx.NodeProto]:
    return _chain(name, _EVIDENCE, [_step("Cast", to=TensorProto.FLOAT), _step("Relu")])
